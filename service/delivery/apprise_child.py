"""How does one message go through Apprise? A process of its own: a line of JSON in, a line of JSON out.

Apprise and its 190 services need 45 MB and know no bounds: here they are fenced in, and gone when the sweep is over.
The fence: no address inside the house (checked where the connection is made), no redirects, no answer above a size,
and nothing of our settings or secrets in the environment.
"""

import json
import socket
import sys
from typing import Any

import apprise
import requests

from service.delivery.addresses import allowed_hosts, is_public
from service.delivery.answers import complaint
from service.outbox.reasons import Reason

SECONDS = 10
MOST_ANSWER = 256 * 1024


class _OutsideOnly(socket.socket):
    """A socket that connects to nothing inside, whatever a name, a redirect or a service leads to."""

    def connect(self, address: Any) -> None:  # noqa: ANN401  # As the base has it.
        _check(address)
        super().connect(address)

    def connect_ex(self, address: Any) -> int:  # noqa: ANN401  # As the base has it.
        _check(address)
        return super().connect_ex(address)


_allowed: set[str] = set()


def _check(address: Any) -> None:  # noqa: ANN401  # Whatever a kind of socket calls an address.
    if not isinstance(address, tuple):
        raise PermissionError("only the internet may be called")
    host, port = str(address[0]), address[1]
    if not {host, f"{host}:{port}"} & _allowed and not is_public(host):
        raise PermissionError(f"{host} is not on the public internet")


class _Bounded(requests.adapters.HTTPAdapter):
    """Reads no more of an answer than it may, and keeps what it complained about."""

    complaints: list[str]

    def send(self, request: Any, *_: Any, **how: Any) -> Any:  # noqa: ANN401  # As the base has it.
        answer: Any = super().send(request, **(how | {"stream": True, "timeout": SECONDS}))
        # The library offers no bound, so its own reading is forestalled.
        answer._content = answer.raw.read(MOST_ANSWER, decode_content=True)  # noqa: SLF001
        answer._content_consumed = True  # noqa: SLF001
        wrong = complaint(answer.content)
        if wrong:
            _Bounded.complaints.append(Reason.COMPLAINS.quoting(wrong))
        if answer.is_redirect:
            _Bounded.complaints.append(Reason.REDIRECTS.quoting(f"HTTP {answer.status_code}"))
        return answer


def fence(allowed: str) -> None:
    """Bound what this process may do; for its whole life."""
    for host in allowed_hosts(allowed):
        name, _, port = host.rpartition(":") if host.count(":") == 1 else (host, "", "")
        for *_, target in socket.getaddrinfo(name, None):
            _allowed.add(f"{target[0]}:{port}" if port else str(target[0]))
    socket.setdefaulttimeout(SECONDS)
    socket.socket = _OutsideOnly  # type: ignore[misc]
    setattr(requests.sessions, "HTTPAdapter", _Bounded)  # noqa: B010  # Not exported, and the only place to take.
    setattr(requests.Session, "get_redirect_target", lambda *_: None)  # noqa: B010  # A method.


def deliver(order: dict[str, str]) -> dict[str, Any]:
    """Send one message: {"url", "title", "body"} → {"ok", "said", "permanent"}."""
    asset = apprise.AppriseAsset(storage_mode=apprise.PersistentStoreMode.MEMORY, secure_logging=True)
    service = apprise.Apprise.instantiate(order["url"], asset=asset, suppress_exceptions=True)
    if service is None:
        return {"ok": False, "said": Reason.NOT_UNDERSTOOD, "permanent": True}
    _Bounded.complaints = []
    with apprise.LogCapture(level=apprise.logging.WARNING, fmt="%(message)s") as told:  # type: ignore[no-untyped-call]
        is_sent = bool(service.notify(title=order["title"], body=order["body"]))
        lines = told.getvalue().strip().splitlines()
    if is_sent and not _Bounded.complaints:
        return {"ok": True, "said": Reason.TAKEN.quoting("Apprise"), "permanent": False}
    said = _Bounded.complaints[-1] if _Bounded.complaints else Reason.REFUSED.quoting(lines[-1] if lines else "")
    return {"ok": False, "said": said, "permanent": False}


def main() -> None:
    """Take orders until the input ends; whatever happens to one of them is its answer."""
    fence(sys.argv[1] if len(sys.argv) > 1 else "")
    for line in sys.stdin:
        try:
            answer = deliver(json.loads(line))
        except Exception as why:  # noqa: BLE001  # 190 services of others: what one of them raises is its answer.
            answer = {"ok": False, "said": Reason.NOT_SENT.quoting(f"{type(why).__name__}: {why}"), "permanent": False}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
