"""How is the dispatch table written anew? Lines are added, changed, ordered and removed in a draft, then published."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from service.accounts.queries import active_people
from service.accounts.rules import Role
from service.accounts.tables import Person
from service.areas.queries import all_areas
from service.areas.rules import AreaLevel
from service.errors import InvalidFieldsError, NotFoundError
from service.parties.queries import all_parties
from service.routing import catalogue
from service.routing.actions import add_line, begin_draft, change_line, move_line, remove_line
from service.routing.publishing import publish, take_over_newest
from service.routing.tables import RoutingRule
from service.web.admin.common import (
    NOTHING_WRONG,
    Refused,
    RowId,
    as_moment,
    as_whole,
    go_to,
    people_choices,
)
from service.web.admin.lines import line, lines, names
from service.web.admin.rule_forms import PublishForm, RuleForm, codes, form_of, places
from service.web.admin.rules import RULES, Dispatcher, of_all, told_difference
from service.web.admin.saving import form_page, kept_of, save
from service.web.deps import DbSession, Now

router = APIRouter(prefix="/rules")

DRAFT = f"{RULES}/draft"


@router.get("/draft")
def show_draft(request: Request, session: DbSession, by: Dispatcher, now: Now) -> Response:
    """Show the draft with what it changes; without one, go to the table."""
    if catalogue.draft(session) is None:
        return RedirectResponse(RULES, 303)
    return _draft_page(request, session, by, now, PublishForm())


@router.post("/draft")
def take_draft(session: DbSession, by: Dispatcher, now: Now) -> Response:
    """Begin a draft, or go on with the one there is."""
    begin_draft(session, by=by, now=now)
    return RedirectResponse(DRAFT, 303)


@router.post("/draft/publish")
def take_publication(
    request: Request, session: DbSession, by: Dispatcher, now: Now, form: Annotated[PublishForm, Form()]
) -> Response:
    """Publish the draft."""

    def do() -> None:
        moment = as_moment(form.effective_at, "effective_at") if form.effective_at else None
        publish(session, form.reason, moment, by=by, now=now)

    again = partial(_draft_page, request, session, by, now, form)
    done = "version-planned" if form.effective_at else "published"
    return save(request, session, form, do, again=again, to=lambda _: RULES, done=done)


@router.post("/draft/carry-over")
def take_newest(session: DbSession, by: Dispatcher, now: Now) -> Response:
    """Let the draft go on from the newest version."""
    take_over_newest(session, by=by, now=now)
    return go_to(DRAFT, "carried-over")


@router.get("/new")
def show_new_rule(request: Request, session: DbSession, by: Dispatcher) -> Response:
    """Show the empty form."""
    form = RuleForm(goes_to="level", target_level=AreaLevel.COMMUNITY, target_role=Role.WORKER)
    return _form_page(request, session, by, form)


@router.post("")
def take_new_rule(
    request: Request, session: DbSession, by: Dispatcher, now: Now, form: Annotated[RuleForm, Form()]
) -> Response:
    """Add a line to the draft."""

    def add() -> None:
        add_line(session, form.details(), by=by, now=now)

    again = partial(_form_page, request, session, by, form)
    return save(request, session, form, add, again=again, to=lambda _: DRAFT, done="in-draft")


@router.get("/{number}")
def show_rule(request: Request, session: DbSession, by: Dispatcher, now: Now, number: RowId) -> Response:
    """Show a line in its form, as the draft has it, else as the newest version has it, with its history."""
    rule = _rule(session, number)
    return _form_page(request, session, by, form_of(rule), rule=rule, now=now)


@router.post("/{number}")
def take_rule(
    request: Request, session: DbSession, by: Dispatcher, now: Now, number: RowId, form: Annotated[RuleForm, Form()]
) -> Response:
    """Change a line in the draft."""

    def change() -> None:
        change_line(session, number, form.details(), by=by, now=now, seen=form.version)

    again = partial(_form_page, request, session, by, form, rule=_rule(session, number), now=now)
    return save(request, session, form, change, again=again, to=lambda _: DRAFT, done="in-draft")


@router.post("/{number}/move")
def take_move(
    session: DbSession,
    by: Dispatcher,
    now: Now,
    number: RowId,
    direction: Annotated[str, Form()] = "",
    place: Annotated[str, Form()] = "",
) -> Response:
    """Let a line be asked one place earlier or later, or at a place that is typed."""
    written = begin_draft(session, by=by, now=now)
    ordered = [one.line for one in catalogue.lines_in(session, written.id or 0)]
    if number not in ordered:
        raise NotFoundError
    here = ordered.index(number) + 1
    there = {"up": here - 1, "down": here + 1}.get(direction, as_whole(place, otherwise=0))
    if not there and direction != "up":
        raise InvalidFieldsError({"direction": "Please choose one of the answers offered."})
    move_line(session, number, there, by=by, now=now)
    return go_to(DRAFT, "moved")


@router.post("/{number}/delete")
def take_deletion(session: DbSession, by: Dispatcher, now: Now, number: RowId) -> Response:
    """Take a line out of the draft."""
    remove_line(session, number, by=by, now=now)
    return go_to(DRAFT, "in-draft")


def _rule(session: Session, number: int) -> RoutingRule:
    version = catalogue.draft(session) or catalogue.newest(session)
    found = catalogue.line_in(session, version.id or 0, number)
    if found is None:
        raise NotFoundError
    return found


def _draft_page(
    request: Request, session: Session, by: Person, now: datetime, form: PublishForm, refused: Refused = NOTHING_WRONG
) -> Response:
    """Render the draft: every line with what can be done to it, what differs, and the form that publishes it."""
    written, known = catalogue.draft(session), names(session)
    if written is None:
        return RedirectResponse(RULES, 303)
    context = {
        "lines": lines(request, catalogue.lines_in(session, written.id or 0), known),
        "differs": told_difference(request, session, written, known),
        "is_outdated": written.based_on_id != catalogue.newest(session).id,
        **of_all(session, now),
    }
    return form_page(request, by, "rule_draft", form, context, refused=refused)


def _form_page(
    request: Request,
    session: Session,
    by: Person,
    form: RuleForm,
    refused: Refused = NOTHING_WRONG,
    *,
    rule: RoutingRule | None = None,
    now: datetime | None = None,
) -> Response:
    areas = {area.id or 0: area for area in all_areas(session)}
    context: dict[str, Any] = {
        "rule": rule,
        "party_names": [party.name for party in all_parties(session) if party.is_active],
        "people": people_choices(request, active_people(session), areas),
        **codes(),
        **places(request, session),
    }
    if rule is not None and now is not None:
        kept = kept_of(request, session, "rule", rule.line, now, refused)
        context |= {"line": line(request, rule, names(session)), **kept}
    return form_page(request, by, "rule", form, context, refused=refused)
