"""What happens when a resident rates the outcome, and when nobody does?"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from sqlmodel import Session, col, select

from service.cases.actions import allowed, lock
from service.cases.rules import Action, CaseStatus, Satisfaction
from service.cases.tables import Case
from service.feedback.queries import closes_at
from service.feedback.rules import CLOSE_AFTER, reopens
from service.feedback.tables import Rating
from service.handling.actions import RESIDENT, SYSTEM, act
from service.handling.rules import checked


def rate(session: Session, case_id: int, answers: Mapping[str, Any], *, now: datetime) -> Case:
    """Keep the resident's rating and close the case, or send it back for a second handling.

    Errors: MoveForbiddenError when the case is not resolved, InvalidFieldsError.
    """
    case = lock(session, case_id)
    given = checked(allowed(case, Action.RATE, RESIDENT.actors), answers)
    solved, satisfaction = bool(given.solved), given.satisfaction or Satisfaction.FAIR

    case = act(session, case_id, Action.RATE, answers, by=RESIDENT, now=now)
    session.add(
        Rating(
            case_id=case_id,
            instance=case.reopened + 1,
            solved=solved,
            satisfaction=satisfaction,
            comment=given.text,
            at=now,
        )
    )
    if reopens(solved=solved, satisfaction=satisfaction, reopened=case.reopened):
        reason = given.text or "not_helped"
        case = act(session, case_id, Action.REOPEN, {"reason": reason}, by=SYSTEM, now=now)
    return case


def close_silent(session: Session, now: datetime, *, most: int) -> int:
    """Close resolved cases that nobody rated in time; return how many. Safe to run at any moment."""
    silent = (
        select(Case.id, Case.resolved_at)
        .where(Case.status == CaseStatus.RESOLVED, col(Case.resolved_at) <= now - timedelta(days=CLOSE_AFTER))
        .order_by(col(Case.resolved_at))
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    # Workdays are never fewer days, and what was resolved later is not closed earlier.
    over = takewhile(lambda row: row[1] is not None and closes_at(row[1]) <= now, session.exec(silent).all())
    ids = [case_id for case_id, _ in over]
    for case_id in ids:
        act(session, case_id or 0, Action.CLOSE, {"reason": "silent"}, by=SYSTEM, now=now)
    return len(ids)
