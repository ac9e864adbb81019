"""When does a rating reopen a case, and when is a silent case closed?"""

from datetime import datetime

from service.cases.rules import Satisfaction
from sla_policies.work_calendar import WorkCalendar

MOST_REOPENINGS = 1
"""Not solved or not satisfied goes back to the handler once; after that a supervisor decides (DOMAIN 3.4, T4)."""
CLOSE_AFTER = 7
"""Workdays after which a resolved case that nobody rated is closed: no holiday takes time to answer (own)."""


def reopens(*, solved: bool, satisfaction: Satisfaction, reopened: int) -> bool:
    """Does this rating send the case back for a second handling? `reopened`: how often it went back before."""
    unhappy = not solved or satisfaction is Satisfaction.DISSATISFIED
    return unhappy and reopened < MOST_REOPENINGS


def closes_at(resolved_at: datetime, desk: WorkCalendar) -> datetime:
    """Return when a resolved case that nobody rated is closed: at the end of business, some workdays later."""
    return desk.add_workdays(resolved_at, CLOSE_AFTER)
