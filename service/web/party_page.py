"""What does an outside party see behind its link? What is to be done, where and by when; never who asked.

The link stands in the address once, as a query, which no log keeps; from there on a sealed cookie takes its place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from service.accounts.limits import limit, network_of, record_failure
from service.cases.tables import Case
from service.commissions.actions import act_as_party
from service.commissions.queries import photos_named
from service.commissions.rules import (
    JobAction,
    LinkForgedError,
    LinkNeededError,
    LinkOverError,
    Side,
    moves_from,
)
from service.commissions.tables import PartyJob
from service.delivery.links import MOST_TOKEN, PATH, JobLink, link_of
from service.errors import NotFoundError, ServiceError
from service.parties.tables import Party
from service.routing.queries import directory
from service.web.deps import DbSession, Now, client_address, product_now, real_now
from service.web.error_pages import problem_of
from service.web.party_words import DONE_SENTENCES
from service.web.photo_forms import PhotoRoute, SentPhotos
from service.web.photos import Small, photo_of_case
from service.web.refused import page_with
from service.web.render import LANGUAGE_COOKIE, choose, language_of, page, remember_choice
from service.web.rereading import is_only_read, typed_fields
from service.web.sealed import Seal

router = APIRouter(include_in_schema=False, dependencies=[Depends(product_now)], route_class=PhotoRoute)
"""Nobody signs in here, and whoever is signed in is nobody special here."""

JOB = Seal("jiban_party", lasts=timedelta(hours=12))
"""That this browser has shown the link of a job."""
WRONG_LINKS, WRONG_LINKS_WITHIN = 20, timedelta(minutes=15)
"""Links from one address that nobody here has signed."""
JobId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Fields = Annotated[dict[str, str], Depends(typed_fields)]
OF_PARTY = frozenset({JobAction.TAKE, JobAction.REPORT, JobAction.REFUSE})
BARE: Mapping[str, Any] = {"navigation": (), "path": PATH}
"""What a page has that leads nowhere else."""


@dataclass(frozen=True)
class Tried:
    """What was typed into which form, why it was refused, if it was, and the tokens of photos that came with it."""

    action: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    error: ServiceError | None = None
    kept: Sequence[str] = ()


@router.get(PATH)
def open_link(
    request: Request,
    session: DbSession,
    now: Now,
    key: Annotated[str, Query(max_length=10 * MOST_TOKEN)] = "",
    done: str = "",
) -> Response:
    """Go on to the job of a link. Errors: LinkForgedError, LinkOverError, TooManyTriesError."""
    if not key:
        return page(request, "party/closed.html", {**BARE, "done": DONE_SENTENCES.get(done, "")})
    subject = f"party-link:{network_of(client_address(request))}"
    limit(session, subject, most=WRONG_LINKS, within=WRONG_LINKS_WITHIN, now=real_now())
    link = link_of(key)
    if link is None:
        record_failure(session, subject, now=real_now())
        raise LinkForgedError
    job = _counting(session, link, now)
    party = session.get_one(Party, job.party_id)
    response = RedirectResponse(_path(link.job_id), 303)
    if LANGUAGE_COOKIE not in request.cookies:
        choose(request, lang=party.language, size="")
        remember_choice(request, response)
    JOB.put(response, _path(link.job_id), {"serial": link.serial, "until": link.until.isoformat()})
    return response


@router.get(PATH + "/{job_id}")
def show_job(request: Request, session: DbSession, now: Now, job_id: JobId, done: str = "") -> Response:
    """Show a job to a browser that has shown its link."""
    job, case = _job(request, session, job_id, now)
    return _job_page(request, session, job, case, done=DONE_SENTENCES.get(done, ""))


@router.get(PATH + "/{job_id}/photos/{name}")
def show_photo(
    request: Request, session: DbSession, now: Now, job_id: JobId, name: str, *, small: Small = False
) -> Response:
    """Show a photo that belongs to the job. Errors: NotFoundError, for every other photo of the case too."""
    job, case = _job(request, session, job_id, now)
    if name not in {*job.photos, *job.own_photos}:
        raise NotFoundError
    return photo_of_case(request, session, case, name, small=small, public_only=False)


@router.post(PATH + "/{job_id}/{action}")
def take_answer(
    request: Request, session: DbSession, now: Now, job_id: JobId, action: str, typed: Fields, sent: SentPhotos
) -> Response:
    """Take the job, say why it cannot be done, or report what was done; when refused, with everything typed."""
    if action not in OF_PARTY:
        raise NotFoundError
    job, case = _job(request, session, job_id, now)
    if is_only_read(request, typed):
        return _job_page(request, session, job, case, Tried(action, typed, kept=sent.tokens))
    try:
        with session.begin_nested(), sent.checked(language_of(request)):
            act_as_party(session, job_id, JobAction(action), typed.get("text", ""), photos=sent.photos, now=now)
    except ServiceError as error:
        session.refresh(job)
        return _job_page(request, session, job, case, Tried(action, typed, error, sent.tokens))
    if action == JobAction.REFUSE:
        response = RedirectResponse(f"{PATH}?done={action}", 303)
        JOB.drop(response, _path(job_id))
        return response
    return RedirectResponse(f"{_path(job_id)}?done={action}", 303)


def _path(job_id: int) -> str:
    return f"{PATH}/{job_id}"


def _job(request: Request, session: Session, job_id: int, now: datetime) -> tuple[PartyJob, Case]:
    """Return the job of a browser that has shown its link, and the case it is for.

    Errors: LinkNeededError, LinkOverError.
    """
    facts = JOB.read(request, _path(job_id))
    if facts is None:
        raise LinkNeededError
    _counting(session, JobLink(job_id, int(facts["serial"]), datetime.fromisoformat(facts["until"])), now)
    job = session.get_one(PartyJob, job_id)
    return job, session.get_one(Case, job.case_id)


def _counting(session: Session, link: JobLink, now: datetime) -> PartyJob:
    """Return the job of a signed link, while it counts. Errors: LinkOverError."""
    job = session.get(PartyJob, link.job_id, populate_existing=True)
    is_newest = job is not None and job.link_until is not None and job.link_serial == link.serial
    if job is None or not is_newest or now >= link.until:
        raise LinkOverError
    return job


def _job_page(
    request: Request,
    session: Session,
    job: PartyJob,
    case: Case,
    tried: Tried = Tried(),
    *,
    done: str = "",
) -> Response:
    """Render the job: its own words, place, photos and time, and the desk's telephone; nothing else of the case."""
    problem = problem_of(request, tried.error) if tried.error else None
    moves = [move.action for move in moves_from(job.state, Side.PARTY)]
    desk = directory(session).areas.places[case.unit_id]
    facts = {
        "job": job,
        "shown": photos_named(session, job.case_id, job.photos),
        "own": photos_named(session, job.case_id, job.own_photos),
        "photo_path": f"{_path(job.id or 0)}/photos",
        "moves": moves,
        "desk": desk,
        "tried": tried.action,
        "typed": tried.typed,
        "kept": tried.kept,
        "problem": problem,
        "errors": problem.fields if problem else {},
        "path": _path(job.id or 0),
        "switch_form": f"do-{tried.action or JobAction.REPORT}" if (tried.action or JobAction.REPORT) in moves else "",
    }
    return page_with(request, "party/job.html", {**BARE, **facts, "done": done}, problem)
