"""When is who on duty, and when is nobody? From weekly duties, public holidays, single shifts and absences."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from service.accounts.rules import Away, DutyDays, DutyHours
from sla_policies.hours import joined, without

Span = tuple[datetime, datetime]
"""From a moment until just before another one."""
ONE_DAY = timedelta(days=1)
SATURDAY = 5
DAY, WEEK = 24 * 60, 7 * 24 * 60
"""Minutes."""
LONGEST_SHIFT = timedelta(hours=24)
PLANNED_AHEAD = timedelta(days=400)
"""Nothing is planned further ahead: a wrong year would take somebody away for good without anybody noticing."""


class SwapState(StrEnum):
    """Where a swap stands. Asked ones lapse by themselves when the shift begins."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class SkillKind(StrEnum):
    """What somebody is good at: a topic with everything below it, or a language."""

    TOPIC = "topic"
    LANGUAGE = "language"


SKILLS_MOST = 60
SPOKEN = ("en",)
"""The languages beside Chinese in which a request may come in."""


@dataclass(frozen=True)
class Days:
    """Which dates are public holidays, and which are worked instead of others (调休)."""

    off: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()

    def is_workday(self, day: date) -> bool:
        """Is it Monday to Friday and no public holiday, or worked instead of another day?"""
        return day in self.worked or (day.weekday() < SATURDAY and day not in self.off)


ORDINARY = Days()
"""No holidays are known."""


@dataclass(frozen=True)
class Single:
    """What somebody does in one span, whatever their week says: on duty, or free."""

    starts_at: datetime
    ends_at: datetime
    is_on: bool

    def covers(self, at: datetime) -> bool:
        """Does the moment lie in the span?"""
        return self.starts_at <= at < self.ends_at


@dataclass(frozen=True)
class Roster:
    """Everything that says when one person is on duty. No two singles overlap."""

    duties: tuple[DutyHours, ...] = ()
    singles: tuple[Single, ...] = ()
    absences: tuple[Away, ...] = ()


@dataclass(frozen=True, order=True)
class Turn:
    """One time on duty as the roster has it, whether or not the person is away then."""

    starts_at: datetime
    ends_at: datetime
    is_single: bool = False

    @property
    def span(self) -> Span:
        """Return it without where it comes from."""
        return self.starts_at, self.ends_at


def is_on_duty(roster: Roster, at: datetime, days: Days, zone: tzinfo) -> bool:
    """Is somebody with this roster on duty at `at`? At the moment a duty ends, not any more."""
    if any(away.covers(at) for away in roster.absences):
        return False
    single = next((s for s in roster.singles if s.covers(at)), None)
    if single is not None:
        return single.is_on
    local = at.astimezone(zone)
    today, clock = local.date(), local.time()
    if any(clock >= d.starts and (d.ends <= d.starts or clock < d.ends) for d in beginning(roster.duties, today, days)):
        return True
    return any(d.ends <= d.starts and clock < d.ends for d in beginning(roster.duties, today - ONE_DAY, days))


def beginning(duties: Iterable[DutyHours], day: date, days: Days) -> Iterator[DutyHours]:
    """Yield the weekly duties that begin on a date.

    On a public holiday those of ordinary workdays rest; a made-up workday has those of the first weekday that has
    any, as the calendar of working hours does.
    """
    weekday = day.weekday()
    if day in days.off:
        yield from (d for d in duties if d.weekday == weekday and d.days is not DutyDays.WORKDAYS)
    elif day in days.worked:
        duties = tuple(duties)
        first = min((d.weekday for d in duties if d.days is DutyDays.WORKDAYS), default=None)
        yield from (d for d in duties if d.days is DutyDays.EVERY and d.weekday == weekday)
        yield from (d for d in duties if d.days is DutyDays.WORKDAYS and d.weekday == first)
    else:
        yield from (d for d in duties if d.weekday == weekday and d.days is not DutyDays.HOLIDAYS)


