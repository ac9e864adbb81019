"""What benches over HTTP stand on: the product running on a folder of its own, filled or not, and a lean client."""

import asyncio
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import sqlalchemy as sa

from service.database import connect
from service.embedded import EmbeddedServers
from tests.journeys.conftest import Product, _is_ready, free_port, stop
from tests.journeys.waiting import wait_for

ROOT = Path(__file__).parents[2]
STARTS_WITHIN = 300
BUCKETS = 1000


@dataclass
class Figures:
    """What some requests over some connections showed; times in seconds."""

    connections: int
    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    cost: dict[str, float] = field(default_factory=dict)
    """Seconds of processor time that the product's processes spent meanwhile, by kind."""
    wrong: list[str] = field(default_factory=list)
    """What was answered otherwise than it should be."""

    @property
    def errors(self) -> int:
        return len(self.wrong)

    @property
    def per_second(self) -> float:
        return (len(self.times) - self.errors) / self.seconds if self.seconds else 0.0

    def cost_each(self, kind: str) -> float:
        """Return the milliseconds of processor time that one request cost."""
        return self.cost.get(kind, 0.0) * 1000 / max(len(self.times), 1)

    def milliseconds(self, share: float) -> float:
        if len(self.times) < 2:
            return sum(self.times) * 1000
        return statistics.quantiles(self.times, n=BUCKETS)[int(share * BUCKETS) - 1] * 1000


@dataclass(frozen=True)
class Ask:
    """One request, and the status that answers it."""

    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    method: str = "GET"
    status: int = 200


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    head: bytes = b""


class Line:
    """One kept-alive connection, as lean as can be: what the client costs is missing to the server beside it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def to(cls, url: str) -> "Line":
        """Connect to the product at this address."""
        found = urlsplit(url)
        return cls(*await asyncio.open_connection(found.hostname, found.port))

    async def ask(self, ask: Ask) -> Answer:
        """Send a request and read the whole answer."""
        lines = [f"{ask.method} {ask.path} HTTP/1.1", "host: bench"]
        lines += [f"{name}: {value}" for name, value in ask.headers.items()]
        if ask.body:
            lines += ["content-type: application/json", f"content-length: {len(ask.body)}"]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + ask.body)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        body = await self._reader.readexactly(int(length[1])) if length else b""
        return Answer(int(head.split(b" ", 2)[1]), body, head.lower())

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


async def ask_for(url: str, asks: Callable[[int], Ask], connections: int, seconds: float) -> Figures:
    """Ask as fast as the answers come, over so many connections, for so long; `asks` gives the nth request."""
    found = Figures(connections)
    lines = await asyncio.gather(*(Line.to(url) for _ in range(connections)))
    begun = time.perf_counter()

    async def use(line: Line, first: int) -> None:
        turn = first
        while time.perf_counter() < begun + seconds:
            ask, sent = asks(turn), time.perf_counter()
            answer = await line.ask(ask)
            found.times.append(time.perf_counter() - sent)
            if answer.status != ask.status:
                found.wrong.append(f"{answer.status} {ask.method} {ask.path}: {answer.body[:200]!r}")
            turn += connections
        line.close()

    await asyncio.gather(*(use(line, n) for n, line in enumerate(lines)))
    found.seconds = time.perf_counter() - begun
    return found


@contextmanager
def own_folder(name: str) -> Iterator[Path]:
    """Give a folder that the database's own user can reach, and take it away at the end."""
    folder = Path(tempfile.mkdtemp(prefix=f"jiban-bench-{name}-", dir=os.environ.get("BENCH_DIR")))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fill(folder: Path, cases: int, open_cases: int) -> float:
    """Fill a database in this folder as `jiban seed city` does; return the seconds it took."""
    with EmbeddedServers(folder / "data") as servers:
        environment = {**os.environ, **servers.environment}
        for words in (["migrate"], ["seed", "city", "--cases", str(cases), "--open", str(open_cases)]):
            begun = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-m", "service.cli", *words],
                cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
            if done.returncode:
                sys.exit(f"jiban {' '.join(words)}: {done.stderr[-3000:]}")
    return time.perf_counter() - begun


@contextmanager
def running(folder: Path, *, web_workers: int = 2, demo: bool = False) -> Iterator[Product]:
    """Run the whole product on what lies in this folder."""
    port, log = free_port(), folder / "up.log"
    command = [sys.executable, "-m", "service.cli", "up", "--port", str(port), "--data-dir", str(folder / "data")]
    wishes = ["--web-workers", str(web_workers), "--demo" if demo else "--no-demo"]
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen([*command, *wishes], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, text=True)
    product = Product(f"http://127.0.0.1:{port}", folder / "data", process, log)
    try:
        wait_for(lambda: process.poll() is not None or _is_ready(product), STARTS_WITHIN, "start")
        if process.poll() is not None:
            sys.exit(f"the product did not start:\n{log.read_text()[-3000:]}")
        yield product
    finally:
        stop(product)


def settings_of(product: Product) -> dict[str, str]:
    """Return the settings of the product's processes."""
    for child in psutil.Process(product.process.pid).children(recursive=True):
        found = {k: v for k, v in child.environ().items() if k.startswith("JIBAN_")}
        if "JIBAN_DATABASE_URL" in found:
            return found
    sys.exit("no process of the product has its settings")


@contextmanager
def looking_into(product: Product) -> Iterator[sa.Connection]:
    """Give a connection to the product's database."""
    engine = connect(settings_of(product)["JIBAN_DATABASE_URL"], pool_size=1)
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield connection
    finally:
        engine.dispose()


def signed_in(product: Product, login: str) -> dict[str, str]:
    """Return the headers that make a request one of this person's."""
    with product.staff(login) as client:
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies.jar)
        return {"cookie": cookies, "x-csrf-token": client.headers["X-CSRF-Token"]}


def spent(product: Product) -> dict[str, float]:
    """Return the processor time in seconds that the web and the database have used so far."""
    used = {"web": 0.0, "postgres": 0.0}
    for child in psutil.Process(product.process.pid).children(recursive=True):
        try:
            times, words = child.cpu_times(), " ".join(child.cmdline())
        except psutil.NoSuchProcess:
            continue
        kind = "postgres" if "postgres" in words else "web" if " web " in f"{words} " else ""
        if kind:
            used[kind] += times.user + times.system
    return used


def machine() -> str:
    """Return what the figures were measured on."""
    memory = f"{psutil.virtual_memory().total / 2**30:.0f} GiB"
    return f"{psutil.cpu_count()} cores, {memory}, {platform.platform()}, Python {platform.python_version()}"
