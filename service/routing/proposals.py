"""How does a disputed dispatch (派单异议) become a proposal to change the table, and what becomes of it?"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.areas.rules import AreaLevel
from service.audit.actions import record
from service.audit.changes import locked
from service.audit.rules import Entry
from service.errors import InvalidFieldsError, ServiceError
from service.routing.actions import copy_newest, insert_line, pointed, take_turn
from service.routing.catalogue import newest, proposal_of
from service.routing.details import NOTE_MOST, RuleDetails, check_rule
from service.routing.publishing import put_in_force
from service.routing.queries import decisions
from service.routing.tables import RuleProposal
from service.routing.versions import REASON_LEAST, REASON_MOST, ProposalState


class ProposedAlreadyError(ServiceError):
    """A proposal from this case waits for its decision."""

    status, code = 409, "proposed-already"
    sentence = "A proposal from this case waits for a decision already."


class DecidedAlreadyError(ServiceError):
    """Somebody else decided about it."""

    status, code = 409, "decided-already"
    sentence = "This proposal was decided already."


@dataclass(frozen=True)
class Suggestion:
    """What the table should say of cases like this one."""

    category_code: str
    area_id: int | None
    target_level: AreaLevel | None = None
    target_area_id: int | None = None
    target_role: Role = Role.WORKER

    def details(self, note: str = "") -> RuleDetails:
        """Return the line that it would be."""
        return RuleDetails(
            category_code=self.category_code,
            area_id=self.area_id,
            target_level=self.target_level,
            target_area_id=self.target_area_id,
            target_role=self.target_role,
            note=note,
        )


def propose(
    session: Session, case_id: int, suggestion: Suggestion, reason: str, *, by: Person, now: datetime
) -> RuleProposal:
    """Propose a change from a case that the caller has seen to be visible to `by`.

    Errors: InvalidFieldsError, ProposedAlreadyError.
    """
    reason = reason.strip()
    check_rule(suggestion.details(), pointed(session, suggestion.details()))
    if not REASON_LEAST <= len(reason) <= REASON_MOST:
        raise InvalidFieldsError({"reason": "Please say why, in 4 to 500 characters."})
    last = proposal_of(session, case_id)
    if last is not None and last.state is ProposalState.WAITING:
        raise ProposedAlreadyError
    fired = [row for row in decisions(session, case_id) if row.rule_id is not None]
    made = RuleProposal(
        case_id=case_id,
        line=fired[-1].rule_id if fired else None,
        category_code=suggestion.category_code,
        area_id=suggestion.area_id,
        target_level=suggestion.target_level,
        target_area_id=suggestion.target_area_id,
        target_role=suggestion.target_role,
        reason=reason,
        asked_at=now,
        asked_by_id=by.id or 0,
    )
    session.add(made)
    session.flush()
    facts = {"reason": reason, **_said(made)}
    record(session, Entry("rule_proposal", made.id or 0, "proposal.made", now, "staff", by.id, facts))
    return made


def decide(
    session: Session, proposal_id: int, answer: str, *, is_approved: bool, by: Person, now: datetime
) -> RuleProposal:
    """Approve a proposal, which makes a version that decides at once, or refuse it with an answer.

    While a version is planned, the new one goes on from it and takes effect with it: nothing undoes the other. A
    draft that somebody writes stays, and takes the change over before it is published.
    Errors: NotAllowedError, NotFoundError, DecidedAlreadyError, InvalidFieldsError.
    """
    take_turn(session, by)
    asked = locked(session, RuleProposal, proposal_id)
    if asked.state is not ProposalState.WAITING:
        raise DecidedAlreadyError
    answer = answer.strip()
    if len(answer) > REASON_MOST or (not is_approved and len(answer) < REASON_LEAST):
        raise InvalidFieldsError({"answer": "Please say why, in 4 to 500 characters."})
    if is_approved:
        asked.version_id = _put_into_table(session, asked, by, now)
    asked.state = ProposalState.APPROVED if is_approved else ProposalState.REFUSED
    asked.decided_at, asked.decided_by_id, asked.answer = now, by.id, answer
    session.add(asked)
    session.flush()
    action = "proposal.approved" if is_approved else "proposal.refused"
    facts = {"answer": answer, "made_version": asked.version_id}
    record(session, Entry("rule_proposal", proposal_id, action, now, "staff", by.id, facts))
    return asked


def _put_into_table(session: Session, asked: RuleProposal, by: Person, now: datetime) -> int:
    """Write the proposed line above the one that was wrong, in a version of its own; return its number."""
    moment = max(now, newest(session).effective_at or now)
    made = copy_newest(session, by=by, now=now, effective_at=moment)
    line = suggestion_of(asked).details(asked.reason[:NOTE_MOST])
    check_rule(line, pointed(session, line))
    insert_line(session, made, line, by=by, now=now, above=asked.line)
    return put_in_force(session, made, asked.reason, moment, by=by, now=now).id or 0


def suggestion_of(asked: RuleProposal) -> Suggestion:
    """Return what a proposal says of the table."""
    return Suggestion(
        asked.category_code, asked.area_id, asked.target_level, asked.target_area_id, Role(asked.target_role)
    )


def _said(asked: RuleProposal) -> dict[str, object]:
    named = ("category_code", "area_id", "target_level", "target_area_id", "target_role")
    said = {name: getattr(asked, name) for name in named} | {"rule_line": asked.line}
    return {name: value for name, value in said.items() if value is not None}
