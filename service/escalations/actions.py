"""What happens when time runs out? Each step of the ladder, exactly once, with everything that follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlmodel import Session, col, select

from service.accounts.tables import Person
from service.audit.actions import record, record_all
from service.audit.rules import Entry
from service.bulk import insert_all
from service.cases.queries import visible_to
from service.cases.rules import Action
from service.cases.tables import Case
from service.clocks.actions import claim_due, due_entries, hear_missed, pause_ends_at, set_aside
from service.clocks.queries import as_clock, book, policy_of
from service.clocks.rules import Missed, wakes_at
from service.clocks.tables import ClockRow
from service.errors import NotAllowedError, NotFoundError
from service.escalations.queries import contacted, taken
from service.escalations.rules import Held, Standing, holds, may_answer, recipients
from service.escalations.tables import Escalation
from service.handling.notices import notices
from service.handling.promises import end_pause
from service.intake.forms import clean
from service.outbox import messages
from service.outbox.actions import rows as notice_rows
from service.outbox.actions import write_rows
from service.routing.directory import Directory, Staff
from service.routing.queries import directory
from sla_policies.clock import Clock, ClockState
from sla_policies.escalation import DueStep, Step, due_and_next
from sla_policies.policy import PolicyBook, SlaPolicy

ESCALATIONS = Escalation.__table__  # type: ignore[attr-defined]
BATCH = 200
MOST_NOTE = 2000

log = structlog.get_logger("escalations")
Claimed = Sequence[tuple[ClockRow, Case]]
"""Locked clocks whose moment has come, with their cases."""


@dataclass
class _Batch:
    """What a sweep has decided and not yet written."""

    escalations: list[dict[str, Any]] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)
    _known: dict[tuple[tuple[str, ...], Held], tuple[Staff, ...]] = field(default_factory=dict)

    def recipients(self, step: Step, held: Held, known: Directory, now: datetime) -> tuple[Staff, ...]:
        """Return who hears of a step; within one look at the clock and the directory they are asked once."""
        key = (step.to, held)
        if key not in self._known:
            self._known[key] = recipients(step, held, known, now)
        return self._known[key]


@dataclass(frozen=True)
class _Due:
    """One clock whose moment has come, with everything its rule needs."""

    row: ClockRow
    case: Case
    clock: Clock
    policy: SlaPolicy
    book: PolicyBook
    ledger: list[Escalation]
    contacted: bool

    @property
    def taken(self) -> list[Escalation]:
        """Return the steps already taken in this arming: what was answered before an extension answers nothing now."""
        return [e for e in self.ledger if e.arm == self.arm]

    @property
    def arm(self) -> int:
        """How often the clock had been extended when it last ran: a step belongs to that arming of the ladder."""
        return self.clock.last_run[0].extensions


def sweep(session: Session, now: datetime, *, most: int = BATCH) -> int:
    """Take every step that is due on at most `most` clocks; return how many clocks were looked at.

    1. claim due clocks with their cases, oldest first, passing over what others hold; 2. take their steps together;
    3. where that fails, one by one, and set aside the clock that fails alone: no clock stops another. Harmless at any
    moment and any number of times: the ledger's key lets no step happen twice.
    """
    claimed = claim_due(session, now, most=most)
    if claimed and not _taken_together(session, claimed, now):
        for row, case in claimed:
            if not _taken_together(session, [(row, case)], now):
                set_aside(session, row, now)
    return len(claimed)


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

    batch = _Batch()
    for row, case in claimed:
        batch.entries += due_entries(case, hear_missed(session, row, case), now, "system")
        over_at = pause_ends_at(session, row, case)
        if over_at is not None and over_at <= now:
            _end_pause(session, row, case, over_at, known, now, batch)
        row.failures = 0
        its_book = book(session, row.book_hash)
        due = _Due(
            row,
            case,
            as_clock(row, its_book),
            policy_of(row, its_book),
            its_book,
            ledgers.get(row.id or 0, []),
            case.id in heard,
        )
        _decide(due, known, now, batch)

    insert_all(session, ESCALATIONS, batch.escalations)
    record_all(session, batch.entries)
    write_rows(session, batch.notices)
    session.flush()


def _end_pause(
    session: Session, row: ClockRow, case: Case, over_at: datetime, known: Directory, now: datetime, batch: _Batch
) -> None:
    """Let a clock run again whose longest pause or day of return is reached, and say so once."""
    changes, is_back = end_pause(session, row, case, now)
    facts = {"metric": str(row.metric), "due_at": over_at.isoformat(), "instance": row.instance}
    batch.entries.append(Entry("case", case.id or 0, Action.RESUME, now, "system", data=facts))
    batch.entries += due_entries(case, changes, now, "system")
    if is_back:
        batch.notices += notice_rows(notices(case, Action.RESUME, None, known), case.id or 0, now)


def _decide(due: _Due, known: Directory, now: datetime, batch: _Batch) -> None:
    """Take the due steps of one clock, note a breach, and say when to look again."""
    row, clock = due.row, due.clock
    breached_at = clock.breached_at(now)
    if breached_at is not None and row.breached_at is None:
        row.breached_at = breached_at
        batch.entries += due_entries(due.case, [Missed(row.metric, row.instance, breached_at)], now, "system")

    fired = frozenset(e.step for e in due.taken)
    standing = Standing(due.contacted, any(e.acknowledged_at for e in due.taken))
    steps, next_at = due_and_next(clock, due.policy.ladder, fired, now)
    for step in steps:
        _take(due, step, standing, known, now, batch)

    moments = [next_at]
    if clock.state is ClockState.PAUSED:
        moments.append(wakes_at(clock, due.case.parked_until))
    if clock.state is ClockState.RUNNING and row.breached_at is None and clock.due_at is not None:
        # At the due time itself nothing is missed yet; looking again at that very moment would never end.
        moments.append(clock.due_at + timedelta.resolution)
    row.next_action_at = min((m for m in moments if m is not None), default=None)


def _take(due: _Due, what: DueStep, standing: Standing, known: Directory, now: datetime, batch: _Batch) -> None:
    step, case = what.step, due.case
    told: tuple[Staff, ...] = ()
    skipped = not holds(step, standing)
    if not skipped:
        told = batch.recipients(step, Held(case.area_id, case.unit_id, case.assignee_id), known, now)
        if not told:
            log.error("escalation without a recipient", case=case.number, step=step.key)
    answer_by = None
    if step.acknowledge_within is not None and not skipped:
        answer_by = due.clock.after(now, step.acknowledge_within)
    batch.escalations.append(
        {
            "clock_id": due.row.id,
            "case_id": case.id,
            "arm": due.arm,
            "step": step.key,
            "act": step.act,
            "roles": list(step.to),
            "person_ids": [p.id for p in told],
            "skipped": skipped,
            "due_at": what.due_at,
            "raised_at": now,
            "needs_acknowledgement": answer_by is not None,
            "acknowledge_by": answer_by,
            "note": "",
        }
    )
    if skipped:
        return
    facts = {
        "step": step.key,
        "act": step.act,
        "metric": str(due.row.metric),
        "due_at": what.due_at.isoformat(),
        "to": [p.id for p in told],
    }
    batch.entries.append(_entry(due, "escalated", now, facts))
    batch.notices.extend(notice_rows(_messages(due, what, told), case.id or 0, now))


def _messages(due: _Due, what: DueStep, told: tuple[Staff, ...]) -> list[messages.Message]:
    step = what.step
    key = f"{due.row.id}:{due.arm}:{step.key}"
    return [
        messages.escalated(
            messages.Recipient(p.language, p.email, p.id),
            due.case.number,
            step.title_zh if p.language == "zh" else step.title_en,
            step.act,
            what.due_at,
            key=key,
            wakes=step.wakes,
        )
        for p in told
    ]


def _entry(due: _Due, action: str, now: datetime, facts: dict[str, Any]) -> Entry:
    return Entry("case", due.case.id or 0, action, now, "system", data=facts)


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
