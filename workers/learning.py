"""What have settled cases taught about topics since yesterday?"""

import subprocess
import sys

import structlog

from workers.app import app

log = structlog.get_logger("learning")

LONGEST_SECONDS = 900
TRAIN = (sys.executable, "-m", "service.cli", "categories", "train")


@app.task(name="categories.train")  # type: ignore[untyped-decorator]
def train() -> int:
    """Learn in a process of its own, which takes its memory with it when it ends; return its exit code."""
    done = subprocess.run(TRAIN, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False)  # noqa: S603  # Ours.
    tell = log.info if done.returncode == 0 else log.error
    tell("trained", said=done.stdout.strip(), why=done.stderr.strip()[-500:])
    return done.returncode
