"""Which lines of the dispatch catalogue fit a case? Found by its topic and place at once, however many there are."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Protocol

from service.accounts.rules import Role
from service.areas.rules import AreaLevel, AreaTree
from service.categories.rules import Catalogue
from service.routing.hours import ALWAYS, Hours, Moment
from sla_policies.policy import Grade


@dataclass(frozen=True)
class Rule:
    """One line of the dispatch catalogue as the rules see it; a condition that is empty fits everything."""

    id: int
    """The number of the line, which it keeps in every later version of the table."""
    position: int
    category_code: str | None = None
    area_id: int | None = None
    target_level: AreaLevel | None = None
    target_area_id: int | None = None
    target_person_id: int | None = None
    target_role: Role = Role.WORKER
    hours: Hours = ALWAYS
    channels: frozenset[str] = frozenset()
    focus_groups: frozenset[str] = frozenset()
    """One of them is enough."""
    grades: frozenset[Grade] = frozenset()
    is_pool: bool = False
    """The unit gets it and no person: whoever is free takes it."""
    party: str = ""
    """The outside party that does the work; the unit answers for it."""


@dataclass(frozen=True)
class RuleVersion:
    """One version of the table: its lines in use, in order, and from when on they decide."""

    id: int
    effective_at: datetime
    rules: tuple[Rule, ...]


class Asked(Protocol):
    """The facts of a case that a line looks at, beside its topic and its place."""

    @property
    def grade(self) -> Grade:
        """How urgent it is."""

    @property
    def channel(self) -> str:
        """By which channel it came; empty where that is not known."""

    @property
    def focus_groups(self) -> frozenset[str]:
        """The focus groups of whom it is for."""


def misfit(rule: Rule, asked: Asked, at: Moment) -> str:
    """Return why a line of the right topic and place does not fit: hours, channel, focus-group, grade, or nothing."""
    if rule.grades and asked.grade not in rule.grades:
        return "grade"
    if rule.channels and asked.channel not in rule.channels:
        return "channel"
    if rule.focus_groups and rule.focus_groups.isdisjoint(asked.focus_groups):
        return "focus-group"
    return "" if rule.hours.covers(at) else "hours"


@dataclass(frozen=True, eq=False)
class Table:
    """The lines of one version, arranged so that those of a topic and a place are found without looking at others.

    Two topics under the same nearest topic that any line names have the same lines, and so have two places: what was
    found for one of them is found for all.
    """

    version: RuleVersion
    areas: AreaTree
    catalogue: Catalogue
    _found: dict[tuple[str | None, int | None], tuple[Rule, ...]] = field(default_factory=dict, repr=False)

    @cached_property
    def _named(self) -> Mapping[tuple[str | None, int | None], Sequence[Rule]]:
        """Return the lines by what exactly they name."""
        named: dict[tuple[str | None, int | None], list[Rule]] = defaultdict(list)
        for rule in self.version.rules:
            named[rule.category_code, rule.area_id].append(rule)
        return named

    @cached_property
    def topic_keys(self) -> Mapping[str, str | None]:
        """Return for each topic the nearest one above, or itself, that any line names."""
        named = {rule.category_code for rule in self.version.rules}
        topics = self.catalogue.topics
        return {code: next((c for c in self.catalogue.path(code) if c in named), None) for code in topics}

    @cached_property
    def area_keys(self) -> Mapping[int, int | None]:
        """Return for each area the nearest one above, or itself, that any line names."""
        named = {rule.area_id for rule in self.version.rules}
        keys: dict[int, int | None] = {}
        for area_id in self.areas.places:
            way: list[int] = []
            key: int | None = None
            for place in self.areas.up_from(area_id):
                if place.id in keys or place.id in named:
                    key = place.id if place.id in named else keys[place.id]
                    break
                way.append(place.id)
            keys[area_id] = key
            keys.update(dict.fromkeys(way, key))
        return keys

    def lines(self, category_code: str, area_id: int) -> tuple[Rule, ...]:
        """Return the lines whose topic and place hold for a case, in order."""
        key = self.topic_keys.get(category_code), self.area_keys.get(area_id)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self.lines_of(*key)
        return found

    def lines_of(self, topic_key: str | None, area_key: int | None) -> tuple[Rule, ...]:
        """Return the lines of everything under a topic and a place that lines name; None: under nothing named."""
        topics = (*(self.catalogue.path(topic_key) if topic_key is not None else ()), None)
        places = (*((p.id for p in self.areas.up_from(area_key)) if area_key is not None else ()), None)
        found = [rule for code in topics for area_id in places for rule in self._named.get((code, area_id), ())]
        return tuple(sorted(found, key=lambda rule: rule.position))
