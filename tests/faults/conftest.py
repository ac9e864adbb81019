"""Folders that the servers' own user can reach, also when the tests run as root."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from service.embedded.ledger import Ledger


def is_alive(pid: int) -> bool:
    """Does the process still run? One that has ended but was not buried by its new parent does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Shelf:
    """Keeps what a ledger writes."""

    def __init__(self) -> None:
        self.kept: dict[str, object] = {}

    def read(self, name: str) -> object:
        return self.kept.get(name)

    def write(self, name: str, content: object) -> None:
        self.kept[name] = content


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="jiban-faults-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def ledger(shelf: Shelf) -> Ledger:
    return Ledger(shelf)
