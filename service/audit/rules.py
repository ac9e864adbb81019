"""How is one entry of the history chained to the one before it?"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

START = b"\x00" * 32
"""What the first entry of a subject is chained to."""


@dataclass(frozen=True)
class Head:
    """The last entry of a subject: its place in the chain and its hash."""

    seq: int = 0
    hash: bytes = START


@dataclass(frozen=True)
class Entry:
    """One thing that happened, before it is chained."""

    subject_kind: str
    subject_id: int
    action: str
    at: datetime
    actor: str
    actor_id: int | None = None
    data: dict[str, Any] = field(default_factory=dict)


def chained(entry: Entry, head: Head) -> dict[str, Any]:
    """Return the row of an entry that follows `head`: its number, the hash before it and its own hash."""
    row = {
        "subject_kind": entry.subject_kind,
        "subject_id": entry.subject_id,
        "seq": head.seq + 1,
        "at": entry.at,
        "actor_id": entry.actor_id,
        "actor": entry.actor,
        "action": entry.action,
        "data": entry.data,
        "prev_hash": head.hash,
    }
    return row | {"hash": entry_hash(row)}


def entry_hash(row: Mapping[str, Any]) -> bytes:
    """Return the SHA-256 of an entry's canonical JSON and the hash before it; times in UTC to the microsecond."""
    text = json.dumps(
        [
            row["subject_kind"],
            row["subject_id"],
            row["seq"],
            row["at"].astimezone(UTC).isoformat(timespec="microseconds"),
            row["actor_id"],
            row["actor"],
            row["action"],
            row["data"],
        ],
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(row["prev_hash"] + text.encode()).digest()


def follows(row: Mapping[str, Any], before: bytes | None) -> bool:
    """Is an entry as it was written, and chained to the hash of the one before it? None: that one is missing."""
    return bool(row["prev_hash"] == before and row["hash"] == entry_hash(row))


def broken_at(rows: list[dict[str, Any]]) -> int | None:
    """Return the number of the first entry of one subject that does not follow from the one before, or None."""
    head = Head()
    for row in rows:
        if row["seq"] != head.seq + 1 or not follows(row, head.hash):
            return int(row["seq"])
        head = Head(row["seq"], row["hash"])
    return None
