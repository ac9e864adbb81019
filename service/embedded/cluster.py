"""How does an empty folder become a PostgreSQL cluster, and when may one be started again?"""

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from service.embedded.account import Account, as_account, own, write_for
from service.embedded.processes import how_ended
from service.embedded.trouble import CannotRunError, telling

HOST = "127.0.0.1"
NAME = "jiban"
"""The database, and the role that owns it."""
ENVIRONMENT: Mapping[str, str] = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
OPTIONS: Mapping[str, str] = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # A socket's path may be too long for the system.
    "max_connections": "60",
    "shared_buffers": "96MB",
    "max_wal_size": "512MB",
    "max_worker_processes": "4",
    "max_logical_replication_workers": "0",
    "autovacuum_max_workers": "2",
    "io_method": "sync",  # Saves three processes; a town's data lies in memory.
    "jit": "off",  # Every query is short.
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",  # The details of an error may hold what a resident wrote.
    "log_min_error_statement": "panic",  # So may the statement.
}


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL cluster in `home`, run by the programs in `bin_dir` as `account`."""

    home: Path
    bin_dir: Path
    account: Account | None

    def command(self, port: int) -> tuple[str, ...]:
        """Return what starts the server."""
        options = {"port": str(port), **OPTIONS}
        return (
            self._program("postgres"),
            "-D",
            str(self.home),
            *(f"--{key}={value}" for key, value in options.items()),
        )

    def make(self, password: str) -> None:
        """Make the cluster with its database if there is none.

        Errors: CannotRunError when it cannot be made, or is there and belongs to another version.

        1. make the cluster beside its place; 2. make the database in it; 3. move it into place, so that a start
        broken off leaves nothing half done.
        """
        if self.home.exists():
            self._check_version()
            return
        draft, password_file = self.home.with_name("postgres.new"), self.home.with_name("password.new")
        with telling(self.home.parent):
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(mode=0o700)
            own(draft, self.account)
            write_for(self.account, password_file, password)
        try:
            self._run("initdb", [f"--pgdata={draft}", f"--pwfile={password_file}", *_initdb_options()])
            self._run("postgres", ["--single", "-D", str(draft), "postgres"], f"CREATE DATABASE {NAME};\n")
        finally:
            password_file.unlink(missing_ok=True)
        draft.rename(self.home)

    def clear_stale_lock(self) -> None:
        """Remove a postmaster.pid whose process is gone or has become another program.

        PostgreSQL does this itself unless the number has gone to another process of the same user, as it does
        after every restart of a container. Errors: CannotRunError when a server runs on the cluster.
        """
        pid = self._pid()
        if pid is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            if str(self.home) in psutil.Process(pid).cmdline():
                raise CannotRunError(f"A PostgreSQL (process {pid}) already runs on {self.home}. Stop it first.")
        (self.home / "postmaster.pid").unlink(missing_ok=True)

    def answers(self, pid: int) -> bool:
        """Does the server with that process number take connections?"""
        with contextlib.suppress(OSError):
            lines = (self.home / "postmaster.pid").read_text().splitlines()
            return len(lines) > 7 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"
        return False

    def _pid(self) -> int | None:
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
            return int((self.home / "postmaster.pid").read_text().splitlines()[0])
        return None

    def _check_version(self) -> None:
        ours = re.search(r"\d+", self._run("postgres", ["--version"]))
        try:
            theirs = (self.home / "PG_VERSION").read_text().strip()
        except OSError as why:
            raise CannotRunError(
                f"{self.home} is damaged: {why.strerror} (PG_VERSION). Restore the data folder from a backup."
            ) from why
        if ours is None or ours.group() != theirs:
            raise CannotRunError(
                f"The database in {self.home} was made by PostgreSQL {theirs}, and this is"
                f" {ours.group() if ours else 'unknown'}. Dump it with the version it was made by, or choose another"
                " folder with --data-dir."
            )

    def _run(self, program: str, arguments: Sequence[str], stdin: str = "") -> str:
        done = subprocess.run(  # noqa: S603  # Our own programs, no shell.
            [self._program(program), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env=ENVIRONMENT,
            cwd=self.home.parent,
            **as_account(self.account),
        )
        if done.returncode != 0:
            raise CannotRunError(
                f"{program} failed on {self.home.parent}: {cause(done.stderr) or how_ended(done.returncode)}."
            )
        return done.stdout

    def _program(self, name: str) -> str:
        return str(self.bin_dir / name)


def cause(said: str) -> str:
    """Return the first complaint among what a program of PostgreSQL said, else its last line."""
    found = re.search(r"(?:error|ERROR|FATAL|PANIC):\s+(.+)", said)
    lines = said.strip().splitlines()
    return (found[1] if found else lines[-1] if lines else "").rstrip(".")


def _initdb_options() -> tuple[str, ...]:
    """Return a cluster that sorts alike on every system: PostgreSQL's own C.UTF-8."""
    return (
        f"--username={NAME}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
    )
