"""How are channels and wishes changed, and what can somebody do about a notice that did not arrive?"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from service.accounts.tables import Person
from service.audit.actions import record
from service.audit.changes import changed, expect, locked, one_at_a_time
from service.audit.rules import Entry
from service.delivery.forms import ChannelDetails, check_channel, check_wishes
from service.delivery.queries import channels
from service.delivery.ways import reachable
from service.errors import ConflictError, NotFoundError
from service.outbox.actions import rows, write_rows
from service.outbox.messages import Recipient, trial
from service.outbox.rules import FAILED, NoticeState, Wishes
from service.outbox.tables import Caught, ChannelRow, Notice, NoticeWishes, Unsubscribed
from service.secrecy import encrypt
from service.settings import Settings

MOST_CAUGHT = 500
SHOWN_FIELDS = ("name", "name_en", "kind", "is_usual", "is_active")


class NotWaitingError(ConflictError):
    """The notice has left, or somebody has decided about it."""

    code = "notice-over"
    sentence = "Something has become of this notice meanwhile. Please look again."


def add_channel(session: Session, details: ChannelDetails, *, by: Person | None, now: datetime) -> ChannelRow:
    """Set up a channel; `by` None is the seed. Errors: InvalidFieldsError."""
    check_channel(details, is_new=True)
    one_at_a_time(session, ChannelRow)
    row = ChannelRow(created_at=now, **_columns(details))
    session.add(row)
    session.flush()
    _record(session, row, "channel.added", _facts({}, details), by, now)
    return row


def change_channel(
    session: Session, channel_id: int, details: ChannelDetails, *, by: Person, now: datetime, seen: int | None = None
) -> None:
    """Change a channel. Errors: NotFoundError, ConflictError, InvalidFieldsError."""
    row = locked(session, ChannelRow, channel_id)
    expect(session, "channel", channel_id, seen)
    check_channel(details, is_new=row.kind is not details.kind)
    facts = _facts(row.model_dump(include=set(SHOWN_FIELDS)), details)
    for name, value in _columns(details).items():
        setattr(row, name, value)
    session.add(row)
    session.flush()
    if facts:
        _record(session, row, "channel.changed", facts, by, now)


def _columns(details: ChannelDetails) -> dict[str, Any]:
    """Return the columns to be written; an address or secret that was left empty stays."""
    shown = {name: getattr(details, name) for name in SHOWN_FIELDS}
    hidden = {"address": details.address, "secret": details.secret}
    return shown | {name: encrypt(value) for name, value in hidden.items() if value}


def _facts(before: dict[str, Any], details: ChannelDetails) -> dict[str, Any]:
    """Return what history tells: of address and secret only that they changed."""
    after = {name: getattr(details, name) for name in SHOWN_FIELDS}
    facts = changed(before, after)
    for name in ("address", "secret"):
        if getattr(details, name):
            facts[f"channel_{name}"] = []
    return facts


def _record(
    session: Session, row: ChannelRow, action: str, facts: dict[str, Any], by: Person | None, now: datetime
) -> None:
    who = ("staff", by.id) if by else ("system", None)
    record(session, Entry("channel", row.id or 0, action, now, *who, facts))


def send_trial(session: Session, channel_id: int, *, by: Person, now: datetime) -> int:
    """Write a test notice to oneself by this channel and return its id; a worker sends it. Errors: NotFoundError."""
    row = session.get(ChannelRow, channel_id)
    if row is None:
        raise NotFoundError
    name = row.name_en if by.language == "en" and row.name_en else row.name
    told = trial(Recipient(by.language, by.email, by.id), name, at=now)
    write_rows(session, [r | {"channel": row.kind, "channel_id": row.id} for r in rows([told], None, now)])
    return session.exec(select(Notice.id).where(Notice.key == told.key)).one() or 0


def try_again(session: Session, notice_id: int, *, by: Person, now: datetime) -> None:
    """Let a notice begin anew, with all its channels. Errors: NotFoundError, NotWaitingError."""
    notice = _undelivered(session, notice_id)
    notice.state, notice.tries, notice.next_try_at, notice.failure = NoticeState.WAITING, 0, now, ""
    anew = {"at": now.isoformat(), "by": "", "ok": False, "said": "", "last": False}
    notice.attempts = [*notice.attempts, anew]
    _note(session, notice, "notice.again", by, now)


def let_go(session: Session, notice_id: int, *, by: Person, now: datetime) -> None:
    """Decide that a notice need not be told any more. Errors: NotFoundError, NotWaitingError."""
    notice = _undelivered(session, notice_id)
    notice.state = NoticeState.LET_GO
    _note(session, notice, "notice.let-go", by, now)


def _undelivered(session: Session, notice_id: int) -> Notice:
    notice = locked(session, Notice, notice_id)
    if notice.state not in (*FAILED, NoticeState.WAITING):
        raise NotWaitingError(yours=None, current=notice.state)
    return notice


def _note(session: Session, notice: Notice, action: str, by: Person, now: datetime) -> None:
    session.add(notice)
    session.flush()
    record(session, Entry("notice", notice.id or 0, action, now, "staff", by.id))


def offered_to(session: Session, person: Person, settings: Settings) -> list[str]:
    """Return the keys of the channels by which a person can be reached."""
    configured = {str(row.id): row for row in channels(session)}
    return reachable(person, configured, mails=settings.smtp_url is not None or settings.demo)


def set_wishes(session: Session, person: Person, wishes: Wishes, language: str, settings: Settings) -> None:
    """Keep how somebody wants to be told, and in which language. Errors: InvalidFieldsError."""
    check_wishes(wishes, offered_to(session, person, settings))
    row = {
        "person_id": person.id,
        "channels": list(wishes.channels),
        "digest": wishes.digest,
        "quiet_from": wishes.quiet_from,
        "quiet_to": wishes.quiet_to,
    }
    session.execute(insert(NoticeWishes).values(row).on_conflict_do_update(index_elements=["person_id"], set_=row))
    if language in ("zh", "en") and language != person.language:
        person.language = language
        session.add(person)
    session.flush()


def unsubscribe(session: Session, case_id: int, now: datetime) -> None:
    """Send the resident no more mail about the mere course of a case; asking twice changes nothing."""
    session.execute(insert(Unsubscribed).values(case_id=case_id, at=now).on_conflict_do_nothing())


def subscribe_again(session: Session, case_id: int) -> None:
    """Take an unsubscription back."""
    session.execute(sa.delete(Unsubscribed).where(col(Unsubscribed.case_id) == case_id))


def keep_caught(session: Session, what: Caught) -> None:
    """Keep what the demo would have sent, and only the newest."""
    session.add(what)
    session.flush()
    old = select(Caught.id).order_by(col(Caught.id).desc()).offset(MOST_CAUGHT)
    session.execute(sa.delete(Caught).where(col(Caught.id).in_(old)))
