"""How reliably do desks come when a community whistles, and what do communities say of them?"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from service.accounts.tables import Person
from service.cases.queries import visible_to
from service.cases.tables import Case
from service.parts.rules import OPEN, PartState
from service.parts.tables import Part, Whistle

LOOKED_BACK = timedelta(days=90)


@dataclass(frozen=True)
class Reliability:
    """What became of the whistles that called one desk."""

    unit_id: int
    called: int
    in_time: int
    late: int
    """Reported in, after its time."""
    missing: int
    """Has not reported in, and its time is over, or it was withdrawn after that."""
    done: int
    open: int
    scored: int
    scores: int
    """The sum of its scores."""

    @property
    def judged(self) -> int:
        """Return of how many it is known whether the desk came in time: the others still have time, or had."""
        return self.in_time + self.late + self.missing

    @property
    def rate(self) -> float | None:
        """Return the share that reported in within its time; None while that is known of none."""
        return self.in_time / self.judged if self.judged else None

    @property
    def score(self) -> float | None:
        """Return the mean score; None without any."""
        return self.scores / self.scored if self.scored else None


def reliability(
    session: Session, person: Person, now: datetime, *, within: timedelta = LOOKED_BACK
) -> list[Reliability]:
    """Return how each desk answers the whistles that a person sees, the least reliable first."""
    came, by = col(Part.accepted_at), col(Part.report_by)
    over = sa.func.coalesce(col(Part.ended_at), now)

    def count(*which: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.count().filter(*which)

    wanted = (
        sa.select(
            col(Part.unit_id),
            sa.func.count(),
            count(came <= by),
            count(came > by),
            count(came.is_(None), over > by),
            count(col(Part.state) == PartState.DONE),
            count(col(Part.state).in_(OPEN)),
            sa.func.count(col(Part.score)),
            sa.func.coalesce(sa.func.sum(col(Part.score)), 0),
        )
        .join(Whistle, col(Whistle.id) == Part.whistle_id)
        .join(Case, col(Case.id) == Part.case_id)
        .where(
            col(Whistle.called_at) > now - within,
            visible_to(person.id or 0, person.role, person.area_id),
        )
        .group_by(col(Part.unit_id))
    )
    found = [Reliability(*row) for row in session.execute(wanted)]
    return sorted(found, key=lambda one: (1.0 if one.rate is None else one.rate, -one.called, one.unit_id))
