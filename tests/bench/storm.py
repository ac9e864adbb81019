"""What happens when twice as many ask as can be answered, three times in a row?

    python tests/bench/storm.py [--cases 1000000] [--open 4000] [--spike 60] [--rest 20] [--spikes 3] [--times 2]

Runs the product on an archive of that size (0: the demo's county), finds out how many requests a second it takes in,
and then lets them come at moments of their own, however the answers are: a valley of 5 a second, a spike, a valley, and
so on. A time counts from when a request was to be sent. Meanwhile two promises a second run out, and each
step's delay is told. Fails where an answer is neither a receipt nor a 503 that says when to come again, where one stays
away for ten seconds, and where an acknowledged request or a step is missing; never on time. Bounded; cleans up.
"""

import argparse
import asyncio
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench.intake import places, posts  # noqa: E402  # The path above comes first.
from tests.bench.rig import ask_for, fill, looking_into, machine, own_folder, running  # noqa: E402
from tests.bench.visitors import HEAD, Phase, Visitors, in_ms  # noqa: E402
from tests.journeys.conftest import Product  # noqa: E402

VALLEY = 5
"""Requests a second."""
BACK_WITHIN = 10
"""Seconds after a spike in which it should be as fast again as before it."""
SHIFTED = """
WITH chosen AS (
    SELECT k.id, k.case_id, row_number() OVER (ORDER BY k.id) AS n FROM clocks k
    WHERE k.metric = 'accept' AND k.kind = 'elapsed' AND k.state = 'running' AND k.breached_at IS NULL
    AND k.case_id > :last ORDER BY k.id LIMIT :count
), moved AS (
    UPDATE clocks k SET due_at = CAST(:now AS timestamptz) + (5 + n * 0.5) * interval '1 second',
        started_at = CAST(:now AS timestamptz) + (5 + n * 0.5) * interval '1 second' - (k.due_at - k.started_at),
        next_action_at = CAST(:now AS timestamptz) + (5 + n * 0.5) * interval '1 second',
        events = jsonb_set(k.events, '{0,at}',
            to_jsonb(CAST(:now AS timestamptz) + (5 + n * 0.5) * interval '1 second' - (k.due_at - k.started_at)))
    FROM chosen WHERE k.id = chosen.id RETURNING k.id, k.case_id, k.started_at
), cases_too AS (
    UPDATE cases SET received_at = moved.started_at FROM moved WHERE cases.id = moved.case_id
)
SELECT count(*), min(id), max(id) FROM moved
"""
"""Promises of accepting that were just made, moved as a whole so that they run out one after the other."""
DELAYS = """
SELECT extract(epoch FROM e.raised_at - e.due_at)::float FROM escalations e JOIN clocks k ON k.id = e.clock_id
WHERE k.id BETWEEN :first AND :most AND e.due_at = k.due_at
"""


@dataclass(frozen=True)
class Weather:
    """What is to come: seconds of a spike, of the valley after it and of finding out what can be taken in."""

    spike: float
    rest: float
    warm_up: float
    spikes: int
    times: float
    """How many times what can be taken in comes in a spike."""

    @classmethod
    def of(cls, spike: float) -> "Weather":
        """Return a storm of one spike with a fitting valley, as a part of all benches."""
        return cls(spike, max(spike / 3, 2.0), max(spike / 6, 1.0), spikes=1, times=2)


