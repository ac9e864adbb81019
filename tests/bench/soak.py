"""Does a process need more and more memory, the longer it works?

    python tests/bench/soak.py [--minutes 10] [--rate 20] [--cases 10000] [--on FOLDER]

Runs the whole product and lets requests come at moments of their own: a third are new ones, the rest read queues,
boards, cases and tracking pages in turns. Prints the memory of each process when it has been at work for a fifth of the
time, and at the end, and fails where an answer was wrong; never on memory. Bounded; cleans up.
"""

import argparse
import asyncio
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench.intake import places, posts  # noqa: E402  # The path above comes first.
from tests.bench.pages import pages  # noqa: E402
from tests.bench.rig import Ask, fill, looking_into, machine, own_folder, running  # noqa: E402
from tests.bench.visitors import HEAD, Phase, Visitors  # noqa: E402
from tests.journeys.conftest import Product  # noqa: E402

KINDS = {"web": "service.cli web", "worker": "workers.app", "beat": "workers.beat"}
LIMITS = {"web": 150, "worker": 120, "beat": 120}
"""Megabytes each process may have."""
MOST_GROWTH = 0.05
EVERY = 5.0


@dataclass
class Memory:
    """What the processes held, in megabytes of resident memory, look by look."""

    seen: dict[str, list[float]] = field(default_factory=dict)

    def look(self, product: Product) -> None:
        """Note what each process holds now."""
        for kind, words in KINDS.items():
            for place, pid in enumerate(sorted(product.pids(words)), start=1):
                held = psutil.Process(pid).memory_info().rss / 2**20
                self.seen.setdefault(f"{kind} {place}", []).append(held)

    def table(self) -> list[str]:
        """Return a line for each process."""
        lines = ["| process | at first MB | at the end MB | growth | most allowed |", "|---|---|---|---|---|"]
        for name, held in self.seen.items():
            few = max(len(held) // 10, 1)
            first = statistics.mean(held[len(held) // 5 :][:few])
            last = statistics.mean(held[-few:])
            allowed = LIMITS[name.split()[0]]
            told = f"{last / first - 1:+.1%} of {MOST_GROWTH:.0%}"
            lines.append(f"| {name} | {first:.0f} | {last:.0f} | {told} | {allowed} |")
        return lines


def measure(product: Product, minutes: float, rate: float) -> tuple[Phase, Memory]:
    """Use the product for so long, and look at its memory."""
    with looking_into(product) as connection:
        areas = places(connection)
    phase, memory = Phase("use", rate, minutes * 60), Memory()
    asyncio.run(_use(product, Visitors(product.url, _mixed(product, areas)), phase, memory))
    return phase, memory


def _mixed(product: Product, areas: list[str]) -> Callable[[int], Ask]:
    new, read = posts(areas), pages(product)
    return lambda turn: new(turn) if turn % 3 == 0 else read[turn % len(read)].asks(turn)


async def _use(product: Product, visitors: Visitors, phase: Phase, memory: Memory) -> None:
    using = asyncio.create_task(visitors.live(phase))
    while not using.done():
        await asyncio.to_thread(memory.look, product)
        await asyncio.wait({using}, timeout=EVERY)
    await using
    visitors.leave()


def main() -> None:
    """Fill, use, and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--minutes", type=float, default=10)
    asked.add_argument("--rate", type=float, default=20)
    asked.add_argument("--cases", type=int, default=10_000)
    asked.add_argument("--on", type=Path, help="A folder that is filled already.")
    options = asked.parse_args()
    with own_folder("soak") as own:
        if not options.on:
            fill(own, options.cases, options.cases // 3)
        with running(options.on or own) as product:
            phase, memory = measure(product, options.minutes, options.rate)
    print("\n".join([f"machine: {machine()}", *HEAD, phase.line(), "", *memory.table()]))
    if phase.wrong:
        sys.exit("\n".join(["WRONG:", *phase.wrong[:40]]))


if __name__ == "__main__":
    main()
