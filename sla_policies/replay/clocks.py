"""How are the targets and pauses of a case said as clocks of the engine?"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sla_policies.clock import ClockEvent, EventKind
from sla_policies.policy import Budget, Metric, Target
from sla_policies.replay.cases import Values, moment

REASON = "waiting_for_resident"
PAUSABLE = frozenset({REASON})


def target(metric: Metric, budget: Budget, *, pausable: bool) -> Target:
    """Return a promise that pauses, or not, while the resident is waited for."""
    return Target(metric, budget, pauses_for=PAUSABLE if pausable else frozenset())


def event(at: datetime, kind: EventKind, extra: Budget | None = None) -> ClockEvent:
    """Return an event, a pause with the reason that the targets here know."""
    return ClockEvent(at, kind, REASON if kind is EventKind.PAUSED else "", "case", extra)


def pauses(said: Iterable[Values], since: datetime) -> list[ClockEvent]:
    """Return the events of pauses as far as they lie behind the start."""
    found = []
    for pause in said:
        begin, end = moment(pause["from"]), moment(pause["to"])
        if end > since:
            found += [event(max(begin, since), EventKind.PAUSED), event(end, EventKind.RESUMED)]
    return found


def minutes(time: timedelta) -> float:
    """Return an amount of time in minutes, as cases tell it."""
    return time.total_seconds() / 60
