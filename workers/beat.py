"""The process that sends the timetable; while the broker is away it sweeps by itself.

One beat leads at a time, by an advisory lock of the database; others stand by and take over.
"""

import signal
import threading
from collections.abc import Callable
from types import FrameType

import sqlalchemy as sa
import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from kombu.exceptions import OperationalError as BrokerAwayError
from sqlalchemy.exc import DBAPIError

from service.database import get_engine
from workers.app import app
from workers.timetable import TIMETABLE, Entry

LEADER_LOCK = 0x6A6962616E  # "jiban" in ASCII.
STAND_BY_SECONDS = 5.0
"""How often one that does not lead asks for the lock."""
SPEAK_SECONDS = 2.0
"""How often the leader is heard on the connection that holds the lock."""
SILENT_SECONDS = 8
"""The database takes the lock from a leader not heard for so long: one that hangs, or whose machine is gone.

A leader that is killed loses it at once. Either way another leads within SILENT_SECONDS + STAND_BY_SECONDS.
"""

log = structlog.get_logger("beat")


class Beat:
    """Sends each line of the timetable on time, as long as it leads."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self._loading = threading.Lock()

    def run(self) -> None:
        """Lead whenever the lock is free, until told to stop."""
        while not self.stopping.is_set():
            try:
                self._lead()
            except DBAPIError as away:
                log.warning("database away", why=str(away.orig))
            self.stopping.wait(STAND_BY_SECONDS)

    def stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """End at the next look."""
        self.stopping.set()

    def _lead(self) -> None:
        """Hold the lock and run the timetable until the lock's connection or the process ends."""
        with get_engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(LEADER_LOCK))):
                return
            connection.detach()  # Closed at the end, never lent to a sweep: the lock and the limit are its own.
            connection.execute(sa.text(f"SET idle_session_timeout = '{SILENT_SECONDS}s'"))
            log.info("leading")
            scheduler = self._scheduler()
            scheduler.start()
            try:
                while not self.stopping.wait(SPEAK_SECONDS):
                    connection.scalar(sa.select(1))
            finally:
                scheduler.shutdown(wait=True)

    def _scheduler(self) -> BackgroundScheduler:
        scheduler = BackgroundScheduler(timezone="UTC")
        for line in TIMETABLE:
            scheduler.add_job(
                self._sender(line),
                IntervalTrigger(seconds=line.every, timezone="UTC"),
                id=line.task,
                max_instances=1,
                coalesce=True,
                misfire_grace_time=None,
            )
        return scheduler

    def _sender(self, line: Entry) -> Callable[[], None]:
        def send() -> None:
            try:
                app.send_task(line.task, expires=line.expires, retry=False, ignore_result=True)
            except (BrokerAwayError, OSError) as away:
                log.warning("broker away, sweeping here", task=line.task, why=str(away))
                self._do(line)

        return send

    def _do(self, line: Entry) -> None:
        """Run the task in here. To send one its name is enough, so the code is loaded only now."""
        with self._loading:
            app.loader.import_default_modules()
        app.tasks[line.task].apply(throw=False)


def main() -> None:
    """Run beat until SIGTERM or SIGINT."""
    beat = Beat()
    signal.signal(signal.SIGTERM, beat.stop)
    signal.signal(signal.SIGINT, beat.stop)
    beat.run()


if __name__ == "__main__":
    main()
