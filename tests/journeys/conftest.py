"""The running product: real processes on a simulated clock at speed, driven over HTTP like any client would."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx
import pytest

from service.accounts.rules import DEMO_PASSWORD
from tests.journeys.waiting import wait_for

ROOT = Path(__file__).parents[2]
STARTS_WITHIN = 120
SPEED = 1200
"""An hour of the town passes in three seconds."""


@dataclass
class Product:
    """The product as it runs: where it answers, and the process that holds it all."""

    url: str
    data_dir: Path
    process: subprocess.Popen[str]
    log: Path

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=30)

    @contextmanager
    def staff(self, login: str) -> Iterator[httpx.Client]:
        """Give somebody who has signed in through the page, and whose later posts carry the proof of a form."""
        with self.client() as client:
            proof = proof_in(client.get("/sign-in").text)
            form = {"csrf": proof, "login": login, "password": DEMO_PASSWORD, "next": ""}
            answer = client.post("/sign-in", data=form)
            assert answer.status_code == 303, answer.text
            client.headers["X-CSRF-Token"] = proof_in(client.get(answer.headers["location"]).text)
            yield client

    def pids(self, name: str) -> list[int]:
        """Return the processes below `up` whose command line holds the words; one may end while it is asked."""
        import psutil

        found = []
        for process in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if process.status() != psutil.STATUS_ZOMBIE and name in " ".join(process.cmdline()):
                    found.append(process.pid)
        return found


def proof_in(page: str) -> str:
    """Return the hidden proof of a page's forms."""
    found = re.search(r'<input[^>]*name="csrf"[^>]*value="([^"]+)"', page)
    assert found, page[:2000]
    return found[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(
    data_dir: Path,
    *,
    at: str = "2026-11-23T08:00+08:00",
    speed: int = SPEED,
    port: int | None = None,
    settings: Mapping[str, str] | None = None,
) -> Product:
    port = port or free_port()
    log = data_dir.parent / "up.log"
    command = [sys.executable, "-m", "service.cli", "up", "--port", str(port), "--data-dir", str(data_dir)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JIBAN_")} | dict(settings or {})
    with log.open("a", encoding="utf-8") as output:
        process = subprocess.Popen(
            [*command, "--at", at, "--speed", str(speed)],
            cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
    product = Product(f"http://127.0.0.1:{port}", data_dir, process, log)
    wait_for(
        lambda: process.poll() is not None or _is_ready(product), STARTS_WITHIN, f"start\n{log.read_text()[-3000:]}"
    )
    assert process.poll() is None, log.read_text()[-3000:]
    return product


def _is_ready(product: Product) -> bool:
    try:
        return httpx.get(f"{product.url}/readyz", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def stop(product: Product) -> None:
    product.process.send_signal(signal.SIGTERM)
    product.process.wait(timeout=60)


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="jiban-journey-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session")
def product(folder: Path) -> Iterator[Product]:
    running = start(folder / "data")
    yield running
    stop(running)
