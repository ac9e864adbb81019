"""How does a case come into other hands: by name, by a unit, back to the desk, or by the rules once more?"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from service.accounts.rules import Role
from service.assignments.actions import hand_over, keep_decision, lock_loads
from service.assignments.queries import Matter, held_because, loads_for
from service.cases.rules import CaseStatus, ClockEffect
from service.clocks.rules import Happening
from service.errors import InvalidFieldsError
from service.handling import promises
from service.handling.parting import part
from service.handling.rules import MOST_RETURNS, AssignmentBindingError, ReturnsUsedUpError
from service.handling.step import Step
from service.routing.rules import Request, RoutingDecision, candidates_of, route, route_to_desk, route_within


def assign(step: Step) -> None:
    """Give the case to a person; their unit becomes responsible."""
    person = step.known.people.get(step.given.person_id or 0)
    outside = person is None or not step.known.areas.covers(_reach(step), person.area_id)
    if person is None or outside or person.role is Role.ADMIN:
        raise InvalidFieldsError({"person_id": "This person does not work here."})
    step.notes["unit"] = person.area_id
    _hand(step, person.area_id, person.id)


def _reach(step: Step) -> int:
    """Return the area within which the doer may hand cases around: their own; the system's is everything."""
    return step.by.person.area_id if step.by.person else step.known.areas.root(step.case.area_id).id


def _hand(step: Step, unit_id: int, person_id: int | None) -> None:
    hand_over(
        step.session,
        step.case,
        unit_id=unit_id,
        person_id=person_id,
        why=step.move.action,
        by_id=step.by.id,
        now=step.now,
        loads=step.loads,
    )


def accept(step: Step) -> None:
    """Sign for the case: who signs holds it."""
    if step.by.id is not None and step.by.id != step.case.assignee_id:
        _hand(step, step.case.unit_id, step.by.id)


def give_back(step: Step) -> None:
    """Give the case back to the triage desk above; the first receiver's clock runs on (DOMAIN 3.4)."""
    if step.case.returned >= MOST_RETURNS:
        raise ReturnsUsedUpError(returned=step.case.returned)
    if held_because(step.session, step.case.id or 0) == "force_assign":
        raise AssignmentBindingError
    step.case.returned += 1
    _to_desk(step, route_to_desk, step.case.area_id)


def transfer(step: Step) -> None:
    """Hand the case to another unit, where routing finds the person; the clock of receipt runs on."""
    unit = step.known.areas.places.get(step.given.unit_id or 0)
    if unit is None:
        raise InvalidFieldsError({"unit_id": "We do not know this unit."})
    _to_desk(step, route_within, unit.id)


def _to_desk(step: Step, decide: Callable[..., RoutingDecision], area_id: int, category: str = "") -> None:
    """Let routing find the person: at the desk above an area, within a unit, or by the rules of a topic."""
    case, known = step.case, step.known
    groups = frozenset(case.focus_groups)
    asked = Request(category, area_id, case.grade, step.now, case.language, case.channel, groups)
    matter = Matter(case.category_id, case.area_id, case.address, case.phone_index, case.id or 0)
    candidates = candidates_of(asked, known)
    lock_loads(step.session, candidates | ({case.assignee_id} if case.assignee_id else set()))
    decision = decide(asked, known, loads_for(step.session, candidates, matter, step.now))
    keep_decision(step.session, case.id or 0, decision, step.now)
    step.notes["unit"] = decision.unit.id
    _hand(step, decision.unit.id, decision.person.id if decision.person else None)


def recategorise(step: Step) -> None:
    """Give the case another topic; it stays where it is, unless the rules are asked who takes it now."""
    topic = step.known.catalogue.topics.get(step.given.category)
    if topic is None or not topic.is_active:
        raise InvalidFieldsError({"category": "We do not know this topic. Please choose one from the list."})
    what = Happening(step.now, ClockEffect.RECOUNT, "recategorised", step.actor)
    changes, notes = promises.recategorise(step.session, step.case, topic, step.known, what)
    step.changes += changes
    step.notes |= notes
    _reroute(step, topic.code)


def relocate(step: Step) -> None:
    """Say where the case lies; it stays with its desk, unless the rules are asked who takes it now."""
    place = step.known.areas.places.get(step.given.area_id or 0)
    if place is None or not place.is_active or place.is_department:
        raise InvalidFieldsError({"area_id": "This area is not known or closed. Please choose one of the list."})
    what = Happening(step.now, ClockEffect.RECOUNT, "relocated", step.actor)
    address = step.given.address or (step.case.address if place.id == step.case.area_id else "")
    changes, notes = promises.relocate(step.session, step.case, place, address, step.known, what)
    step.changes += changes
    step.notes |= notes
    _reroute(step, step.known.topics_by_id[step.case.category_id].code)


def _reroute(step: Step, code: str) -> None:
    """Let the rules find who takes a case of that topic now, if that is wanted: once, and never back into a pool."""
    if not step.given.reroute:
        return
    if step.case.status is CaseStatus.PARKED:
        raise InvalidFieldsError({"reroute": "A parked case stays where it is. Let it go on first."})
    _to_desk(step, partial(route, pools=False), step.case.area_id, code)
    step.move = replace(step.move, to=CaseStatus.TRANSFERRED)


def separate(step: Step) -> None:
    """Take the case out of the one it was joined to; where its holder has left, the rules find somebody."""
    what = Happening(step.now, ClockEffect.RECOUNT, "parted", step.actor)
    status, changes = part(step.session, step.case, what, step.loads)
    step.changes += changes
    step.move = replace(step.move, to=status)
    if step.case.assignee_id is not None and step.case.assignee_id not in step.known.people:
        _to_desk(
            step, partial(route, pools=False), step.case.area_id, step.known.topics_by_id[step.case.category_id].code
        )
        step.move = replace(step.move, to=CaseStatus.TRANSFERRED)
