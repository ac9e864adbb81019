"""Which calendar of the engine does a case mean?"""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from sla_policies.documents import packaged_book
from sla_policies.hours import Windows, window
from sla_policies.replay.cases import CaseBrokenError, Values, day
from sla_policies.work_calendar import WorkCalendar

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
KNOWN = {"tz", "hours", "holidays", "extra_workdays", "date_hours", "breaks"}


def calendar_of(said: Values) -> WorkCalendar:
    """Return the calendar of a case; one without hours is our own with the public holidays of China.

    Errors: CaseBrokenError, and ValueError where the engine refuses the calendar.
    """
    if unknown := set(said) - KNOWN | set(said.get("hours", ())) - set(WEEK):
        raise CaseBrokenError(f"The calendar says {', '.join(sorted(unknown))}, which is not known.")
    if "hours" not in said:
        return public_calendar()
    return WorkCalendar(
        "case",
        ZoneInfo(said["tz"]),
        tuple(_windows(said["hours"].get(name, ())) for name in WEEK),
        off=frozenset(day(text) for text in said.get("holidays", ())),
        worked=frozenset(day(text) for text in said.get("extra_workdays", ())),
        dated={day(text): _windows(hours) for text, hours in said.get("date_hours", {}).items()},
        breaks={day(text): _windows(hours) for text, hours in said.get("breaks", {}).items()},
    )


def public_calendar() -> WorkCalendar:
    """Return the packaged calendar with the published days off."""
    return packaged_book().calendars["workdays"]


def _windows(hours: Iterable[tuple[str, str]]) -> Windows:
    return tuple(window(opens, closes) for opens, closes in hours)
