"""What arrived? A small mail server and a webhook that count each key, are slow, refuse some and break off some."""

import json
import random
import re
import socketserver
import threading
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import unquote

SLOW_SECONDS = 0.008
REFUSED, BROKEN_OFF = 0.03, 0.03
"""Shares: refused for now (SMTP 451, HTTP 503), and taken without the sender hearing so."""
HOOK_BREAKS_OFF_AT = 12
"""Which copy: a webhook that breaks off is left alone for a while, so once in a round is enough."""


def plain(key: str) -> str:
    """Return a notice's key as it is known again in a Message-ID."""
    return re.sub(r"[^0-9A-Za-z]+", ".", key)


@dataclass(frozen=True)
class Copy:
    """One copy of a notice that arrived; `to` is a mail address or a login, `at` is monotonic."""

    key: str
    by: str
    """The kind of channel: mail or webhook."""
    to: str
    body: str
    at: float
    broken_off: bool


@dataclass
class Box:
    """Everything that arrived."""

    seed: int
    refused_share: float = REFUSED
    broken_off_share: float = BROKEN_OFF
    copies: dict[str, list[Copy]] = field(default_factory=lambda: defaultdict(list))
    lock: threading.Lock = field(default_factory=threading.Lock)
    hooks: int = 0

    def __post_init__(self) -> None:
        self._dice = random.Random(f"mail {self.seed}")

    def take_mail(self, raw: bytes) -> str:
        """Take a mail or not; return what to answer, nothing for a line that breaks off."""
        mail = message_from_bytes(raw, policy=default)
        key = plain(unquote(str(mail["Message-ID"]).strip().removeprefix("<").removesuffix("@jiban>")))
        with self.lock:
            dice = self._dice.random()
            if dice < self.refused_share:
                return "451 try again"
            broken_off = dice < self.refused_share + self.broken_off_share
            text = mail.get_content() + str(mail["Subject"])
            self.copies[key].append(Copy(key, "mail", str(mail["To"]), text, time.monotonic(), broken_off))
            return "" if broken_off else "250 taken"

    def take_hook(self, key: str, said: dict[str, str]) -> int:
        """Take a webhook's call or not; return the status to answer with, 0 for a line that breaks off."""
        with self.lock:
            if self._dice.random() < self.refused_share:
                return 503
            self.hooks += 1
            broken_off = self.hooks == HOOK_BREAKS_OFF_AT
            text = said["text"] + said["subject"]
            self.copies[plain(key)].append(Copy(plain(key), "webhook", said["to"], text, time.monotonic(), broken_off))
            return 0 if broken_off else 200


class _Talk(socketserver.StreamRequestHandler):
    """One connection of a mail server."""

    timeout = 20
    disable_nagle_algorithm = True

    def handle(self) -> None:
        time.sleep(SLOW_SECONDS)
        self._say("220 storm")
        while line := self.rfile.readline(2000):
            verb = line[:4].upper()
            if verb == b"DATA":
                self._say("354 go on")
                answer = self.server.box.take_mail(self._data())  # type: ignore[attr-defined]
                if not answer:
                    return
                self._say(answer)
            elif verb == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def _data(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        if not line:
            raise ConnectionAbortedError("the sender went away within a mail")
        return b"".join(lines)


class _Call(BaseHTTPRequestHandler):
    """One call of a webhook."""

    timeout = 20

    def do_POST(self) -> None:
        time.sleep(SLOW_SECONDS)
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionAbortedError("the sender went away within a call")
        status = self.server.box.take_hook(self.headers["Idempotency-Key"], json.loads(body))  # type: ignore[attr-defined]
        if status:
            self.send_response(status)
            self.end_headers()

    def log_message(self, *_: object) -> None:
        """What came stands in the box."""


class _Mails(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads, request_queue_size = True, True, 64
    box: Box

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that was killed in the middle of a line is what this is for."""


class _Hooks(ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 64
    box: Box

    def handle_error(self, request: Any, client_address: Any) -> None:
        """See above."""


class Receiver:
    """Listens on two free ports of this machine as long as the `with` block."""

    def __init__(self, seed: int) -> None:
        self.box = Box(seed)
        self._mails, self._hooks = _Mails(("127.0.0.1", 0), _Talk), _Hooks(("127.0.0.1", 0), _Call)
        self._ends = ExitStack()

    @property
    def mail_address(self) -> tuple[str, int]:
        return "127.0.0.1", self._mails.server_address[1]

    @property
    def mail_url(self) -> str:
        return f"smtp://127.0.0.1:{self._mails.server_address[1]}"

    @property
    def hook_host(self) -> str:
        return f"127.0.0.1:{self._hooks.server_address[1]}"

    def __enter__(self) -> Self:
        for server in (self._mails, self._hooks):
            server.box = self.box
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            self._ends.callback(server.server_close)
            self._ends.callback(server.shutdown)
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()
