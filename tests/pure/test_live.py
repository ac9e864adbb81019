"""Whom does a change concern, what is new, and how often is somebody told?"""

import pytest

from service.live.rules import LATE_WITHIN, LONGEST_PAUSE, Scope, Touched, Window, concerns, pause_after

SHORE = "/1/2/4/"
SUPERVISOR, WORKER = Scope(7, "/1/2/"), Scope(9, SHORE)


def test_a_change_concerns_those_whose_area_covers_it_and_nobody_beside() -> None:
    changed = Touched(frozenset({SHORE}))
    assert concerns(changed, SUPERVISOR)
    assert concerns(changed, WORKER)
    assert not concerns(changed, Scope(8, "/1/3/"))
    assert not concerns(changed, Scope(8, "/1/2/5/"))
    assert not concerns(changed, Scope(8, "/1/2/4/6/")), "what lies above a grid is not the grid's"


def test_an_area_whose_number_begins_alike_is_another_one() -> None:
    assert not concerns(Touched(frozenset({"/1/20/"})), Scope(7, "/1/2/"))


def test_what_somebody_holds_concerns_them_wherever_it_lies() -> None:
    assert concerns(Touched(frozenset({"/1/3/"}), frozenset({9})), WORKER)
    assert not concerns(Touched(frozenset({"/1/3/"}), frozenset({8})), WORKER)


def test_nothing_concerns_nobody_and_too_much_everybody() -> None:
    assert not concerns(Touched(), SUPERVISOR)
    assert concerns(Touched(is_everywhere=True), SUPERVISOR)


def test_an_entry_is_new_once() -> None:
    window = Window(0)
    assert window.fresh([1, 2], 0.0) == [1, 2]
    assert window.fresh([1, 2, 3], 1.0) == [3]
    assert window.fresh([1, 2, 3], 2.0) == []


def test_what_is_committed_after_a_higher_number_is_noticed_too() -> None:
    window = Window(5)
    assert window.fresh([9, 11], 0.0) == [9, 11]
    assert window.fresh([9, 11], 1.0) == []
    assert window.fresh([9, 10, 11], LATE_WITHIN - 1) == [10]
    assert window.fresh([8, 9, 10, 11], LATE_WITHIN - 1) == [8]


def test_the_floor_follows_what_is_old_enough() -> None:
    window = Window(5)
    window.fresh([11], 0.0)
    assert window.floor == 5, "an older one may still come"
    window.fresh([11, 12], LATE_WITHIN)
    assert window.floor == 11
    assert window.fresh([12, 13], LATE_WITHIN + 1) == [13]
    assert set(window.noticed) == {12, 13}, "what lies below the floor is forgotten"


@pytest.mark.parametrize(("listeners", "seconds"), [(1, 2.0), (20, 2.0), (50, 5.0), (400, LONGEST_PAUSE)])
def test_the_more_listen_the_longer_nobody_is_told_again(listeners: int, seconds: float) -> None:
    assert pause_after(listeners) == seconds
