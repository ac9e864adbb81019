"""Which standard texts does the form of an action offer, and what does one say of this case?"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from service.accounts.tables import Person
from service.cases.rules import Action
from service.cases.tables import Case
from service.errors import InvalidFieldsError
from service.handling.actions import PUBLIC
from service.routing.directory import Directory
from service.routing.queries import directory
from service.texts.actions import count_use
from service.texts.queries import body_of, facts_of, is_for, offered
from service.texts.rules import ACTS, Placeholder, appended, fill, words_field
from service.texts.tables import StandardText
from service.web import timewords
from service.web.catalogues import Language, as_language
from service.web.worker_forms import STANDARD_TEXT, MoveForm

EXAMPLE: Mapping[Language, Mapping[Placeholder, str]] = {
    "zh": {
        Placeholder.NUMBER: "20260105-000123-4",
        Placeholder.TOPIC: "道路与市政设施",
        Placeholder.AREA: "湖滨社区",
        Placeholder.DESK: "湖滨社区服务站",
        Placeholder.PHONE: "0500-5550101",
        Placeholder.DUE: "1月6日 周二 17:30",
        Placeholder.RESIDENT: "王先生/女士",
        Placeholder.WORKER: "李强",
    },
    "en": {
        Placeholder.NUMBER: "20260105-000123-4",
        Placeholder.TOPIC: "Roads & street furniture",
        Placeholder.AREA: "Hubin Community",
        Placeholder.DESK: "Hubin Community Service Desk",
        Placeholder.PHONE: "0500-5550101",
        Placeholder.DUE: "Tue 6 Jan, 17:30",
        Placeholder.RESIDENT: "resident",
        Placeholder.WORKER: "Li Qiang",
    },
}
"""What stands in a preview where no case is named."""


def with_texts(
    session: Session, forms: Iterable[MoveForm], case: Case, known: Directory, language: str
) -> list[MoveForm]:
    """Return the forms, each with the texts to choose from: those used most on top."""
    forms = list(forms)
    found = offered(session, case, known) if any(form.action in ACTS for form in forms) else []
    return [replace(form, texts=_choices(found, form.action, language)) for form in forms]


def _choices(found: Iterable[StandardText], act: str, language: str) -> tuple[tuple[str, str], ...]:
    fitting = (text for text in found if act in ACTS and is_for(text, act))
    return tuple((str(text.id), title_of(text, language)) for text in fitting)


def title_of(text: StandardText, language: str) -> str:
    """Return the title of a text in the reader's language."""
    return text.title_en if language == "en" and text.title_en else text.title


def language_for(act: Action, case: Case, reader: Language) -> Language:
    """Return in which language an action speaks: the resident's where they read it, else that of who writes."""
    return (as_language(case.language) or reader) if act in PUBLIC else reader


def filled(text: StandardText, case: Case, known: Directory, by: Person, language: Language, *, now: datetime) -> str:
    """Return a text as it reads for this case. A time that has passed is left open: nobody can keep it any more."""
    in_time = case.due_at is not None and case.due_at > now
    due = timewords.moment(case.due_at, now, language) if case.due_at and in_time else ""
    return fill(body_of(text, language), facts_of(case, known, by, language, due=due), language)


def with_text(
    session: Session, case: Case, act: Action, typed: Mapping[str, str], by: Person, reader: Language, now: datetime
) -> dict[str, str]:
    """Return what was typed with the chosen text below it, and count its use. Errors: InvalidFieldsError."""
    known, field = directory(session), words_field(act)
    found = {str(text.id): text for text in offered(session, case, known) if is_for(text, act)} if act in ACTS else {}
    text = found.get(typed.get(STANDARD_TEXT, ""))
    if text is None or field is None:
        raise InvalidFieldsError({STANDARD_TEXT: "Please choose one of the standard texts."})
    count_use(session, text.id or 0)
    words = filled(text, case, known, by, language_for(act, case, reader), now=now)
    return {**typed, field: appended(typed.get(field, ""), words), STANDARD_TEXT: ""}
