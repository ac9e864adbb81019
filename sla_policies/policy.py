"""Which promise does a case get? (first version: to be replaced)"""
from __future__ import annotations
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from sla_policies.work_calendar import WorkCalendar


class Grade(StrEnum):
    G1 = "G1"; G2 = "G2"; G3 = "G3"; G4 = "G4"; C = "C"


class Metric(StrEnum):
    ACCEPT = "accept"; CONTACT = "contact"; NEXT_REPLY = "next_reply"; RESOLVE = "resolve"; HANDOVER = "handover"


class TimeKind(StrEnum):
    ELAPSED = "elapsed"; WORKING = "working"; WORKDAYS = "workdays"


@dataclass(frozen=True)
class Budget:
    amount: int
    kind: TimeKind


@dataclass(frozen=True)
class Target:
    metric: Metric
    budget: Budget
    calendar: str = "round_the_clock"
    satisfied_by: frozenset[str] = frozenset()
    pauses_for: frozenset[str] = frozenset()
    pause_at_most: Budget | None = None
    source: str = "own"
    mark: str = "own"


@dataclass(frozen=True)
class SlaPolicy:
    name: str
    grade: Grade
    title_zh: str
    title_en: str
    promise_zh: str
    promise_en: str
    targets: Mapping[Metric, Target]
    ladder: tuple[Any, ...] = ()
    extensions: int = 0
    extension_at_most: Budget | None = None


@dataclass(frozen=True)
class PolicyBook:
    name: str
    version: str
    effective_from: date
    policies: tuple[SlaPolicy, ...]
    calendars: Mapping[str, WorkCalendar]
    hash: str
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def by_name(self) -> Mapping[str, SlaPolicy]:
        return {p.name: p for p in self.policies}


@dataclass(frozen=True)
class CaseFacts:
    grade: Grade
    category: str
    group: str
    area_codes: tuple[str, ...]
    channel: str
    focus_groups: frozenset[str]
    received_at: datetime


@dataclass(frozen=True)
class Considered:
    name: str
    matched: bool
    why_zh: str
    why_en: str


@dataclass(frozen=True)
class PolicyChoice:
    policy: SlaPolicy | None
    considered: tuple[Considered, ...]


@dataclass(frozen=True)
class GradeDecision:
    grade: Grade
    raised_from: Grade | None
    why_zh: str
    why_en: str
    words: tuple[str, ...]
    danger: bool


WORDS = ("困人", "被困", "漏气", "着火", "起火", "触电", "坍塌", "跳楼", "自杀")


def choose_policy(book: PolicyBook, facts: CaseFacts) -> PolicyChoice:
    seen = []
    for p in book.policies:
        ok = p.grade == facts.grade
        seen.append(Considered(p.name, ok, f"等级{p.grade}", f"grade {p.grade}"))
        if ok:
            return PolicyChoice(p, tuple(seen))
    return PolicyChoice(None, tuple(seen))


def raise_grade(book: PolicyBook, grade: Grade, text: str, category: str, focus_groups: frozenset[str]) -> GradeDecision:
    words = tuple(w for w in WORDS if w in text)
    if words and grade is not Grade.G1:
        return GradeDecision(Grade.G1, grade, "文中有危险词", "words of danger", words, True)
    return GradeDecision(grade, None, "", "", words, bool(words))
