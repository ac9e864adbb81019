"""What does an action do beside moving the status, keeping the words and telling the clocks?"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlmodel import Session

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.assignments.actions import Loads, hand_over, keep_decision, lock_loads, take_up_again
from service.assignments.queries import Matter, held_because, loads_for
from service.cases.rules import Action, Actor, CaseStatus, ClockEffect, Move
from service.cases.tables import Case
from service.clocks.rules import Change, Happening
from service.errors import InvalidFieldsError
from service.handling.again import reopening_refused, urging_refused
from service.handling.contacting import call_again_at
from service.handling.hanging import Hanging
from service.handling.joining import join, joined_to
from service.handling.leeway import check_granter, extension, parking
from service.handling.parting import part
from service.handling.promises import recategorise, regrade, relocate, resolve_clock
from service.handling.proof import check_evidence, missing_evidence
from service.handling.proposals import ASKS, propose
from service.handling.rules import (
    MOST_RETURNS,
    AssignmentBindingError,
    Given,
    NothingLackingError,
    ReturnsUsedUpError,
)
from service.parts.queries import states_of
from service.parts.rules import check_all_done
from service.routing.directory import Directory
from service.routing.rules import Request, RoutingDecision, candidates_of, route, route_to_desk, route_within
from sla_policies.policy import Budget


@dataclass(frozen=True)
class Doer:
    """Who acts on a case: a member of staff, the resident (no person) or the system."""

    actors: frozenset[Actor]
    person: Person | None = None

    @property
    def kind(self) -> str:
        """Return 'staff', 'resident' or 'system', as the history calls them."""
        if self.person is not None:
            return "staff"
        return "system" if Actor.SYSTEM in self.actors else "resident"

    @property
    def id(self) -> int | None:
        """Return the person's id, or None."""
        return self.person.id if self.person else None


@dataclass
class Step:
    """One action under way: everything the parts of it need."""

    session: Session
    case: Case
    move: Move
    given: Given
    by: Doer
    now: datetime
    known: Directory
    """The directory as of this action."""
    hanging: Hanging
    """What hung on the case before."""
    notes: dict[str, Any]
    """What goes into the history beside the answers."""
    unit_before: int
    loads: Loads = field(default_factory=Counter)
    changes: list[Change] = field(default_factory=list)
    """Due times that moved."""
    extra: Budget | None = None

    @property
    def actor(self) -> str:
        """Return who acts, as the clocks note it."""
        return f"{self.by.kind}:{self.by.id or ''}"


def _assign(step: Step) -> None:
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


def _accept(step: Step) -> None:
    """Sign for the case: who signs holds it."""
    if step.by.id is not None and step.by.id != step.case.assignee_id:
        _hand(step, step.case.unit_id, step.by.id)


def _contact(step: Step) -> None:
    """Keep when the resident is to be called again; every contact that is logged says so anew."""
    step.case.call_again_at = call_again_at(step.given, step.now)


def _return(step: Step) -> None:
    """Give the case back to the triage desk above; the first receiver's clock runs on (DOMAIN 3.4)."""
    if step.case.returned >= MOST_RETURNS:
        raise ReturnsUsedUpError(returned=step.case.returned)
    if held_because(step.session, step.case.id or 0) == "force_assign":
        raise AssignmentBindingError
    step.case.returned += 1
    _to_desk(step, route_to_desk, step.case.area_id)


def _transfer(step: Step) -> None:
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


def _extend(step: Step) -> None:
    """Give the resolve clock more time, as often and as long as its policy allows; asked before it ran out."""
    promised = resolve_clock(step.session, step.case)
    step.extra = extension(promised, step.given.days, step.now)
    check_granter(promised, step.by.actors)


def _park(step: Step) -> None:
    step.case.parked_until = parking(resolve_clock(step.session, step.case), step.given.until, step.now)
    step.notes["returns_at"] = step.case.parked_until.isoformat()


def _propose(step: Step) -> None:
    kind = ASKS[step.move.action]
    propose(step.session, step.case, kind, step.given, by_id=step.by.id, now=step.now)


