"""Do two programs that others wrote know the same workdays as our calendar files?"""

from datetime import date, timedelta

import chinese_calendar
import holidays
import pytest

from sla_policies.documents import packaged_book

DESK = packaged_book().calendars["workdays"]
YEARS = range(2020, 2027)
DISAGREEMENTS: dict[date, str] = {}
"""Days on which one of them says otherwise → the notice that decides; there are none from 2020 to 2026."""


@pytest.mark.parametrize("year", YEARS)
def test_every_day_of_a_year_is_worked_or_off_as_others_say(year: int) -> None:
    theirs = holidays.country_holidays("CN", years=year)
    first = date(year, 1, 1)
    days = [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]
    verdicts = {day: {chinese_calendar.is_workday(day), theirs.is_working_day(day)} for day in days}
    assert {day for day in days if verdicts[day] != {DESK.is_workday(day)}} == {
        day for day in DISAGREEMENTS if day.year == year
    }


def test_every_make_up_day_is_one_for_the_others_too() -> None:
    ours = {day for day in DESK.worked if day.year in YEARS}
    theirs = holidays.country_holidays("CN", years=YEARS)
    assert ours == {day for day in theirs.weekend_workdays if day.year in YEARS}
    assert ours == {day for day in chinese_calendar.constants.workdays if day.year in YEARS}
    assert not any(day.weekday() < 5 for day in ours)


def test_the_year_that_is_not_published_is_known_to_nobody() -> None:
    assert not DESK.knows(date(2027, 1, 1))
    with pytest.raises(NotImplementedError):
        chinese_calendar.is_workday(date(2027, 1, 4))
