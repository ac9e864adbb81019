"""What does an archive look like, and is it whole?

A tar file that any tar can list: the database, the attachments by their hash, and manifest.json, which says what must
be there. Behind its end stands one line with the SHA-256 of everything before it: an archive cut short or changed
anywhere is told from a whole one. That finds damage, not forgery: keep archives where only operators write.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from service.embedded.trouble import CannotRunError

FORMAT = 1
MANIFEST, DATABASE, ATTACHMENTS = "manifest.json", "database.sql.gz", "attachments/"
MARK = b"sha256:"
SEAL_BYTES = len(MARK) + 64 + 1
CHUNK = 1 << 20
WITHOUT = (
    "Keys, passwords of servers and other settings are not in this archive: keep secrets.json, or the JIBAN_ variables,"
    " in another place. Without JIBAN_ENCRYPTION_KEY nobody can read the contacts in it."
)


@dataclass(frozen=True)
class Manifest:
    """What an archive holds."""

    made_at: str
    """ISO 8601, UTC."""
    schema: str
    """The newest migration of the database."""
    server: str
    """The version of the PostgreSQL it comes from."""
    rows: dict[str, int]
    """How many rows each table has."""
    keys: dict[str, str]
    """What tells the keys it was written with from others, and does not give them away."""
    attachments: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """Attachments that a row names and that could not be read when the archive was made."""
    without: str = WITHOUT
    format: int = FORMAT


class _Sealing(io.RawIOBase):
    """Passes on what is written, and knows its hash."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.hash = file, hashlib.sha256()

    def write(self, content: Any) -> int:  # noqa: ANN401  # Whatever holds bytes.
        self.hash.update(content)
        return self._file.write(content)


class Writer:
    """An archive being written."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar

    def add(self, name: str, content: bytes) -> None:
        """Add a small file."""
        self._tar.addfile(_entry(name, len(content)), io.BytesIO(content))

    def add_file(self, name: str, path: Path) -> None:
        """Add a file of any size."""
        with path.open("rb") as file:
            self._tar.addfile(_entry(name, path.stat().st_size), file)

    def finish(self, manifest: Manifest) -> None:
        """Add what says what must be there."""
        self.add(MANIFEST, json.dumps(asdict(manifest), ensure_ascii=False, indent=1).encode())


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry


@contextmanager
def written(target: Path) -> Iterator[Writer]:
    """Write an archive, whole or not at all, for nobody else to read. Errors: OSError."""
    draft = target.with_name(f"{target.name}.part")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            sealing = _Sealing(file)
            with tarfile.open(fileobj=sealing, mode="w|", format=tarfile.PAX_FORMAT) as tar:
                yield Writer(tar)
            file.write(MARK + sealing.hash.hexdigest().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def opened(path: Path) -> Iterator[tuple[tarfile.TarFile, Manifest]]:
    """Open an archive that is whole, and say what it holds. Errors: CannotRunError."""
    try:
        file = path.open("rb")
    except OSError as why:
        raise CannotRunError(f"The archive {path} cannot be read: {why.strerror}.") from why
    with file:
        _check_seal(path, file)
        file.seek(0)
        with tarfile.open(fileobj=file, mode="r:") as tar:
            yield tar, _manifest(path, tar)


def _check_seal(path: Path, file: IO[bytes]) -> None:
    """Read all of it once. Errors: CannotRunError when it is cut short or changed."""
    left, found = path.stat().st_size - SEAL_BYTES, hashlib.sha256()
    while left > 0 and (chunk := file.read(min(CHUNK, left))):
        found.update(chunk)
        left -= len(chunk)
    if left != 0 or file.read() != MARK + found.hexdigest().encode() + b"\n":
        raise CannotRunError(f"{path} is no whole archive of Jiban: it was cut short or changed. Take another one.")


def _manifest(path: Path, tar: tarfile.TarFile) -> Manifest:
    values = json.loads(content(tar, MANIFEST).read())
    if values["format"] > FORMAT:
        raise CannotRunError(
            f"{path} was made by a newer version of Jiban. Install that version, and restore it there."
        )
    return Manifest(**values)


def content(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    """Return a file of an archive."""
    found = tar.extractfile(name)
    if found is None:
        raise KeyError(name)
    return found


def each_attachment(tar: tarfile.TarFile, take: Callable[[str, bytes], None]) -> None:
    """Hand over hash and content of every attachment in an archive."""
    for entry in tar:
        if entry.name.startswith(ATTACHMENTS):
            take(entry.name.removeprefix(ATTACHMENTS), content(tar, entry.name).read())
