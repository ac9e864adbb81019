"""Which cards lie on the cases of a list?"""

from collections.abc import Collection, Mapping

from sqlmodel import Session, col, select

from service.clocks.queries import as_clock, book
from service.clocks.rules import LIVE
from service.clocks.tables import ClockRow
from service.escalations.tables import Escalation

CARDS = ("yellow_card", "red_card")
"""The acts that give a card, the gravest last."""


def cards_of(session: Session, case_ids: Collection[int]) -> Mapping[int, str]:
    """Return the gravest card that lies on each of these cases; those without one are left out.

    It lies there while its promise runs or stands still: one that is kept, cancelled or extended takes it away.
    """
    given = (
        select(Escalation, ClockRow)
        .join(ClockRow, col(ClockRow.id) == Escalation.clock_id)
        .where(
            col(Escalation.case_id).in_(case_ids), col(Escalation.act).in_(CARDS), col(Escalation.skipped).is_(False)
        )
        .where(col(ClockRow.state).in_(LIVE))
    )
    found: dict[int, str] = {}
    for escalation, row in session.exec(given) if case_ids else ():
        if escalation.arm == as_clock(row, book(session, row.book_hash)).extensions:
            lying = found.get(escalation.case_id, CARDS[0])
            found[escalation.case_id] = max(lying, escalation.act, key=CARDS.index)
    return found
