"""How is a job given to an outside party, answered, checked, and ended?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, select

from service.accounts.tables import Person
from service.attachments.preparing import Photo
from service.attachments.queries import of_case as photos_of_case
from service.cases.actions import lock
from service.cases.queries import contact_of
from service.cases.rules import ENDED, Actor
from service.cases.tables import Case
from service.commissions.hiding import check_hidden
from service.commissions.photos import accept_own, add_own
from service.commissions.queries import Offer, offers, resolve_due, with_parties
from service.commissions.rules import (
    MAY_GIVE,
    MOST_PLACE,
    UNSETTLED,
    WITH_PARTY,
    JobAction,
    JobForbiddenError,
    JobState,
    Side,
    check_may_give,
    checked_hours,
    checked_words,
    costs_of,
    due_for,
    link_until,
    move_for,
    total_of,
)
from service.commissions.tables import PartyJob
from service.commissions.telling import tell_party, tell_worker, write_end, write_history
from service.errors import ConflictError, InvalidFieldsError, NotFoundError
from service.intake.forms import clean
from service.routing.queries import directory


@dataclass(frozen=True)
class GivenJob:
    """A job before it is given, as a form or a program sends it."""

    party_id: int = 0
    text: str = ""
    place: str = ""
    photos: Sequence[str] = ()
    hours: object = ""


@dataclass(frozen=True)
class Said:
    """What a worker says to a job."""

    text: str = ""
    hours: object = ""
    quantities: Mapping[int, str] = field(default_factory=dict)
    """How much of each price is accepted, by its place in the list, counted from 0."""
    version: int | None = None
    """The version of the job that was seen."""


@dataclass(frozen=True)
class Hand:
    """Who of the staff acts, and as whom on this case."""

    person: Person
    acting: frozenset[Actor]


HISTORY: Mapping[JobAction, str] = {
    JobAction.TAKE: "job_taken",
    JobAction.REFUSE: "job_refused",
    JobAction.REPORT: "job_reported",
    JobAction.APPROVE: "job_approved",
    JobAction.SEND_BACK: "job_sent_back",
    JobAction.WITHDRAW: "job_withdrawn",
    JobAction.RENEW: "job_renewed",
}
"""What the history of the case says of it; the notice and the words are called alike."""


def give(session: Session, case_id: int, given: GivenJob, *, by: Hand, now: datetime) -> PartyJob:
    """Give a party a job on a case: its time begins, and it is sent a link. Holder and clocks of the case stay.

    Errors: NotFoundError, NotSignedForError, JobForbiddenError, InvalidFieldsError.
    """
    case, known = lock(session, case_id), directory(session)
    check_may_give(case.status, by.acting)
    text, place, hours = _checked(case, given)
    party = next((o.party for o in offers(session, case, by.person, known, now) if _is(o, given.party_id)), None)
    if party is None:
        raise InvalidFieldsError({"party": "Please choose one of the parties that can be given this case."})
    theirs = {photo.name for photo in photos_of_case(session, case_id)}
    if not set(given.photos) <= theirs:
        raise InvalidFieldsError({"photos": "Please choose photos of this case."})

    due_at = due_for(now, hours, resolve_due(session, case_id))
    job = PartyJob(
        case_id=case_id,
        party_id=party.id or 0,
        text=text,
        place=place,
        photos=sorted(set(given.photos)),
        hours=hours,
        due_at=due_at,
        given_by_id=by.person.id or 0,
        given_at=now,
        prices=list(party.prices),
        link_until=link_until(due_at),
    )
    session.add(job)
    session.flush()
    write_history(session, job, case, "job_given", text, by=by.person, now=now)
    tell_party(session, job, case, "given", now)
    return job


def _is(offer: Offer, party_id: int) -> bool:
    return offer.misfit is None and offer.party.id == party_id


def _checked(case: Case, given: GivenJob) -> tuple[str, str, int]:
    """Return what is to be done, where, and in how many hours; all that is wrong is said at once."""
    wrong: dict[str, str] = {}
    facts: dict[str, object] = {}
    text, place = clean(given.text), clean(given.place)
    hours = 0
    checks = (
        lambda: checked_words(text),
        lambda: checked_words(place, field="place", most=MOST_PLACE),
        lambda: check_hidden({"text": text, "place": place}, contact_of(case)),
    )
    for check in checks:
        try:
            check()
        except InvalidFieldsError as error:
            wrong, facts = error.fields | wrong, error.facts | facts
    try:
        hours = checked_hours(given.hours)
    except InvalidFieldsError as error:
        wrong |= error.fields
    if wrong:
        raise InvalidFieldsError(wrong, **facts)
    return text, place, hours


def act_as_worker(session: Session, job_id: int, action: JobAction, said: Said, *, by: Hand, now: datetime) -> PartyJob:
    """Accept what a party did, send it back, take the job back, or send its link anew.

    Errors: NotFoundError, JobForbiddenError, ConflictError, InvalidFieldsError.
    """
    job, case = locked(session, job_id)
    if MAY_GIVE.isdisjoint(by.acting):
        raise JobForbiddenError
    if said.version is not None and said.version != job.version:
        raise ConflictError(yours=said.version, current=job.version, status=job.state)
    move = move_for(job.state, action, Side.WORKER)
    if move.to in WITH_PARTY and case.status in ENDED:
        raise JobForbiddenError
    text = checked_words(clean(said.text), required=move.must_say)
    if action is not JobAction.RENEW:
        check_hidden({"text": text}, contact_of(case))
    if action is JobAction.APPROVE:
        job.costs = costs_of(job.prices, said.quantities)
        job.cost = total_of(job.costs)
        accept_own(session, job)
    if move.names_term:
        job.hours = checked_hours(said.hours)
        job.due_at = due_for(now, job.hours, resolve_due(session, case.id or 0))
        job.turn, job.late_told_at = job.turn + 1, None

    job.said = text or job.said
    _to(job, move.to or job.state, now)
    if job.state in WITH_PARTY:
        job.link_serial, job.link_until = job.link_serial + 1, link_until(max(job.due_at, now))
    session.add(job)
    session.flush()
    write_history(session, job, case, HISTORY[action], text, by=by.person, now=now)
    if action is not JobAction.APPROVE:
        tell_party(session, job, case, HISTORY[action].removeprefix("job_"), now)
    return job


def act_as_party(
    session: Session, job_id: int, action: JobAction, raw: str, *, photos: Sequence[Photo] = (), now: datetime
) -> PartyJob:
    """Let the party take a job, say why it cannot, or report what was done, with photos.

    Errors: NotFoundError, JobForbiddenError, InvalidFieldsError, TooManyOwnPhotosError, PhotoRefusedError.
    """
    job, case = locked(session, job_id)
    move = move_for(job.state, action, Side.PARTY)
    text = checked_words(clean(raw), required=move.must_say)
    if text:
        job.reply, job.replied_at = text, now
    if action is JobAction.REPORT:
        add_own(session, job, photos, now)
        job.late_at = job.late_at or (job.due_at if now > job.due_at else None)
    _to(job, move.to or job.state, now)
    session.add(job)
    session.flush()
    write_history(session, job, case, HISTORY[action], text, by=None, now=now)
    tell_worker(session, job, case, HISTORY[action].removeprefix("job_"), directory(session), now)
    return job


def locked(session: Session, job_id: int) -> tuple[PartyJob, Case]:
    """Return a job and its case, both locked, the case first. Errors: NotFoundError."""
    seen = session.get(PartyJob, job_id)
    if seen is None:
        raise NotFoundError
    case = lock(session, seen.case_id)
    wanted = select(PartyJob).where(PartyJob.id == job_id).with_for_update().execution_options(populate_existing=True)
    return session.exec(wanted).one(), case


def _to(job: PartyJob, state: JobState, now: datetime) -> None:
    """Let a job stand somewhere else; where nothing more can be said, its link counts no more."""
    job.state, job.version = state, job.version + 1
    if state not in UNSETTLED:
        job.ended_at, job.link_until = now, None


def end_with_case(session: Session, case: Case, *, by_id: int | None, now: datetime) -> None:
    """Let the jobs that parties still work on lapse with a locked case that has ended, and tell them.

    What is reported stays to be checked: it was done, and has its price.
    """
    for job in with_parties(session, case.id or 0):
        _to(job, JobState.LAPSED, now)
        session.add(job)
        session.flush()
        write_end(session, job, case, by_id=by_id, now=now)
        tell_party(session, job, case, "withdrawn", now)
