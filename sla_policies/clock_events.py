"""What can happen to a promise, and what may follow what?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sla_policies.policy import Budget, TimeKind
from sla_policies.sentences import SaidError
from sla_policies.work_calendar import as_utc


class EventKind(StrEnum):
    """What can happen to a clock."""

    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    SATISFIED = "satisfied"
    EXTENDED = "extended"
    CANCELLED = "cancelled"


class ClockState(StrEnum):
    """How a clock stands after its events."""

    RUNNING = "running"
    PAUSED = "paused"
    SATISFIED = "satisfied"
    CANCELLED = "cancelled"


class ClockEventError(SaidError):
    """An event cannot have happened to this clock."""


K, S = EventKind, ClockState
NEXT: dict[tuple[ClockState | None, EventKind], ClockState] = {
    (None, K.STARTED): S.RUNNING,
    (S.RUNNING, K.PAUSED): S.PAUSED,
    (S.RUNNING, K.EXTENDED): S.RUNNING,
    (S.PAUSED, K.RESUMED): S.RUNNING,
    (S.PAUSED, K.EXTENDED): S.PAUSED,
} | {(s, k): S(k) for s in (S.RUNNING, S.PAUSED) for k in (K.SATISFIED, K.CANCELLED)}
"""Which event may follow in which state, and the state after it."""


@dataclass(frozen=True)
class ClockEvent:
    """One thing that happened to a clock, at its own time."""

    at: datetime
    kind: EventKind
    reason: str = ""
    actor: str = ""
    extra: Budget | None = None
    """What an extension adds, in the kind of time of the promise."""

    def to_json(self) -> dict[str, Any]:
        """Return plain values for a JSON column."""
        extra = self.extra and {"amount": self.extra.amount, "kind": str(self.extra.kind)}
        if extra and self.extra and self.extra.same_time:
            extra["same_time"] = True
        at = as_utc(self.at).isoformat()
        return {"at": at, "kind": str(self.kind), "reason": self.reason, "actor": self.actor, "extra": extra}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> ClockEvent:
        """Read an event back. Errors: ClockEventError for anything that `to_json` did not write."""
        try:
            extra = value.get("extra")
            budget = Budget(**(extra | {"kind": TimeKind(extra["kind"])})) if extra else None
            at, kind = as_utc(datetime.fromisoformat(value["at"])), EventKind(value["kind"])
            return cls(at, kind, value.get("reason", ""), value.get("actor", ""), budget)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ClockEventError("This is no clock event: {event} ({why}).", event=repr(value), why=error) from error
