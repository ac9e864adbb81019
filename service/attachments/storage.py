"""Where do the bytes lie? In the data folder, under the hash of their content, written whole or not at all."""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

NAME = re.compile(r"[0-9a-f]{64}")
DRAFT = ".part"
"""How the name of a file ends that is being written."""


class Storage:
    """A folder of immutable files named by their SHA-256."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str) -> Path:
        """Return where the file of that hash lies. Errors: ValueError when it is no hash."""
        if not NAME.fullmatch(sha256):
            raise ValueError("not a SHA-256 in lower-case hexadecimal")
        return self.folder / sha256[:2] / sha256

    def put(self, content: bytes) -> str:
        """Store the bytes and return their hash. The same bytes are stored once, and are then as young as new ones.

        1. write to a temporary file beside the target; 2. flush it to the disk; 3. rename it into place; 4. flush the
        folder, so that the name is there after a power cut too. Errors: OSError, and nothing is left behind.
        """
        name = hashlib.sha256(content).hexdigest()
        target = self.path(name)
        try:
            os.utime(target)
        except FileNotFoundError:
            self._write(target, content)
        return name

    def _write(self, target: Path, content: bytes) -> None:
        is_new = not target.parent.exists()
        for folder in (self.folder, target.parent):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=target.parent, suffix=DRAFT, delete=False) as file:
            try:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(target)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        _flush(target.parent)
        if is_new:
            _flush(self.folder)

    def get(self, sha256: str) -> bytes:
        """Return the bytes of that hash. Errors: FileNotFoundError; OSError when the bytes have changed."""
        content = self.path(sha256).read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise OSError(f"the stored file {sha256} no longer matches its hash")
        return content

    def has(self, sha256: str) -> bool:
        """Is there a file of that hash?"""
        return self.path(sha256).is_file()

    def drop(self, sha256: str) -> None:
        """Delete the file of that hash, if there is one."""
        self.path(sha256).unlink(missing_ok=True)

    def older_than(self, moment: float) -> Iterator[Path]:
        """Return every file, whole or left unfinished, that nobody has stored since (seconds of the epoch)."""
        for file in self.folder.glob("??/*"):
            try:
                if file.stat().st_mtime < moment:
                    yield file
            except FileNotFoundError:
                continue


def storage_in(data_dir: Path) -> Storage:
    """Return the storage of an installation."""
    return Storage(data_dir / "attachments")


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
