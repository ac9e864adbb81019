"""What must be tidied up, and what must never be true?"""

import time
from datetime import datetime, timedelta

import structlog

from service.accounts.limits import forget_old
from service.attachments.actions import tidy
from service.attachments.rules import UNUSED_LASTS
from service.attachments.storage import storage_in
from service.clocks.queries import notice_installed
from service.database import transaction
from service.duplicates.actions import forget_old as forget_traces
from service.feedback.actions import close_silent
from service.handling.once import forget_done_forms
from service.intake.actions import forget_keys
from service.mine.actions import forget_proofs
from service.revisions.comparing import forget_old as forget_comparisons
from service.roll.importing import forget_files
from service.settings import get_settings
from service.watch.queries import alarms
from workers.app import app, now, real_now

log = structlog.get_logger("upkeep")

BATCH = 200
JUMP_TOLD = timedelta(seconds=30)
"""So much may the wall clock differ from the time that has passed since the last look before it is told."""

SET_BY_NTP = "The clock of this machine was set. Every step is still taken once; set the clock by NTP."
_last_look: tuple[datetime, float] | None = None
"""The wall clock at the last look of this process, and its clock that nobody can set."""


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
        forget_done_forms(session, now())
        forget_comparisons(session, now())
        forget_traces(session, now())
        forget_old(session, now=real_now())
        forget_proofs(session, real_now())
        forget_files(session, now())


@app.task(name="upkeep.tidy_photos")  # type: ignore[untyped-decorator]
def tidy_photos() -> int:
    """Delete files that belong to no case: forms never sent, a crash in between, photos of forgotten cases.

    Files are dated by the real clock, whatever time is simulated.
    """
    before = (real_now() - UNUSED_LASTS).timestamp()
    with transaction() as session:
        return tidy(session, storage_in(get_settings().data_dir), before=before)


@app.task(name="upkeep.watch")  # type: ignore[untyped-decorator]
def watch() -> int:
    """Log an error for each thing that must never be true and is."""
    with transaction() as session:
        found = alarms(session, now())
    for alarm in found:
        log.error("alarm", check=alarm.check, count=alarm.count, remedy=alarm.remedy)
    jumped = _jumped(real_now(), time.monotonic())
    if jumped:
        log.error("alarm", check="clock-jumped", seconds=round(jumped.total_seconds()), remedy=SET_BY_NTP)
    return len(found) + bool(jumped)


def _jumped(wall: datetime, steady: float) -> timedelta | None:
    """Return by how much the wall clock was set since the last look, where that is more than it drifts."""
    global _last_look  # One look a process; replaced whole.
    before, _last_look = _last_look, (wall, steady)
    if before is None:
        return None
    jump = wall - before[0] - timedelta(seconds=steady - before[1])
    return jump if abs(jump) > JUMP_TOLD else None
