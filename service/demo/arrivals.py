"""When do requests come in, over years? By hour, weekday and storm day, as measured, never all at once.

Everything here is arithmetic on seconds since 1970, since a city has a million arrivals.
"""

import random
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate

from service.timekeeping import ZONE

HOURS = (23, 13, 2, 3, 1, 4, 7, 15, 42, 62, 110, 86, 52, 50, 67, 90, 70, 70, 50, 39, 35, 39, 41, 28)
WEEKDAYS = (158, 192, 186, 162, 144, 74, 85)
"""When people write, by hour of the day and from Monday to Sunday: 7,637 real messages (DOMAIN 7.3)."""
A_DAY = 800
"""Cases a day that need handling among a million residents (DOMAIN 7.3, own)."""
UNEVEN = 0.12
"""The standard deviation of a day's number around what its weekday brings (own)."""
STORM, STORMS_A_YEAR = 2.9, 2
"""The worst of 184 measured days brought 2.9 times the mean (913 of 316.6, Boston 2011, DOMAIN 7.3)."""
STORM_HOURS = (1, 1, 1, 1, 1, 1, 2, 5, 9, 12, 17, 15, 12, 11, 10, 9, 7, 5, 4, 3, 3, 2, 2, 1)
"""A storm's worst hour brings 17 % of its day (155 of 913)."""
DAY, HOUR = 86_400, 3_600


@dataclass(frozen=True)
class DayOf:
    """A day of the installation's zone: when it begins, and how many requests it brings."""

    day: date
    midnight: int
    count: int
    is_storm: bool


def days_back(count: int, now: datetime, dice: random.Random) -> list[DayOf]:
    """Return the days, oldest first, that together brought `count` requests up to `now`."""
    found: list[DayOf] = []
    midnight = now.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    mean = sum(WEEKDAYS) / len(WEEKDAYS)
    # What is over of today is not there yet.
    share = _passed(now, midnight)
    while count > 0:
        is_storm = dice.random() < STORMS_A_YEAR / 365
        expected = A_DAY * WEEKDAYS[midnight.weekday()] / mean * max(dice.gauss(1, UNEVEN), 0.3)
        number = min(count, max(1, round(expected * share * (STORM if is_storm else 1))))
        found.append(DayOf(midnight.date(), int(midnight.timestamp()), number, is_storm))
        count, share, midnight = count - number, 1.0, (midnight - timedelta(days=1))
    return found[::-1]


def moments_of(day: DayOf, until: int, dice: random.Random) -> Iterator[int]:
    """Yield the seconds at which a day's requests came in, in no order, none after `until`."""
    cumulated = list(accumulate(STORM_HOURS if day.is_storm else HOURS))
    last = max(until - day.midnight, 1)
    for _ in range(day.count):
        second = bisect_left(cumulated, dice.random() * cumulated[-1]) * HOUR + int(dice.random() * HOUR)
        yield day.midnight + (second if second < last else int(dice.random() * last))


def drawn(cumulated: Sequence[float], dice: random.Random, among: int | None = None) -> int:
    """Return a place drawn by cumulated weights, only among the first ones if so many are named."""
    among = len(cumulated) if among is None else among
    return min(bisect_left(cumulated, dice.random() * cumulated[among - 1]), among - 1)


def _passed(now: datetime, midnight: datetime) -> float:
    hours = (now - midnight).total_seconds() / HOUR
    whole = int(hours)
    return (sum(HOURS[:whole]) + HOURS[min(whole, 23)] * (hours - whole)) / sum(HOURS)
