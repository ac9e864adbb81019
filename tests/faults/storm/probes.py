"""What does a second one get to do that does the same work? Writers, beats and holders of rows beside the product's."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import redis
import sqlalchemy as sa

from tests.faults.storm.facts import product_now
from tests.faults.storm.faults import Breaker
from tests.journeys.conftest import ROOT

COUNTED = "policies.compare"
"""A task that one beat orders every two real seconds, and at no other moments."""
COUNTED_FOR = 4.2
MOST_ORDERS = 3
BEGINS_WITHIN = 3.5
"""Real seconds after which a beat would lead, were it not for the other."""
SOON = timedelta(hours=8)
"""Product time, a second of real time: what falls due so soon can be held before anybody takes it."""
HOLDS = 5
"""So often a row is tried to be held; another fault's end may have made everything late."""

DUE_NOW = (
    "UPDATE clocks SET next_action_at = :now WHERE id IN (SELECT id FROM clocks WHERE state = 'running'"
    " AND id <> ALL(:but) FOR UPDATE SKIP LOCKED)"
)
CLOCK_SOON = (
    "UPDATE clocks SET next_action_at = :soon WHERE id = (SELECT id FROM clocks WHERE state = 'running'"
    " AND id <> :but ORDER BY id DESC LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id"
)
NOTICES_SOON = (
    "INSERT INTO notices (key, template, case_id, person_id, channel, language, facts, wakes, state, tries,"
    " next_try_at, created_at, failure, attempts) SELECT 'probe:' || p.id || ':' || :mark || '-' || n, 'nudge_urge',"
    " c.id, p.id, 'mail', p.language, jsonb_build_object('number', c.number), true, 'waiting', 0, :soon, :now, '',"
    " '[]' FROM people p, (SELECT id, number FROM cases WHERE position('〔' in text) > 0 ORDER BY id DESC LIMIT 1) c,"
    " generate_series(1, 10) n WHERE p.login = 'li.qiang' RETURNING id"
)
HOLD_CLOCK = "SELECT id FROM clocks WHERE id = :id AND next_action_at = :soon FOR UPDATE SKIP LOCKED"
HOLD_NOTICE = "SELECT id FROM notices WHERE id = :id AND state = 'waiting' AND tries = 0 FOR UPDATE SKIP LOCKED"


@contextlib.contextmanager
def refused_row(breaker: Breaker, clock_id: int) -> Iterator[None]:
    """Let the database refuse whatever is done for one clock but setting it aside: the others must go on.

    It counts as one that has failed, so that the next look at it, with or without a step, is a change to refuse.
    """
    breaker.sql(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused on purpose'; END $$"
    )
    breaker.sql(
        "CREATE TRIGGER refuse BEFORE UPDATE ON clocks FOR EACH ROW"
        f" WHEN (NEW.id = {clock_id} AND NEW.failures = 0) EXECUTE FUNCTION refuse()"
    )
    breaker.sql(f"UPDATE clocks SET failures = 1 WHERE id = {clock_id}")
    yield
    breaker.sql("DROP FUNCTION refuse() CASCADE")


def all_due(breaker: Breaker, but: Sequence[int] = ()) -> None:
    """Let every running clock be looked at now, so that sweeps have work beside the row that stands in their way."""
    with breaker.engine.connect() as connection:
        connection.execute(sa.text(DUE_NOW), {"now": product_now(breaker.engine), "but": list(but)})


def was_refused(breaker: Breaker, clock_id: int) -> bool:
    """Was the clock refused and set aside? The first failure that it counts was none."""
    with breaker.engine.connect() as connection:
        asked = sa.text("SELECT failures > 1 FROM clocks WHERE id = :id")
        return bool(connection.execute(asked, {"id": clock_id}).scalar())


@contextlib.contextmanager
def held_rows(breaker: Breaker, but: int) -> Iterator[tuple[int, int]]:
    """Hold the clock and the notice that have been due for longest, as one who hangs does; yield both.

    Sweeps must pass over them: all other clocks fall due afterwards, and the notice is one of ten to one reader, so
    that it stands in the way of gathering and of sending. 0: it could not be held.
    """
    with breaker.engine.connect().execution_options(isolation_level="READ COMMITTED") as connection:
        for n in range(HOLDS):
            soon = product_now(breaker.engine) + SOON
            clock, notice = _soon(breaker, soon, but, n)
            held = [
                connection.execute(sa.text(HOLD_CLOCK), {"id": clock, "soon": soon}).scalar() or 0,
                connection.execute(sa.text(HOLD_NOTICE), {"id": notice}).scalar() or 0,
            ]
            if all(held):
                break
            connection.rollback()
        while product_now(breaker.engine) <= soon:
            time.sleep(0.1)
        all_due(breaker, (but, held[0]))
        yield held[0], held[1]
        connection.rollback()


def _soon(breaker: Breaker, soon: datetime, but: int, mark: int) -> tuple[int, int]:
    """Let a clock fall due at a moment, and ten notices that tell a worker of a case; return the clock and a notice."""
    with breaker.engine.connect() as connection:
        clock = connection.execute(sa.text(CLOCK_SOON), {"soon": soon, "but": but}).scalar() or 0
        now = product_now(breaker.engine)
        written = connection.execute(sa.text(NOTICES_SOON), {"soon": soon, "now": now, "mark": str(mark)}).scalars()
        return clock, min(written, default=0)


@contextlib.contextmanager
def second_beat(breaker: Breaker) -> Iterator[float]:
    """Run another beat beside the first, without any fault; yield when it began."""
    with (breaker.product.data_dir.parent / "second-beat.log").open("a") as log:
        other = subprocess.Popen(
            [sys.executable, "-m", "service.cli", "beat"],
            cwd=ROOT, env=breaker.environment, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            yield time.monotonic()
        finally:
            other.kill()
            other.wait()
            breaker.lost_now()


def orders_sent_twice(breaker: Breaker, begun: float) -> Iterator[str]:
    """Count, as the broker hears them, how many orders to sweep are sent while two beats are there."""
    time.sleep(max(0.0, begun + BEGINS_WITHIN - time.monotonic()))
    orders, end = 0, time.monotonic() + COUNTED_FOR
    with redis.Redis.from_url(breaker.environment["JIBAN_REDIS_URL"]).monitor() as monitor:
        while time.monotonic() < end:
            command = str(monitor.next_command()["command"])
            orders += command.startswith("LPUSH") and COUNTED in command
    if not 0 < orders <= MOST_ORDERS:
        yield f"with two beats {COUNTED} was ordered {orders} times in {COUNTED_FOR:g} s"
