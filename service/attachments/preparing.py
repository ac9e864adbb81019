"""How does a file that came in become a photo in the storage? Opened by a child process, stored by this one."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import IO

import structlog

from service.attachments.rules import Fault, PhotoRefusedError
from service.attachments.storage import Storage

log = structlog.get_logger("photos")

CHILD = "service.attachments.child"
DONE_WITHIN = 30.0
"""Seconds; a child that takes longer is ended."""
ENVIRONMENT = ("PATH", "LANG", "LD_LIBRARY_PATH")
"""What a child gets to know of ours."""


@dataclass(frozen=True)
class Photo:
    """A photo that lies in the storage: two files by their hashes, and the size of the larger one in pixels."""

    sha256: str
    small_sha256: str
    width: int
    height: int
    size: int
    """Bytes of the larger file."""


def prepare(file: IO[bytes], storage: Storage) -> Photo:
    """Check a file, make it anew and store it; both pictures are on the disk when this returns.

    Takes up to seconds: call it in a thread, and no more at once than there is memory for.
    Errors: PhotoRefusedError.
    """
    file.flush()
    file.seek(0)
    facts, content, small = _made(file)
    try:
        return Photo(storage.put(content), storage.put(small), facts["width"], facts["height"], len(content))
    except OSError as why:
        log.exception("photo not stored")
        raise PhotoRefusedError(Fault.NO_ROOM) from why


def _made(file: IO[bytes]) -> tuple[dict[str, int], bytes, bytes]:
    """Return what the child says, and both pictures. Errors: PhotoRefusedError."""
    bare = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    try:
        done = subprocess.run(  # noqa: S603  # Ours.
            [sys.executable, "-m", CHILD],
            stdin=file,
            capture_output=True,
            timeout=DONE_WITHIN,
            check=False,
            env=bare | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
    except subprocess.TimeoutExpired as why:
        log.warning("photo given up", why="it took too long")
        raise PhotoRefusedError(Fault.BROKEN) from why
    except OSError as why:
        log.exception("no process for a photo")
        raise PhotoRefusedError(Fault.BUSY) from why
    line, _, rest = done.stdout.partition(b"\n")
    if done.returncode != 0 or not line:
        log.warning("photo given up", exit_code=done.returncode, why=done.stderr[-300:].decode(errors="replace"))
        raise PhotoRefusedError(Fault.BROKEN)
    facts = json.loads(line)
    if "fault" in facts:
        log.info("photo refused", fault=facts["fault"], why=facts.get("why", ""))
        raise PhotoRefusedError(Fault(facts["fault"]))
    return facts, rest[: facts["size"]], rest[facts["size"] :]
