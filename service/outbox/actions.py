"""How are notices written and claimed? A row with the change it tells of; `service/delivery/` sends it later."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.bulk import insert_all
from service.outbox.messages import Message
from service.outbox.reasons import Reason
from service.outbox.rules import Channel, NoticeState, earliest
from service.outbox.tables import Notice
from service.secrecy import encrypt
from service.timekeeping import ZONE

NOTICES = Notice.__table__  # type: ignore[attr-defined]


def rows(messages: Iterable[Message], case_id: int | None, now: datetime) -> list[dict[str, Any]]:
    """Return the rows of notices about one case (or none), to be tried now or after quiet hours; none for nobody."""
    return [
        {
            "key": m.key,
            "template": m.template,
            "case_id": case_id,
            "person_id": m.recipient.person_id,
            "channel": Channel.MAIL if m.recipient.email else Channel.LOG,
            "party_id": m.recipient.party_id,
            "address": encrypt(m.recipient.email) if m.recipient.email else None,
            "phone": encrypt(m.recipient.phone) if m.recipient.phone else None,
            "language": m.recipient.language,
            "facts": dict(m.facts),
            "wakes": m.wakes,
            "state": NoticeState.WAITING,
            "tries": 0,
            "next_try_at": earliest(now, wakes=m.wakes, zone=ZONE),
            "created_at": now,
            "sent_at": None,
            "failure": "",
            "channel_id": None,
            "attempts": [],
            "digest_id": None,
        }
        for m in messages
        if m.recipient.is_reachable
    ]


def write(session: Session, messages: Iterable[Message], case_id: int | None, now: datetime) -> None:
    """Write notices in the transaction of the change; a notice that stands already is left alone."""
    write_rows(session, rows(messages, case_id, now))


def write_rows(session: Session, notices: list[dict[str, Any]]) -> None:
    """Write the rows of many notices in one statement."""
    insert_all(session, NOTICES, notices, tail="ON CONFLICT (key) DO NOTHING")


def drop_waiting(session: Session, case_id: int, template: str, why: Reason) -> None:
    """Send no notice of that kind about a case any more; what was sent stays as it is."""
    of_it = sa.update(Notice).where(col(Notice.case_id) == case_id, col(Notice.template) == template)
    dropped = {"state": NoticeState.DROPPED, "failure": str(why)}
    session.execute(of_it.where(col(Notice.state) == NoticeState.WAITING).values(**dropped))


def claim_due(session: Session, now: datetime, *, most: int) -> list[Notice]:
    """Lock notices whose moment has come, oldest first; what another sweeper holds is left to it."""
    due = (
        select(Notice)
        .where(Notice.state == NoticeState.WAITING, col(Notice.next_try_at) <= now)
        .order_by(col(Notice.next_try_at))
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return list(session.exec(due))
