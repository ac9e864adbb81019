"""Which ended promises would have been judged in another way under another text?

Most of them were never paused or extended, and count day and night or in workdays: for these the due time follows from
the start alone, and PostgreSQL judges and counts them where they lie. The others are judged one by one.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import Grouping
from sqlmodel import Session

from service.revisions.concerned import CASES, CLOCKS, Concerned, Key
from service.revisions.queries import FACTS, IS_ENDED
from service.timekeeping import ZONE
from sla_policies.policy import TimeKind
from sla_policies.what_if import Rule

MOMENT = sa.DateTime(timezone=True)
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
        first = since - STARTED_BEFORE
        self._days = [first.date() + ONE_DAY * n for n in range(-1, (now - first).days + 3)]
        simple = dict(_simple(what))
        self._due = sa.case(*((_is(key), self._due_of(rule)) for key, rule in simple.items())) if simple else None
        self._in_sql = sa.and_(
            WAS_NEVER_MOVED,
            CLOCKS.c.started_at >= first,
            sa.tuple_(CLOCKS.c.book_hash, CLOCKS.c.policy, CLOCKS.c.metric).in_(sorted(simple)),
        )

    def counted(self, session: Session, after: int, until: int) -> Iterable[Any]:
        """Return (grade, unit_id, week, is_broken, would_be, times) of cases with ids in (after, until]."""
        if self._due is None:
            return ()
        would_be = (CLOCKS.c.ended_at > self._due).label("would_be")
        by = (CASES.c.grade, CASES.c.unit_id, WEEK, IS_BROKEN, would_be)
        counted = sa.select(*by, sa.func.count()).join_from(CLOCKS, CASES, CASES.c.id == CLOCKS.c.case_id)
        places: list[sa.ColumnElement[Any]] = [sa.literal_column(str(n)) for n in range(1, len(by) + 1)]
        return session.execute(counted.where(self._ended(after, until), self._in_sql).group_by(*places))

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

    def _due_of(self, rule: Rule) -> sa.ColumnElement[Any]:
        """Return the due time from the start: so many minutes later, or that of the day on which it began.

        Workdays end at the close of business, whatever the hour of the start.
        """
        budget = rule.target.budget
        if budget.kind is TimeKind.ELAPSED:
            later = CLOCKS.c.started_at + sa.literal(timedelta(minutes=budget.amount), sa.Interval())
            return sa.type_coerce(later, MOMENT)
        ends = sa.cast([rule.due(_noon(rule, day)) for day in self._days], ARRAY(MOMENT))
        day = sa.cast(sa.func.timezone(str(rule.calendar.zone), CLOCKS.c.started_at), sa.Date)
        place = sa.type_coerce(day - sa.literal(self._days[0], sa.Date()), sa.Integer) + 1
        return sa.type_coerce(Grouping(ends)[place], MOMENT)


def _is(key: Key) -> sa.ColumnElement[bool]:
    digest, policy, metric = key
    return sa.and_(CLOCKS.c.book_hash == digest, CLOCKS.c.policy == policy, CLOCKS.c.metric == metric)


def _simple(what: Concerned) -> Iterator[tuple[Key, Rule]]:
    """Yield the promises whose due time follows from the start, and that are fulfilled by the same as before."""
    for key, (before, after) in what.rules.items():
        if after is None or before.target.satisfied_by != after.target.satisfied_by:
            continue
        budget = after.target.budget
        if budget.kind is TimeKind.ELAPSED or (budget.kind is TimeKind.WORKDAYS and not budget.same_time):
            yield key, after


def _noon(rule: Rule, day: date) -> datetime:
    return datetime.combine(day, time(12), rule.calendar.zone)
