"""Which notices are due?"""

import threading

import structlog

from service.database import transaction
from service.delivery.actions import begin, finish, gather
from service.delivery.jobs import Channels, Resting, send_all
from service.escalations.overtaken import drop_overtaken
from service.settings import get_settings
from workers.app import app, now, real_now

log = structlog.get_logger("outbox")

BATCH = 100
MOST_BATCHES = 500

_one_at_a_time = threading.Lock()
"""A channel that hangs holds up one thread of this process; the others watch the clocks."""
_resting = Resting()


@app.task(name="outbox.sweep")  # type: ignore[untyped-decorator]
def sweep_outbox() -> int:
    """Deliver due notices, batch by batch, until none is left; return how many were looked at."""
    if not _one_at_a_time.acquire(blocking=False):
        return 0
    try:
        return _sweep()
    finally:
        _one_at_a_time.release()


def _sweep() -> int:
    """Gather once, which looks at all that is due, then send between two transactions: none is held while one waits."""
    settings, done = get_settings(), 0
    with transaction() as session:
        gather(session, now(), drop_overtaken=drop_overtaken)
    for _ in range(MOST_BATCHES):
        with transaction() as session:
            jobs, looked_at = begin(session, settings, now(), most=BATCH, drop_overtaken=drop_overtaken)
        send = Channels(settings, at=real_now(), now=now())
        outcomes = send_all(jobs, send, _resting, internal_hosts=settings.internal_hosts)
        if outcomes:
            with transaction() as session:
                finish(session, outcomes, settings, now())
        done += looked_at
        if looked_at < BATCH:
            break
    else:
        log.warning("more is due than one run takes", task="outbox.sweep", done=done)
    return done
