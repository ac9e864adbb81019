"""How does a page hear at once that something changed? By a stream of events that name nothing and nobody.

A page fetches its part again as it always did. Where the stream does not come about, it asks every few seconds.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from fastapi import APIRouter, Request
from fastapi.responses import Response
from fastapi.sse import EventSourceResponse
from starlette.types import Receive, Scope, Send

from service.live import rules
from service.live.queries import scopes
from service.secrecy import token_hash
from service.web.deps import SESSION_COOKIE, DbSession, SignInNeededError, real_now
from service.web.live_hub import hub
from service.web.worker import Working

router = APIRouter(include_in_schema=False)

Hearing = Callable[[int, FrameType | None], object]
UNBUFFERED = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}
"""What tells proxies to hand on each event as it comes."""


class LiveStream(Response):
    """An open stream; 204 where too many are open already, upon which a browser does not come back by itself."""

    def __init__(self, token: bytes, scope: rules.Scope) -> None:
        super().__init__(status_code=204)
        self._who = token, scope

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until either side ends it."""
        listener = hub().join(*self._who)
        if listener is None:
            await super().__call__(scope, receive, send)
            return
        try:
            await EventSourceResponse(hub().events_of(listener), headers=UNBUFFERED)(scope, receive, send)
        finally:
            hub().leave(listener)


@router.get("/live")
def listen(request: Request, session: DbSession, person: Working) -> Response:  # noqa: ARG001  # Asked for its errors.
    """Open a stream for whoever is signed in with a browser. The database is asked before it begins, then no more."""
    token = token_hash(request.cookies.get(SESSION_COOKIE, ""))
    scope = scopes(session, [token], real_now()).get(token)
    if scope is None:
        raise SignInNeededError
    return LiveStream(token, scope)


@contextmanager
def ending_with_the_process() -> Iterator[None]:
    """End all streams as soon as a signal asks the process to stop; the server hears the signal as before.

    The server lets answers end before it tells the application that it stops: it would wait for streams in vain.
    """
    loop = asyncio.get_running_loop()
    heard: dict[signal.Signals, Hearing] = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            before = signal.getsignal(number)
            if callable(before):
                heard[number] = before
                signal.signal(number, _as_well(before, lambda: loop.call_soon_threadsafe(hub().close)))
    yield
    for number, before in heard.items():
        signal.signal(number, before)


def _as_well(before: Hearing, end: Callable[[], object]) -> Hearing:
    def hear(number: int, frame: FrameType | None) -> None:
        end()
        before(number, frame)

    return hear
