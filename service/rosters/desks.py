"""Which desks are kept at every hour, in which order, and when is nobody there? The one place for it."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta, tzinfo

from service.accounts.rules import Role
from service.areas.rules import AreaLevel
from service.rosters.rules import Days, Roster, Span, gaps, working

DESKS: tuple[tuple[AreaLevel, Role], ...] = (
    (AreaLevel.SUBDISTRICT, Role.TRIAGE),
    (AreaLevel.SUBDISTRICT, Role.SUPERVISOR),
    (AreaLevel.COUNTY, Role.DISTRICT),
)
"""Who gets what nobody else takes, in this order: no case is ever without an owner."""
ALWAYS_THERE: Mapping[AreaLevel, Role] = dict(reversed(DESKS))
"""Where somebody must be at any hour, and in which role: the first desk of a level (DOMAIN 1.9, own)."""
BY_DAY = (Role.WORKER, Role.HEAD)
"""Who must be at the desk of a community or department while it is open."""
LOOK_AHEAD = timedelta(days=60)
"""So far ahead public holidays are looked at: notices of the next year come in autumn."""


def nobody_there(needed: Iterable[Span], people: Iterable[Roster], days: Days, zone: tzinfo) -> tuple[Span, ...]:
    """Return when somebody is needed and none of these people is on duty: leave and single shifts count."""
    wanted = sorted(needed)
    if not wanted:
        return ()
    first, last = (moment.astimezone(zone).date() for moment in (wanted[0][0], max(ends for _, ends in wanted)))
    return gaps(wanted, [span for roster in people for span in working(roster, first, last, days, zone)])


def holidays_ahead(days: Days, today: date) -> list[date]:
    """Return the public holidays after today that are near enough to be looked at, in order."""
    return sorted(day for day in days.off if today < day <= today + LOOK_AHEAD)
