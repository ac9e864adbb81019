"""How does one machine get a real PostgreSQL and a real Valkey with nothing to install? From two wheels.

Both listen on 127.0.0.1 only, each behind a password of its own, and keep everything in a data folder.
"""

import contextlib
import random
import signal
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from service.embedded.account import write_for
from service.embedded.cluster import ENVIRONMENT, HOST, NAME, Cluster
from service.embedded.folder import DataFolder, Secrets
from service.embedded.ledger import Ledger
from service.embedded.processes import Child, Program, how_ended
from service.embedded.trouble import CannotRunError, telling
from service.embedded.wheels import POSTGRES, VALKEY, programs

PORTS = range(20_000, 32_000)
"""Below the ports that the system hands out to outgoing connections."""
READY_WITHIN = 120.0
"""Seconds; after a crash PostgreSQL first reads its log again."""


class EmbeddedServers:
    """A PostgreSQL and a Valkey that run as long as the `with` block.

    Start them in a thread that outlives them: on Linux they end with the thread that started them.
    """

    def __init__(self, data_dir: Path, *, say: Callable[[str], None] = lambda _: None) -> None:
        self.folder = DataFolder(data_dir)
        self.ledger = Ledger(self.folder)
        self.children: tuple[Child, ...] = ()
        self.is_new = False
        self._say = say

    def __enter__(self) -> Self:
        """Start both. Errors: CannotRunError.

        1. hold the folder; 2. end what an earlier run left behind; 3. make the secrets and the database, once;
        4. start both servers; 5. wait until both answer.
        """
        self.folder.open()
        try:
            for name in self.ledger.end_leftovers():
                self._say(f"Ended {name}, left behind by an earlier start.")
            self.secrets = self.folder.secrets()
            self.ports = keep_ports(self.folder)
            self.bin_dir = programs(POSTGRES, self.folder)
            cluster = Cluster(self.folder.path / "postgres", self.bin_dir, self.folder.account)
            self.is_new = not cluster.home.exists()
            if self.is_new:
                self._say(f"Making a database in {self.folder.path} …")
            cluster.make(self.secrets.database_password)
            self._cluster = cluster
            self.children = (self._postgres(), self._valkey())
            self.restart()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop both, and let the folder go."""
        self._close()

    @property
    def postgres(self) -> Child:
        """The database server."""
        return self.children[0]

    @property
    def valkey(self) -> Child:
        """The broker."""
        return self.children[1]

    @property
    def database_url(self) -> str:
        """Where the database is, with its password."""
        return self.environment["JIBAN_DATABASE_URL"]

    @property
    def redis_url(self) -> str:
        """Where the broker is, with its password."""
        return self.environment["JIBAN_REDIS_URL"]

    @property
    def environment(self) -> dict[str, str]:
        """The settings of every process that works on this installation."""
        return environment(self.folder.path, self.secrets, self.ports)

    def restart(self) -> None:
        """Start what does not run and wait until both answer. Errors: CannotRunError."""
        for child in self.children:
            if not child.is_running:
                child.start()
        _wait(self.valkey, lambda: answers_ping(self.ports["valkey"], self.secrets.broker_password))
        _wait(self.postgres, lambda: self._cluster.answers(self.postgres.pid))

    def _close(self) -> None:
        for child in reversed(self.children):
            child.stop()
        self.folder.close()

    def _valkey(self) -> Child:
        """Return the broker; its configuration is a file, so that no list of processes shows the password."""
        account = self.folder.account
        home = self.folder.folder("valkey", owner=account)
        lines = (
            f"bind {HOST}",
            f"port {self.ports['valkey']}",
            f"requirepass {self.secrets.broker_password}",
            'save ""',  # Every fact is a row: the broker holds nothing worth keeping.
            "appendonly no",
            "set-proc-title no",
        )
        with telling(home):
            write_for(account, home / "valkey.conf", "\n".join(lines) + "\n")
        argv = (str(programs(VALKEY, self.folder) / "valkey-server"), str(home / "valkey.conf"))
        log = self.folder.log("valkey")
        return Child(Program("valkey", argv, log, ENVIRONMENT, home, account, stop_within=5.0), self.ledger)

    def _postgres(self) -> Child:
        """Return the database server; SIGINT is its fast shutdown."""
        program = Program(
            "postgres",
            self._cluster.command(self.ports["postgres"]),
            self.folder.log("postgres"),
            ENVIRONMENT,
            self._cluster.home,
            self.folder.account,
            stop_signal=signal.SIGINT,
            stop_within=30.0,
            prepare=self._cluster.clear_stale_lock,
        )
        return Child(program, self.ledger)


def environment(data_dir: Path, secrets: Secrets, ports: Mapping[str, int]) -> dict[str, str]:
    """Return the settings of an installation, by the names of their environment variables."""
    return {
        "JIBAN_DATABASE_URL": f"postgresql://{NAME}:{secrets.database_password}@{HOST}:{ports['postgres']}/{NAME}",
        "JIBAN_REDIS_URL": f"redis://:{secrets.broker_password}@{HOST}:{ports['valkey']}/0",
        "JIBAN_DATA_DIR": str(data_dir),
        "JIBAN_ENCRYPTION_KEY": secrets.encryption_key,
        "JIBAN_INDEX_KEY": secrets.index_key,
    }


def kept_ports(folder: DataFolder) -> dict[str, int]:
    """Return the ports that an earlier start chose."""
    kept = folder.read("ports.json")
    return {k: v for k, v in kept.items() if isinstance(v, int)} if isinstance(kept, dict) else {}


def keep_ports(folder: DataFolder) -> dict[str, int]:
    """Return the ports of both servers: the same as before where they are free, else new ones."""
    before = kept_ports(folder)
    ports: dict[str, int] = {}
    for name in ("postgres", "valkey"):
        port = before.get(name, 0)
        while not port or not is_free(port) or port in ports.values():
            port = random.choice(PORTS)  # noqa: S311  # A port is no secret.
        ports[name] = port
    if ports != before:
        folder.write("ports.json", ports)
    return ports


def is_free(port: int) -> bool:
    """Could a server listen on that port of this machine?"""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def answers_ping(port: int, password: str) -> bool:
    """Does a Valkey with that password answer?"""
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1) as line:
        line.sendall(f"AUTH {password}\r\nPING\r\n".encode())
        said = b""
        while said.count(b"\n") < 2 and (more := line.recv(256)):
            said += more
        return said == b"+OK\r\n+PONG\r\n"
    return False


def _wait(child: Child, answers: Callable[[], bool]) -> None:
    """Wait until a server answers. Errors: CannotRunError with its last words."""
    give_up = time.monotonic() + READY_WITHIN
    while not answers():
        if not child.is_running or time.monotonic() > give_up:
            ended = how_ended(child.process.returncode if child.process else None)
            raise CannotRunError(
                f"{child.name} did not start ({ended}). The end of {child.program.log}:\n{child.last_words()}"
            )
        time.sleep(0.01)
