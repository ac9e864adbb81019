"""How is one batch of cases put under another text of the promises, or put back as it was?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from service.audit.actions import record_all
from service.audit.rules import Entry
from service.cases.rules import ClockEffect
from service.cases.tables import Case
from service.clocks.actions import due_entries, note_next
from service.clocks.queries import book, of_cases
from service.clocks.recounting import recount
from service.clocks.rules import DueChange, Happening, Missed
from service.clocks.tables import ClockRow
from service.handling.promises import past_of
from service.revisions.comparing import CANNOT_COUNT
from service.revisions.concerned import concerned
from service.revisions.keeping import kept, put_back, stands_as
from service.revisions.pairing import Comparison
from service.revisions.queries import comparison, open_cases, stands
from service.revisions.rules import KEPT, MIGRATED, RESTORED, TAKEN_BACK, UNDER_OTHERS, Plan, Stand, plan, texts_told
from service.revisions.tables import MigratedCase, Migration
from sla_policies.sentences import said_of

BATCH = 100
CHANGED_MEANWHILE = "It changed meanwhile."


def apply_to_next(session: Session, what: Migration, now: datetime) -> bool:
    """Migrate one batch of cases, locked, by id; True: it was the last one."""
    new = book(session, what.book_hash)
    rows = open_cases(session, what.after, BATCH, concerned(session, new), locked=True)
    beside = comparison(session, new)
    there = _cases(session, [row.id for row in rows])
    touched: list[tuple[Stand, Plan]] = []
    for stand in stands(session, rows):
        try:
            planned = plan(stand, beside, now)
        except CANNOT_COUNT as why:
            what.refused += 1
            sentence, facts = said_of(why)
            left = MigratedCase(migration_id=what.id or 0, case_id=stand.row.id, refused=sentence, facts=facts)
            session.add(left)
            continue
        if planned.is_touched:
            touched.append((stand, planned))
    _migrate(session, what, [(there[stand.row.id], planned) for stand, planned in touched], beside, now)
    what.looked_at += len(rows)
    what.after = rows[-1].id if rows else what.after
    return len(rows) < BATCH


def _cases(session: Session, ids: Sequence[int]) -> dict[int, Case]:
    found = session.exec(select(Case).where(col(Case.id).in_(ids)).execution_options(populate_existing=True))
    return {case.id or 0: case for case in found}


def _migrate(
    session: Session, what: Migration, cases: Sequence[tuple[Case, Plan]], beside: Comparison, now: datetime
) -> None:
    """Put locked cases under the new text, each with its history. What they were is kept for undoing."""
    ids = [case.id or 0 for case, _ in cases]
    happening = Happening(at=now, effect=ClockEffect.RECOUNT, event=MIGRATED)
    clocks = of_cases(session, ids)
    before = {case.id: (kept(case, rows := clocks[case.id or 0]), _broken(rows)) for case, _ in cases}
    with session.no_autoflush:  # What a case reads is of its own past: all are written together, in few statements.
        for case, planned in cases:
            past = past_of(session, case.id or 0) if planned.adds else ()
            recount(session, case, planned.policy, beside.new, happening, past, clocks[case.id or 0])
    session.flush()
    clocks = of_cases(session, ids)
    entries: list[Entry] = []
    for case, planned in cases:
        was, broken = before[case.id]
        rows = clocks[case.id or 0]
        session.add(MigratedCase(migration_id=what.id or 0, case_id=case.id or 0, before=was, after=kept(case, rows)))
        changes = planned.moves(case.reopened + 1)
        what.cases += 1
        what.moved += len(changes)
        entries += _entries(session, what, case, was, UNDER_OTHERS, changes, now)
        for row in rows:
            if row.breached_at and row.id not in broken:
                entries += due_entries(case, [Missed(row.metric, row.instance, row.breached_at)], now, "system")
    record_all(session, entries)


def _broken(rows: Sequence[ClockRow]) -> set[int | None]:
    return {row.id for row in rows if row.breached_at}


def take_back_next(session: Session, what: Migration, now: datetime) -> bool:
    """Undo one batch of cases, locked, by id; True: it was the last one."""
    batch = session.execute(
        select(MigratedCase, Case)
        .join(Case, col(Case.id) == MigratedCase.case_id)
        .where(MigratedCase.migration_id == what.id, MigratedCase.case_id > what.after, MigratedCase.refused == "")
        .order_by(col(MigratedCase.case_id))
        .limit(BATCH)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    clocks = of_cases(session, [case.id or 0 for _, case in batch])
    entries: list[Entry] = []
    for done, case in batch:
        rows = clocks[case.id or 0]
        if stands_as(done.after, case, rows):
            changes = _restore(session, done, case, rows, now)
            entries += _entries(session, what, case, done.before, RESTORED, changes, now)
            what.restored += 1
        else:
            done.not_undone = CHANGED_MEANWHILE
            what.left_alone += 1
            session.add(done)
            entries += _entries(session, what, case, done.before, KEPT, [], now)
    session.flush()
    record_all(session, entries)
    what.looked_at += len(batch)
    what.after = batch[-1][1].id or 0 if batch else what.after
    return len(batch) < BATCH


def _restore(session: Session, done: MigratedCase, case: Case, rows: list[ClockRow], now: datetime) -> list[DueChange]:
    """Put the promises of one locked case back; return the due times that moved."""
    dues = {row.id: row.due_at for row in rows}
    left = put_back(session, done.before, case, rows, now)
    note_next(case, left)
    session.add(case)
    now_due = {row.id: row.due_at for row in left}
    return [
        DueChange(row.metric, row.instance, dues[row.id], now_due.get(row.id), TAKEN_BACK)
        for row in rows
        if dues[row.id] != now_due.get(row.id)
    ]


def _entries(
    session: Session,
    what: Migration,
    case: Case,
    was: Mapping[str, Any],
    action: str,
    changes: Sequence[DueChange],
    now: datetime,
) -> list[Entry]:
    """Return what the history of a case says: which text took the place of which, and each due time that moved."""
    is_back = action != UNDER_OTHERS
    by_id, reason = (what.undone_by_id, what.undo_reason) if is_back else (what.by_id, what.reason)
    about = {"reason": reason, "migration": what.id}
    hashes = [was["clocks"][key]["book_hash"] for key in sorted(was["clocks"], key=int)]
    old, new = texts_told(book(session, hashes[-1]) if hashes else None, book(session, what.book_hash))
    texts = {"old_text": new, "new_text": old} if is_back else {"old_text": old, "new_text": new}
    entry = Entry("case", case.id or 0, action, now, "staff", by_id, about | texts)
    return [entry, *(replace(entry, action="due_changed", data=change.facts() | about) for change in changes)]
