"""REST v1 for staff: queue, case, actions, board and escalations, by session or API key."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import Field
from sqlmodel import Session

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.cases.rules import Action
from service.cases.tables import Case
from service.errors import NotFoundError
from service.escalations import actions as escalation_actions
from service.escalations import queries as escalation_queries
from service.escalations.cards import cards_of
from service.handling.actions import Doer, act
from service.handling.foreseeing import FORESEEN, foresee
from service.handling.queries import actors, masked_contact, staff_case, view, why_routed
from service.handling.queues import Ask, Tab, claimable, queue
from service.routing.queries import directory
from service.routing.standing import acting_as
from service.web import routing_api, staff_shapes
from service.web.api import Number, Strict
from service.web.deps import CurrentPerson, DbSession, Now, require_role
from service.web.wishes import MINIMAL, Wishes

router = APIRouter(prefix="/api/v1")
router.include_router(routing_api.router)

Supervising = Annotated[Person, Depends(require_role(Role.HEAD, Role.TRIAGE, Role.SUPERVISOR, Role.DISTRICT))]
Cursor = Annotated[str | None, Query(max_length=300)]
PageSize = Annotated[int, Query(ge=1, le=100)]


class NoteBody(Strict):
    """What a supervisor answers to an escalation."""

    note: Annotated[str, Field(max_length=2000)] = ""


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
) -> staff_shapes.QueueShape:
    """Return open cases in the order in which they run out."""
    page = queue(session, person, Ask(tab, mine, search, cursor, limit), now)
    known = directory(session)
    cards = cards_of(session, [case.id or 0 for case in page.cases])
    return staff_shapes.QueueShape(
        items=[staff_shapes.case_line(case, known, cards) for case in page.cases],
        counts={str(tab): count for tab, count in page.counts.items()},
        next_cursor=page.next_cursor,
    )


@router.get("/queue/pool", tags=["staff"])
def read_pool(person: CurrentPerson, session: DbSession, limit: PageSize = 30) -> staff_shapes.PoolShape:
    """Return the cases in the pool of the reader's unit, which somebody there takes by accepting them."""
    known, found = directory(session), claimable(session, person, most=limit)
    cards = cards_of(session, [case.id or 0 for case in found])
    return staff_shapes.PoolShape(items=[staff_shapes.case_line(case, known, cards) for case in found])


@router.get("/cases/{number}/full", tags=["staff"])
def read_full_case(
    number: Number, person: CurrentPerson, session: DbSession, response: Response
) -> staff_shapes.StaffCase:
    """Return a case to staff, with its reasons; the ETag is the version for If-Match."""
    return _full(session, staff_case(session, number, person), person, response)


@router.post(
    "/cases/{number}/actions/{action}",
    tags=["staff"],
    response_model=staff_shapes.StaffCase,
    responses={204: {"description": "Done, and nothing more was asked for"}},
)
def do_action(
    number: Number,
    action: Action,
    person: CurrentPerson,
    session: DbSession,
    now: Now,
    response: Response,
    wished: Wishes,
    body: dict[str, Any] | None = None,
) -> staff_shapes.StaffCase | Response:
    """Do one action of the lifecycle. With If-Match, a case that changed meanwhile is refused with both versions.

    With `Prefer: return=minimal` (RFC 7240) the answer is 204 with the new version as ETag.
    """
    case = staff_case(session, number, person)
    doer = Doer(actors(session, case, person), person)
    case = act(session, case.id or 0, action, body or {}, by=doer, now=now, version=wished.version)
    if wished.is_minimal:
        return Response(status_code=204, headers={"ETag": _etag(case), "Preference-Applied": MINIMAL})
    return _full(session, case, person, response)


@router.post("/cases/{number}/actions/{action}/preview", tags=["staff"])
def preview_action(
    number: Number,
    action: Action,
    person: CurrentPerson,
    session: DbSession,
    now: Now,
    wished: Wishes,
    body: dict[str, Any] | None = None,
) -> staff_shapes.ForeseenShape:
    """Return what another topic or place would change: desk, person, promises. Nothing of it is done."""
    case = staff_case(session, number, person)
    if action not in FORESEEN:
        raise NotFoundError
    doer = Doer(actors(session, case, person), person)
    seen = foresee(session, case.id or 0, action, body or {}, by=doer, now=now, version=wished.version)
    return staff_shapes.foreseen(seen)


def _etag(case: Case) -> str:
    return f'"{case.version}"'


def _full(session: Session, case: Case, person: Person, response: Response) -> staff_shapes.StaffCase:
    known = directory(session)
    response.headers["ETag"] = _etag(case)
    escalations = escalation_queries.of_case(session, case.id or 0)
    routing = why_routed(session, case)
    seen = view(session, case, acting_as(person, case, known), known)
    return staff_shapes.staff_case(seen, masked_contact(case), routing, escalations)


@router.get("/board", tags=["supervisors"])
def read_board(person: Supervising, session: DbSession, now: Now) -> staff_shapes.BoardShape:
    """Return what is breached, about to be, unassigned and unacknowledged in the reader's area."""
    known = directory(session)
    found = escalation_queries.board(session, person, known, now)
    listed = {case.id or 0 for cases in (found.breached, found.soon, found.unassigned) for case in cases}
    return staff_shapes.board(found, known, cards_of(session, listed))


@router.get("/escalations", tags=["supervisors"])
def read_escalations(
    person: Supervising,
    session: DbSession,
    cursor: Annotated[int | None, Query(ge=1)] = None,
    limit: PageSize = 50,
) -> staff_shapes.EscalationsShape:
    """Return unacknowledged escalations in the reader's area, newest first."""
    found = escalation_queries.open_escalations(session, person, before_id=cursor, most=limit + 1)
    shown = [staff_shapes.escalation(e, case) for e, case in found[:limit]]
    return staff_shapes.EscalationsShape(items=shown, next_cursor=str(shown[-1].id) if len(found) > limit else None)


@router.post("/escalations/{escalation_id}/acknowledge", tags=["supervisors"])
def acknowledge(
    escalation_id: Annotated[int, Path(ge=1, le=2**63 - 1)],
    person: Supervising,
    session: DbSession,
    now: Now,
    body: NoteBody | None = None,
) -> staff_shapes.EscalationShape:
    """Answer an escalation: the climbing stops, the breach stays."""
    note = body.note if body else ""
    escalation = escalation_actions.acknowledge(session, escalation_id, note=note, by=person, now=now)
    case = session.get_one(Case, escalation.case_id)
    return staff_shapes.escalation(escalation, case)
