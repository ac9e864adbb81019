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
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench.intake import AREAS, posts  # noqa: E402  # The path above comes first.
from tests.bench.rig import Answer, Ask, Line, ask_for, fill, looking_into, machine, own_folder, running  # noqa: E402
from tests.journeys.conftest import Product  # noqa: E402

VALLEY = 5
"""Requests a second."""
MOST_LINES = 600
HANGS = 10.0
"""Seconds after which an answer has stayed away."""
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


@dataclass
class Phase:
    """A stretch of the storm: what was asked in it, and what came of it; times in seconds."""

    name: str
    rate: float
    seconds: float
    accepted: list[tuple[float, float]] = field(default_factory=list)
    """When each was to be sent, counted from the beginning of the phase, and how long its answer took."""
    refused: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    most_lines: int = 0

    def line(self) -> str:
        """Return a line of the table."""
        times = [took for _, took in self.accepted]
        cells = [
            self.name, f"{self.rate:.0f}",
            f"{len(times) / self.seconds:.0f}", f"{len(self.refused) / self.seconds:.0f}",
            _ms(times, 0.5), _ms(times, 0.99), _ms(times, 1), _ms(self.refused, 0.99), str(len(self.wrong)),
        ]  # fmt: skip
        return f"| {' | '.join(cells)} |"

    def between(self, first: float, last: float) -> list[float]:
        """Return the times of those that were to be sent within these seconds of the phase."""
        return [took for at, took in self.accepted if first <= at < last]


HEAD = (
    "| phase | asked/s | accepted/s | refused/s | p50 ms | p99 ms | longest ms | refused p99 ms | wrong |",
    "|---|---|---|---|---|---|---|---|---|",
)


def _ms(times: list[float], share: float) -> str:
    if not times:
        return "—"
    return f"{sorted(times)[min(int(share * len(times)), len(times) - 1)] * 1000:.0f}"


class Visitors:
    """Lines to the product, opened when none is free, as many as come at once."""

    def __init__(self, url: str, asks: Callable[[int], Ask]) -> None:
        self._url, self._asks = url, asks
        self._free: deque[Line] = deque()
        self._open = self._turn = 0

    async def live(self, phase: Phase) -> None:
        """Ask at the pace of a phase and wait for every answer."""
        begun, number, tasks = time.perf_counter(), 0, set[asyncio.Task[None]]()
        while (at := number / phase.rate) < phase.seconds:
            await asyncio.sleep(max(0.0, begun + at - time.perf_counter()))
            task = asyncio.create_task(self._ask(phase, begun, at))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            number += 1
        await asyncio.gather(*tasks)

    async def _ask(self, phase: Phase, begun: float, at: float) -> None:
        self._turn += 1
        ask = self._asks(self._turn)
        try:
            answer = await asyncio.wait_for(self._on_a_line(ask, phase), HANGS)
        except (TimeoutError, OSError, asyncio.IncompleteReadError) as why:
            phase.wrong.append(f"no answer: {type(why).__name__}")
            return
        took = time.perf_counter() - begun - at
        if answer.status == ask.status:
            phase.accepted.append((at, took))
        elif answer.status == 503 and b"retry-after:" in answer.head:
            phase.refused.append(took)
        else:
            phase.wrong.append(f"{answer.status}: {answer.body[:200]!r}")

    async def _on_a_line(self, ask: Ask, phase: Phase) -> Answer:
        if self._free:
            line = self._free.pop()
        elif self._open < MOST_LINES:
            self._open += 1
            phase.most_lines = max(phase.most_lines, self._open)
            line = await Line.to(self._url)
        else:
            raise TimeoutError
        try:
            answer = await line.ask(ask)
        except BaseException:
            self._open -= 1
            line.close()
            raise
        self._free.append(line)
        return answer

    def leave(self) -> None:
        """Hang up everywhere."""
        for line in self._free:
            line.close()


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
            f"{name} {_ms(times, 0.5)} and {_ms(times, 0.95)}"
            for name, times in (
                ("before", [took for _, took in before.accepted]), (f"in the {BACK_WITHIN} s after a spike", soon),
                ("later", calm),
            )
        )  # fmt: skip
        lines.append(f"an accepted request in the valleys, p50 and p95 ms: {told}")
        lines.append(
            f"{len(self.delays)} of {self.moved} steps fell due meanwhile: delay p50"
            f" {_ms(self.delays, 0.5)} ms, p99 {_ms(self.delays, 0.99)} ms, longest {_ms(self.delays, 1)} ms"
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


def measure(product: Product, options: argparse.Namespace) -> Storm:
    """Let the storm come, and count what is there after it."""
    with looking_into(product) as connection:
        areas = list(connection.scalars(sa.text(f"SELECT code FROM areas WHERE level = 'community' LIMIT {AREAS}")))
        asks, newest = posts(areas), sa.text("SELECT coalesce(max(id), 0) FROM cases")
        warm = connection.scalar(newest) or 0
        capacity = asyncio.run(ask_for(product.url, asks, 32, options.warm_up)).per_second
        last = connection.scalar(newest)
        lasts = options.rest + options.spikes * (options.spike + options.rest)
        moved, first, most = let_run_out(connection, after=warm, count=int(lasts * 2 - 20), now=datetime.now(UTC))
        phases = [Phase("valley", VALLEY, options.rest)]
        for number in range(1, options.spikes + 1):
            phases += [Phase(f"spike {number}", capacity * options.times, options.spike)]
            phases += [Phase(f"valley after {number}", VALLEY, options.rest)]
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
    with own_folder("storm") as own:
        if options.cases and not options.on:
            fill(own, options.cases, options.open)
        with running(options.on or own, demo=not options.cases and not options.on) as product:
            storm = measure(product, options)
    print("\n".join([f"machine: {machine()}", *storm.table()]))
    if wrong := storm.wrong():
        sys.exit("\n".join(["WRONG:", *wrong[:40]]))


if __name__ == "__main__":
    main()
