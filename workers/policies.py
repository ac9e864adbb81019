"""What would other promises do, and are those that were decided applied to the open cases?"""

import time

from service.database import transaction
from service.revisions import actions, comparing
from workers.app import app, now

SLICE_SECONDS = 1.5
"""So long at a time: a step of the ladder that falls due meanwhile does not wait for a long comparison."""


@app.task(name="policies.compare")  # type: ignore[untyped-decorator]
def compare() -> bool:
    """Add up the next part of a comparison that somebody asked for."""
    with transaction() as session:
        return comparing.go_on(session, now(), seconds=SLICE_SECONDS)


@app.task(name="policies.migrate")  # type: ignore[untyped-decorator]
def migrate() -> int:
    """Apply or take back the next cases of a migration, each batch by itself; return how many batches."""
    done, until = 0, time.monotonic() + SLICE_SECONDS
    while time.monotonic() < until:
        with transaction() as session:
            if not actions.go_on(session, now()):
                break
        done += 1
    return done
