"""What is there to look after, and what needs somebody's attention?"""

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts.queries import active_people, without_duties
from service.accounts.rules import Role
from service.accounts.tables import Person
from service.areas.opening import is_open_too_little
from service.areas.queries import all_areas, people_by_area
from service.areas.rules import AreaLevel
from service.areas.tables import Area
from service.categories.queries import all_categories
from service.routing.catalogue import deciding, lines_in
from service.routing.queries import directory
from service.web.admin.common import Administrator, admin_page
from service.web.admin.lines import broken_lines
from service.web.deps import DbSession, Now

router = APIRouter()


@dataclass(frozen=True)
class Overview:
    """The numbers of the administration."""

    people: int
    on_duty: int
    areas: int
    categories: int
    rules: int
    short_hours: list[Area]
    without_people: list[Area]
    without_duties: int
    broken_rules: int


@router.get("")
def show_overview(request: Request, session: DbSession, by: Administrator, now: Now) -> Response:
    """Show what there is, and what is not as it should be."""
    return admin_page(request, by, "overview", {"seen": _overview(session, now)})


def _overview(session: Session, now: datetime) -> Overview:
    areas, staff = [area for area in all_areas(session) if area.is_active], active_people(session)
    peopled, rules = people_by_area(session), lines_in(session, deciding(session, now).id or 0)
    return Overview(
        people=len(staff),
        on_duty=_on_duty(session, staff, now),
        areas=len(areas),
        categories=sum(c.is_active for c in all_categories(session)),
        rules=sum(rule.is_active for rule in rules),
        short_hours=[area for area in areas if has_desk(area) and is_open_too_little(area.opening_hours)],
        without_people=[area for area in areas if has_desk(area) and area.id not in peopled],
        without_duties=without_duties(session),
        broken_rules=broken_lines(session, rules),
    )


def has_desk(area: Area) -> bool:
    """Does the area have a desk of its own? A grid is reached through the desk of its community."""
    return area.level is not AreaLevel.GRID


def _on_duty(session: Session, staff: list[Person], now: datetime) -> int:
    known = directory(session)
    here = (known.people.get(person.id or 0) for person in staff if person.role is not Role.ADMIN)
    return sum(known.is_on_duty(person, now) for person in here if person is not None)
