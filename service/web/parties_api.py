"""REST v1 for outside parties: which can be given a case, their jobs, and what the worker says to them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from service.commissions.actions import GivenJob, Hand, Said, act_as_worker, give
from service.commissions.queries import JobView, job_of, offers
from service.commissions.queries import of_case as jobs_of_case
from service.commissions.rules import MOST_HOURS, MOST_PLACE, MOST_TEXT, JobAction
from service.handling.queries import actors, staff_case
from service.routing.queries import directory
from service.web.api import Number, Strict
from service.web.deps import CurrentPerson, DbSession, Now
from service.web.directory_shapes import Shape

router = APIRouter(prefix="/api/v1", tags=["outside parties"])

JobId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Text = Annotated[str, Field(max_length=MOST_TEXT)]
Hours = Annotated[int, Field(ge=1, le=MOST_HOURS)]


class OfferShape(Shape):
    """An outside party, and why it cannot be given the case: ended, not-yet, over, area, topic, or nothing."""

    id: int
    name: str
    name_en: str
    kind: str
    misfit: str | None


class OffersShape(Shape):
    """The parties that the reader may know of, those that can be given the case first."""

    items: list[OfferShape]


class NewJobBody(Strict):
    """A job before it is given; the party sees its words, place and photos, and nothing else of the case."""

    party_id: Annotated[int, Field(ge=1)]
    text: Text
    place: Annotated[str, Field(max_length=MOST_PLACE)]
    hours: Hours
    photos: list[str] = Field(default=[], max_length=60)


class JobBody(Strict):
    """What is said with an action; `hours` is the new term of a job that is sent back.

    `quantities` is how much of each line of the price list is accepted, by its place counted from 0: {"0": "2.5"}.
    """

    text: Text = ""
    hours: Hours | None = None
    quantities: dict[int, str] = Field(default={}, max_length=100)
    version: Annotated[int | None, Field(ge=1)] = None


class JobShape(Shape):
    """One job of an outside party."""

    id: int
    number: str
    party_id: int
    party: str
    state: str
    version: int
    turn: int
    text: str
    place: str
    hours: int
    due_at: datetime
    late_at: datetime | None
    given_by_id: int
    given_at: datetime
    reply: str
    replied_at: datetime | None
    said: str
    cost: int
    """In cents."""
    ended_at: datetime | None


class JobsShape(Shape):
    """The jobs on a case, the newest first."""

    items: list[JobShape]


@router.get("/cases/{number}/parties")
def read_offers(number: Number, person: CurrentPerson, session: DbSession, now: Now) -> OffersShape:
    """Return the outside parties for a case, each with why it cannot be given it."""
    case = staff_case(session, number, person)
    found = offers(session, case, person, directory(session), now)
    return OffersShape(
        items=[
            OfferShape(
                id=o.party.id or 0,
                name=o.party.name,
                name_en=o.party.name_en,
                kind=str(o.party.kind),
                misfit=str(o.misfit) if o.misfit else None,
            )
            for o in found
        ]
    )


@router.get("/cases/{number}/jobs")
def read_jobs(number: Number, person: CurrentPerson, session: DbSession) -> JobsShape:
    """Return the jobs on a case."""
    return JobsShape(items=[shown(view) for view in jobs_of_case(session, staff_case(session, number, person))])


@router.post("/cases/{number}/jobs", status_code=201)
def give_job(number: Number, body: NewJobBody, person: CurrentPerson, session: DbSession, now: Now) -> JobShape:
    """Give a party a job on a case: its time begins, and it is sent a link."""
    case = staff_case(session, number, person)
    hand = Hand(person, actors(session, case, person))
    given = GivenJob(body.party_id, body.text, body.place, body.photos, body.hours)
    job = give(session, case.id or 0, given, by=hand, now=now)
    return shown(job_of(session, job.id or 0, person))


@router.get("/jobs/{job_id}")
def read_job(job_id: JobId, person: CurrentPerson, session: DbSession) -> JobShape:
    """Return one job."""
    return shown(job_of(session, job_id, person))


@router.post("/jobs/{job_id}/{action}")
def act_on_job(
    job_id: JobId, action: JobAction, body: JobBody, person: CurrentPerson, session: DbSession, now: Now
) -> JobShape:
    """Accept what was done, send it back, take the job back, or send its link anew; the rest is the party's."""
    seen = job_of(session, job_id, person)
    said = Said(body.text, body.hours or "", body.quantities, body.version)
    hand = Hand(person, actors(session, seen.case, person))
    act_as_worker(session, job_id, action, said, by=hand, now=now)
    return shown(job_of(session, job_id, person))


def shown(view: JobView) -> JobShape:
    """Return the shape of a job."""
    told = {"number": view.case.number, "party": view.party.name}
    same = {name: getattr(view.job, name) for name in JobShape.model_fields if name not in told}
    return JobShape.model_validate(told | same)
