from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.accounts.rules import Away, DutyDays, DutyHours, Role, may_plan
from service.areas.rules import AreaLevel
from service.rosters.desks import ALWAYS_THERE, LOOK_AHEAD, holidays_ahead, nobody_there
from service.rosters.rules import (
    ORDINARY,
    Days,
    Roster,
    Single,
    Turn,
    closes_a_circle,
    does_whole,
    gaps,
    is_on_duty,
    overlap,
    shared,
    turns,
    working,
)

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The machine may be busy with other things."""
SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 9, 28)
GOLDEN_WEEK = Days(
    off=frozenset(date(2026, 10, day) for day in range(1, 8)), worked=frozenset({date(2026, 9, 20), date(2026, 10, 10)})
)
EVERY, WORKDAYS, HOLIDAYS = DutyDays.EVERY, DutyDays.WORKDAYS, DutyDays.HOLIDAYS
OFFICE = tuple(DutyHours(day, time(8, 30), time(17, 30), WORKDAYS) for day in range(5))
NIGHTS = tuple(DutyHours(day, time(20), time(8)) for day in (0, 3, 6))
ON_HOLIDAYS = tuple(DutyHours(day, time(9), time(12), HOLIDAYS) for day in range(7))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def told(found: list[Turn]) -> list[str]:
    return [f"{turn.starts_at:%m-%d %H:%M}–{turn.ends_at:%m-%d %H:%M}" for turn in found]


@pytest.mark.parametrize(
    ("duties", "moment", "expected"),
    [
        (OFFICE, "2026-09-30T10:00", True),  # Wednesday
        (OFFICE, "2026-10-01T10:00", False),  # Thursday, National Day
        (OFFICE, "2026-10-08T10:00", True),  # Thursday after it
        (OFFICE, "2026-10-10T10:00", True),  # Saturday, worked instead
        (OFFICE, "2026-10-10T17:30", False),
        (OFFICE, "2026-10-17T10:00", False),  # an ordinary Saturday
        (NIGHTS, "2026-10-01T23:00", True),  # a night desk knows no holidays
        (NIGHTS, "2026-10-02T07:59", True),
        (NIGHTS, "2026-10-10T23:00", False),  # Saturday, worked: nights are not moved
        (ON_HOLIDAYS, "2026-10-01T10:00", True),
        (ON_HOLIDAYS, "2026-10-08T10:00", False),
        (ON_HOLIDAYS, "2026-10-10T10:00", False),
        (OFFICE[2:4], "2026-10-10T10:00", True),  # who begins on Wednesdays works Wednesday's hours
    ],
)
def test_public_holidays_and_made_up_workdays(duties: tuple[DutyHours, ...], moment: str, expected: bool) -> None:
    assert is_on_duty(Roster(duties), at(moment), GOLDEN_WEEK, SHANGHAI) is expected


def test_a_single_shift_comes_before_the_week() -> None:
    extra = Single(at("2026-10-03T09:00"), at("2026-10-03T18:00"), is_on=True)
    free = Single(at("2026-09-28T12:00"), at("2026-09-28T17:30"), is_on=False)
    roster = Roster(OFFICE, (free, extra))
    assert is_on_duty(roster, at("2026-10-03T09:00"), GOLDEN_WEEK, SHANGHAI)
    assert not is_on_duty(roster, at("2026-10-03T18:00"), GOLDEN_WEEK, SHANGHAI)
    assert is_on_duty(roster, at("2026-09-28T11:59"), GOLDEN_WEEK, SHANGHAI)
    assert not is_on_duty(roster, at("2026-09-28T12:00"), GOLDEN_WEEK, SHANGHAI)
    found = turns(roster, MONDAY, date(2026, 10, 4), GOLDEN_WEEK, SHANGHAI)
    assert told(found) == [
        "09-28 08:30–09-28 12:00",
        "09-29 08:30–09-29 17:30",
        "09-30 08:30–09-30 17:30",
        "10-03 09:00–10-03 18:00",
    ]
    assert [turn.is_single for turn in found] == [False, False, False, True]


def test_a_night_is_seen_from_both_of_its_dates() -> None:
    night = Roster((DutyHours(0, time(20), time(8)),))
    for day in (MONDAY, MONDAY + timedelta(days=1)):
        assert told(turns(night, day, day, ORDINARY, SHANGHAI)) == ["09-28 20:00–09-29 08:00"]
    assert turns(night, MONDAY + timedelta(days=2), MONDAY + timedelta(days=6), ORDINARY, SHANGHAI) == []


def test_a_day_and_a_night_until_midnight_each_day_stay_days() -> None:
    always = Roster(tuple(DutyHours(day, time(0), time(0)) for day in range(7)))
    found = turns(always, MONDAY, MONDAY + timedelta(days=1), ORDINARY, SHANGHAI)
    assert told(found) == ["09-28 00:00–09-29 00:00", "09-29 00:00–09-30 00:00"]


def test_whoever_is_away_is_not_there() -> None:
    away = Away(at("2026-09-28T10:00"), at("2026-09-29T10:00"))
    found = working(Roster(OFFICE, absences=(away,)), MONDAY, MONDAY + timedelta(days=1), GOLDEN_WEEK, SHANGHAI)
    assert found == (
        (at("2026-09-28T08:30"), at("2026-09-28T10:00")),
        (at("2026-09-29T10:00"), at("2026-09-29T17:30")),
    )


def test_gaps_are_what_nobody_covers() -> None:
    needed = [(at("2026-09-28T08:00"), at("2026-09-28T20:00"))]
    there = [(at("2026-09-28T07:00"), at("2026-09-28T12:00")), (at("2026-09-28T13:00"), at("2026-09-28T20:00"))]
    assert gaps(needed, there) == ((at("2026-09-28T12:00"), at("2026-09-28T13:00")),)
    assert gaps(needed, []) == tuple(needed)
    assert gaps([], there) == ()


def test_nobody_is_there_when_the_night_is_planned_and_the_one_who_does_it_is_away() -> None:
    night = Roster(duties=(DutyHours(0, time(17, 30), time(8, 30)),))
    day = Roster(duties=(DutyHours(0, time(8, 30), time(17, 30)),))
    needed = [(at("2026-09-28 12:00"), at("2026-09-29 08:00"))]
    assert nobody_there(needed, [day, night], ORDINARY, SHANGHAI) == ()
    away = Away(at("2026-09-29 03:00"), at("2026-09-29 05:00"))
    ill = Roster(night.duties, absences=(away,))
    assert nobody_there(needed, [day, ill], ORDINARY, SHANGHAI) == ((away.starts_at, away.ends_at),)
    extra = Roster(singles=(Single(at("2026-09-29 04:00"), at("2026-09-29 06:00"), is_on=True),))
    assert nobody_there(needed, [day, ill, extra], ORDINARY, SHANGHAI) == ((away.starts_at, at("2026-09-29 04:00")),)
    assert nobody_there(needed, [], ORDINARY, SHANGHAI) == tuple(needed)
    assert nobody_there([], [], ORDINARY, SHANGHAI) == ()


def test_holidays_are_looked_at_from_tomorrow_on_and_no_further_than_sixty_days() -> None:
    off = [MONDAY + timedelta(days=n) for n in (-1, 0, 1, LOOK_AHEAD.days, LOOK_AHEAD.days + 1)]
    assert holidays_ahead(Days(off=frozenset(off)), MONDAY) == off[2:4]


def test_the_first_desk_of_a_level_is_kept_at_every_hour() -> None:
    assert ALWAYS_THERE == {AreaLevel.SUBDISTRICT: Role.TRIAGE, AreaLevel.COUNTY: Role.DISTRICT}


def test_a_span_is_done_wholly_or_in_part() -> None:
    span = (at("2026-09-28T10:00"), at("2026-09-28T20:00"))
    found = [Turn(at("2026-09-28T08:00"), at("2026-09-28T12:00")), Turn(at("2026-09-28T12:00"), at("2026-09-28T18:00"))]
    assert not does_whole(span, found)
    assert does_whole(span, [*found, Turn(at("2026-09-28T17:00"), at("2026-09-28T23:00"))])
    assert shared(span, [turn.span for turn in found]) == ((span[0], at("2026-09-28T18:00")),)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (DutyHours(0, time(8), time(12)), DutyHours(0, time(12), time(18)), False),
        (DutyHours(0, time(8), time(12)), DutyHours(0, time(11, 59), time(18)), True),
        (DutyHours(6, time(22), time(6)), DutyHours(0, time(5), time(9)), True),
        (DutyHours(0, time(0), time(0)), DutyHours(0, time(23), time(0)), True),
        (DutyHours(0, time(8), time(12), WORKDAYS), DutyHours(0, time(8), time(12), HOLIDAYS), False),
        (DutyHours(0, time(8), time(12), EVERY), DutyHours(0, time(8), time(12), HOLIDAYS), True),
    ],
)
def test_duties_of_one_person_do_not_overlap(one: DutyHours, other: DutyHours, expected: bool) -> None:
    assert overlap(one, other) is expected
    assert overlap(other, one) is expected


WHOLE = (at("2026-09-28T00:00"), at("2026-10-08T00:00"))


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([], False),
        ([(2, Away(*WHOLE, 1))], True),
        ([(2, Away(*WHOLE, 3))], False),
        ([(2, Away(*WHOLE, 3)), (3, Away(*WHOLE, 1))], True),
        ([(2, Away(*WHOLE, 3)), (3, Away(*WHOLE, 2))], False),  # a circle that was there, without this person
        ([(2, Away(at("2026-10-08T00:00"), at("2026-10-09T00:00"), 1))], False),  # later
        ([(2, Away(WHOLE[0], at("2026-09-30T00:00"), 3)), (3, Away(at("2026-10-01T00:00"), WHOLE[1], 1))], False),
    ],
)
def test_a_circle_of_those_who_stand_in_is_seen(others: list[tuple[int, Away]], expected: bool) -> None:
    assert closes_a_circle(1, Away(*WHOLE, 2), others) is expected


@pytest.mark.parametrize(
    ("by", "role", "expected"),
    [
        (Role.HEAD, Role.WORKER, True),
        (Role.HEAD, Role.HEAD, False),
        (Role.WORKER, Role.WORKER, False),
        (Role.TRIAGE, Role.WORKER, False),
        (Role.SUPERVISOR, Role.TRIAGE, True),
        (Role.SUPERVISOR, Role.SUPERVISOR, False),
        (Role.DISTRICT, Role.SUPERVISOR, True),
        (Role.DISTRICT, Role.ADMIN, False),
        (Role.ADMIN, Role.ADMIN, True),
    ],
)
def test_who_leads_plans_for_those_below(by: Role, role: Role, expected: bool) -> None:
    assert may_plan(by, role) is expected


CLOCKS = st.builds(time, st.integers(0, 23), st.sampled_from((0, 15, 30)))
DUTIES = st.builds(DutyHours, st.integers(0, 6), CLOCKS, CLOCKS, st.sampled_from(DutyDays))
MINUTES = st.integers(-2 * 1440, 12 * 1440)


@st.composite
def some_rosters(draw: st.DrawFn) -> Roster:
    edges = sorted(set(draw(st.lists(MINUTES, max_size=8))))
    start = at("2026-09-28T00:00")
    moments = [start + timedelta(minutes=edge) for edge in edges]
    singles = [Single(a, b, draw(st.booleans())) for a, b in zip(moments[::2], moments[1::2], strict=False)]
    away = draw(st.lists(st.tuples(MINUTES, st.integers(1, 3000)), max_size=2))
    absences = [Away(start + timedelta(minutes=m), start + timedelta(minutes=m + length)) for m, length in away]
    return Roster(tuple(draw(st.lists(DUTIES, max_size=6))), tuple(singles), tuple(absences))


@CALM
@given(roster=some_rosters(), minute=st.integers(0, 10 * 1440 - 1))
def test_the_calendar_and_the_moment_say_the_same(roster: Roster, minute: int) -> None:
    moment = (at("2026-09-28T00:00") + timedelta(minutes=minute)).astimezone(UTC)
    found = working(roster, MONDAY, MONDAY + timedelta(days=9), GOLDEN_WEEK, SHANGHAI)
    assert is_on_duty(roster, moment, GOLDEN_WEEK, SHANGHAI) is any(a <= moment < b for a, b in found)
