"""What proves that a message reached whom it was sent to? A code to type, or a link to press.

Neither is stored: both are made of the number of the proof when the message leaves.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping

from service.secrecy import signature

PATH = "/mine/open"
DIGITS = 8
MOST_TOKEN = 100


def code_of(proof_id: int) -> str:
    """Return the digits that open this proof; only this installation can make them."""
    drawn = int.from_bytes(signature(f"proof-code:{proof_id}"), "big")
    return f"{drawn % 10**DIGITS:0{DIGITS}d}"


def token_of(proof_id: int) -> str:
    """Return what stands in the link: the proof and a signature."""
    return f"{proof_id}.{base64.urlsafe_b64encode(signature(f'proof-link:{proof_id}')).decode().rstrip('=')}"


def proof_of(token: str) -> int | None:
    """Return the proof that a token names, or None where nobody here has signed it."""
    named, _, signed = token[:MOST_TOKEN].partition(".")
    if not (named.isascii() and named.isdecimal()):
        return None
    try:
        given = base64.urlsafe_b64decode(signed + "=" * (-len(signed) % 4))
    except (binascii.Error, ValueError):
        return None
    return int(named) if hmac.compare_digest(given, signature(f"proof-link:{int(named)}")) else None


def facts_for(facts: Mapping[str, str], public_url: str) -> dict[str, str]:
    """Return code and link for the words of a notice that keeps a proof; nothing for others."""
    if "proof" not in facts:
        return {}
    code = code_of(int(facts["proof"]))
    return {"code": f"{code[:4]} {code[4:]}", "link": f"{public_url}{PATH}?key={token_of(int(facts['proof']))}"}
