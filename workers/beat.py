"""The process that sends the timetable; while nobody takes its orders it sweeps by itself.

A sweep is also sent at the moment the next row falls due. One beat leads at a time, by an advisory lock of the
database; others stand by and take over.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType

import sqlalchemy as sa
import structlog
from apscheduler.executors.pool import ThreadPoolExecutor as JobPool
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger
from kombu.exceptions import OperationalError as BrokerAwayError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from service.database import get_engine
from workers.ahead import DUE, Outlook, outlook
from workers.app import app, real_now
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

LEAST_APART = 0.2
"""Seconds; so far apart at least are the sweeps sent at the moments when something falls due."""
MOST_AT_ONCE = len(TIMETABLE)
"""Lines that are sent at the same time: none waits for another."""
BROKER_WITHIN = 1.0
"""Seconds; a broker that hangs holds up an order for no longer, and beat sweeps by itself."""

log = structlog.get_logger("beat")


class Beat:
    """Sends each line of the timetable on time, as long as it leads."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self._loading = threading.Lock()
        self._broker = ThreadPoolExecutor(len(TIMETABLE), "broker")
        self._orders: dict[str, Future[object]] = {}
        """The last order of each task: given, or not answered yet."""

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
            with self.sending():
                while not self.stopping.wait(SPEAK_SECONDS):
                    connection.scalar(sa.select(1))

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Send the timetable; at the end begin nothing more, and wait for what has begun."""
        at_work = JobPool(MOST_AT_ONCE)
        scheduler = self._scheduler(at_work)
        scheduler.start()
        try:
            yield
        finally:
            scheduler.pause()
            # Its own shutdown would wait with the lock in hand that a line needs to say when it comes back.
            at_work.shutdown(wait=True)
            scheduler.shutdown(wait=False)

    def _scheduler(self, at_work: JobPool) -> BackgroundScheduler:
        scheduler = BackgroundScheduler(timezone="UTC", executors={"default": at_work})
        for line in TIMETABLE:
            scheduler.add_job(
                self._sender(line, scheduler),
                IntervalTrigger(seconds=line.every, timezone="UTC"),
                id=line.task,
                max_instances=1,
                coalesce=True,
                misfire_grace_time=None,
            )
        return scheduler

    def _sender(self, line: Entry, scheduler: BackgroundScheduler) -> Callable[[], None]:
        """Return what sends a line. Where rows say when they are due it looks ahead, and comes back at that moment."""

        def send() -> None:
            ahead = self._outlook(line)
            if ahead is not None and ahead.is_late:
                log.warning("late, sweeping here", task=line.task)
                self._do(line)
            else:
                self._send(line)
            if ahead is not None and ahead.next_in is not None and ahead.next_in < line.every:
                trigger = DateTrigger(real_now() + timedelta(seconds=max(ahead.next_in, LEAST_APART)))
                name = f"{line.task} when due"
                scheduler.add_job(send, trigger, id=name, replace_existing=True, misfire_grace_time=None)

        return send

    def _outlook(self, line: Entry) -> Outlook | None:
        """Return what the sweep will find; None for other tasks, and while the database cannot be asked."""
        if line.task not in DUE:
            return None
        try:
            return outlook(line.task)
        except SQLAlchemyError as away:
            log.warning("cannot look ahead", task=line.task, why=type(away).__name__)
            return None

    def _send(self, line: Entry) -> None:
        """Give the order to the broker, and wait no longer than a moment: a broker may hang instead of refusing."""
        try:
            unanswered = self._orders.get(line.task)
            if unanswered is not None and not unanswered.done():
                raise TimeoutError("it has not answered yet")  # One place says what follows.
            order = self._broker.submit(app.send_task, line.task, expires=line.expires, retry=False, ignore_result=True)
            self._orders[line.task] = order
            order.result(BROKER_WITHIN)
        except (BrokerAwayError, OSError) as away:
            log.warning("broker away, sweeping here", task=line.task, why=str(away) or "it does not answer")
            self._do(line)

    def _do(self, line: Entry) -> None:
        """Run the task in here. To send one its name is enough, so the code is loaded only now."""
        with self._loading:
            app.loader.import_default_modules()
        app.tasks[line.task].apply(throw=False)


def main() -> None:
    """Run beat until SIGTERM or SIGINT."""
    app.conf.broker_transport_options |= {"socket_timeout": BROKER_WITHIN, "socket_connect_timeout": BROKER_WITHIN}
    beat = Beat()
    signal.signal(signal.SIGTERM, beat.stop)
    signal.signal(signal.SIGINT, beat.stop)
    beat.run()


if __name__ == "__main__":
    main()
