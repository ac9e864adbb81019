"""How do rows get in and out? One engine, one Session type, one way to store an enum, names for constraints."""

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from pydantic_core import from_json
from sqlalchemy import Engine
from sqlalchemy.orm import Mapped
from sqlmodel import Session, SQLModel

from service.settings import get_settings

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""Where what has no moment stands in an order: behind everything that has one."""
NEVER_TEXT = f"'{NEVER:%Y-%m-%d %H:%M:%S}+00'::timestamp with time zone"
OR_NEVER = f"coalesce({{}}, {NEVER_TEXT})"
"""A column of moments in such an order, as an index has it and a query must say it for the index to be of use."""

AUTOCOMMIT = "AUTOCOMMIT"
NOTICES_SILENCE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 2, "tcp_user_timeout": 20_000}
"""A server whose machine is gone is noticed within 20 seconds (the last one is milliseconds), not within hours."""


def text_enum(kind: type[StrEnum]) -> sa.Enum:
    """Store a StrEnum as text of its values, held by a check constraint: a plain field would store member names."""
    return sa.Enum(
        kind,
        native_enum=False,
        length=32,
        create_constraint=True,
        name=kind.__name__.lower(),
        values_callable=lambda members: [m.value for m in members],
    )


def connect(url: str, *, pool_size: int = 10, prepares: bool = True) -> Engine:
    """Return an engine for PostgreSQL through psycopg 3; every connection speaks UTC, and may prepare statements."""
    address = sa.make_url(url).set(drivername="postgresql+psycopg")
    preparing = {} if prepares else {"prepare_threshold": None}
    return sa.create_engine(
        address,
        pool_size=pool_size,
        max_overflow=0,
        hide_parameters=True,  # What residents wrote never enters the log.
        pool_timeout=5,
        json_deserializer=from_json,  # Four times as fast as the standard library's.
        connect_args={"options": "-c timezone=UTC", "connect_timeout": 5, **NOTICES_SILENCE, **preparing},
    )


@lru_cache
def get_engine() -> Engine:
    """Return this process's engine."""
    settings = get_settings()
    return connect(settings.database_url, pool_size=settings.pool_size, prepares=settings.prepares_statements)


def or_never(column: Mapped[datetime | None]) -> sa.ColumnElement[datetime]:
    """Return a column of moments without a gap, as the indexes of ordered lists have it; see OR_NEVER."""
    return sa.func.coalesce(column, sa.literal_column(NEVER_TEXT))


def is_any(column: Any, values: Collection[Any]) -> sa.ColumnElement[bool]:  # noqa: ANN401  # Of any type.
    """Return the condition that a column has one of many values, which travel as one parameter.

    `in_` writes a parameter for each, so that each number of values is a statement of its own, read and planned anew.
    """
    condition: sa.ColumnElement[bool] = column == sa.any_(sa.literal(list(values), sa.ARRAY(column.type)))
    return condition


def autocommit(session: Session) -> None:
    """Let each statement of a session that has sent none yet stand for itself, which spares two trips to the server.

    For work that is one statement. Where a transaction has begun, the session's or a test's, it goes on.
    """
    if isinstance(session.get_bind(), Engine) and not session.in_transaction():
        session.connection(execution_options={"isolation_level": AUTOCOMMIT})


def savepoint(session: Session) -> AbstractContextManager[Any]:
    """Return what lets a statement fail and the session go on; where each stands for itself, nothing is needed."""
    level = session.connection().get_execution_options().get("isolation_level")
    return nullcontext() if level == AUTOCOMMIT else session.begin_nested()


@contextmanager
def transaction() -> Iterator[Session]:
    """Open a session whose work is committed at the end, or rolled back when anything is raised."""
    with Session(get_engine(), expire_on_commit=False) as session, session.begin():
        yield session
