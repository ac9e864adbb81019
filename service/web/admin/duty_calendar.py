"""What does the duty calendar of a place show for a week or a month?"""

from calendar import Calendar
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlmodel import Session

from service.accounts.tables import Person
from service.rosters.queries import rosters
from service.rosters.rules import ONE_DAY, Days, Roster, Span, Turn, day_span, shared, turns
from service.timekeeping import ZONE

NAMED_IN_A_DAY = 8
"""So many people are named in one day of a month; of more only the number is said."""
FIRST, LAST = date(2000, 1, 3), date(2099, 12, 27)


class View(StrEnum):
    """How much is shown."""

    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class Shown:
    """One turn in a cell: when, whether it is beside the week, and whether the person is away then."""

    span: Span
    is_single: bool
    is_away: bool


@dataclass(frozen=True)
class Day:
    """One date: a public holiday, or a day worked instead."""

    day: date
    is_off: bool
    is_worked: bool
    is_today: bool


@dataclass(frozen=True)
class Line:
    """One person with a cell for each day: what they do there."""

    person: Person
    cells: list[list[Shown]]

    @property
    def is_free(self) -> bool:
        """Do they do nothing at all in this time?"""
        return not any(self.cells)


@dataclass(frozen=True)
class DayBox:
    """One day of a month: who is there, who is away, how many of both."""

    day: Day
    there: list[tuple[Person, list[Shown]]]
    away: list[Person]

    @property
    def names(self) -> bool:
        """Are they few enough to be named?"""
        return len(self.there) <= NAMED_IN_A_DAY


@dataclass(frozen=True)
class Period:
    """The dates that are shown, and where the ones before and after begin."""

    view: View
    first: date
    last: date
    before: date
    after: date

    @property
    def dates(self) -> list[date]:
        """Return every date that is shown."""
        return [self.first + ONE_DAY * n for n in range((self.last - self.first).days + 1)]


def period(view: View, on: date) -> Period:
    """Return the week from Monday on, or the month, in which a date lies."""
    on = min(max(on, FIRST), LAST)
    if view is View.WEEK:
        monday = on - timedelta(days=on.weekday())
        return Period(view, monday, monday + 6 * ONE_DAY, monday - 7 * ONE_DAY, monday + 7 * ONE_DAY)
    first = on.replace(day=1)
    after = (first + timedelta(days=31)).replace(day=1)
    return Period(view, first, after - ONE_DAY, (first - ONE_DAY).replace(day=1), after)


def days_of(shown: Period, holidays: Days, now: datetime) -> list[Day]:
    """Return the dates that are shown, each with what is special about it."""
    today = now.astimezone(ZONE).date()
    return [Day(d, d in holidays.off, d in holidays.worked, d == today) for d in shown.dates]


def lines(session: Session, people: Collection[Person], shown: Period, holidays: Days) -> list[Line]:
    """Return what each person does on each date, with three queries for all of them."""
    known = rosters(session, [p.id or 0 for p in people], shown.first, shown.last, ZONE)
    return [Line(person, _cells(known[person.id or 0], shown, holidays)) for person in people]


def boxes(of: Collection[Line], days: list[Day]) -> list[list[DayBox | None]]:
    """Return the weeks of a month, from Monday on; None for a day of another month."""
    by_date = {day.day: DayBox(day, list(_there(of, n)), list(_away(of, n))) for n, day in enumerate(days)}
    first = days[0].day
    return [[by_date.get(day) for day in week] for week in Calendar().monthdatescalendar(first.year, first.month)]


def _cells(roster: Roster, shown: Period, holidays: Days) -> list[list[Shown]]:
    found = turns(roster, shown.first, shown.last, holidays, ZONE)
    cells: dict[date, list[Shown]] = {day: [] for day in shown.dates}
    for turn in found:
        begins = max(turn.starts_at.astimezone(ZONE), day_span(shown.first, ZONE)[0])
        cells[begins.date()].append(_shown(turn, begins, roster))
    return list(cells.values())


def _shown(turn: Turn, begins: datetime, roster: Roster) -> Shown:
    """Return a turn as its cell shows it: one of the night before from the first midnight that is shown."""
    span = (begins, turn.ends_at)
    return Shown(span, turn.is_single, bool(shared(span, [(a.starts_at, a.ends_at) for a in roster.absences])))


def _there(of: Collection[Line], number: int) -> Iterator[tuple[Person, list[Shown]]]:
    for line in of:
        found = [turn for turn in line.cells[number] if not turn.is_away]
        if found:
            yield line.person, found


def _away(of: Collection[Line], number: int) -> Iterator[Person]:
    return (line.person for line in of if any(turn.is_away for turn in line.cells[number]))
