"""Which hours of which dates are worked, and how far is that published?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from sla_policies.hours import DAY, Windows, joined, without
from sla_policies.stretches import Period

ONE_DAY = timedelta(days=1)
MOST_DAYS_KEPT = 20_000


@dataclass(frozen=True, eq=False)
class OpeningHours:
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
            # Where the zone leaps ahead, hours may fall together, and a whole date may not exist.
            midnight = self._instant(day, DAY)
            edges = [(self._instant(day, opens), self._instant(day, closes)) for opens, closes in self._hours(day)]
            found = self._days[day] = joined([edge for edge in edges if edge[0] < min(edge[1], midnight)])
        return found

    def is_working(self, at: datetime) -> bool:
        """Is this moment working time? The closing moment is not."""
        at = as_utc(at)
        return any(opens <= at < closes for opens, closes in self.intervals(self.date_of(at)))

    def is_workday(self, day: date) -> bool:
        """Does working time begin on this local date? A datetime is taken at its date in the calendar's zone."""
        day = self.date_of(day) if isinstance(day, datetime) else day
        return bool(self._windows(day)) and bool(self.intervals(day))

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


def as_utc(at: datetime) -> datetime:
    """Return the same instant in UTC. Errors: ValueError when the time says no zone."""
    if at.tzinfo is UTC:
        return at
    if at.tzinfo is None or at.utcoffset() is None:
        raise ValueError(f"The time {at.isoformat()} has no time zone: say which, for example {at.isoformat()}+08:00.")
    return at.astimezone(UTC)
