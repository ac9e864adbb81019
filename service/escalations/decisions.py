"""What can be decided about a case from the board, who could take it, and what would that change?"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlmodel import Session, col, select

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.areas.rules import DEPTH, AreaLevel, Place
from service.assignments.queries import loads
from service.cases.queries import visible_to
from service.cases.rules import ENDED, Action, Field, moves_from
from service.cases.tables import Case, CaseMessage
from service.errors import NotFoundError
from service.escalations.cards import cards_of
from service.escalations.queries import steps_of
from service.escalations.tables import Escalation
from service.orders.rules import may_issue
from service.routing.choosing import NO_LOAD
from service.routing.directory import Directory, Staff
from service.routing.standing import acting_as
from sla_policies.climbing import base_of
from sla_policies.escalation import Step

SUGGESTED = 6
"""So many people are offered beside a case; the page of the case offers everybody."""


@dataclass(frozen=True)
class Choice:
    """Somebody who could take a case, and what they hold now."""

    person: Staff
    place: Place
    on_duty: bool
    absent: bool
    open_cases: int

    @property
    def order(self) -> tuple[bool, bool, float, int]:
        """Return the place among the choices: there, on duty, with the most room."""
        return self.absent, not self.on_duty, self.open_cases / max(self.person.capacity, 1), self.person.id


@dataclass(frozen=True)
class Decision:
    """A case on the board: where it is, who holds it, and what the reader may decide."""

    case: Case
    place: Place | None
    worker: Staff | None
    holds: int
    """How many open cases the worker holds, this one among them."""
    hand_over: Action | None
    """Assign or reassign, whichever the lifecycle allows the reader now."""
    may_write: bool
    choices: list[Choice]
    returned_because: str
    may_order: bool = False
    """May the reader issue a supervise order on it?"""
    card: str = ""
    """The gravest card that lies on it."""


@dataclass(frozen=True)
class Answerable:
    """An escalation on the board, with who heard of it."""

    escalation: Escalation
    case: Case
    place: Place | None
    worker: Staff | None
    heard: list[Staff]
    step: Step | None
    """The step as its promise pack describes it; None when the pack knows it no longer."""
    card: str = ""
    """The gravest card that lies on the case."""

    @property
    def climbed(self) -> bool:
        """Was it put to them because somebody else had not answered, or they themselves?"""
        return base_of(self.escalation.step) != self.escalation.step


@dataclass(frozen=True)
class Reach:
    """Everybody whom one person may hand cases to, as of one moment."""

    by: Person
    known: Directory
    everybody: list[Choice]

    @cached_property
    def _at(self) -> dict[int, list[Choice]]:
        """Return the people by their community or, above that, by their place."""
        found: dict[int, list[Choice]] = defaultdict(list)
        for choice in self.everybody:
            found[self.known.areas.at_level(choice.place.id, AreaLevel.COMMUNITY).id].append(choice)
        return found

    def near(self, case: Case) -> list[Choice]:
        """Return who fits best: of the unit and the community first, then of the desks above."""
        fit = [c for place in self._around(case) for c in sorted(self._at.get(place, ()), key=lambda c: c.order)]
        return [c for c in fit if c.person.id != case.assignee_id and not c.absent][:SUGGESTED]

    def _around(self, case: Case) -> list[int]:
        areas = self.known.areas
        above = [p for area_id in (case.unit_id, case.area_id) for p in areas.up_from(area_id)]
        deepest_first = sorted(above, key=lambda p: -DEPTH[p.level])
        return list(dict.fromkeys(areas.at_level(p.id, AreaLevel.COMMUNITY).id for p in deepest_first))

    def others(self, case: Case) -> list[tuple[Place, list[Choice]]]:
        """Return everybody but the one who holds the case, by their place."""
        found: dict[int, list[Choice]] = defaultdict(list)
        for choice in self.everybody:
            if choice.person.id != case.assignee_id:
                found[choice.place.id].append(choice)
        places = sorted((self.known.areas.places[i] for i in found), key=lambda p: (DEPTH[p.level], p.code))
        return [(place, sorted(found[place.id], key=lambda c: c.order)) for place in places]


def reach(session: Session, by: Person, known: Directory, now: datetime) -> Reach:
    """Return everybody in a person's area who handles cases, with what they hold; administrators hold none."""
    people = [
        p for p in known.people.values() if p.role is not Role.ADMIN and known.areas.covers(by.area_id, p.area_id)
    ]
    held = loads(session, [p.id for p in people])
    places = known.areas.places
    everybody = [
        Choice(
            p,
            places[p.area_id],
            known.is_on_duty(p, now),
            known.is_absent(p, now),
            held.get(p.id, NO_LOAD).open_cases,
        )
        for p in people
    ]
    return Reach(by, known, everybody)


