"""Who keeps the processes running, and what ends them?"""

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType

from service.embedded.processes import Child, how_ended, keep_bounded
from service.embedded.trouble import CannotRunError

PAUSES = (0.2, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before a child that died is started again: the first time, the second time, …"""
STEADY_SECONDS = 60.0
"""A child that lived this long starts again with the shortest pause."""
LOOK_EVERY_SECONDS = 0.2
BOUND_LOGS_EVERY_SECONDS = 60.0


class Supervisor:
    """Keeps children running until told to stop."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.children: list[Child] = []
        self._say = say
        self._bound_logs_at = 0.0

    def add(self, child: Child) -> Child:
        """Take over a child that runs, or start it."""
        self.children.append(child)
        if not child.is_running:
            child.start()
        return child

    def watch(self, until: Callable[[], bool] = lambda: False) -> None:
        """Start again whoever dies, after a pause that grows, until `until` holds or a signal ends the wait."""
        while not until():
            for child in self.children:
                self._look_after(child)
            self._bound_logs()
            time.sleep(LOOK_EVERY_SECONDS)

    def stop(self) -> None:
        """Stop all that still run, the last added first."""
        for child in reversed(self.children):
            child.stop()

    def _bound_logs(self) -> None:
        if time.monotonic() >= self._bound_logs_at:
            self._bound_logs_at = time.monotonic() + BOUND_LOGS_EVERY_SECONDS
            for child in self.children:
                keep_bounded(child.program.log)

    def _look_after(self, child: Child) -> None:
        if child.is_running or child.process is None:
            return
        moment = time.monotonic()
        if child.start_again_at is None:
            if moment - child.started_at > STEADY_SECONDS:
                child.deaths = 0
            pause = PAUSES[min(child.deaths, len(PAUSES) - 1)]
            child.deaths, child.start_again_at = child.deaths + 1, moment + pause
            self._say(
                f"{child.name} ended ({how_ended(child.process.returncode)});"
                f" starting it again in {pause:g} s. Its log: {child.program.log}"
            )
        elif moment >= child.start_again_at:
            try:
                child.start()
            except CannotRunError as why:
                child.started_at, child.start_again_at = moment, None
                self._say(str(why))


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Make the first SIGINT, SIGTERM or SIGHUP raise KeyboardInterrupt here; later ones change nothing.

    A SIGHUP that was ignored stays ignored, so that nohup does what it says.
    """
    asked = False

    def ask(_signal: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if not asked:
            asked = True
            raise KeyboardInterrupt

    handled = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        handled.append(signal.SIGHUP)
    before = {number: signal.signal(number, ask) for number in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
