"""Which desk and which person get a case, and why?

`route` is pure: it reads a `Directory` (everything the installation knows of places, topics, people and rules), facts
of the case and everybody's load, and returns a decision with its reasons.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from service.accounts.rules import Role
from service.areas.rules import AreaLevel, Place
from service.rosters.desks import DESKS
from service.routing.choosing import Load
from service.routing.decisions import RINGS_AT_NIGHT, Request, RoutingDecision
from service.routing.directory import Directory, Rule, Staff
from service.routing.hours import Moment
from service.routing.matching import misfit
from service.routing.taking import at_desk_of, choose, desk_above, desks_above, standing_in

__all__ = ["RINGS_AT_NIGHT", "Request", "RoutingDecision"]

AT_DESKS = (Role.HEAD, *(role for _, role in DESKS))


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
                decision = choose(request, directory, loads, unit, people, rule, tuple(passed_over))
            break
        passed_over.append((rule.id, why))
    decision = decision or desk_above(request, directory, loads, tuple(passed_over))
    return replace(decision, version=table.version.id, misfits=tuple(misfits))


def route_to_desk(request: Request, directory: Directory, loads: Mapping[int, Load]) -> RoutingDecision:
    """Decide which desk above the place gets a case that was given back."""
    return desk_above(request, directory, loads, ())


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
    return choose(request, directory, loads, unit, people, None, ())


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
            people += [*targets, *at_desk_of(unit, directory)]
            break
    people += [p for _, at_desk in desks_above(request.area_id, directory) for p in at_desk]
    people += directory.staff(request.area_id, Role.WORKER, *AT_DESKS)
    return {p.id for p in (*people, *standing_in(people, request.at, directory))}
