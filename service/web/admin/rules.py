"""Which desk gets which cases? The dispatch table in force, its earlier and coming versions, and its worst lines."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts.queries import people_by_id
from service.accounts.rules import Role
from service.accounts.tables import Person
from service.routing import catalogue
from service.routing.publishing import difference, drop
from service.routing.tables import RuleVersionRow
from service.routing.versions import standing
from service.web.admin.common import RowId, Text, admin_page, go_to, page_number
from service.web.admin.lines import Line, Names, lines, names
from service.web.admin.rule_words import STANDING_LABELS
from service.web.admin.saving import row_of
from service.web.admin.told import history_of
from service.web.deps import DbSession, Now, require_role

router = APIRouter(prefix="/rules")

RULES = "/admin/rules"
Dispatcher = Annotated[Person, Depends(require_role(Role.ADMIN, Role.DISTRICT))]
"""Who looks after the dispatch table."""
MEASURED = timedelta(days=90)
"""Over so long a time it is counted how many cases of a line were given back."""
FEW = 5
"""A line with fewer cases than this has no rate worth a place in an order."""
MOST = 50


@router.get("")
def show_rules(
    request: Request,
    session: DbSession,
    by: Dispatcher,
    now: Now,
    search: Text = "",
    order: Text = "",
    page: Text = "",
) -> Response:
    """Show the table in force: whole, searched in, or with the lines on top whose cases come back most often."""
    version = catalogue.deciding(session, now)
    known = names(session, catalogue.return_rates(session, now - MEASURED))
    asked = {"search": search[:100], "order": "returns" if order == "returns" else "", "page": page_number(page)}
    context = {"version": version, **_shown(request, session, version, known, asked), **of_all(session, now)}
    return admin_page(request, by, "rules", context)


@router.get("/versions")
def show_versions(request: Request, session: DbSession, by: Dispatcher, now: Now) -> Response:
    """List the versions, the newest first."""
    rows, deciding = catalogue.versions(session), catalogue.dated(catalogue.deciding(session, now))
    context = {
        "versions": [(row, standing(catalogue.dated(row), deciding, now)) for row in rows],
        "people": people_by_id(session, {row.published_by_id or row.begun_by_id or 0 for row in rows}),
        **of_all(session, now),
    }
    return admin_page(request, by, "rule_versions", context)


@router.get("/versions/{version_id}")
def show_version(
    request: Request, session: DbSession, by: Dispatcher, now: Now, version_id: RowId, page: Text = ""
) -> Response:
    """Show one version: what it changed, and every line."""
    version = row_of(session, RuleVersionRow, version_id)
    known, deciding = names(session), catalogue.dated(catalogue.deciding(session, now))
    asked = {"search": "", "order": "", "page": page_number(page)}
    context = {
        "version": version,
        "stands": standing(catalogue.dated(version), deciding, now),
        "differs": told_difference(request, session, version, known) if version.based_on_id else None,
        "people": people_by_id(session, {version.published_by_id or 0, version.begun_by_id or 0}),
        **_shown(request, session, version, known, asked),
        **history_of(request, session, "rule_version", version_id, now),
        **of_all(session, now),
    }
    return admin_page(request, by, "rule_version", context)


@router.post("/versions/{version_id}/drop")
def take_drop(session: DbSession, by: Dispatcher, now: Now, version_id: RowId) -> Response:
    """Drop a draft, or a version that has not begun to decide."""
    drop(session, version_id, by=by, now=now)
    return go_to(f"{RULES}/versions", "version-dropped")


def of_all(session: Session, now: datetime) -> dict[str, Any]:
    """Return what every page of the table shows on top: the draft, what is planned, what waits."""
    deciding, newest = catalogue.deciding(session, now), catalogue.newest(session)
    return {
        "draft": catalogue.draft(session),
        "deciding": deciding,
        "planned": newest if newest.id != deciding.id else None,
        "waiting": catalogue.waiting(session),
        "standings": STANDING_LABELS,
        "measured_days": MEASURED.days,
    }


def _shown(
    request: Request, session: Session, version: RuleVersionRow, known: Names, asked: dict[str, Any]
) -> dict[str, Any]:
    """Return one page of the lines of a version."""
    found = lines(request, catalogue.lines_in(session, version.id or 0), known)
    if asked["search"]:
        found = [line for line in found if asked["search"].casefold() in line.words]
    if asked["order"]:
        found.sort(key=_worst_first)
    start = (asked["page"] - 1) * MOST
    return {"lines": found[start : start + MOST], "count": len(found), "most": MOST, "asked": asked}


def _worst_first(line: Line) -> tuple[bool, float, int, int]:
    """Order lines by the part of their cases that comes back; a line with few cases says too little."""
    return line.cases < FEW, -line.rate, -line.returned, line.place


def told_difference(request: Request, session: Session, version: RuleVersionRow, known: Names) -> dict[str, Any]:
    """Return how a version differs from the one it goes on from, in lines as the table shows them."""
    differs = difference(session, version)
    old, new = (
        {line.rule.line: line for line in lines(request, catalogue.lines_in(session, number or 0), known)}
        for number in (version.based_on_id, version.id)
    )
    return {
        "is_none": differs.is_none,
        "counts": differs.counts,
        "added": [new[one.number] for one in differs.added],
        "removed": [old[one.number] for one in differs.removed],
        "changed": [(old[one.number], new[one.number]) for one, _ in differs.changed],
        "moved": [(old[one.number], new[one.number]) for one in differs.moved],
    }
