"""Which topics, areas and kinds of cases does no line of a table tell apart?"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import product

from service.accounts.rules import Role
from service.areas.rules import AreaLevel
from service.routing.details import CHANNELS, FOCUS_GROUPS
from service.routing.directory import Directory
from service.routing.hours import SLOTS, Hours
from service.routing.matching import Rule, Table
from service.routing.rules import Request, target_of
from sla_policies.policy import Grade

WEEKS = 2 * SLOTS
"""Half hours of an ordinary week and of a week of holidays."""


@dataclass(frozen=True)
class Kind:
    """Cases that no line tells apart: one example of them."""

    grade: Grade
    channel: str
    focus_group: str


@dataclass(frozen=True)
class AreaClass:
    """Areas that lie under the same named area and whose desks are staffed alike."""

    number: int
    key: int | None
    desks: tuple[str, ...]
    areas: list[int]


Condition = tuple[frozenset[Grade], frozenset[str], frozenset[str]]


@dataclass(frozen=True, eq=False)
class Classes:
    """The classes of one table."""

    table: Table
    known: Directory
    at: datetime

    @cached_property
    def conditions(self) -> dict[Condition, int]:
        """Return, for each condition beside the hours that a line has, the kinds of cases that it fits, as bits."""
        wanted = {_condition(rule) for rule in self.table.version.rules}
        return {one: sum(1 << i for i, kind in enumerate(self.kinds) if _fits(one, kind)) for one in wanted}

    @cached_property
    def kinds(self) -> list[Kind]:
        """Return one example of each kind of case that lines tell apart; plain ones stand in front."""
        wanted = {_condition(rule) for rule in self.table.version.rules}
        seen: dict[tuple[bool, ...], Kind] = {}
        grades = [Grade.G3, *(grade for grade in Grade if grade is not Grade.G3)]
        for grade, channel, group in product(grades, ("", *CHANNELS), ("", *FOCUS_GROUPS)):
            kind = Kind(grade, channel, group)
            seen.setdefault(tuple(_fits(one, kind) for one in wanted), kind)
        return list(seen.values())

    @cached_property
    def masks(self) -> dict[tuple[Hours, Condition], int]:
        """Return what hours and conditions take together: for each kind of case the half hours of two weeks."""
        found = {}
        for rule in self.table.version.rules:
            key = rule.hours, _condition(rule)
            if key not in found:
                weeks = rule.hours.slots(all_off=False) | rule.hours.slots(all_off=True) << SLOTS
                kinds = self.conditions[key[1]]
                found[key] = sum(weeks << WEEKS * i for i in range(len(self.kinds)) if kinds >> i & 1)
        return found

    @cached_property
    def everything(self) -> int:
        """Return every half hour of every kind of case."""
        return (1 << WEEKS * len(self.kinds)) - 1

    def mask(self, rule: Rule) -> int:
        """Return what a line takes."""
        return self.masks[rule.hours, _condition(rule)]

    @cached_property
    def areas(self) -> list[AreaClass]:
        """Return the areas that a case can lie in, in classes."""
        levels = sorted(
            {(rule.target_level, rule.target_role) for rule in self.table.version.rules if rule.target_level}
        )
        found: dict[tuple[int | None, tuple[str, ...]], list[int]] = defaultdict(list)
        for place in self.known.areas.grounds:
            desks = tuple(self._staffed(place.id, level, role) for level, role in levels)
            found[self.table.area_keys[place.id], desks].append(place.id)
        return [AreaClass(i, key, desks, areas) for i, ((key, desks), areas) in enumerate(found.items())]

    def _staffed(self, area_id: int, level: AreaLevel, role: Role) -> str:
        rule = Rule(0, 0, target_level=level, target_role=role)
        return self.target(rule, area_id)

    def target(self, rule: Rule, area_id: int) -> str:
        """Return why a line can send nothing from an area, or nothing."""
        unit, people, why = target_of(rule, Request("", area_id, Grade.G3, self.at), self.known)
        return "" if unit is not None and people else why

    @cached_property
    def topics(self) -> dict[str | None, list[str]]:
        """Return the topics in use by the nearest one that lines name."""
        found: dict[str | None, list[str]] = defaultdict(list)
        for topic in self.known.catalogue.topics.values():
            if topic.is_taken:
                found[self.table.topic_keys[topic.code]].append(topic.code)
        return found


def _condition(rule: Rule) -> Condition:
    return rule.grades, rule.channels, rule.focus_groups


def _fits(condition: Condition, kind: Kind) -> bool:
    grades, channels, groups = condition
    return (
        (not grades or kind.grade in grades)
        and (not channels or kind.channel in channels)
        and (not groups or kind.focus_group in groups)
    )
