"""Faults that other engines had with calendars and the ladder: none of them may happen here.

The number in each name is that of `docs/sla-bugs.md`.
"""

import os
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import sla_policies
from sla_policies.amounts import budget, offset
from sla_policies.clock import Clock, ClockEvent, EventKind
from sla_policies.documents import DocumentInvalidError, packaged_book, parse_calendar
from sla_policies.escalation import Step, next_action_at, step_time, steps_due
from sla_policies.hours import window
from sla_policies.notices import read_notice
from sla_policies.policy import Budget, Metric, Target, TimeKind
from sla_policies.work_calendar import CalendarExhaustedError, WorkCalendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
DESK = packaged_book().calendars["workdays"]
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
K = EventKind


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def week(*hours: str, days: range = range(5), zone: ZoneInfo = SHANGHAI, **more: object) -> WorkCalendar:
    windows = tuple(window(*each.split("-")) for each in hours)
    return WorkCalendar("test", zone, tuple(windows if d in days else () for d in range(7)), **more)  # type: ignore[arg-type]


OFFICE = week("09:00-17:00")
SOME_DAYS, ALL_DAYS = week("00:00-24:00"), week("00:00-24:00", days=range(7))


def promise(within: str, start: str, metric: Metric = Metric.RESOLVE, calendar: WorkCalendar = OFFICE) -> Clock:
    return Clock(Target(metric, budget(within)), calendar, (ClockEvent(at(start), K.STARTED),))


def step(where: str, metric: Metric = Metric.RESOLVE) -> Step:
    return Step(where, metric, offset(where), ("handler",), "remind")


def test_bug_039_hours_until_0000_are_refused_and_no_search_is_endless() -> None:
    with pytest.raises(ValueError, match="the end of a day is written 24:00"):
        window("09:00", "00:00")
    once = week(dated={date(2026, 3, 2): (window("09:00", "10:00"),)})
    with pytest.raises(CalendarExhaustedError):
        once.add(at("2026-03-03 10:00"), MINUTE)


def test_bug_040_no_minute_is_closed_before_midnight() -> None:
    assert ALL_DAYS.is_working(at("2026-03-02 23:59:59"))
    assert ALL_DAYS.between(at("2026-03-02 23:59"), at("2026-03-03 00:01")) == 2 * MINUTE


@pytest.mark.parametrize("calendar", [SOME_DAYS, ALL_DAYS])
def test_bug_041_whole_days_end_and_stop(calendar: WorkCalendar) -> None:
    friday = at("2026-03-06 22:00")
    assert calendar.add(friday, 2 * HOUR) == at("2026-03-07 00:00")
    assert calendar.between(friday, at("2026-03-07 00:00")) == 2 * HOUR
    first = calendar.add(at("2026-03-07 00:00"), timedelta())
    assert first == at("2026-03-07 00:00" if calendar is ALL_DAYS else "2026-03-09 00:00")


def test_bug_042_midnight_loses_no_day_in_either_direction() -> None:
    assert SOME_DAYS.subtract(at("2026-03-09 00:00"), timedelta()) == at("2026-03-07 00:00")
    assert SOME_DAYS.subtract(at("2026-03-10 00:00"), 24 * HOUR) == at("2026-03-09 00:00")
    assert SOME_DAYS.add(at("2026-03-09 00:00"), 24 * HOUR) == at("2026-03-10 00:00")
    assert SOME_DAYS.shift_workdays(at("2026-03-09 00:00"), -1) == at("2026-03-06 00:00")


def test_bug_043_hours_across_midnight_belong_to_the_night() -> None:
    night = week("22:00-06:00")
    assert night.add(at("2026-03-02 23:00"), 2 * HOUR) == at("2026-03-03 01:00")
    assert night.is_working(at("2026-03-07 05:59"))  # Friday's night
    assert not night.is_working(at("2026-03-02 05:59"))  # no Sunday night before Monday


def test_bug_044_the_end_of_a_day_is_midnight_itself() -> None:
    assert ALL_DAYS.add_workdays(at("2026-03-02 10:00"), 1) == at("2026-03-04 00:00")
    assert ALL_DAYS.intervals(date(2026, 3, 2))[-1][1] == at("2026-03-03 00:00")


