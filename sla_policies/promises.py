"""What does a promise pack say: which promises, within how long, for which cases, and who hears next?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from sla_policies.work_calendar import WorkCalendar

if TYPE_CHECKING:
    from sla_policies.climbing import Climbing
    from sla_policies.escalation import Step

ORDERS = "order"
"""The name under which a pack says what holds for supervise orders, among its policies."""
PARTS = "part"
"""Likewise for the parts of a case that other desks are called to do."""


class Grade(StrEnum):
    """How urgent a case is: from danger (G1) to a question (C)."""

    G1 = "G1"
    G2 = "G2"
    G3 = "G3"
    G4 = "G4"
    C = "C"


class Metric(StrEnum):
    """What is promised: signing for the case, contact, the next reply, the result, and a unit's own time.

    The last four are owed inside the house: the answer to a supervise order, what its issuer says to that, and that a
    desk called to help comes forward, and does its part.
    """

    ACCEPT = "accept"
    CONTACT = "contact"
    NEXT_REPLY = "next_reply"
    RESOLVE = "resolve"
    HANDOVER = "handover"
    ORDER = "order"
    VERDICT = "verdict"
    REPORT_IN = "report_in"
    PART = "part"


OF_ORDERS = frozenset({Metric.ORDER, Metric.VERDICT})
OF_PARTS = frozenset({Metric.REPORT_IN, Metric.PART})
INSIDE = OF_ORDERS | OF_PARTS
"""What one desk owes another: no resident is promised it, and its term is said by whoever asks for it."""
PROMISED = tuple(metric for metric in Metric if metric not in INSIDE)
"""What a policy may promise for a case."""


class TimeKind(StrEnum):
    """In which time a budget counts."""

    ELAPSED = "elapsed"
    """Day and night, in minutes."""
    WORKING = "working"
    """Working hours of the calendar, in minutes."""
    WORKDAYS = "workdays"
    """Workdays of the calendar, in days."""


@dataclass(frozen=True)
class Budget:
    """So much of one kind of time: minutes of elapsed or working time, or days."""

    amount: int
    kind: TimeKind
    same_time: bool = False
    """Workdays only: end at the same time of day instead of at close of business."""

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError(f"A budget cannot be negative: {self.amount} {self.kind}.")


@dataclass(frozen=True)
class Target:
    """One promise of a policy: what, within how long, in which calendar, and what fulfils or pauses it."""

    metric: Metric
    budget: Budget
    calendar: str = "round_the_clock"
    """For elapsed time it counts only in the ladder, where a step stands `before 1 workday`."""
    satisfied_by: frozenset[str] = frozenset()
    pauses_for: frozenset[str] = frozenset()
    pause_at_most: Budget | None = None
    """The most that all pauses together can cost, in hours of either kind; beyond it the clock counts on."""
    source: str = "own"
    mark: str = "own"

    def __post_init__(self) -> None:
        if self.pause_at_most is not None and self.pause_at_most.kind is TimeKind.WORKDAYS:
            raise ValueError(f"The longest pause of {self.metric} is told in hours, not in workdays.")


@dataclass(frozen=True)
class Match:
    """For which cases a policy is: every condition that names something must hold."""

    grades: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    focus_groups: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return any(vars(self).values())


@dataclass(frozen=True)
class SlaPolicy:
    """One promise pack entry: its targets, its ladder, and what residents are told about it in plain language."""

    name: str
    grade: Grade
    title_zh: str
    title_en: str
    promise_zh: str
    promise_en: str
    targets: Mapping[Metric, Target]
    """Empty: this policy promises nothing, on purpose."""
    ladder: tuple[Step, ...] = ()
    extensions: int = 0
    """How often the time of `resolve` may be extended."""
    extension_at_most: Budget | None = None
    """The most that all extensions of a case may add together."""
    match: Match = Match()
    is_default: bool = False
    extension_source: str = "own"
    extension_mark: str = "own"
    climbing: Climbing | None = None
    """How long each rung has to answer; None: an older file, which does not say it."""


@dataclass(frozen=True)
class RaiseRule:
    """When a case gets a more urgent grade: words in its text, or a focus group together with a topic."""

    to: Grade
    why_zh: str
    why_en: str
    words: tuple[str, ...] = ()
    focus_groups: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    danger: bool = False
    """Show the notice that 110, 119 or 120 come first."""
    source: str = "own"
    mark: str = "own"


@dataclass(frozen=True)
class PolicyBook:
    """A promise pack as read from its files, with the calendars it counts in."""

    name: str
    version: str
    effective_from: date
    """The first day on whose receipts it holds."""
    policies: tuple[SlaPolicy, ...]
    calendars: Mapping[str, WorkCalendar]
    hash: str
    """SHA-256 of the texts: the same text gives the same promise."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """File name → text, so that the book can be read again from what a clock was pinned to."""
    raises: tuple[RaiseRule, ...] = ()
    title_zh: str = ""
    title_en: str = ""
    effective_until: date | None = None
    """The last day on whose receipts it holds; None: until a later version begins."""
    orders: SlaPolicy | None = None
    """What holds for supervise orders; it is never chosen for a case. None: the pack knows none."""
    parts: SlaPolicy | None = None
    """Likewise for the parts of a case that other desks are called to do."""

    @property
    def by_name(self) -> Mapping[str, SlaPolicy]:
        """The policies by their names, those of supervise orders and of parts among them."""
        return {policy.name: policy for policy in (*self.policies, self.orders, self.parts) if policy}
