"""How is a webhook sent: signed, to a checked address, without redirects, within bounds?

A receiver takes the header `Jiban-Timestamp`, a full stop and the body as it came, makes the HMAC-SHA256 of them with
the shared secret, and compares it (in constant time) with the hexadecimal digits behind `v1=` in `Jiban-Signature`. It
refuses timestamps older than five minutes, and drops a second message with the same `Idempotency-Key`.
"""

import contextlib
import hmac
import http.client
import socket
import ssl
import threading
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import SplitResult, urlsplit

from service.delivery.addresses import AddressRefusedError, Checked, checked
from service.delivery.answers import complaint
from service.outbox.channels import DeliveryFailedError
from service.outbox.reasons import Reason

CONNECT_WITHIN = 5.0
DONE_WITHIN = 10.0
"""Seconds from the first byte sent to the last one read, however slowly they come."""
MOST_ANSWER = 64 * 1024
TRY_AGAIN = frozenset({408, 425, 429})
"""Answers of the kind 4xx that another try may change."""
PORTS = {"http": 80, "https": 443}


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return what `Jiban-Signature` holds for a body sent at that time (seconds since 1970)."""
    return "v1=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, "sha256").hexdigest()


@dataclass(frozen=True)
class Webhook:
    """One receiver; `allowed` are the inside hosts that may be called."""

    url: str
    secret: str
    allowed: Collection[str] = ()

    def send(self, *, key: str, body: bytes, at: datetime) -> str:
        """Send one message and return its receipt. `at` is the real time. Errors: DeliveryFailedError."""
        line = self._line()
        timestamp = str(int(at.timestamp()))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Idempotency-Key": key,
            "Jiban-Timestamp": timestamp,
            "Jiban-Signature": signature(self.secret, timestamp, body),
            "User-Agent": "Jiban-Webhook/1",
            "Connection": "close",
        }
        ending = threading.Timer(DONE_WITHIN, line.cut)
        ending.daemon = True
        try:
            line.connect()
            ending.start()
            line.request("POST", self._target(urlsplit(self.url)), body, headers)
            answer = line.getresponse()
            said = answer.read(MOST_ANSWER)
        except (OSError, http.client.HTTPException) as why:
            raise DeliveryFailedError(Reason.NO_ANSWER.quoting(f"{type(why).__name__}: {why}"), is_away=True) from why
        finally:
            ending.cancel()
            line.close()
        if line.was_cut:
            raise DeliveryFailedError(Reason.NOT_WHOLE, is_away=True)
        return _judged(answer.status, said)

    def _line(self) -> "_Line":
        parts = urlsplit(self.url)
        try:
            host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
            return _Line(host, port, checked(host, port, self.allowed), is_secret=parts.scheme == "https")
        except (KeyError, ValueError) as why:
            raise DeliveryFailedError(Reason.NOT_A_WEBHOOK, permanent=True) from why
        except AddressRefusedError as why:
            raise DeliveryFailedError(str(why), permanent=not str(why).startswith(Reason.NOT_FOUND)) from why

    def _target(self, parts: SplitResult) -> str:
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _judged(status: int, said: bytes) -> str:
    """Return the receipt of an answer. Errors: DeliveryFailedError."""
    if status in range(300, 400):
        raise DeliveryFailedError(Reason.REDIRECTS.quoting(f"HTTP {status}"), permanent=True)
    if status not in range(200, 300):
        is_final = status in range(400, 500) and status not in TRY_AGAIN
        raise DeliveryFailedError(Reason.REFUSED.quoting(f"HTTP {status}"), permanent=is_final)
    wrong = complaint(said)
    if wrong:
        raise DeliveryFailedError(Reason.COMPLAINS.quoting(f"HTTP {status}, {wrong}"))
    return Reason.TAKEN.quoting(f"HTTP {status}")


class _Line(http.client.HTTPConnection):
    """A connection to the very address that was checked; the name is used for TLS and the Host header only."""

    def __init__(self, host: str, port: int, address: Checked, *, is_secret: bool) -> None:
        super().__init__(host, port, timeout=DONE_WITHIN)
        self.default_port = PORTS["https" if is_secret else "http"]
        self._address, self._is_secret = address, is_secret
        self._held: socket.socket | None = None
        self.was_cut = False

    def connect(self) -> None:
        """Connect; the lookup has been done."""
        raw = socket.socket(self._address.family, socket.SOCK_STREAM)
        raw.settimeout(CONNECT_WITHIN)
        try:
            raw.connect(self._address.target)
            if self._is_secret:
                raw = ssl.create_default_context().wrap_socket(raw, server_hostname=self.host)
        except BaseException:
            raw.close()
            raise
        raw.settimeout(DONE_WITHIN)
        self.sock = self._held = raw

    def cut(self) -> None:
        """End the connection, whoever is reading from it."""
        self.was_cut = True
        if self._held is not None:  # The connection itself lets go of it as soon as the answer begins.
            with contextlib.suppress(OSError):
                self._held.shutdown(socket.SHUT_RDWR)
