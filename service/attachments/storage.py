"""Where do the bytes lie? In the data folder, under the hash of their content, written whole or not at all."""

import hashlib
import os
import re
import tempfile
from pathlib import Path

NAME = re.compile(r"[0-9a-f]{64}")


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
        """Store the bytes and return their hash. The same bytes are stored once.

        1. write to a temporary file beside the target; 2. flush it to the disk; 3. rename it into place.
        """
        name = hashlib.sha256(content).hexdigest()
        target = self.path(name)
        if target.exists():
            return name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(target)
        return name

    def get(self, sha256: str) -> bytes:
        """Return the bytes of that hash. Errors: FileNotFoundError; OSError when the bytes have changed."""
        content = self.path(sha256).read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise OSError(f"the stored file {sha256} no longer matches its hash")
        return content
