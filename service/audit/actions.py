"""How is history written? Appended only, chained, in the transaction of the change it tells of."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlmodel import Session

from service.audit.queries import heads
from service.audit.rules import Entry, Head, chained
from service.audit.tables import AuditEntry
from service.bulk import insert_all

AT_ONCE = 5_000
"""Entries that go into one statement: its rows are one JSON text in memory."""
ENTRIES = AuditEntry.__table__  # type: ignore[attr-defined]


def rows_after(entries: Iterable[Entry], known: dict[tuple[str, int], Head]) -> list[dict[str, Any]]:
    """Return the rows of these entries, each chained to the one before it of its subject."""
    rows: list[dict[str, Any]] = []
    for entry in entries:
        subject = (entry.subject_kind, entry.subject_id)
        row = chained(entry, known.get(subject, Head()))
        known[subject] = Head(row["seq"], row["hash"])
        rows.append(row)
    return rows


def record(session: Session, *entries: Entry) -> None:
    """Append entries. The caller holds a lock on each subject's row, so that no two writers chain to the same entry."""
    record_all(session, entries)


def record_all(session: Session, entries: Sequence[Entry]) -> None:
    """Append many entries, some thousands in one statement."""
    for start in range(0, len(entries), AT_ONCE):
        part = entries[start : start + AT_ONCE]
        known = heads(session, {(e.subject_kind, e.subject_id) for e in part})
        insert_all(session, ENTRIES, rows_after(part, known))
