"""Which escalations were raised, and what must a supervisor see now?"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session, col, select

from service.accounts.tables import Person
from service.areas.rules import AreaLevel
from service.cases.tables import Case
from service.clocks.queries import book, policy_of
from service.clocks.tables import ClockRow
from service.database import is_any, or_never
from service.escalations.lists import in_list, open_to, unanswered_listed, waits_for
from service.escalations.rules import Which
from service.escalations.tables import Escalation
from service.routing.directory import Directory
from sla_policies.climbing import base_of
from sla_policies.clock import ClockState
from sla_policies.escalation import Step
from sla_policies.policy import Metric

MOST_ROWS = 200


def taken(session: Session, clock_ids: Collection[int]) -> dict[int, list[Escalation]]:
    """Return the ledger of these clocks: every step taken, in order."""
    found: dict[int, list[Escalation]] = defaultdict(list)
    rows = select(Escalation).where(is_any(col(Escalation.clock_id), clock_ids)).order_by(col(Escalation.id))
    for row in session.exec(rows):
        found[row.clock_id].append(row)
    return found


def contacted(session: Session, case_ids: Collection[int]) -> set[int]:
    """Return the cases whose resident has heard from a person since the last receipt or reopening."""
    newest = (
        select(ClockRow)
        .where(is_any(col(ClockRow.case_id), case_ids), ClockRow.metric == Metric.CONTACT)
        .order_by(col(ClockRow.case_id), col(ClockRow.instance).desc())
        .ext(distinct_on(col(ClockRow.case_id)))
    )
    return {row.case_id for row in session.exec(newest) if row.state is ClockState.SATISFIED}


def of_case(session: Session, case_id: int) -> list[Escalation]:
    """Return the escalations of a case, oldest first."""
    found = select(Escalation).where(Escalation.case_id == case_id).order_by(col(Escalation.id))
    return list(session.exec(found))


def open_escalations(
    session: Session, person: Person, *, before_id: int | None = None, most: int = 50
) -> list[tuple[Escalation, Case]]:
    """Return what waits for a person's answer among open cases, newest first; `before_id` pages on."""
    found = (
        select(Escalation, Case)
        .join(Case, col(Case.id) == Escalation.case_id)
        .where(
            waits_for(person),
            open_to(person),
        )
        .order_by(col(Escalation.id).desc())
        .limit(most)
    )
    if before_id is not None:
        found = found.where(col(Escalation.id) < before_id)
    return list(session.exec(found))


def steps_of(session: Session, escalations: Collection[Escalation]) -> dict[int, Step]:
    """Return the step of the ladder behind each escalation, by its id, in one query."""
    clocks = {e.clock_id for e in escalations}
    rows = session.exec(select(ClockRow).where(col(ClockRow.id).in_(clocks))) if clocks else ()
    ladders = {row.id: policy_of(row, book(session, row.book_hash)).ladder for row in rows}
    by_key = {clock: {step.key: step for step in ladder} for clock, ladder in ladders.items()}
    found = {e.id or 0: by_key.get(e.clock_id, {}).get(base_of(e.step)) for e in escalations}
    return {escalation_id: step for escalation_id, step in found.items() if step is not None}


@dataclass(frozen=True)
class CommunityLine:
    """One community on the board, or a place above it with what is known no more precisely."""

    area_id: int
    open: int
    breached: int
    soon: int
    unassigned: int


@dataclass(frozen=True)
class Board:
    """What a supervisor sees now: the numbers that matter, and the cases behind them."""

    open: int
    breached: list[Case]
    breached_count: int
    soon: list[Case]
    soon_count: int
    unassigned: list[Case]
    unassigned_count: int
    unacknowledged: list[tuple[Escalation, Case]]
    unacknowledged_count: int
    communities: list[CommunityLine]


def board(session: Session, person: Person, known: Directory, now: datetime, *, most: int = MOST_ROWS) -> Board:
    """Return the board of everything a person may see. Lists hold at most `most` rows; the counts are whole."""
    by_area = _counts(session, person, now)
    total = {which: sum(counts[which] for counts in by_area.values()) for which in in_list(now)}
    waiting = unanswered_listed(session, person, most=most)
    return Board(
        open=total[Which.OPEN],
        breached=_first(session, person, Which.BREACHED, now, most),
        breached_count=total[Which.BREACHED],
        soon=_first(session, person, Which.SOON, now, most),
        soon_count=total[Which.SOON],
        unassigned=_first(session, person, Which.UNASSIGNED, now, most),
        unassigned_count=total[Which.UNASSIGNED],
        unacknowledged=waiting.rows,
        unacknowledged_count=waiting.count,
        communities=summed(by_area, known),
    )


def _first(session: Session, person: Person, which: Which, now: datetime, most: int) -> list[Case]:
    """Return the first rows of a list, what runs out first on top."""
    found = select(Case).where(open_to(person), in_list(now)[which])
    return list(session.exec(found.order_by(or_never(col(Case.due_at)), col(Case.id)).limit(most)))


def _counts(session: Session, person: Person, now: datetime) -> dict[int, dict[Which, int]]:
    """Return for each area how many cases stand in each list: one look, so that all numbers agree."""
    lists = in_list(now)
    counts = [sa.func.count().filter(condition) for condition in lists.values()]
    rows = session.execute(sa.select(col(Case.area_id), *counts).where(open_to(person)).group_by(col(Case.area_id)))
    return {area_id: dict(zip(lists, numbers, strict=True)) for area_id, *numbers in rows}


def summed(by_area: Mapping[int, Mapping[Which, int]], known: Directory) -> list[CommunityLine]:
    """Add counts by area up to counts by community (a grid counts for its own), the most overdue first.

    A place that is no longer in use has no line; its cases are in the totals and in the lists.
    """
    totals: dict[int, Counter[Which]] = defaultdict(Counter)
    for area_id, counts in by_area.items():
        if area_id in known.areas.places:
            totals[known.areas.at_level(area_id, AreaLevel.COMMUNITY).id].update(counts)
    lines = [
        CommunityLine(area_id, n[Which.OPEN], n[Which.BREACHED], n[Which.SOON], n[Which.UNASSIGNED])
        for area_id, n in totals.items()
    ]
    return sorted(lines, key=lambda line: (-line.breached, -line.soon, -line.open, line.area_id))
