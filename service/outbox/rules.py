"""When is a notice tried, tried again or given up, when does it stay quiet, and when is it gathered with others?"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

MOST_TRIES = 8
"""On the last channel there is: about an hour."""
TRIES_BEFORE_NEXT = 4
"""Where another channel follows: after three and a half minutes it is its turn."""
MOST_TRIES_EVER = 40
"""A notice begun so often and never finished kills who delivers it."""
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
SPREAD = 0.25
"""A pause is longer by up to this share, so that what failed together does not come back together."""
QUIET_FROM, QUIET_TO = time(22), time(7)
"""At night only what may wake somebody is delivered (DOMAIN 3.2; own, after W8)."""
DIGEST_AT = time(8)
STORM = 6
"""More notices than this within an hour to one person are gathered."""
STORM_LASTS = timedelta(hours=1)


class Channel(StrEnum):
    """How a notice travels."""

    LOG = "log"
    """It stands on the reader's own pages of the service, and goes nowhere else."""
    MAIL = "mail"
    WEBHOOK = "webhook"
    APPRISE = "apprise"


class NoticeState(StrEnum):
    """What became of a notice."""

    WAITING = "waiting"
    SENT = "sent"
    GATHERED = "gathered"
    """Told as a line of a digest."""
    GIVEN_UP = "given_up"
    """Every channel was tried."""
    DROPPED = "dropped"
    """Never sent: what it warned of was settled before it left."""
    SET_ASIDE = "set_aside"
    """It cannot be told at all: no text, no readable address, nobody to tell. Somebody has to look."""
    UNWANTED = "unwanted"
    """The resident has unsubscribed from it."""
    LET_GO = "let_go"
    """Somebody decided that it need not be told any more."""


FAILED = (NoticeState.SET_ASIDE, NoticeState.GIVEN_UP)
"""States in which a notice did not arrive, and nobody has looked yet."""


class Digest(StrEnum):
    """How often somebody wants to hear of what need not wake them."""

    AT_ONCE = "at_once"
    HOURLY = "hourly"
    DAILY = "daily"


@dataclass(frozen=True)
class Wishes:
    """How one person wants to be told. Nights are always quiet; one may make them longer, never shorter."""

    channels: tuple[str, ...] = ()
    """Keys of channels in their order: "mail", or the number of a configured one. Empty: as the installation says."""
    digest: Digest = Digest.AT_ONCE
    quiet_from: time = QUIET_FROM
    quiet_to: time = QUIET_TO


AS_USUAL = Wishes()


def next_try(tries: int, now: datetime, *, spread: float = 0.0, another_follows: bool = False) -> datetime | None:
    """Return when to try a channel again after `tries` failures: 30 s, 1 min, 2 min … at most an hour; None: give up.

    `spread` from 0 to 1 makes the pause longer by its share of SPREAD.
    """
    if tries >= (TRIES_BEFORE_NEXT if another_follows else MOST_TRIES):
        return None
    return now + min(FIRST_PAUSE * float(2 ** (tries - 1)), LONGEST_PAUSE) * (1 + SPREAD * spread)


def earliest(
    now: datetime, *, wakes: bool, zone: ZoneInfo, quiet_from: time = QUIET_FROM, quiet_to: time = QUIET_TO
) -> datetime:
    """Return the earliest moment at which a notice may be delivered: now, or after quiet hours."""
    local = now.astimezone(zone)
    if wakes or quiet_to <= local.time() < quiet_from:
        return now
    morning = local if local.time() < quiet_to else local + timedelta(days=1)
    return _at(morning, quiet_to).astimezone(now.tzinfo)


def released_at(created_at: datetime, wishes: Wishes, *, wakes: bool, in_storm: bool, zone: ZoneInfo) -> datetime:
    """Return from when a notice may be delivered to somebody with these wishes.

    What may wake comes at once. The rest waits for the next full hour (wished, or in a storm: so many have come in
    this hour already) or for the next eight o'clock, and never comes in the person's quiet hours.
    """
    if wakes:
        return created_at
    local = created_at.astimezone(zone)
    if wishes.digest is Digest.DAILY:
        local = _at(local if local.time() < DIGEST_AT else local + timedelta(days=1), DIGEST_AT)
    elif in_storm or wishes.digest is Digest.HOURLY:
        local = local.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    moment = local.astimezone(created_at.tzinfo)
    return earliest(moment, wakes=False, zone=zone, quiet_from=wishes.quiet_from, quiet_to=wishes.quiet_to)


def are_gathered(due: int, wishes: Wishes, *, wakes: bool, lately: int) -> bool:
    """Do so many due notices become one? Those of a storm do, after an outage too; others where a digest is wished.

    `lately` messages have reached the person within the last hour. What may wake is gathered only with its like.
    """
    if due < 2:
        return False
    return due > STORM or (not wakes and (lately >= STORM or wishes.digest is not Digest.AT_ONCE))


def _at(day: datetime, moment: time) -> datetime:
    return day.replace(hour=moment.hour, minute=moment.minute, second=0, microsecond=0)


def route(wishes: Wishes, usual: Sequence[str], reachable: Collection[str]) -> list[str]:
    """Return the channels for somebody, in order: those wished, else the usual ones; without any, their own page."""
    wished = [key for key in wishes.channels if key in reachable]
    return wished or [key for key in usual if key in reachable] or [Channel.LOG.value]


Attempts = Sequence[Mapping[str, Any]]
"""What was tried for a notice: {"at", "by", "ok", "said", "last"}; an entry with by "" begins anew."""


def since_restart(attempts: Attempts) -> list[Mapping[str, Any]]:
    """Return the attempts since somebody asked to try again, or all of them."""
    starts = [i for i, attempt in enumerate(attempts) if not attempt["by"]]
    return list(attempts[starts[-1] + 1 :] if starts else attempts)


def still_open(channels: Iterable[str], attempts: Attempts) -> list[str]:
    """Return the channels that have not given up on a notice, in their order."""
    over = {attempt["by"] for attempt in since_restart(attempts) if attempt["last"]}
    return [key for key in channels if key not in over]


def failures_of(channel: str, attempts: Attempts) -> int:
    """Return how often a channel has failed to deliver a notice."""
    return sum(attempt["by"] == channel and not attempt["ok"] for attempt in since_restart(attempts))
