"""How are notices written, claimed and delivered? A row with the change it tells of; sent later, tried again."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import structlog
from jinja2 import TemplateError
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from service.outbox.channels import DeliveryFailedError, LogTransport, MailTransport, Transport
from service.outbox.messages import Message
from service.outbox.rules import Channel, NoticeState, earliest, next_try
from service.outbox.tables import Notice
from service.outbox.texts import render
from service.secrecy import SecretUnreadableError, decrypt, encrypt
from service.settings import Settings
from service.timekeeping import ZONE

NOTICES = Notice.__table__  # type: ignore[attr-defined]

log = structlog.get_logger("outbox")


def rows(messages: Iterable[Message], case_id: int, now: datetime) -> list[dict[str, Any]]:
    """Return the rows of notices about one case, to be tried now or after quiet hours."""
    return [
        {
            "key": m.key,
            "template": m.template,
            "case_id": case_id,
            "person_id": m.recipient.person_id,
            "channel": Channel.MAIL if m.recipient.email else Channel.LOG,
            "address": encrypt(m.recipient.email) if m.recipient.email else None,
            "language": m.recipient.language,
            "facts": dict(m.facts),
            "wakes": m.wakes,
            "state": NoticeState.WAITING,
            "tries": 0,
            "next_try_at": earliest(now, wakes=m.wakes, zone=ZONE),
            "created_at": now,
            "sent_at": None,
            "failure": "",
        }
        for m in messages
    ]


def write(session: Session, messages: Iterable[Message], case_id: int, now: datetime) -> None:
    """Write notices in the transaction of the change; a notice that stands already is left alone."""
    write_rows(session, rows(messages, case_id, now))


def write_rows(session: Session, notices: list[dict[str, Any]]) -> None:
    """Write the rows of many notices in one statement."""
    if notices:
        session.execute(insert(NOTICES).on_conflict_do_nothing(index_elements=["key"]), notices)


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


def deliver(session: Session, notice: Notice, settings: Settings, now: datetime) -> None:
    """Deliver one claimed notice, or note why not and when to try again.

    1. render its words now, so that they are today's; 2. send; 3. write down what became of it.
    A text or an address that cannot be read is given up at once: trying again cannot help.
    """
    notice.tries += 1
    try:
        subject, body = render(notice.template, notice.language, notice.facts, public_url=settings.public_url)
        address = decrypt(notice.address) if notice.address else ""
        _transport(notice, settings).send(key=notice.key, address=address, subject=subject, body=body)
    except DeliveryFailedError as failed:
        _failed(notice, str(failed), None if failed.permanent else next_try(notice.tries, now))
    except (TemplateError, SecretUnreadableError) as broken:
        _failed(notice, f"{type(broken).__name__}: {broken}", None)
    else:
        notice.state, notice.sent_at, notice.failure = NoticeState.SENT, now, ""
    session.add(notice)


def _transport(notice: Notice, settings: Settings) -> Transport:
    if notice.channel is Channel.MAIL and settings.smtp_url is not None:
        return MailTransport(settings.smtp_url, settings.mail_from)
    return LogTransport()


def _failed(notice: Notice, why: str, again_at: datetime | None) -> None:
    notice.failure = why[:500]
    if again_at is None:
        notice.state = NoticeState.GIVEN_UP
        log.error("notice given up", key=notice.key, why=notice.failure, tries=notice.tries)
    else:
        notice.next_try_at = again_at
