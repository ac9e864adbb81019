"""Has a notice of the ladder been overtaken by what happened before it left?"""

import structlog
from sqlmodel import Session, col, select

from service.clocks.actions import LIVE
from service.clocks.tables import ClockRow
from service.escalations.tables import Escalation
from service.outbox.rules import NoticeState
from service.outbox.tables import Notice

ABOUT_A_BREACH = frozenset({"yellow_card", "red_card"})
"""Acts that tell of what was missed: that stays true, whatever is done later."""
OVER, ANSWERED = "the promise has ended", "somebody has answered"

log = structlog.get_logger("escalations")


def drop_if_overtaken(session: Session, notice: Notice) -> bool:
    """Drop a claimed notice that warns of a promise which has ended, or calls where somebody has answered since.

    The notice keeps why. Asked right before each notice is sent: at night it may have waited for hours.
    """
    why = _overtaken_by(session, notice)
    if why:
        notice.state, notice.failure = NoticeState.DROPPED, why
        session.add(notice)
        log.info("notice dropped", key=notice.key, why=why)
    return bool(why)


def _overtaken_by(session: Session, notice: Notice) -> str:
    if notice.template != "escalated" or "key" not in notice.facts:
        return ""
    clock_id, arm, step = str(notice.facts["key"]).split(":", 2)
    its_step = (Escalation.clock_id == int(clock_id), Escalation.arm == int(arm), Escalation.step == step)
    found = session.exec(
        select(ClockRow.state, Escalation.act, Escalation.acknowledged_at)
        .join(Escalation, col(Escalation.clock_id) == ClockRow.id)
        .where(*its_step)
    ).one_or_none()
    if found is None or found[1] in ABOUT_A_BREACH:
        return ""
    state, _, acknowledged_at = found
    if state not in LIVE:
        return OVER
    return ANSWERED if acknowledged_at is not None else ""
