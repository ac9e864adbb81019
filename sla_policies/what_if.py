"""Which promises does another text of a pack change, and what comes of it for cases, added up?"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sla_policies.clock import END_OF_TIME, Clock, ClockEvent, EventKind
from sla_policies.escalation import Step
from sla_policies.policy import CaseFacts, Metric, PolicyBook, SlaPolicy, Target, TimeKind, choose_policy
from sla_policies.sentences import said_of
from sla_policies.work_calendar import WorkCalendar

MOST_LISTED = 50
"""So many of the cases most moved, and of the cases that cannot be counted, are named."""
BANDS: tuple[tuple[str, timedelta], ...] = (
    ("1h", timedelta(hours=1)),
    ("1d", timedelta(days=1)),
    ("3d", timedelta(days=3)),
    ("7d", timedelta(days=7)),
)
BEYOND = "more"
"""The band above the last one of BANDS."""


@dataclass(frozen=True)
class Rule:
    """One promise as a pack makes it: its policy, its target, the calendar it counts in, and its steps."""

    policy: SlaPolicy
    target: Target
    calendar: WorkCalendar
    steps: tuple[Step, ...]

    def due(self, start: datetime) -> datetime:
        """Return the due time of a promise that nothing paused or extended."""
        return self._any.after(start, self.target.budget)

    @cached_property
    def _any(self) -> Clock:
        """A clock of this rule: how its budget counts is the same for all of them."""
        return Clock(self.target, self.calendar, (ClockEvent(END_OF_TIME, EventKind.STARTED),))


def rule_of(book: PolicyBook, policy: SlaPolicy | None, metric: Metric) -> Rule | None:
    """Return the promise of that metric under a policy of the book; None: it is not promised."""
    target = policy.targets.get(metric) if policy else None
    if policy is None or target is None:
        return None
    steps = tuple(step for step in policy.ladder if step.metric is metric)
    return Rule(policy, target, book.calendars[target.calendar], steps)


def counts_alike(old: Rule, new: Rule) -> bool:
    """Do both promises give the same due time, whatever happens? The words and sources may differ."""
    if _counted(old.target) != _counted(new.target):
        return False
    kinds = {budget.kind for budget in (new.target.budget, new.target.pause_at_most) if budget}
    return same_hours(old.calendar, new.calendar) if kinds != {TimeKind.ELAPSED} else _same_zone(old, new)


def says_alike(old: Rule, new: Rule) -> bool:
    """Do both promises say the same to a case, the hours of their calendars aside: name, time, steps, extensions?"""
    return (
        old.policy.name == new.policy.name
        and _counted(old.target) == _counted(new.target)
        and [_taken(step) for step in old.steps] == [_taken(step) for step in new.steps]
        and (old.policy.extensions, old.policy.extension_at_most)
        == (new.policy.extensions, new.policy.extension_at_most)
    )


def same_hours(one: WorkCalendar, other: WorkCalendar) -> bool:
    """Have both calendars the same working time, and the same years published?"""
    names = ("zone", "week", "off", "worked", "dated", "breaks", "known_years")
    return one is other or all(getattr(one, name) == getattr(other, name) for name in names)


def changed_steps(old: Rule, new: Rule) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return the steps whose recipients differ: name → who heard and who would hear; nobody where it is missing."""
    before = {step.key: step.to for step in old.steps}
    after = {step.key: step.to for step in new.steps}
    pairs = {key: (before.get(key, ()), after.get(key, ())) for key in before | after}
    return {key: (heard, hears) for key, (heard, hears) in pairs.items() if set(heard) != set(hears)}


def chooses_alike(old: PolicyBook, new: PolicyBook) -> bool:
    """Would both books give every case a policy of the same name?"""
    return [_chosen_by(policy) for policy in old.policies] == [_chosen_by(policy) for policy in new.policies]


def successor(old: PolicyBook | None, new: PolicyBook, name: str | None, facts: CaseFacts) -> SlaPolicy | None:
    """Return the policy that follows on that name in the new book; None: nothing is promised any more.

    The same name where both books choose alike, so that only what was edited changes; else the book chooses anew.
    """
    same = new.by_name.get(name or "")
    if old is not None and same is not None and chooses_alike(old, new):
        return same if same.targets else None
    return choose_policy(new, facts).policy


def _counted(target: Target) -> tuple[Any, ...]:
    return target.metric, target.budget, target.satisfied_by, target.pauses_for, target.pause_at_most


