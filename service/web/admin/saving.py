"""How is a row of the configuration shown in its form, and how is it saved?"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from fastapi import Request
from fastapi.responses import Response
from sqlmodel import Session, SQLModel

from service.accounts.tables import Person
from service.audit.changes import version_of
from service.errors import NotFoundError
from service.web.admin.common import (
    NOTHING_WRONG,
    Refused,
    Text,
    TypedForm,
    admin_page,
    as_id,
    as_whole,
    go_to,
    refused_for,
    tried,
)
from service.web.admin.told import history_of, meanwhile
from service.web.render import choose
from service.web.rereading import said_again

Row = TypeVar("Row", bound=SQLModel)
Result = TypeVar("Result")

YES, NO = "yes", "no"
SAVE = "do-save"
"""The id of the form that saves."""
UNKNOWN = 0
"""Stands for a row that cannot be read: no row has it."""


class SwitchedForm(TypedForm):
    """A form that can be read in another language while it is filled in."""

    lang: Text = ""
    size: Text = ""
    was_refused: Text = ""


class RowForm(SwitchedForm):
    """A row as it is typed: in use or not, and which version of it was seen."""

    is_active: Text = YES
    seen: Text = ""

    @property
    def in_use(self) -> bool:
        """Is the row to be in use?"""
        return self.is_active == YES

    @property
    def version(self) -> int:
        """Return the version that was seen; none has the number 0."""
        return as_whole(self.seen, otherwise=0)


def yes_or_no(value: object) -> str:
    """Return how a truth stands in a form."""
    return YES if value else NO


def id_typed(text: str) -> int | None:
    """Return the row that is meant, UNKNOWN where that cannot be read, None where nothing is typed."""
    return (as_id(text) or UNKNOWN) if text else None


def row_of(session: Session, table: type[Row], row_id: int) -> Row:
    """Return a row. Errors: NotFoundError."""
    row = session.get(table, row_id)
    if row is None:
        raise NotFoundError
    return row


def form_page(
    request: Request,
    by: Person,
    template: str,
    form: SwitchedForm,
    context: Mapping[str, Any],
    *,
    refused: Refused,
) -> Response:
    """Render a form with everything typed into it, except a password, and what was refused."""
    typed = {"values": form.model_dump(exclude={"password"}), "switch_form": SAVE}
    return admin_page(request, by, template, typed | dict(context), refused=refused)


def kept_of(
    request: Request, session: Session, kind: str, row_id: int | None, now: datetime, refused: Refused
) -> dict[str, Any]:
    """Return what the form of a row that is kept shows beside it: its version, its history, who was faster."""
    subject = row_id or UNKNOWN
    return {
        "version": version_of(session, kind, subject),
        "meanwhile": meanwhile(request, session, kind, subject, now, refused.seen),
        **history_of(request, session, kind, subject, now),
    }


def save(
    request: Request,
    session: Session,
    form: SwitchedForm,
    do: Callable[[], Result],
    *,
    again: Callable[[Refused], Response],
    to: Callable[[Result], str],
    done: str,
) -> Response:
    """Carry a form out and go on; when it is refused, or only read in another language, show it `again`."""
    if choose(request, lang=form.lang, size=form.size):
        error = said_again(session, do, was_refused=form.was_refused)
        return again(refused_for(request, error) if error else NOTHING_WRONG)
    result = tried(request, session, do)
    return again(result) if isinstance(result, Refused) else go_to(to(result), done)