def test_bug_045_adding_measuring_and_asking_know_the_same_hours_of_each_weekday() -> None:
    uneven = WorkCalendar("u", SHANGHAI, ((window("09:00", "10:00"),), (window("13:00", "14:00"),), (), (), (), (), ()))
    due = uneven.add(at("2026-03-02 09:30"), HOUR)
    assert due == at("2026-03-03 13:30")
    assert uneven.between(at("2026-03-02 09:30"), due) == HOUR
    assert [uneven.is_working(at(f"2026-03-03 {hour}:30")) for hour in ("09", "13")] == [False, True]


def test_bug_048_from_outside_hours_to_outside_hours_is_nothing() -> None:
    assert OFFICE.between(at("2026-03-02 20:00"), at("2026-03-03 06:00")) == timedelta()
    assert OFFICE.between(at("2026-03-07 10:00"), at("2026-03-08 10:00")) == timedelta()


@pytest.mark.parametrize(("within", "due"), [("48h", "2026-03-04 10:00"), ("48 working hours", "2026-03-10 10:00")])
def test_bug_049_clock_hours_and_working_hours_are_written_apart(within: str, due: str) -> None:
    assert promise(within, "2026-03-02 10:00").due_at == at(due)


def test_bug_050_an_hour_more_is_an_hour_later_when_the_clocks_go_back() -> None:
    berlin = week("00:00-24:00", days=range(7), zone=ZoneInfo("Europe/Berlin"))
    start = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert [berlin.add(start, n * HOUR) - start for n in (1, 2, 3)] == [HOUR, 2 * HOUR, 3 * HOUR]


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_bug_051_a_day_of_the_clock_change_has_its_real_hours(day: date, hours: int) -> None:
    berlin = week("00:00-24:00", days=range(7), zone=ZoneInfo("Europe/Berlin"))
    ((opens, closes),) = berlin.intervals(day)
    assert closes - opens == hours * HOUR


def test_bug_053_a_workday_after_a_saturday_is_the_whole_monday() -> None:
    assert promise("1 workday", "2026-03-07 13:30").due_at == at("2026-03-09 17:00")


def test_bug_054_a_time_without_a_zone_is_refused_and_a_make_up_day_is_open() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        DESK.is_working(datetime(2026, 9, 20, 10))  # noqa: DTZ001  # This is what is refused.
    assert DESK.is_working(datetime(2026, 9, 20, 2, tzinfo=UTC))


def test_bug_055_friday_1630_and_an_hour_is_monday_0930_and_a_breach_is_dated_so() -> None:
    clock = promise("1 working hour", "2026-11-27 16:30")
    assert clock.due_at == clock.breached_at(at("2026-12-24 03:00")) == at("2026-11-30 09:30")


def test_bug_056_the_closing_minute_is_closed() -> None:
    assert OFFICE.is_working(at("2026-03-02 16:59:59"))
    assert not OFFICE.is_working(at("2026-03-02 17:00"))
    assert OFFICE.add(at("2026-03-02 17:00"), MINUTE) == at("2026-03-03 09:01")


def test_bug_057_hours_past_midnight_can_be_written() -> None:
    text = (
        "zone: Asia/Shanghai\ncalendars:\n  night:\n    title: {zh: 夜, en: Night}\n"
        '    week:\n      monday-friday: ["20:00-02:00"]\n    public_holidays: false\n'
    )
    (night,) = parse_calendar(text, "night.yaml")  # type: ignore[misc]
    assert night.week[0] == (window("20:00", "02:00"),)


def test_bug_060_only_what_is_a_day_off_is_imported() -> None:
    notice = read_notice("春节：2月10日至17日放假调休。鼓励安排职工在除夕（2月9日）休息。", year=2024)
    assert date(2024, 2, 9) not in notice.off
    with pytest.raises(DocumentInvalidError, match="cannot be read"):
        read_notice("植树节：3月12日开展活动", year=2024)


@pytest.mark.parametrize("text", ["1 workday 2h", "8h workdays", "1 working workday", "2 days"])
def test_bug_062_days_and_hours_are_never_mixed_in_one_amount(text: str) -> None:
    with pytest.raises(ValueError, match="is no amount of one kind of time"):
        budget(text)


def test_bug_063_a_calendar_without_hours_is_refused_when_it_is_read() -> None:
    text = (
        "zone: Asia/Shanghai\ncalendars:\n  none:\n    title: {zh: 无, en: None}\n"
        "    week:\n      monday: []\n    public_holidays: true\n"
    )
    with pytest.raises(DocumentInvalidError, match="no hour is worked"):
        parse_calendar(text, "none.yaml")


