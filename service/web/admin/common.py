"""What do all pages of the administration share: who may come in, how a form is tried, what lists choose from?"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict
from sqlmodel import Session

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.areas.rules import DEPTH
from service.areas.tables import Area
from service.errors import ConflictError, InvalidFieldsError, NotAllowedError, NotFoundError, ServiceError
from service.intake.forms import clean
from service.timekeeping import ZONE
from service.web.catalogues import translate
from service.web.deps import require_role
from service.web.error_pages import problem_of
from service.web.render import Link, language_of, page

Result = TypeVar("Result")
Kind = TypeVar("Kind", bound=StrEnum)
Choice = tuple[str, str]

Administrator = Annotated[Person, Depends(require_role(Role.ADMIN))]
Manager = Annotated[Person, Depends(require_role(Role.ADMIN, Role.SUPERVISOR))]
"""Administrators, and supervisors for the people of their own sub-district."""
Planner = Annotated[Person, Depends(require_role(Role.ADMIN, Role.DISTRICT, Role.SUPERVISOR, Role.HEAD))]
"""Whoever leads: they plan the rosters of those below them."""
TextKeeper = Annotated[Person, Depends(require_role(Role.ADMIN, Role.DISTRICT, Role.SUPERVISOR))]
"""Whoever looks after standard texts: of the whole installation, or of their own sub-district."""
DutyReader = Annotated[
    Person, Depends(require_role(Role.ADMIN, Role.DISTRICT, Role.SUPERVISOR, Role.TRIAGE, Role.HEAD))
]
"""Whoever plans rosters, and the duty desk, which has to know who is there."""
MOST_ID = 2**63 - 1
FIRST_YEAR, LAST_YEAR = 2000, 2100
FIELD_OF = {"phone-invalid": "phone"}
"""Where an error belongs that names no field."""

_PEOPLE = Link("/admin/people", "People")
_DUTIES = Link("/admin/duties", "Duty calendar")
_RULES = Link("/admin/rules", "Rules")
_PARTIES = Link("/admin/parties", "Outside parties")
_TEXTS = Link("/admin/texts", "Standard texts")
TABS: Mapping[Role, tuple[Link, ...]] = {
    Role.HEAD: (_PEOPLE, _DUTIES, _PARTIES),
    Role.TRIAGE: (_DUTIES,),
    Role.SUPERVISOR: (_PEOPLE, _DUTIES, _PARTIES, _TEXTS),
    Role.DISTRICT: (_PEOPLE, _DUTIES, _RULES, _PARTIES, _TEXTS),
    Role.ADMIN: (
        Link("/admin", "Overview"),
        _PEOPLE,
        _DUTIES,
        Link("/admin/areas", "Areas"),
        Link("/admin/categories", "Categories"),
        _RULES,
        _PARTIES,
        _TEXTS,
        Link("/admin/outbox", "Notices"),
        Link("/admin/history", "Changes"),
    ),
}
DONE_SENTENCES: Mapping[str, str] = {
    "added": "It has been added. It counts from now on.",
    "changed": "Your changes are saved. They count from now on.",
    "removed": "It has been removed.",
    "planned": "It is decided, and takes effect on its day.",
    "dropped": "It is dropped: nothing changes on that day.",
    "imported": "The file has been taken over. It counts from now on.",
    "again": "It is tried again, from the first channel on.",
    "let-go": "It is let go: nobody is told any more.",
    "trial": "The test notice is written and leaves within seconds. Load this page again to see what became of it.",
    "moved": "The order has been changed in the draft. It counts once the draft is published.",
    "in-draft": "It is written in the draft. It counts once the draft is published.",
    "published": "The draft is published. It decides from now on.",
    "version-planned": "The draft is published. It decides from its moment on.",
    "version-dropped": "It is dropped and will decide nothing.",
    "carried-over": "The draft goes on from the newest version, with its own changes kept.",
    "approved": "The proposal is approved, and the table says so.",
    "refused": "The proposal is refused. The table stays as it is.",
    "password": "The new password counts from now on. All earlier sign-ins have ended.",
}


def _row_id(value: Any) -> int:  # noqa: ANN401  # Whatever stands in the address.
    """Return the number of a row; what can be no row is not found, as a row that is not there."""
    found = as_id(str(value))
    if found is None:
        raise NotFoundError
    return found


def _typed(value: Any) -> Any:  # noqa: ANN401  # pydantic refuses what is no text.
    return clean(value) if isinstance(value, str) else value


RowId = Annotated[int, BeforeValidator(_row_id)]
Text = Annotated[str, BeforeValidator(_typed)]


class TypedForm(BaseModel):
    """What was typed: every text is taken in, and the rules say what is wrong with it."""

    model_config = ConfigDict(frozen=True, extra="ignore")


@dataclass(frozen=True)
class Refused:
    """Why a form was not carried out, in the reader's language."""

    status: int = 200
    errors: Mapping[str, str] = field(default_factory=dict)
    seen: int | None = None
    """The version that the reader had seen, when somebody else was faster."""


