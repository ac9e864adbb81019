"""Has every category in every area at every hour somebody? What the table and the desks leave open."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.assignments.queries import loads
from service.routing import catalogue
from service.routing.coverage import Gap, cover
from service.routing.desks import over_capacity, single_points, unguarded
from service.routing.directory import Directory
from service.routing.queries import directory
from service.web import timewords
from service.web.admin.common import admin_page, called
from service.web.admin.lines import Names, hours_said, lines
from service.web.admin.rule_words import GAP_LABELS, IDLE_LABELS
from service.web.admin.rules import Dispatcher, of_all
from service.web.deps import DbSession, Now
from service.web.render import language_of

router = APIRouter(prefix="/rules")

SHOWN = 50


@router.get("/coverage")
def show_coverage(request: Request, session: DbSession, by: Dispatcher, now: Now) -> Response:
    """Show gaps, lines that take nothing, desks without duty, with one person, or with more than they can carry."""
    known = directory(session)
    found = cover(known, now)
    rows = catalogue.lines_in(session, known.table(now).version.id)
    named = Names(known.areas.places, known.people, known.catalogue.topics)
    by_number = {line.rule.line or 0: line for line in lines(request, rows, named)}
    context = {
        "found": found,
        "gaps": [_gap(request, known, gap) for gap in found.gaps[:SHOWN]],
        "idle": [(by_number[one.line], one, [by_number[n].place for n in one.by]) for one in found.idle[:SHOWN]],
        "broken": [(by_number[one.line], one, _places(request, known, one.examples)) for one in found.broken[:SHOWN]],
        "whys": {**GAP_LABELS, **IDLE_LABELS},
        "shown": SHOWN,
        **_desks(request, session, known, now),
        **of_all(session, now),
    }
    return admin_page(request, by, "rule_coverage", context)


def _gap(request: Request, known: Directory, gap: Gap) -> dict[str, Any]:
    hours, holidays = (hours_said(request, one.text()) for one in (gap.hours, gap.holiday_hours))
    return {
        "gap": gap,
        "topics": [called(request, known.catalogue.topics[code]) for code in gap.topics],
        "all_topics": len(gap.topics) == sum(topic.is_taken for topic in known.catalogue.topics.values()),
        "places": _places(request, known, gap.examples),
        "hours": hours,
        "holidays": holidays if holidays != hours else "",
    }


def _places(request: Request, known: Directory, ids: tuple[int, ...]) -> list[str]:
    return [called(request, known.areas.places[area_id]) for area_id in ids]


def _desks(request: Request, session: Session, known: Directory, now: datetime) -> Mapping[str, Any]:
    """Return what is wrong with the desks themselves."""
    table, language = known.table(now), language_of(request)
    held = {person: load.open_cases for person, load in loads(session, list(known.people)).items()}
    single = single_points(known, table)
    full = over_capacity(known, held)
    places = known.areas.places
    return {
        "unguarded": [
            {
                "place": places[one.area_id],
                "hours": hours_said(request, one.hours.text()),
                "days": [timewords.day(day, now, language) for day in one.holidays],
            }
            for one in unguarded(known, now)
        ],
        "single": [(places[area_id], role) for area_id, role in single[:SHOWN]],
        "single_count": len(single),
        "full": [(places[area_id], cases, capacity) for area_id, cases, capacity in full[:SHOWN]],
        "full_count": len(full),
    }