def turns(roster: Roster, first: date, last: date, days: Days, zone: tzinfo) -> list[Turn]:
    """Return the turns that touch the dates from `first` to `last`, in order; absences are not taken out."""
    opens, closes = _midnight(first, zone), _midnight(last + ONE_DAY, zone)
    dates = (first + ONE_DAY * n for n in range(-1, (last - first).days + 1))
    weekly = sorted({_span(duty, day, zone) for day in dates for duty in beginning(roster.duties, day, days)})
    instead = [(s.starts_at, s.ends_at) for s in roster.singles]
    found = [Turn(*span) for span in without(weekly, instead)]
    found += [Turn(s.starts_at, s.ends_at, is_single=True) for s in roster.singles if s.is_on]
    return sorted(turn for turn in found if turn.starts_at < closes and turn.ends_at > opens)


def working(roster: Roster, first: date, last: date, days: Days, zone: tzinfo) -> tuple[Span, ...]:
    """Return when somebody is really there: the turns without the absences."""
    planned = joined([turn.span for turn in turns(roster, first, last, days, zone)])
    return without(planned, [(a.starts_at, a.ends_at) for a in roster.absences])


def gaps(needed: Iterable[Span], there: Iterable[Span]) -> tuple[Span, ...]:
    """Return when somebody is needed and nobody is there."""
    return without(joined(list(needed)), joined(list(there)))


def shared(span: Span, spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return what of a span lies in the others."""
    return without((span,), without((span,), joined(list(spans))))


def does_whole(span: Span, found: Iterable[Turn]) -> bool:
    """Is somebody with these turns on duty from the beginning of the span to its end?"""
    return not gaps([span], [turn.span for turn in found])


def day_span(day: date, zone: tzinfo) -> Span:
    """Return a date from its midnight to the next one."""
    return _midnight(day, zone), _midnight(day + ONE_DAY, zone)


def _span(duty: DutyHours, day: date, zone: tzinfo) -> Span:
    ends_on = day if duty.ends > duty.starts else day + ONE_DAY
    return datetime.combine(day, duty.starts, zone), datetime.combine(ends_on, duty.ends, zone)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)


def overlap(one: DutyHours, other: DutyHours) -> bool:
    """Do two weekly duties share a minute? The week is a circle: Sunday night goes on into Monday.

    Those of workdays and those of holidays are never done on the same date.
    """
    if {one.days, other.days} == {DutyDays.WORKDAYS, DutyDays.HOLIDAYS}:
        return False
    starts, ends = _minutes(one)
    other_starts, other_ends = _minutes(other)
    return any(starts < other_ends + turn and other_starts + turn < ends for turn in (-WEEK, 0, WEEK))


def _minutes(duty: DutyHours) -> tuple[int, int]:
    starts = duty.weekday * DAY + _clock(duty.starts)
    ends = duty.weekday * DAY + _clock(duty.ends)
    return starts, ends if ends > starts else ends + DAY


def _clock(at: time) -> int:
    return at.hour * 60 + at.minute


def closes_a_circle(person_id: int, absence: Away, others: Iterable[tuple[int, Away]]) -> bool:
    """Would the one who stands in be away at some time in it, and lead back to the person, step by step?

    `others`: every absence with a substitute, by who is away.
    """
    by_person: dict[int, list[Away]] = {}
    for away_id, away in others:
        by_person.setdefault(away_id, []).append(away)

    def leads_back(from_id: int | None, span: Span, seen: frozenset[int]) -> bool:
        if from_id == person_id:
            return True
        if from_id is None or from_id in seen:
            return False
        for away in by_person.get(from_id, ()):
            for part in shared(span, [(away.starts_at, away.ends_at)]):
                if leads_back(away.substitute_id, part, seen | {from_id}):
                    return True
        return False

    return leads_back(absence.substitute_id, (absence.starts_at, absence.ends_at), frozenset())
