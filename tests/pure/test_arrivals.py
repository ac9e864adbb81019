"""Requests of years come in as they were measured to: by weekday, by hour, with storms, and never after now."""

import random
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from service.demo.arrivals import A_DAY, DAY, STORM, days_back, drawn, moments_of
from service.timekeeping import ZONE

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
"""A Monday, half past ten in Shanghai."""


def dice() -> random.Random:
    return random.Random(7)


@pytest.mark.parametrize("count", [1, 2, 799, 20_000, 300_000])
def test_the_days_bring_exactly_so_many(count: int) -> None:
    days = days_back(count, NOW, dice())
    assert sum(day.count for day in days) == count
    assert all(later.midnight - earlier.midnight == DAY for earlier, later in pairwise(days))
    assert days[-1].day == NOW.astimezone(ZONE).date()


def test_nothing_comes_in_after_now_and_today_is_not_over() -> None:
    days, now = days_back(50_000, NOW, dice()), int(NOW.timestamp())
    moments = [at for day in days for at in moments_of(day, now, dice())]
    assert len(moments) == 50_000
    assert max(moments) < now
    assert days[-1].count < A_DAY * 0.6


def test_weekends_are_quiet_and_the_middle_of_the_morning_is_the_peak() -> None:
    days = days_back(200_000, NOW, dice())
    local = [datetime.fromtimestamp(at, ZONE) for day in days for at in moments_of(day, int(NOW.timestamp()), dice())]
    weekend = sum(at.weekday() >= 5 for at in local) / len(local)
    hours = Counter(at.hour for at in local)
    assert 0.13 < weekend < 0.19, "15.9 % were measured"
    assert max(hours, key=lambda hour: hours[hour]) == 10
    assert 0.08 < sum(hours[h] for h in (22, 23, *range(7))) / len(local) < 0.16, "12.2 % were measured"


def test_there_are_storms_of_nearly_three_times_a_usual_day() -> None:
    days = days_back(1_000_000, NOW, dice())
    storms = [day.count for day in days if day.is_storm]
    assert 1 <= len(storms) <= 20
    assert max(storms) > A_DAY * (STORM - 1.5)
    assert A_DAY * 0.9 < 1_000_000 / len(days) < A_DAY * 1.1


def test_the_same_seed_makes_the_same_days() -> None:
    assert days_back(10_000, NOW, dice()) == days_back(10_000, NOW, dice())
    assert days_back(10_000, NOW, dice()) != days_back(10_000, NOW, random.Random(8))


def test_a_place_is_drawn_by_its_weight_and_only_among_the_first() -> None:
    shaken, cumulated = dice(), [1.0, 1.0, 4.0]
    among_all = Counter(drawn(cumulated, shaken) for _ in range(2_000))
    assert 0.65 < among_all[2] / 2_000 < 0.85
    assert among_all[1] == 0
    assert {drawn(cumulated, shaken, 1) for _ in range(50)} == {0}
