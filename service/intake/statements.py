"""How does a case get into the database? One statement: the case and everything that belongs to it, or nothing.

The rows travel as one JSON list for each table, so that the statement is the same text for every case: it is parsed
and planned once for each connection.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel

from service.assignments.tables import Assignment, Workload
from service.audit.tables import AuditEntry
from service.bulk import as_json, insert_text
from service.cases.tables import Case
from service.clocks.tables import ClockRow
from service.intake.tables import IdempotencyKey
from service.outbox.tables import Notice
from service.routing.tables import RoutingDecisionRow

TABLES: Mapping[str, type[SQLModel]] = {
    "workloads": Workload,
    "cases": Case,
    "assignments": Assignment,
    "routing_decisions": RoutingDecisionRow,
    "clocks": ClockRow,
    "audit_entries": AuditEntry,
    "notices": Notice,
    "idempotency_keys": IdempotencyKey,
}
"""Every table that one request writes to, and the name of the parameter that carries its rows."""

WITH_ID = frozenset({"cases"})
"""Tables whose id is drawn before: the history and the notices name the case by it."""

ONE_MORE_CASE = (
    "ON CONFLICT (person_id) DO UPDATE SET open_cases = workloads.open_cases + 1, "
    "last_assigned_at = excluded.last_assigned_at WHERE workloads.open_cases < coalesce(CAST(:most AS int), 2147483647)"
)
"""Nobody gets a case too many, however many come in at once: who is full by now refuses, and nothing is written."""

GATHER = sa.text("""
SELECT nextval('cases_id_seq') AS id,
       nextval('case_serial') AS serial,
       (SELECT first FROM case_days WHERE day = :day) AS first,
       coalesce((SELECT version FROM directory_version), 0) AS directory_version,
       known.body_hash, known.answer
FROM (SELECT 1) AS always
LEFT JOIN idempotency_keys AS known ON known.key_hash = :key_hash AND known.created_at > :since
""")

BEGIN_DAY = sa.text("""
INSERT INTO case_days (day, first) VALUES (:day, :first)
ON CONFLICT (day) DO UPDATE SET first = case_days.first RETURNING first
""")


@cache
def _columns(name: str) -> tuple[sa.Column[Any], ...]:
    table: sa.Table = TABLES[name].__table__  # type: ignore[attr-defined]
    return tuple(c for c in table.columns if name in WITH_ID or c.identity is None)


def _insert(name: str) -> str:
    tail = ONE_MORE_CASE if name == "workloads" else "WHERE (SELECT count(*) FROM workloads_in) = :holders"
    return f"{insert_text(name, _columns(name), name)} {tail}"


OPEN_CASE = sa.text(
    "WITH "
    + ",\n".join(f"{name}_in AS ({_insert(name)} RETURNING 1)" for name in TABLES)
    + "\nSELECT count(*) FROM cases_in"
)
"""Returns 1, or 0 when nothing was written because the holder has become full meanwhile."""


def parameters(rows: Mapping[str, Sequence[Mapping[str, Any]]], most: int | None) -> dict[str, Any]:
    """Return the parameters of OPEN_CASE: for each table its rows, every column named, as a JSON list.

    `most`: so many cases the holder may have with this one; None: any number.
    Errors: KeyError when a column has no value, so that nothing is left to a default by accident.
    """
    written = {name: as_json(rows[name], _columns(name)) for name in TABLES}
    return written | {"most": most, "holders": len(rows["workloads"])}
