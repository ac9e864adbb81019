"""Which desk and which person get a case, and why?

`route` is pure: it reads a `Directory` (everything the installation knows of places, topics, people and rules), facts
of the case and everybody's load, and returns a decision with its reasons.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from service.accounts.rules import Role
from service.areas.rules import AreaLevel, Place
from service.rosters.desks import DESKS
from service.routing.choosing import Asked, Candidate, Load, best, explained, weigh
from service.routing.directory import Directory, Rule, Staff
from service.routing.hours import Moment
from service.routing.matching import misfit
from sla_policies.policy import Grade

RINGS_AT_NIGHT = frozenset({Grade.G1, Grade.G2})
"""Grades for which somebody on duty is found even when the own desk sleeps (DOMAIN 3.2; own, after W8)."""
MISFITS_KEPT = 20
"""So many lines that did not fit are kept with a decision."""
AT_DESKS = (Role.HEAD, *(role for _, role in DESKS))


@dataclass(frozen=True)
class Request:
    """The facts of a case that routing looks at."""

    category_code: str
    area_id: int
    grade: Grade
    at: datetime
    language: str = "zh"
    channel: str = ""
    focus_groups: frozenset[str] = frozenset()


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
    """on-duty, named, substitute, off-duty, unit-desk, desk, desk-full, pool or nobody: how the person was found."""
    most: int | None = None
    """So many cases the person may hold with this one; None: it is theirs whatever they hold."""
    version: int | None = None
    """The version of the dispatch catalogue that was asked; None: it was not."""
    misfits: tuple[tuple[int, str], ...] = ()
    """Lines above the one that fired, of the same topic and place, which did not fit: (rule id, why)."""

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
                "hours": self.rule.hours.text(),
                "channels": sorted(self.rule.channels),
                "focus_groups": sorted(self.rule.focus_groups),
                "grades": sorted(self.rule.grades),
                "party": self.rule.party,
            },
            "version": self.version,
            "misfits": [{"rule": rule, "why": why} for rule, why in self.misfits[:MISFITS_KEPT]],
            "passed_over": [{"rule": rule, "why": why} for rule, why in self.passed_over],
            "candidates": [
                {
                    "person": c.person_id,
                    "on_duty": c.on_duty,
                    "absent": c.absent,
                    "open_cases": c.open_cases,
                    "capacity": c.capacity,
                    "last_assigned_at": c.last_assigned_at and c.last_assigned_at.isoformat(),
                    "runs_out_soon": c.runs_out_soon,
                    "skills": c.skills,
                    "knows": c.knows.value,
                    "why": c.why,
                }
                for c in self.candidates
            ],
            "because": self.chosen_because,
        }


def route(request: Request, directory: Directory, loads: Mapping[int, Load], *, pools: bool = True) -> RoutingDecision:
    """Decide who gets the case: the first rule that matches and whose target holds, else the desk above the place.

    Among the people of the unit: see `choosing`. Without `pools` somebody gets what a line gives to a pool, too.
    """
    table, then = directory.table(request.at), _moment(request, directory)
    passed_over: list[tuple[int, str]] = []
    misfits: list[tuple[int, str]] = []
    decision: RoutingDecision | None = None
    for rule in table.lines(request.category_code, request.area_id):
        why = misfit(rule, request, then)
        if why:
            misfits.append((rule.id, why))
            continue
        unit, people, why = target_of(rule, request, directory)
        if unit is not None and people:
            if rule.is_pool and pools and request.grade not in RINGS_AT_NIGHT:
                decision = RoutingDecision(unit, None, rule, tuple(passed_over), (), "pool")
            else:
                decision = _choose(request, directory, loads, unit, people, rule, tuple(passed_over))
            break
        passed_over.append((rule.id, why))
    decision = decision or _desk_above(request, directory, loads, tuple(passed_over))
    return replace(decision, version=table.version.id, misfits=tuple(misfits))


def route_to_desk(request: Request, directory: Directory, loads: Mapping[int, Load]) -> RoutingDecision:
    """Decide which desk above the place gets a case that was given back."""
    return _desk_above(request, directory, loads, ())


def route_within(
    request: Request, directory: Directory, loads: Mapping[int, Load], *, but: int | None = None
) -> RoutingDecision:
    """Decide who in the unit `request.area_id` gets a case that was handed to it; `but` is somebody who does not."""
    unit = directory.areas.living(request.area_id)
    return route_among(request, directory, loads, unit, team_of(unit, directory, but=but))


def route_among(
    request: Request, directory: Directory, loads: Mapping[int, Load], unit: Place, people: tuple[Staff, ...]
) -> RoutingDecision:
    """Decide who of these people of a unit gets it; else who stands in, its own desk, or the desk above."""
    return _choose(request, directory, loads, unit, people, None, ())


def team_of(unit: Place, directory: Directory, *, but: int | None = None) -> tuple[Staff, ...]:
    """Return who in a unit works on cases: its workers, without any those at its desks."""
    teams = (directory.staff(unit.id, Role.WORKER), directory.staff(unit.id, *AT_DESKS))
    return next(filter(None, (tuple(p for p in team if p.id != but) for team in teams)), ())


def matching_rules(request: Request, directory: Directory) -> Iterator[Rule]:
    """Yield the lines that fit the case, in order: a subtree fits everything below it."""
    then = _moment(request, directory)
    for rule in directory.table(request.at).lines(request.category_code, request.area_id):
        if not misfit(rule, request, then):
            yield rule


def _moment(request: Request, directory: Directory) -> Moment:
    return Moment(request.at.astimezone(directory.zone), directory.days)


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
    people: list[Staff] = []
    for rule in matching_rules(request, directory):
        unit, targets, _ = target_of(rule, request, directory)
        if unit is not None and targets:
            people += [*targets, *_at_desk_of(unit, directory)]
            break
    people += [p for _, at_desk in _desks(request.area_id, directory) for p in at_desk]
    people += directory.staff(request.area_id, Role.WORKER, *AT_DESKS)
    return {p.id for p in (*people, *_standing_in(people, request.at, directory))}


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
    """Choose among the people of a unit, then who stands in for them, then its own desk, then the desk above.

    Whoever is away or full is passed over. What may ring nobody at night waits for those who are off duty.
    """
    asked, waits = _asked(request, directory), request.grade not in RINGS_AT_NIGHT
    own = weigh(people, asked, request.at, directory, loads)
    others = weigh(_standing_in(people, request.at, directory), asked, request.at, directory, loads)
    there = {p.id for p in people} | {c.person_id for c in others}
    at_desk = [p for p in _at_desk_of(unit, directory) if p.id not in there]
    desk = weigh(at_desk, asked, request.at, directory, loads)
    named = rule is not None and rule.target_person_id is not None
    tries = (
        ("named" if named else "on-duty", (c for c in own if c.is_free)),
        ("substitute", (c for c in others if c.is_free)),
        ("off-duty", (c for c in own if waits and c.can_wait)),
        ("unit-desk", (c for c in desk if c.is_free or (waits and c.can_wait))),
    )
    seen = own + others + desk
    for because, fitting in tries:
        chosen = best(fitting)
        if chosen is not None:
            considered = seen if because == "unit-desk" else own + others
            return _decided(unit, directory, chosen, considered, because, rule=rule, passed_over=passed_over)
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
    """Give the case to the first desk above with somebody on duty, else with anybody; a named unit stays.

    A desk takes it even when it is full: no case is without an owner.
    """
    desks = list(_desks(request.area_id, directory))
    asked = _asked(request, directory)
    for because, fits in LAST_RESORTS:
        for desk, people in desks:
            at_desk = weigh(people, asked, request.at, directory, loads)
            chosen = best(filter(fits, at_desk))
            if chosen is not None:
                seen += tuple(c for c in at_desk if c.person_id not in {s.person_id for s in seen})
                where = unit or desk
                return _decided(where, directory, chosen, seen, because, rule=rule, passed_over=passed_over)
    nearest = desks[0][0] if desks else directory.areas.root(request.area_id)
    return RoutingDecision(unit or nearest, None, rule, passed_over, explained(seen, None), "nobody")


LAST_RESORTS: tuple[tuple[str, Callable[[Candidate], bool]], ...] = (
    ("desk", lambda c: c.is_free),
    ("desk-full", lambda c: c.on_duty and not c.absent),
    ("desk", lambda c: c.can_wait),
    ("desk-full", lambda c: not c.absent),
    ("desk-full", lambda _: True),
)
"""Whom the desks above offer, best first, and how that is called."""


def _decided(
    unit: Place,
    directory: Directory,
    chosen: Candidate,
    seen: tuple[Candidate, ...],
    because: str,
    *,
    rule: Rule | None,
    passed_over: tuple[tuple[int, str], ...],
) -> RoutingDecision:
    person = directory.people[chosen.person_id]
    most = None if because == "desk-full" else chosen.capacity
    return RoutingDecision(unit, person, rule, passed_over, explained(seen, chosen), because, most)


def _asked(request: Request, directory: Directory) -> Asked:
    return Asked(frozenset(directory.catalogue.path(request.category_code)), request.language)


def _at_desk_of(unit: Place, directory: Directory) -> tuple[Staff, ...]:
    """Return who takes at the unit itself what its people cannot; above a community the desks do."""
    return directory.staff(unit.id, Role.HEAD)


def _standing_in(people: Iterable[Staff], at: datetime, directory: Directory) -> tuple[Staff, ...]:
    """Return who stands in for those of these people who are away, without those who are among them."""
    people = tuple(people)
    there = {p.id for p in people}
    acting = (directory.acting_for(p, at) for p in people if directory.is_absent(p, at))
    return tuple({p.id: p for p in acting if p is not None and p.id not in there}.values())
