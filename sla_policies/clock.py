"""How does a clock stand? (first version: to be replaced)"""
from __future__ import annotations
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from sla_policies.policy import Budget, Target, TimeKind
from sla_policies.work_calendar import WorkCalendar


class EventKind(StrEnum):
    STARTED = "started"; PAUSED = "paused"; RESUMED = "resumed"; SATISFIED = "satisfied"; EXTENDED = "extended"; CANCELLED = "cancelled"


class ClockState(StrEnum):
    RUNNING = "running"; PAUSED = "paused"; SATISFIED = "satisfied"; CANCELLED = "cancelled"


@dataclass(frozen=True)
class ClockEvent:
    at: datetime
    kind: EventKind
    reason: str = ""
    actor: str = ""
    extra: Budget | None = None

    def to_json(self) -> dict[str, Any]:
        return {"at": self.at.isoformat(), "kind": str(self.kind), "reason": self.reason, "actor": self.actor,
                "extra": {"amount": self.extra.amount, "kind": str(self.extra.kind)} if self.extra else None}

    @classmethod
    def from_json(cls, v: dict[str, Any]) -> ClockEvent:
        x = v.get("extra")
        return cls(datetime.fromisoformat(v["at"]), EventKind(v["kind"]), v["reason"], v["actor"],
                   Budget(x["amount"], TimeKind(x["kind"])) if x else None)


@dataclass(frozen=True)
class Clock:
    target: Target
    calendar: WorkCalendar
    events: tuple[ClockEvent, ...]

    @property
    def state(self) -> ClockState:
        last = [e for e in self.events if e.kind is not EventKind.EXTENDED][-1].kind
        return {EventKind.STARTED: ClockState.RUNNING, EventKind.RESUMED: ClockState.RUNNING, EventKind.PAUSED: ClockState.PAUSED,
                EventKind.SATISFIED: ClockState.SATISFIED, EventKind.CANCELLED: ClockState.CANCELLED}[last]

    @property
    def started_at(self) -> datetime:
        return self.events[0].at

    @property
    def ended_at(self) -> datetime | None:
        return self.events[-1].at if self.state in (ClockState.SATISFIED, ClockState.CANCELLED) else None

    @property
    def extensions(self) -> int:
        return sum(e.kind is EventKind.EXTENDED for e in self.events)

    def paused(self, now: datetime) -> timedelta:
        total, since = timedelta(0), None
        for e in self.events:
            if e.kind is EventKind.PAUSED: since = e.at
            elif since and e.kind in (EventKind.RESUMED, EventKind.CANCELLED, EventKind.SATISFIED):
                total += e.at - since; since = None
        return total + ((now - since) if since else timedelta(0))

    def _length(self, b: Budget) -> timedelta:
        return timedelta(days=b.amount) if b.kind is TimeKind.WORKDAYS else timedelta(minutes=b.amount)

    @property
    def budget(self) -> timedelta:
        return self._length(self.target.budget) + sum((self._length(e.extra) for e in self.events if e.extra), timedelta(0))

    @property
    def due_at(self) -> datetime | None:
        if self.state in (ClockState.PAUSED, ClockState.CANCELLED): return None
        return self.started_at + self.budget + self.paused(self.events[-1].at)

    def elapsed(self, now: datetime) -> timedelta:
        return (self.ended_at or now) - self.started_at - self.paused(now)

    def remaining(self, now: datetime) -> timedelta:
        return self.budget - self.elapsed(now)

    def after(self, at: datetime, budget: Budget) -> datetime:
        return at + self._length(budget)

    def breached_at(self, now: datetime) -> datetime | None:
        d = self.due_at
        return d if d and (self.ended_at or now) > d else None

    @property
    def is_provisional(self) -> bool:
        return False

    def with_event(self, e: ClockEvent) -> Clock:
        return replace(self, events=(*self.events, e))
