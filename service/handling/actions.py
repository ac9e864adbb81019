"""How is a case worked on? One way in for every action of the lifecycle: `act`."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.assignments.actions import hand_over, keep_decision, let_go, take_up_again
from service.assignments.queries import loads
from service.audit.actions import record
from service.audit.rules import Entry
from service.cases.actions import allowed, lock, move
from service.cases.queries import by_number, contact_of
from service.cases.rules import ENDED, Action, Actor, CaseStatus, ClockEffect, Move
from service.cases.tables import Case, CaseMessage
from service.clocks.actions import tell
from service.clocks.queries import as_clock, book, of_case, policy_of
from service.clocks.rules import Happening
from service.errors import InvalidFieldsError
from service.handling.notices import notices
from service.handling.rules import (
    MOST_RETURNS,
    URGE_AGAIN_AFTER,
    ContactResult,
    Given,
    ReturnsUsedUpError,
    TooManyExtensionsError,
    UrgedAlreadyError,
    checked,
)
from service.intake.forms import clean
from service.outbox.actions import write
from service.routing.queries import directory
from service.routing.rules import Directory, Request, RoutingDecision, candidates_of, route_to_desk, route_within
from sla_policies.policy import Budget, Metric, TimeKind

MINUTES_A_DAY = 24 * 60
NOT_GIVEN = vars(Given())
MOST_REASON = 500


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


RESIDENT = Doer(frozenset({Actor.RESIDENT}))
SYSTEM = Doer(frozenset({Actor.SYSTEM}))


@dataclass
class _Step:
    """One action under way: everything the parts of it need."""

    session: Session
    case: Case
    move: Move
    given: Given
    by: Doer
    now: datetime
    known: Directory
    """The directory as of this action."""
    notes: dict[str, Any]
    """What goes into the history beside the answers."""
    extra: Budget | None = None


def act(
    session: Session,
    case_id: int,
    action: Action,
    answers: Mapping[str, Any],
    *,
    by: Doer,
    now: datetime,
    version: int | None = None,
) -> Case:
    """Do one action of the lifecycle to a case.

    1. lock the case and compare the version the doer saw; 2. ask the lifecycle; 3. check the answers; 4. change who
    holds it; 5. move the status; 6. keep what was said; 7. tell the clocks; 8. write the history; 9. write notices.
    Errors: NotFoundError, ConflictError, MoveForbiddenError, InvalidFieldsError and those of the single actions.
    """
    case = lock(session, case_id, version=version)
    step_of = allowed(case, action, by.actors)
    given = checked(step_of, answers)
    step = _Step(session, case, step_of, given, by, now, directory(session), {})

    before = case.status
    if action in SPECIAL:
        SPECIAL[action](step)
    move(session, case, step_of, now=now)
    if case.status in ENDED and before not in ENDED:
        let_go(session, case, now=now)
    _keep_words(step)
    tell(session, case, _happening(step, before))
    _write_history(step, before)
    write(session, notices(case, action, by.person, step.known), case.id or 0, now)
    session.flush()
    return case


def _happening(step: _Step, before: CaseStatus) -> Happening:
    """Return what the clocks hear.

    An attempt to reach somebody who was not there satisfies nothing. Whatever ends the waiting for the resident
    resumes the clocks, whoever did it.
    """
    effect = step.move.effect
    if effect is ClockEffect.NONE and before is CaseStatus.WAITING and step.case.status is not CaseStatus.WAITING:
        effect = ClockEffect.RESUME
    event = "" if step.given.result == ContactResult.NOT_REACHED else step.move.event
    return Happening(step.now, effect, event, f"{step.by.kind}:{step.by.id or ''}", step.extra)


def _keep_words(step: _Step) -> None:
    action, given = step.move.action, step.given
    text = given.text or (given.reason if action in (Action.EXTEND, Action.REOPEN) else "")
    if text:
        step.session.add(
            CaseMessage(
                case_id=step.case.id or 0,
                at=step.now,
                kind=action,
                is_public=action in PUBLIC or step.by.kind == "resident",
                person_id=step.by.id,
                text=text,
            )
        )


PUBLIC = frozenset({Action.REPLY, Action.ASK, Action.RESOLVE, Action.EXTEND})
"""What staff say to the resident; everything else they write stays inside."""


def _write_history(step: _Step, before: CaseStatus) -> None:
    # The words are kept once, as a message.
    given = {name: value for name, value in vars(step.given).items() if value != NOT_GIVEN[name] and name != "text"}
    data = {"from": str(before), "to": str(step.case.status), **given, **step.notes}
    record(
        step.session,
        Entry("case", step.case.id or 0, step.move.action, step.now, step.by.kind, step.by.id, data),
    )


def _assign(step: _Step) -> None:
    """Give the case to a person; their unit becomes responsible."""
    person = step.known.people.get(step.given.person_id or 0)
    outside = person is None or not step.known.areas.covers(_reach(step), person.area_id)
    if person is None or outside or person.role is Role.ADMIN:
        raise InvalidFieldsError({"person_id": "This person does not work here."})
    step.notes["unit"] = person.area_id
    _hand(step, person.area_id, person.id)


def _reach(step: _Step) -> int:
    """Return the area within which the doer may hand cases around: their own; the system's is everything."""
    return step.by.person.area_id if step.by.person else step.known.areas.root(step.case.area_id).id


