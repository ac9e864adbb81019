"""Does a real web process tell a page of changes, end its stream when it must, and stop while streams are open?"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import httpx2 as httpx
import pytest
import sqlalchemy as sa
from sqlmodel import Session

from service.accounts.sessions import open_session, sign_out
from service.database import connect
from service.embedded import EmbeddedServers
from service.migrations.run import migrate
from service.web.deps import real_now
from tests.builders import received
from tests.journeys.conftest import ROOT, free_port
from tests.journeys.waiting import wait_for
from tests.people import Town, build_town

NAME = "live"
WITHIN = 20
NORMAL_STOP = 4.0
"""Seconds: less than the server's patience with open answers, which is five."""


@dataclass
class Desk:
    """A database of its own, in which what is written stays."""

    engine: sa.Engine
    above: sa.Connection
    """One to another database, outside of any transaction."""
    environment: Mapping[str, str]
    town: Town

    @contextmanager
    def work(self) -> Iterator[Session]:
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    def token(self, name: str) -> str:
        with self.work() as session:
            return open_session(session, self.town.people[name], real_now())


@pytest.fixture(scope="module")
def desk(servers: EmbeddedServers) -> Iterator[Desk]:
    base = connect(servers.database_url)
    with base.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text(f"CREATE DATABASE {NAME}"))
        url = base.url.set(database=NAME).render_as_string(hide_password=False)
        engine = connect(url)
        migrate(engine)
        with Session(engine, expire_on_commit=False) as session, session.begin():
            town = build_town(session)
        ours = {name: os.environ[name] for name in ("JIBAN_ENCRYPTION_KEY", "JIBAN_INDEX_KEY")}
        yield Desk(engine, connection, {**servers.environment, **ours, "JIBAN_DATABASE_URL": url}, town)
        engine.dispose()
        connection.execute(sa.text(f"DROP DATABASE {NAME} WITH (FORCE)"))
    base.dispose()


@dataclass
class Web:
    """One web process."""

    url: str
    process: "subprocess.Popen[str]"

    def stop(self) -> float:
        """Ask it to stop; return the seconds that it took."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)
        return time.monotonic() - begun


@pytest.fixture
def web(desk: Desk) -> Iterator[Web]:
    port = free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JIBAN_")} | dict(desk.environment)
    process = subprocess.Popen(
        [sys.executable, "-m", "service.cli", "web", "--port", str(port)],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    started = Web(f"http://127.0.0.1:{port}", process)
    try:
        wait_for(lambda: _is_ready(started.url), 60, "the web process")
        yield started
    finally:
        process.kill()
        process.wait()


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


@dataclass
class Line:
    """An open stream, read by a thread of its own."""

    status: int
    events: list[str] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def read(self, response: httpx.Response) -> None:
        try:
            for text in response.iter_lines():
                if text.startswith("event: "):
                    self.events.append(text.removeprefix("event: "))
        except httpx.TransportError:
            self.events.append("broken")
        self.is_over.set()

    def changes(self) -> int:
        return self.events.count("changed")


@contextmanager
def listening(web: Web, token: str) -> Iterator[Line]:
    headers = {"Cookie": f"jiban_session={token}", "Accept": "text/event-stream"}
    with httpx.stream("GET", f"{web.url}/live", headers=headers, timeout=60) as response:
        line = Line(response.status_code)
        threading.Thread(target=line.read, args=(response,), daemon=True).start()
        yield line


def settled(line: Line) -> None:
    """Wait for the first event, which everybody gets."""
    assert line.status == 200
    wait_for(lambda: line.changes() == 1, WITHIN, "the first event")


def tell(desk: Desk) -> None:
    with desk.work() as session:
        received(session, real_now())


def test_a_change_is_told_to_whom_it_concerns_and_to_nobody_else(desk: Desk, web: Web) -> None:
    lake, willow = desk.token("chen_jing"), desk.token("zhou_tao")
    with listening(web, lake) as told, listening(web, willow) as other:
        settled(told)
        settled(other)
        tell(desk)
        wait_for(lambda: told.changes() == 2, WITHIN, "the event")
        time.sleep(2)
        assert other.events == ["here", "changed"]
        assert told.events == ["here", "changed", "changed"]


def test_a_stream_ends_soon_after_its_sign_in(desk: Desk, web: Web) -> None:
    token = desk.token("chen_jing")
    with listening(web, token) as line:
        settled(line)
        with desk.work() as session:
            sign_out(session, token)
        assert line.is_over.wait(WITHIN)
        assert "broken" not in line.events
    with listening(web, token) as again:
        assert again.status == 401


def test_who_closes_a_page_makes_room_for_the_next_one(desk: Desk, web: Web) -> None:
    headers = {"Cookie": f"jiban_session={desk.token('chen_jing')}", "Accept": "text/event-stream"}

    def opened_at_once(count: int) -> list[int]:
        with ExitStack() as stack:
            asked = (httpx.stream("GET", f"{web.url}/live", headers=headers, timeout=30) for _ in range(count))
            return [stack.enter_context(one).status_code for one in asked]

    assert opened_at_once(5) == [200, 200, 200, 200, 204]
    wait_for(lambda: opened_at_once(4) == [200] * 4, WITHIN, "room for four")


def test_many_streams_hold_no_connection_and_the_process_stops_in_its_time(desk: Desk, web: Web) -> None:
    names = [name for name in desk.town.people if name != "admin"]
    with ExitStack() as stack:
        lines = [stack.enter_context(listening(web, desk.token(name))) for name in names for _ in range(4)]
        for line in lines:
            settled(line)
        assert len(lines) > 20
        with desk.engine.connect() as connection:
            held = connection.scalar(
                sa.text("SELECT count(*) FROM pg_stat_activity WHERE datname = :name AND pid <> pg_backend_pid()"),
                {"name": NAME},
            )
        assert (held or 0) <= 10, "what the pool keeps, and no more"
        with listening(web, desk.token("chen_jing")) as fifth:
            assert fifth.status == 204
        assert httpx.get(f"{web.url}/readyz", timeout=5).status_code == 200
        assert web.stop() < NORMAL_STOP
        for line in lines:
            assert line.is_over.wait(5)
            assert "broken" not in line.events, "each stream had its end"
    assert web.process.stdout is not None
    log = web.process.stdout.read()
    assert "jiban_session" not in log
    assert "Cancel" not in log
    assert '"path": "/live"' in log


@contextmanager
def away(desk: Desk) -> Iterator[None]:
    """Take the database away until the block ends."""
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
    desk.above.execute(sa.text(f"ALTER DATABASE {NAME} ALLOW_CONNECTIONS false"))
    try:
        desk.above.execute(sa.text(ended), {"name": NAME})
        yield
    finally:
        desk.above.execute(sa.text(f"ALTER DATABASE {NAME} ALLOW_CONNECTIONS true"))
        desk.engine.dispose()


def test_when_the_database_goes_away_the_stream_ends_and_comes_back_with_it(desk: Desk, web: Web) -> None:
    token = desk.token("chen_jing")
    with listening(web, token) as line:
        settled(line)
        with away(desk):
            assert line.is_over.wait(WITHIN)
            assert "broken" not in line.events
            with listening(web, token) as meanwhile:
                assert meanwhile.status == 503

    def is_back() -> bool:
        with listening(web, token) as again:
            return again.status == 200

    wait_for(is_back, WITHIN, "a stream")
