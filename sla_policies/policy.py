"""Which promise does a case get, and why that one?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sla_policies.words import plain, says
from sla_policies.work_calendar import WorkCalendar

if TYPE_CHECKING:
    from sla_policies.escalation import Step


class Grade(StrEnum):
    """How urgent a case is: from danger (G1) to a question (C)."""

    G1 = "G1"
    G2 = "G2"
    G3 = "G3"
    G4 = "G4"
    C = "C"


class Metric(StrEnum):
    """What is promised: signing for the case, contact, the next reply, the result, and a unit's own time."""

    ACCEPT = "accept"
    CONTACT = "contact"
    NEXT_REPLY = "next_reply"
    RESOLVE = "resolve"
    HANDOVER = "handover"


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

    @property
    def by_name(self) -> Mapping[str, SlaPolicy]:
        """The policies by their names."""
        return {policy.name: policy for policy in self.policies}


@dataclass(frozen=True)
class CaseFacts:
    """What a policy may ask about a case."""

    grade: Grade
    category: str
    group: str
    area_codes: tuple[str, ...]
    channel: str
    focus_groups: frozenset[str]
    received_at: datetime


@dataclass(frozen=True)
class Considered:
    """One policy that was looked at, and why it was taken or not."""

    name: str
    matched: bool
    why_zh: str
    why_en: str
    title_zh: str = ""
    title_en: str = ""


@dataclass(frozen=True)
class PolicyChoice:
    """The policy of a case, and all that were looked at on the way to it; None: nothing is promised, on purpose."""

    policy: SlaPolicy | None
    considered: tuple[Considered, ...]


@dataclass(frozen=True)
class GradeDecision:
    """The grade of a case after the rules that may raise it."""

    grade: Grade
    raised_from: Grade | None
    why_zh: str
    why_en: str
    words: tuple[str, ...]
    danger: bool
    """Words of danger were found: call 110, 119 or 120 first."""


def choose_policy(book: PolicyBook, facts: CaseFacts) -> PolicyChoice:
    """Choose the first policy in the order of the file that matches the case; the default has no conditions."""
    considered: list[Considered] = []
    for policy in book.policies:
        misses = list(_misses(policy.match, facts))
        if not misses:
            taken = ("以上都不适用时的默认承诺", "the default") if policy.is_default else _reason(policy.match)
            considered.append(_looked_at(policy, taken, matched=True))
            return PolicyChoice(policy if policy.targets else None, tuple(considered))
        considered.append(_looked_at(policy, misses[0], matched=False))
    return PolicyChoice(None, tuple(considered))


def _looked_at(policy: SlaPolicy, why: tuple[str, str], *, matched: bool) -> Considered:
    return Considered(policy.name, matched, *why, policy.title_zh, policy.title_en)


def raise_grade(
    book: PolicyBook, grade: Grade, text: str, category: str, focus_groups: frozenset[str]
) -> GradeDecision:
    """Raise the grade where a rule of the book says so, to the most urgent that any rule asks for; never lower it."""
    reached, why, words, danger = grade, ("", ""), [], False
    folded = plain(text)
    for rule in book.raises:
        found = [word for word in rule.words if says(folded, plain(word))]
        focused = bool(focus_groups & rule.focus_groups) and (not rule.categories or category in rule.categories)
        if not found and not focused:
            continue
        words += [word for word in found if word not in words]
        danger = danger or rule.danger
        if _urgency(rule.to) < _urgency(reached):
            named = ("：" + "、".join(found), ": " + ", ".join(found)) if found else ("", "")
            reached, why = rule.to, (rule.why_zh + named[0], rule.why_en + named[1])
    return GradeDecision(reached, grade if reached is not grade else None, *why, tuple(words), danger)


CONDITIONS = (
    ("grades", "等级", "grade"),
    ("categories", "事项", "topic"),
    ("groups", "事项大类", "topic group"),
    ("areas", "区域", "area"),
    ("channels", "渠道", "channel"),
    ("focus_groups", "重点人群", "focus group"),
)


def _misses(match: Match, facts: CaseFacts) -> Iterable[tuple[str, str]]:
    """Yield, in both languages, the conditions that do not hold."""
    given: Mapping[str, Iterable[str]] = {
        "grades": [facts.grade],
        "categories": [facts.category],
        "groups": [facts.group],
        "areas": facts.area_codes,
        "channels": [facts.channel],
        "focus_groups": facts.focus_groups,
    }
    for name, zh, en in CONDITIONS:
        wanted: frozenset[str] = getattr(match, name)
        if wanted and not wanted & set(given[name]):
            is_, asked = ", ".join(sorted(given[name])), ", ".join(sorted(wanted))
            yield (f"{zh}是{is_ or '无'}，本条只用于{asked}", f"the {en} is {is_ or 'none'}, this one is for {asked}")


def _reason(match: Match) -> tuple[str, str]:
    named = [(zh, en, ", ".join(sorted(getattr(match, name)))) for name, zh, en in CONDITIONS if getattr(match, name)]
    return ("，".join(f"{zh}符合{what}" for zh, _, what in named), ", ".join(f"{en} {what}" for _, en, what in named))


def _urgency(grade: Grade) -> int:
    return list(Grade).index(grade)
