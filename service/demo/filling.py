"""How do millions of rows get into tables in minutes? By COPY, without the indexes, which are built again at the end.

All in the caller's transaction: whoever looks meanwhile waits, and what breaks off leaves nothing behind.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from queue import Queue
from threading import Event, Thread

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from service.database import AUTOCOMMIT
from service.demo.moulds import own_table, raw

Batch = Mapping[str, str]
"""What COPY reads, for each table with its columns: 'clocks (id, case_id, …)'."""

LOOKED_AT = ("cases", "clocks", "escalations", "workloads")
"""Tables whose indexes answer without the rows, once they were vacuumed."""
AHEAD = 2
"""So many batches are made while the database takes one in."""
CONSTRAINTS = sa.text("""
SELECT conrelid::regclass::text AS on_table, conname AS name, pg_get_constraintdef(oid) AS definition
FROM pg_constraint WHERE contype IN ('f', 'u') AND conrelid = ANY(CAST(:tables AS regclass[]))
ORDER BY contype DESC, conrelid, conname
""")
TO_BUILD = ("SET LOCAL maintenance_work_mem = '512MB'", "SET LOCAL max_parallel_maintenance_workers = 2")


def copy_all(session: Session, batches: Iterator[Batch]) -> None:
    """Copy every batch into its tables, in order; the next ones are made in a thread meanwhile."""
    ready: Queue[Batch | BaseException | None] = Queue(AHEAD)
    given_up = Event()

    def make() -> None:
        try:
            for batch in batches:
                if given_up.is_set():
                    return
                ready.put(batch)
            ready.put(None)
        except BaseException as why:  # noqa: BLE001  # It is raised below, where somebody hears it.
            ready.put(why)

    maker = Thread(target=make, daemon=True)
    maker.start()
    try:
        while (batch := ready.get()) is not None:
            if isinstance(batch, BaseException):
                raise batch
            _copy(session, batch)
    finally:
        given_up.set()
        while maker.is_alive():
            _drain(ready)
            maker.join(0.05)


def _copy(session: Session, batch: Batch) -> None:
    cursor = raw(session).cursor()
    for target, rows in batch.items():
        with cursor.copy(f"COPY {target} FROM STDIN") as copying:
            copying.write(rows)


def _drain(queue: "Queue[Batch | BaseException | None]") -> None:
    while not queue.empty():
        queue.get_nowait()


@contextmanager
def without_indexes(session: Session, tables: Sequence[type[SQLModel]]) -> Iterator[None]:
    """Take indexes, unique and foreign keys off the tables and put them back as they were, checked by PostgreSQL.

    Primary keys stay: the ids come in order, so that they cost little.
    """
    connection = session.connection()
    constraints = connection.execute(CONSTRAINTS, {"tables": [own_table(table).name for table in tables]}).all()
    indexes = [index for table in tables for index in own_table(table).indexes]
    for one in reversed(constraints):
        connection.exec_driver_sql(f"ALTER TABLE {one.on_table} DROP CONSTRAINT {one.name}")
    for index in indexes:
        index.drop(connection)
    yield
    for statement in TO_BUILD:
        connection.exec_driver_sql(statement)
    for index in indexes:
        index.create(connection)
    for one in constraints:
        connection.exec_driver_sql(f"ALTER TABLE {one.on_table} ADD CONSTRAINT {one.name} {one.definition}")


def tidy_up(engine: sa.Engine) -> None:
    """Let PostgreSQL learn what is there: statistics of every table, and which pages hold only what everybody sees."""
    with engine.connect().execution_options(isolation_level=AUTOCOMMIT) as connection:
        connection.execute(sa.text(f"VACUUM (ANALYZE) {', '.join(LOOKED_AT)}"))
        connection.execute(sa.text("ANALYZE"))
