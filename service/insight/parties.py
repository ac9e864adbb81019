"""How well does an outside party do its work, and what does it cost? By the jobs that it was given in a period."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session, col, select

from service.cases.rules import Satisfaction
from service.commissions.rules import UNSETTLED, JobState
from service.commissions.tables import PartyJob
from service.feedback.tables import Rating
from service.timekeeping import ZONE

CONTENT = (Satisfaction.SATISFIED, Satisfaction.BASICALLY)
DONE = frozenset({JobState.REPORTED, JobState.APPROVED})


@dataclass(frozen=True)
class Period:
    """Days from the first to the last, both of them included."""

    first: date
    last: date

    @property
    def span(self) -> tuple[datetime, datetime]:
        """Return when it begins, and when the day after it begins."""
        after = self.last + timedelta(days=1)
        return datetime.combine(self.first, time(), ZONE), datetime.combine(after, time(), ZONE)


@dataclass(frozen=True)
class Spent:
    """What was accepted of one line of the price list, at one price."""

    item: str
    unit: str
    cents: int
    hundredths: int
    cost: int


@dataclass(frozen=True)
class Performance:
    """What became of the jobs that a party was given in a period."""

    given: int
    done: int
    """Reported or accepted."""
    on_time: int
    """Of those that are done: no due time was ever missed."""
    late: int
    """Of all: a due time was missed."""
    sent_back: int
    """Jobs that were sent back at least once."""
    refused: int
    running: int
    """Not ended yet, whatever is done of it."""
    rated: int
    """Cases with an accepted job whose resident has said how content they are; each counts once, by the newest."""
    content: int
    """Of these, satisfied or basically satisfied."""
    cost: int
    """In cents."""
    spent: tuple[Spent, ...]


def performance(session: Session, party_id: int, period: Period) -> Performance:
    """Return how a party did with the jobs that it was given in a period."""
    since, until = period.span
    wanted = select(PartyJob).where(
        PartyJob.party_id == party_id, PartyJob.given_at >= since, PartyJob.given_at < until
    )
    jobs = list(session.exec(wanted.order_by(col(PartyJob.id))))
    done = [job for job in jobs if job.state in DONE]
    accepted = [job for job in jobs if job.state is JobState.APPROVED]
    rated = _ratings(session, {job.case_id for job in accepted})
    return Performance(
        given=len(jobs),
        done=len(done),
        on_time=sum(job.late_at is None for job in done),
        late=sum(job.late_at is not None for job in jobs),
        sent_back=sum(job.turn > 1 for job in jobs),
        refused=sum(job.state is JobState.REFUSED for job in jobs),
        running=sum(job.state in UNSETTLED for job in jobs),
        rated=len(rated),
        content=sum(one in CONTENT for one in rated),
        cost=sum(job.cost for job in accepted),
        spent=_spent(accepted),
    )


def _ratings(session: Session, case_ids: set[int]) -> list[Satisfaction]:
    """Return the newest rating of each of these cases that has one."""
    newest = sa.select(col(Rating.satisfaction)).ext(distinct_on(col(Rating.case_id)))
    newest = newest.where(col(Rating.case_id).in_(case_ids))
    return list(session.scalars(newest.order_by(col(Rating.case_id), col(Rating.instance).desc()))) if case_ids else []


def _spent(jobs: Sequence[PartyJob]) -> tuple[Spent, ...]:
    sums: dict[tuple[str, str, int], tuple[int, int]] = {}
    for line in (line for job in jobs for line in job.costs):
        key = (str(line["item"]), str(line["unit"]), int(line["cents"]))
        hundredths, cost = sums.get(key, (0, 0))
        sums[key] = hundredths + int(line["hundredths"]), cost + int(line["cost"])
    return tuple(Spent(*key, *amounts) for key, amounts in sorted(sums.items()))
