"""How fast is it, at the size of a city, against what the machine could do? Everything over HTTP, one after the other.

    python -m tests.bench [--smoke] [--seconds 15] [--large 1000000] [--open 4000]

For archives of 0, 10 thousand, 100 thousand and a million cases the product is run on a database of its own, and
intake, whole lives, pages and a storm are measured on it; limits are measured in the same run. Prints tables for docs.
Bounded: a half-hour with a million cases on two cores. `--smoke` takes everything small, within two minutes, and fails
only where an answer is wrong or a row is lost, never on time.
"""

import argparse
import sys
import time
from dataclasses import dataclass, field

import sqlalchemy as sa

from tests.bench import intake, lifecycle, pages, storm
from tests.bench.rig import Figures, fill, looking_into, machine, own_folder, running

VERSIONS = (
    "SELECT current_setting('server_version'), (SELECT count(*) FROM clocks), (SELECT count(*) FROM audit_entries)"
)
SMALL, MIDDLE = 10_000, 100_000
SMOKE = 400


@dataclass(frozen=True)
class Plan:
    """What is measured on an archive of one size."""

    cases: int
    open: int
    of_pages: float = 0.0
    """Seconds for each page; 0: not measured, as of the others."""
    of_lives: float = 0.0
    of_intake: float = 0.0
    of_storm: float = 0.0
    """Seconds of a spike."""


@dataclass
class Report:
    """What was found so far."""

    lives: dict[int, tuple[lifecycle.Lives, dict[str, int]]] = field(default_factory=dict)
    pages: dict[int, dict[str, Figures]] = field(default_factory=dict)
    intake: dict[int, list[str]] = field(default_factory=dict)
    storms: dict[int, storm.Storm] = field(default_factory=dict)
    sizes: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Return everything as it may stand in docs/performance.md."""
        found = [f"machine: {machine()}", *self.sizes, ""]
        found += lifecycle.table(self.lives) if self.lives else []
        found += ["", *pages.table(self.pages)] if self.pages else []
        for size, table in self.intake.items():
            found += ["", f"intake, {size:,} cases before:", *table[1:]]
        for size, one in self.storms.items():
            found += ["", f"a storm, {size:,} cases before:", *one.table()]
        return found

    def wrong(self) -> list[str]:
        """Return every answer that was not as asked, and every row that is missing."""
        found = pages.wrong(self.pages)
        for lives, rows in self.lives.values():
            found += lives.wrong + [f"{lifecycle.lost(lives, rows)} lives are lost"] * bool(lifecycle.lost(lives, rows))
        found += [line for table in self.intake.values() for line in table if "MISSING" in line]
        return found + [line for one in self.storms.values() for line in one.wrong()]


def measure(plan: Plan, report: Report) -> None:
    """Measure what the plan names on an archive of its size."""
    with own_folder("all") as folder:
        took = fill(folder, plan.cases, plan.open) if plan.cases else 0.0
        with running(folder, demo=not plan.cases) as product:
            with looking_into(product) as connection:
                version, clocks, entries = connection.execute(sa.text(VERSIONS)).one()
            size = f"{plan.cases:,} cases ({plan.open:,} open), {clocks:,} clocks, {entries:,} entries"
            report.sizes.append(f"PostgreSQL {version}: {size}, written in {took:.0f} s")
            print(report.sizes[-1], flush=True)
            if plan.of_pages:
                report.pages[plan.cases] = pages.measure(product, 8, plan.of_pages)
            if plan.of_lives:
                report.lives[plan.cases] = lifecycle.measure(product, 16, plan.of_lives)
            if plan.of_intake:
                report.intake[plan.cases] = intake.measure(product, folder, plan.of_intake)
            if plan.of_storm:
                report.storms[plan.cases] = storm.measure(product, storm.Weather.of(plan.of_storm))


def plans(options: argparse.Namespace) -> list[Plan]:
    """Return what is measured, the smallest archive first."""
    if options.smoke:
        return [Plan(SMOKE, SMOKE // 4, of_pages=0.2, of_lives=2, of_intake=1, of_storm=3)]
    seconds, is_open = options.seconds, options.open
    return [
        Plan(0, 0, of_lives=seconds, of_intake=seconds),
        Plan(SMALL, min(is_open, SMALL // 2), seconds / 3, seconds, seconds),
        Plan(MIDDLE, is_open, of_lives=seconds),
        Plan(options.large, is_open, seconds / 3, seconds, seconds, of_storm=seconds),
    ]


def main() -> None:
    """Measure, print, and fail where something was wrong."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--smoke", action="store_true")
    asked.add_argument("--seconds", type=float, default=15)
    asked.add_argument("--large", type=int, default=1_000_000)
    asked.add_argument("--open", type=int, default=4_000)
    options = asked.parse_args()
    begun, report = time.monotonic(), Report()
    for plan in plans(options):
        measure(plan, report)
    print("\n".join([*report.lines(), f"in all {(time.monotonic() - begun) / 60:.1f} minutes"]))
    if wrong := report.wrong():
        sys.exit("\n".join(["WRONG:", *wrong[:40]]))


if __name__ == "__main__":
    main()
