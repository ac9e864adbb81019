"""Which steps of the ladder are due, and which due times can be told better now?"""

import structlog

from service.clocks.queries import notice_installed
from service.clocks.recounting import recompute
from service.database import transaction
from service.escalations.actions import BATCH, sweep
from workers.app import app, now

log = structlog.get_logger("clocks")

MOST_BATCHES = 500
"""A bound on one run; what is left waits a second for the next."""


@app.task(name="clocks.sweep")  # type: ignore[untyped-decorator]
def sweep_clocks() -> int:
    """Take due steps, batch by batch, until none is left; return how many clocks were looked at."""
    done = 0
    for _ in range(MOST_BATCHES):
        with transaction() as session:
            notice_installed(session)
            looked_at = sweep(session, now())
        done += looked_at
        if looked_at < BATCH:
            break
    else:
        log.warning("more is due than one run takes", task="clocks.sweep", done=done)
    return done


@app.task(name="clocks.recompute")  # type: ignore[untyped-decorator]
def recompute_clocks() -> int:
    """Count again what was counted with other days off than those known now; return how many promises were."""
    done = 0
    for _ in range(MOST_BATCHES):
        with transaction() as session:
            notice_installed(session)
            counted = recompute(session, now(), most=BATCH)
        done += counted
        if counted < BATCH:
            break
    else:
        log.warning("more is due than one run takes", task="clocks.recompute", done=done)
    return done
