"""What does a supervisor see and decide? The board, its lists, one case's decision, and the watch."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.cases.numbers import is_case_number
from service.cases.rules import Action
from service.cases.tables import Case
from service.errors import InvalidFieldsError, NotFoundError, ServiceError
from service.escalations.actions import acknowledge
from service.escalations.decisions import answerable, by_case, decisions, reach
from service.escalations.filters import counts, lists_of
from service.escalations.queries import board
from service.escalations.rules import Which
from service.handling import proposals
from service.handling.actions import Doer, act
from service.handling.queries import actors, staff_case
from service.insight.queries import brief
from service.intake.forms import clean
from service.routing.queries import directory
from service.watch.queries import alarms
from service.web.alike_pages import hot_rows
from service.web.board_asked import BOARD, Asked
from service.web.board_filters import Deciding, chips_of
from service.web.deps import DbSession, Now, require_role
from service.web.error_pages import FIELD_SENTENCES
from service.web.render import choose, page
from service.web.rereading import said_again
from service.web.sign_in import own_page
from service.web.supervisor_pages import (
    BACK_DAYS,
    Answers,
    Tried,
    areas,
    common,
    decision_page,
    escalation_page,
    listed,
    orders_on_board,
    parts_on_board,
    proposed,
)

router = APIRouter(include_in_schema=False)

FIRST = 5
"""So many cases of each list stand on the board itself."""
STEPS = 4 * FIRST
"""So many escalations are looked at for them: one case may have several."""
MOST_NOTE = 2000
DECISIONS = frozenset({Action.ASSIGN, Action.REASSIGN, Action.NOTE, Action.EXTEND, Action.PARK, Action.REFUSE})
"""What can be decided from the board; everything else is done on the page of the case."""
DONE_SENTENCES: Mapping[str, str] = {
    "acknowledge": "You have acknowledged the escalation. The promise that was missed stays on record.",
    "assign": "The case is assigned. The worker has been told.",
    "reassign": "The case is in other hands now. The new worker has been told.",
    "extend": "The case has more time now. The resident will be told why.",
    "park": "The case is parked. Its time stands still, and the resident will be told.",
    "refuse": "It is refused. The worker has been told why.",
    "note": "Your message stands in the case, and the worker has been told.",
}

Watching = Annotated[Person, Depends(require_role(Role.SUPERVISOR, Role.DISTRICT, Role.ADMIN))]
EscalationId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("/board")
def show_board(request: Request, session: DbSession, person: Deciding, now: Now, done: str = "") -> Response:
    """Show what matters now; for htmx only the part that changes."""
    known = directory(session)
    seen = board(session, person, known, now, most=STEPS)
    within = reach(session, person, known, now)
    facts = {
        "seen": seen,
        "waiting": by_case(answerable(session, seen.unacknowledged, known))[:FIRST],
        "hot": hot_rows(session, person, known),
        "orders": orders_on_board(session, person, known, now),
        "parts": parts_on_board(session, person, known, now),
        "asked": proposed(session, proposals.waiting_for(session, person, most=STEPS), person, known, now),
        "unassigned": decisions(session, seen.unassigned[:FIRST], within),
        "breached": decisions(session, seen.breached[:FIRST], within),
        "soon": decisions(session, seen.soon[:FIRST], within),
        "lines": [(known.areas.places[line.area_id], line) for line in seen.communities],
        "busiest": max((line.open for line in seen.communities), default=0),
        "tree": known.areas,
        "chips": chips_of(lists_of(session, person), person, known, BOARD),
        "done": DONE_SENTENCES.get(done, ""),
        "may_watch": person.role in (Role.SUPERVISOR, Role.DISTRICT),
    }
    return page(request, "supervisor/board.html", common(person, known) | facts, fragment="supervisor/live.html")


@router.get("/board/brief")
def show_brief(request: Request, session: DbSession, person: Deciding, now: Now, days: str = "1") -> Response:
    """Show what the morning meeting must know, to be read or printed."""
    known = directory(session)
    back = int(days) if days in map(str, BACK_DAYS) else BACK_DAYS[0]
    seen = brief(session, person, known, now, days=back)
    facts = {
        "seen": seen,
        "lines": [(known.areas.places.get(line.area_id), line) for line in seen.lines],
        "days": back,
        "choices": BACK_DAYS,
        "busiest": max((number for _, number in seen.hours), default=0),
    }
    return page(request, "supervisor/brief.html", common(person, known) | facts)


@router.get("/board/list/{which}")
def show_list(
    request: Request, session: DbSession, person: Deciding, now: Now, which: str, asked: Annotated[Asked, Query()]
) -> Response:
    """Show one whole list, page by page, of everything or of one area."""
    known = directory(session)
    where = asked.where(person, known)
    saved = lists_of(session, person)
    facts = listed(session, person, known, now, _which(which), where, asked.cursor) | {
        "chips": chips_of(saved, person, known, asked.to(_which(which)), counts(session, person, saved, now)),
        "save_at": asked.to(_which(which)).replace("/board/list/", "/board/saved/"),
        "where": where and known.areas.places[where.area_id],
        "asked": asked,
        "areas": areas(person, known),
        "done": DONE_SENTENCES.get(asked.done, ""),
    }
    return page(request, "supervisor/list.html", common(person, known) | facts)


@router.get("/board/cases/{number}")
def show_decision(
    request: Request,
    session: DbSession,
    person: Deciding,
    now: Now,
    number: str,
    next: str = "",  # noqa: A002  # The name in the address.
) -> Response:
    """Show what can be decided about one case, with everybody who could take it; `next` is where to go then."""
    case = _case(session, number, person)
    return decision_page(request, session, case, person, now, Tried(Answers(next=next)))


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
    case, what = _case(session, number, person), _decision(action)
    version = None if what is Action.NOTE else answers.seen_version()

    def do() -> None:
        doer = Doer(actors(session, case, person), person)
        act(session, case.id or 0, what, answers.given(what), by=doer, now=now, version=version)

    if choose(request, lang=answers.lang, size=answers.size):
        again = Tried(answers, what, said_again(session, do, was_refused=answers.was_refused))
        return decision_page(request, session, case, person, now, again)
    try:
        with session.begin_nested():
            do()
    except ServiceError as error:
        return decision_page(request, session, case, person, now, Tried(answers, what, error))
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
    return escalation_page(request, session, escalation_id, person, Tried(Answers(next=next)))


@router.post("/escalations/{escalation_id}/acknowledge")
def take_acknowledgement(
    request: Request,
    session: DbSession,
    person: Deciding,
    now: Now,
    escalation_id: EscalationId,
    answers: Annotated[Answers, Form()],
) -> Response:
    """Answer an escalation, with a note or without."""

    def do() -> None:
        acknowledge(session, escalation_id, note=_note(answers.text), by=person, now=now)

    if choose(request, lang=answers.lang, size=answers.size):
        again = Tried(answers, "acknowledge", said_again(session, do, was_refused=answers.was_refused))
        return escalation_page(request, session, escalation_id, person, again)
    try:
        do()
    except InvalidFieldsError as error:
        return escalation_page(request, session, escalation_id, person, Tried(answers, "acknowledge", error))
    return _back(answers.next, "acknowledge")


@router.get("/watch")
def show_watch(request: Request, session: DbSession, person: Watching, now: Now) -> Response:  # noqa: ARG001
    """Show what must never be true and is, with what to do about it."""
    return page(request, "supervisor/watch.html", {"alarms": alarms(session, now)})


def _case(session: Session, number: str, person: Person) -> Case:
    """Return a case by its number. Errors: NotFoundError, also for what cannot be a number."""
    if not is_case_number(number):
        raise NotFoundError
    return staff_case(session, number, person)


def _which(name: str) -> Which:
    if name not in list(Which):
        raise NotFoundError
    return Which(name)


def _decision(action: str) -> Action:
    if action not in DECISIONS:
        raise NotFoundError
    return Action(action)


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
