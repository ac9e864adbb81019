"""How does a worker give an outside party a job, and what do they say to what it did?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from service.accounts.tables import Person
from service.attachments.queries import of_case as photos_of_case
from service.cases.queries import contact_of as who_asked
from service.cases.rules import ENDED
from service.cases.tables import Case
from service.commissions.actions import Hand, act_as_worker, give
from service.commissions.hiding import hidden
from service.commissions.queries import JobView, job_of, named_by_table, offers, photos_named, resolve_due
from service.commissions.rules import (
    MAY_GIVE,
    MOST_HOURS,
    USUAL_HOURS,
    WITH_PARTY,
    JobAction,
    Side,
    check_may_give,
    due_for,
    moves_from,
)
from service.delivery.queries import of_case as notices_of_case
from service.errors import NotAllowedError, NotFoundError, ServiceError
from service.handling.queries import actors
from service.parties.queries import PartyContact, contact_of
from service.routing.queries import directory
from service.web.deps import DbSession, Now
from service.web.filters import called_in
from service.web.job_forms import NewJob, said_in
from service.web.notice_words import STATE_LABELS
from service.web.party_words import DONE_SENTENCES
from service.web.refused import form_page
from service.web.render import choose
from service.web.rereading import said_again, typed_fields
from service.web.sign_in import own_page
from service.web.worker import CaseToRead, Working

router = APIRouter(include_in_schema=False)

JOBS = "/jobs"
TERMS = (4, 8, 24, 48, 72, 168)
"""Terms that are offered, in hours."""
JobId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Fields = Annotated[dict[str, str], Depends(typed_fields)]


@dataclass(frozen=True)
class Tried:
    """What was typed into which form, and why it was refused, if it was."""

    action: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    error: ServiceError | None = None


@router.get("/jobs/new/{number}")
def show_new(request: Request, session: DbSession, person: Working, now: Now, case: CaseToRead) -> Response:
    """Show the form that gives a job on a case, filled in from the case without what says who asked."""
    known, named = directory(session), named_by_table(session, case)
    contact, place = who_asked(case), known.areas.places[case.area_id]
    where = f"{called_in(case.language, place)} {case.address}".strip()
    first = NewJob(
        party=str(named.id) if named else "",
        text=hidden(case.text, contact),
        place=hidden(where, contact),
        hours=str(USUAL_HOURS),
    )
    return _new_page(request, session, case, person, now, first)


@router.post("/jobs/new/{number}")
def take_new(
    request: Request,
    session: DbSession,
    person: Working,
    now: Now,
    case: CaseToRead,
    answers: Annotated[NewJob, Form()],
) -> Response:
    """Give a job; when refused, show the form with everything typed."""

    def do() -> None:
        give(session, case.id or 0, answers.given(), by=_hand(session, case, person), now=now)

    def again(error: ServiceError | None) -> Response:
        return _new_page(request, session, case, person, now, answers, error)

    if choose(request, lang=answers.lang, size=answers.size):
        return again(said_again(session, do, was_refused=answers.was_refused))
    return _done(session, do, again, f"/cases/{case.number}", "give")


@router.get("/jobs/{job_id}")
def show_job(
    request: Request,
    session: DbSession,
    person: Working,
    now: Now,  # noqa: ARG001  # The page says when time is simulated.
    job_id: JobId,
    done: str = "",
) -> Response:
    """Show a job with what may be done about it."""
    return _job_page(request, session, job_of(session, job_id, person), person, done=done)


@router.post("/jobs/{job_id}/{action}")
def take_action(
    request: Request, session: DbSession, person: Working, now: Now, job_id: JobId, action: str, typed: Fields
) -> Response:
    """Accept what was done, send it back, take it back, or send the link anew; when refused, as it stands now."""
    moves = {move.action for state in WITH_PARTY for move in moves_from(state, Side.WORKER)}
    if action not in {*moves, JobAction.APPROVE, JobAction.SEND_BACK}:
        raise NotFoundError
    seen = job_of(session, job_id, person)

    def do() -> None:
        by = _hand(session, seen.case, person)
        act_as_worker(session, job_id, JobAction(action), said_in(typed), by=by, now=now)

    def again(error: ServiceError | None) -> Response:
        return _job_page(request, session, job_of(session, job_id, person), person, Tried(action, typed, error))

    if choose(request, lang=typed.get("lang", ""), size=typed.get("size", "")):
        return again(said_again(session, do, was_refused=typed.get("was_refused", "")))
    return _done(session, do, again, own_page(typed.get("next", ""), f"{JOBS}/{job_id}"), action)


def _done(
    session: Session, do: Callable[[], None], again: Callable[[ServiceError | None], Response], to: str, what: str
) -> Response:
    try:
        with session.begin_nested():
            do()
    except (NotFoundError, NotAllowedError):
        raise
    except ServiceError as error:
        return again(error)
    return RedirectResponse(f"{to}{'&' if '?' in to else '?'}{urlencode({'done': what})}", 303)


def _hand(session: Session, case: Case, person: Person) -> Hand:
    return Hand(person, actors(session, case, person))


def _new_page(
    request: Request,
    session: Session,
    case: Case,
    person: Person,
    now: Now,
    answers: NewJob,
    error: ServiceError | None = None,
) -> Response:
    """Render the form of a new job. Errors: NotSignedForError, NotAllowedError for who may give none."""
    acting, known = actors(session, case, person), directory(session)
    if MAY_GIVE.isdisjoint(acting):
        raise NotAllowedError
    check_may_give(case.status, acting)
    found = offers(session, case, person, known, now)
    promise = resolve_due(session, case.id or 0)
    facts = {
        "case": case,
        "fitting": [offer.party for offer in found if offer.misfit is None],
        "others": [offer for offer in found if offer.misfit is not None],
        "named": named_by_table(session, case),
        "photos": photos_of_case(session, case.id or 0),
        "terms": TERMS,
        "latest": due_for(now, MOST_HOURS, promise) if promise else None,
        "path": f"{JOBS}/new/{case.number}",
        "switch_form": "do-give",
    }
    return form_page(request, "jobs/new.html", facts, typed=answers, tried="give", error=error)


def _job_page(
    request: Request, session: Session, seen: JobView, person: Person, tried: Tried = Tried(), *, done: str = ""
) -> Response:
    job, acts = seen.job, not MAY_GIVE.isdisjoint(actors(session, seen.case, person))
    moves = [move for move in moves_from(job.state, Side.WORKER) if acts]
    if seen.case.status in ENDED:
        moves = [move for move in moves if move.to not in WITH_PARTY]
    first = next((move.action for move in moves if move.action == tried.action), moves[0].action if moves else "")
    facts: dict[str, Any] = {
        "row": seen,
        "moves": moves,
        "contact": contact_of(seen.party) if acts else PartyContact("", "", ""),
        "shown": photos_named(session, job.case_id, job.photos),
        "own": photos_named(session, job.case_id, job.own_photos),
        "told": _told(session, seen),
        "giver": directory(session).people.get(job.given_by_id),
        "terms": TERMS,
        "path": f"{JOBS}/{job.id}",
        "switch_form": f"do-{first}" if first else "",
        "done": DONE_SENTENCES.get(done, ""),
    }
    return form_page(request, "jobs/job.html", facts, typed=tried.typed, tried=tried.action, error=tried.error)


def _told(session: Session, seen: JobView) -> str:
    """Return what became of the newest message to the party, a message id; "" where none was written."""
    about = [n for n in notices_of_case(session, seen.case.id or 0) if n.party_id == seen.party.id]
    mine = [notice for notice in about if notice.facts.get("job") == str(seen.job.id)]
    return STATE_LABELS[mine[-1].state] if mine else ""
