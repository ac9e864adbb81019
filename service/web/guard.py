"""What does every request pass before it reaches a page? Size, headers, the access log and the counters.

Plain ASGI: Starlette's BaseHTTPMiddleware runs each request in a task of its own, which costs throughput.
The access log holds no query string, because the code of a case may stand in it.
"""

import time
from collections.abc import Mapping

import structlog
from fastapi import Request
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.web.error_pages import answer, plain_problem
from service.web.headers import add_headers

log = structlog.get_logger("jiban.access")

MOST_BYTES = 1_000_000
MOST_BYTES_AT: Mapping[str, int] = {"/admin/areas/import": 21_000_000}
"""Address prefixes that may take more, as for photos."""
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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, passage = time.perf_counter(), _Passage(scope, receive, send)
        try:
            if passage.announces_too_much():
                await passage.refuse()
            else:
                await self.app(scope, passage.receive, passage.send)
        finally:
            _note(scope, passage.status, time.perf_counter() - started)


class _Passage:
    """One request on its way through."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope, self._receive, self._send = scope, receive, send
        self.most = next((n for path, n in MOST_BYTES_AT.items() if scope["path"].startswith(path)), MOST_BYTES)
        self.read = 0
        self.status = 500

    def announces_too_much(self) -> bool:
        """Does the request say that its body is too large?"""
        length = Headers(scope=self.scope).get("content-length", "")
        return length.isdigit() and int(length) > self.most

    async def refuse(self) -> None:
        """Answer 413 without handing the body to anybody."""
        response = answer(Request(self.scope), plain_problem(Request(self.scope), 413))
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
        return message

    async def send(self, message: Message) -> None:
        """Hand on a part of the answer, with the headers that keep it safe."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            is_versioned = self.scope["query_string"].startswith(b"v=")
            add_headers(MutableHeaders(scope=message), self.scope["path"], is_versioned=is_versioned)
        await self._send(message)


def _note(scope: Scope, status: int, seconds: float) -> None:
    elsewhere = "/static" if scope["path"].startswith("/static/") else "(none)"
    route = getattr(scope.get("route"), "path", elsewhere)
    REQUESTS.labels(route, scope["method"], str(status)).inc()
    SECONDS.labels(route).observe(seconds)
    log.info("request", method=scope["method"], path=scope["path"], status=status, ms=round(seconds * 1000, 1))
