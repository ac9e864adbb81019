"""How is a photo of a stranger opened without risk? In a process of its own: the photo in, what is kept of it out.

Decoders are large, and written in C. Whatever a file makes of one ends with this process, which has no settings, no
database, no file to write to, and so much memory and time as an honest photo needs.
"""

import json
import os
import resource
import sys
from typing import Any

MEMORY = 1536 * 1024 * 1024
SECONDS = 15
"""Of the processor; the largest honest photos take two."""
LAST_IN_LINE = 10
"""Niceness: whoever reads a page goes first."""
BOUNDS = {
    resource.RLIMIT_AS: MEMORY,
    resource.RLIMIT_CPU: SECONDS,
    resource.RLIMIT_FSIZE: 0,
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_NOFILE: 32,
}


def answer(facts: dict[str, Any], *parts: bytes) -> None:
    """Write a line of JSON, and the bytes that it announces behind it."""
    sys.stdout.buffer.write(json.dumps(facts).encode() + b"\n" + b"".join(parts))
    sys.stdout.buffer.flush()


def main() -> None:
    """Read a photo and answer {"width", "height", "size", "small_size"} with both pictures, or {"fault"}."""
    os.nice(LAST_IN_LINE)
    for what, most in BOUNDS.items():
        resource.setrlimit(what, (most, most))
    from service.attachments.picture import remake
    from service.attachments.rules import MOST_BYTES, Fault, PhotoRefusedError

    try:
        made = remake(sys.stdin.buffer.read(MOST_BYTES + 1))
    except PhotoRefusedError as refused:
        answer({"fault": refused.fault})
    except Exception as why:  # noqa: BLE001  # Whatever a decoder makes of a stranger's bytes, the photo is at fault.
        answer({"fault": Fault.BROKEN, "why": type(why).__name__})
    else:
        sizes = {"size": len(made.content), "small_size": len(made.small)}
        answer({"width": made.width, "height": made.height, **sizes}, made.content, made.small)


if __name__ == "__main__":
    main()
