"""Which jobs have outside parties on a case, to which could it be given, and what waits for a worker?"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from service.accounts.tables import Person
from service.attachments.queries import of_case as photos_of_case
from service.attachments.tables import Attachment
from service.cases.queries import visible_to
from service.cases.rules import ENDED
from service.cases.tables import Case
from service.clocks.queries import of_case as clocks_of_case
from service.commissions.rules import UNSETTLED, WITH_PARTY, JobState
from service.commissions.tables import PartyJob
from service.errors import NotFoundError
from service.parties.queries import by_id, by_name, parties_for, terms_of
from service.parties.rules import Misfit, misfit
from service.parties.tables import Party
from service.routing.directory import Directory
from service.routing.queries import decisions
from service.routing.tables import RoutingDecisionRow
from sla_policies.clock import ClockState
from sla_policies.policy import Metric

MOST_WAITING = 50
NEWER = aliased(RoutingDecisionRow)
IS_NEWEST = ~sa.exists().where(
    col(NEWER.case_id) == RoutingDecisionRow.case_id, col(NEWER.id) > col(RoutingDecisionRow.id)
)
HAS_NONE = ~sa.exists().where(col(PartyJob.case_id) == Case.id, col(PartyJob.party_id) == Party.id)
TO_GIVE = (
    select(Case, Party)
    .join(RoutingDecisionRow, col(RoutingDecisionRow.case_id) == Case.id)
    .join(Party, RoutingDecisionRow.reasons["rule"]["party"].astext == Party.name)
    .where(col(Party.is_active), IS_NEWEST, HAS_NONE)
    .order_by(col(Case.id))
    .limit(MOST_WAITING)
)
"""Cases whose newest decision names a party in use that has no job on them yet."""


@dataclass(frozen=True)
class Offer:
    """A party, and why it cannot be given a case; None: it can."""

    party: Party
    misfit: Misfit | None


@dataclass(frozen=True)
class JobView:
    """A job with its case and its party."""

    job: PartyJob
    case: Case
    party: Party

    def is_late(self, now: datetime) -> bool:
        """Has the party let its time pass?"""
        return self.job.state in WITH_PARTY and self.job.due_at <= now


@dataclass(frozen=True)
class Waiting:
    """What a worker must do about parties: jobs to check or to urge, and cases that the dispatch table hands on."""

    jobs: list[JobView]
    to_give: list[tuple[Case, Party]]


def offers(session: Session, case: Case, person: Person, known: Directory, now: datetime) -> list[Offer]:
    """Return the parties somebody may know of, each with why it cannot be given the case; those that can first."""
    topic = known.topics_by_id[case.category_id].code
    path, day = known.catalogue.path(topic), now.astimezone(known.zone).date()
    found = [
        Offer(party, misfit(terms_of(party), case.area_id, path, day, known.areas))
        for party in parties_for(session, person, known.areas)
    ]
    return sorted(found, key=lambda offer: offer.misfit is not None)


def named_by_table(session: Session, case: Case) -> Party | None:
    """Return the party that the dispatch table names for a case, while it has no job on it."""
    made = decisions(session, case.id or 0)
    party = by_name(session, _named(made[-1])) if made else None
    had = {job.party_id for job in jobs_on(session, case.id or 0)}
    return party if party is not None and party.id not in had else None


def _named(decision: RoutingDecisionRow) -> str:
    return str((decision.reasons.get("rule") or {}).get("party", ""))


def jobs_on(session: Session, case_id: int) -> list[PartyJob]:
    """Return the jobs on a case, the newest first."""
    return list(session.exec(select(PartyJob).where(PartyJob.case_id == case_id).order_by(col(PartyJob.id).desc())))


def of_case(session: Session, case: Case) -> list[JobView]:
    """Return the jobs on a case with their parties, the newest first."""
    jobs = jobs_on(session, case.id or 0)
    parties = by_id(session, {job.party_id for job in jobs})
    return [JobView(job, case, parties[job.party_id]) for job in jobs]


def job_of(session: Session, job_id: int, person: Person) -> JobView:
    """Return a job, for somebody who may see its case. Errors: NotFoundError."""
    gate = visible_to(person.id or 0, person.role, person.area_id)
    wanted = select(PartyJob, Case, Party).join(Case, col(Case.id) == PartyJob.case_id)
    wanted = wanted.join(Party, col(Party.id) == PartyJob.party_id).where(col(PartyJob.id) == job_id, gate)
    found = session.exec(wanted).one_or_none()
    if found is None:
        raise NotFoundError
    return JobView(*found)


def waiting_for(session: Session, person: Person, now: datetime) -> Waiting:
    """Return what parties wait for from whoever holds the cases: what is overdue, what is done, and what to give."""
    is_mine, is_open = col(Case.assignee_id) == person.id, col(Case.status).not_in(ENDED)
    is_late = sa.and_(col(PartyJob.state).in_(WITH_PARTY), col(PartyJob.due_at) <= now)
    wanted = select(PartyJob, Case, Party).join(Case, col(Case.id) == PartyJob.case_id)
    wanted = wanted.join(Party, col(Party.id) == PartyJob.party_id)
    unsettled = col(PartyJob.state).in_(UNSETTLED)  # By the index of these.
    wanted = wanted.where(is_mine, unsettled, sa.or_(is_late, col(PartyJob.state) == JobState.REPORTED))
    found = session.exec(wanted.order_by(col(PartyJob.due_at)).limit(MOST_WAITING))
    to_give = session.exec(TO_GIVE.where(is_mine, is_open))
    return Waiting([JobView(*row) for row in found], [(case, party) for case, party in to_give])


def with_parties(session: Session, case_id: int) -> list[PartyJob]:
    """Return the jobs on a case that parties still work on, locked."""
    found = select(PartyJob).where(PartyJob.case_id == case_id, col(PartyJob.state).in_(WITH_PARTY))
    return list(session.exec(found.order_by(col(PartyJob.id)).with_for_update()))


def resolve_due(session: Session, case_id: int) -> datetime | None:
    """Return when the worker's promise of the result runs out; None where none runs."""
    of_result = [row for row in clocks_of_case(session, case_id) if row.metric is Metric.RESOLVE]
    newest = of_result[-1] if of_result else None
    return newest.due_at if newest is not None and newest.state is ClockState.RUNNING else None


def photos_named(session: Session, case_id: int, names: Collection[str]) -> list[Attachment]:
    """Return those photos of a case that have these names, oldest first."""
    return [photo for photo in photos_of_case(session, case_id) if photo.name in names]


def counted_by_party(session: Session) -> Mapping[int, int]:
    """Return how many jobs each party has that have not ended."""
    counted = sa.select(col(PartyJob.party_id), sa.func.count()).where(col(PartyJob.state).in_(UNSETTLED))
    return dict(session.execute(counted.group_by(col(PartyJob.party_id))).all())
