"""How does a calendar of one's own show when one is on duty? By a secret link that its reader asks again and again."""

from datetime import datetime

from fastapi import APIRouter, Depends
from fastapi.responses import PlainTextResponse, Response
from sqlmodel import Session

from service.accounts.tables import Person
from service.areas.queries import all_areas
from service.errors import NotFoundError
from service.rosters.ical import Event, stamp, written
from service.rosters.queries import person_of_feed, rosters
from service.rosters.rules import ONE_DAY, working
from service.routing.queries import public_holidays
from service.timekeeping import ZONE
from service.web.catalogues import translate
from service.web.deps import DbSession, Now, product_now
from service.web.filters import called_in
from service.web.roster import MINE

router = APIRouter(include_in_schema=False, dependencies=[Depends(product_now)])

FEED_PAST, FEED_AHEAD = 14 * ONE_DAY, 62 * ONE_DAY
FEED_LABELS = {"title": "On duty: {place}", "name": "My duties"}


@router.get(f"{MINE}/feed/{{token}}.ics")
def show_feed(session: DbSession, now: Now, token: str) -> Response:
    """Return somebody's duties as a calendar, for whoever has the secret link. Errors: NotFoundError."""
    person = person_of_feed(session, token)
    if person is None:
        raise NotFoundError
    text = written(translate(person.language, FEED_LABELS["name"]), _events(session, person, now), now)
    headers = {"Cache-Control": "private, max-age=600", "X-Robots-Tag": "noindex"}
    return PlainTextResponse(text, media_type="text/calendar", headers=headers)


def _events(session: Session, person: Person, now: datetime) -> list[Event]:
    today, person_id = now.astimezone(ZONE).date(), person.id or 0
    first, last = today - FEED_PAST, today + FEED_AHEAD
    roster = rosters(session, [person_id], first, last, ZONE)[person_id]
    area = {area.id: area for area in all_areas(session)}[person.area_id]
    name = called_in(person.language, area)
    title = translate(person.language, FEED_LABELS["title"], place=name)
    found = working(roster, first, last, public_holidays(), ZONE)
    return [Event(f"{person_id}-{stamp(span[0])}", *span, title, area.address or name) for span in found]
