"""What happens when time runs out? Each step of the ladder, exactly once, with everything that follows from it."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlmodel import Session, col, select

from service.accounts.tables import Person
from service.audit.actions import record, record_all
from service.audit.rules import Entry
from service.bulk import insert_all
from service.cases.queries import visible_to
from service.cases.rules import Action
from service.cases.tables import Case
from service.clocks.actions import due_entries, hear_missed, oldest_due, pause_ends_at
from service.clocks.queries import as_clock, book, policy_of
from service.clocks.sweeping import claim_due, set_aside
from service.clocks.tables import ClockRow
from service.errors import NotAllowedError, NotFoundError
from service.escalations.hands import give_away
from service.escalations.looking import Batch, Due
from service.escalations.queries import contacted, taken
from service.escalations.rules import may_answer
from service.escalations.tables import Escalation
from service.escalations.taking import decide
from service.handling.notices import notices
from service.handling.promises import end_pause
from service.intake.forms import clean
from service.orders.queries import by_clock
from service.outbox.actions import rows as notice_rows
from service.outbox.actions import write_rows
from service.parts.queries import by_clock as parts_by_clock
from service.routing.queries import directory
from sla_policies.policy import OF_ORDERS, OF_PARTS

ESCALATIONS = Escalation.__table__  # type: ignore[attr-defined]
BATCH = 200
MOST_NOTE = 2000

log = structlog.get_logger("escalations")
Claimed = Sequence[tuple[ClockRow, Case]]
"""Locked clocks whose moment has come, with their cases."""


def sweep(session: Session, now: datetime, *, most: int = BATCH) -> int:
    """Take every step that is due on at most `most` clocks; return how many clocks were looked at.

    0. look whether any is due at all, which costs the same however many clocks there are: it is planned once;
    1. claim due clocks with their cases, oldest first, passing over what others hold; 2. take their steps together;
    3. those that have failed before by themselves, so that they hold nobody up. Harmless at any moment and any number
    of times: the ledger's key lets no step happen twice.
    """
    oldest = oldest_due(session)
    if oldest is None or oldest > now:
        return 0
    claimed = claim_due(session, now, most=most)
    failed_before = [pair for pair in claimed if pair[0].failures]
    _take_or_set_aside(session, [pair for pair in claimed if not pair[0].failures], now)
    for pair in failed_before:
        _take_or_set_aside(session, [pair], now)
    return len(claimed)


def _take_or_set_aside(session: Session, claimed: Claimed, now: datetime) -> None:
    """Take the due steps of claimed clocks; where that fails, of either half, and set aside the clock that fails alone.

    So no clock stops another, and one in two hundred costs the others less than as much again.
    """
    if not claimed or _taken_together(session, claimed, now):
        return
    if len(claimed) == 1:
        set_aside(session, claimed[0][0], now)
        return
    middle = len(claimed) // 2
    for half in (claimed[:middle], claimed[middle:]):
        _take_or_set_aside(session, half, now)


def _taken_together(session: Session, claimed: Claimed, now: datetime) -> bool:
    """Take the due steps of claimed clocks, all or none; False: none, because one of them failed."""
    try:
        with session.begin_nested():
            _take_steps(session, claimed, now)
    except Exception:  # Whatever is wrong with one clock, the others' time is running.
        log.exception("steps not taken", clocks=len(claimed), first=claimed[0][0].id)
        return False
    return True


def _take_steps(session: Session, claimed: Claimed, now: datetime) -> None:
    """Read the ledger, decide each clock with the pure rule, and write what follows."""
    known = directory(session)
    ledgers = taken(session, [row.id or 0 for row, _ in claimed])
    heard = contacted(session, [case.id or 0 for _, case in claimed])
    orders = by_clock(session, [row.id or 0 for row, _ in claimed if row.metric in OF_ORDERS])
    parts = parts_by_clock(session, [row.id or 0 for row, _ in claimed if row.metric in OF_PARTS])

    batch = Batch(known, now)
    for row, case in claimed:
        batch.entries += due_entries(case, hear_missed(session, row, case), now, "system")
        over_at = pause_ends_at(session, row, case)
        if over_at is not None and over_at <= now:
            _end_pause(session, row, case, over_at, batch)
        row.failures = 0
        its_book = book(session, row.book_hash)
        ledger = ledgers.get(row.id or 0, [])
        clock, policy, order = as_clock(row, its_book), policy_of(row, its_book), orders.get(row.id or 0)
        part = parts.get(row.id or 0)
        decide(Due(row, case, clock, policy, ledger, case.id in heard, order, part), batch)

    give_away(session, batch)
    insert_all(session, ESCALATIONS, batch.escalations)
    record_all(session, batch.entries)
    write_rows(session, batch.notices)
    session.flush()


def _end_pause(session: Session, row: ClockRow, case: Case, over_at: datetime, batch: Batch) -> None:
    """Let a clock run again whose longest pause or day of return is reached, and say so once."""
    now = batch.now
    changes, is_back = end_pause(session, row, case, now)
    facts = {"metric": str(row.metric), "due_at": over_at.isoformat(), "instance": row.instance}
    batch.entries.append(Entry("case", case.id or 0, Action.RESUME, now, "system", data=facts))
    batch.entries += due_entries(case, changes, now, "system")
    if is_back:
        batch.notices += notice_rows(notices(case, Action.RESUME, None, batch.known), case.id or 0, now)


def acknowledge(session: Session, escalation_id: int, *, note: str, by: Person, now: datetime) -> Escalation:
    """Answer an escalation: the climbing stops, the breach stays. Answering twice changes nothing.

    Errors: NotFoundError when there is none, or the case is not the person's to see; NotAllowedError when it was put
    to somebody above them.
    """
    note = clean(note)[:MOST_NOTE]
    found = session.exec(
        select(Escalation, Case)
        .join(Case, col(Case.id) == Escalation.case_id)
        .where(Escalation.id == escalation_id, visible_to(by.id or 0, by.role, by.area_id))
        .with_for_update()
    ).one_or_none()
    if found is None:
        raise NotFoundError
    escalation, case = found
    if not may_answer(by.role, was_told=by.id in escalation.person_ids, rungs=escalation.roles):
        raise NotAllowedError
    if escalation.acknowledged_at is None:
        escalation.acknowledged_at, escalation.acknowledged_by_id, escalation.note = now, by.id, note
        session.add(escalation)
        facts = {"escalation": escalation.id, "step": escalation.step, "note": note}
        record(session, Entry("case", case.id or 0, "acknowledged", now, "staff", by.id, facts))
        session.flush()
    return escalation