def _taken(step: Step) -> tuple[Any, ...]:
    return step.key, step.offset, step.to, step.act, step.wakes, step.acknowledge_within, step.unless


def _same_zone(old: Rule, new: Rule) -> bool:
    return old.calendar.zone == new.calendar.zone


def _chosen_by(policy: SlaPolicy) -> tuple[Any, ...]:
    return policy.name, policy.match, policy.is_default, bool(policy.targets)


@dataclass
class Effect:
    """What another text does, added up case by case: plain values, so that it can be kept as JSON.

    Open cases are counted as they would stand after a migration; ended promises as they would have been judged.
    """

    cases: int = 0
    """Open cases looked at."""
    touched: int = 0
    """Open cases on which any promise changes."""
    earlier: int = 0
    later: int = 0
    started: int = 0
    """Promises that stand still and would run, because the new text does not let them pause."""
    added: int = 0
    ended: int = 0
    """Promises that the new text does not make any more."""
    overdue: int = 0
    """Promises that would be overdue at once, and are not now."""
    provisional: int = 0
    """Promises whose new due time touches a year without published holidays."""
    bands: dict[str, int] = field(default_factory=dict)
    """How far due times move: "-1d" is at most a day earlier, "+more" is beyond the last band."""
    policies: dict[str, int] = field(default_factory=dict)
    """Cases whose policy changes, by "old > new"; an empty name: nothing is promised."""
    steps: dict[str, int] = field(default_factory=dict)
    """Running promises by the step whose recipients change: "policy|metric|step|who heard|who would hear"."""
    most_moved: list[list[str]] = field(default_factory=list)
    """[case, metric, old, new], the most moved first after `settle`."""
    refused: int = 0
    refusals: list[list[Any]] = field(default_factory=list)
    """[case, sentence, its facts]: cases that cannot be counted under the new text, and would be left alone."""
    replayed: int = 0
    """Ended promises looked at again because their rule changes."""
    untold: int = 0
    """Ended promises of which it cannot be told: what fulfilled them is not what the new text asks for."""
    more_breaches: int = 0
    """Ended promises that were kept and would have been broken; the other way round they are the fewer."""
    fewer_breaches: int = 0
    grades: dict[str, list[int]] = field(default_factory=dict)
    """Grade → [breaches as they were, breaches under the new text]; the same for units (by id) and weeks."""
    units: dict[str, list[int]] = field(default_factory=dict)
    weeks: dict[str, list[int]] = field(default_factory=dict)

    @property
    def changes_nothing(self) -> bool:
        """Is every open case left as it is, and would every ended promise have been judged the same?"""
        return not (self.touched or self.refused or self.untold or self.more_breaches or self.fewer_breaches)

    def move(self, case: str, metric: str, old: datetime | None, new: datetime | None) -> None:
        """Note a due time of a running promise that moves."""
        if old is None or new is None:
            self.started += 1
            return
        by = new - old
        if by < timedelta():
            self.earlier += 1
        else:
            self.later += 1
        band = ("-" if by < timedelta() else "+") + next((name for name, most in BANDS if abs(by) <= most), BEYOND)
        self.bands[band] = self.bands.get(band, 0) + 1
        self.most_moved.append([case, metric, old.isoformat(), new.isoformat()])
        if len(self.most_moved) >= 20 * MOST_LISTED:
            self.settle()

    def refuse(self, case: str, why: Exception) -> None:
        """Note a case that cannot be counted."""
        self.refused += 1
        if len(self.refusals) < MOST_LISTED:
            self.refusals.append([case, *said_of(why)])

    def judge(self, grade: str, unit: str, week: str, *, before: bool, after: bool, times: int = 1) -> None:
        """Note ended promises that are alike: were they broken, and would they have been?"""
        self.replayed += times
        self.more_breaches += times if after and not before else 0
        self.fewer_breaches += times if before and not after else 0
        if not before and not after:
            return
        for table, key in ((self.grades, grade), (self.units, unit), (self.weeks, week)):
            told = table.setdefault(key, [0, 0])
            told[0] += times if before else 0
            told[1] += times if after else 0

    def settle(self) -> None:
        """Keep only the cases most moved, the most moved first."""
        self.most_moved.sort(key=_moved_by, reverse=True)
        del self.most_moved[MOST_LISTED:]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        self.settle()
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Effect":
        """Read back what `to_json` wrote."""
        return cls(**value)


def _moved_by(line: list[str]) -> timedelta:
    return abs(datetime.fromisoformat(line[3]) - datetime.fromisoformat(line[2]))
