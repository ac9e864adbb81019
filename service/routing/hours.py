"""At which hours does a line of the dispatch catalogue count, and how are such hours written?

Parts are divided by a semicolon. A part names days, hours of these days, or both: 'Mon-Fri 08:30-17:30; Sat',
'night' (22:00-07:00, DOMAIN 3.2), 'workday 08:30-17:30', 'holiday'. A workday is what the calendar of workdays says,
make-up days included; every other day is a holiday. Hours that end at or before their beginning end on the next day.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import cached_property
from itertools import pairwise

from service.rosters.rules import ORDINARY, Days

MINUTES_A_DAY, DAYS = 1_440, 7
NIGHT = "night"
NIGHT_HOURS = (22 * 60, 31 * 60)
WORKDAY, HOLIDAY = "workday", "holiday"
DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SLOTS_A_DAY = 48
SLOTS = SLOTS_A_DAY * DAYS
"""Half hours of a week."""
_WORDS = {
    **dict.fromkeys(("night", "夜间", "夜里", "晚上"), NIGHT),
    **dict.fromkeys(("workday", "workdays", "工作日"), WORKDAY),
    **dict.fromkeys(("holiday", "holidays", "节假日", "休息日"), HOLIDAY),
}
_DAY = {
    name: day
    for day, names in enumerate(
        (
            ("mon", "mo", "周一", "星期一"),
            ("tue", "tu", "周二", "星期二"),
            ("wed", "we", "周三", "星期三"),
            ("thu", "th", "周四", "星期四"),
            ("fri", "fr", "周五", "星期五"),
            ("sat", "sa", "周六", "星期六"),
            ("sun", "su", "周日", "周天", "星期日", "星期天"),
        )
    )
    for name in names
}
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*[-–—~至]\s*(\d{1,2}):(\d{2})")
_FROM_TO = re.compile(r"\s*[-–—~至]\s*")


class HoursUnreadableError(ValueError):
    """The hours cannot be read, or two parts of them overlap; the text is a message id."""


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
        span = f"{_clock(self.starts)}-{_clock(self.ends)}"
        if len(self.days) == DAYS and self.is_worked is None:
            return NIGHT if (self.starts, self.ends) == NIGHT_HOURS else span
        days = _days_text(self.days) if self.is_worked is None else (WORKDAY if self.is_worked else HOLIDAY)
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
    parts = tuple(_part(part.strip()) for part in re.split(r"[;；\n]+", text) if part.strip())
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
    span = _SPAN.search(text)
    starts, ends = _minutes(span) if span else (0, MINUTES_A_DAY)
    named = (text[: span.start()] + text[span.end() :]).strip() if span else text
    word = _WORDS.get(named.casefold())
    if word == NIGHT and span is None:
        return Part(starts=NIGHT_HOURS[0], ends=NIGHT_HOURS[1])
    if word in (WORKDAY, HOLIDAY):
        return Part(is_worked=word == WORKDAY, starts=starts, ends=ends)
    return Part(days=_days(named), starts=starts, ends=ends) if named else Part(starts=starts, ends=ends)


def _minutes(span: re.Match[str]) -> tuple[int, int]:
    hour, minute, to_hour, to_minute = (int(number) for number in span.groups())
    starts, ends = hour * 60 + minute, to_hour * 60 + to_minute
    if minute > 59 or to_minute > 59 or starts >= MINUTES_A_DAY or ends > MINUTES_A_DAY:
        raise _unreadable()
    return starts, ends if ends > starts else ends + MINUTES_A_DAY


def _days(text: str) -> frozenset[int]:
    found: set[int] = set()
    for named in re.split(r"[,，、\s]+", text):
        ends = [_DAY.get(end.casefold()) for end in _FROM_TO.split(named)]
        first, last = ends[0], ends[-1]
        if first is None or last is None or len(ends) > 2:
            raise _unreadable()
        found |= {(first + ahead) % DAYS for ahead in range((last - first) % DAYS + 1)}
    return frozenset(found)


def _days_text(days: frozenset[int]) -> str:
    """Return 'Mon-Fri' or 'Mon,Wed'; days in a row from three on are written from-to."""
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    said = (
        [f"{DAY_NAMES[run[0]]}-{DAY_NAMES[run[-1]]}"] if len(run) > 2 else [DAY_NAMES[day] for day in run]
        for run in runs
    )
    return ",".join(name for names in said for name in names)


def _clock(minutes: int) -> str:
    wrapped = minutes if minutes <= MINUTES_A_DAY else minutes - MINUTES_A_DAY
    return f"{wrapped // 60:02d}:{wrapped % 60:02d}"


def _unreadable() -> HoursUnreadableError:
    return HoursUnreadableError("These hours cannot be read. Write them as “Mon-Fri 08:30-17:30; Sat 09:00-12:00”.")


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