@pytest.mark.parametrize("day", ["2019-04-28", "2019-05-05"])
def test_bug_065_make_up_sundays_that_others_missed_are_worked(day: str) -> None:
    assert date.fromisoformat(day).weekday() == 6
    assert DESK.is_workday(date.fromisoformat(day))


def test_bug_066_the_prolonged_spring_festival_of_2020_is_off_to_its_end() -> None:
    assert not any(DESK.is_workday(date(2020, 1, 24) + timedelta(days=n)) for n in range(10))
    assert DESK.is_workday(date(2020, 2, 3))


def test_bug_067_december_waits_for_the_next_notice() -> None:
    assert DESK.is_provisional(at("2026-11-30 10:00"), at("2026-12-01 10:00"))
    assert not DESK.is_provisional(at("2005-12-01 10:00"), at("2005-12-30 10:00"))
    assert DESK.is_workday(date(2005, 12, 31))


def test_bug_068_the_notice_of_2019_moved_the_december_before() -> None:
    assert DESK.is_workday(date(2018, 12, 29))
    assert not DESK.is_workday(date(2018, 12, 31))


def test_bug_069_the_thirtieth_of_september_2017_is_worked() -> None:
    assert DESK.is_workday(date(2017, 9, 30))


@pytest.mark.parametrize("text", ["1月1日放假，1月3日（星期六）公休日调至1月2日", "1月1日至2日放假。1月3日上班"])
def test_bug_070_a_day_is_off_or_worked_and_nothing_in_between(text: str) -> None:
    notice = read_notice(text, year=2026)
    assert (notice.off, notice.worked) == ((date(2026, 1, 1), date(2026, 1, 2)), (date(2026, 1, 3),))


def test_bug_071_a_worked_day_may_carry_the_name_of_a_feast_and_is_worked() -> None:
    folder = Path(sla_policies.__file__).parent / "calendars"
    year = parse_calendar((folder / "2026.yaml").read_text(encoding="utf-8"), "2026.yaml")
    day = date(2026, 9, 20)
    assert year.names[day] == ("国庆节", "National Day")  # type: ignore[union-attr]
    assert DESK.is_workday(day)


FOUR_HOURS = ("4 working hours", "2026-03-02 17:00")
EIGHT_TO_SIX = week("08:00-18:00")


def test_bug_073_steps_that_were_missed_are_taken_later_each_at_its_own_time() -> None:
    clock = promise("240m", "2026-03-02 10:00")
    ladder = (step("50 %"), step("due"), step("after 1h"))
    late = steps_due(clock, ladder, frozenset(), at("2026-03-09 10:00"))
    assert [due.due_at for due in late] == [at(f"2026-03-02 {hour}:00") for hour in (12, 14, 15)]


def test_bug_075_a_step_before_a_short_promise_is_not_before_its_start() -> None:
    clock = promise("30 working minutes", "2026-03-02 10:00")
    assert step_time(step("before 8h"), clock) == at("2026-03-02 10:00")


def test_bug_076_a_step_one_hour_before_crosses_the_night() -> None:
    clock = promise(*FOUR_HOURS, calendar=EIGHT_TO_SIX)
    assert clock.due_at == at("2026-03-03 11:00")
    assert step_time(step("before 1h"), clock) == at("2026-03-03 10:00")


def test_bug_077_steps_of_one_promise_are_not_timed_by_another() -> None:
    ladder = (step("due", Metric.CONTACT), step("before 1h"))
    contact, resolve = promise("60m", "2026-03-02 10:00", Metric.CONTACT), promise("480m", "2026-03-02 10:00")
    assert next_action_at(contact, ladder, frozenset()) == at("2026-03-02 11:00")
    assert next_action_at(resolve, ladder, frozenset()) == at("2026-03-02 17:00")


def test_bug_080_a_step_that_was_taken_is_not_taken_again() -> None:
    clock, now = promise("60m", "2026-03-02 10:00"), at("2026-03-02 12:00")
    assert [due.step.key for due in steps_due(clock, (step("due"),), frozenset(), now)] == ["due"]
    assert steps_due(clock, (step("due"),), frozenset({"due"}), now) == ()


