"""A small HTTP receiver and a small SMTP server: they count what comes, and behave as badly as they are told."""

import json
import socketserver
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Received:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


@dataclass
class Receiver:
    """What has come, and what is answered."""

    port: int = 0
    status: int = 200
    answer: bytes = b'{"errcode": 0}'
    location: str = ""
    hangs: float = 0.0
    drips: float = 0.0
    requests: list[Received] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def by_key(self) -> Counter[str]:
        return Counter(r.headers.get("idempotency-key", "") for r in self.requests)


@contextmanager
def receiving() -> Iterator[Receiver]:
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.requests.append(Received(self.path, headers, body))
            state.came.set()
            time.sleep(state.hangs)
            try:
                self.send_response(state.status)
                if state.location:
                    self.send_header("Location", state.location)
                self.end_headers()
                for byte in state.answer:
                    self.wfile.write(bytes([byte]))
                    time.sleep(state.drips)
            except OSError:
                pass

        do_GET = do_POST  # noqa: N815  # As the base calls it.

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Mailbox:
    """What an SMTP server took in."""

    port: int = 0
    refuses: str = ""
    answers: str = "250 taken"
    """To a mail; nothing: the line breaks off."""
    hangs: float = 0.0
    """Seconds before that answer."""
    mails: list[str] = field(default_factory=list)


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    state = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def handle(self) -> None:
            self.say("220 here")
            for raw in self.rfile:
                word = raw.decode().strip().upper()
                if word.startswith("DATA"):
                    self.say("354 go on")
                    lines = []
                    for line in self.rfile:
                        if line.strip() == b".":
                            break
                        lines.append(line.decode())
                    state.mails.append("".join(lines))
                    time.sleep(state.hangs)
                    if not state.answers:
                        return
                    self.say(state.answers)
                elif word.startswith("RCPT") and state.refuses:
                    self.say(state.refuses)
                elif word.startswith("QUIT"):
                    self.say("221 bye")
                    return
                else:
                    self.say("250 ok")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        state.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield state
        server.shutdown()
