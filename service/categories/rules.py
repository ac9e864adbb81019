"""What is a text about, what else is asked, and what makes it more urgent? The catalogue as the rules see it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from service.categories.questions import Answer, Question
from sla_policies.policy import Grade, RaiseRule

SOMETHING_ELSE = "Z99"
"""The topic of what fits nowhere: it goes to triage."""
CARE_GRADE = Grade.G2
"""What a topic's focus groups raise a case to."""
_ANSWERED = "answer:"


class Handler(StrEnum):
    """Who usually handles a topic (主办), as the catalogue proposes it; the lines of dispatch decide."""

    COMMUNITY = "community"
    SUBDISTRICT = "subdistrict"
    DEPARTMENT = "department"
    PROPERTY = "property"
    UTILITY = "utility"
    SUPERVISION = "supervision"


class Evidence(StrEnum):
    """Which photos staff must have taken before a case of a topic is resolved."""

    NONE = "none"
    AFTER = "after"
    BEFORE_AND_AFTER = "before_and_after"


@dataclass(frozen=True)
class Elsewhere:
    """Where to go with what is not, or not first, for us: 110, 119, 120, 122, petitions, courts."""

    zh: str
    en: str
    phone: str = ""
    taken: bool = True
    """We still take the request after it was said; what the law gives to others we do not (DOMAIN 2.5)."""

    def said(self, language: str) -> str:
        """Return where to go, in that language."""
        return self.en if language == "en" and self.en else self.zh


@dataclass(frozen=True)
class Topic:
    """One category as the rules see it."""

    id: int
    code: str
    parent_code: str | None
    name: str
    name_en: str
    grade: Grade
    keywords: tuple[str, ...] = ()
    is_active: bool = True
    questions: tuple[Question, ...] = ()
    danger_words: tuple[str, ...] = ()
    care_groups: tuple[str, ...] = ()
    elsewhere: Elsewhere | None = None
    examples: str = ""
    evidence: Evidence = Evidence.NONE

    def examples_said(self, language: str) -> str:
        """Return what residents write about under it; there are examples in Chinese only."""
        return self.examples if language != "en" else ""

    @property
    def is_taken(self) -> bool:
        """Do we take requests about it?"""
        return self.is_active and (self.elsewhere is None or self.elsewhere.taken)


@dataclass(frozen=True)
class Catalogue:
    """All categories, by code."""

    topics: Mapping[str, Topic]

    @cached_property
    def by_name(self) -> Mapping[str, Topic]:
        """Return the topics by their Chinese and English names."""
        return {name: t for t in self.topics.values() for name in (t.name, t.name_en)}

    @cached_property
    def groups(self) -> tuple[tuple[Topic, tuple[tuple[int, Topic], ...]], ...]:
        """Return each group in use with all that is in use below it, in the order of the catalogue.

        Each comes with its depth below the group: 1 for a topic, 2 for one within a topic, and so on.
        """
        tops = (t for t in self.topics.values() if t.is_active and t.parent_code is None)
        return tuple((top, tuple(self._below(top.code, 1))) for top in tops)

    def _below(self, code: str, depth: int) -> Iterable[tuple[int, Topic]]:
        for topic in self._children.get(code, ()):
            yield depth, topic
            yield from self._below(topic.code, depth + 1)

    @cached_property
    def _children(self) -> Mapping[str, list[Topic]]:
        found: dict[str, list[Topic]] = {}
        for topic in self.topics.values():
            if topic.is_active and topic.parent_code is not None:
                found.setdefault(topic.parent_code, []).append(topic)
        return found

    def path(self, code: str) -> tuple[str, ...]:
        """Return the code and those above it, nearest first."""
        found: list[str] = []
        topic = self.topics.get(code)
        while topic is not None:
            found.append(topic.code)
            topic = self.topics.get(topic.parent_code) if topic.parent_code else None
        return tuple(found)

    def questions(self, code: str) -> tuple[Question, ...]:
        """Return what else is asked about a topic: the questions of those above it first, each once."""
        found = {one.key: one for above in reversed(self.path(code)) for one in self.topics[above].questions}
        return tuple(found.values())

    def elsewhere(self, code: str) -> Elsewhere | None:
        """Return where to go with a topic, as it or the nearest above it says."""
        said = (self.topics[above].elsewhere for above in self.path(code))
        return next((one for one in said if one is not None), None)

    def evidence(self, code: str) -> Evidence:
        """Return which photos a topic or one above it asks for: the most that any of them does."""
        asked = {self.topics[above].evidence for above in self.path(code)}
        return max(asked, key=list(Evidence).index, default=Evidence.NONE)

    def raises(self, code: str, answers: Iterable[Answer] = ()) -> tuple[RaiseRule, ...]:
        """Return what a topic, those above it and the answers to its questions add to the rules that raise a grade."""
        above = [self.topics[one] for one in self.path(code)]
        return (*(rule for topic in above for rule in _raises(topic)), *map(_raised_by, filter(_is_danger, answers)))

    def named_in(self, text: str) -> Mapping[str, int]:
        """Return how many letters of their keywords stand in the text: most first, then by code, those with any."""
        said = text.casefold()
        scores: Counter[str] = Counter()
        for first in set(said):
            for word, code in self._keywords.get(first, ()):
                scores[code] += len(word) if word in said else 0
        return {code: scores[code] for code in sorted(scores, key=lambda c: (-scores[c], c)) if scores[code]}

    @cached_property
    def _keywords(self) -> Mapping[str, list[tuple[str, str]]]:
        """Return each keyword with its topic by its first letter, so that a text is not searched for all of them."""
        found: dict[str, list[tuple[str, str]]] = {}
        for topic in self.topics.values():
            for word in {word.casefold() for word in topic.keywords if word} if topic.is_active else ():
                found.setdefault(word[0], []).append((word, topic.code))
        return found


def answered(answers: Iterable[Answer]) -> frozenset[str]:
    """Return what the answers say of danger, as facts beside the focus groups: see Catalogue.raises."""
    return frozenset(f"{_ANSWERED}{one.key}" for one in answers if one.danger)


def _is_danger(answer: Answer) -> bool:
    return answer.danger


def _raised_by(answer: Answer) -> RaiseRule:
    zh, en = f"对“{answer.zh}”回答了“{answer.said}”，按紧急事项办理", f"“{answer.en}” was answered: {answer.said_en}"
    return RaiseRule(Grade.G1, zh, en, focus_groups=frozenset({f"{_ANSWERED}{answer.key}"}), danger=True)


def _raises(topic: Topic) -> Iterable[RaiseRule]:
    if topic.danger_words:
        zh = f"“{topic.name}”中表示危险的词，按紧急事项办理"
        en = f"Words of danger under “{topic.name_en}” make this an emergency"
        yield RaiseRule(Grade.G1, zh, en, words=topic.danger_words, danger=True)
    if topic.care_groups:
        zh = f"“{topic.name}”涉及重点人群，按及时事项办理"
        en = f"Somebody who needs special care comes first under “{topic.name_en}”"
        yield RaiseRule(CARE_GRADE, zh, en, focus_groups=frozenset(topic.care_groups))
