"""Is working time counted as a community worker would count it on a wall calendar?"""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from sla_policies.documents import packaged_book
from sla_policies.hours import window
from sla_policies.work_calendar import CalendarExhaustedError, WorkCalendar, as_utc, round_the_clock

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
DESK = packaged_book().calendars["workdays"]
"""Monday to Friday 08:30-12:00 and 13:30-17:30, with the public holidays."""
ALWAYS = round_the_clock(SHANGHAI)


def week(*hours: str, days: range = range(5), **more: object) -> WorkCalendar:
    """A calendar with the same hours on some weekdays."""
    windows = tuple(window(*each.split("-")) for each in hours)
    zone = more.pop("zone", SHANGHAI)
    return WorkCalendar("test", zone, tuple(windows if d in days else () for d in range(7)), **more)


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    """2026-10-08 16:30 as a local time."""
    return datetime.fromisoformat(text).replace(tzinfo=zone)


OFFICE = week("09:00-17:00")
NIGHT = week("20:00-08:00")
LATE = week("16:00-24:00", days=range(7))

ADD = [
    # calendar, start, working time, due
    (DESK, "2026-11-23 09:00", 2 * HOUR, "2026-11-23 11:00"),  # Monday morning
    (DESK, "2026-11-23 11:00", 2 * HOUR, "2026-11-23 14:30"),  # Monday across lunch
    (DESK, "2026-11-23 12:15", HOUR, "2026-11-23 14:30"),  # Monday in the lunch break
    (DESK, "2026-11-23 07:00", HOUR, "2026-11-23 09:30"),  # Monday before opening
    (DESK, "2026-11-23 16:30", 2 * HOUR, "2026-11-24 09:30"),  # Monday evening -> Tuesday
    (DESK, "2026-11-27 16:30", 2 * HOUR, "2026-11-30 09:30"),  # Friday -> Monday
    (DESK, "2026-11-23 08:30", 7.5 * HOUR, "2026-11-23 17:30"),  # exhausted at Monday's closing: stays there
    (DESK, "2026-11-23 08:30", 3.5 * HOUR, "2026-11-23 12:00"),  # exhausted at the lunch break: stays there
    (DESK, "2026-09-30 16:30", 2 * HOUR, "2026-10-08 09:30"),  # Wednesday before National Day -> Thursday 8 October
    (DESK, "2026-09-18 17:00", HOUR, "2026-09-20 09:00"),  # Friday -> make-up Sunday
    (DESK, "2026-10-09 17:00", HOUR, "2026-10-10 09:00"),  # Friday -> make-up Saturday
    (DESK, "2026-02-14 17:00", HOUR, "2026-02-24 09:00"),  # make-up Saturday before Spring Festival -> Tuesday
    (OFFICE, "2026-11-27 16:30", HOUR, "2026-11-30 09:30"),  # Friday 16:30 + 1 h -> Monday 09:30
    (OFFICE, "2026-11-23 17:00", MINUTE, "2026-11-24 09:01"),  # the closing minute is closed
    (LATE, "2026-03-23 22:00", 121 * MINUTE, "2026-03-24 16:01"),  # closes at 24:00, ends on the next date
    (LATE, "2026-03-23 22:00", 2 * HOUR, "2026-03-24 00:00"),  # exhausted at 24:00
    (NIGHT, "2026-11-23 21:00", 4 * HOUR, "2026-11-24 01:00"),  # Monday night across midnight
    (NIGHT, "2026-11-27 23:00", 10 * HOUR, "2026-11-30 21:00"),  # Friday night ends Saturday 08:00 -> Monday night
    (ALWAYS, "2026-09-30 16:30", 24 * HOUR, "2026-10-01 16:30"),  # day and night, holidays too
]


@pytest.mark.parametrize(("calendar", "start", "working", "due"), ADD)
def test_working_time_is_added(calendar: WorkCalendar, start: str, working: timedelta, due: str) -> None:
    assert calendar.add(at(start), working) == at(due)


@pytest.mark.parametrize(("calendar", "start", "working", "due"), ADD)
def test_what_was_added_is_what_lies_between(calendar: WorkCalendar, start: str, working: timedelta, due: str) -> None:
    assert calendar.between(at(start), at(due)) == working


