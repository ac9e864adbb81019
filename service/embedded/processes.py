"""How do our processes start, end and come back, and how is none of them left behind?

A child gets a session of its own, so that Ctrl-C reaches only us and we stop the children in order. On Linux the
kernel ends it when we die; elsewhere, and where that was not enough, the next start ends it by the ledger.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from service.embedded.account import Account, as_account
from service.embedded.ledger import Ledger
from service.embedded.trouble import CannotRunError

LOG_MOST = 5_000_000
"""Bytes; a longer log is set aside as `.log.1`, so that a process never keeps more than twice as much."""
STANDS_BACK_BY = 10
"""Linux gives such a process about a tenth of what another gets, and all that nobody else wants."""
_SET_PARENT_DEATH_SIGNAL = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


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
    stands_back: bool = False
    """Does it leave the processor to those who answer people, where there is not enough for all?"""


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
                    preexec_fn=ending_with_us(  # noqa: PLW1509  # We start no threads.
                        program.stop_signal, stands_back=program.stands_back
                    ),
                    **as_account(program.account),
                )
        except OSError as why:
            raise CannotRunError(f"{program.name} could not be started: {why}.") from why
        self.started_at, self.start_again_at = time.monotonic(), None
        self.ledger.note(program.name, self.process.pid, program.argv[0], int(program.stop_signal))

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


def how_ended(code: int | None) -> str:
    """Return how a process ended, in words."""
    if code is None:
        return "still running"
    return f"by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def keep_bounded(log: Path) -> None:
    """Set a log aside that has grown too long, while its process may go on writing to it.

    The file stays the same and is emptied: what is written between the copy and that moment is lost. On a full disk
    the copy fails, and the log is emptied all the same.
    """
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LOG_MOST:
            with contextlib.suppress(OSError):
                shutil.copyfile(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)


def ending_with_us(
    stop_signal: signal.Signals = signal.SIGTERM, *, stands_back: bool = False
) -> Callable[[], None] | None:
    """Return what a child does before it becomes its program: ask Linux for the signal when we die, and stand back."""
    if _libc is None:
        return None
    parent = os.getpid()

    def ask() -> None:
        _libc.prctl(_SET_PARENT_DEATH_SIGNAL, int(stop_signal))
        if os.getppid() != parent:
            os._exit(1)  # We died between the fork and the question.
        if stands_back:
            _stand_back()

    return ask


def _stand_back() -> None:
    """Ask Linux for less of the processor: where it divides among sessions, a process's own wish counts for nothing."""
    os.nice(STANDS_BACK_BY)
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(STANDS_BACK_BY), encoding="ascii")
