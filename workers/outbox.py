"""Which notices are due?"""

import structlog

from service.database import transaction
from service.escalations.overtaken import drop_if_overtaken
from service.outbox.actions import claim_due, deliver
from service.settings import get_settings
from workers.app import app, now

log = structlog.get_logger("outbox")

BATCH = 20
MOST_BATCHES = 500


@app.task(name="outbox.sweep")  # type: ignore[untyped-decorator]
def sweep_outbox() -> int:
    """Deliver due notices, batch by batch, until none is left; return how many were tried."""
    done = 0
    for _ in range(MOST_BATCHES):
        with transaction() as session:
            notices = claim_due(session, now(), most=BATCH)
            for notice in notices:
                if not drop_if_overtaken(session, notice):
                    deliver(session, notice, get_settings(), now())
        done += len(notices)
        if len(notices) < BATCH:
            break
    else:
        log.warning("more is due than one run takes", task="outbox.sweep", done=done)
    return done
