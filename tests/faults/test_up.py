"""The whole product on one machine: it starts, survives a kill -9 of what holds it, and keeps the time it is told."""

import getpass
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import psutil
import pytest

from service.embedded.account import may_run, servers_account
from service.embedded.folder import DataFolder
from service.embedded.ledger import Ledger
from service.embedded.product import command
from service.embedded.trouble import CannotRunError
from service.embedded.up import free_the_address, listening

ROOT = Path(__file__).parents[2]
BARE = {name: value for name, value in os.environ.items() if not name.startswith("JIBAN_")}
UP = [sys.executable, "-m", "service.cli", "up", "--no-demo", "--port", "0"]
PATIENCE = 90

Start = Callable[..., "tuple[subprocess.Popen[str], str]"]


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Start the product on a free port and return it with its address; what still runs at the end is stopped."""
    started: list[subprocess.Popen[str]] = []

    def begin(*words: str) -> "tuple[subprocess.Popen[str], str]":
        up = subprocess.Popen(
            [*UP, "--data-dir", str(folder / "data"), *words],
            env=BARE, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        started.append(up)
        assert up.stdout is not None
        told: list[str] = []
        for line in up.stdout:
            told.append(line)
            if line.startswith("Jiban"):
                return up, line.split()[-1]
        raise AssertionError("".join(told))

    yield begin
    for up in started:
        up.terminate()
        up.wait(PATIENCE)
        if up.stdout is not None:
            up.stdout.close()


def clock_of(address: str) -> datetime:
    """Return the product's time; an alarm does not matter here."""
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=30) as answer:
            text = answer.read()
    except urllib.error.HTTPError as alarm:
        text = alarm.read()
    return datetime.fromisoformat(json.loads(text)["now"])


def whom_it_runs_as() -> str:
    account = servers_account()
    return account.name if account and may_run(account, command("--help")) else getpass.getuser()


def test_it_keeps_the_time_it_is_told_and_starts_again_after_a_kill(start: Start) -> None:
    up, address = start("--at", "2031-05-06T07:08+08:00", "--speed", "60")
    below = psutil.Process(up.pid).children(recursive=True)
    assert {process.username() for process in below if "python" in process.name()} == {whom_it_runs_as()}
    first, real = clock_of(address), time.monotonic()
    assert first.isoformat() >= "2031-05-05T23:08"
    time.sleep(1)
    passed = (clock_of(address) - first).total_seconds()
    assert passed == pytest.approx(60 * (time.monotonic() - real), rel=0.5)

    up.kill()
    up.wait()
    up, address = start("--port", address.rpartition(":")[2])
    assert clock_of(address).year < 2031
    assert not [process for process in below if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]

    below = psutil.Process(up.pid).children(recursive=True)
    up.send_signal(signal.SIGINT)
    assert up.wait(PATIENCE) == 0
    assert not [process for process in below if process.is_running()]


def test_a_dead_web_process_costs_a_wait_and_not_an_answer(start: Start) -> None:
    up, address = start("--web-workers", "2")
    webs = [p for p in psutil.Process(up.pid).children() if "web" in p.cmdline()]
    assert len(webs) == 2
    for web in webs:
        web.kill()
    with urllib.request.urlopen(f"{address}/readyz", timeout=PATIENCE) as answer:
        assert answer.status == 200
    with urllib.request.urlopen(f"{address}/metrics", timeout=PATIENCE) as answer:
        assert answer.status == 200


def test_a_process_that_never_stays_up_ends_the_start_with_its_last_words(folder: Path) -> None:
    words = [*UP, "--data-dir", str(folder / "data")]
    wrong = BARE | {"JIBAN_LOG_LEVEL": "LOUD"}
    done = subprocess.run(words, env=wrong, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 1
    assert "does not stay up. The end of" in done.stderr
    assert "LOUD" in done.stderr


def test_the_port_that_a_killed_start_left_held_is_free_again(folder: Path) -> None:
    holds = "import socket, time; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", f"{holds}; time.sleep(60)"], stdout=subprocess.PIPE, text=True
    ) as left:
        assert left.stdout is not None
        port = int(left.stdout.readline())
        held = DataFolder(folder / "data")
        held.open()
        Ledger(held).note("web", left.pid, sys.executable, int(signal.SIGTERM))
        held.close()
        with pytest.raises(CannotRunError, match="already in use"), listening("127.0.0.1", port):
            pass
        said: list[str] = []
        free_the_address(folder / "data", said.append)
        assert said == ["Ended web, left behind by an earlier start."]
        with listening("127.0.0.1", port) as listener:
            assert listener.getsockname()[1] == port


def test_where_there_was_no_start_nothing_is_made(folder: Path) -> None:
    free_the_address(folder / "data", lambda _: None)
    assert not (folder / "data").exists()
