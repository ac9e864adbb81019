"""When is a notice tried, tried again or given up, and when does it stay quiet?"""

from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

MOST_TRIES = 8
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
QUIET_FROM, QUIET_TO = time(22), time(7)
"""At night only what may wake somebody is delivered (DOMAIN 3.2; own, after W8)."""


class Channel(StrEnum):
    """How a notice travels."""

    LOG = "log"
    MAIL = "mail"


class NoticeState(StrEnum):
    """What became of a notice."""

    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given_up"
    DROPPED = "dropped"
    """Never sent: what it warned of was settled before it left."""


def next_try(tries: int, now: datetime) -> datetime | None:
    """Return when to try again after `tries` failures: 30 s, 1 min, 2 min … at most an hour; None: give up."""
    if tries >= MOST_TRIES:
        return None
    return now + min(FIRST_PAUSE * float(2 ** (tries - 1)), LONGEST_PAUSE)


def earliest(now: datetime, *, wakes: bool, zone: ZoneInfo) -> datetime:
    """Return the earliest moment at which a notice written now may be delivered: now, or after quiet hours."""
    local = now.astimezone(zone)
    if wakes or QUIET_TO <= local.time() < QUIET_FROM:
        return now
    morning = local if local.time() < QUIET_TO else local + timedelta(days=1)
    return morning.replace(hour=QUIET_TO.hour, minute=0, second=0, microsecond=0).astimezone(now.tzinfo)
