"""Which ended promises would have been judged in another way under another text?

Most of them were never paused or extended, and count day and night or in workdays: for these the due time follows from
the start alone, and PostgreSQL judges and counts them where they lie. The others are judged one by one.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, INTERVAL
from sqlalchemy.types import TypeEngine
from sqlmodel import Session

from service.revisions.concerned import CASES, CLOCKS, Concerned, Key
from service.revisions.queries import FACTS, IS_ENDED
from service.timekeeping import ZONE
from sla_policies.policy import TimeKind
from sla_policies.what_if import Rule

ONE_DAY = timedelta(days=1)
STARTED_BEFORE = timedelta(days=60)
"""A promise may count from an earlier receipt than its case, which was joined; older ones are judged one by one."""
WEEK = sa.func.date_trunc("week", sa.func.timezone(str(ZONE), CASES.c.received_at)).cast(sa.Date).label("week")
IS_BROKEN = CLOCKS.c.breached_at.is_not(None).label("is_broken")
WAS_NEVER_MOVED = sa.func.jsonb_array_length(CLOCKS.c.events) == 2  # Begun and ended.


class Judged:
    """How one text is judged: which promises PostgreSQL counts, by which due times."""

    def __init__(self, what: Concerned, since: datetime, now: datetime) -> None:
        self.what, self.since = what, since
        self.first = since - STARTED_BEFORE
        self.minutes = {key: after for key, after in _simple(what) if after.target.budget.kind is TimeKind.ELAPSED}
        self.days = {key: after for key, after in _simple(what) if after.target.budget.kind is TimeKind.WORKDAYS}
        self._dates = [self.first.date() + ONE_DAY * n for n in range((now - self.first).days + 3)]
        self._in_sql = sa.and_(
            WAS_NEVER_MOVED,
            CLOCKS.c.started_at >= self.first,
            sa.tuple_(CLOCKS.c.book_hash, CLOCKS.c.policy, CLOCKS.c.metric).in_(sorted({**self.minutes, **self.days})),
        )

    def counted(self, session: Session, after: int, until: int) -> Iterator[Any]:
        """Yield (grade, unit_id, week, is_broken, would_be, times) of cases with ids in (after, until]."""
        for statement in self._statements():
            yield from session.execute(statement.where(self._ended(after, until)))

    def others(self, session: Session, after: int, until: int) -> Iterable[Any]:
        """Return the promises to be judged one by one; events only of those that were paused or extended."""
        wanted = sa.select(
            CLOCKS.c.policy,
            CLOCKS.c.book_hash,
            CLOCKS.c.metric,
            CLOCKS.c.started_at,
            CLOCKS.c.ended_at,
            IS_BROKEN,
            CLOCKS.c.events[-1]["reason"].astext.label("reason"),
            sa.case((WAS_NEVER_MOVED, sa.null()), else_=CLOCKS.c.events).label("events"),
            CASES.c.unit_id,
            WEEK,
            CASES.c.received_at,
            *FACTS,
        ).join(CASES, CASES.c.id == CLOCKS.c.case_id)
        return session.execute(wanted.where(self._ended(after, until), self.what.promises(), ~self._in_sql))

    def _ended(self, after: int, until: int) -> sa.ColumnElement[bool]:
        return sa.and_(
            CASES.c.id > after,
            CASES.c.id <= until,
            CASES.c.received_at >= self.since,
            IS_ENDED,
            CLOCKS.c.ended_at.is_not(None),
        )

    def _statements(self) -> Iterator[sa.Select[tuple[Any, ...]]]:
        """Yield a statement for the promises of day and night, and one for workdays in each time zone."""
        if self.minutes:
            rows = [(*key, rule.target.budget.amount) for key, rule in self.minutes.items()]
            table = _table(rows, ("minutes", sa.Integer()))
            by = table.c.minutes * sa.cast(sa.literal("1 minute"), INTERVAL)
            yield _grouped(table, CLOCKS.c.started_at + by).where(self._in_sql)
        for zone in {str(rule.calendar.zone) for rule in self.days.values()}:
            table = self._days_in(zone)
            day = sa.cast(sa.func.timezone(zone, CLOCKS.c.started_at), sa.Date)
            yield _grouped(table, table.c.due).where(self._in_sql, day == table.c.day)

    def _days_in(self, zone: str) -> sa.TableValuedAlias:
        """Return the due time of each day of receipt: workdays end at the close of business, whatever the hour."""
        rows = [
            (*key, day, rule.due(_noon(rule, day)))
            for key, rule in self.days.items()
            if str(rule.calendar.zone) == zone
            for day in self._dates
        ]
        return _table(rows, ("day", sa.Date()), ("due", sa.DateTime(timezone=True)))


def _grouped(table: sa.TableValuedAlias, due: sa.ColumnElement[Any]) -> sa.Select[tuple[Any, ...]]:
    """Return the statement that judges the promises of a table of rules, and counts those that are alike."""
    same = [CLOCKS.c[name] == table.c[name] for name in ("book_hash", "policy", "metric")]
    by = (CASES.c.grade, CASES.c.unit_id, WEEK, IS_BROKEN, (CLOCKS.c.ended_at > due).label("would_be"))
    return (
        sa.select(*by, sa.func.count())
        .select_from(CLOCKS)
        .join(CASES, CASES.c.id == CLOCKS.c.case_id)
        .join(table, sa.and_(*same))
        .group_by(*(sa.literal_column(str(n)) for n in range(1, len(by) + 1)))
    )


def _simple(what: Concerned) -> Iterator[tuple[Key, Rule]]:
    """Yield the promises whose due time follows from the start, and that are fulfilled by the same as before."""
    for key, (before, after) in what.rules.items():
        if after is None or before.target.satisfied_by != after.target.satisfied_by:
            continue
        budget = after.target.budget
        if budget.kind is TimeKind.ELAPSED or (budget.kind is TimeKind.WORKDAYS and not budget.same_time):
            yield key, after


def _table(rows: list[tuple[Any, ...]], *more: tuple[str, TypeEngine[Any]]) -> sa.TableValuedAlias:
    """Return rows as a table: one array for each column, whatever their number."""
    columns = [("book_hash", sa.Text()), ("policy", sa.Text()), ("metric", sa.Text()), *more]
    arrays = [
        sa.cast([str(value) if name == "metric" else value for value in values], ARRAY(kind))
        for (name, kind), values in zip(columns, zip(*rows, strict=True), strict=True)
    ]
    named = [sa.column(name, kind) for name, kind in columns]
    return sa.func.unnest(*arrays).table_valued(*named, name="proposed").render_derived()


def _noon(rule: Rule, day: date) -> datetime:
    return datetime.combine(day, time(12), rule.calendar.zone)
