"""Which moment is so much working time away from another, and how much of it lies between two?"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sla_policies.hours import DAY
from sla_policies.opening_hours import MOST_DAYS_KEPT, ONE_DAY, OpeningHours, as_utc
from sla_policies.sentences import SaidError
from sla_policies.stretches import NO_TIME, Stretch, stretch_of

__all__ = ["CalendarExhaustedError", "WorkCalendar", "as_utc", "round_the_clock"]

LONGEST_GAP = 800
"""Days without working time after which a search gives up."""
LONGEST_WALK = 40_000
"""Days (about 109 years) that no search goes beyond."""
FIRST_DAY, LAST_DAY = date.min.toordinal() + 2, date.max.toordinal() - 2
STRETCH = 32
"""Days that are added up together: few enough to be made quickly, enough to leap over a holiday."""


class CalendarExhaustedError(SaidError):
    """A search found no working time, or left the years that can be searched."""


@dataclass(frozen=True, eq=False)
class WorkCalendar(OpeningHours):
    """Opening hours that can be counted: working time and workdays, forwards and backwards."""

    _stretched: dict[int, Stretch] = field(default_factory=dict, init=False, repr=False)

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

    def count_workdays(self, first: date, last: date) -> int:
        """Return how many workdays there are from `first` to `last`, both counted; 0 in the wrong order."""
        days = (last - first).days + 1
        if days > LONGEST_WALK:
            what = "From {first} to {last} are more days than can be counted."
            raise CalendarExhaustedError(what, first=first, last=last)
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
        what = "The calendar {calendar} has no working time within reach of {at}."
        return CalendarExhaustedError(what, calendar=self.name, at=at.isoformat())


@lru_cache
def round_the_clock(zone: ZoneInfo) -> WorkCalendar:
    """Return the calendar that never closes."""
    return WorkCalendar("round_the_clock", zone, week=(((0, DAY),),) * 7)


def _not_negative(amount: timedelta) -> timedelta:
    if amount < NO_TIME:
        raise ValueError(f"An amount of working time cannot be negative: {amount.total_seconds():g} s.")
    return amount