def decisions(session: Session, cases: Collection[Case], within: Reach) -> list[Decision]:
    """Return what can be decided about these cases, in their order, with three queries for all of them."""
    known = within.known
    holders = {case.assignee_id for case in cases if case.assignee_id is not None}
    held = loads(session, holders)
    reasons = _return_reasons(session, [case.id or 0 for case in cases if case.returned])
    cards = cards_of(session, [case.id or 0 for case in cases])
    return [
        Decision(
            case=case,
            place=known.areas.places.get(case.area_id),
            worker=known.people.get(case.assignee_id or 0),
            holds=held.get(case.assignee_id or 0, NO_LOAD).open_cases,
            hand_over=next((a for a, fields in _moves(case, within) if Field.PERSON in fields), None),
            may_write=any(a is Action.NOTE for a, _ in _moves(case, within)) and case.assignee_id is not None,
            choices=within.near(case),
            returned_because=reasons.get(case.id or 0, ""),
            may_order=may_order(case, within.by, known),
            card=cards.get(case.id or 0, ""),
        )
        for case in cases
    ]


def may_order(case: Case, person: Person, known: Directory) -> bool:
    """May somebody issue a supervise order on a case now?"""
    return case.status not in ENDED and may_issue(person.role, person.area_id, (case.area_id, case.unit_id), known)


def _moves(case: Case, within: Reach) -> Iterator[tuple[Action, tuple[Field, ...]]]:
    for move in moves_from(case.status, acting_as(within.by, case, within.known)):
        yield move.action, move.required


def _return_reasons(session: Session, case_ids: Collection[int]) -> dict[int, str]:
    """Return what was said when each of these cases was last given back."""
    if not case_ids:
        return {}
    said = select(CaseMessage).where(col(CaseMessage.case_id).in_(case_ids), CaseMessage.kind == Action.RETURN)
    return {message.case_id: message.text for message in session.exec(said.order_by(col(CaseMessage.id)))}


def answerable(session: Session, waiting: Collection[tuple[Escalation, Case]], known: Directory) -> list[Answerable]:
    """Return escalations as the board shows them, with two queries for all of them."""
    cards = cards_of(session, [case.id or 0 for _, case in waiting])
    steps = steps_of(session, [escalation for escalation, _ in waiting])
    return [
        Answerable(
            escalation,
            case,
            known.areas.places.get(case.area_id),
            known.people.get(case.assignee_id or 0),
            [known.people[i] for i in escalation.person_ids if i in known.people],
            steps.get(escalation.id or 0),
            cards.get(case.id or 0, ""),
        )
        for escalation, case in waiting
    ]


def by_case(waiting: Iterable[Answerable]) -> list[list[Answerable]]:
    """Return escalations case by case, the case with the most urgent one first."""
    cases: dict[int, list[Answerable]] = defaultdict(list)
    for row in waiting:
        cases[row.escalation.case_id].append(row)
    return list(cases.values())


def escalation_of(session: Session, escalation_id: int, by: Person) -> tuple[Escalation, Case]:
    """Return an escalation and its case, for somebody who may see it. Errors: NotFoundError."""
    gate = visible_to(by.id or 0, by.role, by.area_id)
    wanted = select(Escalation, Case).join(Case, col(Case.id) == Escalation.case_id)
    found = session.exec(wanted.where(Escalation.id == escalation_id, gate)).one_or_none()
    if found is None:
        raise NotFoundError
    return found
