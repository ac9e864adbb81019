"""How long do pages and lists take, and does it matter how large the archive is?

    python tests/bench/pages.py [--cases 10000 1000000] [--open 4000] [--seconds 6] [--connections 8]

Fills a database for each number of cases (`jiban seed city`), runs the whole product on it, and asks for each page as
fast as the answers come. The last line is a page without anything of the database: what HTTP and HTML cost. Prints one
table; the ratio is that of the largest archive to the smallest. Bounded; cleans up.
"""

import argparse
import asyncio
import base64
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx
import sqlalchemy as sa

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from service.demo.city import TRACKING_CODE  # noqa: E402  # The path above comes first.
from service.secrecy import token_hash_with  # noqa: E402
from tests.bench.rig import (  # noqa: E402
    Ask,
    Figures,
    ask_for,
    fill,
    looking_into,
    machine,
    own_folder,
    running,
    settings_of,
    signed_in,
    spent,
)
from tests.journeys.conftest import Product, proof_in  # noqa: E402

TRACKED = 24
SHOWN = 200
BUSIEST = """
SELECT p.login FROM workloads w JOIN people p ON p.id = w.person_id
WHERE p.role = 'worker' AND p.is_active ORDER BY w.open_cases DESC LIMIT 1
"""
NUMBERS = "SELECT number FROM cases TABLESAMPLE SYSTEM ({share}) ORDER BY random() LIMIT {most}"
OF_THE_CITY = """
SELECT number FROM cases TABLESAMPLE SYSTEM (:share) WHERE code_hash = :code ORDER BY random() LIMIT :most
"""
OPEN_ONE = "SELECT number FROM cases WHERE status NOT IN ('closed', 'duplicate', 'resolved', 'withdrawn') LIMIT 1"
WARM_UP = 1.0


@dataclass(frozen=True)
class Page:
    """One line of the table: what is asked for, in turns."""

    name: str
    asks: Callable[[int], Ask]


def pages(product: Product) -> list[Page]:
    """Return what is measured, as the people who look at it would."""
    with looking_into(product) as connection:
        count = connection.scalar(sa.text("SELECT count(*) FROM cases")) or 1
        share = min(100.0, 100.0 * 20 * SHOWN / count)
        numbers = list(connection.scalars(sa.text(NUMBERS.format(share=share, most=SHOWN))))
        worker = signed_in(product, connection.scalar(sa.text(BUSIEST)) or "li.qiang")
        an_open_one = connection.scalar(sa.text(OPEN_ONE))
        key = base64.urlsafe_b64decode(settings_of(product)["JIBAN_INDEX_KEY"])
        tracked = _tracked(product, opened_by(connection, token_hash_with(key, TRACKING_CODE), share))
    supervisor, district = signed_in(product, "chen.jing"), signed_in(product, "qian.bo")

    def always(path: str, headers: dict[str, str]) -> Callable[[int], Ask]:
        return lambda _: Ask(path, headers)

    def each(path: str, headers: dict[str, str]) -> Callable[[int], Ask]:
        return lambda turn: Ask(path.format(number=numbers[turn % len(numbers)]), headers)

    return [
        Page("worker's queue", always("/queue", worker)),
        Page("queue of the unit", always("/queue?of=unit", worker)),
        Page("… what is overdue", always("/queue?of=unit&tab=overdue", worker)),
        Page("search by words", always("/queue?of=unit&search=%E7%94%B5%E6%A2%AF", district)),
        Page("search by number", always(f"/queue?of=unit&search={an_open_one}", district)),
        Page("supervisor's board", always("/board", supervisor)),
        Page("district's board", always("/board", district)),
        Page("list: overdue", always("/board/list/breached", district)),
        Page("list: open, of one community", always("/board/list/open?area=990101001001", district)),
        Page("case, for staff", each("/cases/{number}", district)),
        Page("case, for its resident", lambda turn: tracked[turn % len(tracked)]),
        Page("API: queue", always("/api/v1/queue?mine=false", supervisor)),
        Page("API: board", always("/api/v1/board", supervisor)),
        Page("API: escalations", always("/api/v1/escalations", supervisor)),
        Page("API: case by number", each("/api/v1/cases/{number}/full", district)),
        Page("(a page without the database)", always("/track", {})),
    ]


