"""Which notices of the ladder have been overtaken by what happened before they left?"""

from collections.abc import Sequence

import structlog
from sqlmodel import Session, col, select

from service.clocks.rules import LIVE
from service.clocks.tables import ClockRow
from service.escalations.cards import CARDS
from service.escalations.tables import Escalation
from service.outbox.reasons import Reason
from service.outbox.rules import NoticeState
from service.outbox.tables import Notice

Step = tuple[Escalation, str]
"""A step that was taken, and the state of its promise now."""

log = structlog.get_logger("escalations")


def drop_overtaken(session: Session, notices: Sequence[Notice]) -> list[Notice]:
    """Drop those claimed notices that warn of an ended promise, or call where somebody has answered; return the rest.

    A dropped one keeps why. Asked right before notices are sent: at night they may have waited for hours.
    """
    steps = _steps_of(session, [notice for notice in notices if _is_of_the_ladder(notice)])
    left = []
    for notice in notices:
        why = _overtaken_by(steps.get(str(notice.facts.get("key", "")))) if _is_of_the_ladder(notice) else ""
        if why:
            notice.state, notice.failure = NoticeState.DROPPED, why
            session.add(notice)
            log.info("notice dropped", key=notice.key, why=why)
        else:
            left.append(notice)
    return left


def _is_of_the_ladder(notice: Notice) -> bool:
    return notice.template == "escalated" and "key" in notice.facts


def _steps_of(session: Session, notices: Sequence[Notice]) -> dict[str, Step]:
    """Return what the notices tell of, by the key of the step, in one query."""
    clocks = {int(str(notice.facts["key"]).split(":", 1)[0]) for notice in notices}
    if not clocks:
        return {}
    found = session.exec(
        select(Escalation, ClockRow.state)
        .join(ClockRow, col(ClockRow.id) == Escalation.clock_id)
        .where(col(Escalation.clock_id).in_(clocks))
    )
    return {f"{step.clock_id}:{step.arm}:{step.step}": (step, state) for step, state in found}


def _overtaken_by(found: Step | None) -> str:
    if found is None or found[0].act in CARDS:
        return ""
    step, state = found
    if state not in LIVE:
        return Reason.PROMISE_OVER
    return Reason.ANSWERED if step.acknowledged_at is not None else ""
