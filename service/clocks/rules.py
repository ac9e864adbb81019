"""How does a running promise become a row, and what does something that happened to the case do to it?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from service.cases.rules import ClockEffect
from sla_policies.clock import Clock, ClockEvent, ClockState, EventKind
from sla_policies.escalation import next_action_at
from sla_policies.policy import INSIDE, Budget, Metric, PolicyBook, SlaPolicy, Target, TimeKind
from sla_policies.work_calendar import WorkCalendar

FROM_RECEIPT = (Metric.ACCEPT, Metric.CONTACT, Metric.RESOLVE)
"""The metrics that start when a case is received or reopened; the others start by an event of their own."""
LIVE = (ClockState.RUNNING, ClockState.PAUSED)
"""What a promise is as long as it can still be kept or broken."""
LONGEST_SET_ASIDE = timedelta(hours=1)
PAUSE_OVER = "pause_over"
"""Why a clock runs again by itself: the pause reached its maximum, or the day of return."""


@dataclass(frozen=True)
class Happening:
    """Something that happened to a case, as the clocks see it."""

    at: datetime
    effect: ClockEffect
    event: str = ""
    """What the policy may name as satisfying a metric, or as a reason to pause."""
    actor: str = ""
    pauses_for: str = ""
    """The reason for which the case stands still."""
    starts: frozenset[Metric] = frozenset()
    """Which inner promises may begin: the resident wrote, or the unit changed."""
    extra: Budget | None = None
    """What an extension adds."""

    def to_json(self) -> dict[str, Any]:
        """Return plain values for a JSON column: what a clock hears later that could not be counted now."""
        extra = self.extra and {"amount": self.extra.amount, "kind": self.extra.kind}
        words = {"effect": self.effect, "event": self.event, "actor": self.actor, "pauses_for": self.pauses_for}
        return {"at": self.at.isoformat(), **words, "extra": extra}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Happening":
        """Read a happening back that `to_json` wrote."""
        extra = value["extra"] and Budget(value["extra"]["amount"], TimeKind(value["extra"]["kind"]))
        words = {name: value[name] for name in ("event", "actor", "pauses_for")}
        return cls(datetime.fromisoformat(value["at"]), ClockEffect(value["effect"]), **words, extra=extra)


def opening(policy: SlaPolicy, book: PolicyBook, at: datetime) -> list[Clock]:
    """Return the clocks that start at receipt: one for each metric the policy names."""
    start = (ClockEvent(at=at, kind=EventKind.STARTED),)
    return [
        Clock(target=policy.targets[metric], calendar=book.calendars[policy.targets[metric].calendar], events=start)
        for metric in FROM_RECEIPT
        if metric in policy.targets
    ]


def after(clock: Clock, what: Happening) -> Clock:
    """Return the clock after the happening; the same object when it does not touch this clock."""
    if clock.state not in (ClockState.RUNNING, ClockState.PAUSED):
        return clock
    for kind, reason in _events(clock, what):
        # Two processes may differ by a moment: what is written later never happened before what stands already.
        at = max(what.at, clock.events[-1].at)
        clock = clock.with_event(
            ClockEvent(at=at, kind=kind, reason=reason, actor=what.actor, extra=_extra(kind, what))
        )
    return clock


def _events(clock: Clock, what: Happening) -> Iterable[tuple[EventKind, str]]:
    target = clock.target
    if what.effect is ClockEffect.CANCEL:
        return [(EventKind.CANCELLED, what.event)]
    if what.event in target.satisfied_by:
        awake = [(EventKind.RESUMED, what.event)] if clock.state is ClockState.PAUSED else []
        return [*awake, (EventKind.SATISFIED, what.event)]
    if what.effect is ClockEffect.PAUSE and what.pauses_for in target.pauses_for:
        return [(EventKind.PAUSED, what.pauses_for)] if clock.state is ClockState.RUNNING else []
    if clock.state is ClockState.PAUSED and what.effect is ClockEffect.RESUME:
        return [(EventKind.RESUMED, what.event)]
    if what.effect is ClockEffect.EXTEND and target.metric is Metric.RESOLVE:
        return [(EventKind.EXTENDED, what.event)]
    return []


def _extra(kind: EventKind, what: Happening) -> Budget | None:
    return what.extra if kind is EventKind.EXTENDED else None


@dataclass(frozen=True)
class DueChange:
    """A due time that moved: which, from when to when (None: it stands still), and why."""

    metric: Metric
    instance: int
    old: datetime | None
    new: datetime | None
    why: str

    def facts(self) -> dict[str, Any]:
        """Return the change as the history keeps it."""
        moments = {"old": self.old and self.old.isoformat(), "new": self.new and self.new.isoformat()}
        return {"metric": str(self.metric), "instance": self.instance, **moments, "why": self.why}


@dataclass(frozen=True)
class Missed:
    """A promise found broken: which, and the due time that was missed."""

    metric: Metric
    instance: int
    due_at: datetime

    def facts(self) -> dict[str, Any]:
        """Return the breach as the history keeps it."""
        return {"metric": str(self.metric), "instance": self.instance, "due_at": self.due_at.isoformat()}


Change = DueChange | Missed
"""What the history keeps of a clock beside what happened to the case."""


def wakes_at(clock: Clock, returns_at: datetime | None) -> datetime | None:
    """Return when a paused clock runs again by itself: at the policy's maximum or the day of return, what is first."""
    moments = [m for m in (clock.paused_until, returns_at) if m is not None]
    return max(min(moments), clock.events[-1].at) if moments else None


