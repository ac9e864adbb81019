"""How is a case worked on? One way in for every action of the lifecycle: `act`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from service.accounts.tables import Person
from service.assignments.actions import change_loads, let_go
from service.audit.actions import record
from service.audit.rules import Entry
from service.cases.actions import allowed, lock, move
from service.cases.queries import contact_of, was_said
from service.cases.rules import ENDED, STANDS_STILL, Action, Actor, CaseStatus, ClockEffect, Field
from service.cases.tables import Case, CaseMessage
from service.clocks.actions import due_entries, tell, wake_rested
from service.clocks.rules import Happening
from service.commissions.actions import end_with_case as end_jobs
from service.errors import InvalidFieldsError
from service.handling.contacting import counts_as_contact
from service.handling.hanging import hanging_on
from service.handling.joining import lock_together, tell_joined
from service.handling.notices import notices
from service.handling.parting import pass_on
from service.handling.proposals import ASKS, settle, waiting
from service.handling.rules import SAME_WORDS_WITHIN, Given, checked
from service.handling.step import Doer, Step
from service.handling.steps import SPECIAL
from service.handling.tables import Proposal
from service.intake.forms import clean
from service.orders.actions import end_with_case as end_orders
from service.outbox.actions import write
from service.parts.actions import end_with_case as end_parts
from service.routing.queries import directory_at
from sla_policies.policy import Metric

__all__ = ["RESIDENT", "SYSTEM", "Doer", "act", "reveal_contact"]

NOT_GIVEN = vars(Given())
NOT_IN_HISTORY = frozenset({"text", "address"})
"""Words stand in the case as a message, and where somebody lives in the case alone."""
MOST_REASON = 500
FOR_ALL_JOINED = frozenset({Action.DUPLICATE, Action.SEPARATE, Action.WITHDRAW, Action.RESOLVE})
"""What is written into other cases too, which are locked before."""


RESIDENT = Doer(frozenset({Actor.RESIDENT}))
SYSTEM = Doer(frozenset({Actor.SYSTEM}))


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

    1. lock the case and compare the version the doer saw; 2. ask the lifecycle; 3. check the answers (the same words
    sent twice end here); 4. change who holds it; 5. move the status; 6. keep what was said; 7. tell the clocks;
    8. write the history; 9. write notices; 10. write how many cases everybody has now.
    Errors: NotFoundError, ConflictError, MoveForbiddenError, InvalidFieldsError and those of the single actions.
    """
    if action in FOR_ALL_JOINED:
        lock_together(session, case_id, str(answers.get(Field.NUMBER, "")))
    case = lock(session, case_id, version=version)
    row = allowed(case, action, by.actors)
    given = checked(row, answers)
    if action is Action.ANSWER and row.to is None and _was_sent_before(session, case_id, given.text, now):
        return case
    hanging = hanging_on(session, case_id)
    known = directory_at(session, hanging.directory_version)
    step = Step(session, case, row, given, by, now, known, hanging, {}, case.unit_id)
    before = case.status
    if before in STANDS_STILL:
        step.changes += wake_rested(session, case, now)
    asked = _change(step, before)
    _keep_words(step)
    step.changes += tell(session, case, _happening(step, before))
    _write_history(step, before, asked)
    _tell_people(step)
    session.flush()
    change_loads(session, step.loads, now)
    return case


def _change(step: Step, before: CaseStatus) -> Proposal | None:
    """Change who holds the case and where it stands; return what was asked about it and is decided by that."""
    session, case, action = step.session, step.case, step.move.action
    if action in SPECIAL:
        SPECIAL[action](step)
    ends = step.move.to in ENDED and before not in ENDED
    if ends:
        let_go(session, case, now=step.now, loads=step.loads)
    move(session, case, step.move, now=step.now)
    if ends:
        _end_what_hangs(step)
    asked = waiting(session, case.id or 0) if step.hanging.is_asked else None
    return settle(asked, case, action, step.given, by_id=step.by.id, now=step.now)


def _end_what_hangs(step: Step) -> None:
    session, case, hanging = step.session, step.case, step.hanging
    if hanging.has_jobs:
        end_jobs(session, case, by_id=step.by.id, now=step.now)
    if hanging.has_orders:
        end_orders(session, case, by_id=step.by.id, now=step.now)
    if hanging.has_parts:
        end_parts(session, case, by_id=step.by.id, now=step.now)


