from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from service.rosters.rules import ORDINARY, Days
from service.rosters.week import HoursUnreadableError
from service.routing.hours import SLOTS, moment, read_hours

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 11, 23, tzinfo=SHANGHAI)


HOLIDAY = Days(off=frozenset({date(2026, 11, 23)}), worked=frozenset({date(2026, 11, 28)}))
"""Monday 23 November is off, Saturday 28 November is worked instead."""


def covers(text: str, day: int, clock: str, days: Days = ORDINARY) -> bool:
    hour, minute = map(int, clock.split(":"))
    at = (MONDAY + timedelta(days=day)).replace(hour=hour, minute=minute).astimezone(UTC)
    return read_hours(text).covers(moment(at, SHANGHAI, days))


@pytest.mark.parametrize(
    ("text", "day", "clock", "expected"),
    [
        ("", 0, "03:00", True),
        ("Mon-Fri 08:30-17:30", 0, "08:30", True),
        ("Mon-Fri 08:30-17:30", 0, "08:29", False),
        ("Mon-Fri 08:30-17:30", 0, "17:30", False),
        ("Mon-Fri 08:30-17:30", 5, "10:00", False),
        ("周一至周五 08:30-17:30；周六", 5, "23:59", True),
        ("周一、周三 09:00-10:00", 2, "09:30", True),
        ("周一、周三 09:00-10:00", 1, "09:30", False),
        ("Fri-Mon", 6, "12:00", True),
        ("Fri-Mon", 3, "12:00", False),
        ("night", 0, "22:00", True),
        ("night", 0, "06:59", True),
        ("夜间", 0, "07:00", False),
        ("夜间", 0, "21:59", False),
        ("Sun 22:00-06:00", 0, "05:59", True),
        ("Sun 22:00-06:00", 1, "05:59", False),
        ("00:00-24:00", 3, "23:59", True),
        ("workday", 0, "12:00", True),
        ("holiday", 5, "12:00", True),
        ("holiday", 0, "12:00", False),
        ("holiday 20:00-02:00", 0, "01:59", True),
        ("holiday 20:00-02:00", 5, "01:59", False),
    ],
)
def test_hours_count_from_their_beginning_up_to_their_end(text: str, day: int, clock: str, expected: bool) -> None:
    assert covers(text, day, clock) is expected


@pytest.mark.parametrize(
    ("text", "day", "expected"), [("holiday", 0, True), ("工作日", 0, False), ("workday", 5, True)]
)
def test_a_workday_is_what_the_calendar_says(text: str, day: int, expected: bool) -> None:
    assert covers(text, day, "12:00", HOLIDAY) is expected


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("周一到周五", None),
        ("mo–fr 8:30 – 17:30 ; sa", "Mon-Fri 08:30-17:30; Sat"),
        ("周一、周二、周三", "Mon-Wed"),
        ("周一，周三", "Mon,Wed"),
        ("工作日 08:30-17:30", "workday 08:30-17:30"),
        ("22:00-07:00", "night"),
        ("夜间", "night"),
        ("Mon-Sun 08:00-09:00", "08:00-09:00"),
        ("holiday", "holiday"),
        (" ", ""),
    ],
)
def test_hours_are_stored_in_one_way(typed: str, stored: str | None) -> None:
    if stored is None:
        with pytest.raises(HoursUnreadableError, match="cannot be read"):
            read_hours(typed)
    else:
        assert read_hours(typed).text() == stored
        assert read_hours(stored).text() == stored


@pytest.mark.parametrize(
    "text", ["x", "25:00-26:00", "08:61-09:00", "Mon-Tue-Wed", "Mon 08:00", "=1+1", "night night", "长" * 9_999]
)
def test_what_cannot_be_read_is_told(text: str) -> None:
    with pytest.raises(HoursUnreadableError):
        read_hours(text)


@pytest.mark.parametrize(
    "text",
    [
        "Mon 08:00-12:00; Mon 11:59-13:00",
        "night; Tue 06:00-08:00",
        "workday; Wed 10:00-11:00",
        "holiday 22:00-03:00; Mon 02:00-04:00",
        "Sun 20:00-08:00; Mon 07:00-09:00",
    ],
)
def test_hours_that_overlap_are_told(text: str) -> None:
    with pytest.raises(HoursUnreadableError, match="overlap"):
        read_hours(text)


@pytest.mark.parametrize(
    "text", ["", "night", "Mon-Fri 08:30-17:30; Sat 09:00-12:00", "workday 13:00-02:15", "holiday"]
)
@pytest.mark.parametrize("all_off", [False, True])
def test_half_hours_are_judged_by_their_beginning(text: str, all_off: bool) -> None:
    dates = [date(2026, 11, 22) + timedelta(days=n) for n in range(9)]
    days = Days(off=frozenset(dates)) if all_off else ORDINARY
    hours = read_hours(text)
    bits = hours.slots(all_off=all_off)
    for slot in range(SLOTS):
        at = moment(MONDAY + timedelta(minutes=30 * slot), SHANGHAI, days)
        assert bool(bits >> slot & 1) is hours.covers(at), slot
