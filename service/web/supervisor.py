"""What does a supervisor see and decide? The board, its lists, one case's decision, and the watch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel
from sqlmodel import Session

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.areas.rules import AreaLevel, Place
from service.cases.rules import Action
from service.cases.tables import Case
from service.errors import InvalidFieldsError, NotFoundError, ServiceError
from service.escalations.actions import acknowledge
from service.escalations.decisions import answerable, decisions, escalation_of, reach
from service.escalations.lists import SOON, Where, Which, cases_listed, unanswered_listed
from service.escalations.queries import board
from service.handling.actions import Doer, act
from service.handling.queries import actors, staff_case
from service.intake.forms import clean
from service.routing.queries import directory
from service.routing.rules import Directory
from service.watch.queries import alarms
from service.web.deps import DbSession, Now, require_role
from service.web.error_pages import FIELD_SENTENCES, problem_of
from service.web.render import page
from service.web.sign_in import own_page

router = APIRouter(include_in_schema=False)

BOARD = "/board"
FIRST = 8
"""So many rows of each list stand on the board itself."""
MOST_NOTE = 2000
DECISIONS = frozenset({Action.ASSIGN, Action.REASSIGN, Action.NOTE})
"""What can be decided from the board; everything else is done on the page of the case."""
LIST_LABELS: Mapping[Which, str] = {
    Which.BREACHED: "Overdue",
    Which.SOON: "Running out within 2 hours",
    Which.UNACKNOWLEDGED: "Waiting for an answer",
    Which.UNASSIGNED: "To be assigned",
    Which.OPEN: "Open cases",
}
DONE_SENTENCES: Mapping[str, str] = {
    "acknowledge": "You have answered the escalation. The promise that was missed stays on record.",
    "assign": "The case is assigned. The worker has been told.",
    "reassign": "The case is in other hands now. The new worker has been told.",
    "note": "Your message stands in the case, and the worker has been told.",
}

Deciding = Annotated[Person, Depends(require_role(Role.HEAD, Role.TRIAGE, Role.SUPERVISOR, Role.DISTRICT))]
Watching = Annotated[Person, Depends(require_role(Role.SUPERVISOR, Role.DISTRICT, Role.ADMIN))]
EscalationId = Annotated[int, Path(ge=1, le=2**63 - 1)]


class Answers(BaseModel):
    """What a decision's form sends; it is checked where it is done."""

    person_id: str = ""
    text: str = ""
    version: str = ""
    next: str = ""

    def given(self, action: Action) -> dict[str, str]:
        """Return the answers of that action."""
        chosen = {} if action is Action.NOTE else {"person_id": self.person_id}
        return chosen | {"text": self.text}

    def seen_version(self) -> int | None:
        """Return the version of the case that the reader saw; a message is welcome at any version."""
        return int(self.version) if self.version.isascii() and self.version.isdecimal() else None


class Asked(BaseModel):
    """Which part of a list somebody wants to see."""

    area: str = ""
    """The code of an area."""
    only: str = ""
    """Anything: without the areas below it."""
    cursor: str = ""
    done: str = ""

    def where(self, person: Person, known: Directory) -> Where | None:
        """Return the area; one outside the reader's own is unknown to them. Errors: NotFoundError."""
        if not self.area:
            return None
        place = known.areas.by_code.get(self.area)
        if place is None or not known.areas.covers(person.area_id, place.id):
            raise NotFoundError
        return Where(place.id, only=bool(self.only))


@dataclass(frozen=True)
class Tried:
    """What was typed into a form, for which action, and why it was refused, if it was."""

    answers: Answers = field(default_factory=Answers)
    action: str = ""
    error: ServiceError | None = None


@router.get("/board")
def show_board(request: Request, session: DbSession, person: Deciding, now: Now, done: str = "") -> Response:
    """Show what matters now; for htmx only the part that changes."""
    known = directory(session)
    seen = board(session, person, known, now, most=FIRST)
    within = reach(session, person, known, now)
    facts = {
        "seen": seen,
        "waiting": answerable(session, seen.unacknowledged, known),
        "unassigned": decisions(session, seen.unassigned, within),
        "breached": decisions(session, seen.breached, within),
        "soon": decisions(session, seen.soon, within),
        "lines": [(known.areas.places[line.area_id], line) for line in seen.communities],
        "busiest": max((line.open for line in seen.communities), default=0),
        "done": DONE_SENTENCES.get(done, ""),
        "may_watch": person.role in (Role.SUPERVISOR, Role.DISTRICT),
    }
    return page(request, "supervisor/board.html", _common(person, known) | facts, fragment="supervisor/live.html")


@router.get("/board/list/{which}")
def show_list(
    request: Request, session: DbSession, person: Deciding, now: Now, which: str, asked: Annotated[Asked, Query()]
) -> Response:
    """Show one whole list, page by page, of everything or of one area."""
    known = directory(session)
    where = asked.where(person, known)
    facts = _listed(session, person, known, now, _which(which), where, asked.cursor) | {
        "where": where and known.areas.places[where.area_id],
        "asked": asked,
        "areas": _areas(person, known),
        "done": DONE_SENTENCES.get(asked.done, ""),
    }
    return page(request, "supervisor/list.html", _common(person, known) | facts)


@router.get("/board/cases/{number}")
def show_decision(
    request: Request,
    session: DbSession,
    person: Deciding,
    now: Now,
    number: str,
    next: str = "",  # noqa: A002
) -> Response:
    """Show what can be decided about one case, with everybody who could take it; `next` is where to go then."""
    case = staff_case(session, number, person)
    return _decision_page(request, session, case, person, now, Tried(Answers(next=next)))