BETWEEN = [
    (DESK, "2026-11-23 00:00", "2026-11-24 00:00", 7.5 * HOUR),  # a whole Monday
    (DESK, "2026-11-28 00:00", "2026-11-30 00:00", 0 * HOUR),  # a weekend
    (DESK, "2026-10-01 00:00", "2026-10-08 00:00", 0 * HOUR),  # National Day week
    (DESK, "2026-09-20 00:00", "2026-09-21 00:00", 7.5 * HOUR),  # a make-up Sunday
    (DESK, "2026-11-23 12:10", "2026-11-23 13:20", 0 * HOUR),  # within the lunch break
    (DESK, "2026-11-23 20:00", "2026-11-24 06:00", 0 * HOUR),  # both ends outside hours: nothing, and it stops
    (DESK, "2026-11-24 10:00", "2026-11-23 10:00", 0 * HOUR),  # in the wrong order
    (NIGHT, "2026-11-24 00:00", "2026-11-25 00:00", 12 * HOUR),  # Tuesday: 8 hours of Monday's night, 4 of its own
]


@pytest.mark.parametrize(("calendar", "start", "end", "working"), BETWEEN)
def test_working_time_between(calendar: WorkCalendar, start: str, end: str, working: timedelta) -> None:
    assert calendar.between(at(start), at(end)) == working


SUBTRACT = [
    (DESK, "2026-11-24 09:30", 2 * HOUR, "2026-11-23 16:30"),  # Tuesday -> Monday
    (DESK, "2026-11-30 09:30", 2 * HOUR, "2026-11-27 16:30"),  # Monday -> Friday
    (DESK, "2026-11-23 17:30", 4 * HOUR, "2026-11-23 13:30"),  # exhausted at the opening: stays there
    (DESK, "2026-10-08 09:30", 2 * HOUR, "2026-09-30 16:30"),  # over the National Day week
    (DESK, "2026-11-29 10:00", 0 * HOUR, "2026-11-27 17:30"),  # nothing, from a Sunday: the last working moment
    (week("08:00-18:00"), "2026-11-24 11:00", HOUR, "2026-11-24 10:00"),  # one hour before due, not at midnight
]


@pytest.mark.parametrize(("calendar", "end", "working", "start"), SUBTRACT)
def test_working_time_is_walked_back(calendar: WorkCalendar, end: str, working: timedelta, start: str) -> None:
    assert calendar.subtract(at(end), working) == at(start)


FIRST_MOMENT = [
    ("2026-11-23 10:00", "2026-11-23 10:00"),  # Monday at work
    ("2026-11-23 12:00", "2026-11-23 13:30"),  # the closing moment of the morning
    ("2026-11-23 17:30", "2026-11-24 08:30"),  # the closing moment of the day
    ("2026-11-28 10:00", "2026-11-30 08:30"),  # Saturday -> Monday
    ("2026-09-20 06:00", "2026-09-20 08:30"),  # make-up Sunday
]


@pytest.mark.parametrize(("start", "first"), FIRST_MOMENT)
def test_no_time_at_all_is_the_first_working_moment(start: str, first: str) -> None:
    assert DESK.add(at(start), timedelta()) == at(first)


WORKDAYS = [
    # Civil Code: the first day does not count, the end is close of business
    ("2026-11-23 09:00", 1, "2026-11-24 17:30"),  # Monday -> Tuesday
    ("2026-11-23 23:00", 1, "2026-11-24 17:30"),  # Monday night -> Tuesday
    ("2026-11-27 10:00", 1, "2026-11-30 17:30"),  # Friday -> Monday
    ("2026-11-28 10:00", 1, "2026-11-30 17:30"),  # Saturday -> Monday
    ("2026-09-30 10:00", 1, "2026-10-08 17:30"),  # before National Day -> Thursday after it
    ("2026-09-18 10:00", 1, "2026-09-20 17:30"),  # Friday -> make-up Sunday
    ("2026-09-30 10:00", 5, "2026-10-13 17:30"),  # over the holiday with a make-up Saturday -> Tuesday
    ("2026-11-23 10:00", 15, "2026-12-14 17:30"),  # 15 workdays: three weeks
    ("2026-11-23 10:00", 0, "2026-11-23 17:30"),  # today
    ("2026-11-23 18:00", 0, "2026-11-24 17:30"),  # today's close is over -> tomorrow's
    ("2026-11-28 10:00", 0, "2026-11-30 17:30"),  # a Saturday's zero is Monday
    ("2026-11-24 10:00", -1, "2026-11-23 17:30"),  # counted back
]


@pytest.mark.parametrize(("start", "days", "due"), WORKDAYS)
def test_workdays_follow_the_civil_code(start: str, days: int, due: str) -> None:
    assert DESK.add_workdays(at(start), days) == at(due)


