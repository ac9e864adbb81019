"""Which steps of the ladder are due?"""

from service.database import transaction
from service.escalations.actions import BATCH, sweep
from workers.app import app, now

MOST_BATCHES = 500
"""A bound on one run; what is left waits a second for the next."""


@app.task(name="clocks.sweep", expires=5)  # type: ignore[untyped-decorator]
def sweep_clocks() -> int:
    """Take due steps, batch by batch, until none is left; return how many clocks were looked at."""
    done = 0
    for _ in range(MOST_BATCHES):
        with transaction() as session:
            looked_at = sweep(session, now())
        done += looked_at
        if looked_at < BATCH:
            break
    return done