def opened_by(connection: sa.Connection, code: bytes, share: float) -> list[str]:
    """Return numbers of cases with this hash of a code: from a part (in per cent) of all, or else from all.

    Where requests were posted before, most cases have codes of their own, which nobody knows.
    """
    for part in (share, 100.0):
        found = connection.scalars(sa.text(OF_THE_CITY), {"share": part, "code": code, "most": TRACKED}).all()
        if len(found) == TRACKED:
            break
    if not found:
        sys.exit("No case here has the code of `jiban seed city`, so no page can be opened as its resident does.")
    return list(found)


def _tracked(product: Product, numbers: list[str]) -> list[Ask]:
    """Return the page of each of these cases for a browser that has shown its code."""
    asks = []
    for number in numbers:
        with httpx.Client(base_url=product.url, timeout=30) as client:
            proof = proof_in(client.get("/track").text)
            form = {"csrf": proof, "number": number, "code": TRACKING_CODE}
            answer = client.post("/track", data=form)
            if answer.status_code != 303:
                sys.exit(f"{answer.status_code} for who shows the code of {number}")
            cookies = "; ".join(re.split(";", value)[0] for value in answer.headers.get_list("set-cookie"))
            asks.append(Ask(f"/track/{number}", {"cookie": cookies}))
    return asks


def measure(product: Product, connections: int, seconds: float) -> dict[str, Figures]:
    """Return the figures of every page."""
    found: dict[str, Figures] = {}
    for page in pages(product):
        asyncio.run(ask_for(product.url, page.asks, connections, min(WARM_UP, seconds)))
        before = spent(product)
        figures = asyncio.run(ask_for(product.url, page.asks, connections, seconds))
        figures.cost = {kind: used - before[kind] for kind, used in spent(product).items()}
        found[page.name] = figures
    return found


def table(found: dict[int, dict[str, Figures]]) -> list[str]:
    """Return the table of all sizes, the ratios in its last columns."""
    small, large = min(found), max(found)
    sizes = [f"{size:,}: p50 ms | p95 ms | web CPU ms | PostgreSQL CPU ms" for size in sorted(found)]
    lines = [f"| page | {' | '.join(sizes)} | ratio p50 | p95 | CPU |", "|---" * (4 * len(found) + 4) + "|"]
    for name in found[small]:
        cells = [
            f"{f.milliseconds(0.5):.1f} | {f.milliseconds(0.95):.1f}"
            f" | {f.cost_each('web'):.1f} | {f.cost_each('postgres'):.1f}"
            for f in (found[size][name] for size in sorted(found))
        ]
        at, before = found[large][name], found[small][name]
        ratios = [
            *(at.milliseconds(share) / before.milliseconds(share) for share in (0.5, 0.95)),
            sum(map(at.cost_each, at.cost)) / max(sum(map(before.cost_each, before.cost)), 0.001),
        ]
        lines.append(f"| {name} | {' | '.join(cells)} | {' | '.join(f'{ratio:.2f}' for ratio in ratios)} |")
    return lines


def wrong(found: dict[int, dict[str, Figures]]) -> list[str]:
    """Return what was answered otherwise than it should be."""
    return [said for figures in found.values() for one in figures.values() for said in one.wrong]


def main() -> None:
    """Run the bench and print its table."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--cases", type=int, nargs="+", default=[10_000, 1_000_000])
    asked.add_argument("--open", type=int, default=4_000)
    asked.add_argument("--seconds", type=float, default=6)
    asked.add_argument("--connections", type=int, default=8)
    asked.add_argument("--on", type=Path, nargs="*", help="Folders that are filled already, smallest first.")
    options = asked.parse_args()
    found: dict[int, dict[str, Figures]] = {}
    print(machine())
    for size, cases in enumerate(options.cases):
        with own_folder("pages") as own:
            folder = options.on[size] if options.on else own
            if not options.on:
                print(f"{cases:,} cases were written in {fill(folder, cases, options.open):.0f} s", flush=True)
            with running(folder) as product:
                found[cases] = measure(product, options.connections, options.seconds)
    print("\n".join([*table(found), *wrong(found)[:20]]))


if __name__ == "__main__":
    main()
