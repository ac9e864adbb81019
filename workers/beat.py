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

log = structlog.get_logger("beat")


class Beat:
    """Sends each line of the timetable on time, as long as it leads."""

    def __init__(self) -> None:
        self.stopping = threading.Event()

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
        with get_engine().connect() as connection:
            if not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(LEADER_LOCK))):
                return
            log.info("leading")
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
            scheduler.start()
            try:
                while not self.stopping.wait(STAND_BY_SECONDS):
                    connection.scalar(sa.select(1))
                    connection.commit()
            finally:
                scheduler.shutdown(wait=True)

    def _sender(self, line: Entry) -> Callable[[], None]:
        task = app.tasks[line.task]

        def send() -> None:
            try:
                task.apply_async(retry=False, ignore_result=True)
            except (BrokerAwayError, OSError) as away:
                log.warning("broker away, sweeping here", task=line.task, why=str(away))
                task.apply(throw=False)

        return send


def main() -> None:
    """Run beat until SIGTERM or SIGINT."""
    app.loader.import_default_modules()
    beat = Beat()
    signal.signal(signal.SIGTERM, beat.stop)
    signal.signal(signal.SIGINT, beat.stop)
    beat.run()


if __name__ == "__main__":
    main()
