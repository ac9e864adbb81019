"""Where does an installation on one machine keep its things, and who may read them?

    <data>/            0710 root:jiban as root, 0700 otherwise
      lock             held as long as somebody runs the folder; holds their process number
      secrets.json     0600, made once: keys and passwords
      ports.json       the ports of the servers, kept so that addresses stay the same
      processes.json   what was started, so that a later start can end what was left behind
      log/ postgres/ valkey/ bin/ attachments/ metrics/

PostgreSQL refuses to run as root. There both servers, and the product where it can, run as the system user `jiban`,
which is made when it is missing and owns only the folders it writes in. The mode of a folder we did not make is never
changed.
"""

import base64
import fcntl
import hashlib
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from service.embedded.account import Account, first_barred, servers_account
from service.embedded.trouble import CannotRunError, telling

ROOT_DATA = Path("/var/lib/jiban")


def default_data_dir() -> Path:
    """Return .jiban/ here; for root a folder under /var/lib/jiban, which the servers' user can reach."""
    here = Path.cwd()
    if os.geteuid() != 0:
        return here / ".jiban"
    return ROOT_DATA / f"{here.name or 'root'}-{hashlib.sha256(os.fsencode(here)).hexdigest()[:8]}"


@dataclass(frozen=True)
class Secrets:
    """What an installation on one machine must keep to itself; losing `encryption_key` loses the contacts."""

    encryption_key: str
    index_key: str
    database_password: str
    broker_password: str

    @classmethod
    def fresh(cls) -> "Secrets":
        """Return new ones from the system's random source."""
        key, other = (base64.urlsafe_b64encode(secrets.token_bytes(32)).decode() for _ in range(2))
        return cls(key, other, secrets.token_urlsafe(24), secrets.token_urlsafe(24))


class DataFolder:
    """The folder of one installation, held by one process at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self.account: Account | None = None
        self._lock: int | None = None

    def open(self) -> None:
        """Make the folder ready and hold it.

        Errors: CannotRunError when it cannot be written, is held by somebody else, or the servers' user
        cannot reach it.
        """
        self.account = servers_account()
        with telling(self.path):
            self._make()
        if self.account is not None:
            self._check_reach(self.account)
        with telling(self.path):
            self._hold()
            self.folder("log")

    def close(self) -> None:
        """Let the folder go."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def is_held(self) -> bool:
        """Does somebody run on the folder? Errors: CannotRunError."""
        with telling(self.path):
            try:
                lock = os.open(self.path / "lock", os.O_RDONLY)
            except FileNotFoundError:
                return False
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            finally:
                os.close(lock)
            return False

    def folder(self, name: str, *, owner: Account | None = None) -> Path:
        """Return a folder in here that only its owner may enter."""
        made = self.path / name
        if not made.exists():
            made.mkdir(mode=0o700)
            if owner is not None:
                os.chown(made, owner.uid, owner.gid)
        return made

    def log(self, name: str) -> Path:
        """Return the log file of a process."""
        return self.path / "log" / f"{name}.log"

    def secrets(self) -> Secrets:
        """Return the installation's secrets, made when the folder is new.

        Errors: CannotRunError when they are broken, or gone while there is a database they belong to.
        """
        file = self.path / "secrets.json"
        if not file.exists():
            if (self.path / "postgres").exists():
                raise CannotRunError(
                    f"{file} is gone, and without it the contacts in {self.path / 'postgres'} cannot be read."
                    " Restore it from a backup, or choose another folder with --data-dir."
                )
            self.write("secrets.json", asdict(Secrets.fresh()))
        return self.kept_secrets()

    def kept_secrets(self) -> Secrets:
        """Return the secrets of an installation that exists. Errors: CannotRunError."""
        file = self.path / "secrets.json"
        with telling(self.path):
            text = file.read_text()
        try:
            return Secrets(**json.loads(text))
        except (ValueError, TypeError) as why:
            raise CannotRunError(f"{file} is damaged. Restore it from a backup.") from why

    def read(self, name: str) -> object:
        """Return the content of a JSON file in here, None when it is missing or damaged."""
        try:
            found: object = json.loads((self.path / name).read_text())
        except (FileNotFoundError, ValueError):
            return None
        return found

    def write(self, name: str, content: object) -> None:
        """Write a JSON file in here, whole or not at all, for nobody else to read."""
        target, draft = self.path / name, self.path / f"{name}.new"
        with telling(self.path):
            draft.unlink(missing_ok=True)
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump(content, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)

    def _make(self) -> None:
        if self.path.is_dir():
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.mkdir(mode=0o700, exist_ok=True)
        if self.account is not None:
            os.chown(self.path, 0, self.account.gid)
            self.path.chmod(0o710)

    def _hold(self) -> None:
        self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as why:
            holder = os.read(self._lock, 20).decode().strip() or "unknown"
            self.close()
            raise CannotRunError(
                f"Jiban already runs on {self.path} (process {holder})."
                " Stop it first, or choose another folder with --data-dir."
            ) from why
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def _check_reach(self, account: Account) -> None:
        barred = first_barred(self.path, account)
        if barred is not None:
            raise CannotRunError(
                f"As root, PostgreSQL runs as the user “{account.name}”, who may not enter {barred}, so the data cannot"
                f" lie in {self.path}. Choose a folder outside it with --data-dir, such as {ROOT_DATA / 'data'}."
            )
