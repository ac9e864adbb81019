"""What does a line of the dispatch catalogue say in words, and does its target still hold?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from sqlmodel import Session

from service.accounts.queries import active_people
from service.accounts.rules import ROLE_LABELS, Role
from service.areas.queries import all_areas
from service.categories.queries import topics
from service.routing.tables import RoutingRule
from service.web.admin.common import called, said
from service.web.words import LEVEL

PART_LABELS: Mapping[str, str] = {
    "any-category": "any category",
    "anywhere": "anywhere",
    "left": "somebody who has left",
    "unit": "{unit}: {role}",
    "level": "{level} of the place: {role}",
}


@dataclass(frozen=True)
class Line:
    """One rule as a reader sees it: which cases, from where, to whom."""

    rule: RoutingRule
    what: str
    where: str
    to: str
    broken: str
    """Why its target cannot take anything: a key of `words.broken_rule`, or nothing."""


@dataclass(frozen=True)
class Names:
    """Everything that lines name, by id or code; also what is closed or gone."""

    areas: Mapping[int, Any]
    people: Mapping[int, Any]
    """Those who work here now."""
    topics: Mapping[str, Any]

    def broken(self, rule: RoutingRule) -> str:
        """Return why the target of a line cannot take a case from anywhere, or nothing."""
        if rule.target_person_id is not None:
            return "" if rule.target_person_id in self.people else "person-gone"
        if rule.target_area_id is not None:
            if not self.areas[rule.target_area_id].is_active:
                return "unit-gone"
            staff = {(p.area_id, p.role) for p in self.people.values()}
            return "" if (rule.target_area_id, rule.target_role) in staff else "nobody-there"
        return ""


def names(session: Session) -> Names:
    """Return what lines may name."""
    return Names(
        {area.id or 0: area for area in all_areas(session)},
        {person.id or 0: person for person in active_people(session)},
        topics(session),
    )


def broken_lines(session: Session, rules: Sequence[RoutingRule]) -> int:
    """Return how many lines in use point to somebody or something that is gone."""
    known = names(session)
    return sum(bool(known.broken(rule)) for rule in rules if rule.is_active)


def lines(request: Request, session: Session, rules: Sequence[RoutingRule]) -> list[Line]:
    """Return these rules in the reader's language."""
    known = names(session)
    return [line(request, rule, known) for rule in rules]


def line(request: Request, rule: RoutingRule, known: Names) -> Line:
    """Return one rule in the reader's language."""
    topic = known.topics.get(rule.category_code or "")
    area = known.areas.get(rule.area_id or 0)
    return Line(
        rule,
        what=f"{topic.code} {called(request, topic)}" if topic else said(request, PART_LABELS["any-category"]),
        where=called(request, area) if area else said(request, PART_LABELS["anywhere"]),
        to=_target(request, rule, known),
        broken=known.broken(rule),
    )


def _target(request: Request, rule: RoutingRule, known: Names) -> str:
    if rule.target_person_id is not None:
        person = known.people.get(rule.target_person_id)
        return called(request, person) if person else said(request, PART_LABELS["left"])
    role = said(request, ROLE_LABELS[Role(rule.target_role)])
    if rule.target_area_id is not None:
        return said(request, PART_LABELS["unit"], unit=called(request, known.areas[rule.target_area_id]), role=role)
    level = said(request, LEVEL[rule.target_level or "community"])
    return said(request, PART_LABELS["level"], level=level, role=role)
