"""How are messages handed to Apprise? By a process that starts with the first and ends with the last of a sweep."""

import json
import os
import re
import select
import subprocess
import sys
import time
from types import TracebackType
from typing import Any, Self

from service.outbox.channels import DeliveryFailedError
from service.outbox.reasons import Reason

CHILD = "service.delivery.apprise_child"
DONE_WITHIN = 20.0
"""Seconds for one message; the first also waits for the start."""
START_WITHIN = 20.0
MOST_LINE = 100_000
SERVICES = (
    *("wecombot", "dingtalk", "feishu", "lark", "pushplus", "schan", "wxpusher", "wechat", "pushdeer", "bark", "barks"),
    *(
        "vonage",
        "nexmo",
        "twilio",
        "sinch",
        "clickatell",
        "msgbird",
        "bulksms",
        "seven",
        "smsmanager",
        "d7sms",
        "msg91",
    ),
    *("plivo", "infobip", "telesign", "clicksend", "sns", "kaleyra", "httpsms", "smseagle", "whatsapp"),
    *("mailto", "mailtos", "slack", "workflows", "gchat", "tgram", "matrix", "matrixs", "mmost", "mmosts", "rocket"),
    *("rockets", "nctalk", "nctalks", "zulip", "ntfy", "ntfys", "gotify", "gotifys", "webex", "discord", "line"),
)
"""The services an administrator may use: those that speak to people over the network. Others would act here."""


class Postman:
    """One process that speaks Apprise; used by one thread."""

    def __init__(self, allowed: str) -> None:
        self._allowed = allowed
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""

    def __enter__(self) -> Self:
        """Start nothing yet: perhaps there is no message."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        self.close()

    def send(self, url: str, *, subject: str, body: str) -> str:
        """Send one message and return its receipt. Errors: DeliveryFailedError, never with the keys of the address."""
        order = json.dumps({"url": url, "title": subject, "body": body}).encode() + b"\n"
        is_first = self._process is None
        try:
            process = self._process or self._start()
            _write(process, order)
            answer = self._answer(process, DONE_WITHIN + (START_WITHIN if is_first else 0))
        except (OSError, ValueError) as why:
            self.close()
            raise DeliveryFailedError(Reason.NO_APPRISE.quoting(why), is_away=True) from why
        if not answer["ok"]:
            raise DeliveryFailedError(masked(str(answer["said"]), url), permanent=bool(answer["permanent"]))
        return str(answer["said"])

    def close(self) -> None:
        """End the process, by force: it holds nothing worth keeping."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process, self._rest = None, b""

    def _start(self) -> "subprocess.Popen[bytes]":
        bare = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "SSL_CERT_FILE") if name in os.environ}
        self._process = subprocess.Popen(  # noqa: S603  # Our own module, no shell.
            [sys.executable, "-m", CHILD, self._allowed],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=bare | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        return self._process

    def _answer(self, process: "subprocess.Popen[bytes]", within: float) -> dict[str, Any]:
        """Return the next line. Errors: TimeoutError, OSError, ValueError."""
        give_up = time.monotonic() + within
        out = process.stdout
        while out is not None and b"\n" not in self._rest:
            if not select.select([out], [], [], max(0.0, give_up - time.monotonic()))[0]:
                raise TimeoutError(f"no answer within {within:g} s")
            more = os.read(out.fileno(), 65536)
            if not more or len(self._rest) > MOST_LINE:
                raise OSError("its process has ended")
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _write(process: "subprocess.Popen[bytes]", order: bytes) -> None:
    if process.stdin is not None:
        process.stdin.write(order)
        process.stdin.flush()


def masked(text: str, url: str) -> str:
    """Return a text without any longer part of an address, which may be a key."""
    secrets = sorted((part for part in re.split(r"[^\w.-]+", url.partition("://")[2]) if len(part) > 5), key=len)
    for part in reversed(secrets):
        text = text.replace(part, "****")
    return text
