"""Which dates does a promise pass on its way, what kind of day is each, and how much of it counts?"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import groupby

from sla_policies.clock import Clock
from sla_policies.opening_hours import ONE_DAY
from sla_policies.policy import TimeKind
from sla_policies.stretches import NO_TIME, Period
from sla_policies.work_calendar import WorkCalendar


class DayKind(StrEnum):
    """What a date is to a promise."""

    EVERY = "every"
    """The promise counts day and night."""
    WORKDAY = "workday"
    MAKEUP = "makeup"
    """A day of a weekend that is worked (调休上班)."""
    DATED = "dated"
    """A date with hours of its own."""
    REST = "rest"
    """A day of the week that is not worked."""
    HOLIDAY = "holiday"


Names = Mapping[date, tuple[str, str]]
"""Date → what it is off or worked for, in Chinese and English."""


@dataclass(frozen=True)
class Days:
    """One date, or dates in a row that are told together."""

    first: date
    last: date
    kinds: Mapping[DayKind, int]
    """How many dates of each kind, in the order in which they first come."""
    name: tuple[str, str]
    """The holiday, in Chinese and English, where all the dates have the same."""
    spans: tuple[Period, ...]
    """What was counted, in UTC: on the date itself, or on the first of several alike; of unlike dates none."""
    counted: timedelta
    paused: timedelta
    """Time of the promise's own kind that was not counted, because the promise stood still."""
    workdays: int
    """How many of the promised workdays these are; 0 for a promise in hours."""
    is_assumed: bool
    """The days off of the year are not published: told by the ordinary week."""


def kind_of_day(calendar: WorkCalendar, day: date) -> DayKind:
    """Return what a date is in a calendar with hours: the same order of precedence as its windows have."""
    if day in calendar.off:
        return DayKind.HOLIDAY
    if day in calendar.dated:
        return DayKind.DATED
    if day in calendar.worked:
        return DayKind.MAKEUP
    return DayKind.WORKDAY if calendar.week[day.weekday()] else DayKind.REST


def each_day(clock: Clock, until: datetime, still: Sequence[Period], names: Names) -> list[Days]:
    """Return every date from a clock's start to `until`, one by one; `still` are its pauses as far as they count."""
    calendar, budget = clock.calendar, clock.target.budget
    is_elapsed = budget.kind is TimeKind.ELAPSED
    first = calendar.date_of(clock.started_at)
    # What ends at 24:00 ends on that day, not at the beginning of the next one.
    last = max(first, calendar.date_of(until - timedelta.resolution))
    left = budget.amount + clock.extended_by if budget.kind is TimeKind.WORKDAYS else 0
    found = []
    for n in range((last - first).days + 1):
        day = first + ONE_DAY * n
        open_ = _clipped(clock.time.intervals(day), clock.started_at, until)
        spans = _without(open_, still)
        # The day on which a period of workdays begins is not counted (Civil Code, article 201).
        workdays = int(n > 0 and left > 0 and calendar.is_workday(day))
        left -= workdays
        counted = _length(spans)
        kind = DayKind.EVERY if is_elapsed else kind_of_day(calendar, day)
        is_assumed = not is_elapsed and not calendar.knows(day)
        name, paused = names.get(day, ("", "")), _length(open_) - counted
        found.append(Days(day, day, {kind: 1}, name, spans, counted, paused, workdays, is_assumed))
    return found


def in_rows(days: Sequence[Days], calendar: WorkCalendar, most: int) -> tuple[Days, ...]:
    """Return the dates one by one, or alike ones together, or by month, or by year: the first that is short enough.

    The first and the last date stay by themselves: there the counting begins and ends.
    """

    def alike(one: Days) -> object:
        hours = [tuple(edge.astimezone(calendar.zone).time() for edge in span) for span in one.spans]
        return list(one.kinds), one.name, hours, one.paused, one.workdays, one.is_assumed

    scales: tuple[Callable[[Days], object], ...] = (
        lambda one: one.first,
        alike,
        lambda one: (one.first.year, one.first.month),
        lambda one: one.first.year,
    )
    rows: tuple[Days, ...] = ()
    for scale in scales:
        inner = [_together(list(group), same=scale is alike) for _, group in groupby(days[1:-1], scale)]
        rows = (*days[:1], *inner, *days[1:][-1:])
        if len(rows) <= most:
            break
    return rows


def _together(days: Sequence[Days], *, same: bool) -> Days:
    first, last = days[0], days[-1]
    kinds: dict[DayKind, int] = {}
    for one in days:
        for kind, number in one.kinds.items():
            kinds[kind] = kinds.get(kind, 0) + number
    return Days(
        first=first.first,
        last=last.last,
        kinds=kinds,
        name=first.name if len({one.name for one in days}) == 1 else ("", ""),
        spans=first.spans if same or len(days) == 1 else (),
        counted=sum((one.counted for one in days), NO_TIME),
        paused=sum((one.paused for one in days), NO_TIME),
        workdays=sum(one.workdays for one in days),
        is_assumed=any(one.is_assumed for one in days),
    )


def _clipped(periods: Iterable[Period], start: datetime, end: datetime) -> tuple[Period, ...]:
    cut = ((max(opens, start), min(closes, end)) for opens, closes in periods)
    return tuple((opens, closes) for opens, closes in cut if opens < closes)


def _without(periods: tuple[Period, ...], still: Iterable[Period]) -> tuple[Period, ...]:
    """Return what is left of the periods outside the pauses."""
    for begins, ends in still:
        pieces = [piece for o, c in periods for piece in ((o, min(c, begins)), (max(o, ends), c))]
        periods = tuple((opens, closes) for opens, closes in pieces if opens < closes)
    return periods


def _length(periods: Iterable[Period]) -> timedelta:
    return sum((closes - opens for opens, closes in periods), NO_TIME)
