"""Who is on duty where this week or this month, where is nobody, and which swaps are to be seen?"""

from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from babel.dates import format_date
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts.queries import PeopleAsk, find_people
from service.accounts.rules import Role
from service.accounts.tables import Person
from service.areas.queries import all_areas, subtree_ids
from service.areas.tables import Area
from service.errors import NotFoundError
from service.rosters.actions import may_plan_for
from service.rosters.coverage import Gap, teams, uncovered
from service.rosters.desks import BY_DAY
from service.rosters.queries import swaps_among
from service.rosters.rules import Days
from service.rosters.swaps import see_swap
from service.routing.queries import public_holidays
from service.timekeeping import ZONE
from service.web.admin.common import DutyReader, Planner, RowId, Text, TypedForm, admin_page, area_choices, as_id, go_to
from service.web.admin.common import page_number as page_of
from service.web.admin.duty_calendar import Period, View, boxes, days_of, lines, period
from service.web.deps import DbSession, Now
from service.web.policy_pages import LOCALES
from service.web.render import language_of

router = APIRouter(prefix="/duties")

DUTIES = "/admin/duties"
MOST_GAPS = 20
"""So many times without anybody are told; of more the number."""
MOST_TEAMS = 40
"""Of a place with more desks than this only those that must always be there are looked at."""


class DutyQuery(TypedForm):
    """What of the calendar somebody wants to see, as the address says it; what cannot be read asks for today's week."""

    area: Text = ""
    view: Text = ""
    on: Text = ""
    page: Text = ""

    def shown(self, now: datetime) -> Period:
        """Return which dates are meant."""
        try:
            on = date.fromisoformat(self.on)
        except ValueError:
            on = now.astimezone(ZONE).date()
        return period(View.MONTH if self.view == View.MONTH else View.WEEK, on)


@router.get("")
def show_duties(
    request: Request, session: DbSession, by: DutyReader, now: Now, query: Annotated[DutyQuery, Query()]
) -> Response:
    """Show the calendar of a place and everything below it."""
    areas = {area.id or 0: area for area in all_areas(session)}
    near = subtree_ids(session, by.area_id) if by.role is not Role.ADMIN else set(areas)
    area = areas.get(as_id(query.area) or by.area_id)
    if area is None or area.id not in near:
        raise NotFoundError
    shown, holidays = query.shown(now), public_holidays()
    ask = PeopleAsk(area_id=area.id, page=page_of(query.page), handling_only=True)
    found = find_people(session, ask, within=None if by.role is Role.ADMIN else by.area_id)
    rows, days = lines(session, found.people, shown, holidays), days_of(shown, holidays, now)
    context = {
        "area": area,
        "areas": areas,
        "area_choices": area_choices(request, [a for a in areas.values() if a.id in near]),
        "shown": shown,
        "title": _title(shown, language_of(request)),
        "days": days,
        "lines": rows,
        "weeks": boxes(rows, days) if shown.view is View.MONTH else [],
        "found": found,
        "ask": ask,
        "to": lambda **changes: _address(area, shown, **changes),
        "may_open": by.role is not Role.TRIAGE,
        **_warnings(session, area, shown, holidays, now),
        "swaps": _swaps(session, by, area, now),
    }
    return admin_page(request, by, "duties", context)


@router.post("/swaps/{swap_id}/seen")
def take_seen(session: DbSession, by: Planner, now: Now, swap_id: RowId) -> Response:
    """Note that an accepted swap was seen."""
    see_swap(session, swap_id, by=by, now=now)
    return go_to(DUTIES, "changed")


def _address(area: Area, shown: Period, **changes: object) -> str:
    asked = {"area": area.id, "view": shown.view.value, "on": shown.first.isoformat()} | changes
    return f"{DUTIES}?{urlencode(asked)}"


def _title(shown: Period, language: str) -> str:
    locale = LOCALES[language]
    if shown.view is View.MONTH:
        return format_date(shown.first, "y年M月" if language == "zh" else "LLLL y", locale=locale)
    pattern = "y年M月d日" if language == "zh" else "d MMM y"
    return " – ".join(format_date(day, pattern, locale=locale) for day in (shown.first, shown.last))


def _warnings(session: Session, area: Area, shown: Period, holidays: Days, now: datetime) -> dict[str, Any]:
    """Return when nobody is there, from now on."""
    found = teams(session, subtree_ids(session, area.id or 0))
    is_much = len(found) > MOST_TEAMS
    told = [team for team in found if team.roles != BY_DAY][:MOST_TEAMS] if is_much else found
    gaps = uncovered(session, told, shown.first, shown.last, holidays)
    coming = [Gap(gap.team, (max(gap.span[0], now), gap.span[1])) for gap in gaps if gap.span[1] > now]
    return {"gaps": coming[:MOST_GAPS], "more_gaps": max(0, len(coming) - MOST_GAPS), "desks_only": is_much}


def _swaps(session: Session, by: Person, area: Area, now: datetime) -> list[dict[str, Any]]:
    found = swaps_among(session, subtree_ids(session, area.id or 0), since=now)
    return [
        {"swap": swap, "asker": asker, "other": other, "may_see": may_plan_for(session, by, asker)}
        for swap, asker, other in found
    ]
