"""Beat as a process of its own: killed, frozen, without its broker, without its database."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select
from starlette.testclient import TestClient

from service import database
from service.database import connect
from service.embedded import EmbeddedServers
from service.migrations.run import migrate
from service.outbox.rules import Channel, NoticeState
from service.outbox.tables import Notice
from tests.journeys.waiting import wait_for

ROOT = Path(__file__).parents[2]
TAKEOVER_WITHIN = 15


class Running:
    """One beat and what it has logged."""

    def __init__(self, servers: EmbeddedServers, log: Path) -> None:
        self.log = log
        with log.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "workers.beat"],
                env=os.environ | servers.environment, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def told(self, words: str) -> int:
        return self.log.read_text().count(words)

    def wait_until_told(self, words: str, seconds: float, times: int = 1) -> None:
        wait_for(lambda: self.told(words) >= times, seconds, f"{words!r} {times} times in\n{self.log.read_text()}")


class Machine:
    """Servers of its own and the beats that run on them."""

    def __init__(self, servers: EmbeddedServers, folder: Path) -> None:
        self.servers, self.folder = servers, folder
        self.beats: list[Running] = []

    def beat(self) -> Running:
        self.beats.append(Running(self.servers, self.folder / f"beat-{len(self.beats)}.log"))
        return self.beats[-1]


@pytest.fixture
def machine(folder: Path) -> Iterator[Machine]:
    with EmbeddedServers(folder / "data") as servers:
        running = Machine(servers, folder)
        yield running
        for beat in running.beats:
            beat.process.kill()
            beat.process.wait()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
def test_another_beat_takes_over_from_one_that_was_killed_or_hangs(machine: Machine, end: signal.Signals) -> None:
    leader = machine.beat()
    leader.wait_until_told("leading", 10)
    second = machine.beat()
    leader.process.send_signal(end)
    second.wait_until_told("leading", TAKEOVER_WITHIN)
    if end is signal.SIGSTOP:
        leader.process.send_signal(signal.SIGCONT)
        leader.wait_until_told("database away", 10)


def test_while_nobody_takes_its_orders_beat_sweeps_by_itself(machine: Machine) -> None:
    """A worker that died, or has not found the broker again yet: the broker takes orders that nobody carries out."""
    engine = connect(machine.servers.database_url, pool_size=1)
    migrate(engine)
    machine.beat().wait_until_told("leading", 10)
    assert_tried(engine, 15)


def test_a_broker_that_hangs_holds_up_nothing(machine: Machine) -> None:
    engine = connect(machine.servers.database_url, pool_size=1)
    migrate(engine)
    beat = machine.beat()
    beat.wait_until_told("leading", 10)
    os.kill(machine.servers.valkey.pid, signal.SIGSTOP)
    try:
        beat.wait_until_told("broker away, sweeping here", 5)
        assert_tried(engine, 5)
    finally:
        os.kill(machine.servers.valkey.pid, signal.SIGCONT)


def assert_tried(engine: sa.Engine, seconds: float) -> None:
    """Write a notice that is due, and see that somebody tries it in time."""
    with Session(engine) as session:
        session.add(a_notice())
        session.commit()
        wait_for(lambda: session.exec(select(Notice.state)).one() is not NoticeState.WAITING, seconds, "a sweep")
    engine.dispose()


def test_while_the_broker_is_away_beat_sweeps_and_while_the_database_is_away_it_waits(machine: Machine) -> None:
    engine = connect(machine.servers.database_url, pool_size=1)
    migrate(engine)
    beat = machine.beat()
    beat.wait_until_told("leading", 10)

    machine.servers.valkey.stop()
    with Session(engine) as session:
        session.add(a_notice())
        session.commit()
        wait_for(lambda: session.exec(select(Notice.state)).one() is not NoticeState.WAITING, 10, "beat sweeps")
    engine.dispose()
    machine.servers.restart()

    machine.servers.postgres.stop()
    beat.wait_until_told("database away", 10)
    machine.servers.restart()
    beat.wait_until_told("leading", TAKEOVER_WITHIN, times=2)


def a_notice() -> Notice:
    """Any notice will do: what is seen is that somebody tried it."""
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    return Notice(
        key="fault", channel=Channel.LOG, template="receipt", language="zh", created_at=long_ago, next_try_at=long_ago
    )


def test_while_the_database_is_away_a_page_says_so_and_when_to_come_back(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from service.app import app

    engine = connect(machine.servers.database_url, pool_size=2)
    migrate(engine)
    monkeypatch.setattr(database, "get_engine", lambda: engine)
    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.get("/submit").status_code == 200
        machine.servers.postgres.stop()
        for _ in range(3):
            answer = client.get("/submit")
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            assert "几秒" in answer.text
        assert client.get("/readyz").status_code == 503
        machine.servers.restart()
        wait_for(lambda: client.get("/submit").status_code == 200, 10, "the page is back")
    engine.dispose()
