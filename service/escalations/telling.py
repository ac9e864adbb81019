"""How is one step of the ladder written down: its row of the ledger, its entry of the history, its notices?"""

from datetime import datetime
from typing import Any

import structlog

from service.audit.rules import Entry
from service.escalations.looking import Batch, Due, Told
from service.outbox import messages
from service.outbox.actions import rows as notice_rows
from service.outbox.rules import earliest
from service.timekeeping import ZONE
from sla_policies.climbing import Asked, base_of, turn_of

log = structlog.get_logger("escalations")


def tell(due: Due, told: Told, batch: Batch) -> list[Asked]:
    """Write one step down, with its history and its notices; return it if it asks for an answer."""
    now, case = batch.now, due.case
    if not told.people and not told.skipped:
        log.error("escalation without a recipient", case=case.number, step=told.key)
    wakes = told.step is not None and told.step.wakes
    answer_by = None
    if told.within is not None and not told.skipped:
        # Who is not woken begins to have time in the morning.
        answer_by = due.clock.after(earliest(now, wakes=wakes, zone=ZONE), told.within)
    row = {
        "clock_id": due.row.id,
        "case_id": case.id,
        "arm": due.arm,
        "step": told.key,
        "act": told.act,
        "roles": list(told.roles),
        "person_ids": [p.id for p in told.people],
        "skipped": told.skipped,
        "due_at": told.due_at,
        "raised_at": now,
        "needs_acknowledgement": answer_by is not None,
        "acknowledge_by": answer_by,
        "note": "",
    }
    batch.escalations.append(row)
    if not told.skipped:
        batch.entries.append(_entry(due, "escalated", now, _facts(due, told)))
        batch.notices.extend(notice_rows(_messages(due, told, wakes=wakes), case.id or 0, now))
    if answer_by is None:
        return []
    return [Asked(told.key, told.roles, now, answer_by, person_ids=frozenset(p.id for p in told.people))]


def _facts(due: Due, told: Told) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "step": told.key,
        "act": told.act,
        "metric": str(due.row.metric),
        "due_at": told.due_at.isoformat(),
        "to": [p.id for p in told.people],
    }
    turn = turn_of(told.key)
    facts |= {"instead_of": told.instead_of} if told.instead_of else {}
    return facts | ({"again": turn} if turn > 1 else {})


def _messages(due: Due, told: Told, *, wakes: bool) -> list[messages.Message]:
    key = f"{due.row.id}:{due.arm}:{told.key}"
    also = ({"unanswered": "yes"} if told.instead_of else {}) | ({"part": str(due.part.id)} if due.part else {})
    return [
        messages.escalated(
            messages.Recipient(p.language, p.email, p.id),
            due.case.number,
            _title(told, p.language),
            told.act,
            told.due_at,
            key=key,
            wakes=wakes,
            also=also,
        )
        for p in told.people
    ]


def _title(told: Told, language: str) -> str:
    if told.step is None:
        return base_of(told.key)
    return told.step.title_zh if language == "zh" else told.step.title_en


def _entry(due: Due, action: str, now: datetime, facts: dict[str, Any]) -> Entry:
    return Entry("case", due.case.id or 0, action, now, "system", data=facts)
