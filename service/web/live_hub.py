"""Who listens at this process, and how do they hear that something changed? One look at the history for all of them.

Everything here happens on the event loop; only the look itself asks the database, from a thread, once a second and
only while somebody listens.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache, partial

import structlog
from anyio import move_on_after, sleep, to_thread
from fastapi.sse import format_sse_event
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from service import database
from service.live.queries import Watch, scopes
from service.live.rules import Scope, Touched, concerns, pause_after
from service.web.deps import real_now
from service.web.turns import BusyError, turn

log = structlog.get_logger("jiban.live")

LOOK_SECONDS = 1.0
ASKED_EVERY = 5
"""With every so many looks it is asked whose sign-in goes on."""
HEARTBEAT_SECONDS = 15.0
MOST_OF_A_PERSON = 4
"""A browser keeps six connections to one host at most: some must be left for pages."""
MOST_LISTENERS = 400
FIRST_RETRY_MS, SPREAD_MS, SPREAD_BY_MS = 2000, 3000, 617
"""When a browser whose line broke comes back: one after the other, within three seconds."""

HERE = format_sse_event(event="here", data_str="-")
"""Says that the line is open. No comment: the page must see it, to notice a line that has gone silent."""
CHANGED = format_sse_event(event="changed", data_str="-")


@dataclass(frozen=True)
class Seen:
    """What one look found."""

    touched: Touched
    scopes: Mapping[bytes, Scope]
    """Of the sign-ins that were asked for."""


class Listener:
    """One open stream."""

    def __init__(self, token: bytes, scope: Scope) -> None:
        self.token, self.scope = token, scope
        """The hash of the sign-in's token, and what its person may know of."""
        self.is_new = True
        self._woken, self._over = asyncio.Event(), asyncio.Event()

    def tell(self) -> None:
        """Say that something changed."""
        self.is_new = False
        self._woken.set()

    def end(self) -> None:
        """End the stream."""
        self._over.set()
        self._woken.set()

    async def events(self, retry_ms: int, pause: Callable[[], float]) -> AsyncIterator[bytes]:
        """Yield what goes over the line, until it ends; `pause` gives the seconds in which nothing is told again."""
        yield format_sse_event(retry=retry_ms) + HERE
        while not self._over.is_set():
            with move_on_after(HEARTBEAT_SECONDS):
                await self._woken.wait()
            if self._over.is_set():
                return
            if not self._woken.is_set():
                yield HERE
                continue
            self._woken.clear()
            yield CHANGED
            with move_on_after(pause()):
                await self._over.wait()


class Hub:
    """All listeners of one process, and the one who looks for them."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._looking: asyncio.Task[None] | None = None
        self._opened = 0
        self._is_closed = False

    def join(self, token: bytes, scope: Scope) -> Listener | None:
        """Let somebody listen; None where too many do, of this person or at all."""
        own = sum(one.scope.person_id == scope.person_id for one in self._listeners)
        if self._is_closed or own >= MOST_OF_A_PERSON or len(self._listeners) >= MOST_LISTENERS:
            return None
        listener = Listener(token, scope)
        self._listeners.add(listener)
        self._opened += 1
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_on())
        return listener

    def leave(self, listener: Listener) -> None:
        """Forget somebody whose stream has ended."""
        self._listeners.discard(listener)

    def events_of(self, listener: Listener) -> AsyncIterator[bytes]:
        """Return what goes over the line of one of them."""
        retry_ms = FIRST_RETRY_MS + self._opened * SPREAD_BY_MS % SPREAD_MS
        return listener.events(retry_ms, lambda: pause_after(len(self._listeners)))

    def close(self) -> None:
        """End every stream and open no other: the process stops."""
        self._is_closed = True
        self._end()

    def _end(self) -> None:
        """End every stream; the pages go on by asking."""
        for listener in self._listeners:
            listener.end()

    async def _look_on(self) -> None:
        watch, looks = Watch(), 0
        try:
            while self._listeners:
                await self._look(watch, asks_who=looks % ASKED_EVERY == 0)
                looks += 1
                await sleep(LOOK_SECONDS)
        except SQLAlchemyError as why:
            log.warning("streams end", why=type(why).__name__)
        finally:
            self._looking = None
            self._end()

    async def _look(self, watch: Watch, *, asks_who: bool) -> None:
        """Look once, and tell whom it concerns. Who came meanwhile is told with the next look.

        Who is new is told in any case: something may have changed after their page was made.
        """
        present = list(self._listeners)
        asked = {one.token for one in present} if asks_who else set()
        try:
            async with turn():
                seen = await to_thread.run_sync(partial(look, watch, asked, time.monotonic()))
        except BusyError:
            return
        for one in present:
            if one.token in asked and seen.scopes.get(one.token) != one.scope:
                one.end()
            elif one.is_new or concerns(seen.touched, one.scope):
                one.tell()


def look(watch: Watch, tokens: Collection[bytes], at: float) -> Seen:
    """Ask the database once, in a thread. Errors: SQLAlchemyError where it is away."""
    with Session(database.get_engine()) as session:
        database.autocommit(session)
        return Seen(watch.look(session, at), scopes(session, tokens, real_now()) if tokens else {})


@cache
def hub() -> Hub:
    """Return the listeners of this process."""
    return Hub()
