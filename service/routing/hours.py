"""At which hours does a line of the dispatch catalogue count, and how are such hours written?

Parts are divided by a semicolon. A part names days, hours of these days, or both: 'Mon-Fri 08:30-17:30; Sat',
'night' (22:00-07:00, DOMAIN 3.2), 'workday 08:30-17:30', 'holiday'. A workday is what the calendar of workdays says,
make-up days included; every other day is a holiday. Hours that end at or before their beginning end on the next day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import cached_property
from itertools import pairwise

from service.rosters.rules import ORDINARY, Days
from service.rosters.week import (
    DAYS,
    MINUTES_A_DAY,
    HoursUnreadableError,
    clock,
    days_in,
    days_text,
    hours_in,
    parts_in,
)

NIGHT = "night"
NIGHT_HOURS = (22 * 60, 31 * 60)
WORKDAY, HOLIDAY = "workday", "holiday"
SLOTS_A_DAY = 48
SLOTS = SLOTS_A_DAY * DAYS
"""Half hours of a week."""
_WORDS = {
    **dict.fromkeys(("night", "夜间", "夜里", "晚上"), NIGHT),
    **dict.fromkeys(("workday", "workdays", "工作日"), WORKDAY),
    **dict.fromkeys(("holiday", "holidays", "节假日", "休息日"), HOLIDAY),
}


@dataclass(frozen=True)
class Moment:
    """A moment as hours look at it, in the installation's zone."""

    local: datetime
    days: Days

    @property
    def minute(self) -> int:
        """Return the minute of the day."""
        return self.local.hour * 60 + self.local.minute

    @cached_property
    def today(self) -> tuple[int, bool]:
        """Return the weekday (Monday is 0), and whether it is worked."""
        return self._day(self.local)

    @cached_property
    def yesterday(self) -> tuple[int, bool]:
        """Return the same of the day before."""
        return self._day(self.local - timedelta(days=1))

    def _day(self, day: datetime) -> tuple[int, bool]:
        return day.weekday(), self.days.is_workday(day.date())


def moment(at: datetime, zone: tzinfo, days: Days = ORDINARY) -> Moment:
    """Return a moment as hours look at it."""
    return Moment(at.astimezone(zone), days)


@dataclass(frozen=True)
class Part:
    """Hours on some days: minutes of the day on which they begin; `ends` may lie in the next one."""

    days: frozenset[int] = frozenset(range(DAYS))
    is_worked: bool | None = None
    """Only on workdays, only on the others; None: on both."""
    starts: int = 0
    ends: int = MINUTES_A_DAY

    def begins_on(self, weekday: int, worked: bool) -> bool:  # noqa: FBT001  # A fact of the day.
        """Do the hours begin on such a day?"""
        return weekday in self.days and self.is_worked in (None, worked)

    def text(self) -> str:
        """Return the part as it is stored."""
        span = f"{clock(self.starts)}-{clock(self.ends)}"
        if len(self.days) == DAYS and self.is_worked is None:
            return NIGHT if (self.starts, self.ends) == NIGHT_HOURS else span
        days = days_text(self.days) if self.is_worked is None else (WORKDAY if self.is_worked else HOLIDAY)
        return days if (self.starts, self.ends) == (0, MINUTES_A_DAY) else f"{days} {span}"


@dataclass(frozen=True)
class Hours:
    """Hours of the week; without parts every hour counts."""

    parts: tuple[Part, ...] = ()

    def covers(self, at: Moment) -> bool:
        """Does a line with these hours count at that moment?"""
        if not self.parts:
            return True
        today, minute = at.today, at.minute
        return any(
            (part.begins_on(*today) and part.starts <= minute < part.ends)
            or (part.ends > minute + MINUTES_A_DAY and part.begins_on(*at.yesterday))
            for part in self.parts
        )

    def slots(self, *, all_off: bool) -> int:
        """Return the half hours of a week as bits, Monday 00:00 first; `all_off`: a week of holidays."""
        if not self.parts:
            return (1 << SLOTS) - 1
        found = 0
        for starts, ends in _in_a_week(self.parts, all_off=all_off):
            first, last = -(-starts // 30), -(-ends // 30)
            for slot in range(first, last):
                found |= 1 << slot % SLOTS
        return found

    def text(self) -> str:
        """Return the hours as they are stored: 'Mon-Fri 08:30-17:30; Sat'."""
        return "; ".join(part.text() for part in self.parts)


ALWAYS = Hours()


def read_hours(text: str) -> Hours:
    """Return the hours that a text says, in English or Chinese; an empty one: every hour.

    Errors: HoursUnreadableError.
    """
    parts = tuple(_part(part) for part in parts_in(text))
    for all_off in (False, True):
        spans = sorted(_in_a_week(parts, all_off=all_off))
        week = MINUTES_A_DAY * DAYS
        wrapped = [(starts + week, ends + week) for starts, ends in spans[:1]]
        if any(following[0] < before[1] for before, following in pairwise([*spans, *wrapped])):
            raise HoursUnreadableError("These hours overlap: one part says again what another one says.")
    return Hours(parts)


def _in_a_week(parts: tuple[Part, ...], *, all_off: bool) -> Iterator[tuple[int, int]]:
    for part in parts:
        for day in range(DAYS):
            if part.begins_on(day, worked=not all_off and day < 5):
                yield day * MINUTES_A_DAY + part.starts, day * MINUTES_A_DAY + part.ends


def _part(text: str) -> Part:
    named, span = hours_in(text)
    starts, ends = span or (0, MINUTES_A_DAY)
    word = _WORDS.get(named.casefold())
    if word == NIGHT and span is None:
        return Part(starts=NIGHT_HOURS[0], ends=NIGHT_HOURS[1])
    if word in (WORKDAY, HOLIDAY):
        return Part(is_worked=word == WORKDAY, starts=starts, ends=ends)
    return Part(days=days_in(named), starts=starts, ends=ends) if named else Part(starts=starts, ends=ends)


def hours_of_slots(bits: int) -> Hours:
    """Return hours that cover exactly these half hours of a week, days that are alike together; none: no parts."""
    alike: dict[int, list[int]] = {}
    for day in range(DAYS):
        of_day = bits >> SLOTS_A_DAY * day & (1 << SLOTS_A_DAY) - 1
        if of_day:
            alike.setdefault(of_day, []).append(day)
    return Hours(
        tuple(
            Part(frozenset(days), starts=starts * 30, ends=ends * 30)
            for of_day, days in alike.items()
            for starts, ends in _runs(of_day)
        )
    )


def _runs(bits: int) -> Iterator[tuple[int, int]]:
    """Yield where rows of bits that are set begin and end."""
    start: int | None = None
    for place in range(SLOTS_A_DAY + 1):
        is_set = bits >> place & 1
        if is_set and start is None:
            start = place
        elif not is_set and start is not None:
            yield start, place
            start = None
