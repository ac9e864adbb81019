"""What may be written down about an area, and what stands in the way of changing it?"""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from service.areas.rules import DEPTH, AreaLevel
from service.errors import InvalidFieldsError

NAME_MOST = 60
ADDRESS_MOST = 200
LEAST_OPEN = timedelta(hours=8)
"""A desk should be open this long on each day (DOMAIN 3: 8 小时工作制)."""
MINUTES_A_DAY = 24 * 60
_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{1,29}")
_PHONE = re.compile(r"[0-9+][0-9 ()-]{2,24}")
_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*(?:-|–|—|~|至|to)\s*(\d{1,2}):(\d{2})")
_BETWEEN_HOURS = re.compile(r"[,，、;；\n]+")
_TOO_LONG = "Please give a name of at most 60 characters."
_NOT_EMPTY = "Please write something here."


@dataclass(frozen=True)
class AreaDetails:
    """What is written down about an area, beside its code, its level and its boundary."""

    name: str
    name_en: str
    parent_id: int | None
    desk_name: str
    desk_name_en: str
    phone: str = ""
    address: str = ""
    opening_hours: str = ""
    is_active: bool = True


@dataclass(frozen=True)
class Above:
    """What matters of the area that another one is to lie in."""

    level: AreaLevel
    is_active: bool
    is_below: bool = False
    """It is the other one itself, or lies in it."""


@dataclass(frozen=True)
class Held:
    """What an area still holds and would leave without a place."""

    people: int = 0
    cases: int = 0
    areas: int = 0

    @property
    def is_empty(self) -> bool:
        """Does it hold nothing?"""
        return not (self.people or self.cases or self.areas)


class AreaInUseError(InvalidFieldsError):
    """The area cannot be closed: people, open cases or areas lie in it."""

    status, code = 422, "area-in-use"
    sentence = (
        "This area cannot be closed yet. Still here: people {people}, open cases {cases}, areas below {areas}. "
        "Please move them first."
    )

    def __init__(self, held: Held) -> None:
        super().__init__({"is_active": self.sentence}, people=held.people, cases=held.cases, areas=held.areas)


def check_area(details: AreaDetails, level: AreaLevel, above: Above | None, *, code_fault: str | None = None) -> None:
    """Accept details that can be stored. `above` is None for a parent that is not given or not known.

    Errors: InvalidFieldsError, naming each field.
    """
    wrong = {"code": code_fault} if code_fault else {}
    wrong |= _wrong_words(details)
    parent = _wrong_parent(details, level, above)
    if parent:
        wrong["parent_id"] = parent
    if wrong:
        raise InvalidFieldsError(wrong)


def new_code_fault(code: str, *, is_free: bool) -> str | None:
    """Return what is wrong with a new code, or None."""
    if not _CODE.fullmatch(code):
        return "A code has 2 to 30 digits, letters and hyphens."
    return None if is_free else "Another area has this code. Please choose another."


def _wrong_words(details: AreaDetails) -> dict[str, str]:
    wrong: dict[str, str] = {}
    for field in ("name", "name_en", "desk_name", "desk_name_en"):
        value = getattr(details, field).strip()
        if not 0 < len(value) <= NAME_MOST:
            wrong[field] = _TOO_LONG if value else _NOT_EMPTY
    if details.phone and not _PHONE.fullmatch(details.phone):
        wrong["phone"] = "Please give a telephone number of digits, such as 0500-5550101."
    if len(details.address) > ADDRESS_MOST:
        wrong["address"] = "Please give an address of at most 200 characters."
    if details.opening_hours and opening(details.opening_hours) is None:
        wrong["opening_hours"] = "Please write the hours like 08:30–12:00, 13:30–18:00."
    return wrong


def _wrong_parent(details: AreaDetails, level: AreaLevel, above: Above | None) -> str | None:
    if level is AreaLevel.COUNTY:
        return "A county lies in no other area." if details.parent_id is not None else None
    if above is None:
        return "Please choose the area in which it lies."
    if above.is_below:
        return "An area cannot lie in itself or in an area below it."
    if DEPTH[above.level] >= DEPTH[level]:
        return "The area above must be of a higher level."
    if details.is_active and not above.is_active:
        return "The area above is closed. Please open it first, or choose another."
    return None


def opening(hours: str) -> tuple[tuple[int, int], ...] | None:
    """Return the spans of '08:30–12:00, 13:30–18:00' in minutes of the day; None when it cannot be read.

    A span that ends at or before its start goes on after midnight.
    """
    spans: list[tuple[int, int]] = []
    for part in _BETWEEN_HOURS.split(hours.strip()):
        found = _HOURS.fullmatch(part.strip())
        if found is None:
            return None
        hour, minute, to_hour, to_minute = (int(number) for number in found.groups())
        starts, ends = hour * 60 + minute, to_hour * 60 + to_minute
        if minute > 59 or to_minute > 59 or starts >= MINUTES_A_DAY or ends > MINUTES_A_DAY:
            return None
        spans.append((starts, ends if ends > starts else ends + MINUTES_A_DAY))
    return tuple(spans)


def tidy_hours(hours: str) -> str:
    """Return opening hours as they are stored: '08:30–12:00, 13:30–18:00'; what cannot be read stays as it is."""
    spans = opening(hours)
    if spans is None:
        return hours.strip()
    return ", ".join(f"{_clock(starts)}–{_clock(ends)}" for starts, ends in spans)


def _clock(minutes: int) -> str:
    wrapped = minutes if minutes <= MINUTES_A_DAY else minutes - MINUTES_A_DAY
    return f"{wrapped // 60:02d}:{wrapped % 60:02d}"


def open_for(hours: str) -> timedelta | None:
    """Return how long a day the desk is open, overlaps counted once; None when no hours are given."""
    spans = opening(hours) if hours else None
    if not spans:
        return None
    minutes = {minute % MINUTES_A_DAY for starts, ends in spans for minute in range(starts, ends)}
    return timedelta(minutes=len(minutes))


def is_open_too_little(hours: str) -> bool:
    """Is the desk open for less than eight hours a day, or does nobody know?"""
    length = open_for(hours)
    return length is None or length < LEAST_OPEN


def columns(details: AreaDetails) -> dict[str, Any]:
    """Return the columns that the details fill, tidied."""
    return {
        "name": details.name.strip(),
        "name_en": details.name_en.strip(),
        "parent_id": details.parent_id,
        "desk_name": details.desk_name.strip(),
        "desk_name_en": details.desk_name_en.strip(),
        "phone": details.phone.strip(),
        "address": details.address.strip(),
        "opening_hours": tidy_hours(details.opening_hours),
        "is_active": details.is_active,
    }
