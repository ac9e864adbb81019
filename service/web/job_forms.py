"""How is a job of an outside party typed, and what a worker says to it?"""

from collections.abc import Mapping

from pydantic import BaseModel

from service.commissions.actions import GivenJob, Said

QUANTITY = "quantity-"
MOST_DIGITS = 18


class NewJob(BaseModel):
    """What the form of a new job sends; it is checked where it is done."""

    party: str = ""
    text: str = ""
    place: str = ""
    hours: str = ""
    photos: tuple[str, ...] = ()
    lang: str = ""
    size: str = ""
    was_refused: str = ""

    def given(self) -> GivenJob:
        """Return the job for the action."""
        return GivenJob(_number(self.party) or 0, self.text, self.place, self.photos, self.hours)


def said_in(typed: Mapping[str, str]) -> Said:
    """Return the answers for the action; a version that is none was not seen."""
    quantities = {
        int(place): value
        for name, value in typed.items()
        if name.startswith(QUANTITY) and _number(place := name.removeprefix(QUANTITY)) is not None
    }
    return Said(typed.get("text", ""), typed.get("hours", ""), quantities, _number(typed.get("version", "")))


def _number(text: str) -> int | None:
    is_number = text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
    return int(text) if is_number else None
