"""Who is told of what happens to a job, and what does the history of the case say?"""

from datetime import datetime

from sqlmodel import Session

from service.accounts.tables import Person
from service.audit.actions import record
from service.audit.rules import Entry
from service.cases.tables import Case, CaseMessage
from service.commissions.tables import PartyJob
from service.delivery.links import JobLink, facts_of
from service.outbox.actions import write
from service.outbox.messages import Recipient, of_party, to_party
from service.parties.queries import contact_of
from service.parties.tables import Party
from service.routing.directory import Directory
from service.routing.rules import RINGS_AT_NIGHT

PARTY = "party"
"""Who did something, as the history names it."""


def write_history(
    session: Session, job: PartyJob, case: Case, what: str, text: str, *, by: Person | None, now: datetime
) -> None:
    """Keep what was said as inside words of the case, and that it was done in its history; `by` None: the party."""
    if text:
        person_id = by.id if by else None
        session.add(
            CaseMessage(case_id=case.id or 0, at=now, kind=what, is_public=False, person_id=person_id, text=text)
        )
    actor, actor_id = ("staff", by.id) if by else (PARTY, None)
    record(session, Entry("case", case.id or 0, what, now, actor, actor_id, _facts(job)))


def write_end(session: Session, job: PartyJob, case: Case, *, by_id: int | None, now: datetime) -> None:
    """Say in the history of a case that a job lapsed with it; `by_id` None: the case ended by itself."""
    kind = "system" if by_id is None else "staff"
    record(session, Entry("case", case.id or 0, "job_lapsed", now, kind, by_id, _facts(job)))


def write_late(session: Session, job: PartyJob, case: Case, now: datetime) -> None:
    """Say in the history of a case that a party let its time pass."""
    record(session, Entry("case", case.id or 0, "job_late", now, "system", data=_facts(job)))


def _facts(job: PartyJob) -> dict[str, int | None]:
    return {"job": job.id, "party_id": job.party_id, "turn": job.turn}


def tell_party(session: Session, job: PartyJob, case: Case, what: str, now: datetime) -> None:
    """Tell the party, by mail or short message; with its link, while one counts."""
    party = session.get_one(Party, job.party_id)
    contact = contact_of(party)
    to = Recipient(party.language, contact.email or None, party_id=party.id, phone=contact.phone or None)
    link = {"job": str(job.id)}
    if job.link_until is not None:
        link = facts_of(JobLink(job.id or 0, job.link_serial, job.link_until))
    wakes = case.grade in RINGS_AT_NIGHT
    told = to_party(to, what, turn=job.version, due_at=job.due_at, link=link, wakes=wakes)
    write(session, [told], case.id or 0, now)


def tell_worker(session: Session, job: PartyJob, case: Case, what: str, known: Directory, now: datetime) -> None:
    """Tell whoever holds the case, or stands in for them; else who gave the job."""
    holder = known.people.get(case.assignee_id or 0) or known.people.get(job.given_by_id)
    person = (known.acting_for(holder, now) or holder) if holder else None
    if person is None:
        return
    party = session.get_one(Party, job.party_id)
    names = {"zh": party.name, "en": party.name_en or party.name}
    to = Recipient(person.language, person.email, person.id)
    told = of_party(to, case.number, what, job_id=job.id or 0, turn=job.version, names=names)
    write(session, [told], case.id or 0, now)
