"""Which versions of the dispatch catalogue are there, what stands in each, and what is proposed?"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.routing.details import SAYS
from service.routing.tables import RoutingRule, RuleProposal, RuleVersionRow
from service.routing.versions import Dated, Line, ProposalState, VersionState, in_force, published

LINES = RoutingRule.__table__  # type: ignore[attr-defined]
VERSIONS_SHOWN = 50


def draft(session: Session) -> RuleVersionRow | None:
    """Return the draft that is being written; there is one at a time."""
    return session.exec(select(RuleVersionRow).where(RuleVersionRow.state == VersionState.DRAFT)).one_or_none()


def versions(session: Session) -> list[RuleVersionRow]:
    """Return the last versions, the newest first."""
    return list(session.exec(select(RuleVersionRow).order_by(col(RuleVersionRow.id).desc()).limit(VERSIONS_SHOWN)))


def deciding(session: Session, at: datetime) -> RuleVersionRow:
    """Return the version that decides at a moment; before all of them it is the first."""
    live = _dated(session)
    found = in_force(live, at) or published(live)[0]
    return session.get_one(RuleVersionRow, found.id)


def newest(session: Session) -> RuleVersionRow:
    """Return the version that decides in the end, which every later one goes on from."""
    return session.get_one(RuleVersionRow, published(_dated(session))[-1].id)


def _dated(session: Session) -> list[Dated]:
    row = RuleVersionRow
    is_live = col(row.state).in_((VersionState.PUBLISHED, VersionState.SUPERSEDED))
    columns = sa.select(col(row.id), col(row.state), col(row.effective_at)).where(is_live)
    return [Dated(*found) for found in session.execute(columns)]


def live_versions() -> sa.Select[Any]:
    """Select the numbers of the versions that decide, will decide, or are being written."""
    return sa.select(col(RuleVersionRow.id)).where(
        col(RuleVersionRow.state).in_((VersionState.PUBLISHED, VersionState.DRAFT))
    )


def dated(row: RuleVersionRow) -> Dated:
    """Return a version as it is judged."""
    return Dated(row.id or 0, row.state, row.effective_at)


def lines_in(session: Session, version_id: int) -> list[RoutingRule]:
    """Return every line of a version, also those out of use, the one that is asked first on top."""
    found = select(RoutingRule).where(RoutingRule.version_id == version_id).order_by(col(RoutingRule.position))
    return list(session.exec(found.execution_options(populate_existing=True)))


def says_in(session: Session, version_id: int) -> list[Line]:
    """Return the lines of a version as they are compared, in order."""
    columns = sa.select(LINES.c.line, *(LINES.c[name] for name in SAYS)).where(LINES.c.version_id == version_id)
    rows = session.execute(columns.order_by(LINES.c.position)).mappings()
    return [Line(row["line"], {name: row[name] for name in SAYS}) for row in rows]


def line_in(session: Session, version_id: int, number: int) -> RoutingRule | None:
    """Return one line of a version by its number."""
    found = select(RoutingRule).where(RoutingRule.version_id == version_id, RoutingRule.line == number)
    return session.exec(found.execution_options(populate_existing=True)).one_or_none()


def lines_named(session: Session, wanted: Iterable[tuple[int, int]]) -> Mapping[tuple[int, int], RoutingRule]:
    """Return lines by version and number, of those that are there."""
    keys = set(wanted)
    if not keys:
        return {}
    named = sa.tuple_(col(RoutingRule.version_id), col(RoutingRule.line)).in_(keys)
    return {(row.version_id, row.line or 0): row for row in session.exec(select(RoutingRule).where(named))}


def live_numbers(session: Session, now: datetime) -> frozenset[int]:
    """Return the numbers of the lines that have a page: those in force, in the newest version and in the draft."""
    ids = {deciding(session, now).id, newest(session).id}
    written = draft(session)
    ids |= {written.id} if written else set()
    return frozenset(session.scalars(sa.select(LINES.c.line).where(LINES.c.version_id.in_(ids))))


def proposals(session: Session, state: ProposalState | None = None, *, most: int = 50) -> list[RuleProposal]:
    """Return proposals, the newest first; those in one state, or all."""
    found = select(RuleProposal).order_by(col(RuleProposal.id).desc()).limit(most)
    return list(session.exec(found if state is None else found.where(RuleProposal.state == state)))


def proposal_of(session: Session, case_id: int) -> RuleProposal | None:
    """Return the last proposal that was made from a case."""
    found = select(RuleProposal).where(RuleProposal.case_id == case_id).order_by(col(RuleProposal.id).desc()).limit(1)
    return session.exec(found).one_or_none()


def waiting(session: Session) -> int:
    """Return how many proposals wait for a decision."""
    counted = sa.select(sa.func.count()).where(col(RuleProposal.state) == ProposalState.WAITING)
    return session.scalar(counted) or 0


RATES = sa.text("""
WITH made AS (
    SELECT case_id, rule_id, lead(at) OVER (PARTITION BY case_id ORDER BY id) AS next_at
    FROM routing_decisions WHERE at >= :since
)
SELECT rule_id AS line, count(*) AS cases,
       count(*) FILTER (WHERE EXISTS (
           SELECT FROM assignments a WHERE a.case_id = made.case_id AND a.why = 'return' AND a.started_at = made.next_at
       )) AS returned
FROM made WHERE rule_id IS NOT NULL GROUP BY rule_id
""")
"""A returned case has its next decision, that of the desk above, at the moment of the return."""


def return_rates(session: Session, since: datetime) -> dict[int, tuple[int, int]]:
    """Return for each line by its number how many cases it sent since then, and how many of them were given back."""
    rows: Iterable[Any] = session.execute(RATES, {"since": since})
    return {row.line: (row.cases, row.returned) for row in rows}
