"""Who was started? In a file, so that whoever comes after a kill -9 finds what was left behind."""

import contextlib
from dataclasses import asdict, dataclass
from typing import Protocol

import psutil

from service.embedded.trouble import CannotRunError

SAME_START_SECONDS = 2.0
"""A clock that is set moves the start that the system reports."""


@dataclass(frozen=True)
class Trace:
    """How a process that was started is known again: a number alone may have gone to somebody else."""

    name: str
    pid: int
    started: float
    executable: str
    stop_signal: int

    def process(self) -> psutil.Process | None:
        """Return the process if it still runs and is the one that was started."""
        with contextlib.suppress(psutil.Error):
            found = psutil.Process(self.pid)
            same_start = abs(found.create_time() - self.started) < SAME_START_SECONDS
            if same_start and found.cmdline()[:1] == [self.executable] and found.status() != psutil.STATUS_ZOMBIE:
                return found
        return None


class Keeper(Protocol):
    """Keeps small JSON files; a DataFolder."""

    def read(self, name: str) -> object: ...  # noqa: D102
    def write(self, name: str, content: object) -> None: ...  # noqa: D102


class Ledger:
    """Who was started, in a file, so that whoever comes after a kill -9 finds what was left behind."""

    FILE = "processes.json"

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._traces: dict[str, Trace] = {}

    def note(self, name: str, pid: int, executable: str, stop_signal: int) -> None:
        """Write down that a program was started; one that died at once leaves no trace."""
        with contextlib.suppress(psutil.NoSuchProcess):
            started = psutil.Process(pid).create_time()
            self._traces[name] = Trace(name, pid, started, executable, stop_signal)
            self._keep()

    def strike(self, name: str) -> None:
        """Write down that the program has ended."""
        if self._traces.pop(name, None) is not None:
            self._keep()

    def end_leftovers(self, *, within: float = 10.0) -> list[str]:
        """End what an earlier run left behind, the last started first, and return the names."""
        left = [(trace, process) for trace in reversed(self._left()) if (process := trace.process()) is not None]
        for trace, process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(trace.stop_signal)
        _, stubborn = psutil.wait_procs([process for _, process in left], timeout=within)
        for process in stubborn:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(stubborn, timeout=within)
        self._traces.clear()
        return [trace.name for trace, _ in left]

    def _left(self) -> list[Trace]:
        written = self._keeper.read(self.FILE)
        try:
            return [Trace(**entry) for entry in written] if isinstance(written, list) else []
        except TypeError:
            return []

    def _keep(self) -> None:
        # A disk that is full must not end what runs; the ledger is the second way to find leftovers, not the first.
        with contextlib.suppress(CannotRunError):
            self._keeper.write(self.FILE, [asdict(trace) for trace in self._traces.values()])
