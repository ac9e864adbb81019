"""What the table leaves open is what is left when every case of every hour is tried out."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.accounts.rules import Away, Role
from service.areas.rules import AreaLevel
from service.rosters.rules import ORDINARY, Days
from service.routing.classes import Kind
from service.routing.coverage import TableCoverage, cover
from service.routing.desks import coming_holidays, over_capacity, single_points, unguarded
from service.routing.directory import Directory, Rule, Staff
from service.routing.hours import moment, read_hours
from service.routing.rules import Request, matching_rules, target_of
from sla_policies.policy import Grade
from tests.pure.test_routing import (
    BOSS,
    COUNTY,
    DAYS,
    DESK,
    EVERYTHING,
    HILL,
    LAKE,
    LI,
    MONDAY_10,
    PEOPLE,
    SHANGHAI,
    SHORE,
    SUN,
    ZHAO,
    town,
)

TO_DESK = Rule(99, 999, target_level=AreaLevel.SUBDISTRICT, target_role=Role.TRIAGE)
MONDAY_0 = MONDAY_10 - timedelta(hours=10)
SLOTS_OF_TWO_WEEKS = [(off, MONDAY_0 + timedelta(minutes=30 * n)) for off in (0, 1) for n in range(336)]
WEEKS = (ORDINARY, Days(off=frozenset(MONDAY_0.date() + timedelta(days=n) for n in range(-1, 9))))
"""An ordinary one, and one of holidays."""


def seen(known: Directory) -> TableCoverage:
    return cover(known, MONDAY_10)


def left_open(known: Directory) -> set[tuple[str, int, int, datetime, str, str]]:
    """Try out every topic, area, half hour and kind; return what no line takes."""
    found = set()
    for off, at in SLOTS_OF_TWO_WEEKS:
        then = replace(known, days=WEEKS[off])
        for topic in known.catalogue.topics.values():
            for area in known.areas.in_use:
                for grade, channel in ((Grade.G3, ""), (Grade.G1, ""), (Grade.G3, "phone")):
                    asked = Request(topic.code, area.id, grade, at, channel)
                    if not any(target_of(rule, asked, then)[1] for rule in matching_rules(asked, then)):
                        found.add((topic.code, area.id, off, at, grade, channel))
    return found


def test_a_last_line_for_every_place_leaves_nothing_open() -> None:
    assert seen(town(EVERYTHING, TO_DESK)).open_gaps == ()


def test_what_is_known_only_roughly_goes_to_the_desk_on_purpose() -> None:
    (gap,) = seen(town(EVERYTHING)).gaps
    assert (gap.why, set(gap.examples), gap.areas) == ("imprecise", {COUNTY, LAKE}, 2)
    assert seen(town(EVERYTHING)).open_gaps == ()


def test_an_empty_table_leaves_everything_open() -> None:
    (gap,) = seen(town()).gaps
    assert (gap.why, gap.areas, set(gap.topics), gap.kind) == ("no-line", 5, {"A", "A03", "C05"}, None)
    assert gap.hours.text() == "00:00-24:00"


def test_hours_that_no_line_takes_are_named() -> None:
    day = Rule(1, 1, target_person_id=DESK, hours=read_hours("Mon-Fri 08:30-17:30"))
    night = Rule(2, 2, target_person_id=DESK, hours=read_hours("night"))
    (gap,) = seen(town(day, night)).gaps
    assert gap.hours.text() == "Mon-Fri 07:00-08:30; Mon-Fri 17:30-22:00; Sat,Sun 07:00-22:00"


def test_holidays_without_a_line_are_named_apart() -> None:
    (gap,) = seen(town(Rule(1, 1, target_person_id=DESK, hours=read_hours("workday")))).gaps
    assert (gap.hours.text(), gap.holiday_hours.text()) == ("Sat,Sun", "00:00-24:00")


def test_a_gap_of_some_kinds_of_cases_says_which() -> None:
    urgent = Rule(1, 1, target_person_id=DESK, grades=frozenset({Grade.G1, Grade.G2}))
    (gap,) = seen(town(urgent)).gaps
    assert gap.kind == Kind(Grade.G3, "", "")


@pytest.mark.parametrize(
    ("lines", "idle"),
    [
        ((EVERYTHING, TO_DESK, Rule(2, 1000, "A")), [(2, "shadowed", (1, 99))]),
        ((EVERYTHING, TO_DESK, Rule(2, 1, "gone", target_person_id=DESK)), [(2, "out-of-use", ())]),
        ((EVERYTHING, TO_DESK, Rule(2, 1, None, 777, target_person_id=DESK)), [(2, "out-of-use", ())]),
        ((EVERYTHING, TO_DESK, Rule(2, 1, "A", target_person_id=404)), [(2, "person-gone", ())]),
        ((EVERYTHING, TO_DESK, Rule(2, 1, "A", target_person_id=DESK)), []),
        ((EVERYTHING, Rule(2, 1, "A", target_person_id=DESK, hours=read_hours("night")), TO_DESK), []),
    ],
)
def test_lines_that_take_nothing_are_named_with_those_that_stand_before_them(
    lines: tuple[Rule, ...], idle: list[tuple[int, str, tuple[int, ...]]]
) -> None:
    in_order = tuple(sorted(lines, key=lambda rule: rule.position))
    assert [(one.line, one.why, one.by) for one in seen(town(*in_order)).idle] == idle


def test_a_line_that_is_broken_in_some_places_says_where() -> None:
    people = {i: p for i, p in PEOPLE.items() if i != ZHAO}
    found = seen(town(EVERYTHING, TO_DESK, people=people))
    (broken,) = found.broken
    assert (broken.line, broken.why, broken.examples) == (1, "nobody-there", (HILL,))
    assert found.open_gaps == ()


RULES = st.lists(
    st.builds(
        lambda code, area, to, hours, channel, grade: Rule(
            0,
            0,
            code,
            area,
            target_level=to if isinstance(to, AreaLevel) else None,
            target_person_id=to if isinstance(to, int) else None,
            hours=read_hours(hours),
            channels=frozenset(channel),
            grades=frozenset(grade),
        ),
        st.sampled_from([None, "A", "A03", "C05"]),
        st.sampled_from([None, COUNTY, LAKE, SHORE, HILL]),
        st.sampled_from([AreaLevel.COMMUNITY, AreaLevel.GRID, AreaLevel.SUBDISTRICT, LI, BOSS, 404]),
        st.sampled_from(["", "night", "workday", "holiday 08:00-12:30", "Mon-Wed"]),
        st.sampled_from([(), ("phone",)]),
        st.sampled_from([(), (Grade.G1,)]),
    ),
    max_size=5,
)


@settings(max_examples=12, deadline=None)
@given(RULES)
def test_what_is_found_is_what_trying_everything_out_finds(rules: list[Rule]) -> None:
    lines = tuple(replace(rule, id=i, position=i) for i, rule in enumerate(rules, start=1))
    known = town(*lines)
    expected = left_open(known)
    with patch("service.routing.coverage.NAMED", 99):
        found = seen(known)
    assert {(code, area) for code, area, *_ in expected} == {
        (code, area) for gap in found.gaps for code in gap.topics for area in gap.examples
    }
    hours = {(off, at) for _, _, off, at, *_ in expected}
    told = set()
    for off, at in SLOTS_OF_TWO_WEEKS:
        for gap in found.gaps:
            said = gap.holiday_hours if off else gap.hours
            if said.parts and said.covers(moment(at, SHANGHAI, WEEKS[off])):
                told.add((off, at))
    assert told == hours


# Desks


def guarded(people: dict[int, Staff]) -> list[tuple[int, str, int]]:
    known = replace(town(EVERYTHING, people=people), days=NATIONAL_DAY)
    return [(one.area_id, one.hours.text(), len(one.holidays)) for one in unguarded(known, MONDAY_10)]


NATIONAL_DAY = Days(off=frozenset({date(2026, 12, 1), date(2026, 12, 5)}))


def test_a_desk_round_the_clock_leaves_nothing_unguarded() -> None:
    assert guarded(PEOPLE) == []


def test_hours_and_holidays_without_duty_are_named() -> None:
    by_day = {i: replace(p, duties=DAYS) for i, p in PEOPLE.items()}
    ((area, hours, holidays),) = guarded(by_day)
    assert (area, holidays) == (LAKE, 1)
    assert hours == "Mon-Fri 00:00-08:30; Mon-Fri 17:30-24:00; Sat,Sun"


def test_a_holiday_is_a_working_day_that_is_off() -> None:
    known = replace(town(EVERYTHING), days=NATIONAL_DAY)
    assert coming_holidays(known, MONDAY_10) == [date(2026, 12, 1)]
    assert coming_holidays(town(EVERYTHING), MONDAY_10) == []


def test_leave_of_the_only_one_on_duty_is_seen() -> None:
    away = Away(MONDAY_10, MONDAY_10 + timedelta(hours=2))
    alone = {
        DESK: replace(PEOPLE[DESK], absences=(away,)),
        LI: PEOPLE[LI],
    }
    assert guarded(alone) == [(LAKE, "Mon 10:00-12:00", 0)]


def test_units_that_are_full_or_can_hold_nothing_are_named() -> None:
    people = PEOPLE | {ZHAO: replace(PEOPLE[ZHAO], capacity=0)}
    assert over_capacity(town(people=people), {LI: 30, SUN: 10}) == [(SHORE, 40, 40), (HILL, 0, 0)]
    assert over_capacity(town(), {LI: 39}) == []


def test_a_unit_with_one_person_is_a_single_point() -> None:
    known = town(EVERYTHING, TO_DESK)
    assert single_points(known, known.table(MONDAY_10)) == [(LAKE, Role.TRIAGE), (HILL, Role.WORKER)]
