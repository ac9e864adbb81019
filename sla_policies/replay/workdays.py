"""What does the engine say to cases about days of the Chinese calendar, and about the text of a notice?"""

from typing import Any

from sla_policies.calendar_files import weekdays_gained
from sla_policies.notices import read_notice
from sla_policies.opening_hours import ONE_DAY
from sla_policies.replay.calendars import public_calendar
from sla_policies.replay.cases import Case, day


class UnknownYearError(ValueError):
    """The days off of a year are not published: an answer would be a guess."""


def workday(case: Case) -> dict[str, Any]:
    """Return whether a date is worked. Errors: UnknownYearError."""
    calendar, date = public_calendar(), day(case.input["date"])
    if not calendar.knows(date):
        raise UnknownYearError(f"The days off of {date.year} are not published.")
    return {"is_workday": calendar.is_workday(date)}


def workday_count(case: Case) -> dict[str, Any]:
    """Return how many workdays and days off there are from one date to another, both counted unless said otherwise."""
    calendar, first, last = public_calendar(), day(case.input["from"]), day(case.input["to"])
    if not case.input.get("inclusive", True):
        last -= ONE_DAY
    for date in (first, last):
        if not calendar.knows(date):
            raise UnknownYearError(f"The days off of {date.year} are not published.")
    worked = calendar.count_workdays(first, last)
    return {"workdays": worked, "off_days": max((last - first).days + 1, 0) - worked}


def year_balance(case: Case) -> dict[str, Any]:
    """Return how many weekdays off a year has more than weekend days worked. Errors: UnknownYearError."""
    calendar, year = public_calendar(), case.input["year"]
    if calendar.known_years is None or year not in calendar.known_years:
        raise UnknownYearError(f"The days off of {year} are not published.")
    return {"weekday_off_minus_weekend_worked": weekdays_gained(year, calendar.off, calendar.worked)}


def notice_parse(case: Case) -> dict[str, Any]:
    """Return the days that the text of a notice gives off, and those that it has worked."""
    notice = read_notice(case.input["text"], year=case.input["year"])
    days = [(date, True) for date in notice.off] + [(date, False) for date in notice.worked]
    return {"days": [{"date": date, "isOffDay": is_off} for date, is_off in sorted(days)]}
