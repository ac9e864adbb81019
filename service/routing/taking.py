"""Who of a unit takes a case: its people, who stands in for them, its own desk, or else the desk above?"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from service.accounts.rules import Role
from service.areas.rules import Place
from service.rosters.desks import DESKS
from service.routing.choosing import Asked, Candidate, Load, best, explained, weigh
from service.routing.decisions import RINGS_AT_NIGHT, Request, RoutingDecision
from service.routing.directory import Directory, Rule, Staff


def desks_above(area_id: int, directory: Directory) -> Iterator[tuple[Place, tuple[Staff, ...]]]:
    """Yield the desks that take what nobody else in a place takes, in their order, with who sits there."""
    for level, role in DESKS:
        unit = directory.areas.at_level(area_id, level)
        if unit.level is level:
            yield unit, directory.staff(unit.id, role)


def choose(
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
    others = weigh(standing_in(people, request.at, directory), asked, request.at, directory, loads)
    there = {p.id for p in people} | {c.person_id for c in others}
    at_desk = [p for p in at_desk_of(unit, directory) if p.id not in there]
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
    return desk_above(request, directory, loads, passed_over, rule=rule, unit=unit, seen=seen)


def desk_above(
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
    above = list(desks_above(request.area_id, directory))
    asked = _asked(request, directory)
    for because, fits in LAST_RESORTS:
        for desk, people in above:
            at_desk = weigh(people, asked, request.at, directory, loads)
            chosen = best(filter(fits, at_desk))
            if chosen is not None:
                seen += tuple(c for c in at_desk if c.person_id not in {s.person_id for s in seen})
                where = unit or desk
                return _decided(where, directory, chosen, seen, because, rule=rule, passed_over=passed_over)
    nearest = above[0][0] if above else directory.areas.root(request.area_id)
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


def at_desk_of(unit: Place, directory: Directory) -> tuple[Staff, ...]:
    """Return who takes at the unit itself what its people cannot; above a community the desks do."""
    return directory.staff(unit.id, Role.HEAD)


def standing_in(people: Iterable[Staff], at: datetime, directory: Directory) -> tuple[Staff, ...]:
    """Return who stands in for those of these people who are away, without those who are among them."""
    people = tuple(people)
    there = {p.id for p in people}
    acting = (directory.acting_for(p, at) for p in people if directory.is_absent(p, at))
    return tuple({p.id: p for p in acting if p is not None and p.id not in there}.values())
