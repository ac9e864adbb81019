"""What does a line of the dispatch catalogue say in words, and does its target still hold?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from sqlmodel import Session

from service.accounts.queries import active_people
from service.accounts.rules import Role
from service.areas.queries import all_areas
from service.categories.queries import topics
from service.rosters.week import DAYS, MINUTES_A_DAY, HoursUnreadableError
from service.routing.hours import NIGHT_HOURS, Part, read_hours
from service.routing.tables import RoutingRule
from service.web.admin.common import called, said
from service.web.admin.rule_words import HOURS_LABELS, PART_LABELS, WEEKDAY_LABELS
from service.web.role_words import role_label
from service.web.words import CHANNEL, FOCUS_GROUP, GRADE, LEVEL


@dataclass(frozen=True)
class Line:
    """One rule as a reader sees it: which cases, from where, on what conditions, to whom."""

    rule: RoutingRule
    place: int
    """Where it stands in its version, counted from 1."""
    what: str
    where: str
    conditions: list[str]
    to: str
    broken: str
    """Why its target cannot take anything: a key of `words.broken_rule`, or nothing."""
    cases: int = 0
    returned: int = 0
    """Of the cases that it sent lately, so many were given back."""

    @property
    def rate(self) -> float:
        """Return the part of its cases that was given back."""
        return self.returned / self.cases if self.cases else 0.0

    @property
    def words(self) -> str:
        """Return everything that it says, to be searched in."""
        said = (self.what, self.where, *self.conditions, self.to, self.rule.note)
        return "\n".join(said).casefold()


@dataclass(frozen=True)
class Names:
    """Everything that lines name, by id or code; also what is closed or gone."""

    areas: Mapping[int, Any]
    people: Mapping[int, Any]
    """Those who work here now."""
    topics: Mapping[str, Any]
    rates: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    """Cases sent and given back, by the number of the line."""

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


def names(session: Session, rates: Mapping[int, tuple[int, int]] | None = None) -> Names:
    """Return what lines may name."""
    return Names(
        {area.id or 0: area for area in all_areas(session)},
        {person.id or 0: person for person in active_people(session)},
        topics(session),
        rates or {},
    )


def broken_lines(session: Session, rules: Sequence[RoutingRule]) -> int:
    """Return how many lines in use point to somebody or something that is gone."""
    known = names(session)
    return sum(bool(known.broken(rule)) for rule in rules if rule.is_active)


def lines(request: Request, rules: Iterable[RoutingRule], known: Names) -> list[Line]:
    """Return the rules of one version, in order, in the reader's language."""
    return [line(request, rule, known, place) for place, rule in enumerate(rules, start=1)]


def line(request: Request, rule: RoutingRule, known: Names, place: int = 0) -> Line:
    """Return one rule in the reader's language."""
    topic = known.topics.get(rule.category_code or "")
    area = known.areas.get(rule.area_id or 0)
    cases, returned = known.rates.get(rule.line or 0, (0, 0))
    return Line(
        rule,
        place,
        what=f"{topic.code} {called(request, topic)}" if topic else said(request, PART_LABELS["any-category"]),
        where=called(request, area) if area else said(request, PART_LABELS["anywhere"]),
        conditions=_conditions(request, rule),
        to=target(request, rule, known),
        broken=known.broken(rule),
        cases=cases,
        returned=returned,
    )


def _conditions(request: Request, rule: RoutingRule) -> list[str]:
    tables = ((rule.channels, CHANNEL), (rule.focus_groups, FOCUS_GROUP), (rule.grades, GRADE))
    between = said(request, PART_LABELS["between"])
    listed = [
        between.join(said(request, labels.get(code, code)) for code in codes) for codes, labels in tables if codes
    ]
    return ([hours_said(request, rule.hours)] if rule.hours else []) + listed


def hours_said(request: Request, hours: str) -> str:
    """Return the hours of a line in the reader's language."""
    try:
        parts = read_hours(hours).parts
    except HoursUnreadableError:
        return hours
    return said(request, PART_LABELS["between"]).join(_part_said(request, part) for part in parts)


def _part_said(request: Request, part: Part) -> str:
    starts, ends = part.starts, part.ends % MINUTES_A_DAY or MINUTES_A_DAY
    span = f"{starts // 60:02d}:{starts % 60:02d}–{ends // 60:02d}:{ends % 60:02d}"
    is_whole = (part.starts, part.ends) == (0, MINUTES_A_DAY)
    if part.is_worked is not None:
        days = said(request, HOURS_LABELS["workday" if part.is_worked else "holiday"])
    elif len(part.days) == DAYS:
        is_night = (part.starts, part.ends) == NIGHT_HOURS
        return said(request, HOURS_LABELS["night" if is_night else "every-day"], hours=span)
    else:
        days = _days_said(request, sorted(part.days))
    return days if is_whole else said(request, HOURS_LABELS["days-hours"], days=days, hours=span)


def _days_said(request: Request, days: Sequence[int]) -> str:
    first, last = days[0], days[-1]
    if len(days) > 2 and last - first == len(days) - 1:
        ends = {"first": said(request, WEEKDAY_LABELS[first]), "last": said(request, WEEKDAY_LABELS[last])}
        return said(request, HOURS_LABELS["from-to"], **ends)
    return said(request, PART_LABELS["between"]).join(said(request, WEEKDAY_LABELS[day]) for day in days)


def target(request: Request, rule: Any, known: Names) -> str:  # noqa: ANN401  # A line, or a proposal of one.
    """Return to whom a line sends its cases, in the reader's language."""
    told = _unit(request, rule, known)
    if getattr(rule, "is_pool", False):
        told = said(request, PART_LABELS["pool"], target=told)
    party = getattr(rule, "party", "")
    return said(request, PART_LABELS["party"], party=party, target=told) if party else told


def _unit(request: Request, rule: Any, known: Names) -> str:  # noqa: ANN401  # See above.
    person_id = getattr(rule, "target_person_id", None)
    if person_id is not None:
        person = known.people.get(person_id)
        return called(request, person) if person else said(request, PART_LABELS["left"])
    unit = known.areas[rule.target_area_id] if rule.target_area_id is not None else None
    role = said(request, role_label(Role(rule.target_role), at_department=unit is not None and unit.is_department))
    if unit is not None:
        return said(request, PART_LABELS["unit"], unit=called(request, unit), role=role)
    level = said(request, LEVEL[rule.target_level or "community"])
    return said(request, PART_LABELS["level"], level=level, role=role)