def _hand(step: _Step, unit_id: int, person_id: int | None) -> None:
    hand_over(
        step.session,
        step.case,
        unit_id=unit_id,
        person_id=person_id,
        why=step.move.action,
        by_id=step.by.id,
        now=step.now,
    )


def _accept(step: _Step) -> None:
    """Sign for the case: who signs holds it."""
    if step.by.id is not None and step.by.id != step.case.assignee_id:
        _hand(step, step.case.unit_id, step.by.id)


def _return(step: _Step) -> None:
    """Give the case back to the triage desk above; the first receiver's clock runs on (DOMAIN 3.4)."""
    if step.case.returned >= MOST_RETURNS:
        raise ReturnsUsedUpError(returned=step.case.returned)
    step.case.returned += 1
    _to_desk(step, route_to_desk, step.case.area_id)


def _transfer(step: _Step) -> None:
    """Hand the case to another unit, where routing finds the person; the clock of receipt runs on."""
    unit = step.known.areas.places.get(step.given.unit_id or 0)
    if unit is None:
        raise InvalidFieldsError({"unit_id": "We do not know this unit."})
    _to_desk(step, route_within, unit.id)


def _to_desk(step: _Step, decide: Callable[..., RoutingDecision], area_id: int) -> None:
    """Let routing find the person: at the desk above an area, or within a unit."""
    case, known = step.case, step.known
    asked = Request("", area_id, case.grade, step.now)
    decision = decide(asked, known, loads(step.session, candidates_of(asked, known)))
    keep_decision(step.session, case.id or 0, decision, step.now)
    step.notes["unit"] = decision.unit.id
    _hand(step, decision.unit.id, decision.person.id if decision.person else None)


def _extend(step: _Step) -> None:
    """Give the resolve clock more time, as often and as long as its policy allows; asked before it ran out."""
    rows = [r for r in of_case(step.session, step.case.id or 0) if r.metric is Metric.RESOLVE]
    if not rows:
        raise TooManyExtensionsError(most=0, days=0)
    from_book = book(step.session, rows[-1].book_hash)
    clock, policy = as_clock(rows[-1], from_book), policy_of(rows[-1], from_book)
    in_workdays = clock.target.budget.kind is TimeKind.WORKDAYS
    amount = step.given.days if in_workdays else step.given.days * MINUTES_A_DAY
    allowed_most = policy.extension_at_most
    longest = allowed_most.amount if allowed_most else 0
    late = clock.due_at is None or clock.due_at < step.now
    if late or clock.extensions >= policy.extensions or clock.extended_by + amount > longest:
        days = longest if in_workdays else longest // MINUTES_A_DAY
        raise TooManyExtensionsError(most=policy.extensions, days=days)
    step.extra = Budget(amount, clock.target.budget.kind)


def _duplicate(step: _Step) -> None:
    other = by_number(step.session, step.given.number)
    if other is None or other.id == step.case.id or other.status is CaseStatus.DUPLICATE:
        raise InvalidFieldsError({"number": "There is no such case to join."})
    step.case.duplicate_of_id = other.id


def _urge(step: _Step) -> None:
    """Count the urge, unless the last one is too recent."""
    if step.case.urged_at is not None and step.now < step.case.urged_at + URGE_AGAIN_AFTER:
        wait = step.case.urged_at + URGE_AGAIN_AFTER - step.now
        raise UrgedAlreadyError(retry_after=math.ceil(wait.total_seconds()))
    step.case.urged += 1
    step.case.urged_at = step.now


def _reopen(step: _Step) -> None:
    take_up_again(step.session, step.case, why=step.move.action, by_id=step.by.id, now=step.now)


SPECIAL: Mapping[Action, Callable[[_Step], None]] = {
    Action.ASSIGN: _assign,
    Action.REASSIGN: _assign,
    Action.ACCEPT: _accept,
    Action.RETURN: _return,
    Action.TRANSFER: _transfer,
    Action.EXTEND: _extend,
    Action.DUPLICATE: _duplicate,
    Action.URGE: _urge,
    Action.REOPEN: _reopen,
}
"""What an action does beside moving the status, keeping the words and telling the clocks."""


def reveal_contact(session: Session, case: Case, reason: str, *, by: Person, now: datetime) -> dict[str, str]:
    """Return the resident's contact in clear, and write down who looked and why. Errors: InvalidFieldsError."""
    reason = clean(reason)
    if not reason:
        raise InvalidFieldsError({"reason": "Please say why you need to see this."})
    lock(session, case.id or 0)
    record(session, Entry("case", case.id or 0, "revealed", now, "staff", by.id, {"reason": reason[:MOST_REASON]}))
    return contact_of(case)
