"""How many whole lives of a case are led in a second, and does it matter how large the archive is?

    python tests/bench/lifecycle.py [--cases 0 100000 1000000] [--open 4000] [--seconds 30] [--connections 16]

A life is what DIGIT's figures count: create, accept, resolve, search, four calls of the API; the steps are answered
briefly, the search with all there is. For each number of cases
a database is filled and the whole product run on it. What PostgreSQL's processes spend on a life says how many there
could be if nothing else had to be done: that is the limit, measured in the same run. Bounded; cleans up.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import sqlalchemy as sa

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench.rig import (  # noqa: E402  # The path above comes first.
    Ask,
    Figures,
    Line,
    fill,
    looking_into,
    machine,
    own_folder,
    running,
    signed_in,
    spent,
)  # fmt: skip
from tests.journeys.conftest import Product  # noqa: E402

TEXTS = ("楼道的路灯坏了三天，晚上看不清台阶。", "小区垃圾桶满了没人清运，气味很大。", "停车位被占，车开不出去。")
TOPICS = (
    "SELECT code FROM categories WHERE code IN ('C05', 'C03', 'D01', 'E01', 'A01') AND evidence = 'none' ORDER BY code"
)
"""Of these only what is resolved without photos."""
DONE = "已派人处理，请查看。"
BRIEFLY = {"Prefer": "return=minimal"}
"""Who leads many cases reads them when they search."""
COMMUNITIES = (
    "SELECT code FROM areas WHERE level = 'community' AND NOT is_department AND code LIKE '990101001%' ORDER BY code"
)
"""Of the sub-district whose duty desk and supervisors sign for everything here."""
SIGNERS = """
SELECT login FROM people JOIN areas ON areas.id = people.area_id
WHERE areas.code = '990101001' AND people.is_active AND role IN ('triage', 'supervisor') ORDER BY login
"""
WHOLE = """
SELECT count(*), count(*) FILTER (WHERE status = 'resolved'
    AND EXISTS (SELECT FROM clocks k WHERE k.case_id = c.id AND k.state = 'satisfied')
    AND (SELECT count(*) FROM audit_entries e WHERE e.subject_kind = 'case' AND e.subject_id = c.id) >= 4
) FROM cases c WHERE c.id > :last
"""


@dataclass
class Lives:
    """What some connections achieved, each life of four calls."""

    calls: dict[str, Figures] = field(default_factory=dict)
    led: int = 0
    seconds: float = 0.0
    cost: dict[str, float] = field(default_factory=dict)

    @property
    def per_second(self) -> float:
        return self.led / self.seconds if self.seconds else 0.0

    @property
    def wrong(self) -> list[str]:
        return [said for figures in self.calls.values() for said in figures.wrong]


CALLS = ("create", "accept", "resolve", "search")


async def live(
    url: str, areas: list[str], topics: list[str], signers: list[dict[str, str]], connections: int, seconds: float
) -> Lives:
    """Lead lives over so many connections, for so long."""
    lives = Lives({name: Figures(connections) for name in CALLS})
    lines = await asyncio.gather(*(Line.to(url) for _ in range(connections)))
    begun = time.perf_counter()

    async def call(line: Line, name: str, ask: Ask) -> bytes | None:
        sent, figures = time.perf_counter(), lives.calls[name]
        answer = await line.ask(ask)
        figures.times.append(time.perf_counter() - sent)
        if answer.status == ask.status:
            return answer.body
        figures.wrong.append(f"{answer.status} {ask.method} {ask.path}: {answer.body[:300]!r}")
        return None

    async def use(line: Line, seed: int) -> None:
        pick, staff = random.Random(seed), signers[seed % len(signers)]
        while time.perf_counter() < begun + seconds:
            body = {"text": pick.choice(TEXTS), "category": pick.choice(topics), "area": pick.choice(areas)}
            made = await call(line, "create", posted("/api/v1/cases", body, {}, 201))
            if made is None:
                continue
            number = json.loads(made)["number"]
            done = f"/api/v1/cases/{number}/actions"
            steps = (
                ("accept", posted(f"{done}/accept", {}, staff | BRIEFLY, 204)),
                ("resolve", posted(f"{done}/resolve", {"text": DONE}, staff | BRIEFLY, 204)),
                ("search", found_by(number, pick, staff)),
            )
            # One at a time: nobody resolves what is not accepted.
            answered = [await call(line, name, ask) is not None for name, ask in steps]
            lives.led += all(answered)  # After the last answer: others add theirs while this one waits.
        line.close()

    await asyncio.gather(*(use(line, n) for n, line in enumerate(lines)))
    lives.seconds = time.perf_counter() - begun
    return lives


def posted(path: str, body: dict[str, Any], headers: dict[str, str], status: int = 200) -> Ask:
    """Return a request that sends JSON."""
    return Ask(path, headers, json.dumps(body).encode(), "POST", status)


def found_by(number: str, pick: random.Random, staff: dict[str, str]) -> Ask:
    """Return a search: two of three by the number, one by area and status, as what is open and overdue there."""
    by_number = pick.random() < 2 / 3
    return Ask(f"/api/v1/cases/{number}/full" if by_number else "/api/v1/queue?mine=false&tab=overdue", staff)


def measure(product: Product, connections: int, seconds: float) -> tuple[Lives, dict[str, int]]:
    """Return the figures, and how many of the rows that were promised are there."""
    with looking_into(product) as connection:
        staff = [signed_in(product, login) for login in connection.scalars(sa.text(SIGNERS))]
        places = [list(connection.scalars(sa.text(which))) for which in (COMMUNITIES, TOPICS)]
        asyncio.run(live(product.url, *places, staff, connections, min(2.0, seconds)))
        last = connection.scalar(sa.text("SELECT coalesce(max(id), 0) FROM cases"))
        before = spent(product)
        lives = asyncio.run(live(product.url, *places, staff, connections, seconds))
        lives.cost = {kind: used - before[kind] for kind, used in spent(product).items()}
        new, whole = connection.execute(sa.text(WHOLE), {"last": last}).one()
    return lives, {"new": new, "whole": whole}


def lost(lives: Lives, rows: dict[str, int]) -> int:
    """Return how many acknowledged lives are not in the database as a whole."""
    return max(lives.led - rows["whole"], 0)


def limit(lives: Lives) -> float:
    """Return the lives a second that the cores could lead if PostgreSQL's part were all there is to do."""
    each = lives.cost["postgres"] / lives.led if lives.led else 0.0
    return (psutil.cpu_count() or 1) / each if each else 0.0


