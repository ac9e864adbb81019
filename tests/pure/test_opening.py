"""When is a desk open, on usual days, on special ones and past midnight, and who answers while it is closed?"""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from service.areas.hours import answering, coming_special, hours_on, is_open
from service.areas.opening import is_open_too_little, special_days, tidy_days
from service.areas.rules import AreaLevel, AreaTree, Place

DESK = Place(
    3, 2, AreaLevel.COMMUNITY, "03", "湖滨社区", "Hubin", "d", "d",
    opening_hours="08:30–12:00, 13:30–18:00", special_days="2026-10-01 –\n2026-10-02 09:00–12:00",
)  # fmt: skip
ABOVE = Place(2, None, AreaLevel.SUBDISTRICT, "02", "望湖街道", "Wanghu", "d", "d", opening_hours="00:00–24:00")
NIGHT = Place(4, 2, AreaLevel.COMMUNITY, "04", "夜班", "Night", "d", "d", opening_hours="20:00–06:00")


def tree(*places: Place) -> AreaTree:
    return AreaTree({p.id: p for p in places})


@pytest.mark.parametrize(
    ("moment", "is_there"),
    [
        ("2026-11-23T08:30", True),
        ("2026-11-23T08:29", False),
        ("2026-11-23T12:00", False),
        ("2026-11-23T17:59", True),
        ("2026-10-01T10:00", False),
        ("2026-10-02T10:00", True),
        ("2026-10-02T15:00", False),
    ],
)
def test_usual_hours_hold_until_their_end_and_special_days_replace_them(moment: str, is_there: bool) -> None:
    assert is_open(DESK, datetime.fromisoformat(moment)) is is_there


def test_a_night_desk_is_open_past_midnight() -> None:
    for moment, is_there in (("2026-11-23T23:00", True), ("2026-11-24T05:59", True), ("2026-11-24T06:00", False)):
        assert is_open(NIGHT, datetime.fromisoformat(moment)) is is_there


def test_while_it_is_closed_the_duty_desk_answers_and_else_the_nearest_above() -> None:
    at_night = datetime(2026, 11, 23, 22, 0)  # noqa: DTZ001  # The desk's own wall clock.
    known = tree(DESK, ABOVE, NIGHT)
    assert answering(known, 3, at_night) == ABOVE
    assert answering(tree(replace(DESK, duty_area_id=4), ABOVE, NIGHT), 3, at_night) == NIGHT
    assert answering(tree(replace(DESK, duty_area_id=4), ABOVE, replace(NIGHT, is_active=False)), 3, at_night) == ABOVE
    assert answering(known, 3, at_night - timedelta(hours=7)) == DESK
    assert answering(tree(replace(DESK, parent_id=None)), 3, at_night) is None


def test_special_days_are_read_in_both_languages_and_kept_in_order() -> None:
    assert tidy_days("2026-10-02: 9:00-12:00\n 2026-10-01 休 ") == "2026-10-01 –\n2026-10-02 09:00–12:00"
    assert [day.day for day in coming_special(DESK, date(2026, 10, 2))] == [date(2026, 10, 2)]
    assert hours_on(DESK, date(2026, 10, 1)).hours == ""


@pytest.mark.parametrize(
    "text", ["2026-02-30 closed", "1 October closed", "2026-10-01", "2026-10-01 9 to 5", "2026-10-01 –\n2026-10-01 –"]
)
def test_special_days_that_cannot_be_read_are_refused(text: str) -> None:
    assert special_days(text) is None


@pytest.mark.parametrize(
    ("hours", "is_short"),
    [("09:00–17:00", False), ("09:00–16:59", True), ("", True), ("08:00–12:00, 11:00–15:00", True)],
)
def test_eight_hours_a_day_are_asked_for(hours: str, is_short: bool) -> None:
    assert is_open_too_little(hours) is is_short
