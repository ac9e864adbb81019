"""Which desk and which person get a case, and why?

`route` is pure: it reads a `Directory` (everything the installation knows of places, topics, people and rules), facts
of the case and everybody's load, and returns a decision with its reasons.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.accounts.rules import Role
from service.areas.rules import AreaLevel, Place
from service.routing.directory import Directory, Rule, Staff
from sla_policies.policy import Grade

RINGS_AT_NIGHT = frozenset({Grade.G1, Grade.G2})
"""Grades for which somebody on duty is found even when the own desk sleeps (DOMAIN 3.2; own, after W8)."""
DESKS: tuple[tuple[AreaLevel, Role], ...] = (
    (AreaLevel.SUBDISTRICT, Role.TRIAGE),
    (AreaLevel.SUBDISTRICT, Role.SUPERVISOR),
    (AreaLevel.COUNTY, Role.DISTRICT),
)
"""Who gets what nobody else takes, in this order: no case is ever without an owner."""
AT_DESKS = (Role.HEAD, *(role for _, role in DESKS))


@dataclass(frozen=True)
class Load:
    """What a person holds now."""

    open_cases: int = 0
    last_assigned_at: datetime | None = None


NO_LOAD = Load()


@dataclass(frozen=True)
class Request:
    """The facts of a case that routing looks at."""

    category_code: str
    area_id: int
    grade: Grade
    at: datetime


@dataclass(frozen=True)
class Candidate:
    """One person who was considered."""

    person_id: int
    on_duty: bool
    absent: bool
    open_cases: int
    capacity: int
    last_assigned_at: datetime | None


@dataclass(frozen=True)
class RoutingDecision:
    """Who gets the case, and everything that was considered."""

    unit: Place
    person: Staff | None
    rule: Rule | None
    passed_over: tuple[tuple[int, str], ...]
    """Lines above the one that fired whose match held but whose target was broken: (rule id, why)."""
    candidates: tuple[Candidate, ...]
    chosen_because: str
    """on-duty, off-duty, named, stands-in, desk or nobody: how the person was found."""

    def reasons(self) -> dict[str, Any]:
        """Return the decision as JSON, to be kept with the case and shown to staff."""
        return {
            "rule": None
            if self.rule is None
            else {
                "id": self.rule.id,
                "position": self.rule.position,
                "category": self.rule.category_code,
                "area": self.rule.area_id,
            },
            "passed_over": [{"rule": rule, "why": why} for rule, why in self.passed_over],
            "candidates": [
                {
                    "person": c.person_id,
                    "on_duty": c.on_duty,
                    "absent": c.absent,
                    "open_cases": c.open_cases,
                    "capacity": c.capacity,
                    "last_assigned_at": c.last_assigned_at and c.last_assigned_at.isoformat(),
                }
                for c in self.candidates
            ],
            "because": self.chosen_because,
        }


def route(request: Request, directory: Directory, loads: Mapping[int, Load]) -> RoutingDecision:
    """Decide who gets the case: the first rule that matches and whose target holds, else the desk above the place.

    Among the people of the unit: on duty, then least loaded for their capacity, then longest idle, then by id.
    """
    passed_over: list[tuple[int, str]] = []
    for rule in matching_rules(request, directory):
        unit, people, why = target_of(rule, request, directory)
        if unit is None or not people:
            passed_over.append((rule.id, why))
            continue
        return _choose(request, directory, loads, unit, people, rule, tuple(passed_over))
    return _desk_above(request, directory, loads, tuple(passed_over))


def route_to_desk(request: Request, directory: Directory, loads: Mapping[int, Load]) -> RoutingDecision:
    """Decide which desk above the place gets a case that was given back."""
    return _desk_above(request, directory, loads, ())


def route_within(
    request: Request, directory: Directory, loads: Mapping[int, Load], *, but: int | None = None
) -> RoutingDecision:
    """Decide who in the unit `request.area_id` gets a case that was handed to it; `but` is somebody who does not."""
    unit = directory.areas.living(request.area_id)
    teams = (directory.staff(unit.id, Role.WORKER), directory.staff(unit.id, *AT_DESKS))
    people = next(filter(None, (tuple(p for p in team if p.id != but) for team in teams)), ())
    return _choose(request, directory, loads, unit, people, None, ())


def matching_rules(request: Request, directory: Directory) -> Iterator[Rule]:
    """Yield the lines that match the case, in order: a subtree matches everything below it."""
    topics = directory.catalogue.path(request.category_code)
    places = {p.id for p in directory.areas.up_from(request.area_id)}
    for rule in directory.rules:
        if rule.category_code is not None and rule.category_code not in topics:
            continue
        if rule.area_id is not None and rule.area_id not in places:
            continue
        yield rule


def target_of(rule: Rule, request: Request, directory: Directory) -> tuple[Place | None, tuple[Staff, ...], str]:
    """Return the unit and the people a line points to; without either, the third says what is broken."""
    if rule.target_person_id is not None:
        person = directory.people.get(rule.target_person_id)
        if person is None:
            return None, (), "person-gone"
        return directory.areas.places[person.area_id], (person,), ""
    if rule.target_area_id is not None:
        unit = directory.areas.places.get(rule.target_area_id)
    else:
        unit = directory.areas.at_level(request.area_id, rule.target_level or AreaLevel.COMMUNITY)
        if rule.target_level is not None and unit.level is not rule.target_level:
            return None, (), "place-not-precise"
    if unit is None or not unit.is_active:
        return None, (), "unit-gone"
    return unit, directory.staff(unit.id, rule.target_role), "nobody-there"


def candidates_of(request: Request, directory: Directory) -> set[int]:
    """Return the ids of everybody whose load may matter to `route`: what a caller has to look up first."""
    ids: set[int] = set()
    for rule in matching_rules(request, directory):
        ids.update(p.id for p in target_of(rule, request, directory)[1])
        if ids:
            break
    at_desks = {p.id for _, people in _desks(request.area_id, directory) for p in people}
    return ids | at_desks | {p.id for p in directory.staff(request.area_id, Role.WORKER, *AT_DESKS)}


def _desks(area_id: int, directory: Directory) -> Iterator[tuple[Place, tuple[Staff, ...]]]:
    for level, role in DESKS:
        unit = directory.areas.at_level(area_id, level)
        if unit.level is level:
            yield unit, directory.staff(unit.id, role)


def _choose(
    request: Request,
    directory: Directory,
    loads: Mapping[int, Load],
    unit: Place,
    people: tuple[Staff, ...],
    rule: Rule | None,
    passed_over: tuple[tuple[int, str], ...],
) -> RoutingDecision:
    seen = _weigh(people, request.at, directory, loads)
    named = rule is not None and rule.target_person_id is not None
    on_duty = _best(c for c in seen if c.on_duty and not c.absent)
    if on_duty is not None:
        because = "named" if named else "on-duty"
        return RoutingDecision(unit, directory.people[on_duty.person_id], rule, passed_over, seen, because)
    if request.grade in RINGS_AT_NIGHT:
        return _desk_above(request, directory, loads, passed_over, rule=rule, unit=unit, seen=seen)
    waiting = _best(c for c in seen if not c.absent)
    if waiting is not None:
        return RoutingDecision(unit, directory.people[waiting.person_id], rule, passed_over, seen, "off-duty")
    return _desk_above(request, directory, loads, passed_over, rule=rule, unit=unit, seen=seen)


def _desk_above(
    request: Request,
    directory: Directory,
    loads: Mapping[int, Load],
    passed_over: tuple[tuple[int, str], ...],
    *,
    rule: Rule | None = None,
    unit: Place | None = None,
    seen: tuple[Candidate, ...] = (),
) -> RoutingDecision:
    """Give the case to the first desk above with somebody on duty, else with anybody; a named unit stays."""
    desks = list(_desks(request.area_id, directory))
    for fits in (lambda c: c.on_duty and not c.absent, lambda c: not c.absent, lambda _: True):
        for desk, people in desks:
            at_desk = _weigh(people, request.at, directory, loads)
            best = _best(filter(fits, at_desk))
            if best is not None:
                person = directory.people[best.person_id]
                return RoutingDecision(unit or desk, person, rule, passed_over, seen + at_desk, "desk")
    nearest = desks[0][0] if desks else directory.areas.root(request.area_id)
    return RoutingDecision(unit or nearest, None, rule, passed_over, seen, "nobody")


def _weigh(
    people: Iterable[Staff], at: datetime, directory: Directory, loads: Mapping[int, Load]
) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(
            person_id=p.id,
            on_duty=directory.is_on_duty(p, at),
            absent=directory.is_absent(p, at),
            open_cases=loads.get(p.id, NO_LOAD).open_cases,
            capacity=p.capacity,
            last_assigned_at=loads.get(p.id, NO_LOAD).last_assigned_at,
        )
        for p in people
    )


def _best(candidates: Iterable[Candidate]) -> Candidate | None:
    """Return the least loaded for their capacity, then the longest idle, then the lowest id."""

    def order(c: Candidate) -> tuple[float, float, int]:
        idle_since = c.last_assigned_at.timestamp() if c.last_assigned_at else float("-inf")
        return c.open_cases / max(c.capacity, 1), idle_since, c.person_id

    return min(candidates, key=order, default=None)
