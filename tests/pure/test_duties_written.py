"""Do weekly duties stand in a cell so that the same is read out of it, and is what cannot be read told?"""

from dataclasses import replace
from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.accounts.rules import DutyDays, DutyHours
from service.roll.duties import DutiesInvalidError, in_order, read_duties, written
from service.rosters.rules import overlap
from tests.pure.test_people_sheet import PEOPLE, faults, ground, planned

WORKDAYS, EVERY, HOLIDAYS = DutyDays.WORKDAYS, DutyDays.EVERY, DutyDays.HOLIDAYS
DAY, NIGHT = (time(8, 30), time(17, 30)), (time(22), time(6))


def on(days: list[int], hours: tuple[time, time], kind: DutyDays) -> set[DutyHours]:
    return {DutyHours(day, *hours, kind) for day in days}


@pytest.mark.parametrize(
    ("text", "duties"),
    [
        ("workdays 08:30-17:30", on([0, 1, 2, 3, 4], DAY, WORKDAYS)),
        ("工作日 8:30–17:30", on([0, 1, 2, 3, 4], DAY, WORKDAYS)),
        ("Workday Mon,Wed 08:30-17:30", on([0, 2], DAY, WORKDAYS)),
        ("every week 22:00-06:00", on(list(range(7)), NIGHT, EVERY)),
        ("每周周六、周日 22:00至06:00", on([5, 6], NIGHT, EVERY)),
        ("节假日 08:30-17:30", on(list(range(7)), DAY, HOLIDAYS)),
        ("public holidays Fri-Mon 08:30-17:30", on([4, 5, 6, 0], DAY, HOLIDAYS)),
        ("每周 周一 00:00-24:00", on([0], (time(0), time(0)), EVERY)),
        ("weekly Mon 20:00-24:00", on([0], (time(20), time(0)), EVERY)),
        (
            "workdays Mon 08:30-17:30；\nholidays Mon 08:30-17:30; ",
            on([0], DAY, WORKDAYS) | on([0], DAY, HOLIDAYS),
        ),
    ],
)
def test_duties_are_read(text: str, duties: set[DutyHours]) -> None:
    assert read_duties(text) == duties


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Mon-Fri 08:30-17:30", "cannot be read"),
        ("workdays", "cannot be read"),
        ("workdays 08:30", "cannot be read"),
        ("workdays 25:00-26:00", "cannot be read"),
        ("workdays 08:60-09:00", "cannot be read"),
        ("workdays Someday 08:30-17:30", "cannot be read"),
        ("night desk", "cannot be read"),
        ("😀", "cannot be read"),
        ("长" * 9_999, "cannot be read"),
        ("every week Mon 08:00-12:00; workdays Mon 11:59-13:00", "overlap"),
        ("每周 22:00-06:00；每周 周二 05:59-07:00", "overlap"),
        (";".join(f"every week 00:{n:02d}-00:{n + 1:02d}" for n in range(50)), "more than"),
    ],
)
def test_what_cannot_be_read_is_told(text: str, told: str) -> None:
    with pytest.raises(DutiesInvalidError) as why:
        read_duties(text)
    assert told in why.value.sentence
    assert all(len(str(fact)) < 80 for fact in why.value.facts.values())


def test_duties_that_overlap_are_both_named() -> None:
    with pytest.raises(DutiesInvalidError) as why:
        read_duties("每周 周一、周二 08:00-12:00; every week Mon 11:00-13:00")
    assert why.value.facts == {"first": "每周 周一、周二 08:00-12:00", "second": "every week Mon 11:00-13:00"}


def test_duties_are_written_in_one_way() -> None:
    duties = read_duties("holidays 09:00-12:00; every week Sat,Sun 20:00-24:00; workdays 08:30-17:30")
    assert written(duties, "en") == "workdays 08:30-17:30; every week Sat,Sun 20:00-24:00; holidays 09:00-12:00"
    assert written(duties, "zh") == "工作日 08:30-17:30；每周 周六、周日 20:00-24:00；节假日 09:00-12:00"
    assert written([], "en") == ""


CLOCKS = st.times().map(lambda at: at.replace(second=0, microsecond=0))
DUTIES = st.lists(st.builds(DutyHours, st.integers(0, 6), CLOCKS, CLOCKS, st.sampled_from(DutyDays)), max_size=9)


@given(DUTIES, st.sampled_from(["en", "zh"]))
def test_what_is_written_is_read_again(duties: list[DutyHours], language: str) -> None:
    free: list[DutyHours] = []
    for duty in duties:
        if not any(overlap(duty, other) for other in free):
            free.append(duty)
    assert in_order(read_duties(written(free, language))) == in_order(free)


def test_weekly_duties_are_replaced_kept_or_emptied() -> None:
    week = read_duties("workdays 08:30-17:30")
    there = ground(PEOPLE[0], replace(PEOPLE[1], duties=week), PEOPLE[2])
    night = read_duties("every week 22:00-06:00")
    for cell, after in (("", week), ("工作日 08:30-17:30", week), ("none", frozenset()), ("每周 22:00-06:00", night)):
        (one,) = planned(f"login,duties\nli.qiang,{cell}\n", there).rows
        assert one.duties == after
        assert one.changes == ({} if after == week else {"duties": (week, after)})
        assert not one.faults


def test_duties_that_cannot_be_are_refused_with_their_column() -> None:
    seen = planned(
        "login,duties\nli.qiang,Mon 08:30-17:30\nhe.jun,every week Mon 1:00-3:00; every week Mon 2:00-4:00\n"
        "sun.li,workdays 08:30-17:30\n"
    )
    assert faults(seen)[:2] == [(2, "duties"), (3, "duties")]
    assert (4, "duties") not in faults(seen)
