"""When does a rating reopen a case, and when is a silent case closed?"""

from datetime import datetime, timedelta

from service.cases.rules import Satisfaction

MOST_REOPENINGS = 1
"""Not solved or not satisfied goes back to the handler once; after that a supervisor decides (DOMAIN 3.4, T4)."""
CLOSE_AFTER = timedelta(days=7)
"""A resolved case nobody rated is closed after the link for rating has lapsed (DOMAIN 3.4: 7 d; own)."""


def reopens(*, solved: bool, satisfaction: Satisfaction, reopened: int) -> bool:
    """Does this rating send the case back for a second handling? `reopened`: how often it went back before."""
    unhappy = not solved or satisfaction is Satisfaction.DISSATISFIED
    return unhappy and reopened < MOST_REOPENINGS


def closes_at(resolved_at: datetime) -> datetime:
    """Return when a resolved case that nobody rated is closed."""
    return resolved_at + CLOSE_AFTER
