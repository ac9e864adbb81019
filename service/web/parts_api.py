"""REST v1 for joint handling and the whistle: who is called to help, what they do, and how reliable they are."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.cases.tables import Case
from service.handling.queries import staff_case
from service.orders.rules import MOST_HOURS, MOST_TEXT
from service.parts.actions import Said, act_on
from service.parts.asked import MOST_MINUTES, MOST_PLACE, USUAL_MINUTES
from service.parts.calling import Ask, Blow, ask, blow
from service.parts.queries import PartTab, PartView, listed, of_case, part_of
from service.parts.rates import LOOKED_BACK, reliability
from service.parts.rules import MOST_PARTS, PartAction, WhistleReason
from service.routing.queries import directory
from service.web.api import Number, Strict
from service.web.deps import CurrentPerson, DbSession, Now, require_role
from service.web.directory_shapes import Shape

router = APIRouter(prefix="/api/v1", tags=["parts"])

PartId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Id = Annotated[int | None, Field(ge=1, le=2**63 - 1)]
Text = Annotated[str, Field(max_length=MOST_TEXT)]
Hours = Annotated[int, Field(ge=1, le=MOST_HOURS)]
Watching = Annotated[Person, Depends(require_role(Role.HEAD, Role.TRIAGE, Role.SUPERVISOR, Role.DISTRICT))]


class Called(Strict):
    """Who is called: a person, those of a unit in one role, or a unit; without any the unit that holds the case."""

    unit_id: Id = None
    role: Role | None = None
    person_id: Id = None

    def to(self, case: Case) -> str:
        """Return it as the action reads it."""
        if self.person_id is not None:
            return f"person:{self.person_id}"
        unit = self.unit_id or case.unit_id
        return f"role:{unit}:{self.role}" if self.role else f"unit:{unit}"


class NewPart(Called):
    """A part before it is asked for."""

    text: Text
    hours: Hours


class NewParts(Strict):
    """Parts that are asked for together: all of them, or none."""

    parts: Annotated[list[NewPart], Field(min_length=1, max_length=MOST_PARTS)]


class NewWhistle(Strict):
    """A whistle before it is blown."""

    reason: WhistleReason
    place: Annotated[str, Field(max_length=MOST_PLACE)]
    minutes: Annotated[int, Field(le=MOST_MINUTES)] = USUAL_MINUTES
    text: Text
    hours: Hours
    to: Annotated[list[Called], Field(min_length=1, max_length=MOST_PARTS)]


class PartBody(Strict):
    """What is said with an action; `score` from 1 to 5 belongs to `score`."""

    text: Text = ""
    score: Annotated[int | None, Field(ge=1, le=5)] = None
    version: Annotated[int | None, Field(ge=1)] = None


class WhistleShape(Shape):
    """The whistle that called for a part."""

    id: int
    reason: str
    place: str
    minutes: int
    called_by_id: int
    called_at: datetime


class PartShape(Shape):
    """One part of a case."""

    id: int
    number: str
    state: str
    version: int
    text: str
    hours: int
    report_by: datetime
    due_at: datetime | None
    """By when to report in, or to be done; null when it has ended."""
    unit_id: int
    person_id: int | None
    asked_by_id: int
    asked_at: datetime
    accepted_at: datetime | None
    result: str
    said: str
    ended_at: datetime | None
    score: int | None
    score_text: str
    whistle: WhistleShape | None
    i_am: list[str]
    """As whom the reader acts on it: helper or lead."""


class PartsShape(Shape):
    """Parts of one case."""

    parts: list[PartShape]


class PartListsShape(Shape):
    """The parts that somebody sees, list by list; 100 of each kind at most."""

    to_do: list[PartShape]
    called: list[PartShape]
    to_score: list[PartShape]
    ended: list[PartShape]


class ReliabilityShape(Shape):
    """What became of the whistles that called one desk."""

    unit_id: int
    called: int
    in_time: int
    late: int
    missing: int
    rate: float | None
    done: int
    open: int
    scored: int
    score: float | None


class ReliabilitiesShape(Shape):
    """Every desk that was called by a whistle, the least reliable first."""

    days: int
    desks: list[ReliabilityShape]


@router.get("/parts")
def read_parts(person: CurrentPerson, session: DbSession, now: Now) -> PartListsShape:
    """Return the parts that wait for the reader, that others do for their cases, to be scored, and ended."""
    lists = listed(session, person, directory(session), now)
    return PartListsShape(**{str(tab): [shown(view) for view in lists[tab]] for tab in PartTab})


@router.get("/parts/{part_id}")
def read_part(part_id: PartId, person: CurrentPerson, session: DbSession, now: Now) -> PartShape:
    """Return one part."""
    return shown(part_of(session, part_id, person, directory(session), now))


@router.get("/cases/{number}/parts")
def read_parts_of_case(number: Number, person: CurrentPerson, session: DbSession, now: Now) -> PartsShape:
    """Return the parts of a case."""
    case = staff_case(session, number, person)
    seen = of_case(session, case.id or 0, person, directory(session), now)
    return PartsShape(parts=[shown(view) for view in seen])


@router.post("/cases/{number}/parts", status_code=201)
def ask_for_parts(number: Number, body: NewParts, person: CurrentPerson, session: DbSession, now: Now) -> PartsShape:
    """Ask other desks for help with a case: each has its own time, and is told."""
    case = staff_case(session, number, person)
    asks = [Ask(one.to(case), one.text, one.hours) for one in body.parts]
    parts = ask(session, case.id or 0, asks, by=person, now=now)
    known = directory(session)
    return PartsShape(parts=[shown(part_of(session, part.id or 0, person, known, now)) for part in parts])


@router.post("/cases/{number}/whistle", status_code=201)
def blow_whistle(number: Number, body: NewWhistle, person: CurrentPerson, session: DbSession, now: Now) -> PartsShape:
    """Blow a whistle: several desks are called together, and report in at a place within so many minutes."""
    case = staff_case(session, number, person)
    to = [one.to(case) for one in body.to]
    given = Blow(body.reason, body.place, body.minutes, body.text, body.hours, to)
    whistle = blow(session, case.id or 0, given, by=person, now=now)
    seen = of_case(session, case.id or 0, person, directory(session), now)
    return PartsShape(parts=[shown(view) for view in seen if view.part.whistle_id == whistle.id])


@router.post("/parts/{part_id}/{action}")
def act_on_part(
    part_id: PartId, action: PartAction, body: PartBody, person: CurrentPerson, session: DbSession, now: Now
) -> PartShape:
    """Report in for a part, say that it is done, decline, withdraw or score it."""
    said = Said(body.text, body.score or "", body.version)
    act_on(session, part_id, action, said, by=person, now=now)
    return shown(part_of(session, part_id, person, directory(session), now))


@router.get("/whistles/reliability")
def read_reliability(
    person: Watching, session: DbSession, now: Now, days: Annotated[int, Query(ge=1, le=730)] = LOOKED_BACK.days
) -> ReliabilitiesShape:
    """Return how reliably each desk comes when a community of the reader's area whistles, and how it is scored."""
    found = reliability(session, person, now, within=timedelta(days=days))
    return ReliabilitiesShape(days=days, desks=[ReliabilityShape.model_validate(one) for one in found])


def shown(view: PartView) -> PartShape:
    """Return the shape of a part."""
    part = view.part
    told = {
        "number": view.case.number,
        "hours": part.minutes // 60,
        "due_at": view.due_at,
        "whistle": WhistleShape.model_validate(view.whistle) if view.whistle else None,
        "i_am": sorted(view.parties),
    }
    same = {name: getattr(part, name) for name in PartShape.model_fields if name not in told}
    return PartShape.model_validate(told | same)