SAME_TIME = [
    ("2026-11-23 10:00", 1, "2026-11-24 10:00"),  # Monday -> Tuesday
    ("2026-11-27 10:00", 1, "2026-11-30 10:00"),  # Friday -> Monday
    ("2026-11-23 12:30", 1, "2026-11-24 13:30"),  # in the lunch break: the first moment after it
    ("2026-11-23 20:00", 1, "2026-11-25 08:30"),  # after hours: the next morning
    ("2026-11-24 10:00", -1, "2026-11-23 10:00"),  # Tuesday -> Monday
    ("2026-11-30 20:00", -1, "2026-11-27 17:30"),  # back, after hours: the last moment before
    ("2026-11-29 10:00", -1, "2026-11-27 10:00"),  # Sunday -> Friday
]


@pytest.mark.parametrize(("start", "days", "due"), SAME_TIME)
def test_the_same_time_some_workdays_away(start: str, days: int, due: str) -> None:
    assert DESK.shift_workdays(at(start), days) == at(due)


@pytest.mark.parametrize(
    ("moment", "working"),
    [
        ("2026-11-23 08:30", True),
        ("2026-11-23 12:00", False),
        ("2026-11-23 17:29:59", True),
        ("2026-11-22 10:00", False),
    ],
)
def test_hours_are_half_open(moment: str, working: bool) -> None:
    assert DESK.is_working(at(moment)) is working


def test_two_whole_days_touch_and_have_no_closed_minute() -> None:
    whole = week("00:00-24:00", days=range(7))
    assert whole.is_working(at("2026-11-23 23:59:59"))
    assert whole.intervals(date(2026, 11, 23))[-1][1] == whole.intervals(date(2026, 11, 24))[0][0]
    assert whole.between(at("2026-11-23 23:00"), at("2026-11-24 01:00")) == 2 * HOUR


def test_a_dated_entry_wins_over_the_week() -> None:
    short = week("09:00-17:00", dated={date(2026, 11, 23): (window("09:00", "12:00"),)})
    assert short.between(at("2026-11-23 00:00"), at("2026-11-24 00:00")) == 3 * HOUR


def test_a_day_off_beats_hours_of_its_date() -> None:
    day = date(2026, 11, 23)
    closed = week("09:00-17:00", off=frozenset({day}), dated={day: (window("09:00", "12:00"),)})
    assert closed.intervals(day) == ()


def test_breaks_are_taken_out_of_the_hours() -> None:
    day = date(2026, 11, 23)
    broken = week("09:00-17:00", breaks={day: (window("08:00", "10:00"), window("12:00", "13:00"))})
    assert broken.between(at("2026-11-23 00:00"), at("2026-11-24 00:00")) == 6 * HOUR


def test_a_day_of_nothing_but_break_is_no_workday() -> None:
    day = date(2026, 11, 23)
    broken = week("09:00-17:00", breaks={day: (window("08:00", "18:00"),)})
    assert not broken.is_workday(day)
    assert broken.add_workdays(at("2026-11-20 10:00"), 1) == at("2026-11-24 17:00")


def test_the_first_minutes_of_a_night_belong_to_the_date_they_lie_on() -> None:
    late = week("20:00-00:15")
    assert late.between(at("2026-11-24 00:00"), at("2026-11-24 06:00")) == 15 * MINUTE
    assert late.add(at("2026-11-23 23:50"), 20 * MINUTE) == at("2026-11-24 00:10")
    assert late.is_working(at("2026-11-24 00:14"))


def test_a_night_does_not_reach_into_a_day_off() -> None:
    night = week("20:00-08:00", off=frozenset({date(2026, 11, 25)}))
    assert night.between(at("2026-11-25 00:00"), at("2026-11-26 00:00")) == timedelta()
    assert night.between(at("2026-11-24 00:00"), at("2026-11-25 00:00")) == 12 * HOUR


def test_a_make_up_day_has_the_hours_of_monday_or_of_the_first_day_that_has_any() -> None:
    thursday = week("09:00-17:00", days=range(3, 4), worked=frozenset({date(2026, 11, 28)}))
    assert thursday.between(at("2026-11-28 00:00"), at("2026-11-29 00:00")) == 8 * HOUR


def test_the_date_is_taken_in_the_zone_of_the_calendar() -> None:
    late = datetime(2026, 9, 30, 17, tzinfo=UTC)  # 1 October 01:00 in Shanghai
    assert DESK.date_of(late) == date(2026, 10, 1)
    assert not DESK.is_workday(late)


def test_every_offset_means_the_same_instant() -> None:
    paris = at("2026-11-23 10:00").astimezone(timezone(timedelta(hours=1)))
    assert DESK.add(paris, HOUR) == at("2026-11-23 11:00")


