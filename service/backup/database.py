"""How does the whole database get into one file as it stood at one moment, and back, all of it or nothing?

By pg_dump and psql, which come with the package of PostgreSQL. They read servers of their own version and older ones.
"""

import gzip
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psycopg
import sqlalchemy as sa
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy.exc import ProgrammingError

from service.database import connect
from service.embedded.trouble import CannotRunError
from service.embedded.wheels import POSTGRES, installed

PREPARED = (
    *("alembic_version", "areas_version", "categories", "clock_anchor", "directory_version", "policy_books"),
    *("rule_versions", "standard_texts"),
)
"""What `jiban migrate` and `jiban up` write into every new database."""
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname"
OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL
"""
EMPTY_IT = """
DO $$ DECLARE it record; BEGIN
    FOR it IN SELECT oid::regclass AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    LOOP EXECUTE format('DROP TABLE IF EXISTS %s CASCADE', it.name); END LOOP;
    FOR it IN SELECT oid::regclass AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'
    LOOP EXECUTE format('DROP SEQUENCE IF EXISTS %s CASCADE', it.name); END LOOP;
    FOR it IN SELECT p.oid::regprocedure AS name FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    LOOP EXECUTE format('DROP ROUTINE %s CASCADE', it.name); END LOOP;
END $$;
"""
"""Only what is ours: the schema itself and extensions may belong to somebody else."""


FILES = """
SELECT DISTINCT value FROM attachments, jsonb_each_text(to_jsonb(attachments))
WHERE key IN ('sha256', 'small_sha256') ORDER BY value
"""
"""The files that photos are kept in, in whatever version the tables are: a backup comes before an upgrade."""


MUST_HOLD = """
CREATE FUNCTION pg_temp.must_hold(it regclass, wanted bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE found bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM %s', it) INTO found;
    IF found <> wanted THEN
        RAISE EXCEPTION '% holds % rows, and held % when the archive was made', it, found, wanted;
    END IF;
END $$;
"""


@dataclass(frozen=True)
class Snapshot:
    """The database as it stood at one moment, which pg_dump can be told to look at."""

    name: str
    schema: str
    server: str
    rows: dict[str, int]
    attachments: list[str]
    """The hashes of the files that rows name."""


@contextmanager
def snapshot(url: str) -> Iterator[Snapshot]:
    """Hold a moment of the database as long as the block. Errors: CannotRunError when it holds nothing of Jiban."""
    engine = connect(url, pool_size=1)
    try:
        with engine.connect().execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        ) as connection:
            name = connection.scalar(sa.text("SELECT pg_export_snapshot()"))
            yield _seen(connection, str(name))
    finally:
        engine.dispose()


def _seen(connection: sa.Connection, name: str) -> Snapshot:
    try:
        schema = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    except ProgrammingError as why:
        raise CannotRunError("The database holds nothing of Jiban. Is JIBAN_DATABASE_URL right?") from why
    return Snapshot(
        name,
        str(schema),
        str(connection.scalar(sa.text("SHOW server_version"))),
        {table: _count(connection, table) for table in _tables(connection)},
        list(connection.scalars(sa.text(FILES))),
    )


def _tables(connection: sa.Connection) -> list[str]:
    return list(connection.scalars(sa.text(TABLES)))


def _count(connection: sa.Connection, table: str) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(sa.table(table))) or 0


def is_empty(url: str) -> bool:
    """Does the database hold nothing but what every new one does? Errors: CannotRunError when others work on it."""
    engine = connect(url, pool_size=1)
    try:
        with engine.connect() as connection:
            others = connection.scalar(sa.text(OTHERS)) or 0
            if others:
                raise CannotRunError(
                    f"{others} other connections work on the database: web, worker or beat? Stop them, and try again."
                )
            held = (table for table in _tables(connection) if table not in PREPARED)
            return not any(_count(connection, table) for table in held)
    finally:
        engine.dispose()


def dump(url: str, moment: Snapshot, target: Path) -> None:
    """Write the script that makes the database anew, compressed. Errors: CannotRunError."""
    options = ("--no-owner", "--no-privileges", "--no-comments", "--compress=gzip")
    argv = [*_program("pg_dump", url), *options, f"--snapshot={moment.name}", f"--file={target}"]
    done = subprocess.run(argv, env=_environment(url), capture_output=True, text=True, check=False)  # noqa: S603  # Ours.
    if done.returncode != 0:
        raise CannotRunError(f"The database could not be read whole: {_first_error(done.stderr)}")


def load(url: str, script: IO[bytes], rows: Mapping[str, int]) -> None:
    """Replace whatever is in the database by what the script makes; check it, and only then let it count.

    One transaction: whatever ends it before, the database stays as it was. Errors: CannotRunError.
    """
    argv = [*_program("psql", url), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=terse"]
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(  # noqa: S603  # Ours.
            argv, env=_environment(url), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said
        ) as psql:
            try:
                _feed(psql, script, rows)
            except BaseException:
                psql.kill()
                raise
        if psql.returncode != 0:
            said.seek(0)
            why = _first_error(said.read().decode(errors="replace"))
            raise CannotRunError(f"The database refused the archive: {why} It is as it was before.")


def _feed(psql: "subprocess.Popen[bytes]", script: IO[bytes], rows: Mapping[str, int]) -> None:
    if psql.stdin is None:
        raise TypeError
    try:
        psql.stdin.write(f"BEGIN;\n{EMPTY_IT}\n".encode())
        with gzip.open(script) as plain:
            shutil.copyfileobj(plain, psql.stdin, 1 << 20)
        psql.stdin.write(f"\n{_check(rows)}\nCOMMIT;\n".encode())
        psql.stdin.close()
    except BrokenPipeError:
        pass  # It has ended before, and says why.


def _check(rows: Mapping[str, int]) -> str:
    """Return what fails when a table does not hold as many rows as it must."""
    calls = (
        sql.SQL("SELECT pg_temp.must_hold({}, {});").format(sql.Literal(f"public.{table}"), sql.Literal(count))
        for table, count in rows.items()
    )
    return "\n".join([MUST_HOLD, *(call.as_string() for call in calls)])


def _program(name: str, url: str) -> list[str]:
    """Return what starts a client; the password goes by the environment, which no list of processes shows."""
    there = installed(POSTGRES) / POSTGRES.folder / name
    return [str(there), f"--dbname={make_conninfo(**_address(url) | {'password': None})}"]


def _environment(url: str) -> dict[str, str]:
    password = _address(url).get("password")
    return os.environ | ({"PGPASSWORD": str(password)} if password is not None else {})


def _address(url: str) -> dict[str, Any]:
    plain = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        return dict(conninfo_to_dict(plain))
    except psycopg.ProgrammingError as why:
        raise CannotRunError("JIBAN_DATABASE_URL is no address of a PostgreSQL database.") from why


def _first_error(said: str) -> str:
    lines = [line for line in said.splitlines() if "ERROR:" in line or "error:" in line] or said.splitlines()
    return (lines[0].split("ERROR:")[-1].split("error:")[-1].strip() if lines else "it gave no reason") + "."
