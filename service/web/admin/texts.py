"""Which standard texts are there, and what does each say? Listed, added, changed, switched off, and seen beforehand."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import Field
from sqlmodel import Session

from service.accounts.tables import Person
from service.areas.queries import all_areas
from service.errors import InvalidFieldsError, NotAllowedError, NotFoundError
from service.handling.queries import staff_case
from service.routing.directory import Directory
from service.routing.queries import directory
from service.texts.actions import add_text, change_text
from service.texts.queries import body_of, text_for, texts_for
from service.texts.rules import (
    ACTS,
    EVERYWHERE,
    IN_CHINESE,
    TEXT_MOST,
    TITLE_MOST,
    StandardTextDetails,
    fill,
    may_write,
)
from service.texts.tables import StandardText
from service.web.admin.common import (
    NOTHING_WRONG,
    Refused,
    RowId,
    Text,
    TextKeeper,
    admin_page,
    area_choices,
    called,
    refused_for,
    said,
)
from service.web.admin.saving import RowForm, form_page, id_typed, kept_of, save, yes_or_no
from service.web.case_texts import EXAMPLE, filled
from service.web.catalogues import LANGUAGES, Language
from service.web.course_words import ACTION
from service.web.deps import DbSession, Now
from service.web.rereading import said_again

router = APIRouter(prefix="/texts")

TEXTS = "/admin/texts"


class TextForm(RowForm):
    """A standard text as it is typed, and for which case it is to be seen beforehand."""

    title: Text = ""
    title_en: Text = ""
    text: Text = ""
    text_en: Text = ""
    acts: list[Text] = Field(default_factory=list)
    category_code: Text = ""
    area_id: Text = ""
    number: Text = ""
    preview: Text = ""

    def details(self) -> StandardTextDetails:
        """Return what was typed, not yet checked."""
        return StandardTextDetails(
            title=self.title,
            text=self.text,
            title_en=self.title_en,
            text_en=self.text_en,
            acts=tuple(dict.fromkeys(self.acts)),
            category_code=self.category_code or None,
            area_id=id_typed(self.area_id),
            is_active=self.in_use,
        )


def form_of(text: StandardText) -> TextForm:
    """Return a text as its form shows it."""
    return TextForm(
        title=text.title,
        title_en=text.title_en,
        text=text.text,
        text_en=text.text_en,
        acts=text.acts,
        category_code=text.category_code or "",
        area_id=str(text.area_id or ""),
        is_active=yes_or_no(text.is_active),
    )


@router.get("")
def show_texts(request: Request, session: DbSession, by: TextKeeper) -> Response:
    """List the texts that the reader looks after, and those that their desks use."""
    known = directory(session)
    rows = texts_for(session, by, known.areas)
    own = {row.id for row in rows if may_write(by.role, by.area_id, row.area_id, known.areas)}
    context = {"rows": rows, "own": own, "places": known.areas.places, "topics": known.catalogue.topics}
    return admin_page(request, by, "texts", context)


@router.get("/new")
def show_new_text(request: Request, session: DbSession, by: TextKeeper, now: Now) -> Response:
    """Show the empty form."""
    return _form_page(request, session, by, now, TextForm(area_id="" if by.role in EVERYWHERE else str(by.area_id)))


@router.post("")
def take_new_text(
    request: Request, session: DbSession, by: TextKeeper, now: Now, form: Annotated[TextForm, Form()]
) -> Response:
    """Add a text, or show beforehand what it says."""

    def add() -> StandardText:
        return add_text(session, form.details(), by=by, now=now)

    again = partial(_form_page, request, session, by, now, form)
    if form.preview:
        error = said_again(session, add, was_refused="yes")
        return again(refused_for(request, error) if error else NOTHING_WRONG)
    return save(request, session, form, add, again=again, to=lambda text: f"{TEXTS}/{text.id}", done="added")


@router.get("/{text_id}")
def show_text(request: Request, session: DbSession, by: TextKeeper, now: Now, text_id: RowId) -> Response:
    """Show a text in its form, with its history; who may not change it reads it."""
    known = directory(session)
    text = text_for(session, text_id, by, known.areas)
    return _form_page(request, session, by, now, form_of(text), text=text)


@router.post("/{text_id}")
def take_text(
    request: Request,
    session: DbSession,
    by: TextKeeper,
    now: Now,
    text_id: RowId,
    form: Annotated[TextForm, Form()],
) -> Response:
    """Change a text, or show beforehand what it would say."""
    known = directory(session)
    text = text_for(session, text_id, by, known.areas)
    if not may_write(by.role, by.area_id, text.area_id, known.areas):
        raise NotAllowedError

    def change() -> StandardText:
        return change_text(session, text_id, form.details(), by=by, now=now, seen=form.version)

    again = partial(_form_page, request, session, by, now, form, text=text)
    if form.preview:
        error = said_again(session, change, was_refused="yes")
        return again(refused_for(request, error) if error else NOTHING_WRONG)
    return save(request, session, form, change, again=again, to=lambda _: f"{TEXTS}/{text_id}", done="changed")


def _form_page(
    request: Request,
    session: Session,
    by: Person,
    now: datetime,
    form: TextForm,
    refused: Refused = NOTHING_WRONG,
    *,
    text: StandardText | None = None,
) -> Response:
    known = directory(session)
    may = text is None or may_write(by.role, by.area_id, text.area_id, known.areas)
    near = [one for one in all_areas(session) if may_write(by.role, by.area_id, one.id, known.areas)]
    preview: dict[str, str] = {}
    try:
        preview = _preview(session, by, now, form, known)
    except InvalidFieldsError as error:
        refused = refused if refused.errors else refused_for(request, error)
    context: dict[str, Any] = {
        "text": text,
        "may_write": may,
        "areas": area_choices(request, near),
        "everywhere": by.role in EVERYWHERE,
        "topics": _topics(request, known),
        "acts": [(str(act), said(request, ACTION[act])) for act in ACTS],
        "placeholders": [(str(one), name, EXAMPLE["zh"][one], EXAMPLE["en"][one]) for one, name in IN_CHINESE.items()],
        "title_most": TITLE_MOST,
        "text_most": TEXT_MOST,
        "preview": preview,
        "place": known.areas.places.get(text.area_id or 0) if text else None,
    }
    if text is not None:
        context |= kept_of(request, session, "text", text.id, now, refused)
    return form_page(request, by, "text", form, context, refused=refused)


def _preview(session: Session, by: Person, now: datetime, form: TextForm, known: Directory) -> dict[str, str]:
    """Return how the typed text reads, by language, for the case that is named, else for an example.

    Errors: InvalidFieldsError for a case that is not there.
    """
    typed = StandardText(title=form.title, text=form.text, text_en=form.text_en, created_at=now)
    written: list[Language] = [language for language in LANGUAGES if (form.text_en if language == "en" else form.text)]
    if not form.number:
        return {one: fill(body_of(typed, one), EXAMPLE[one], one) for one in written}
    try:
        case = staff_case(session, form.number, by)
    except NotFoundError as none:
        raise InvalidFieldsError({"number": "There is no such case, or it is not yours to see."}) from none
    return {one: filled(typed, case, known, by, one, now=now) for one in written}


def _topics(request: Request, known: Directory) -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (called(request, group), [(one.code, called(request, one)) for one in (group, *(topic for _, topic in below))])
        for group, below in known.catalogue.groups
    ]
