"""Does a policy migration whose process is killed in the middle of a batch go on, and change every case once?"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.audit.queries import broken_chains, history
from service.cases.tables import Case
from service.clocks.tables import ClockRow
from service.database import connect
from service.embedded import EmbeddedServers
from service.migrations.run import migrate
from service.revisions.actions import begin_migration, begin_undo
from service.revisions.rules import MigrationState
from service.revisions.tables import Migration
from service.web.deps import real_now
from sla_policies.documents import book_from_texts, packaged_book
from sla_policies.policy import Metric
from tests.builders import received
from tests.people import Town, build_town

WORKER = """
from service.revisions import batches
batches.BATCH = 2
from workers.policies import migrate
while migrate():
    pass
"""
RESUME = ("-m", "service.cli", "policies", "resume", "--as", "admin")
SOON = 30.0
CASES = 5
NAME = "killed_in_a_migration"
WAITING = sa.text("SELECT count(*) FROM pg_stat_activity WHERE datname = :name AND wait_event_type = 'Lock'")


@pytest.fixture
def own(servers: EmbeddedServers, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    """A database of its own, in which other processes can commit."""
    base = connect(servers.database_url)
    with base.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)"))
        connection.execute(sa.text(f"CREATE DATABASE {NAME}"))
    base.dispose()
    monkeypatch.setattr("service.routing.queries._known", None)
    monkeypatch.setattr("service.clocks.queries._installed", None)
    url = sa.make_url(servers.database_url).set(database=NAME).render_as_string(hide_password=False)
    monkeypatch.setenv("JIBAN_DATABASE_URL", url)
    engine = connect(url)
    migrate(engine)
    yield engine
    engine.dispose()


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def killed_in_the_second_batch(engine: sa.Engine) -> None:
    """Let a worker do one batch, hold a case of the next one, and kill the worker that waits for it."""
    with Session(engine) as session:
        third = list(session.exec(select(col(Case.id)).order_by(col(Case.id))))[2]
    autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")  # Activity is read once a transaction.
    with engine.connect() as holder, autocommit.connect() as looker:
        holder.execute(sa.text("SELECT 1 FROM cases WHERE id = :id FOR UPDATE"), {"id": third})
        process = subprocess.Popen([sys.executable, "-c", WORKER])
        try:
            until(lambda: process.poll() is not None or bool(looker.execute(WAITING, {"name": NAME}).scalar()))
            assert process.poll() is None
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()


def continued() -> str:
    done = subprocess.run([sys.executable, *RESUME], capture_output=True, text=True, timeout=SOON, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def dues(session: Session) -> set[datetime | None]:
    session.expire_all()
    return set(session.exec(select(ClockRow.due_at).where(col(ClockRow.metric) == Metric.RESOLVE)))


def test_killed_while_applying_and_while_taking_back_it_goes_on_and_changes_every_case_once(own: sa.Engine) -> None:
    texts = dict(packaged_book().texts)
    name = "policies/national.yaml"
    new = book_from_texts(texts | {name: texts[name].replace("        within: 7d", "        within: 5d")})
    now = real_now()
    with Session(own, expire_on_commit=False) as session:
        town: Town = build_town(session)
        cases = [received(session, now)[0] for _ in range(CASES)]
        before = dues(session)
        what = begin_migration(session, new, reason="区里的新规定", by=town.qian_bo, now=now)
        session.commit()

        killed_in_the_second_batch(own)
        session.refresh(what)
        assert (what.state, what.cases) == (MigrationState.APPLYING, 2)
        session.commit()
        assert f"{CASES} cases changed, {CASES} due times moved" in continued()
        assert dues(session) == {due - timedelta(days=2) for due in before if due}

        begin_undo(session, what.id or 0, reason="数错了天数", by=town.admin, now=real_now())
        session.commit()
        killed_in_the_second_batch(own)
        assert f"{CASES} cases are as they were" in continued()
        assert dues(session) == before
        for case in cases:
            told = [entry["action"] for entry in history(session, "case", case.id or 0)]
            assert told.count("promises_migrated") == told.count("promises_restored") == 1
        assert broken_chains(session) == []
        assert session.get_one(Migration, what.id).state is MigrationState.UNDONE
