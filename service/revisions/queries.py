"""Which cases and ended promises does another text concern, a bounded number at a time, and which runs are there?"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.cases.rules import ENDED
from service.cases.tables import Case
from service.clocks.queries import book
from service.clocks.tables import PolicyBookRow
from service.handling.promises import facts_of, past_of
from service.revisions.concerned import CASES, CLOCKS, OF_CASES, Concerned
from service.revisions.pairing import Comparison, FactsRow
from service.revisions.rules import AT_WORK, Promise, Stand
from service.revisions.tables import MigratedCase, Migration, WhatIf
from service.routing.queries import directory
from sla_policies.policy import CaseFacts, PolicyBook

IS_ENDED = CASES.c.status.in_(sorted(ENDED))
FACTS = (CASES.c.grade, CASES.c.category_id, CASES.c.area_id, CASES.c.channel, CASES.c.focus_groups)
HAPPENED = sa.and_(CLOCKS.c.ended_at.is_(None), sa.func.jsonb_array_length(CLOCKS.c.events) > 1)
PROMISE = (
    CLOCKS.c.id,
    CLOCKS.c.metric,
    CLOCKS.c.instance,
    CLOCKS.c.policy,
    CLOCKS.c.book_hash,
    sa.case((HAPPENED, CLOCKS.c.events), else_=sa.null()).label("events"),
    CLOCKS.c.state,
    CLOCKS.c.started_at,
    CLOCKS.c.due_at,
    CLOCKS.c.breached_at,
    CLOCKS.c.is_provisional,
)


def comparison(session: Session, new: PolicyBook) -> Comparison:
    """Return a new text beside the texts that the database keeps."""
    known = directory(session)

    def facts(row: FactsRow) -> CaseFacts:
        return facts_of(cast("Case", row), known)  # It reads nothing but what a FactsRow has, and the receipt.

    return Comparison(new, lambda digest: book(session, digest), facts)


def open_cases(session: Session, after: int, most: int, concerned: Concerned, *, locked: bool = False) -> Sequence[Any]:
    """Return the columns of at most so many open cases that can be touched, by id; locked to be changed."""
    wanted = (
        sa.select(CASES.c.id, CASES.c.number, CASES.c.policy, CASES.c.reopened, CASES.c.received_at, *FACTS)
        .where(CASES.c.id > after, ~IS_ENDED, concerned.cases())
        .order_by(CASES.c.id)
        .limit(most)
    )
    return session.execute(wanted.with_for_update() if locked else wanted).all()


def stands(session: Session, rows: Collection[Any]) -> list[Stand]:
    """Return cases with all their promises, in one query."""
    promises: dict[int, list[Promise]] = {row.id: [] for row in rows}
    wanted = (
        sa.select(CLOCKS.c.case_id, *PROMISE)
        .where(CLOCKS.c.case_id.in_(promises), OF_CASES)
        .order_by(CLOCKS.c.case_id, CLOCKS.c.instance, CLOCKS.c.id)
    )
    for case_id, *values in session.execute(wanted):
        promises[case_id].append(Promise(*values))
    return [Stand(row, promises[row.id], _past(session, row.id)) for row in rows]


def _past(session: Session, case_id: int) -> Any:  # noqa: ANN401  # A function of no arguments.
    return lambda: past_of(session, case_id)


def count_cases(session: Session, since: datetime | None) -> int:
    """Return how many open cases there are, and with `since` the ended ones received from then on as well."""
    wanted = ~IS_ENDED if since is None else sa.or_(~IS_ENDED, CASES.c.received_at >= since)
    return session.scalar(sa.select(sa.func.count()).select_from(CASES).where(wanted)) or 0


def first_and_last(session: Session, since: datetime) -> tuple[int, int]:
    """Return the smallest and the largest id of cases received from a moment on; (0, 0): there is none."""
    wanted = sa.select(sa.func.min(CASES.c.id), sa.func.max(CASES.c.id)).where(CASES.c.received_at >= since)
    first, last = session.execute(wanted).one()
    return first or 0, last or 0


def newest_what_ifs(session: Session, *, most: int) -> list[WhatIf]:
    """Return the comparisons asked for last, the newest first."""
    return list(session.exec(select(WhatIf).order_by(col(WhatIf.id).desc()).limit(most)))


def newest_migrations(session: Session, *, most: int) -> list[Migration]:
    """Return the last migrations, the newest first."""
    return list(session.exec(select(Migration).order_by(col(Migration.id).desc()).limit(most)))


def at_work(session: Session) -> Migration | None:
    """Return the migration that is being applied or undone."""
    return session.exec(select(Migration).where(col(Migration.state).in_(AT_WORK))).one_or_none()


def books_of(session: Session, hashes: Collection[str]) -> dict[str, PolicyBookRow]:
    """Return the kept texts with these hashes."""
    return {row.hash: row for row in session.exec(select(PolicyBookRow).where(col(PolicyBookRow.hash).in_(hashes)))}


def left_cases(session: Session, migration_id: int, *, most: int) -> list[tuple[str, MigratedCase]]:
    """Return the cases by number that a migration or its undoing left as they were, each with why."""
    found = session.execute(
        sa.select(CASES.c.number, MigratedCase)
        .join(CASES, CASES.c.id == MigratedCase.case_id)
        .where(
            col(MigratedCase.migration_id) == migration_id,
            sa.or_(col(MigratedCase.refused) != "", col(MigratedCase.not_undone) != ""),
        )
        .order_by(CASES.c.id)
        .limit(most)
    )
    return [(number, left) for number, left in found]
