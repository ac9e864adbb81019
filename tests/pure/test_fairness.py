"""Is the choice among people fair? A month of traffic, beside dice and beside taking turns (docs/people.md)."""

import pytest

from tests.simulated_desk import Chooser, Desk, Fairness, a_month, a_team, at_random, gini, in_turn, ours

SEEDS = (1, 2, 3)


def lived(seed: int, choose: Chooser) -> Fairness:
    arrivals = a_month(seed, a_day=38)
    return Desk(a_team(seed, 15, arrivals[0].at, 30), choose).live(arrivals)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_load_lies_more_evenly_than_by_dice_or_by_turns(seed: int) -> None:
    fair, dice, turns = lived(seed, ours), lived(seed, at_random(seed)), lived(seed, in_turn())
    assert fair.passed == dice.passed == turns.passed > 1000, "nobody may be full, or the figures say nothing"
    for other in (dice, turns):
        assert fair.gini < 0.6 * other.gini
        assert fair.most_to_mean < other.most_to_mean
        assert fair.daily_most_to_mean < other.daily_most_to_mean
    assert fair.gini < 0.1
    assert fair.most_to_mean < 1.25


def test_the_same_month_is_lived_the_same_way_twice() -> None:
    assert lived(1, ours) == lived(1, ours)


@pytest.mark.parametrize(
    ("values", "expected"), [([1, 1, 1, 1], 0), ([0, 0, 0, 4], 0.75), ([1, 3], 0.25), ([0, 0], 0), ([5], 0)]
)
def test_gini(values: list[float], expected: float) -> None:
    assert gini(values) == pytest.approx(expected)