@dataclass
class Storm:
    """A storm, and what is left of it."""

    capacity: float
    phases: list[Phase]
    delays: list[float]
    moved: int
    there: int
    """Rows of requests that came in while it lasted."""

    def table(self) -> list[str]:
        """Return what is told."""
        before, *after = [one for one in self.phases if one.rate == VALLEY]
        lines = [
            f"taken in at 32 connections: {self.capacity:.0f} a second",
            *HEAD,
            *(one.line() for one in self.phases),
        ]
        calm = [t for one in after for t in one.between(BACK_WITHIN, one.seconds)]
        soon = [t for one in after for t in one.between(0, BACK_WITHIN)]
        told = ", ".join(
            f"{name} {in_ms(times, 0.5)} and {in_ms(times, 0.95)}"
            for name, times in (
                ("before", [took for _, took in before.accepted]), (f"in the {BACK_WITHIN} s after a spike", soon),
                ("later", calm),
            )
        )  # fmt: skip
        lines.append(f"an accepted request in the valleys, p50 and p95 ms: {told}")
        lines.append(
            f"{len(self.delays)} of {self.moved} steps fell due meanwhile: delay p50"
            f" {in_ms(self.delays, 0.5)} ms, p99 {in_ms(self.delays, 0.99)} ms, longest {in_ms(self.delays, 1)} ms"
        )
        accepted = sum(len(one.accepted) for one in self.phases)
        return [
            *lines,
            f"{accepted} accepted, {self.there} there: {'all there' if accepted == self.there else 'ROWS ARE MISSING'}",
        ]

    def wrong(self) -> list[str]:
        """Return every answer that is none, and what is missing."""
        found = [f"{one.name}: {said}" for one in self.phases for said in one.wrong]
        found += [line for line in self.table() if "MISSING" in line]
        return found + [f"{self.moved - len(self.delays)} steps were not taken"] * (self.moved != len(self.delays))


def let_run_out(connection: sa.Connection, *, after: int, count: int, now: datetime) -> tuple[int, int, int]:
    """Let promises of cases with higher ids run out, two a second from five seconds on.

    Return how many there are, and between which ids their clocks lie.
    """
    found = connection.execute(sa.text(SHIFTED), {"last": after, "count": count, "now": now}).one()
    return found[0], found[1], found[2]


def measure(product: Product, weather: Weather) -> Storm:
    """Let the storm come, and count what is there after it."""
    with looking_into(product) as connection:
        areas = places(connection)
        asks, newest = posts(areas), sa.text("SELECT coalesce(max(id), 0) FROM cases")
        warm = connection.scalar(newest) or 0
        capacity = asyncio.run(ask_for(product.url, asks, 32, weather.warm_up)).per_second
        last = connection.scalar(newest)
        lasts = weather.rest + weather.spikes * (weather.spike + weather.rest)
        moved, first, most = let_run_out(
            connection, after=warm, count=max(int(lasts * 2 - 20), 4), now=datetime.now(UTC)
        )
        phases = [Phase("valley", VALLEY, weather.rest)]
        for number in range(1, weather.spikes + 1):
            phases += [Phase(f"spike {number}", capacity * weather.times, weather.spike)]
            phases += [Phase(f"valley after {number}", VALLEY, weather.rest)]
        asyncio.run(_live(Visitors(product.url, asks), phases))
        time.sleep(2)
        there = connection.scalar(sa.text("SELECT count(*) FROM cases WHERE id > :last"), {"last": last})
        delays = list(connection.scalars(sa.text(DELAYS), {"first": first, "most": most}))
    return Storm(capacity, phases, delays, moved, there or 0)


async def _live(visitors: Visitors, phases: list[Phase]) -> None:
    for phase in phases:
        await visitors.live(phase)
    visitors.leave()


def main() -> None:
    """Fill, let it storm, print, and fail where something was wrong."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--cases", type=int, default=1_000_000)
    asked.add_argument("--open", type=int, default=4_000)
    asked.add_argument("--warm-up", type=float, default=10)
    asked.add_argument("--spike", type=float, default=60)
    asked.add_argument("--rest", type=float, default=20)
    asked.add_argument("--spikes", type=int, default=3)
    asked.add_argument("--times", type=float, default=2)
    asked.add_argument("--on", type=Path, help="A folder that is filled already.")
    options = asked.parse_args()
    weather = Weather(options.spike, options.rest, options.warm_up, options.spikes, options.times)
    with own_folder("storm") as own:
        if options.cases and not options.on:
            fill(own, options.cases, options.open)
        with running(options.on or own, demo=not options.cases and not options.on) as product:
            storm = measure(product, weather)
    print("\n".join([f"machine: {machine()}", *storm.table()]))
    if wrong := storm.wrong():
        sys.exit("\n".join(["WRONG:", *wrong[:40]]))


if __name__ == "__main__":
    main()