def _tell_people(step: Step) -> None:
    session, case, action = step.session, step.case, step.move.action
    # Whoever gets a case by its new topic is told what everybody is told who gets one.
    moved_on = action in (Action.RECATEGORISE, Action.RELOCATE) and step.given.reroute
    heard = notices(case, Action.TRANSFER if moved_on else action, step.by.person, step.known)
    write(session, heard, case.id or 0, step.now)
    if step.hanging.has_joined:
        tell_joined(session, case, action, step.given.text, by_id=step.by.id, now=step.now)
    if action is Action.WITHDRAW:
        heir = pass_on(session, case, Happening(step.now, ClockEffect.RECOUNT, "parted", step.actor), step.loads)
        if heir is not None:
            write(session, notices(heir, Action.SEPARATE, None, step.known), heir.id or 0, step.now)


def _happening(step: Step, before: CaseStatus) -> Happening:
    """Return what the clocks hear.

    An attempt to reach somebody who was not there satisfies nothing. Whatever ends the waiting for the resident
    resumes the clocks, whoever did it.
    """
    effect = step.move.effect
    if effect in (ClockEffect.NONE, ClockEffect.RECOUNT) and before in STANDS_STILL and step.case.status is not before:
        effect = ClockEffect.RESUME
    event = step.move.event if counts_as_contact(step.given.result) else ""
    starts: set[Metric] = set()
    if step.by.kind == "resident" and step.given.text:
        starts.add(Metric.NEXT_REPLY)
    if step.case.unit_id != step.unit_before:
        starts.add(Metric.HANDOVER)
    pauses_for = str(step.case.status) if effect is ClockEffect.PAUSE else ""
    return Happening(step.now, effect, event, step.actor, pauses_for, frozenset(starts), step.extra)


def _was_sent_before(session: Session, case_id: int, text: str, now: datetime) -> bool:
    """Did the resident send the same words a moment ago? The lock on the case lets one of two forms through first."""
    return was_said(session, case_id, Action.ANSWER, text, since=now - SAME_WORDS_WITHIN)


def _keep_words(step: Step) -> None:
    action, given = step.move.action, step.given
    text = given.text or (given.reason if action in REASONS_SAID else "")
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


REASONS_SAID = frozenset(
    {
        *(Action.EXTEND, Action.PARK, Action.REFUSE, Action.REGRADE, Action.RECATEGORISE, Action.RELOCATE),
        *(Action.WAIVE, Action.REOPEN, Action.SEPARATE, *ASKS),
    }
)
"""Whose reason is kept as words said, to be read in the case."""
PUBLIC = frozenset({Action.REPLY, Action.ASK, Action.RESOLVE, Action.EXTEND, Action.PARK})
"""What staff say to the resident; everything else they write stays inside."""


def _write_history(step: Step, before: CaseStatus, asked: Proposal | None) -> None:
    # The words are kept once, as a message.
    said = vars(step.given).items()
    given = {name: value for name, value in said if value != NOT_GIVEN[name] and name not in NOT_IN_HISTORY}
    data = {"from": str(before), "to": str(step.case.status), **given, **step.notes}
    if asked is not None:
        data["proposal"] = {"id": asked.id, "kind": str(asked.kind), "outcome": str(asked.outcome)}
    entry = Entry("case", step.case.id or 0, step.move.action, step.now, step.by.kind, step.by.id, data)
    moved = due_entries(step.case, step.changes, step.now, step.by.kind, step.by.id)
    record(step.session, entry, *moved)


def reveal_contact(session: Session, case: Case, reason: str, *, by: Person, now: datetime) -> dict[str, str]:
    """Return the resident's contact in clear, and write down who looked and why. Errors: InvalidFieldsError."""
    reason = clean(reason)
    if not reason:
        raise InvalidFieldsError({"reason": "Please say why you need to see this."})
    lock(session, case.id or 0)
    record(session, Entry("case", case.id or 0, "revealed", now, "staff", by.id, {"reason": reason[:MOST_REASON]}))
    return contact_of(case)
