"""When is a newcomer sent away? When those under way, at the pace of the answers, would keep them waiting too long."""

import pytest

from service.web.crowd import FEW, GRACE, LONGEST_WAIT, LONGEST_WAIT_OF_A_POLL, MOST, Crowd


class Town:
    """A process that answers so many a second, on a clock of its own."""

    def __init__(self) -> None:
        self.now = 100.0
        self.crowd = Crowd(lambda: self.now)

    def come(self, many: int) -> None:
        for _ in range(many):
            self.crowd.come()

    def live(self, seconds: float, *, coming: int, answering: int, polls: bool = False) -> int:
        """Let requests come and be answered, so many a second; return how many were sent away."""
        sent_away, answered, step = 0, 0.0, 1 / coming
        for _ in range(round(seconds * coming)):
            self.now += step
            if self.crowd.is_too_large(for_a_poll=polls):
                sent_away += 1
            else:
                self.crowd.come()
            answered += answering * step
            while answered >= 1:
                answered -= 1
                if self.crowd.under_way:
                    self.crowd.go()
        return sent_away


@pytest.fixture
def town() -> Town:
    return Town()


def test_nobody_is_sent_away_while_answers_keep_up(town: Town) -> None:
    assert town.live(60, coming=120, answering=125) == 0


@pytest.mark.parametrize("times", [2, 5])
def test_of_twice_and_five_times_as_many_the_rest_is_sent_away_and_nobody_waits_longer(town: Town, times: int) -> None:
    capacity = 120
    sent_away = town.live(60, coming=times * capacity, answering=capacity)
    assert sent_away == pytest.approx((times - 1) * capacity * 60, rel=0.05)
    assert town.crowd.under_way / capacity <= LONGEST_WAIT * 1.1


def test_after_a_crowd_everybody_is_let_in_again_at_once(town: Town) -> None:
    town.live(60, coming=400, answering=120)
    town.live(2, coming=10, answering=120)
    assert town.crowd.under_way == 0
    assert town.live(30, coming=100, answering=120) == 0


def test_many_at_the_same_moment_after_a_quiet_time_are_all_let_in(town: Town) -> None:
    town.live(30, coming=1, answering=100)
    town.come(60)
    town.now += GRACE - 0.01
    assert not town.crowd.is_too_large()


def test_where_nothing_is_answered_any_more_a_crowd_is_sent_away_after_the_grace(town: Town) -> None:
    town.come(FEW + 1)
    assert not town.crowd.is_too_large()
    town.now += GRACE
    assert town.crowd.is_too_large()


def test_few_are_let_in_however_long_they_take(town: Town) -> None:
    town.come(FEW)
    town.now += 3600
    assert not town.crowd.is_too_large()


def test_there_is_an_end_even_within_the_grace(town: Town) -> None:
    town.come(MOST - 1)
    assert not town.crowd.is_too_large()
    town.come(1)
    assert town.crowd.is_too_large()


def test_what_pages_ask_by_themselves_is_sent_away_first(town: Town) -> None:
    capacity = 100
    town.live(20, coming=2 * capacity, answering=capacity, polls=True)
    assert town.crowd.under_way / capacity <= LONGEST_WAIT_OF_A_POLL * 1.1
    town.come(2)
    assert town.crowd.is_too_large(for_a_poll=True)
    assert not town.crowd.is_too_large()


def test_answers_of_an_earlier_crowd_do_not_count_for_the_next(town: Town) -> None:
    town.live(10, coming=2000, answering=1000)
    town.live(3, coming=1, answering=1000)
    town.come(FEW + 1)
    town.now += GRACE
    assert town.crowd.is_too_large()
