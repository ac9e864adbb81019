"""Who hears next about a promise, at which moment, and what is asked of them?"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sla_policies.clock import Clock, ClockState, EventKind
from sla_policies.policy import Budget, Metric
from sla_policies.work_calendar import as_utc

ROLES = (
    "handler",
    "addressee",
    "issuer",
    "community_duty",
    "community_head",
    "subdistrict_desk",
    "subdistrict_supervisor",
    "district_desk",
)
"""Whom a step may name, from the street up; who they are is looked up when the step is taken.

The first three are whoever must keep the promise: the one who holds the case, or whom an order or part went to or
came from.
"""
OWN_ROLES = frozenset({"handler", "addressee", "issuer"})
SUPERIORS = ("community_head", "subdistrict_supervisor", "district_desk")
"""Over whom what is not answered climbs, from the nearest to the top."""
TOP = SUPERIORS[-1]
ACTS = ("remind", "call_out", "hand_over", "force_assign", "yellow_card", "red_card", "supervise", "climb")
NEW_HANDS = frozenset({"hand_over", "force_assign"})
"""Acts that give a case nobody has signed for to somebody else."""
CONDITIONS = frozenset({"contacted", "acknowledged"})
"""What may make a step unnecessary; asked when it is taken, never before."""


@dataclass(frozen=True)
class Offset:
    """Where a step stands: at a share of the promised time, or before or after the due time.

    Minutes count in the clock's own time, working minutes on a clock of working time.
    """

    percent: int | None = None
    minutes: int = 0
    """Negative: before the due time."""
    workdays: int = 0

    def __str__(self) -> str:
        if self.percent is not None:
            return f"{self.percent} %"
        amount = self.workdays or self.minutes
        if amount == 0:
            return "due"
        size = abs(amount)
        written = (
            f"{size} workday{'s' * (size > 1)}" if self.workdays else f"{size}m" if size % 60 else f"{size // 60}h"
        )
        return f"{'before' if amount < 0 else 'after'} {written}"


@dataclass(frozen=True)
class Step:
    """One rung: when it is reached, who hears, what is asked, and what would make it unnecessary."""

    key: str
    metric: Metric
    offset: Offset
    to: tuple[str, ...]
    act: str
    wakes: bool = False
    """May it disturb people at night?"""
    acknowledge_within: Budget | None = None
    """Who hears must answer within this time, else the next rung hears."""
    unless: frozenset[str] = frozenset()
    title_zh: str = ""
    title_en: str = ""
    source: str = "own"
    mark: str = "own"

    @property
    def asks(self) -> bool:
        """Must somebody answer it?"""
        return self.acknowledge_within is not None


@dataclass(frozen=True)
class DueStep:
    """A step that is to be taken, dated by its own moment and not by when somebody looked."""

    step: Step
    due_at: datetime


def step_time(step: Step, clock: Clock) -> datetime | None:
    """Return the moment of a step: never before the clock's start; None while the clock is paused, or after its end."""
    due = clock.due_at
    if clock.state is not ClockState.RUNNING or due is None:
        return None
    offset = step.offset
    if offset.workdays:
        return max(clock.calendar.shift_workdays(due, offset.workdays), clock.started_at)
    if offset.percent is not None:
        return clock.spent_at(clock.allowance * offset.percent / 100)
    return clock.shifted(timedelta(minutes=offset.minutes)) if offset.minutes else due


def steps_due(clock: Clock, ladder: tuple[Step, ...], fired: frozenset[str], now: datetime) -> tuple[DueStep, ...]:
    """Return the steps of this clock whose time has come and that are not in `fired`, in order.

    Nothing falls due on a clock that is paused or over; what fell due before that and was not taken yet is due still.
    After an extension only the steps beyond it are armed again.
    """
    return due_and_next(clock, ladder, fired, now)[0]


def due_and_next(
    clock: Clock, ladder: tuple[Step, ...], fired: frozenset[str], now: datetime
) -> tuple[tuple[DueStep, ...], datetime | None]:
    """Return the steps of this clock that are due, and when the first of those behind them falls due."""
    stood, stopped_at = clock.last_run
    armed = _armed(stood, ladder, fired)
    if stopped_at is not None:
        return tuple(step for step in armed if step.due_at < stopped_at), None
    due = tuple(step for step in armed if step.due_at <= now)
    return due, min((step.due_at for step in armed[len(due) :]), default=None)


def earlier(clock: Clock) -> Iterator[tuple[Clock, datetime]]:
    """Yield the clock as it was before each thing that happened to it, oldest first, and till when it stood so.

    What had fallen due by then and was not taken yet is due still, at the moment and in the arming of that time: a
    pause moves later steps, and an extension arms them anew. A step at the very moment of an extension came before it.
    """
    for number, event in enumerate(clock.events[1:], start=1):
        until = as_utc(event.at) - (timedelta() if event.kind is EventKind.EXTENDED else timedelta.resolution)
        yield replace(clock, events=clock.events[:number]), until


def next_action_at(clock: Clock, ladder: tuple[Step, ...], fired: frozenset[str]) -> datetime | None:
    """Return when the next step of this clock falls due that is not in `fired`; None when there is none."""
    return min((due.due_at for due in _armed(clock, ladder, fired)), default=None)


def _armed(clock: Clock, ladder: tuple[Step, ...], fired: frozenset[str]) -> list[DueStep]:
    """Return what is still to come, in order of time and then of the ladder."""
    found, metric = [], clock.target.metric
    beyond = clock.armed_at if clock.extensions else None
    for step in ladder:
        if step.metric is metric and step.key not in fired:
            at = step_time(step, clock)
            if at is not None and (beyond is None or at > beyond):
                found.append(DueStep(step, at))
    return sorted(found, key=lambda due: due.due_at)
