"""How does a running promise become a row, and what does something that happened to the case do to it?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.cases.rules import ClockEffect
from sla_policies.clock import Clock, ClockEvent, ClockState, EventKind
from sla_policies.escalation import next_action_at
from sla_policies.policy import Budget, Metric, PolicyBook, SlaPolicy

FROM_RECEIPT = (Metric.ACCEPT, Metric.CONTACT, Metric.RESOLVE)
"""The metrics that start when a case is received or reopened; the others start by an event of their own."""


@dataclass(frozen=True)
class Happening:
    """Something that happened to a case, as the clocks see it."""

    at: datetime
    effect: ClockEffect
    event: str = ""
    """What the policy may name as satisfying a metric, or as a reason to pause."""
    actor: str = ""
    extra: Budget | None = None
    """What an extension adds."""


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
    if what.effect is ClockEffect.PAUSE and "waiting_for_resident" in target.pauses_for:
        return [(EventKind.PAUSED, "waiting_for_resident")] if clock.state is ClockState.RUNNING else []
    if clock.state is ClockState.PAUSED and what.effect is ClockEffect.RESUME:
        return [(EventKind.RESUMED, what.event)]
    if what.effect is ClockEffect.EXTEND and target.metric is Metric.RESOLVE:
        return [(EventKind.EXTENDED, what.event)]
    return []


def _extra(kind: EventKind, what: Happening) -> Budget | None:
    return what.extra if kind is EventKind.EXTENDED else None


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
    }


def runs_out_next(clocks: Iterable[tuple[Metric, ClockState, datetime | None]]) -> tuple[datetime, Metric] | None:
    """Return what runs out first among running clocks: when, and which promise."""
    running = [(due, metric) for metric, state, due in clocks if state is ClockState.RUNNING and due is not None]
    return min(running, default=None)