DAYLIGHT = [
    ("2020-03-28 12:00", 24 * HOUR, "2020-03-29 13:00"),  # Berlin loses an hour on Sunday
    ("2020-10-24 12:00", 24 * HOUR, "2020-10-25 11:00"),  # and gets it back
]


@pytest.mark.parametrize(("start", "working", "due"), DAYLIGHT)
def test_daylight_saving_neither_eats_nor_gives_time(start: str, working: timedelta, due: str) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert round_the_clock(berlin).add(at(start, berlin), working) == at(due, berlin)


def test_hours_of_a_day_that_begins_with_a_shift_of_the_zone() -> None:
    zone = ZoneInfo("America/Sao_Paulo")  # 2015-10-18 has no 00:00-01:00
    whole = week("00:00-24:00", days=range(7), zone=zone)
    day = at("2015-10-17 22:00", zone)
    assert whole.add(day, 5 * HOUR) == at("2015-10-18 04:00", zone)
    assert whole.between(at("2015-10-18 00:00", zone), at("2015-10-19 00:00", zone)) == 23 * HOUR


def test_hours_that_fall_together_when_the_clocks_go_forward_count_once() -> None:
    berlin = ZoneInfo("Europe/Berlin")  # 2026-03-29 has no 02:00-03:00
    split = week("02:00-02:30", "03:00-03:30", days=range(7), zone=berlin)
    assert len(split.intervals(date(2026, 3, 29))) == 1
    assert split.between(at("2026-03-29 00:00", berlin), at("2026-03-30 00:00", berlin)) == 30 * MINUTE
    assert split.add(at("2026-03-29 00:00", berlin), HOUR) == at("2026-03-30 02:30", berlin)


def test_a_date_that_a_zone_left_out_has_no_hours() -> None:
    apia = ZoneInfo("Pacific/Apia")  # crossed the date line: no 2011-12-30
    office = week("09:00-17:00", days=range(7), zone=apia)
    assert not office.is_workday(date(2011, 12, 30))
    assert office.between(at("2011-12-29 00:00", apia), at("2012-01-01 00:00", apia)) == 16 * HOUR
    assert office.add_workdays(at("2011-12-29 10:00", apia), 1) == at("2011-12-31 17:00", apia)


def test_ten_years_day_and_night_are_exact_to_the_second() -> None:
    start = at("2016-02-29 23:59:59")
    assert ALWAYS.add(start, timedelta(days=3652, seconds=1)) == as_utc(start) + timedelta(days=3652, seconds=1)


def test_seconds_survive() -> None:
    assert OFFICE.add(at("2026-11-28 13:30:01"), timedelta(seconds=1)) == at("2026-11-30 09:00:01")


@pytest.mark.parametrize(
    ("from_", "to", "provisional"),
    [
        ("2026-11-23 10:00", "2026-11-30 10:00", False),  # 2026 is published
        ("2026-11-23 10:00", "2027-01-04 10:00", True),  # 2027 is not
        ("2026-11-23 10:00", "2026-12-02 10:00", True),  # the next notice may still move days of December
        ("2025-11-23 10:00", "2025-12-30 10:00", False),  # 2026 is known, so December 2025 is final
        ("1999-05-04 10:00", "1999-05-05 10:00", True),  # before the first year that is known
    ],
)
def test_a_year_without_a_notice_makes_a_time_provisional(from_: str, to: str, provisional: bool) -> None:
    assert DESK.is_provisional(at(from_), at(to)) is provisional


def test_a_calendar_without_public_holidays_is_never_provisional() -> None:
    assert not ALWAYS.is_provisional(at("2026-01-01 00:00"), at("2040-01-01 00:00"))


def test_an_unknown_day_is_not_known() -> None:
    assert DESK.knows(date(2026, 5, 1))
    assert not DESK.knows(date(2027, 5, 1))


def test_workdays_are_counted() -> None:
    assert DESK.count_workdays(date(2018, 2, 1), date(2018, 3, 1)) == 18
    assert DESK.count_workdays(date(2018, 2, 1), date(2018, 1, 1)) == 0


def test_a_naive_time_is_refused() -> None:
    naive = datetime(2026, 11, 23, 10)  # noqa: DTZ001  # This is what is refused.
    for call in (
        lambda: DESK.add(naive, HOUR),
        lambda: DESK.subtract(naive, HOUR),
        lambda: DESK.between(naive, naive),
        lambda: DESK.is_working(naive),
        lambda: DESK.add_workdays(naive, 1),
        lambda: DESK.is_provisional(naive, naive),
    ):
        with pytest.raises(ValueError, match="has no time zone"):
            call()


