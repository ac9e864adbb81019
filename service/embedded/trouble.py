"""What on this machine is in the way? Always told in a sentence."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class CannotRunError(Exception):
    """Something on this machine is in the way; the message is a sentence for the person at the console."""


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """Turn what the file system refuses into a sentence. Errors: CannotRunError."""
    try:
        yield
    except OSError as why:
        mend = (
            "Make room on that disk, or choose another folder with --data-dir."
            if why.errno in (errno.ENOSPC, errno.EDQUOT)
            else "Choose another folder with --data-dir."
        )
        where = f" ({why.filename})" if why.filename else ""
        raise CannotRunError(f"The data folder {path} cannot be used: {why.strerror}{where}. {mend}") from why
