"""When is working time, and which moment is so much of it away from another?"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import chain
from zoneinfo import ZoneInfo

from sla_policies.hours import DAY, Windows, joined, without
from sla_policies.stretches import NO_TIME, Period, Stretch, stretch_of

ONE_DAY = timedelta(days=1)
LONGEST_GAP = 800
"""Days without working time after which a search gives up."""
LONGEST_WALK = 40_000
"""Days (about 109 years) that no search goes beyond."""
FIRST_DAY, LAST_DAY = date.min.toordinal() + 2, date.max.toordinal() - 2
MOST_DAYS_KEPT = 20_000
STRETCH = 32
"""Days that are added up together: few enough to be made quickly, enough to leap over a holiday."""


class CalendarExhaustedError(ValueError):
    """A search found no working time, or left the years that can be searched."""


@dataclass(frozen=True, eq=False)
class WorkCalendar:
    """Working hours in one time zone: half-open intervals [open, close), computed in UTC.

    A day off beats dated hours, dated hours beat a make-up workday, that beats the week. Each date owns what lies in
    it: a window across midnight goes on into the next date, unless that one is off or has hours of its own.
    """

    name: str
    zone: ZoneInfo
    week: tuple[Windows, ...]
    """Seven days from Monday on."""
    off: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()
    """Make-up workdays (调休): they have the hours of `worked_hours`."""
    dated: Mapping[date, Windows] = field(default_factory=dict)
    breaks: Mapping[date, Windows] = field(default_factory=dict)
    known_years: frozenset[int] | None = None
    """Years whose days off are published; None: this calendar depends on no notice."""
    _days: dict[date, tuple[Period, ...]] = field(default_factory=dict, init=False, repr=False)
    _stretched: dict[int, Stretch] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.week) != 7:
            raise ValueError(f"The week of calendar {self.name} has {len(self.week)} days, not 7.")
        if not any(self.week) and not any(self.dated.values()):
            raise ValueError(f"The calendar {self.name} has no working time at all.")
        if both := self.off & self.worked:
            raise ValueError(f"In calendar {self.name} {min(both)} is both a day off and a make-up workday.")
        for opens, closes in chain(*self.week, *self.dated.values(), *self.breaks.values()):
            if not 0 <= opens < DAY or not opens < closes <= opens + DAY:
                raise ValueError(f"Calendar {self.name} has hours from second {opens} to {closes} of a day.")

    @property
    def worked_hours(self) -> Windows:
        """The hours of a make-up workday: Monday's, or those of the first day that has any."""
        return next((hours for hours in self.week if hours), ())

    def intervals(self, day: date) -> tuple[Period, ...]:
        """Return the working intervals of a local date in UTC, in order: the one source of everything else."""
        found = self._days.get(day)
        if found is None:
            if len(self._days) >= MOST_DAYS_KEPT:
                self._days.clear()
            edges = [(self._instant(day, opens), self._instant(day, closes)) for opens, closes in self._hours(day)]
            found = self._days[day] = tuple((opens, closes) for opens, closes in edges if opens < closes)
        return found

    def add(self, start: datetime, working: timedelta) -> datetime:
        """Return when that much working time has passed since `start`.

        Exhausted exactly at closing stays at closing; none at all is the first working moment. Errors: ValueError for
        a negative amount or a naive time, CalendarExhaustedError.
        """
        left, start = _not_negative(working), as_utc(start)
        for part in self._stretches(start, 1):
            i = bisect_right(part.closes, start)
            if i < len(part.closes):
                wanted = part.sums[i] + max(start - part.opens[i], NO_TIME) + left
                if wanted <= part.sums[-1]:
                    j = bisect_left(part.sums, wanted, i + 1) - 1
                    return part.opens[j] + (wanted - part.sums[j])
                left = wanted - part.sums[-1]
        raise self._exhausted(start)

    def subtract(self, end: datetime, working: timedelta) -> datetime:
        """Return from when on that much working time passes until `end`: `add` walked backwards."""
        left, end = _not_negative(working), as_utc(end)
        for part in self._stretches(end, -1):
            i = bisect_left(part.opens, end)
            wanted = part.until(end) - left
            if i and wanted >= NO_TIME:
                j = bisect_right(part.sums, wanted, 0, i) - 1
                return part.opens[j] + (wanted - part.sums[j])
            left = -wanted
        raise self._exhausted(end)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time in [start, end); none if they are in the wrong order."""
        start, end = as_utc(start), as_utc(end)
        if end <= start:
            return NO_TIME
        return sum((part.until(end) - part.until(start) for part in self._stretches(start, 1, end)), NO_TIME)

    def is_working(self, at: datetime) -> bool:
        """Is this moment working time? The closing moment is not."""
        at = as_utc(at)
        return any(opens <= at < closes for opens, closes in self.intervals(self.date_of(at)))

    def is_workday(self, day: date) -> bool:
        """Does working time begin on this local date? A datetime is taken at its date in the calendar's zone."""
        day = self.date_of(day) if isinstance(day, datetime) else day
        return bool(self._windows(day)) and bool(self.intervals(day))

    def count_workdays(self, first: date, last: date) -> int:
        """Return how many workdays there are from `first` to `last`, both counted; 0 in the wrong order."""
        days = (last - first).days + 1
        if days > LONGEST_WALK:
            raise CalendarExhaustedError(f"From {first} to {last} are more days than can be counted.")
        return sum(self.is_workday(first + ONE_DAY * n) for n in range(days))

    def add_workdays(self, start: datetime, days: int) -> datetime:
        """Return the close of business `days` workdays after `start` (before it, if negative).

        Civil Code articles 200-204: the first day is not counted, a last day off moves to the next workday, and the
        term ends with business hours (24:00 where there is no earlier close). Zero is today's close, if still to come.
        """
        start = as_utc(start)
        if days:
            return self.intervals(self._workday(start, days))[-1][1]
        today = self.date_of(start)
        ahead = self.is_workday(today) and self.intervals(today)[-1][1] >= start
        return self.intervals(today if ahead else self._workday(start, 1))[-1][1]

    def shift_workdays(self, at: datetime, days: int) -> datetime:
        """Return the same time of day `days` workdays later (earlier, if negative).

        Outside working hours that is the first working moment after it, or the last one before it when going back.
        """
        at = as_utc(at)
        day = self._workday(at, days) if days else self.date_of(at)
        same = datetime.combine(day, at.astimezone(self.zone).time(), self.zone)
        return self.subtract(same, NO_TIME) if days < 0 else self.add(same, NO_TIME)

    def knows(self, day: date) -> bool:
        """Is it published whether this date is worked? A guess would be no answer."""
        return self.known_years is None or day.year in self.known_years or day in self.off or day in self.worked

    def is_provisional(self, from_: datetime, to: datetime) -> bool:
        """Does the span touch days that are not published yet, so that a later notice may change the result?"""
        return bool(self.unpublished_years(from_, to))

    def unpublished_years(self, from_: datetime, to: datetime) -> tuple[int, ...]:
        """Return the years that the span needs and whose days off are not published, in order.

        December needs the next year too: notices have moved its last days more than once.
        """
        if self.known_years is None:
            return ()
        first, last = self.date_of(min(from_, to)), self.date_of(max(from_, to))
        needed = range(first.year, last.year + 1 + (last.month == 12))
        return tuple(year for year in needed if year not in self.known_years)

    def date_of(self, at: datetime) -> date:
        """Return the date of a moment in the calendar's zone."""
        return as_utc(at).astimezone(self.zone).date()

    def _windows(self, day: date) -> Windows:
        if day in self.off:
            return ()
        if day in self.dated:
            return self.dated[day]
        return self.worked_hours if day in self.worked else self.week[day.weekday()]

    def _hours(self, day: date) -> Windows:
        """Return the local hours of a date: its own windows up to 24:00, and what reaches in from the day before."""
        hours = [(opens, min(closes, DAY)) for opens, closes in self._windows(day)]
        if day not in self.off and day not in self.dated and day > date.min:
            hours += [(0, closes - DAY) for _, closes in self._windows(day - ONE_DAY) if closes > DAY]
        return without(joined(hours), self.breaks.get(day, ()))

    def _instant(self, day: date, seconds: int) -> datetime:
        """Return a local time as an instant; each edge is converted on its own, so no shift of the zone is lost."""
        days, rest = divmod(seconds, DAY)
        clock = time(rest // 3600, rest // 60 % 60, rest % 60)
        return datetime.combine(day + ONE_DAY * days, clock, self.zone).astimezone(UTC)

    def _stretches(self, at: datetime, step: int, until: datetime | None = None) -> Iterator[Stretch]:
        """Yield stretches from that of `at` on, up to that of `until`; without it, give up after a long gap."""
        first, idle = self.date_of(at).toordinal() // STRETCH, 0
        end = first + step * (LONGEST_WALK // STRETCH)
        last = end if until is None else self.date_of(until).toordinal() // STRETCH
        for number in range(first, min(max(last, FIRST_DAY // STRETCH), LAST_DAY // STRETCH, end) + step, step):
            part = self._stretch(number)
            idle = 0 if part.opens else idle + STRETCH
            if until is None and idle > LONGEST_GAP:
                break
            yield part
        if until is None or last > end:
            raise self._exhausted(at)

    def _stretch(self, number: int) -> Stretch:
        found = self._stretched.get(number)
        if found is None:
            if len(self._stretched) >= MOST_DAYS_KEPT // STRETCH:
                self._stretched.clear()
            found = self._stretched[number] = self._added_up(number * STRETCH)
        return found

    def _added_up(self, first: int) -> Stretch:
        days = [date.fromordinal(n) for n in range(max(first, FIRST_DAY), min(first + STRETCH, LAST_DAY + 1))]
        periods = [period for day in days for period in self.intervals(day)]
        return stretch_of(periods, [day for day in days if self.is_workday(day)])

    def _workday(self, at: datetime, days: int) -> date:
        """Return the `days`-th workday after the date of `at`, or before it if negative."""
        left, today = abs(days), self.date_of(at).toordinal()
        for part in self._stretches(at, 1 if days > 0 else -1):
            i = bisect_right(part.workdays, today) if days > 0 else bisect_left(part.workdays, today)
            ahead = len(part.workdays) - i if days > 0 else i
            if left <= ahead:
                return date.fromordinal(part.workdays[i + left - 1 if days > 0 else i - left])
            left -= ahead
        raise self._exhausted(at)

    def _exhausted(self, at: datetime) -> CalendarExhaustedError:
        return CalendarExhaustedError(f"The calendar {self.name} has no working time within reach of {at.isoformat()}.")


@lru_cache
def round_the_clock(zone: ZoneInfo) -> WorkCalendar:
    """Return the calendar that never closes."""
    return WorkCalendar("round_the_clock", zone, week=(((0, DAY),),) * 7)


def as_utc(at: datetime) -> datetime:
    """Return the same instant in UTC. Errors: ValueError when the time says no zone."""
    if at.tzinfo is None or at.utcoffset() is None:
        raise ValueError(f"The time {at.isoformat()} has no time zone: say which, for example {at.isoformat()}+08:00.")
    return at.astimezone(UTC)


def _not_negative(amount: timedelta) -> timedelta:
    if amount < NO_TIME:
        raise ValueError(f"An amount of working time cannot be negative: {amount.total_seconds():g} s.")
    return amount
