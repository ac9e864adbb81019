"""What do the headers of a call ask for: only if nothing changed meanwhile, and how much to be told?"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header

from service.errors import InvalidFieldsError

MINIMAL = "return=minimal"
"""Of RFC 7240: tell no more than that it was done."""


@dataclass(frozen=True)
class Wished:
    """What the headers of an action ask for."""

    version: int | None
    """Only if the case is still as the caller saw it."""
    is_minimal: bool


def wished(
    if_match: Annotated[str | None, Header(max_length=20)] = None,
    prefer: Annotated[str | None, Header(max_length=200)] = None,
) -> Wished:
    """Return what If-Match and Prefer ask for; of a preference told twice the first counts.

    Errors: InvalidFieldsError where If-Match is no version.
    """
    told = [one.partition(";")[0].replace(" ", "").lower() for one in (prefer or "").split(",")]
    shape = next((one for one in told if one.startswith("return=")), "")
    return Wished(_version(if_match), shape == MINIMAL)


Wishes = Annotated[Wished, Depends(wished)]


def _version(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    plain = if_match.strip().removeprefix("W/").strip('"')
    if not plain.isascii() or not plain.isdecimal():
        raise InvalidFieldsError({"If-Match": "This is not a version of the case."})
    return int(plain)
