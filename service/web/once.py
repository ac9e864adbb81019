"""How does a form that may be sent again, from a queue or by a second click, do its work once?

It carries a key in the field `once`. What was done is remembered with its key in the same transaction; the same form
sent again leads where it led, and does nothing. What was refused is not remembered: it may be sent again.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlmodel import Session

from service.cases.tables import Case
from service.handling.once import body_of, done_before, key_of
from service.handling.tables import DoneForm
from service.web.deps import CurrentPerson, DbSession, Now
from service.web.error_pages import wants_json
from service.web.rereading import typed_fields

ONCE = "once"
_NO_ANSWER = frozenset({ONCE, "called", "version", "next", "lang", "size", "was_refused", "kept"})
"""Fields that do not tell one form from another: the version may be made newer while a form waits in a queue."""


class DoneBefore(Exception):  # noqa: N818  # It is no error: the work was done.
    """The form was done before, and led there."""

    def __init__(self, to: str, version: int | None) -> None:
        self.to, self.version = to, version


@dataclass(frozen=True)
class Once:
    """What remembers that a form was done; without a key it remembers nothing."""

    request: Request
    session: Session
    now: datetime
    key: bytes | None
    body: bytes

    def done(self, to: str, case: Case | None = None) -> Response:
        """Remember it, and answer where it leads; `case` is the one of which it made a new version."""
        version = case.version if case is not None else None
        if self.key is not None:
            done = DoneForm(key_hash=self.key, body_hash=self.body, leads_to=to, version=version, at=self.now)
            self.session.add(done)
        return told_done(self.request, to, version)


def once(
    request: Request,
    session: DbSession,
    person: CurrentPerson,
    now: Now,
    typed: Annotated[dict[str, str], Depends(typed_fields)],
) -> Once:
    """Return what remembers this form. To be asked before whatever the form itself may have put out of sight.

    Errors: DoneBefore, FormUsedError, SignInNeededError.
    """
    key = key_of(typed.get(ONCE, ""), person)
    body = body_of(request.url.path, {name: said for name, said in typed.items() if name not in _NO_ANSWER})
    before = done_before(session, key, body) if key is not None else None
    if before is not None:
        raise DoneBefore(before.leads_to, before.version)
    return Once(request, session, now, key, body)


DoneOnce = Annotated[Once, Depends(once)]


def told_done(request: Request, to: str, version: int | None) -> Response:
    """Lead on; a queue is told where that would be, and the version of the case after it."""
    return JSONResponse({"to": to, "version": version}) if wants_json(request) else RedirectResponse(to, 303)


async def on_done_before(request: Request, error: Exception) -> Response:
    """Answer a form that was done before as it was answered then."""
    assert isinstance(error, DoneBefore)  # noqa: S101  # Starlette sends only these here.
    return told_done(request, error.to, error.version)
