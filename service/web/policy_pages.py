"""What does the policy in force say to residents, in plain words?"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time
from itertools import groupby

from babel.dates import get_day_names

from service.routing.directory import Directory
from service.timekeeping import ZONE
from service.web.catalogues import HTML_LANG, Language, gettext, translate
from service.web.explained import amount
from service.web.policy_words import OWED_LABELS, PLACE_LABELS, WHENCE_LABELS
from service.web.words import words
from sla_policies.calendar_files import DeskHours
from sla_policies.escalation import Offset, Step
from sla_policies.hours import DAY, Windows
from sla_policies.policy import (
    Budget,
    CaseFacts,
    Grade,
    PolicyBook,
    RaiseRule,
    SlaPolicy,
    Target,
    TimeKind,
    choose_policy,
)
from sla_policies.reading import in_language

MOST_EXAMPLES = 8
SAYS_NO_MORE = ("own", "Proposed here")
"""Words of a source that its mark says already."""
LOCALES: Mapping[str, str] = {"zh": "zh_CN", "en": "en_GB"}
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Source:
    """Where a number comes from: what kind of source it is, and its words in the language in which they are kept."""

    mark: str
    """A message id."""
    text: str
    lang: str


@dataclass(frozen=True)
class OwedLine:
    """One promise of a policy."""

    owed: str
    within: str
    kind: TimeKind
    pauses: list[str]
    pause_at_most: str
    source: Source


@dataclass(frozen=True)
class RungLine:
    """One step of the ladder, in words."""

    at: str
    who: str
    what: str
    source: Source


@dataclass(frozen=True)
class PolicyTold:
    """One policy, in one language."""

    policy: SlaPolicy
    title: str
    promise: str
    where: list[str]
    """The areas in which it holds, if not everywhere."""
    examples: list[str]
    more_examples: int
    owed: list[OwedLine]
    extension: str
    extension_source: Source | None
    ladder: list[tuple[str, list[RungLine]]]


def policies_told(book: PolicyBook, known: Directory, language: Language) -> list[PolicyTold]:
    """Return every policy of the promise pack in plain words, the most urgent first, with topics it is for."""
    topics = _topics_of(book, known, language)
    policies = sorted(book.policies, key=lambda policy: list(Grade).index(policy.grade))
    return [
        _policy_told(policy, _places_of(policy, known, language), topics.get(policy.name, []), language)
        for policy in policies
    ]


def _places_of(policy: SlaPolicy, known: Directory, language: Language) -> list[str]:
    """Return the areas in which a policy holds; a code that the installation does not know stands for itself."""
    found = [(code, known.areas.by_code.get(code)) for code in sorted(policy.match.areas)]
    return [code if place is None else place.name_en if language == "en" else place.name for code, place in found]


def _topics_of(book: PolicyBook, known: Directory, language: Language) -> dict[str, list[str]]:
    """Return the topics by the policies that each of them would get, anywhere or where a policy of its own holds."""
    found: dict[str, list[str]] = {}
    since = datetime.combine(book.effective_from, time(), ZONE)
    places = dict.fromkeys([(), *(tuple(sorted(policy.match.areas)) for policy in book.policies)])
    for topic in known.catalogue.topics.values():
        if topic.is_active and topic.parent_code:
            facts = facts_of_topic(topic.code, topic.grade, known, since)
            chosen = [choose_policy(book, replace(facts, area_codes=place)).policy for place in places]
            name = topic.name_en if language == "en" and topic.name_en else topic.name
            for policy_name in dict.fromkeys(policy.name if policy else "" for policy in chosen):
                found.setdefault(policy_name, []).append(name)
    return found


def facts_of_topic(code: str, grade: Grade, known: Directory, at: datetime) -> CaseFacts:
    """Return what a policy may ask about a request of which only topic and grade are known."""
    group = (known.catalogue.path(code) or (code,))[-1]
    return CaseFacts(grade, code, group, (), "web", frozenset(), at)


def _policy_told(policy: SlaPolicy, where: list[str], topics: list[str], language: Language) -> PolicyTold:
    english = language == "en"
    most = policy.extension_at_most
    extension_source = source_of(policy.extension_mark, policy.extension_source, language)
    return PolicyTold(
        policy=policy,
        title=policy.title_en if english else policy.title_zh,
        promise=policy.promise_en if english else policy.promise_zh,
        where=where,
        examples=topics[:MOST_EXAMPLES],
        more_examples=max(len(topics) - MOST_EXAMPLES, 0),
        owed=[_owed(target, language) for target in policy.targets.values()],
        extension=amount(most, language) if most and policy.extensions else "",
        extension_source=extension_source if policy.extensions else None,
        ladder=[
            (gettext(language, words.metric[metric]), [_rung(step, policy, language) for step in steps])
            for metric, steps in groupby(policy.ladder, lambda step: step.metric)
        ],
    )


def _owed(target: Target, language: Language) -> OwedLine:
    return OwedLine(
        owed=gettext(language, OWED_LABELS[target.metric]),
        within=amount(target.budget, language),
        kind=target.budget.kind,
        pauses=sorted(target.pauses_for),
        pause_at_most=amount(target.pause_at_most, language) if target.pause_at_most else "",
        source=source_of(target.mark, target.source, language),
    )


def _rung(step: Step, policy: SlaPolicy, language: Language) -> RungLine:
    between = "、" if language == "zh" else ", "
    title = step.title_en if language == "en" else step.title_zh
    return RungLine(
        at=_place(step.offset, policy.targets[step.metric].budget.kind, language),
        who=between.join(gettext(language, words.rung[role]) for role in step.to),
        what=title or gettext(language, words.act[step.act]),
        source=source_of(step.mark, step.source, language),
    )


def _place(offset: Offset, kind: TimeKind, language: Language) -> str:
    if offset.percent is not None:
        return translate(language, PLACE_LABELS["percent"], percent=offset.percent)
    number = offset.workdays or offset.minutes
    if not number:
        return gettext(language, PLACE_LABELS["due"])
    own = TimeKind.ELAPSED if kind is TimeKind.ELAPSED else TimeKind.WORKING
    budget = Budget(abs(number), TimeKind.WORKDAYS if offset.workdays else own)
    return translate(language, PLACE_LABELS["before" if number < 0 else "after"], amount=amount(budget, language))


def source_of(mark: str, text: str, language: Language) -> Source:
    """Return a source in the reader's language where it is kept in both, and else in the one that it has."""
    said = "" if mark == "own" and text in SAYS_NO_MORE else in_language(text, language)
    lang = HTML_LANG["zh" if CHINESE.search(text) else "en"] if "\n" not in text else HTML_LANG[language]
    return Source(WHENCE_LABELS.get(mark, mark), said, lang)


