"""The supervisor brings back what dies, stops everything in order, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from service.embedded.ledger import Ledger
from service.embedded.processes import LOG_MOST, STANDS_BACK_BY, Child, Program, keep_bounded
from service.embedded.supervisor import PAUSES, Supervisor, stopped_by_signals
from tests.faults.conftest import Shelf, is_alive
from tests.journeys.waiting import wait_for

ENV = dict(os.environ)
NOTE_THE_END = """
import signal, sys, time
def end(*_):
    open(sys.argv[1], "a").write(sys.argv[2] + "\\n")
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
time.sleep(60)
"""


def child(folder: Path, ledger: Ledger, name: str, code: str, *arguments: str, within: float = 5.0) -> Child:
    argv = (sys.executable, "-c", code, *arguments)
    return Child(Program(name, argv, folder / f"{name}.log", ENV, stop_within=within), ledger)


def until_it_says(child: Child, word: str) -> None:
    end = time.monotonic() + 10
    while word not in child.last_words():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform != "linux", reason="The order among processes is Linux's.")
def test_a_child_that_stands_back_leaves_the_processor_to_others(folder: Path, ledger: Ledger) -> None:
    argv = (sys.executable, "-c", "import os, time; print('by', os.nice(0), flush=True); time.sleep(60)")
    backward = Child(Program("backward", argv, folder / "backward.log", ENV, stands_back=True), ledger)
    backward.start()
    try:
        until_it_says(backward, f"by {os.nice(0) + STANDS_BACK_BY}")
    finally:
        backward.stop()


def test_a_child_that_is_killed_comes_back(folder: Path, ledger: Ledger) -> None:
    said: list[str] = []
    supervisor = Supervisor(said.append)
    sleeper = supervisor.add(child(folder, ledger, "sleeper", "import time; time.sleep(60)"))
    first = sleeper.pid
    os.kill(first, signal.SIGKILL)
    supervisor.watch(lambda: sleeper.is_running and sleeper.pid != first)
    supervisor.stop()
    assert len(said) == 1
    assert "sleeper ended (by SIGKILL)" in said[0]


def test_a_child_that_dies_again_and_again_gets_longer_pauses(folder: Path, ledger: Ledger) -> None:
    said: list[str] = []
    supervisor = Supervisor(said.append)
    hopeless = supervisor.add(child(folder, ledger, "hopeless", "print('no key'); raise SystemExit(3)"))
    supervisor.watch(lambda: hopeless.deaths == 3)
    supervisor.stop()
    assert [f"in {pause:g} s" in line for pause, line in zip(PAUSES, said, strict=False)] == [True] * 3
    assert "exit code 3" in said[0]
    assert "no key" in hopeless.last_words()


def test_children_stop_in_the_opposite_order(folder: Path, ledger: Ledger) -> None:
    supervisor = Supervisor(lambda _: None)
    order = folder / "order"
    for name in ("postgres", "valkey", "web", "worker", "beat"):
        until_it_says(supervisor.add(child(folder, ledger, name, NOTE_THE_END, str(order), name)), "up")
    supervisor.stop()
    assert order.read_text().split() == ["beat", "worker", "web", "valkey", "postgres"]


def test_a_child_that_does_not_listen_is_ended_by_force(folder: Path, ledger: Ledger, shelf: Shelf) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    stubborn = child(folder, ledger, "stubborn", deaf, within=0.2)
    stubborn.start()
    until_it_says(stubborn, "up")
    assert shelf.kept["processes.json"]
    stubborn.stop()
    assert stubborn.process is not None
    assert stubborn.process.returncode == -signal.SIGKILL
    assert shelf.kept["processes.json"] == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_children_end_when_the_supervisor_is_killed(folder: Path) -> None:
    code = """
import sys, time
from pathlib import Path
from service.embedded.ledger import Ledger
from service.embedded.processes import Child, Program
from tests.faults.conftest import Shelf
folder = Path(sys.argv[1])
argv = (sys.executable, "-c", "import time; time.sleep(60)")
child = Child(Program("child", argv, folder / "log", {}), Ledger(Shelf()))
child.start()
print(child.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        below = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    wait_for(lambda: not is_alive(below.pid), 5, "the child ends with its parent")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_stops_and_later_ones_do_not_disturb(number: signal.Signals) -> None:
    tidied, before = False, signal.signal(number, signal.SIG_DFL)  # Under nohup SIGHUP is ignored, and stays so.
    with stopped_by_signals():
        # To this thread: a signal to the process may be taken by another one, and be heard of a moment later.
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        signal.raise_signal(number)
        tidied = True
    signal.signal(number, before)
    assert tidied


def test_a_log_that_grew_too_long_is_set_aside(folder: Path) -> None:
    log = folder / "web.log"
    log.write_bytes(b"x" * (LOG_MOST + 1))
    keep_bounded(log)
    assert log.stat().st_size == 0
    assert (folder / "web.log.1").stat().st_size == LOG_MOST + 1
