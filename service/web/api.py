"""REST v1: the same actions as the pages, for programs. Described at /api/v1/docs."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.cases.rules import Action, Actor
from service.cases.tables import Case
from service.errors import InvalidFieldsError
from service.escalations import actions as escalation_actions
from service.escalations import queries as escalation_queries
from service.feedback.actions import rate
from service.handling.actions import RESIDENT, Doer, act
from service.handling.queries import (
    Ask,
    Tab,
    actors,
    masked_contact,
    queue,
    resident_case,
    staff_case,
    view,
    why_routed,
)
from service.intake.actions import MOST_KEY, open_case
from service.intake.forms import RequestForm
from service.routing.queries import directory, last_known
from service.settings import get_settings
from service.web import shapes
from service.web.deps import CurrentPerson, DbSession, Now, client_address, real_now, require_role

router = APIRouter(prefix="/api/v1")

Supervising = Annotated[Person, Depends(require_role(Role.HEAD, Role.TRIAGE, Role.SUPERVISOR, Role.DISTRICT))]
Number = str
Cursor = Annotated[str | None, Query(max_length=300)]
PageSize = Annotated[int, Query(ge=1, le=100)]


class Strict(BaseModel):
    """A body in which every field is known."""

    model_config = ConfigDict(extra="forbid")


class Coded(Strict):
    """A body with the tracking code; it may stand in the query instead."""

    code: Annotated[str, Field(max_length=40)] = ""


class Words(Coded):
    """Something the resident says."""

    text: Annotated[str, Field(max_length=20_000)] = ""


class RatingBody(Words):
    """What the resident says of the outcome."""

    solved: bool
    satisfaction: str


class NoteBody(Strict):
    """What a supervisor answers to an escalation."""

    note: Annotated[str, Field(max_length=2000)] = ""


def case_of_resident(session: Session, number: str, code: str, request: Request) -> Case:
    """Return the case a number and code open. See `resident_case`."""
    return resident_case(session, number, code, ip=client_address(request), now=real_now())


@router.get("/areas", tags=["residents"])
def read_areas(session: DbSession) -> shapes.AreasShape:
    """Return the areas, from the county down."""
    return shapes.AreasShape(items=[shapes.area(p) for p in directory(session).areas.in_use])


@router.get("/categories", tags=["residents"])
def read_categories(session: DbSession) -> shapes.CategoriesShape:
    """Return the topics of the catalogue."""
    topics = directory(session).catalogue.topics.values()
    return shapes.CategoriesShape(items=[shapes.topic(t) for t in topics if t.is_active and t.parent_code])


@router.post("/cases", status_code=201, tags=["residents"], response_model=shapes.ReceiptShape)
def create_case(
    form: RequestForm,
    session: DbSession,
    now: Now,
    idempotency_key: Annotated[str | None, Header(max_length=MOST_KEY)] = None,
) -> Response:
    """Take in a request. The same Idempotency-Key and body get the same answer for 24 hours."""
    receipt = open_case(session, form, now=now, key=idempotency_key or None)
    shape = shapes.receipt(receipt, last_known(session), get_settings().public_url)
    # Written here: FastAPI would check the shape again, in another thread, with every request.
    return Response(shape.model_dump_json(), 201, media_type="application/json")


@router.get("/cases/{number}", tags=["residents"])
def read_case(
    number: Number, request: Request, session: DbSession, code: Annotated[str, Query(max_length=40)] = ""
) -> shapes.PublicCase:
    """Return a case to whoever holds its number and tracking code."""
    case = case_of_resident(session, number, code, request)
    return shapes.public_case(view(session, case, RESIDENT.actors))


@router.post("/cases/{number}/messages", status_code=201, tags=["residents"])
def add_message(
    number: Number, body: Words, request: Request, session: DbSession, now: Now, code: str | None = None
) -> shapes.PublicCase:
    """Add information, or answer the desk's question (which resumes the clock)."""
    return _resident_act(session, number, code or body.code, Action.ANSWER, {"text": body.text}, request, now)


@router.post("/cases/{number}/urge", tags=["residents"])
def urge(
    number: Number, body: Words, request: Request, session: DbSession, now: Now, code: str | None = None
) -> shapes.PublicCase:
    """Urge the desk (催办); limited in rate, and counted."""
    return _resident_act(session, number, code or body.code, Action.URGE, {"text": body.text}, request, now)


@router.post("/cases/{number}/withdraw", tags=["residents"])
def withdraw(
    number: Number, body: Words, request: Request, session: DbSession, now: Now, code: str | None = None
) -> shapes.PublicCase:
    """Withdraw the request."""
    return _resident_act(session, number, code or body.code, Action.WITHDRAW, {"text": body.text}, request, now)


@router.post("/cases/{number}/reopen", tags=["residents"])
def reopen(
    number: Number, body: Words, request: Request, session: DbSession, now: Now, code: str | None = None
) -> shapes.PublicCase:
    """Have an ended case taken up again: within 30 days of its closing, and not more than twice."""
    return _resident_act(session, number, code or body.code, Action.REOPEN, {"reason": body.text}, request, now)


