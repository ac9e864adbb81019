"""How does a supervisor save a list of the board, rename it, and remove it?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response
from pydantic import BeforeValidator
from sqlmodel import Session

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.errors import NotFoundError, ServiceError
from service.escalations.filters import lists_of, remove_list, rename_list, save_list
from service.escalations.rules import Which
from service.escalations.tables import SavedList
from service.handling.filters import MOST_FILTERS, NAME_MOST, Count
from service.routing.directory import Directory
from service.routing.queries import directory
from service.web.admin.common import RowId
from service.web.board_asked import Asked, list_address
from service.web.deps import DbSession, Now, require_role
from service.web.queue_filters import NEW, NameForm
from service.web.refused import done_or_again, form_page
from service.web.supervisor_pages import common

router = APIRouter(include_in_schema=False)

SAVED = "/board/saved"
NO_COUNTS: Mapping[int, Count] = {}
Deciding = Annotated[Person, Depends(require_role(Role.HEAD, Role.TRIAGE, Role.SUPERVISOR, Role.DISTRICT))]
"""Whoever has a board."""


def _listed(name: str) -> Which:
    if name not in list(Which):
        raise NotFoundError
    return Which(name)


Listed = Annotated[Which, BeforeValidator(_listed)]
"""A list of the board, by the name in the address; NotFoundError for what is none."""


class Change(StrEnum):
    """What can be done to a saved list."""

    RENAME = "rename"
    REMOVE = "remove"


@dataclass(frozen=True)
class ListChip:
    """A saved list as a link; `to` is empty where its area is closed or not the reader's any more."""

    id: int
    name: str
    name_en: str
    to: str
    is_here: bool
    """It is what the reader looks at."""
    count: Count | None


def chips_of(
    saved: Sequence[SavedList], person: Person, known: Directory, here: str, counted: Mapping[int, Count] = NO_COUNTS
) -> list[ListChip]:
    """Return saved lists, each with its address and how much stands in it."""
    chips = []
    for one in saved:
        place = known.areas.places.get(one.area_id or person.area_id)
        is_there = place is not None and place.is_active and known.areas.covers(person.area_id, place.id)
        code = place.code if place and one.area_id else ""
        to = list_address(Which(one.which), code, only=one.is_only) if is_there else ""
        number = counted.get(one.id or 0)
        chips.append(ListChip(one.id or 0, one.name, one.name_en, to, to == here, number))
    return chips


@router.get("/board/saved/{which}")
def show_saved(
    request: Request, session: DbSession, person: Deciding, which: Listed, asked: Annotated[Asked, Query()]
) -> Response:
    """Show the lists that somebody saved, and a form to save the one that they come from."""
    return _page(request, session, person, (which, asked), NameForm(), "", None)


@router.post("/board/saved/{which}")
def take_list(
    request: Request,
    session: DbSession,
    person: Deciding,
    now: Now,
    which: Listed,
    asked: Annotated[Asked, Query()],
    typed: Annotated[NameForm, Form()],
) -> Response:
    """Save the list that the address names."""
    where = asked.where(person, directory(session))

    def do() -> None:
        save_list(session, person, typed.name, which, where, now=now)

    again = partial(_page, request, session, person, (which, asked), typed, NEW)
    return done_or_again(request, session, typed, do, again, asked.to(which))


@router.post("/board/saved/{which}/{list_id}/{change}")
def change_list(
    request: Request,
    session: DbSession,
    person: Deciding,
    which: Listed,
    list_id: RowId,
    change: str,
    asked: Annotated[Asked, Query()],
    typed: Annotated[NameForm, Form()],
) -> Response:
    """Rename a saved list, or remove it."""
    do: dict[str, Callable[[], None]] = {
        Change.RENAME: partial(rename_list, session, person, list_id, typed.name),
        Change.REMOVE: partial(remove_list, session, person, list_id),
    }
    if change not in do:
        raise NotFoundError
    again = partial(_page, request, session, person, (which, asked), typed, str(list_id))
    return done_or_again(request, session, typed, do[change], again, _path(which, asked))


def _path(which: Which, asked: Asked) -> str:
    return asked.to(which).replace("/board/list", SAVED)


def _page(
    request: Request,
    session: Session,
    person: Person,
    at: tuple[Which, Asked],
    typed: NameForm,
    tried: str,
    error: ServiceError | None,
) -> Response:
    which, asked = at
    known = directory(session)
    where = asked.where(person, known)
    chips = chips_of(lists_of(session, person), person, known, asked.to(which))
    path, _, query = _path(which, asked).partition("?")
    facts = {
        "which": which,
        "where": where and known.areas.places[where.area_id],
        "asked": asked,
        "back": asked.to(which),
        "chips": chips,
        "is_saved": any(chip.is_here for chip in chips),
        "most": MOST_FILTERS,
        "name_most": NAME_MOST,
        "path": _path(which, asked),
        "at": path,
        "query": query,
        "switch_form": "do-list" if tried in ("", NEW) else f"do-list-{tried}",
    }
    return form_page(
        request, "supervisor/saved.html", facts | common(person, known), typed=typed, tried=tried, error=error
    )