def _regrade(step: Step) -> None:
    assert step.given.grade is not None  # noqa: S101  # The lifecycle requires it.
    what = Happening(step.now, ClockEffect.RECOUNT, "regraded", step.actor)
    changes, notes = regrade(step.session, step.case, step.given.grade, step.known, what)
    step.changes += changes
    step.notes |= notes


def _recategorise(step: Step) -> None:
    """Give the case another topic; it stays where it is, unless the rules are asked who takes it now."""
    topic = step.known.catalogue.topics.get(step.given.category)
    if topic is None or not topic.is_active:
        raise InvalidFieldsError({"category": "We do not know this topic. Please choose one from the list."})
    what = Happening(step.now, ClockEffect.RECOUNT, "recategorised", step.actor)
    changes, notes = recategorise(step.session, step.case, topic, step.known, what)
    step.changes += changes
    step.notes |= notes
    _reroute(step, topic.code)


def _relocate(step: Step) -> None:
    """Say where the case lies; it stays with its desk, unless the rules are asked who takes it now."""
    place = step.known.areas.places.get(step.given.area_id or 0)
    if place is None or not place.is_active:
        raise InvalidFieldsError({"area_id": "This area is not known or closed. Please choose one of the list."})
    what = Happening(step.now, ClockEffect.RECOUNT, "relocated", step.actor)
    address = step.given.address or (step.case.address if place.id == step.case.area_id else "")
    changes, notes = relocate(step.session, step.case, place, address, step.known, what)
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


def _duplicate(step: Step) -> None:
    """Join the case to another one, which keeps the earliest receipt; what was joined to it follows."""
    what = Happening(step.now, ClockEffect.RECOUNT, "joined", step.actor)
    join(step.session, step.case, step.given.number, what, step.by.person)


def _separate(step: Step) -> None:
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


def _withdraw(step: Step) -> None:
    """Lock the loads of who held the case and of who gets it with one that was joined to it, in one order."""
    heirs = joined_to(step.session, step.case.id or 0)[:1]
    lock_loads(step.session, [one.assignee_id for one in (step.case, *heirs) if one.assignee_id is not None])


def _urge(step: Step) -> None:
    """Count the urge, unless the last one is too recent."""
    refused = urging_refused(step.case.urged_at, step.now)
    if refused is not None:
        raise refused
    step.case.urged += 1
    step.case.urged_at = step.now


def _resolve(step: Step) -> None:
    """Refuse what is not proven, and what others have not finished."""
    if step.hanging.has_parts:
        check_all_done(states_of(step.session, step.case.id or 0))
    check_evidence(step.session, step.case, step.known)


def _waive(step: Step) -> None:
    """Do without the photos of the topic that the case has now. Errors: NothingLackingError."""
    if missing_evidence(step.session, step.case, step.known) is None:
        raise NothingLackingError
    step.notes["category"] = step.known.topics_by_id[step.case.category_id].code


def _reopen(step: Step) -> None:
    """Take the case up again; its resident may ask for it only so often and so long."""
    if step.by.kind == "resident":
        refused = reopening_refused(step.case.closed_at, step.case.reopened, step.now)
        if refused is not None:
            raise refused
    take_up_again(step.session, step.case, why=step.move.action, by_id=step.by.id, now=step.now, loads=step.loads)


SPECIAL: Mapping[Action, Callable[[Step], None]] = {
    Action.ASSIGN: _assign,
    Action.REASSIGN: _assign,
    Action.ACCEPT: _accept,
    Action.CONTACT: _contact,
    Action.RETURN: _return,
    Action.TRANSFER: _transfer,
    Action.EXTEND: _extend,
    Action.REQUEST_EXTENSION: _propose,
    Action.REQUEST_PARKING: _propose,
    Action.PARK: _park,
    Action.REGRADE: _regrade,
    Action.RECATEGORISE: _recategorise,
    Action.RELOCATE: _relocate,
    Action.DUPLICATE: _duplicate,
    Action.SEPARATE: _separate,
    Action.WITHDRAW: _withdraw,
    Action.URGE: _urge,
    Action.RESOLVE: _resolve,
    Action.WAIVE: _waive,
    Action.REOPEN: _reopen,
}
"""What an action does beside moving the status, keeping the words and telling the clocks."""
