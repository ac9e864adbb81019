"""What does a second one get to do that does the same work? Writers, beats and holders of rows beside the product's."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator

import redis
import sqlalchemy as sa

from tests.faults.storm.faults import Breaker
from tests.journeys.conftest import ROOT

COUNTED_FOR = 3.0
"""Real seconds: one beat sends three orders to sweep in them, or a fourth at the edge."""
MOST_ORDERS = 4
BEGINS_WITHIN = 3.5
"""Real seconds after which a beat would lead, were it not for the other."""


@contextlib.contextmanager
def refused_row(breaker: Breaker, clock_id: int) -> Iterator[None]:
    """Let the database refuse every step of one clock: the others must go on."""
    breaker.sql(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused on purpose'; END $$"
    )
    breaker.sql(
        f"CREATE TRIGGER refuse BEFORE INSERT ON escalations FOR EACH ROW WHEN (NEW.clock_id = {clock_id})"
        " EXECUTE FUNCTION refuse()"
    )
    yield
    breaker.sql("DROP FUNCTION refuse() CASCADE")


@contextlib.contextmanager
def held_rows(breaker: Breaker, but: int) -> Iterator[tuple[int, int]]:
    """Hold the row of a clock (another one) and one of a notice nobody has begun, as one who hangs does; yield both.

    Sweeps must pass over them. 0: there is none.
    """
    clock = "SELECT id FROM clocks WHERE id <> :but AND next_action_at IS NOT NULL ORDER BY next_action_at LIMIT 1"
    notice = "SELECT id FROM notices WHERE state = 'waiting' AND tries = 0 LIMIT 1"
    with breaker.engine.connect().execution_options(isolation_level="READ COMMITTED") as connection:
        found = [
            connection.execute(sa.text(f"{one} FOR UPDATE SKIP LOCKED"), {"but": but}).scalar() or 0
            for one in (clock, notice)
        ]
        yield found[0], found[1]
        connection.rollback()


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


def orders_sent_twice(breaker: Breaker, begun: float) -> Iterator[str]:
    """Count, as the broker hears them, how many orders to sweep are sent while two beats are there."""
    time.sleep(max(0.0, begun + BEGINS_WITHIN - time.monotonic()))
    orders, end = 0, time.monotonic() + COUNTED_FOR
    with redis.Redis.from_url(breaker.environment["JIBAN_REDIS_URL"]).monitor() as monitor:
        while time.monotonic() < end:
            command = str(monitor.next_command()["command"])
            orders += command.startswith("LPUSH") and "clocks.sweep" in command
    if not 0 < orders <= MOST_ORDERS:
        yield f"with two beats the clocks were ordered to be swept {orders} times in {COUNTED_FOR:g} s"