def recounted(clock: Clock, target: Target, calendar: WorkCalendar, *, since: datetime | None = None) -> Clock:
    """Return the clock under another target, counted from its own start or from another receipt.

    Pauses that the new target does not allow, and extensions in another kind of time, are left out: they never
    happened under the promise that holds now.
    """
    events: list[ClockEvent] = []
    state = ClockState.RUNNING
    for event in clock.events:
        foreign = event.extra is not None and event.extra.kind is not target.budget.kind
        unknown = event.kind is EventKind.PAUSED and event.reason not in target.pauses_for
        idle = event.kind is EventKind.RESUMED and state is not ClockState.PAUSED
        if foreign or unknown or idle:
            continue
        if event.kind in (EventKind.PAUSED, EventKind.RESUMED):
            state = ClockState.PAUSED if event.kind is EventKind.PAUSED else ClockState.RUNNING
        events.append(event)
    if since is not None:
        events[0] = replace(events[0], at=since)
    return Clock(target, calendar, tuple(events))


def begun_before(
    target: Target, calendar: WorkCalendar, start: datetime, past: Sequence[tuple[datetime, str]]
) -> Clock:
    """Return the clock of a promise that is made later but counts from `start`: what fulfils it may have happened."""
    clock = Clock(target, calendar, (ClockEvent(start, EventKind.STARTED),))
    kept = next(((at, event) for at, event in past if at >= start and event in target.satisfied_by), None)
    return clock.with_event(ClockEvent(kept[0], EventKind.SATISFIED, kept[1])) if kept else clock


def may_begin(metric: Metric, rows: Iterable[tuple[Metric, ClockState]]) -> bool:
    """May an inner promise begin beside these clocks, oldest first?

    The next reply only after contact, and while no earlier message waits; a hand-over always begins anew.
    """
    newest = dict(rows)
    if metric is not Metric.NEXT_REPLY:
        return True
    heard = newest.get(Metric.CONTACT, ClockState.SATISFIED) is ClockState.SATISFIED
    return heard and newest.get(metric) not in (ClockState.RUNNING, ClockState.PAUSED)


def values(clock: Clock, now: datetime) -> dict[str, Any]:
    """Return the columns that follow from the events."""
    return {
        "events": [event.to_json() for event in clock.events],
        "state": clock.state,
        "due_at": clock.due_at,
        "ended_at": clock.ended_at,
        "breached_at": clock.breached_at(now),
        "is_provisional": clock.is_provisional,
    }


def new_row(clock: Clock, policy: SlaPolicy, book: PolicyBook, *, instance: int) -> dict[str, Any]:
    """Return the row of a clock that has just started; the caller adds the case."""
    started = clock.started_at
    return values(clock, started) | {
        "metric": clock.target.metric,
        "instance": instance,
        "policy": policy.name,
        "book_hash": book.hash,
        "budget": clock.target.budget.amount,
        "kind": clock.target.budget.kind,
        "started_at": started,
        "next_action_at": next_action_at(clock, policy.ladder, frozenset()),
        "failures": 0,
        "missed": [],
    }


def tried_again_at(failures: int, now: datetime) -> datetime:
    """Return when a clock is looked at again that failed so often in a row: in 1, 2, 4 … minutes, at most an hour."""
    return now + min(timedelta(minutes=2 ** min(failures - 1, 6)), LONGEST_SET_ASIDE)


def runs_out_next(clocks: Iterable[tuple[Metric, ClockState, datetime | None]]) -> tuple[datetime, Metric] | None:
    """Return what runs out first among running clocks: when, and which promise. Orders are owed inside the house."""
    of_case = ((metric, state, due) for metric, state, due in clocks if metric not in INSIDE)
    running = [(due, metric) for metric, state, due in of_case if state is ClockState.RUNNING and due is not None]
    return min(running, default=None)
