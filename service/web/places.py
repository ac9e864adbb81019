"""Which desk is mine, where is it, and when is it open?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from service.accounts.limits import limit, record_failure
from service.areas.datum import Datum
from service.areas.hours import Day, answering, coming_special, hours_on, is_open
from service.areas.locating import Located, located
from service.areas.rules import AreaTree, Place
from service.errors import NotFoundError, ServiceError
from service.routing.queries import directory
from service.timekeeping import ZONE
from service.web.deps import DbSession, Now, client_address, maybe_person, product_now, real_now
from service.web.error_pages import problem_of
from service.web.render import page

router = APIRouter(include_in_schema=False, dependencies=[Depends(maybe_person), Depends(product_now)])
"""Every page knows who reads it, if somebody is signed in, and says so when time is simulated."""

MOST_LOOKS, LOOKS_WITHIN = 600, timedelta(hours=1)
"""One address may stand for a whole building; whoever wants every point of the town has the boundaries."""
MOST_WORDS = 300

Words = Annotated[str, Query(max_length=MOST_WORDS)]
Latitude = Annotated[float | None, Query(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float | None, Query(ge=-180, le=180, allow_inf_nan=False)]


@dataclass(frozen=True)
class DeskHours:
    """When a desk is open, as a page tells it."""

    usual: str
    today: Day
    is_open: bool
    special: list[Day]
    answering: Place | None
    """Whose desk answers now, where the own one is closed."""


def desk_hours(areas: AreaTree, area_id: int, now: datetime) -> DeskHours:
    """Return when the desk of an area is open, seen at a moment."""
    place, local = areas.living(area_id), now.astimezone(ZONE)
    open_now, today = is_open(place, local), local.date()
    return DeskHours(
        usual=place.opening_hours,
        today=hours_on(place, today),
        is_open=open_now,
        special=coming_special(place, today),
        answering=None if open_now else answering(areas, place.id, local),
    )


def look(
    session: Session, request: Request, *, lat: float | None, lon: float | None, text: str, datum: Datum = Datum.WGS84
) -> Located:
    """Return where a place is; every look counts against a limit.

    Errors: OutsideAreaError, PlaceNotNamedError, InvalidFieldsError, TooManyTriesError.
    """
    subject = f"locate:{client_address(request)}"
    limit(session, subject, most=MOST_LOOKS, within=LOOKS_WITHIN, now=real_now())
    record_failure(session, subject, now=real_now())
    return located(directory(session).areas, lat=lat, lon=lon, text=text, datum=datum)


@router.get("/areas")
def show_areas(
    request: Request,
    session: DbSession,
    text: Words = "",
    lat: Latitude = None,
    lon: Longitude = None,
    datum: Datum = Datum.WGS84,
) -> Response:
    """Ask where somebody is, and show whose desk that is."""
    context: dict[str, Any] = {"text": text, "found": None, "problem": None}
    areas = directory(session).areas
    if text or lat is not None or lon is not None:
        try:
            found = look(session, request, lat=lat, lon=lon, text=text, datum=datum)
        except ServiceError as error:
            problem = problem_of(request, error)
            return page(request, "resident/areas.html", context | {"problem": problem}, status=problem.status)
        context |= {"found": found, "path": [*reversed(list(areas.up_from(found.place.id)))]}
    return page(request, "resident/areas.html", context)


@router.get("/areas/{code}")
def show_area(request: Request, session: DbSession, now: Now, code: str) -> Response:
    """Show the desk of an area, and when it is open. A closed area leads to the one that took it over."""
    areas = directory(session).areas
    place = areas.ever_by_code.get(code)
    if place is None:
        raise NotFoundError
    living = areas.living(place.id)
    if living.id != place.id:
        return RedirectResponse(f"/areas/{living.code}", 303)
    path = [*reversed(list(areas.up_from(place.id)))]
    below = [p for p in areas.grounds if p.parent_id == place.id]
    hours = desk_hours(areas, place.id, now)
    return page(request, "resident/area.html", {"place": place, "path": path, "below": below, "hours": hours})