def test_bug_087_the_next_step_waits_for_its_own_time() -> None:
    clock, ladder = promise("240m", "2026-03-02 10:00"), (step("50 %"), step("after 1h"))
    assert next_action_at(clock, ladder, frozenset({"50 %"})) == at("2026-03-02 15:00")
    assert steps_due(clock, ladder, frozenset({"50 %"}), at("2026-03-02 14:59")) == ()


def test_bug_093_the_first_step_counts_from_the_start() -> None:
    assert next_action_at(promise("240m", "2026-03-02 10:00"), (step("50 %"),), frozenset()) == at("2026-03-02 12:00")


@pytest.mark.parametrize(
    ("where", "moment"),
    [("before 30m", "2026-03-02 13:30"), ("after 2h", "2026-03-02 16:00"), ("after 1 workday", "2026-03-03 14:00")],
)
def test_bug_094_steps_stand_minutes_hours_and_workdays_away(where: str, moment: str) -> None:
    assert step_time(step(where), promise("240m", "2026-03-02 10:00")) == at(moment)


def test_bug_119_what_is_measured_knows_the_holidays_that_the_deadline_knows() -> None:
    start, due = at("2026-09-30 16:30"), DESK.add(at("2026-09-30 16:30"), 2 * HOUR)
    assert due == at("2026-10-08 09:30")
    assert DESK.between(start, due) == 2 * HOUR


def test_bug_124_days_off_on_the_way_lengthen_the_way_back() -> None:
    assert DESK.shift_workdays(at("2026-10-09 10:00"), -2) == at("2026-09-30 10:00")


@pytest.mark.parametrize("minutes_late", [0, 1, 11, 60 * 24 * 90])
def test_bug_127_a_step_is_due_from_its_moment_on_however_late_one_looks(minutes_late: int) -> None:
    now = at("2026-03-02 11:00") + minutes_late * MINUTE
    assert len(steps_due(promise("60m", "2026-03-02 10:00"), (step("due"),), frozenset(), now)) == 1


def test_bug_133_no_calendar_without_hours_can_be_made_at_all() -> None:
    with pytest.raises(ValueError, match="no working time at all"):
        week()
    thirds = OFFICE.add(at("2026-03-02 09:00"), timedelta(hours=8) / 3 * 3)
    assert thirds == at("2026-03-02 17:00")


def test_bug_136_a_calendar_day_is_no_86400_seconds() -> None:
    berlin = week("09:00-17:00", days=range(7), zone=ZoneInfo("Europe/Berlin"))
    start = datetime(2026, 3, 28, 10, tzinfo=ZoneInfo("Europe/Berlin"))
    assert berlin.shift_workdays(start, 1) == datetime(2026, 3, 29, 10, tzinfo=ZoneInfo("Europe/Berlin"))
    assert berlin.shift_workdays(start, 1) - start.astimezone(UTC) == 23 * HOUR


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati"])
@pytest.mark.skipif(not hasattr(time, "tzset"), reason="The zone of the process cannot be changed here.")
def test_bug_137_the_zone_of_the_machine_means_nothing(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.environ.get("TZ")
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert week("09:00-17:00").add(at("2026-03-06 16:30"), HOUR) == at("2026-03-09 09:30")
        assert promise("1 workday", "2026-03-07 13:30").due_at == at("2026-03-09 17:00")
    finally:
        monkeypatch.delenv("TZ")
        if before is not None:
            monkeypatch.setenv("TZ", before)
        time.tzset()


def test_bug_139_the_next_day_closes_at_its_own_hour() -> None:
    short_tuesday = {date(2026, 3, 3): (window("10:00", "11:00"),)}
    assert week("09:00-17:00", dated=short_tuesday).add(at("2026-03-02 16:30"), 2 * HOUR) == at("2026-03-04 09:30")


def test_bug_142_the_date_is_that_of_the_zone() -> None:
    assert DESK.date_of(datetime(2026, 9, 30, 17, tzinfo=UTC)) == date(2026, 10, 1)
    assert not DESK.is_workday(datetime(2026, 9, 30, 17, tzinfo=UTC))


def test_bug_143_an_unpublished_year_is_marked_and_not_guessed() -> None:
    assert not DESK.knows(date(2027, 5, 3))
    clock = Clock(
        Target(Metric.RESOLVE, Budget(60, TimeKind.WORKDAYS)), DESK, (ClockEvent(at("2026-11-23 10:00"), K.STARTED),)
    )
    assert clock.is_provisional
