"""How do our processes start, end and come back, and how is none of them left behind?

A child gets a session of its own, so that Ctrl-C reaches only us and we stop the children in order. On Linux the
kernel ends it when we die; elsewhere, and where that was not enough, the next start ends it by the ledger.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Protocol, TypedDict

import psutil

LOG_MOST = 5_000_000
"""Bytes; a longer log is moved to `.log.1` when its process starts."""
SAME_START_SECONDS = 2.0
PAUSES = (0.2, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before a child that died is started again: the first time, the second time, …"""
STEADY_SECONDS = 60.0
"""A child that lived this long starts again with the shortest pause."""
LOOK_EVERY_SECONDS = 0.2
_SET_PARENT_DEATH_SIGNAL = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class CannotRunError(Exception):
    """Something on this machine is in the way; the message is a sentence for the person at the console."""


@dataclass(frozen=True)
class Account:
    """An account that a process runs as, instead of ours."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...] = ()


@dataclass(frozen=True)
class Program:
    """What is started, and how it wants to be stopped."""

    name: str
    argv: Sequence[str]
    log: Path
    env: Mapping[str, str]
    folder: Path | None = None
    """Where it runs; None is where we are."""
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within: float = 10.0
    """Seconds between the polite signal and the end."""
    passes: tuple[int, ...] = ()
    """File descriptors it takes over from us."""
    prepare: Callable[[], None] = lambda: None
    """Done before every start."""


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

    def note(self, program: Program, pid: int) -> None:
        """Write down that the program was started."""
        with contextlib.suppress(psutil.NoSuchProcess):  # It may have died at once.
            started = psutil.Process(pid).create_time()
            self._traces[program.name] = Trace(program.name, pid, started, program.argv[0], int(program.stop_signal))
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


@dataclass
class Child:
    """A program and the process that runs it now."""

    program: Program
    ledger: Ledger
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    deaths: int = field(default=0, init=False)
    started_at: float = field(default=0.0, init=False)
    start_again_at: float | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        """What it is called on the console and in the ledger."""
        return self.program.name

    @property
    def pid(self) -> int:
        """The number of its process; 0 before the first start."""
        return self.process.pid if self.process else 0

    @property
    def is_running(self) -> bool:
        """Does the process live?"""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start the process. Errors: CannotRunError."""
        program = self.program
        program.prepare()
        keep_bounded(program.log)
        try:
            with program.log.open("ab") as log:
                self.process = subprocess.Popen(  # noqa: S603  # Our own programs, no shell.
                    program.argv,
                    env=program.env,
                    cwd=program.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    pass_fds=program.passes,
                    start_new_session=True,
                    preexec_fn=ending_with_us(program.stop_signal),  # noqa: PLW1509  # We start no threads.
                    **as_account(program.account),
                )
        except OSError as why:
            raise CannotRunError(f"{program.name} could not be started: {why}.") from why
        self.started_at, self.start_again_at = time.monotonic(), None
        self.ledger.note(program, self.process.pid)

    def stop(self) -> None:
        """Stop the process politely, and by force when it does not listen."""
        if self.process is not None and self.is_running:
            self.process.send_signal(self.program.stop_signal)
            try:
                self.process.wait(self.program.stop_within)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.ledger.strike(self.name)

    def last_words(self, lines: int = 5) -> str:
        """Return the end of its log."""
        try:
            text = self.program.log.read_text(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])


class Supervisor:
    """Keeps children running until told to stop."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.children: list[Child] = []
        self._say = say

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
            time.sleep(LOOK_EVERY_SECONDS)

    def stop(self) -> None:
        """Stop all that still run, the last added first."""
        for child in reversed(self.children):
            child.stop()

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


def how_ended(code: int | None) -> str:
    """Return how a process ended, in words."""
    if code is None:
        return "still running"
    return f"by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


class RunAs(TypedDict, total=False):
    """The arguments of subprocess that choose an account."""

    user: int
    group: int
    extra_groups: Sequence[int]


def as_account(account: Account | None) -> RunAs:
    """Return the arguments of subprocess that run something as the account; none for ours."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": account.groups}


def keep_bounded(log: Path) -> None:
    """Set a log aside that has grown too long."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LOG_MOST:
            log.replace(log.with_suffix(".log.1"))


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


def ending_with_us(stop_signal: signal.Signals = signal.SIGTERM) -> Callable[[], None] | None:
    """Return what a child does before it becomes its program: ask Linux for the signal when we die."""
    if _libc is None:
        return None
    parent = os.getpid()

    def ask() -> None:
        _libc.prctl(_SET_PARENT_DEATH_SIGNAL, int(stop_signal))
        if os.getppid() != parent:
            os._exit(1)  # We died between the fork and the question.

    return ask
