"""Why is this promise due at this time: which days were counted, what moved it, and who hears when?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sla_policies.clock import Clock, EventKind
from sla_policies.counted_days import Days, Names, each_day, in_rows
from sla_policies.escalation import Step, step_time
from sla_policies.policy import Budget, Considered, SlaPolicy, TimeKind
from sla_policies.stretches import NO_TIME
from sla_policies.work_calendar import as_utc

MOST_ROWS = 12
"""Rows that a reader takes in at a glance; more are told together."""


@dataclass(frozen=True)
class PauseTold:
    """One pause: why, from when to when, and by how much of the promise's own time it moved the due time."""

    reason: str
    begins: datetime
    ends: datetime | None
    """None: it goes on."""
    costs_until: datetime
    """The end of the pause, or the moment at which the policy's maximum was reached."""
    costs: timedelta


@dataclass(frozen=True)
class ExtensionTold:
    """One extension: when, how much, and the due times before and after (None while paused)."""

    at: datetime
    extra: Budget
    old: datetime | None
    new: datetime | None


@dataclass(frozen=True)
class Taken:
    """A step as the ledger has it."""

    step: str
    arm: int
    """How often the clock had been extended."""
    due_at: datetime
    taken_at: datetime
    skipped: bool
    """It was not needed any more when its time came."""


@dataclass(frozen=True)
class StepTold:
    """One step of the ladder: its moment (None: while paused), and whether it was taken."""

    step: Step
    at: datetime | None
    taken: Taken | None


@dataclass(frozen=True)
class Explanation:
    """Everything that a due time follows from.

    The time counted in `days` adds up to `clock.allowance`, and the last of it ends at the due time. While the promise
    stands still, or when it was cancelled, the days end at `until`, and what is not counted is left over.
    """

    clock: Clock
    policy: SlaPolicy
    considered: tuple[Considered, ...]
    instance: int
    """2 and above: the case was opened again, and this counts from then."""
    until: datetime
    days: tuple[Days, ...]
    pauses: tuple[PauseTold, ...]
    extensions: tuple[ExtensionTold, ...]
    steps: tuple[StepTold, ...]
    breached_at: datetime | None
    unpublished_years: tuple[int, ...]
    """Not empty: the due time is provisional, because the days off of these years are not published."""

    @property
    def counted(self) -> timedelta:
        """All the time that was counted, in the promise's own kind of time."""
        return sum((days.counted for days in self.days), NO_TIME)


def explain(
    clock: Clock,
    policy: SlaPolicy,
    now: datetime,
    *,
    names: Names,
    considered: tuple[Considered, ...] = (),
    taken: Sequence[Taken] = (),
    instance: int = 1,
    most_rows: int = MOST_ROWS,
) -> Explanation:
    """Explain a clock as it stands `now`; the days are told in at most `most_rows` rows, or in one a year.

    1. Find to where it counts. 2. Cut each date into what counts and what stood still. 3. Tell alike dates together.
    """
    breached_at = clock.breached_at(now)
    until = clock.due_at or breached_at or clock.ended_at or max(as_utc(now), clock.started_at)
    pauses = _pauses(clock, until, now)
    still = [(pause.begins, pause.costs_until) for pause in pauses]
    is_elapsed = clock.target.budget.kind is TimeKind.ELAPSED
    return Explanation(
        clock=clock,
        policy=policy,
        considered=considered,
        instance=instance,
        until=until,
        days=in_rows(each_day(clock, until, still, names), clock.calendar, most_rows),
        pauses=pauses,
        extensions=tuple(_extensions(clock)),
        steps=tuple(_steps(clock, policy.ladder, taken)),
        breached_at=breached_at,
        unpublished_years=() if is_elapsed else clock.calendar.unpublished_years(clock.started_at, until),
    )


def _pauses(clock: Clock, until: datetime, now: datetime) -> tuple[PauseTold, ...]:
    """Return the pauses; one that began after the due time costs nothing."""
    begun = [i for i, event in enumerate(clock.events) if event.kind is EventKind.PAUSED]
    found = []
    for i, (begins, costs_until) in zip(begun, clock.pauses(now), strict=True):
        later = (event for event in clock.events[i + 1 :] if event.kind is not EventKind.EXTENDED)
        end = next((as_utc(event.at) for event in later), None)
        costs = clock.time.between(begins, costs_until) if begins <= until else NO_TIME
        found.append(PauseTold(clock.events[i].reason, begins, end, costs_until, costs))
    return tuple(found)


def _extensions(clock: Clock) -> Iterable[ExtensionTold]:
    for i, event in enumerate(clock.events):
        if event.kind is EventKind.EXTENDED and event.extra is not None:
            before, after = (Clock(clock.target, clock.calendar, clock.events[:n]) for n in (i, i + 1))
            yield ExtensionTold(as_utc(event.at), event.extra, before.due_at, after.due_at)


def _steps(clock: Clock, ladder: Iterable[Step], taken: Sequence[Taken]) -> Iterable[StepTold]:
    """Yield the steps of this promise; one taken before an extension that armed it again has still to come.

    Of a promise that has ended, a step that was not taken has the moment that it would have had.
    """
    before_end = replace(clock, events=clock.events[:-1]) if clock.ended_at else clock
    for step in ladder:
        if step.metric is not clock.target.metric:
            continue
        at = step_time(step, before_end)
        ledger = [one for one in taken if one.step == step.key]
        newest = max(ledger, key=lambda one: one.arm, default=None)
        is_armed_again = newest and newest.arm < clock.extensions and at is not None and at > clock.armed_at
        newest = None if is_armed_again else newest
        yield StepTold(step, newest.due_at if newest else at, newest)
