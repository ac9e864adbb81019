"""What is a text about? The catalogue, and a first guess from its words."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from sla_policies.policy import Grade

SOMETHING_ELSE = "Z99"
"""The topic of what fits nowhere: it goes to triage."""


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


@dataclass(frozen=True)
class Catalogue:
    """All categories, by code."""

    topics: Mapping[str, Topic]

    @cached_property
    def by_name(self) -> Mapping[str, Topic]:
        """Return the topics by their Chinese and English names."""
        return {name: t for t in self.topics.values() for name in (t.name, t.name_en)}

    def path(self, code: str) -> tuple[str, ...]:
        """Return the code and those above it, nearest first."""
        found: list[str] = []
        topic = self.topics.get(code)
        while topic is not None:
            found.append(topic.code)
            topic = self.topics.get(topic.parent_code) if topic.parent_code else None
        return tuple(found)

    def suggest(self, text: str, *, most: int = 3) -> tuple[Topic, ...]:
        """Return the topics whose keywords stand in the text: most letters matched first, then by code."""
        words = text.casefold()
        scores = {
            topic.code: sum(len(word) for word in topic.keywords if word.casefold() in words)
            for topic in self.topics.values()
            if topic.is_active
        }
        named = sorted((code for code, score in scores.items() if score), key=lambda c: (-scores[c], c))
        return tuple(self.topics[code] for code in named[:most])