@router.post("/cases/{number}/rating", tags=["residents"])
def rate_case(
    number: Number, body: RatingBody, request: Request, session: DbSession, now: Now, code: str | None = None
) -> shapes.PublicCase:
    """Rate the outcome: not solved or dissatisfied sends the case back once."""
    case = case_of_resident(session, number, code or body.code, request)
    answers = {"solved": body.solved, "satisfaction": body.satisfaction, "text": body.text}
    case = rate(session, case.id or 0, answers, now=now)
    return shapes.public_case(view(session, case, RESIDENT.actors))


def _resident_act(
    session: Session,
    number: str,
    code: str,
    action: Action,
    answers: dict[str, Any],
    request: Request,
    now: Now,
) -> shapes.PublicCase:
    case = case_of_resident(session, number, code, request)
    case = act(session, case.id or 0, action, answers, by=RESIDENT, now=now)
    return shapes.public_case(view(session, case, RESIDENT.actors))


@router.get("/queue", tags=["staff"])
def read_queue(
    person: CurrentPerson,
    session: DbSession,
    now: Now,
    tab: Tab = Tab.ALL,
    mine: bool = True,  # noqa: FBT001, FBT002  # A query parameter.
    search: Annotated[str, Query(max_length=100)] = "",
    cursor: Cursor = None,
    limit: PageSize = 30,
) -> shapes.QueueShape:
    """Return open cases in the order in which they run out."""
    page = queue(session, person, Ask(tab, mine, search, cursor, limit), now)
    known = directory(session)
    return shapes.QueueShape(
        items=[shapes.case_line(case, known) for case in page.cases],
        counts={str(tab): count for tab, count in page.counts.items()},
        next_cursor=page.next_cursor,
    )


@router.get("/cases/{number}/full", tags=["staff"])
def read_full_case(number: Number, person: CurrentPerson, session: DbSession, response: Response) -> shapes.StaffCase:
    """Return a case to staff, with its reasons; the ETag is the version for If-Match."""
    case = staff_case(session, number, person)
    return _full(session, case, actors(session, case, person), response)


@router.post("/cases/{number}/actions/{action}", tags=["staff"])
def do_action(
    number: Number,
    action: Action,
    person: CurrentPerson,
    session: DbSession,
    now: Now,
    response: Response,
    body: dict[str, Any] | None = None,
    if_match: Annotated[str | None, Header(max_length=20)] = None,
) -> shapes.StaffCase:
    """Do one action of the lifecycle. With If-Match, a case that changed meanwhile is refused with both versions."""
    case = staff_case(session, number, person)
    doer = Doer(actors(session, case, person), person)
    case = act(session, case.id or 0, action, body or {}, by=doer, now=now, version=_version(if_match))
    return _full(session, case, actors(session, case, person), response)


def _version(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    plain = if_match.strip().removeprefix("W/").strip('"')
    if not plain.isascii() or not plain.isdecimal():
        raise InvalidFieldsError({"If-Match": "This is not a version of the case."})
    return int(plain)


def _full(session: Session, case: Case, acting: frozenset[Actor], response: Response) -> shapes.StaffCase:
    response.headers["ETag"] = f'"{case.version}"'
    escalations = escalation_queries.of_case(session, case.id or 0)
    routing = why_routed(session, case)
    return shapes.staff_case(view(session, case, acting), masked_contact(case), routing, escalations)


@router.get("/board", tags=["supervisors"])
def read_board(person: Supervising, session: DbSession, now: Now) -> shapes.BoardShape:
    """Return what is breached, about to be, unassigned and unacknowledged in the reader's area."""
    known = directory(session)
    return shapes.board(escalation_queries.board(session, person, known, now), known)


@router.get("/escalations", tags=["supervisors"])
def read_escalations(
    person: Supervising,
    session: DbSession,
    cursor: Annotated[int | None, Query(ge=1)] = None,
    limit: PageSize = 50,
) -> shapes.EscalationsShape:
    """Return unacknowledged escalations in the reader's area, newest first."""
    found = escalation_queries.open_escalations(session, person, before_id=cursor, most=limit + 1)
    shown = [shapes.escalation(e, case) for e, case in found[:limit]]
    return shapes.EscalationsShape(items=shown, next_cursor=str(shown[-1].id) if len(found) > limit else None)


@router.post("/escalations/{escalation_id}/acknowledge", tags=["supervisors"])
def acknowledge(
    escalation_id: Annotated[int, Path(ge=1, le=2**63 - 1)],
    person: Supervising,
    session: DbSession,
    now: Now,
    body: NoteBody | None = None,
) -> shapes.EscalationShape:
    """Answer an escalation: the climbing stops, the breach stays."""
    note = body.note if body else ""
    escalation = escalation_actions.acknowledge(session, escalation_id, note=note, by=person, now=now)
    case = session.get_one(Case, escalation.case_id)
    return shapes.escalation(escalation, case)
