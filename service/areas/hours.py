"""When is a desk open, on usual and on special days, and who answers while it is closed?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from service.areas.opening import CLOSED, MINUTES_A_DAY, opening, special_days
from service.areas.rules import AreaTree, Place


@dataclass(frozen=True)
class Day:
    """One day of a desk: its hours as they are written, nothing where it is closed."""

    day: date
    hours: str
    is_special: bool


def hours_on(place: Place, day: date) -> Day:
    """Return the hours of a desk on a day; empty where they are not known or nobody is there."""
    special = (special_days(place.special_days) or {}).get(day)
    hours = place.opening_hours if special is None else special
    return Day(day, "" if hours == CLOSED else hours, is_special=special is not None)


def coming_special(place: Place, today: date) -> list[Day]:
    """Return the special days from today on, the next first."""
    return [hours_on(place, day) for day in sorted(special_days(place.special_days) or {}) if day >= today]


def is_open(place: Place, local: datetime) -> bool:
    """Is the desk open at that moment of its own wall clock? A span of the day before may reach past midnight."""
    minute = local.hour * 60 + local.minute
    today, yesterday = local.date(), local.date() - timedelta(days=1)
    starts = ((today, minute), (yesterday, minute + MINUTES_A_DAY))
    return any(begin <= at < end for day, at in starts for begin, end in opening(hours_on(place, day).hours) or ())


def answering(areas: AreaTree, area_id: int, local: datetime) -> Place | None:
    """Return whose desk answers for an area at that moment: its own, its duty desk, else the nearest open one above."""
    return next((p for p in _in_turn(areas, area_id) if is_open(p, local)), None)


def _in_turn(areas: AreaTree, area_id: int) -> Iterator[Place]:
    for place in areas.up_from(areas.living(area_id).id):
        yield place
        duty = areas.places.get(place.duty_area_id) if place.duty_area_id is not None else None
        if duty is not None and duty.is_active:
            yield duty