def raises_told(book: PolicyBook, language: Language) -> list[tuple[RaiseRule, str, Source]]:
    """Return what makes a request more urgent: the rule, why, and where it comes from."""
    english = language == "en"
    return [(r, r.why_en if english else r.why_zh, source_of(r.mark, r.source, language)) for r in book.raises]


def desk_hours(desk: DeskHours, language: Language) -> list[tuple[str, str]]:
    """Return the hours of a desk by days of the week that are alike: 周一至周五, 08:30–12:00、13:30–17:30."""
    names = get_day_names("abbreviated", locale=LOCALES[language])
    said = []
    for hours, group in groupby(range(7), lambda day: desk.week[day]):
        days = list(group)
        to = "至" if language == "zh" else " to "
        label = names[days[0]] if len(days) == 1 else f"{names[days[0]]}{to}{names[days[-1]]}"
        said.append((label, _windows_said(hours, language)))
    return said


def _windows_said(windows: Windows, language: Language) -> str:
    def clock(seconds: int) -> str:
        shown = seconds - DAY if seconds > DAY else seconds
        return f"{shown // 3600:02}:{shown // 60 % 60:02}"

    between = "、" if language == "zh" else ", "
    return between.join(f"{clock(opens)}–{clock(closes)}" for opens, closes in windows)
