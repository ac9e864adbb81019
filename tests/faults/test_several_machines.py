"""Two machines with a web, a worker and a beat each serve one city from one database: by itself, and through PgBouncer.

Each machine is a set of processes with ports of their own, which meet in the database, the broker and the folder of
photos only. PgBouncer gives every transaction another connection; of Debian it is installed by `.ci/run`.
"""

import os
import pwd
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx2 as httpx
import psycopg
import pytest
import sqlalchemy as sa

from service.database import connect
from service.embedded import EmbeddedServers
from tests.bench.storm import let_run_out
from tests.faults.storm.county import lay_county
from tests.faults.storm.facts import product_now
from tests.faults.storm.plan import MONDAY_8
from tests.journeys.conftest import ROOT, Product, free_port
from tests.journeys.test_the_spine import REQUEST, does
from tests.journeys.waiting import wait_for

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
CONFIGURATION = """
[databases]
jiban = host=127.0.0.1 port={postgres} dbname=jiban
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = plain
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = 6
server_lifetime = 3
ignore_startup_parameters = options
"""
"""So few connections of so short a life that every process soon had many of them."""


@dataclass
class Machine:
    """The processes of one machine: its web, and beside it its worker and its beat."""

    product: Product
    others: list[subprocess.Popen[str]]


