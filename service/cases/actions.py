"""How does a case begin, and how does its status change? The only two places where `status` is written."""

from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from service.cases.rules import ENDED, Action, Actor, CaseStatus, Move, MoveForbiddenError, move_for
from service.cases.tables import Case
from service.errors import ConflictError, NotFoundError


def lock(session: Session, case_id: int, *, version: int | None = None) -> Case:
    """Return the case, locked for this transaction.

    Errors: NotFoundError; ConflictError with both versions when the reader saw an older one.
    """
    case = session.exec(
        select(Case).where(Case.id == case_id).with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if case is None:
        raise NotFoundError
    if version is not None and version != case.version:
        raise ConflictError(yours=version, current=case.version, status=case.status)
    return case


def allowed(case: Case, action: Action, actors: frozenset[Actor]) -> Move:
    """Return the lifecycle's row for this step. Errors: MoveForbiddenError."""
    move = move_for(case.status, action, actors)
    if move is None:
        raise MoveForbiddenError(status=case.status, action=action)
    return move


def first_status(assignee_id: int | None) -> CaseStatus:
    """Return how a case begins: with a person it is assigned, without one it waits at a desk."""
    return CaseStatus.RECEIVED if assignee_id is None else CaseStatus.ASSIGNED


def new_row(*, assignee_id: int | None, received_at: datetime, **facts: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the row of a case that has just come in."""
    return facts | {
        "status": first_status(assignee_id),
        "version": 1,
        "assignee_id": assignee_id,
        "received_at": received_at,
        "updated_at": received_at,
    }


def move(session: Session, case: Case, step: Move, *, now: datetime) -> None:
    """Take a step of the lifecycle on a locked case: status, version and the moments that belong to it."""
    if step.to is not None:
        case.status = step.to
    if step.to is CaseStatus.RESOLVED:
        case.resolved_at = now
    if step.to in ENDED:
        case.call_again_at = None
    if step.to in ENDED - {CaseStatus.RESOLVED}:
        case.closed_at = now
    if step.to is CaseStatus.REOPENED:
        case.reopened += 1
        case.resolved_at = case.closed_at = None
    if case.status is not CaseStatus.PARKED:
        case.parked_until = None
    case.version += 1
    case.updated_at = now
    session.add(case)
