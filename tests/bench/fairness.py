"""How evenly does the load lie, beside dice and beside taking turns?

    python tests/bench/fairness.py [--requests FILE]

A month of traffic shaped like a Chinese board, and the requests of a real city (Boston, July to December 2011, a CSV
with the columns created, due, closed, area and id) when the file is there: each area a desk, each request as long in
hand as it really was. Prints one table.
"""

import argparse
import csv
import gzip
import io
import platform
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from statistics import fmean

import psutil

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.simulated_desk import (  # noqa: E402  # The path above comes first.
    DAY,
    ZONE,
    Arrival,
    Chooser,
    Desk,
    Fairness,
    a_month,
    a_team,
    at_random,
    in_turn,
    ours,
)

WAYS: dict[str, Callable[[], Chooser]] = {"ours": lambda: ours, "dice": lambda: at_random(1), "turns": in_turn}
SHORTEST, LONGEST = timedelta(minutes=10), 30 * DAY
"""What was closed before it began, or never, or after years, is taken as this short or long."""
FULL = 0.6
"""A desk has so many people that this part of what they can hold is held on average."""
MEAN_CAPACITY = 20
LEAST_REQUESTS = 200


def requests(file: Path) -> dict[str, list[Arrival]]:
    """Return the requests by area, in order; those without an area or a beginning are left out."""
    found: dict[str, list[Arrival]] = {}
    with gzip.open(file) as packed:
        for row in csv.DictReader(io.TextIOWrapper(packed, encoding="utf-8")):
            created, due, closed = (_moment(row[name]) for name in ("created", "due", "closed"))
            if created is None or not row["area"].strip():
                continue
            takes = min(max((closed or created + LONGEST) - created, SHORTEST), LONGEST)
            arrival = Arrival(created, int(row["id"]), takes, due or created + 7 * DAY)
            found.setdefault(row["area"], []).append(arrival)
    return {area: sorted(cases, key=lambda a: a.at) for area, cases in found.items() if len(cases) >= LEAST_REQUESTS}


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE) if text else None


def people_for(cases: list[Arrival]) -> int:
    """Return how many people such a desk has: at least three."""
    days = (cases[-1].at - cases[0].at) / DAY
    held = sum((case.takes for case in cases), timedelta()) / DAY / days
    return max(3, round(held / MEAN_CAPACITY / FULL))


def lived(desks: list[list[Arrival]], way: Callable[[], Chooser]) -> list[Fairness]:
    """Return how fair each desk was."""
    found = []
    for number, cases in enumerate(desks):
        days = round((cases[-1].at - cases[0].at) / DAY)
        found.append(Desk(a_team(number, people_for(cases), cases[0].at, days), way()).live(cases))
    return found


def main() -> None:
    """Run the bench and print its table."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--requests", type=Path)
    options = asked.parse_args()
    scenes = {"a month, 10 desks": [a_month(seed, a_day=38) for seed in range(10)]}
    if options.requests and options.requests.exists():
        areas = requests(options.requests)
        scenes[f"Boston, {len(areas)} desks"] = list(areas.values())
    elif options.requests:
        print(f"{options.requests} is not there: left out")
    machine = f"{psutil.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB, {platform.platform()}"
    print(f"machine: {machine}, Python {platform.python_version()}")
    print("| traffic | way | cases | no room | Gini | maximum/mean | at one noon | decisions/s |")
    print("|---|---|---|---|---|---|---|---|")
    for scene, desks in scenes.items():
        for name, way in WAYS.items():
            begun = time.perf_counter()
            found = lived(desks, way)
            passed, seconds = sum(f.passed for f in found), time.perf_counter() - begun
            cells = (
                f"{passed:,}",
                f"{sum(f.away for f in found):,}",
                f"{fmean(f.gini for f in found):.3f}",
                f"{fmean(f.most_to_mean for f in found):.2f}",
                f"{fmean(f.daily_most_to_mean for f in found):.2f}",
                f"{passed / seconds:,.0f}",
            )
            print(f"| {scene} | {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
