"""What does every request need? The time, a session that commits before the answer, and who is asking.

The clock of the web is read here and nowhere else. `real_now` limits sign-ins and sessions; everything the
product does uses `Now`, which may be simulated: at 600 times the speed a session of twelve hours would end
after 72 seconds, so those two may not share a clock.
"""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from anyio import CancelScope, to_thread
from fastapi import Depends, Request
from sqlmodel import Session

from service import database
from service.accounts.limits import has_failures, keep_failures
from service.accounts.rules import Role
from service.accounts.sessions import person_of_api_key, person_of_session
from service.accounts.tables import Person
from service.clocks.queries import notice_installed
from service.errors import NotAllowedError, ServiceError
from service.timekeeping import Anchor, read_anchor, simulated
from service.web.turns import turn

SESSION_COOKIE = "jiban_session"
ANCHOR_KEPT_SECONDS = 5.0


class SignInNeededError(ServiceError):
    """Nobody is signed in, and this is not for everybody."""

    status, code = 401, "sign-in-needed"
    sentence = "Please sign in first."


class KeyUnknownError(ServiceError):
    """The API key is unknown, revoked or over."""

    status, code = 401, "key-unknown"
    sentence = "This API key is not valid."


def real_now() -> datetime:
    """Return the real time, in UTC."""
    return datetime.now(UTC)  # noqa: TID251  # The one place where the web reads the clock.


async def get_session() -> AsyncIterator[Session]:
    """Open a session for one request: committed when the endpoint returns, rolled back when it raises.

    With scope="function" this ends before the answer is sent: nobody holds a receipt for a case that was
    never written. Tries that count against a limit are kept either way. It begins on the event loop, where it
    costs nothing; only its end asks the database. Errors: BusyError.
    """
    async with turn():
        # The mode matters only where a test lends its own connection: then commit and rollback end savepoints.
        session = Session(database.get_engine(), expire_on_commit=False, join_transaction_mode="create_savepoint")
        try:
            yield session
        except BaseException:
            with CancelScope(shield=True):
                await to_thread.run_sync(_give_up, session)
            raise
        if session.in_transaction() or has_failures(session):
            await to_thread.run_sync(_keep, session)


def _keep(session: Session) -> None:
    try:
        session.commit()
    except BaseException:
        _give_up(session)
        raise
    with session:
        keep_failures(session)


def _give_up(session: Session) -> None:
    with session:
        session.rollback()
        keep_failures(session)


DbSession = Annotated[Session, Depends(get_session, scope="function")]


@dataclass
class _KnownAnchor:
    """The anchor as this process read it last. Many threads may read it at once; the last one wins."""

    anchor: Anchor | None = None
    good_until: float = -1.0


_known = _KnownAnchor()


def forget_anchor() -> None:
    """Read the anchor again with the next request; for tests and after it was set."""
    _known.good_until = -1.0


def known_anchor() -> Anchor | None:
    """Return the anchor as it was read last, without asking the database."""
    return _known.anchor


def known_now() -> datetime:
    """Return the product's time by what is known of the anchor, without asking the database."""
    return simulated(_known.anchor, real_now())


async def product_now(request: Request, session: DbSession) -> datetime:
    """Return the product's time, in UTC, the same for the whole request."""
    if time.monotonic() > _known.good_until:
        _known.anchor = await to_thread.run_sync(_look_again, session)
        _known.good_until = time.monotonic() + ANCHOR_KEPT_SECONDS
    now = known_now()
    request.state.now = now
    return now


def _look_again(session: Session) -> Anchor | None:
    """Return the anchor, and notice promises that were stored meanwhile: what may change while a process runs."""
    notice_installed(session)
    return read_anchor(session)


Now = Annotated[datetime, Depends(product_now)]


@dataclass(frozen=True)
class Reader:
    """Who reads a page, in plain values: a row may not be touched any more when an error page is drawn."""

    id: int
    name: str
    name_en: str
    role: Role
    area_id: int
    language: str

    def called(self, language: str) -> str:
        """Return the name as it is written in that language."""
        return self.name_en if language == "en" and self.name_en else self.name


def is_poll(request: Request) -> bool:
    """Does a page refresh itself, with nobody at work? Its element says so: hx-headers='{"X-Poll": "true"}'.

    A stream, which is opened and opened again by pages alone, has no headers of its own.
    """
    return request.headers.get("x-poll") == "true" or wants_stream(request)


def wants_stream(request: Request) -> bool:
    """Does a page ask for a stream of events?"""
    return "text/event-stream" in request.headers.get("accept", "")


def maybe_person(request: Request, session: DbSession) -> Person | None:
    """Return who asks, by API key or else by the session's cookie, or None. Errors: KeyUnknownError."""
    key, token = bearer_key(request), request.cookies.get(SESSION_COOKIE)
    person: Person | None = None
    request.state.reader = None
    if key is not None:
        person = person_of_api_key(session, key, now=real_now())
        if person is None:
            raise KeyUnknownError
    elif token:
        person = person_of_session(session, token, now=real_now(), is_activity=not is_poll(request))
    if person is not None:
        own_id, called = person.id or 0, (person.name, person.name_en)
        request.state.reader = Reader(own_id, *called, person.role, person.area_id, person.language)
    return person


MaybePerson = Annotated[Person | None, Depends(maybe_person)]


def bearer_key(request: Request) -> str | None:
    """Return the API key that the request carries, or None."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


def signed_in(person: MaybePerson) -> Person:
    """Return who asks. Errors: SignInNeededError, which a page turns into a way to the sign-in."""
    if person is None:
        raise SignInNeededError
    return person


CurrentPerson = Annotated[Person, Depends(signed_in)]


def require_role(*roles: Role) -> Callable[[Person], Person]:
    """Return a dependency that gives the person only when they have one of the roles.

    Errors of the dependency: SignInNeededError, NotAllowedError.
    """

    def one_of_them(person: CurrentPerson) -> Person:
        if person.role not in roles:
            raise NotAllowedError
        return person

    return one_of_them


def reader_of(request: Request) -> Reader | None:
    """Return who reads, as far as this request found out; `request.state.reader` is None when nobody is signed in."""
    found = getattr(request.state, "reader", None)
    return found if isinstance(found, Reader) else None


def client_address(request: Request) -> str:
    """Return the address of the client, as the server in front of us tells it."""
    return request.client.host if request.client else "unknown"
