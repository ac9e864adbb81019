"""What have settled cases taught about topics since yesterday?"""

import subprocess
import sys

import structlog

from service.database import transaction
from service.learning.queries import last_made_at
from service.learning.rules import is_time
from workers.app import app, now

log = structlog.get_logger("learning")

LONGEST_SECONDS = 900
TRAIN = (sys.executable, "-m", "service.cli", "categories", "train")


@app.task(name="categories.train")  # type: ignore[untyped-decorator]
def train() -> int:
    """Learn once a day, in a process that takes its memory with it; return its exit code, 0 without one."""
    with transaction() as session:
        if not is_time(last_made_at(session), now()):
            return 0
    done = subprocess.run(TRAIN, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False)  # noqa: S603  # Ours.
    tell = log.info if done.returncode == 0 else log.error
    tell("trained", said=done.stdout.strip(), why=done.stderr.strip()[-500:])
    return done.returncode
