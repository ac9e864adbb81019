"""What does every request pass before it reaches a page? Size, headers, the access log and the counters.

Plain ASGI: Starlette's BaseHTTPMiddleware runs each request in a task of its own, which costs throughput.
The access log holds no query string, because the code of a case may stand in it.
"""

import re
import time
from collections.abc import Mapping

import structlog
from fastapi import Request
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.web.crowd import Crowd
from service.web.deps import is_poll
from service.web.error_pages import Problem, answer, plain_problem, problem_of
from service.web.headers import add_headers
from service.web.incoming import MULTIPART, most_of_a_form
from service.web.turns import BUSY_AFTER_SECONDS, BusyError

log = structlog.get_logger("jiban.access")

MOST_BYTES = 1_000_000
MOST_BYTES_AT: Mapping[str, int] = dict.fromkeys(
    ("/admin/areas/import", "/admin/areas/boundaries/files", "/admin/rules/files", "/admin/people/files"), 21_000_000
)
"""Address prefixes that may take more."""
PHOTOS_AT = re.compile(
    r"/(submit|take-down|track/[^/]+/answer|cases/[^/]+/(photos|contact|reply|note|resolve)"
    r"|party/[^/]+/report|api/v1/(staff/)?cases/[^/]+/photos)"
)
"""Addresses whose form may bring photos."""
MOST_COMING = 600_000_000
"""Bytes of large forms that one process takes in at the same time: they lie on its disk until they are read."""
BUSY_SECONDS = 20
ALWAYS_LET_IN = ("/static/", "/healthz", "/readyz", "/metrics")
"""Who watches over the service hears how it is at any time, and its pages may look as they should."""
STREAM = "text/event-stream"
DRAINED_BYTES = 8_000_000
"""A body that is too large is thrown away up to here, so that the sender gets to read the answer."""

REQUESTS = Counter("jiban_requests", "Requests answered", ["route", "method", "status"])
SECONDS = Histogram(
    "jiban_request_seconds",
    "Time to answer a request",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5),
)


class Guard:
    """The outermost middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.coming = 0
        """Bytes of large forms that are being taken in."""
        self.crowd = Crowd()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, passage = time.perf_counter(), _Passage(scope, receive, send, self.crowd)
        try:
            if passage.announced > passage.most:
                await passage.refuse(plain_problem(Request(scope), 413))
            elif passage.share and self.coming + passage.share > MOST_COMING:
                await passage.refuse(plain_problem(Request(scope), 503, {"Retry-After": str(BUSY_SECONDS)}))
            elif passage.comes_too_late():
                await passage.refuse(problem_of(Request(scope), BusyError(retry_after=BUSY_AFTER_SECONDS)))
            else:
                await self._pass_on(passage)
        finally:
            _note(scope, passage.status, (passage.began_at or time.perf_counter()) - started)

    async def _pass_on(self, passage: "_Passage") -> None:
        self.coming += passage.share
        passage.begin()
        try:
            await self.app(passage.scope, passage.receive, passage.send)
        finally:
            self.coming -= passage.share
            passage.end()


class _Passage:
    """One request on its way through."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, crowd: Crowd) -> None:
        self.scope, self._receive, self._send, self._crowd = scope, receive, send, crowd
        headers = Headers(scope=scope)
        self._has_body = "content-length" in headers or "transfer-encoding" in headers
        self._is_counted = False
        self.most = self._most(headers.get("content-type", ""))
        length = headers.get("content-length", "")
        self.announced = int(length) if length.isdigit() else 0
        """Bytes, as far as the request says so."""
        large = self.announced > MOST_BYTES or (self.most > MOST_BYTES and not length)
        self.share = (self.announced or self.most) if large else 0
        self.read = 0
        self.status = 500
        self.began_at: float | None = None
        """When a stream began, which nobody waits to end."""

    def _most(self, kind: str) -> int:
        """Return how many bytes the body of that content type may have."""
        path = self.scope["path"]
        if self.scope["method"] == "POST" and kind.lower().startswith(MULTIPART) and PHOTOS_AT.fullmatch(path):
            return most_of_a_form()
        return next((n for start, n in MOST_BYTES_AT.items() if path.startswith(start)), MOST_BYTES)

    def comes_too_late(self) -> bool:
        """Do so many wait already that this one would wait too long?"""
        is_let_in = self.scope["path"].startswith(ALWAYS_LET_IN)
        return not is_let_in and self._crowd.is_too_large(for_a_poll=is_poll(Request(self.scope)))

    def begin(self) -> None:
        """Count the request among those under way, once it has arrived."""
        if not self._has_body:
            self._come()

    def _come(self) -> None:
        if not self._is_counted:
            self._crowd.come()
            self._is_counted = True

    def end(self) -> None:
        """Count the request no more: what still flows out to a slow reader, or for hours, keeps nobody busy."""
        if self._is_counted:
            self._crowd.go()
            self._is_counted = False

    async def refuse(self, problem: Problem) -> None:
        """Answer without handing the body to anybody."""
        response = answer(Request(self.scope), problem)
        await self._drain()
        await response(self.scope, self._receive, self.send)

    async def _drain(self) -> None:
        more = True
        while more and self.read < DRAINED_BYTES:
            message = await self._receive()
            self.read += len(message.get("body", b""))
            more = message.get("more_body", False)

    async def receive(self) -> Message:
        """Hand on a part of the body. Errors: HTTPException 413 when it is more than it may be."""
        message = await self._receive()
        self.read += len(message.get("body", b""))
        if self.read > self.most:
            if message.get("more_body", False):
                await self._drain()
            raise HTTPException(413)
        if message["type"] == "http.request" and self._has_body and not message.get("more_body", False):
            self._come()
        return message

    async def send(self, message: Message) -> None:
        """Hand on a part of the answer, with the headers that keep it safe."""
        if message["type"] == "http.response.start":
            self.status, headers = message["status"], MutableHeaders(scope=message)
            self.end()
            if headers.get("content-type", "").startswith(STREAM):
                self.began_at = time.perf_counter()
            is_versioned = self.scope["query_string"].startswith(b"v=")
            add_headers(headers, self.scope["path"], is_versioned=is_versioned)
        await self._send(message)


def _note(scope: Scope, status: int, seconds: float) -> None:
    elsewhere = "/static" if scope["path"].startswith("/static/") else "(none)"
    route = getattr(scope.get("route"), "path", elsewhere)
    REQUESTS.labels(route, scope["method"], str(status)).inc()
    SECONDS.labels(route).observe(seconds)
    log.info("request", method=scope["method"], path=scope["path"], status=status, ms=round(seconds * 1000, 1))
