"""How does a case pass from hand to hand? One current holder, and everybody's load kept with it."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlmodel import Session, col

from service.assignments.tables import Assignment, Workload
from service.bulk import insert_all
from service.cases.tables import Case
from service.routing.choosing import Load
from service.routing.rules import RoutingDecision
from service.routing.tables import RoutingDecisionRow

ASSIGNMENTS = Assignment.__table__  # type: ignore[attr-defined]


Loads = Counter[int | None]
"""By how much each person's number of open cases changes, as it is noted on the way.

Whoever collects it writes it last (`change_loads`): everybody who acts for the same person waits for that row.
"""


def hand_over(
    session: Session,
    case: Case,
    *,
    unit_id: int,
    person_id: int | None,
    why: str,
    by_id: int | None,
    now: datetime,
    loads: Loads,
) -> None:
    """Put a locked case into other hands: end the current assignment, begin the new one, note whose load moves."""
    _end(session, case, now)
    session.add(
        Assignment(case_id=case.id or 0, unit_id=unit_id, person_id=person_id, why=why, by_id=by_id, started_at=now)
    )
    if person_id != case.assignee_id:
        loads.update({case.assignee_id: -1, person_id: +1})
    case.unit_id, case.assignee_id = unit_id, person_id
    session.add(case)


@dataclass(frozen=True)
class Handed:
    """A locked case that goes into other hands by itself, and why."""

    case: Case
    unit_id: int
    person_id: int
    why: str


def hand_over_all(session: Session, handed: Sequence[Handed], now: datetime) -> None:
    """Put many locked cases into other hands, each at most once, in two statements and one for each person's load."""
    ids = [one.case.id for one in handed]
    ended = sa.update(Assignment).where(col(Assignment.case_id).in_(ids), col(Assignment.ended_at).is_(None))
    session.execute(ended.values(ended_at=now), execution_options={"synchronize_session": False})
    rows = [
        {"case_id": one.case.id, "unit_id": one.unit_id, "person_id": one.person_id, "why": one.why, "started_at": now}
        for one in handed
    ]
    insert_all(session, ASSIGNMENTS, rows)
    changes: Counter[int | None] = Counter()
    for one in handed:
        if one.person_id != one.case.assignee_id:
            changes.update({one.case.assignee_id: -1, one.person_id: 1})
        one.case.unit_id, one.case.assignee_id = one.unit_id, one.person_id
    change_loads(session, changes, now)


def let_go(session: Session, case: Case, *, now: datetime, loads: Loads) -> None:
    """Take a finished case off its holder's load; the case remembers who held it last."""
    _end(session, case, now)
    loads.update({case.assignee_id: -1})


def take_up_again(session: Session, case: Case, *, why: str, by_id: int | None, now: datetime, loads: Loads) -> None:
    """Give a reopened case back to the hands that held it last."""
    session.add(
        Assignment(
            case_id=case.id or 0, unit_id=case.unit_id, person_id=case.assignee_id, why=why, by_id=by_id, started_at=now
        )
    )
    loads.update({case.assignee_id: +1})


def lock_loads(session: Session, person_ids: Collection[int]) -> dict[int, Load]:
    """Return what these people hold, locked until the transaction ends, so that what is decided by it stays true.

    Rows are locked in the order of the ids, those of people who never had a case too.
    """
    ids = sorted(set(person_ids))
    missing = sa.func.unnest(sa.cast(ids, ARRAY(sa.BigInteger))).column_valued("id")
    new = insert(Workload).from_select(["person_id", "open_cases"], sa.select(missing, sa.literal(0)).order_by(missing))
    session.execute(new.on_conflict_do_nothing())
    columns = (col(Workload.person_id), col(Workload.open_cases), col(Workload.last_assigned_at))
    held = sa.select(*columns).where(col(Workload.person_id).in_(ids)).order_by(col(Workload.person_id))
    return {person: Load(count, last) for person, count, last in session.execute(held.with_for_update())}


def keep_decision(session: Session, case_id: int, decision: RoutingDecision, now: datetime) -> None:
    """Keep what the routing engine considered, with the case."""
    session.add(RoutingDecisionRow(case_id=case_id, at=now, **decision_row(decision)))


def decision_row(decision: RoutingDecision) -> dict[str, Any]:
    """Return the columns of a decision."""
    return {
        "unit_id": decision.unit.id,
        "person_id": decision.person.id if decision.person else None,
        "rule_id": decision.rule.id if decision.rule else None,
        "rule_version": decision.version,
        "reasons": decision.reasons(),
    }


def change_loads(session: Session, changes: Mapping[int | None, int], now: datetime) -> None:
    """Add to the number of open cases people hold; None, the desk without a person, has no load.

    Rows are locked in the order of their ids, so that two changes never wait for each other.
    """
    for person_id, change in sorted((p, c) for p, c in changes.items() if p is not None and c):
        statement = insert(Workload).values(
            person_id=person_id, open_cases=max(change, 0), last_assigned_at=now if change > 0 else None
        )
        session.execute(
            statement.on_conflict_do_update(
                index_elements=[col(Workload.person_id)],
                set_={
                    "open_cases": col(Workload.open_cases) + change,
                    "last_assigned_at": now if change > 0 else Workload.last_assigned_at,
                },
            )
        )


def _end(session: Session, case: Case, now: datetime) -> None:
    session.execute(
        sa.update(Assignment)
        .where(col(Assignment.case_id) == case.id, col(Assignment.ended_at).is_(None))
        .values(ended_at=now)
    )