def test_a_negative_amount_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be negative"):
        DESK.add(at("2026-11-23 10:00"), -HOUR)
    with pytest.raises(ValueError, match="cannot be negative"):
        DESK.subtract(at("2026-11-23 10:00"), -HOUR)


def test_a_calendar_with_no_working_time_is_refused() -> None:
    with pytest.raises(ValueError, match="no working time at all"):
        week()


def test_a_date_that_is_both_off_and_worked_is_refused() -> None:
    day = frozenset({date(2026, 10, 1)})
    with pytest.raises(ValueError, match="both a day off and a make-up workday"):
        week("09:00-17:00", off=day, worked=day)


@pytest.mark.parametrize("hours", [((3600, 3600),), ((7200, 3600),), ((-1, 3600),), ((0, 200_000),)])
def test_hours_that_end_before_they_begin_are_refused(hours: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(ValueError, match="has hours from second"):
        WorkCalendar("bad", SHANGHAI, (hours, (), (), (), (), (), ()))


def test_a_week_has_seven_days() -> None:
    with pytest.raises(ValueError, match="not 7"):
        WorkCalendar("bad", SHANGHAI, ((), ()))


ENDLESS = [
    lambda c: c.add(at("2026-11-24 10:00"), HOUR),
    lambda c: c.subtract(at("2020-11-24 10:00"), HOUR),
    lambda c: c.add_workdays(at("2026-11-24 10:00"), 3),
    lambda c: c.shift_workdays(at("2026-11-24 10:00"), -5),
]


@pytest.mark.parametrize("call", ENDLESS)
def test_every_search_is_bounded(call) -> None:  # noqa: ANN001  # Any of the four.
    once = week(dated={date(2026, 11, 23): (window("09:00", "12:00"),)})
    with pytest.raises(CalendarExhaustedError, match="no working time within reach"):
        call(once)


def test_a_day_is_spent_at_its_closing_and_walked_back_to_its_opening_wherever_it_lies() -> None:
    """On each of so many days in a row that every seam of what is added up together is among them."""
    daily = week("09:00-17:00", days=range(7))
    for n in range(70):
        opens = at("2026-03-02 09:00") + timedelta(days=n)
        assert daily.add(opens, 8 * HOUR) == opens + 8 * HOUR
        assert daily.subtract(opens + 8 * HOUR, 8 * HOUR) == opens


def test_a_gap_of_more_than_two_years_is_the_end_of_a_search() -> None:
    start = date(2026, 11, 23)
    dated = {start: (window("09:00", "12:00"),), start + timedelta(days=900): (window("09:00", "12:00"),)}
    with pytest.raises(CalendarExhaustedError):
        week(dated=dated).add(at("2026-11-23 09:00"), 4 * HOUR)
    near = {start: (window("09:00", "12:00"),), start + timedelta(days=700): (window("09:00", "12:00"),)}
    assert week(dated=near).add(at("2026-11-23 09:00"), 4 * HOUR).date() == start + timedelta(days=700)


def test_years_far_away_are_refused_or_counted_but_never_a_loop() -> None:
    far = datetime(9999, 12, 30, 10, tzinfo=UTC)
    with pytest.raises(CalendarExhaustedError):
        DESK.add(far, 1000 * HOUR)
    with pytest.raises(CalendarExhaustedError):
        DESK.between(datetime(1, 1, 5, tzinfo=UTC), far)
    with pytest.raises(CalendarExhaustedError):
        ALWAYS.add(at("2026-11-24 10:00"), timedelta(days=400_000))


def test_the_past_of_a_calendar_with_no_hours_left_is_still_nothing_between() -> None:
    once = week(dated={date(2020, 11, 23): (window("09:00", "12:00"),)})
    assert once.between(at("2026-11-24 10:00"), at("2026-11-25 10:00")) == timedelta()


@pytest.mark.parametrize("text", ["9", "25:00", "24:01", "08:60", "", "noon", "-1:00"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no time of day"):
        window(text, "17:00")


@pytest.mark.parametrize(("opens", "closes"), [("09:00", "09:00"), ("09:00", "00:00"), ("24:00", "08:00")])
def test_hours_that_mean_two_things_are_refused(opens: str, closes: str) -> None:
    with pytest.raises(ValueError, match=r"24:00"):
        window(opens, closes)


def test_many_days_do_not_fill_the_memory() -> None:
    desk = week("09:00-17:00")
    for year in range(1900, 2100, 20):
        desk.add(datetime(year, 1, 1, tzinfo=UTC), timedelta(hours=8 * 260 * 15))
    assert len(desk._days) <= 20_000