NOTHING_WRONG = Refused()


class Blank(dict[str, Any]):
    """Fields by name; what was not typed or not refused is empty."""

    def __missing__(self, key: str) -> str:
        return ""


def tried(request: Request, session: Session, do: Callable[[], Result]) -> Result | Refused:
    """Carry something out, wholly or not at all; say what was wrong. Errors: NotFoundError, NotAllowedError."""
    try:
        with session.begin_nested():
            return do()
    except (NotFoundError, NotAllowedError):
        raise
    except ServiceError as error:
        return refused_for(request, error)


def refused_for(request: Request, error: ServiceError) -> Refused:
    """Return what the error says, in the reader's language."""
    problem = problem_of(request, error)
    errors = problem.fields or {FIELD_OF.get(error.code, "form"): problem.sentence}
    seen = error.facts["yours"] if isinstance(error, ConflictError) else None
    return Refused(problem.status, errors, seen)


def admin_page(
    request: Request, by: Person, template: str, context: Mapping[str, Any], *, refused: Refused = NOTHING_WRONG
) -> Response:
    """Render a page of the administration with its tabs, and what was just done or refused."""
    done = DONE_SENTENCES.get(request.query_params.get("done", ""), "")
    about = {"tabs": TABS[by.role], "done": done, "errors": Blank(refused.errors), "by": by}
    return page(request, f"admin/{template}.html", about | dict(context), status=refused.status)


def go_to(address: str, done: str) -> Response:
    """Send the reader on after something was done; `done` is a key of DONE_SENTENCES."""
    return RedirectResponse(f"{address}?done={done}", 303)


def said(request: Request, msgid: str, **facts: object) -> str:
    """Return a sentence in the reader's language."""
    return translate(language_of(request), msgid, **facts)


def called(request: Request, named: Any) -> str:  # noqa: ANN401  # Whatever has a name in two languages.
    """Return a name in the reader's language."""
    return str(named.name_en if language_of(request) == "en" and named.name_en else named.name)


def area_choices(request: Request, areas: Iterable[Area], *, with_closed: bool = False) -> list[Choice]:
    """Return areas to choose from, each set in by its level."""
    return [
        (str(area.id), "　" * DEPTH[area.level] + called(request, area))
        for area in areas
        if area.is_active or with_closed
    ]


def people_choices(request: Request, people: Iterable[Person], areas: Mapping[int, Area]) -> list[Choice]:
    """Return people to choose from, each with their place."""
    return [
        (str(person.id), f"{called(request, person)} · {called(request, areas[person.area_id])}") for person in people
    ]


def as_id(text: str) -> int | None:
    """Return the number that a row could have, or None."""
    is_number = text.isascii() and text.isdecimal() and len(text) < len(str(MOST_ID))
    return int(text) if is_number and int(text) > 0 else None


def as_whole(text: str, *, otherwise: int) -> int:
    """Return a whole number of the size that people write, or `otherwise`."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < len("1000000") else otherwise


def one_of(kind: type[Kind], value: str, field_name: str) -> Kind:
    """Return the member with that value. Errors: InvalidFieldsError."""
    try:
        return kind(value)
    except ValueError as unknown:
        raise InvalidFieldsError({field_name: "Please choose one of the answers offered."}) from unknown


def as_moment(text: str, field_name: str) -> datetime:
    """Return the moment that '2026-11-24T09:00' is in the installation's zone. Errors: InvalidFieldsError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.min.replace(tzinfo=ZONE)
    if moment.tzinfo is not None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise InvalidFieldsError({field_name: "Please give a day and a time."})
    return moment.replace(tzinfo=ZONE)


def as_clock(text: str, field_name: str) -> time:
    """Return the time of day that '08:30' is; 24:00 is midnight. Errors: InvalidFieldsError."""
    try:
        clock = time.fromisoformat("00:00" if text == "24:00" else text)
    except ValueError as wrong:
        raise InvalidFieldsError({field_name: "Please give a time of day, such as 08:30."}) from wrong
    return clock.replace(second=0, microsecond=0, tzinfo=None)


def page_number(text: str) -> int:
    """Return which page of a list is meant; the first when the address says nothing sensible."""
    return max(1, as_whole(text, otherwise=1))
