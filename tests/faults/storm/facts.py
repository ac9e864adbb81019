"""What does the database hold after the storm? Plain SQL, read by no code of the product."""

import re
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

Row = Mapping[str, Any]
ENDED = ("resolved", "closed", "withdrawn", "duplicate")
ENDED_CLOCKS = ("satisfied", "cancelled")
TABLES = {
    "cases": "SELECT id, number, text, status, version, assignee_id FROM cases ORDER BY id",
    "clocks": (
        "SELECT id, case_id, metric, instance, policy, book_hash, budget, kind, events, state, due_at, next_action_at,"
        " failures"
        " FROM clocks ORDER BY id"
    ),
    "ledger": (
        "SELECT id, clock_id, case_id, arm, step, act, roles, person_ids, skipped, due_at, raised_at, acknowledge_by,"
        " acknowledged_at"
        " FROM escalations ORDER BY id"
    ),
    "history": (
        "SELECT subject_id AS case_id, seq, at, actor, action, data FROM audit_entries WHERE subject_kind = 'case'"
        " ORDER BY subject_id, seq"
    ),
    "notices": (
        "SELECT id, key, template, case_id, person_id, channel, address IS NOT NULL AS has_address, facts, wakes,"
        " state, created_at, failure, digest_id FROM notices ORDER BY id"
    ),
    "holders": "SELECT case_id, person_id FROM assignments WHERE ended_at IS NULL",
    "handed": "SELECT case_id, person_id, why, started_at FROM assignments WHERE why IN ('hand_over', 'force_assign')",
    "orders": "SELECT id, case_id, clock_id, state, turn FROM supervise_orders ORDER BY id",
    "parts": "SELECT id, case_id, clock_id, state FROM case_parts ORDER BY id",
    "loads": "SELECT person_id, open_cases FROM workloads",
    "people": "SELECT id, login, email FROM people",
    "books": "SELECT hash, texts FROM policy_books",
}
NOW = "SELECT simulated_at + (clock_timestamp() - real_at) * speed, simulated_at, real_at, speed FROM clock_anchor"
OVERDUE = (
    "SELECT (SELECT count(*) FROM clocks WHERE (next_action_at <= :now OR failures > 0) AND id <> ALL(:but))"
    " + (SELECT count(*) FROM notices WHERE state = 'waiting' AND next_try_at <= :now AND id <> :told)"
)
UNTOLD = (
    "SELECT count(*) FROM notices WHERE state = 'waiting' AND (created_at <= :before"
    " OR id IN (SELECT digest_id FROM notices WHERE created_at <= :before))"
)
LEASE = 120.0
"""Real seconds for which a notice that was begun is left to who began it."""
LEASES_END = "UPDATE notices SET next_try_at = :now WHERE state = 'waiting' AND tries > 0 AND next_try_at > :now"
AGAIN = (
    "SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns"
    " WHERE table_schema = 'public' AND table_name = :table AND column_name <> 'id' AND is_generated = 'NEVER'"
)


@dataclass
class Facts:
    """Every table that a check reads, as it stood at one moment."""

    settled_at: datetime
    """What fell due before this moment of the product's time must have been done."""
    read_at: float = field(default_factory=time.monotonic)
    cases: list[Row] = field(default_factory=list)
    clocks: list[Row] = field(default_factory=list)
    ledger: list[Row] = field(default_factory=list)
    history: list[Row] = field(default_factory=list)
    notices: list[Row] = field(default_factory=list)
    holders: list[Row] = field(default_factory=list)
    handed: list[Row] = field(default_factory=list)
    """Cases that changed hands by themselves."""
    orders: list[Row] = field(default_factory=list)
    parts: list[Row] = field(default_factory=list)
    loads: list[Row] = field(default_factory=list)
    people: list[Row] = field(default_factory=list)
    books: list[Row] = field(default_factory=list)
    collisions: list[str] = field(default_factory=list)
    """Unique keys that two writers met at, from the log of PostgreSQL."""

    def entries(self) -> dict[int, list[Row]]:
        """Return the history of each case."""
        found: dict[int, list[Row]] = defaultdict(list)
        for entry in self.history:
            found[entry["case_id"]].append(entry)
        return found


def product_now(engine: sa.Engine) -> datetime:
    """Return what the simulated clock shows."""
    with engine.connect() as connection:
        return connection.execute(sa.text(NOW)).one()[0]


def overdue(engine: sa.Engine, before: datetime, *, but: Sequence[int] = (), told: int = 0) -> int:
    """Return how much should have been done before a moment and was not; clocks and a notice may be left out.

    A clock that is set aside counts, however long its pause: nothing but the rows left out may be in its way.
    """
    with engine.connect() as connection:
        return connection.execute(sa.text(OVERDUE), {"now": before, "but": list(but), "told": told}).scalar_one()


def untold(engine: sa.Engine, before: datetime) -> int:
    """Return how many notices written before a moment, or digests that gather such, still wait."""
    with engine.connect() as connection:
        return connection.execute(sa.text(UNTOLD), {"before": before}).scalar_one()


def end_leases(engine: sa.Engine, older_than: float) -> None:
    """Let go of notices whose sender was lost so many real seconds ago, as the two minutes of their lease would."""
    with engine.connect() as connection:
        now, _, _, speed = connection.execute(sa.text(NOW)).one()
        begun_before = now + timedelta(seconds=(LEASE - older_than) * speed)
        connection.execute(sa.text(f"{LEASES_END} AND next_try_at < :then"), {"now": now, "then": begun_before})


def write_again(engine: sa.Engine, most: int = 8) -> None:
    """Write the newest steps and notices once more, as one who did the same work at the same time would."""
    with engine.connect() as connection:
        for table in ("escalations", "notices"):
            columns = connection.execute(sa.text(AGAIN), {"table": table}).scalar_one()
            newest = f"SELECT {columns} FROM {table} ORDER BY id DESC LIMIT {most}"
            connection.execute(sa.text(f"INSERT INTO {table} ({columns}) {newest} ON CONFLICT DO NOTHING"))


def gather(engine: sa.Engine, data_dir: Path, settled_at: datetime) -> Facts:
    """Read every table in one snapshot."""
    facts = Facts(settled_at)
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        for name, statement in TABLES.items():
            setattr(facts, name, list(connection.execute(sa.text(statement)).mappings()))
    facts.collisions = collisions(
        "".join(log.read_text(errors="replace") for log in sorted((data_dir / "log").glob("postgres.log*")))
    )
    return facts


def collisions(log: str) -> list[str]:
    """Return the unique keys that were violated, but for those whose violation is how two same requests meet."""
    found = re.findall(r'duplicate key value violates unique constraint "(\w+)"', log)
    return [name for name in found if name != "pk_idempotency_keys"]
