"""Which promise does a case get, and why that one?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sla_policies.promises import (
    INSIDE,
    OF_ORDERS,
    OF_PARTS,
    ORDERS,
    PARTS,
    PROMISED,
    Budget,
    Grade,
    Match,
    Metric,
    PolicyBook,
    RaiseRule,
    SlaPolicy,
    Target,
    TimeKind,
)
from sla_policies.words import plain, plain_word, says

__all__ = [
    "INSIDE",
    "OF_ORDERS",
    "OF_PARTS",
    "ORDERS",
    "PARTS",
    "PROMISED",
    "Budget",
    "CaseFacts",
    "Considered",
    "Grade",
    "GradeDecision",
    "Match",
    "Metric",
    "PolicyBook",
    "PolicyChoice",
    "RaiseRule",
    "SlaPolicy",
    "Target",
    "TimeKind",
    "choose_policy",
    "raise_grade",
]


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
    book: PolicyBook,
    grade: Grade,
    text: str,
    category: str,
    focus_groups: frozenset[str],
    more: Iterable[RaiseRule] = (),
) -> GradeDecision:
    """Raise the grade where a rule says so, to the most urgent that any rule asks for; never lower it.

    Asked are the rules of the book and then `more`, those of the topic.
    """
    reached, why, words, danger = grade, ("", ""), [], False
    folded = plain(text)
    for rule in (*book.raises, *more):
        found = [word for word in rule.words if says(folded, plain_word(word))]
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
