"""What must be tidied up, and what must never be true?"""

import structlog

from service.accounts.limits import forget_old
from service.clocks.queries import notice_installed
from service.database import transaction
from service.feedback.actions import close_silent
from service.intake.actions import forget_keys
from service.revisions.comparing import forget_old as forget_comparisons
from service.watch.queries import alarms
from workers.app import app, now, real_now

log = structlog.get_logger("upkeep")

BATCH = 200


@app.task(name="upkeep.close_silent")  # type: ignore[untyped-decorator]
def close_silent_cases() -> int:
    """Close resolved cases that nobody rated in time."""
    with transaction() as session:
        notice_installed(session)
        return close_silent(session, now(), most=BATCH)


@app.task(name="upkeep.forget")  # type: ignore[untyped-decorator]
def forget() -> None:
    """Drop what is kept for a time only."""
    with transaction() as session:
        forget_keys(session, now())
        forget_comparisons(session, now())
        forget_old(session, now=real_now())


@app.task(name="upkeep.watch")  # type: ignore[untyped-decorator]
def watch() -> int:
    """Log an error for each thing that must never be true and is."""
    with transaction() as session:
        found = alarms(session, now())
    for alarm in found:
        log.error("alarm", check=alarm.check, count=alarm.count, remedy=alarm.remedy)
    return len(found)