def table(found: dict[int, tuple[Lives, dict[str, int]]]) -> list[str]:
    """Return the table, a line for each size of the archive."""
    calls = " | ".join(f"{name} p50 / p99 ms" for name in CALLS)
    lines = [
        f"| cases before | a second | {calls} | web CPU ms | PostgreSQL CPU ms | limit | ratio | wrong | lost |",
        "|---" * (8 + len(CALLS)) + "|",
    ]
    for size, (lives, rows) in sorted(found.items()):
        times = [f"{f.milliseconds(0.5):.1f} / {f.milliseconds(0.99):.0f}" for f in lives.calls.values()]
        cost = [f"{1000 * lives.cost[kind] / max(lives.led, 1):.1f}" for kind in ("web", "postgres")]
        bound = limit(lives)
        ratio = f"{bound:.0f} | {lives.per_second / bound:.2f}" if bound else "– | –"
        cells = [f"{size:,}", f"{lives.per_second:.1f}", *times, *cost, ratio, len(lives.wrong), lost(lives, rows)]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    rates = [lives.per_second for lives, _ in found.values()]
    if len(rates) > 1 and max(rates):
        lines.append(f"the slowest is {min(rates) / max(rates):.2f} of the fastest")
    return lines


def main() -> None:
    """Run the bench and print its table."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--cases", type=int, nargs="+", default=[0, 100_000, 1_000_000])
    asked.add_argument("--open", type=int, default=4_000)
    asked.add_argument("--seconds", type=float, default=30)
    asked.add_argument("--connections", type=int, default=16)
    asked.add_argument("--on", type=Path, nargs="*", help="Folders that are filled already, one for each size.")
    options = asked.parse_args()
    found: dict[int, tuple[Lives, dict[str, int]]] = {}
    print(machine())
    for size, cases in enumerate(options.cases):
        with own_folder("lives") as own:
            folder = options.on[size] if options.on else own
            if cases and not options.on:
                print(f"{cases:,} cases were written in {fill(folder, cases, options.open):.0f} s", flush=True)
            with running(folder, demo=not cases) as product:
                found[cases] = measure(product, options.connections, options.seconds)
    print("\n".join([*table(found), *(said for lives, _ in found.values() for said in lives.wrong[:5])]))


if __name__ == "__main__":
    main()
