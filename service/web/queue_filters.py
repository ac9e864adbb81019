"""How does somebody save a part of the queue, rename it, choose it as the first view, and remove it?"""

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts.tables import Person
from service.errors import NotFoundError, ServiceError
from service.handling.filters import (
    MOST_FILTERS,
    NAME_MOST,
    filters_of,
    open_with,
    remove_filter,
    rename_filter,
    save_filter,
)
from service.handling.searching import search_for
from service.routing.queries import directory
from service.web.admin.common import RowId, Text
from service.web.admin.saving import SwitchedForm
from service.web.deps import DbSession, Now
from service.web.queue_lines import SEARCHED_LABELS, TAB_LABELS, Asked, chips_of
from service.web.refused import done_or_again, form_page
from service.web.worker import Working

router = APIRouter(include_in_schema=False)

FILTERS = "/queue/filters"
NEW = "new"
"""Which form was tried, where it is none of a filter that is there."""


class Change(StrEnum):
    """What can be done to a filter."""

    RENAME = "rename"
    FIRST = "first"
    NOT_FIRST = "not_first"
    REMOVE = "remove"


class NameForm(SwitchedForm):
    """A name as it is typed."""

    name: Text = ""


@router.get("/queue/filters")
def show_filters(request: Request, session: DbSession, person: Working, asked: Annotated[Asked, Query()]) -> Response:
    """Show the filters that somebody saved, and a form to save the part of the queue that they come from."""
    return _page(request, session, person, asked, NameForm(), "", None)


@router.post("/queue/filters")
def take_filter(
    request: Request,
    session: DbSession,
    person: Working,
    now: Now,
    asked: Annotated[Asked, Query()],
    typed: Annotated[NameForm, Form()],
) -> Response:
    """Save the part of the queue that the address names."""

    def do() -> None:
        save_filter(session, person, typed.name, asked.ask(), now=now)

    again = partial(_page, request, session, person, asked, typed, NEW)
    return done_or_again(request, session, typed, do, again, _back(asked))


@router.post("/queue/filters/{filter_id}/{change}")
def change_filter(
    request: Request,
    session: DbSession,
    person: Working,
    filter_id: RowId,
    change: str,
    asked: Annotated[Asked, Query()],
    typed: Annotated[NameForm, Form()],
) -> Response:
    """Rename a filter, open the queue with it or no longer, or remove it."""
    do: dict[str, Callable[[], None]] = {
        Change.RENAME: partial(rename_filter, session, person, filter_id, typed.name),
        Change.FIRST: partial(open_with, session, person, filter_id),
        Change.NOT_FIRST: partial(open_with, session, person, None),
        Change.REMOVE: partial(remove_filter, session, person, filter_id),
    }
    if change not in do:
        raise NotFoundError
    again = partial(_page, request, session, person, asked, typed, str(filter_id))
    return done_or_again(request, session, typed, do[change], again, asked.to().replace("/queue", FILTERS))


def _back(asked: Asked) -> str:
    """Return the address of the list that was saved, also where the bare one leads elsewhere."""
    asked.name_all()
    return asked.to()


def _page(
    request: Request,
    session: Session,
    person: Person,
    asked: Asked,
    typed: NameForm,
    tried: str,
    error: ServiceError | None,
) -> Response:
    asked.name_all()
    chips = chips_of(filters_of(session, person), asked)
    search = search_for(asked.words, directory(session).areas) if asked.words else None
    facts = {
        "asked": asked,
        "chips": chips,
        "is_saved": any(chip.is_here for chip in chips),
        "is_full": len(chips) >= MOST_FILTERS,
        "most": MOST_FILTERS,
        "name_most": NAME_MOST,
        "tab_label": TAB_LABELS[asked.tab],
        "searched": SEARCHED_LABELS[search.kind] if search else "",
        "query": asked.to().partition("?")[2],
        "path": asked.to().replace("/queue", FILTERS),
        "switch_form": "do-filter" if tried in ("", NEW) else f"do-filter-{tried}",
    }
    return form_page(request, "worker/filters.html", facts, typed=typed, tried=tried, error=error)
