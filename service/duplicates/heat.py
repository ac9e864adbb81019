"""Where do many people ask for the same within a week (群诉, 热点), so that a head sees it?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.tables import Person
from service.bulk import insert_all
from service.cases.queries import visible_to
from service.cases.rules import ENDED, CaseStatus
from service.cases.tables import Case
from service.duplicates.grouping import groups
from service.duplicates.queries import shares
from service.duplicates.tables import CaseTrace, HotIssue
from service.duplicates.words import as_traces

ISSUES = HotIssue.__table__  # type: ignore[attr-defined]
WEEK = timedelta(days=7)
FEWEST_REPORTERS = 3
"""So many people make a matter one of many (own; a petition counts as collective from five on)."""
MOST_OF_AN_AREA = 600
"""So many of the newest cases of an area are put into groups."""


@dataclass(frozen=True)
class _Seen:
    """What is known of one case of the week."""

    case: Any
    words: bytes


def find_hot(session: Session, now: datetime) -> int:
    """Find the matters anew that several people of one area asked for within the week; return how many there are."""
    weights = shares(session).weights
    rows: list[dict[str, Any]] = []
    for area_id, seen in _by_area(session, now).items():
        traces = as_traces(b"".join(one.words for one in seen))
        topics = [one.case.category_id for one in seen]
        together = {one.case.id: one.case.duplicate_of_id for one in seen if one.case.duplicate_of_id}
        place = {one.case.id: at for at, one in enumerate(seen)}
        joined = [(place[a], place[b]) for a, b in together.items() if b in place]
        for members in groups(traces, topics, joined, weights):
            rows += _issue(area_id, [seen[at].case for at in members])
    session.execute(sa.delete(HotIssue))
    insert_all(session, ISSUES, rows)
    return len(rows)


def hot_issues(session: Session, person: Person, *, most: int) -> list[tuple[HotIssue, Case]]:
    """Return the hottest matters whose first case somebody may see, each with that case."""
    gate = visible_to(person.id or 0, person.role, person.area_id)
    found = (
        select(HotIssue, Case)
        .join(Case, col(Case.id) == HotIssue.lead_id)
        .where(gate)
        .order_by(col(HotIssue.reporters).desc(), col(HotIssue.last_at).desc(), col(HotIssue.id))
        .limit(most)
    )
    return list(session.exec(found))


def _by_area(session: Session, now: datetime) -> Mapping[int, Sequence[_Seen]]:
    """Return the cases of the week by their area, where there are enough of them, each area's newest first."""
    ranked = (
        sa.select(
            col(CaseTrace.case_id),
            col(CaseTrace.area_id),
            col(CaseTrace.words),
            sa.func.row_number()
            .over(partition_by=col(CaseTrace.area_id), order_by=col(CaseTrace.case_id).desc())
            .label("nth"),
            sa.func.count().over(partition_by=col(CaseTrace.area_id)).label("there"),
        )
        .where(col(CaseTrace.received_at) > now - WEEK)
        .subquery()
    )
    facts = (Case.id, Case.status, Case.category_id, Case.phone_index, Case.duplicate_of_id, Case.received_at)
    wanted = (
        sa.select(ranked.c.area_id, ranked.c.words, *(col(fact) for fact in facts))
        .join(Case, col(Case.id) == ranked.c.case_id)
        .where(ranked.c.there >= FEWEST_REPORTERS, ranked.c.nth <= MOST_OF_AN_AREA)
        .where(col(Case.status) != CaseStatus.WITHDRAWN)
        .order_by(ranked.c.area_id, col(Case.id))
    )
    found: dict[int, list[_Seen]] = {}
    for row in session.execute(wanted):
        found.setdefault(row.area_id, []).append(_Seen(row, row.words))
    return found


def _issue(area_id: int, cases: Sequence[Any]) -> Iterable[dict[str, Any]]:
    """Return the row of a group, where enough people are in it; cases by id, the first told first."""
    people = {case.phone_index or case.id for case in cases}
    unsettled = [case for case in cases if case.status not in ENDED]
    if len(people) < FEWEST_REPORTERS:
        return
    yield {
        "area_id": area_id,
        "lead_id": (unsettled or cases)[0].id,
        "case_ids": [case.id for case in cases],
        "reporters": len(people),
        "open_cases": len(unsettled),
        "first_at": min(case.received_at for case in cases),
        "last_at": max(case.received_at for case in cases),
    }
