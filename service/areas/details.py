"""What may be written down about an area, and what stands in the way of changing it?"""

import re
from dataclasses import dataclass
from typing import Any

from service.areas.opening import opening, special_days, tidy_days, tidy_hours
from service.areas.rules import DEPTH, AreaLevel
from service.errors import InvalidFieldsError

NAME_MOST = 60
ADDRESS_MOST = 200
ALIASES_MOST = 200
_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{1,29}")
_PHONE = re.compile(r"[0-9+][0-9 ()-]{2,24}")
_BETWEEN_NAMES = re.compile(r"[,，、;；|\n]+")
DEPARTMENT = "department"
"""Stands among the levels where people and files name one."""
NO_GROUND = "A department has no ground, so it has no boundary."
NOTHING_IN_A_DEPARTMENT = "Nothing lies in a department. Please choose an area."
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
    special_days: str = ""
    aliases: tuple[str, ...] = ()
    duty_area_id: int | None = None
    is_active: bool = True


@dataclass(frozen=True)
class Above:
    """What matters of the area that another one is to lie in."""

    level: AreaLevel
    is_active: bool
    is_below: bool = False
    """It is the other one itself, or lies in it."""
    is_department: bool = False


@dataclass(frozen=True)
class Taken:
    """What is known of the fields that point elsewhere: the code of a new area, and the area of its duty desk."""

    code_fault: str | None = None
    duty_open: bool = True


NOTHING_TAKEN = Taken()


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


def check_area(details: AreaDetails, level: AreaLevel, above: Above | None, *, taken: Taken = NOTHING_TAKEN) -> None:
    """Accept details that can be stored. `above` is None for a parent that is not given or not known.

    Errors: InvalidFieldsError, naming each field.
    """
    wrong = faults_of(details, level, above, taken=taken)
    if wrong:
        raise InvalidFieldsError(wrong)


def faults_of(
    details: AreaDetails, level: AreaLevel, above: Above | None, *, taken: Taken = NOTHING_TAKEN
) -> dict[str, str]:
    """Return what is wrong with each field of an area, a sentence each; nothing when it can be stored."""
    wrong = {"code": taken.code_fault} if taken.code_fault else {}
    wrong |= wrong_words(details)
    parent = _wrong_parent(details, level, above)
    if parent:
        wrong["parent_id"] = parent
    if not taken.duty_open:
        wrong["duty_area_id"] = "This area is not known or closed. Please choose one of the list."
    return wrong


def new_code_fault(code: str, *, is_free: bool) -> str | None:
    """Return what is wrong with a new code, or None."""
    if not _CODE.fullmatch(code):
        return "A code has 2 to 30 digits, letters and hyphens."
    return None if is_free else "Another area has this code. Please choose another."


def wrong_words(details: AreaDetails) -> dict[str, str]:
    """Return what is wrong with the words and numbers of an area, wherever it lies."""
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
    if special_days(details.special_days) is None:
        wrong["special_days"] = (
            "Please write one day a line, each once, like 2026-10-01 closed or 2026-10-02 09:00–12:00."
        )
    if len(details.aliases) > ALIASES_MOST or any(not 1 < len(alias) <= NAME_MOST for alias in details.aliases):
        wrong["aliases"] = "Please give at most 200 other names, each of 2 to 60 characters."
    return wrong


def _wrong_parent(details: AreaDetails, level: AreaLevel, above: Above | None) -> str | None:
    if level is AreaLevel.COUNTY:
        return "A county lies in no other area." if details.parent_id is not None else None
    if above is None:
        return "Please choose the area in which it lies."
    if above.is_below:
        return "An area cannot lie in itself or in an area below it."
    if above.is_department:
        return NOTHING_IN_A_DEPARTMENT
    if DEPTH[above.level] >= DEPTH[level]:
        return "The area above must be of a higher level."
    if details.is_active and not above.is_active:
        return "The area above is closed. Please open it first, or choose another."
    return None


def level_word(level: AreaLevel, *, is_department: bool) -> str:
    """Return the word by which files, forms and the history tell a level; a department has one of its own."""
    return DEPARTMENT if is_department else level.value


def aliases_typed(text: str) -> tuple[str, ...]:
    """Return the other names that were typed, one a line or with signs between them, each once."""
    return tuple(dict.fromkeys(part.strip() for part in _BETWEEN_NAMES.split(text) if part.strip()))


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
        "special_days": tidy_days(details.special_days),
        "aliases": list(details.aliases),
        "duty_area_id": details.duty_area_id,
        "is_active": details.is_active,
    }
