"""What proves that a message about a job reached whom it was sent to? A link that is signed, and good until a moment.

The link itself is stored nowhere: it is made from what the notice knows when the notice leaves.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from service.secrecy import signature

PATH = "/party"
MOST_TOKEN = 200
_PURPOSE = "party-job"


@dataclass(frozen=True)
class JobLink:
    """Which link to which job, and until when it counts, in whole seconds; a later serial ends the earlier ones."""

    job_id: int
    serial: int
    until: datetime


def token_of(link: JobLink) -> str:
    """Return what stands in the address: the facts and a signature that only this installation can make."""
    said = f"{link.job_id}.{link.serial}.{int(link.until.timestamp())}"
    return f"{said}.{base64.urlsafe_b64encode(signature(f'{_PURPOSE}:{said}')).decode().rstrip('=')}"


def link_of(token: str) -> JobLink | None:
    """Return the link that a token is, or None where nobody here has signed it. Its time may be over."""
    said, _, signed = token.rpartition(".")
    parts = said.split(".")
    if len(token) > MOST_TOKEN or not said.isascii() or not _is_signed(said, signed):
        return None
    job_id, serial, until = (int(part) for part in parts)
    return JobLink(job_id, serial, datetime.fromtimestamp(until, UTC))


def _is_signed(said: str, signed: str) -> bool:
    try:
        given = base64.urlsafe_b64decode(signed + "=" * (-len(signed) % 4))
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(given, signature(f"{_PURPOSE}:{said}"))


def facts_of(link: JobLink) -> dict[str, str]:
    """Return what a notice keeps of a link."""
    return {"job": str(link.job_id), "serial": str(link.serial), "until": link.until.isoformat()}


def address_in(facts: Mapping[str, str], public_url: str) -> dict[str, str]:
    """Return the address for the words of a notice that keeps a link; nothing for others."""
    if "serial" not in facts:
        return {}
    link = JobLink(int(facts["job"]), int(facts["serial"]), datetime.fromisoformat(facts["until"]))
    return {"link": f"{public_url}{PATH}?key={token_of(link)}"}
