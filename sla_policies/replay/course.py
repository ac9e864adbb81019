"""Which clocks does the request of a case have, and which steps were taken on its way?"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sla_policies.clock import Clock, ClockState, EventKind
from sla_policies.escalation import Offset, Step, steps_due
from sla_policies.policy import Budget, Metric, TimeKind
from sla_policies.replay.cases import Values, whole
from sla_policies.replay.clocks import event, target
from sla_policies.work_calendar import WorkCalendar

CONTACT, RESOLUTION = "first_response", "resolution"
UPDATE, NEXT_RESPONSE, KEEP_IN_LOOP = "update", "next_response", "keep_in_loop"
NEXT = (UPDATE, NEXT_RESPONSE, KEEP_IN_LOOP)
"""What other systems call the next reply: to the oldest message, after the first contact, or unasked."""
ALL = (CONTACT, RESOLUTION, *NEXT)
METRICS = {CONTACT: Metric.CONTACT, RESOLUTION: Metric.RESOLVE} | dict.fromkeys(NEXT, Metric.NEXT_REPLY)
MAY_FOLLOW = {
    EventKind.PAUSED: (ClockState.RUNNING,),
    EventKind.RESUMED: (ClockState.PAUSED,),
    EventKind.SATISFIED: (ClockState.RUNNING, ClockState.PAUSED),
    EventKind.CANCELLED: (ClockState.RUNNING, ClockState.PAUSED),
}


@dataclass
class Course:
    """A request on its way: the instances of each promise that its policy names."""

    calendar: WorkCalendar
    targets: Mapping[str, float]
    semantics: Values
    clocks: dict[str, list[Clock]] = field(default_factory=lambda: {metric: [] for metric in ALL})
    fired: set[str] = field(default_factory=set)
    priority: int | None = None
    is_over: bool = False

    @property
    def is_contacted(self) -> bool:
        """Was the first contact made, or is none promised?"""
        return not any(clock.state is not ClockState.SATISFIED for clock in self.clocks[CONTACT])

    def start(self, metric: str, at: datetime) -> None:
        """Begin an instance of a promise, where the policy has it."""
        minutes = self.targets.get(metric)
        if minutes is not None:
            budget = Budget(whole(minutes), TimeKind.WORKING)
            promise = target(METRICS[metric], budget, pausable=self._pauses(metric))
            self.clocks[metric].append(Clock(promise, self.calendar, (event(at, EventKind.STARTED),)))

    def live(self, metric: str) -> list[Clock]:
        """Return the instances that are not over."""
        return [one for one in self.clocks[metric] if one.state in MAY_FOLLOW[EventKind.SATISFIED]]

    def each(self, metrics: Collection[str], kind: EventKind, at: datetime) -> None:
        """Let something happen to all instances of some promises to which it can happen."""
        for metric in metrics:
            if kind is not EventKind.PAUSED or self._pauses(metric):
                self.clocks[metric] = [
                    one.with_event(event(at, kind)) if one.state in MAY_FOLLOW[kind] else one
                    for one in self.clocks[metric]
                ]

    def look(self, at: datetime) -> None:
        """Take the steps that are due at a moment; one may change the priority, if it is what the step asks for."""
        levels = dict(enumerate(self.semantics.get("levels", ())))
        ladder = tuple(
            Step(str(n), Metric.RESOLVE, Offset(minutes=whole(level["offset_minutes"])), ("handler",), "remind")
            for n, level in levels.items()
        )
        for clock in self.clocks[RESOLUTION]:
            for due in steps_due(clock, ladder, frozenset(self.fired), at):
                level = levels[int(due.step.key)]
                self.fired.add(due.step.key)
                if level.get("if_priority") == self.priority:
                    self.priority = level.get("set_priority", self.priority)

    def _pauses(self, metric: str) -> bool:
        return metric in self.semantics.get("pausable", ())
