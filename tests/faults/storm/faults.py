"""How is each fault done to the running product? From outside: signals, SQL, the broker's own commands, limits."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil
import redis
import sqlalchemy as sa
from celery import Celery
from kombu.exceptions import OperationalError as BrokerAwayError
from sqlalchemy.exc import DBAPIError

from service.database import AUTOCOMMIT
from tests.faults.storm.facts import write_again
from tests.faults.storm.plan import SENDERS_LOSE, Strike
from tests.journeys.conftest import ROOT, Product
from tests.journeys.waiting import wait_for

WORDS = {
    "web": "service.cli web", "worker": "workers.app", "beat": "workers.beat", "valkey": "valkey-server",
    "postgres": "bin/postgres",
}  # fmt: skip
SLOW_COMMITS = ("commit_delay = 80000", "commit_siblings = 0")
"""Each commit waits 80 ms, as on a disk that is busy: what is answered before it is written shows."""
CUT = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = 'jiban'"
)
COMES_BACK_WITHIN = 15.0
"""Real seconds in which a process that was ended is started again."""


@dataclass
class Breaker:
    """Does faults to a product and keeps when a notice may have been sent without being recorded."""

    product: Product
    senders_lost: list[tuple[float, float]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.environment = psutil.Process(self._pid("worker")).environ()
        url = sa.make_url(self.environment["JIBAN_DATABASE_URL"]).set(drivername="postgresql+psycopg")
        self.engine = sa.create_engine(url, isolation_level=AUTOCOMMIT, poolclass=sa.NullPool)

    def strike_all(self, strikes: tuple[Strike, ...], seconds: float) -> None:
        """Do a plan: each fault at its moment, those that last beside the others; return when all are over."""
        begun = time.monotonic()
        threads = []
        for strike in strikes:
            time.sleep(max(0.0, begun + strike.at - time.monotonic()))
            threads.append(threading.Thread(target=self._strike, args=(strike,), daemon=True))
            threads[-1].start()
        time.sleep(max(0.0, begun + seconds - time.monotonic()))
        for thread in threads:
            thread.join(30)

    def _strike(self, strike: Strike) -> None:
        verb, _, what = strike.fault.partition(" ")
        deeds: dict[str, Callable[[], object]] = {
            "kill": lambda: os.kill(self._pid(what), signal.SIGKILL),
            "stop": lambda: self._stop(what, strike.lasts),
            "second": lambda: self._second(what, strike.lasts),
            "flush": lambda: redis.Redis.from_url(self.environment["JIBAN_REDIS_URL"]).flushall(),
            "crowd": lambda: self._crowd_of_orders(strike.lasts),
            "cut": lambda: self.sql(CUT),
            "write": lambda: write_again(self.engine),
            "slow": lambda: self._slow_disk(strike.lasts),
            "disk": lambda: self._disk_full(strike.lasts),
        }
        begun = time.monotonic()
        try:
            deeds[verb]()
        except (psutil.Error, ProcessLookupError, AssertionError, DBAPIError, redis.RedisError, BrokerAwayError) as why:
            self.skipped.append(f"{strike.fault}: {type(why).__name__}")  # Another fault was there first.
        if strike.fault in SENDERS_LOSE:
            self.senders_lost.append((begun, time.monotonic()))
        if verb == "second":
            self.lost_now()

    def lost_now(self) -> None:
        """Note that a process was ended which may have been sending: a beat sends too where no worker does."""
        self.senders_lost.append((time.monotonic(), time.monotonic()))

    def sql(self, statement: str) -> None:
        """Say one statement to the database, as its owner."""
        with self.engine.connect() as connection:
            connection.execute(sa.text(statement))

    def _pid(self, what: str) -> int:
        """Return a process of a kind; another fault may just have ended it, and it comes back."""
        return int(wait_for(lambda: self.product.pids(WORDS[what]), COMES_BACK_WITHIN, f"{what} lives")[0])

    def _stop(self, what: str, lasts: float) -> None:
        """Freeze a process, of PostgreSQL all of them, and let it go on."""
        first = psutil.Process(self._pid(what))
        frozen = [first, *(first.children(recursive=True) if what == "postgres" else ())]
        for process in frozen:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
        time.sleep(lasts)
        for process in frozen:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()

    def _second(self, what: str, lasts: float) -> None:
        """Run another one beside the first for a while, and kill it."""
        with (self.product.data_dir.parent / f"second-{what}.log").open("a") as log:
            other = subprocess.Popen(
                [sys.executable, "-m", "service.cli", what],
                cwd=ROOT, env=self.environment, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        time.sleep(lasts + 4)
        other.kill()
        other.wait()

    def _crowd_of_orders(self, lasts: float) -> None:
        """Order far more sweeps than the timetable does, so that several do the same work at once."""
        broker = Celery(broker=self.environment["JIBAN_REDIS_URL"], set_as_current=False)
        broker.conf.task_default_queue = "jiban"
        end = time.monotonic() + lasts
        while time.monotonic() < end:
            for task in ("clocks.sweep", "outbox.sweep") * 3:
                broker.send_task(task, expires=5, retry=False, ignore_result=True)
            time.sleep(0.15)

    def _slow_disk(self, lasts: float) -> None:
        for setting in SLOW_COMMITS:
            self.sql(f"ALTER SYSTEM SET {setting}")
        self.sql("SELECT pg_reload_conf()")
        time.sleep(lasts)
        for _ in range(100):  # Another fault may stand in the way; it may not stay slow.
            with contextlib.suppress(DBAPIError):
                self.sql("ALTER SYSTEM RESET ALL")
                self.sql("SELECT pg_reload_conf()")
                return
            time.sleep(0.2)

    def _disk_full(self, lasts: float) -> None:
        """Refuse every write into a file, as a full disk does: needs no root, says EFBIG where a disk says ENOSPC.

        PostgreSQL cannot write its log any more and crashes, as it does on a disk that is really full; who starts it
        again has a disk. Web, worker and beat cannot write their logs.
        """
        limited = [psutil.Process(pid) for name in WORDS for pid in self.product.pids(WORDS[name])]
        limited += psutil.Process(self._pid("postgres")).children(recursive=True)
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        if not self._limit(limited, (0, hard)):
            self.skipped.append("disk full: not for the processes of another user")
        time.sleep(lasts)
        self._limit(limited, (hard, hard))

    def _limit(self, processes: list[psutil.Process], limits: tuple[int, int]) -> bool:
        """Limit what processes may write; False: not all that live, because some belong to another user."""
        is_allowed = True
        for process in processes:
            try:
                process.rlimit(resource.RLIMIT_FSIZE, limits)
            except psutil.AccessDenied:
                is_allowed = False
            except (psutil.Error, ProcessLookupError):
                pass  # It has ended.
        return is_allowed
