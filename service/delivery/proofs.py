"""What proves that a message reached whom it was sent to? A code to type, or a link to press.

Neither is stored: both are made of the number of the proof when the message leaves.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping

from service.secrecy import signature

PATH, FOLLOW_PATH = "/mine/open", "/track/mail"
PROOF, FOLLOW = "proof-link", "follow-link"
"""What a link is good for: to open one's list, or to be written to about a case."""
DIGITS = 8
MOST_TOKEN = 100
MOST_ID = 18
"""Digits."""


def code_of(proof_id: int) -> str:
    """Return the digits that open this proof; only this installation can make them."""
    drawn = int.from_bytes(signature(f"proof-code:{proof_id}"), "big")
    return f"{drawn % 10**DIGITS:0{DIGITS}d}"


def token_of(row_id: int, purpose: str = PROOF) -> str:
    """Return what stands in a link: the row it names and a signature that holds for one purpose."""
    return f"{row_id}.{base64.urlsafe_b64encode(signature(f'{purpose}:{row_id}')).decode().rstrip('=')}"


def named_by(token: str, purpose: str = PROOF) -> int | None:
    """Return the row that a token names, or None where nobody here has signed it for that purpose."""
    named, _, signed = token[:MOST_TOKEN].partition(".")
    if not (named.isascii() and named.isdecimal()) or len(named) > MOST_ID:
        return None
    try:
        given = base64.urlsafe_b64decode(signed + "=" * (-len(signed) % 4))
    except (binascii.Error, ValueError):
        return None
    return int(named) if hmac.compare_digest(given, signature(f"{purpose}:{int(named)}")) else None


def facts_for(notice_id: int, facts: Mapping[str, str], public_url: str) -> dict[str, str]:
    """Return the link for the words of a notice that keeps a proof (with its code) or a wish to follow, or nothing."""
    if "follow_until" in facts:
        return {"link": f"{public_url}{FOLLOW_PATH}?key={token_of(notice_id, FOLLOW)}"}
    if "proof" not in facts:
        return {}
    code = code_of(int(facts["proof"]))
    return {"code": f"{code[:4]} {code[4:]}", "link": f"{public_url}{PATH}?key={token_of(int(facts['proof']))}"}