class City:
    """Machines on one database."""

    def __init__(self, servers: EmbeddedServers, folder: Path, pooled: dict[str, str]) -> None:
        self._servers, self._folder, self._pooled = servers, folder, pooled
        self.machines: list[Machine] = []
        self.processes: list[subprocess.Popen[str]] = []
        self.engine = connect(servers.database_url, pool_size=2)

    def start(self, *arguments: str, **settings: str) -> subprocess.Popen[str]:
        log = self._folder / f"{arguments[0]}-{len(self.processes)}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "service.cli", *arguments], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT,
                env=os.environ | self._servers.environment | settings, text=True,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def machine(self) -> None:
        """Start one; its beat holds a lock on its connection and asks the database itself."""
        port = free_port()
        web = self.start("web", "--port", str(port), **self._pooled)
        others = [self.start("worker", **self._pooled), self.start("beat")]
        product = Product(f"http://127.0.0.1:{port}", self._folder, web, self._folder)
        self.machines.append(Machine(product, others))

    def wait(self) -> None:
        for machine in self.machines:
            wait_for(partial(_is_ready, machine.product.url), 90, self.logs())

    def logs(self) -> str:
        return "\n".join(f"{log.name}:\n{log.read_text()[-1500:]}" for log in sorted(self._folder.glob("*.log")))

    def value(self, statement: str, **facts: object) -> object:
        with self.engine.connect() as connection:
            return connection.scalar(sa.text(statement), facts)

    def end(self) -> None:
        self.engine.dispose()
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(30)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep what both cities begin with."""
    return tmp_path_factory.mktemp("county")


@pytest.fixture(params=["by itself", "through PgBouncer"])
def city(request: pytest.FixtureRequest, folder: Path, county: Path) -> Iterator[City]:
    is_pooled = request.param == "through PgBouncer"
    if is_pooled and PGBOUNCER is None:
        pytest.skip("PgBouncer is not installed: on Debian `apt-get install pgbouncer`")
    lay_county(county, folder / "data", MONDAY_8, with_month=False)
    with EmbeddedServers(folder / "data") as servers:
        with psycopg.connect(servers.database_url) as connection:
            connection.execute("ALTER ROLE jiban SET timezone = 'UTC'")
        pooler = _pooler(servers, folder) if is_pooled else None
        made = City(servers, folder, pooler[1] if pooler else {})
        for _ in range(2):
            made.machine()
        try:
            made.wait()
            yield made
        finally:
            made.end()
            if pooler:
                pooler[0].terminate()
                pooler[0].wait(10)


def _pooler(servers: EmbeddedServers, folder: Path) -> tuple[subprocess.Popen[str], dict[str, str]]:
    """Start PgBouncer, which refuses to run as root, and return the settings of those who go through it."""
    assert PGBOUNCER is not None
    home, port, found = folder / "pgbouncer", free_port(), sa.make_url(servers.database_url)
    home.mkdir()
    (home / "users.txt").write_text(f'"{found.username}" "{found.password}"\n')
    (home / "pgbouncer.ini").write_text(CONFIGURATION.format(postgres=found.port, port=port, folder=home))
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    if account:
        for path in (home, *home.iterdir()):
            os.chown(path, account.pw_uid, account.pw_gid)
    process = subprocess.Popen(
        [PGBOUNCER, "-q", str(home / "pgbouncer.ini")], cwd=home, user=account.pw_uid if account else None,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    url = found.set(port=port).render_as_string(hide_password=False)
    wait_for(lambda: process.poll() is not None or _answers(url), 20, "PgBouncer does not answer")
    assert process.poll() is None, "PgBouncer did not start"
    return process, {"JIBAN_DATABASE_URL": url, "JIBAN_PREPARES_STATEMENTS": "false"}


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, prepare_threshold=None).close()
    except psycopg.OperationalError:
        return False
    return True


def test_a_city_lives_on_two_machines_and_goes_on_with_one(city: City) -> None:
    one, two = (machine.product for machine in city.machines)
    before = int(str(city.value("SELECT max(id) FROM cases") or 0))
    receipts = _write_at_both(one, two)
    assert receipts[0] == receipts[1], "the same key, the same request"
    assert len({receipt["number"] for receipt in receipts}) == len(receipts) - 1

    for product in (one, two):
        with product.client() as resident:
            code = {"code": receipts[0]["tracking_code"]}
            assert resident.get(f"/api/v1/cases/{receipts[0]['number']}", params=code).status_code == 200
    _handle_at_both(one, two, receipts[2]["number"])
    _nothing_is_left(city, [receipt["number"] for receipt in receipts])

    for process in (one.process, *city.machines[0].others):
        process.kill()
    more = _write_at_both(two, two)
    with city.engine.begin() as connection:
        moved, first, last = let_run_out(connection, after=before, count=6, now=product_now(city.engine))
    taken = "SELECT count(*) FROM escalations e JOIN clocks k ON k.id = clock_id WHERE k.id BETWEEN :first AND :last"
    once = f"{taken} AND e.due_at = k.due_at"
    wait_for(lambda: city.value(once, first=first, last=last) == moved == 6, 40, city.logs())
    _nothing_is_left(city, [receipt["number"] for receipt in more])


def _write_at_both(one: Product, two: Product) -> list[dict[str, str]]:
    """Send twenty requests to both machines at once, the first two with one key."""
    run = secrets.token_hex(4)

    def write(turn: int) -> dict[str, str]:
        with (one, two)[turn % 2].client() as client:
            key = {"Idempotency-Key": f"{run}-{max(turn, 1)}"}
            answer = client.post("/api/v1/cases", json=REQUEST, headers=key)
        assert answer.status_code == 201, answer.text
        found: dict[str, str] = answer.json()
        return found

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(write, range(20)))


def _handle_at_both(one: Product, two: Product, number: str) -> None:
    """Accept at one machine, and answer at the other with the same sign-in."""
    with one.staff("he.jun") as here, two.client() as there:
        does(here, number, "accept")
        there.cookies, there.headers = here.cookies, here.headers
        old = {"If-Match": '"1"'}
        stale = there.post(f"/api/v1/cases/{number}/actions/reply", json={"text": "已联系物业。"}, headers=old)
        assert stale.status_code == 409, stale.text
        does(there, number, "reply", text="已联系物业，明天上午来打扫。")
        does(here, number, "resolve", text="楼道已打扫干净，请放心。")


def _nothing_is_left(city: City, numbers: list[str]) -> None:
    """Wait until whoever has to hear of these cases by now was told."""
    waits = (
        "SELECT count(*) FROM notices n JOIN cases c ON c.id = case_id"
        " WHERE number = ANY(:n) AND state = 'waiting' AND next_try_at <= :now"
    )
    wait_for(lambda: city.value(waits, n=numbers, now=product_now(city.engine)) == 0, 40, city.logs())
