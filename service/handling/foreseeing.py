"""What would change if a case got another topic or place? Done for real, looked at, and taken back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from service.areas.rules import Place
from service.cases.actions import lock
from service.cases.rules import Action
from service.cases.tables import Case
from service.categories.rules import Topic
from service.clocks.queries import of_case
from service.handling.actions import act
from service.handling.step import Doer
from service.routing.directory import Staff
from service.routing.queries import directory
from sla_policies.clock import ClockState
from sla_policies.policy import INSIDE, Grade, Metric

FORESEEN = frozenset({Action.RECATEGORISE, Action.RELOCATE})
"""What is looked at before it is done on a page: it may move the desk and every promise at once."""


@dataclass(frozen=True)
class Standing:
    """Where a case stands: its desk, its holder, and what is promised."""

    place: Place
    topic: Topic
    grade: Grade
    unit: Place
    person: Staff | None
    due: Mapping[Metric, datetime | None]
    """Of each promise that runs or stands still, the newest; None: it stands still."""


@dataclass(frozen=True)
class Foreseen:
    """A case as it stands, and as it would stand."""

    before: Standing
    after: Standing

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Return the promises of either, in the order in which a case has them."""
        return tuple(metric for metric in Metric if metric in {*self.before.due, *self.after.due})


def foresee(
    session: Session,
    case_id: int,
    action: Action,
    answers: Mapping[str, Any],
    *,
    by: Doer,
    now: datetime,
    version: int | None = None,
) -> Foreseen:
    """Return what an action would change; nothing of it stays. Errors: those of the action.

    Whom the rules find depends on everybody's load at the moment: who is named may be somebody else when it is done.
    """
    before = _standing(session, lock(session, case_id, version=version))
    rehearsal = session.begin_nested()
    try:
        after = _standing(session, act(session, case_id, action, answers, by=by, now=now))
    finally:
        rehearsal.rollback()
    return Foreseen(before, after)


def _standing(session: Session, case: Case) -> Standing:
    known = directory(session)
    due = {
        row.metric: row.due_at
        for row in of_case(session, case.id or 0)
        if row.metric not in INSIDE and row.state in (ClockState.RUNNING, ClockState.PAUSED)
    }
    return Standing(
        place=known.areas.places[case.area_id],
        topic=known.topics_by_id[case.category_id],
        grade=case.grade,
        unit=known.areas.places[case.unit_id],
        person=known.people.get(case.assignee_id or 0),
        due=due,
    )
