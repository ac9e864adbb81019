"""How do many rows enter a table at once? As one JSON list in one statement, which is the same text for any number.

A statement for each row costs a trip and an execution each; this one is parsed and planned once for each connection.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from pydantic_core import to_json
from sqlalchemy.dialects import postgresql
from sqlmodel import Session


def insert_all(session: Session, table: sa.Table, rows: Sequence[Mapping[str, Any]], *, tail: str = "") -> None:
    """Write rows that all name the same columns in one statement; `tail` is what to do on a conflict."""
    if rows:
        columns = tuple(column for column in table.columns if column.name in rows[0])
        session.execute(_statement(table, columns, tail), {"rows": as_json(rows, columns)})


@lru_cache
def _statement(table: sa.Table, columns: tuple[sa.Column[Any], ...], tail: str) -> sa.TextClause:
    return sa.text(insert_text(table.name, columns, "rows") + f" {tail}")


def insert_text(table: str, columns: Sequence[sa.Column[Any]], parameter: str) -> str:
    """Return an INSERT of the JSON list in a parameter, as `as_json` writes it."""
    is_bytes = {c.name: isinstance(c.type, sa.LargeBinary) for c in columns}
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    shapes = ", ".join(f"{c.name} {'text' if is_bytes[c.name] else c.type.compile(dialect)}" for c in columns)
    values = ", ".join(f"decode(r.{c.name}, 'hex')" if is_bytes[c.name] else f"r.{c.name}" for c in columns)
    names = ", ".join(c.name for c in columns)
    source = f"jsonb_to_recordset(CAST(:{parameter} AS jsonb)) AS r({shapes})"
    return f"INSERT INTO {table} ({names}) SELECT {values} FROM {source}"  # noqa: S608  # Our own names only.


def as_json(rows: Sequence[Mapping[str, Any]], columns: Sequence[sa.Column[Any]]) -> str:
    """Return the rows as a JSON list; moments become ISO 8601 and bytes hexadecimal text.

    Errors: KeyError when a column has no value, so that nothing is left to a default by accident.
    """
    return to_json([{c.name: row[c.name] for c in columns} for row in rows], bytes_mode="hex").decode()
