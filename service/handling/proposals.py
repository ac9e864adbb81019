"""How does a desk ask for more time or for parking, and what becomes of it?"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from service.accounts.tables import Person
from service.cases.queries import visible_to
from service.cases.rules import ENDED, IN_HAND, Action, CaseStatus, Move
from service.cases.tables import Case
from service.errors import ServiceError
from service.handling.leeway import Promised, extension, parking, would_be_due
from service.handling.promises import resolve_clock
from service.handling.rules import AskedAlreadyError, Given, NothingAskedError
from service.handling.tables import Outcome, Proposal, ProposalKind

GRANTS = {Action.EXTEND: ProposalKind.EXTEND, Action.PARK: ProposalKind.PARK}
ASKS = {Action.REQUEST_EXTENSION: ProposalKind.EXTEND, Action.REQUEST_PARKING: ProposalKind.PARK}


def waiting(session: Session, case_id: int) -> Proposal | None:
    """Return what a desk asked about this case and nobody has decided yet."""
    return session.exec(select(Proposal).where(Proposal.case_id == case_id, col(Proposal.outcome).is_(None))).first()


def propose(
    session: Session, case: Case, kind: ProposalKind, given: Given, *, by_id: int | None, now: datetime
) -> None:
    """Ask for more time or for parking, within what the policy allows. Errors: AskedAlreadyError, those of the two."""
    if waiting(session, case.id or 0) is not None:
        raise AskedAlreadyError
    promised = resolve_clock(session, case)
    if kind is ProposalKind.EXTEND:
        extension(promised, given.days, now)
    else:
        parking(promised, given.until, now)
    session.add(
        Proposal(
            case_id=case.id or 0,
            kind=kind,
            days=given.days or None,
            until=date.fromisoformat(given.until) if given.until else None,
            reason=given.reason,
            asked_at=now,
            asked_by_id=by_id,
        )
    )


def settle(
    asked: Proposal | None, case: Case, action: Action, given: Given, *, by_id: int | None, now: datetime
) -> Proposal | None:
    """Write down what became of the proposal that waits, if one does, after this action; return it if it is decided.

    Errors: NothingAskedError when something is refused that nobody asked for.
    """
    if asked is None:
        if action is Action.REFUSE:
            raise NothingAskedError
        return None
    if action is Action.REFUSE:
        asked.outcome = Outcome.REFUSED
    elif action in GRANTS:
        asked.outcome = Outcome.GRANTED if GRANTS[action] is asked.kind else Outcome.LAPSED
    elif case.status not in IN_HAND | {CaseStatus.WAITING}:
        asked.outcome = Outcome.LAPSED
    else:
        return None
    asked.decided_at, asked.decided_by_id, asked.answer = now, by_id, given.reason
    return asked


def offered(session: Session, case: Case, moves: tuple[Move, ...], promised: Promised | None) -> tuple[Move, ...]:
    """Leave out what the lifecycle offers and nothing could come of: to refuse nothing, to ask twice, to park here.

    `promised` is the newest promise of the result.
    """
    if not {move.action for move in moves} & {*ASKS, *GRANTS, Action.REFUSE}:
        return moves
    asked = waiting(session, case.id or 0)
    none: set[Action] = set(ASKS) if asked else {Action.REFUSE}
    if promised is None or not promised.may_park:
        none |= {Action.REQUEST_PARKING, Action.PARK}
    if promised is None or not promised.policy.extensions:
        none |= {Action.REQUEST_EXTENSION, Action.EXTEND}
    return tuple(move for move in moves if move.action not in none)


@dataclass(frozen=True)
class Effect:
    """What granting a proposal would do to the promise, or why it cannot be granted."""

    due_at: datetime | None
    then_due_at: datetime | None
    """After an extension."""
    keeps: timedelta | None
    """The time that a parked case has left when it comes back."""
    hindrance: ServiceError | None
    needs_district: bool


def effect_of(asked: Proposal, promised: Promised | None, now: datetime) -> Effect:
    """Return what granting this now would change about the promise."""
    clock = promised.clock if promised else None
    then = keeps = None
    hindrance: ServiceError | None = None
    try:
        if asked.kind is ProposalKind.EXTEND:
            extra = extension(promised, asked.days or 0, now)
            then = would_be_due(clock, extra, now) if clock else None
        elif asked.until is not None:
            parking(promised, asked.until.isoformat(), now)
            keeps = clock.remaining(now) if clock else None
    except ServiceError as why:
        hindrance = why
    needs_district = asked.kind is ProposalKind.EXTEND and promised is not None and promised.needs_district
    return Effect(clock.due_at if clock else None, then, keeps, hindrance, needs_district)


def waiting_for(session: Session, person: Person, *, most: int = 50) -> list[tuple[Proposal, Case]]:
    """Return what waits for a decision among the open cases a person sees, what runs out first on top."""
    gate = visible_to(person.id or 0, person.role, person.area_id)
    found = (
        select(Proposal, Case)
        .join(Case, col(Case.id) == Proposal.case_id)
        .where(col(Proposal.outcome).is_(None), col(Case.status).not_in(ENDED), gate)
        .order_by(col(Case.due_at), col(Proposal.id))
        .limit(most)
    )
    return list(session.exec(found))


def of_case(session: Session, case_id: int) -> list[Proposal]:
    """Return everything that was ever asked about a case, oldest first."""
    return list(session.exec(select(Proposal).where(Proposal.case_id == case_id).order_by(col(Proposal.id))))