@router.post("/board/cases/{number}/{action}")
def take_decision(
    request: Request,
    session: DbSession,
    person: Deciding,
    now: Now,
    number: str,
    action: str,
    answers: Annotated[Answers, Form()],
) -> Response:
    """Assign, reassign or write to the worker; when refused, show the case with everything typed."""
    case, what = staff_case(session, number, person), _decision(action)
    version = None if what is Action.NOTE else answers.seen_version()
    try:
        with session.begin_nested():
            doer = Doer(actors(session, case, person), person)
            act(session, case.id or 0, what, answers.given(what), by=doer, now=now, version=version)
    except ServiceError as error:
        return _decision_page(request, session, case, person, now, Tried(answers, what, error))
    return _back(answers.next, what)


@router.get("/escalations/{escalation_id}")
def show_escalation(
    request: Request,
    session: DbSession,
    person: Deciding,
    now: Now,  # noqa: ARG001  # The page says how long is left.
    escalation_id: EscalationId,
    next: str = "",  # noqa: A002  # The name in the address.
) -> Response:
    """Show one escalation with the form that answers it."""
    return _escalation_page(request, session, escalation_id, person, Tried(Answers(next=next)))


@router.post("/escalations/{escalation_id}/acknowledge")
def take_acknowledgement(
    request: Request,
    session: DbSession,
    person: Deciding,
    now: Now,
    escalation_id: EscalationId,
    text: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "",  # noqa: A002  # The name in the form.
) -> Response:
    """Answer an escalation, with a note or without."""
    try:
        acknowledge(session, escalation_id, note=_note(text), by=person, now=now)
    except InvalidFieldsError as error:
        tried = Tried(Answers(text=text, next=next), "acknowledge", error)
        return _escalation_page(request, session, escalation_id, person, tried)
    return _back(next, "acknowledge")


@router.get("/watch")
def show_watch(request: Request, session: DbSession, person: Watching, now: Now) -> Response:  # noqa: ARG001
    """Show what must never be true and is, with what to do about it."""
    return page(request, "supervisor/watch.html", {"alarms": alarms(session, now)})


def _common(person: Person, known: Directory) -> dict[str, Any]:
    return {"place": known.areas.places[person.area_id], "soon_within": SOON, "labels": LIST_LABELS, "lists": Which}


def _listed(
    session: Session,
    person: Person,
    known: Directory,
    now: datetime,
    which: Which,
    where: Where | None,
    cursor: str,
) -> dict[str, Any]:
    """Return one page of a list, of escalations or of cases."""
    if which is Which.UNACKNOWLEDGED:
        waiting = unanswered_listed(session, person, where=where, cursor=cursor)
        return {"which": which, "listed": waiting, "rows": answerable(session, waiting.rows, known)}
    cases = cases_listed(session, person, which, now, where=where, cursor=cursor)
    rows = decisions(session, cases.rows, reach(session, person, known, now))
    return {"which": which, "listed": cases, "rows": rows}


def _which(name: str) -> Which:
    if name not in list(Which):
        raise NotFoundError
    return Which(name)


def _areas(person: Person, known: Directory) -> list[Place]:
    """Return the sub-districts and communities of a person, in the order of their codes."""
    mine = [p for p in known.areas.places.values() if known.areas.covers(person.area_id, p.id)]
    return [p for p in mine if p.level in (AreaLevel.SUBDISTRICT, AreaLevel.COMMUNITY)]


def _decision(action: str) -> Action:
    if action not in DECISIONS:
        raise NotFoundError
    return Action(action)


def _decision_page(
    request: Request, session: Session, case: Case, person: Person, now: datetime, tried: Tried
) -> Response:
    known = directory(session)
    within = reach(session, person, known, now)
    facts = {"row": decisions(session, [case], within)[0], "others": within.others(case)}
    return _form(request, "supervisor/decide.html", facts | _common(person, known), tried)


def _escalation_page(request: Request, session: Session, escalation_id: int, person: Person, tried: Tried) -> Response:
    known = directory(session)
    found = answerable(session, [escalation_of(session, escalation_id, person)], known)
    row = found[0]
    facts = {"row": row, "answered_by": known.people.get(row.escalation.acknowledged_by_id or 0)}
    return _form(request, "supervisor/escalation.html", facts | _common(person, known), tried)


def _form(request: Request, template: str, facts: Mapping[str, Any], tried: Tried) -> Response:
    """Render a form: what is wrong on top and beside its field, and everything typed."""
    problem = problem_of(request, tried.error) if tried.error else None
    answers = tried.answers
    shown = {"tried": tried.action, "typed": answers, "problem": problem, "next": own_page(answers.next, BOARD)}
    response = page(request, template, {**facts, **shown}, status=problem.status if problem else 200)
    response.headers.update(problem.headers if problem else {})
    return response


def _note(text: str) -> str:
    note = clean(text)
    if len(note) > MOST_NOTE:
        raise InvalidFieldsError({"text": FIELD_SENTENCES["string_too_long"]}, max_length=MOST_NOTE)
    return note


def _back(address: str, done: str) -> RedirectResponse:
    """Go back to where the decision was taken, which then says what was done."""
    parts = urlsplit(own_page(address, BOARD))
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "done"]
    return RedirectResponse(f"{parts.path}?{urlencode([*query, ('done', done)])}", 303)
