"""How is the effect of another text added up over open cases and over history, in slices of bounded time and memory?"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.tables import Person
from service.clocks.actions import register_book
from service.clocks.queries import PolicyVanishedError, book
from service.errors import NotAllowedError
from service.revisions.concerned import Concerned, concerned
from service.revisions.history import Judged
from service.revisions.pairing import Comparison
from service.revisions.queries import comparison, count_cases, first_and_last, open_cases, stands
from service.revisions.rules import REVISERS, broken_under, note, plan
from service.revisions.tables import WhatIf
from sla_policies.clock import ClockEventError
from sla_policies.policy import Metric, PolicyBook
from sla_policies.what_if import Effect
from sla_policies.work_calendar import CalendarExhaustedError

CANNOT_COUNT = (ClockEventError, CalendarExhaustedError, PolicyVanishedError)
"""Why one case cannot be counted under another text; the others can."""
HISTORY = timedelta(days=365)
OPEN_AT_ONCE, IDS_AT_ONCE = 1_000, 20_000
KEPT = timedelta(days=30)


@dataclass
class Scan:
    """How far a comparison has come: plain values that a row can keep between slices."""

    since: datetime
    now: datetime
    total: int
    done: int = 0
    after: int = 0
    is_history: bool = False
    is_over: bool = False
    effect: Effect = field(default_factory=Effect)


def begin(session: Session, now: datetime, *, history: timedelta = HISTORY) -> Scan:
    """Return a comparison of open cases, and of ended ones received within `history` before now."""
    since = now - history
    return Scan(since, now, count_cases(session, since))


def scan(session: Session, new: PolicyBook, state: Scan) -> Iterator[None]:
    """Add up chunk by chunk, pausing after each; whoever stops in between may go on from `state` later.

    1. every open case under the new text; 2. the ended promises whose rule changes, judged again.
    """
    beside, what = comparison(session, new), concerned(session, new)
    while not state.is_history:
        _look_at_open(session, beside, state, what)
        yield
    last, judged = first_and_last(session, state.since)[1], Judged(what, state.since, state.now)
    while not state.is_over:
        _look_back(session, beside, state, judged, last)
        yield


def _look_at_open(session: Session, beside: Comparison, state: Scan, what: Concerned) -> None:
    if not state.after:
        state.effect.cases = count_cases(session, None)
    rows = open_cases(session, state.after, OPEN_AT_ONCE, what)
    for case in stands(session, rows):
        try:
            note(state.effect, case.row.number, case.row.policy, plan(case, beside, state.now))
        except CANNOT_COUNT as why:
            state.effect.refuse(case.row.number, why)
    state.done += len(rows)
    state.after = rows[-1].id if rows else state.after
    if len(rows) < OPEN_AT_ONCE:
        state.is_history, state.done = True, state.effect.cases
        state.after = max(first_and_last(session, state.since)[0] - 1, 0)


def _look_back(session: Session, beside: Comparison, state: Scan, judged: Judged, last: int) -> None:
    if judged.what.judges_alike or state.after >= last:
        state.done, state.is_over = state.total, True
        return
    until = state.after + IDS_AT_ONCE
    for grade, unit, week, before, after, times in judged.counted(session, state.after, until):
        state.effect.judge(str(grade), str(unit), week.isoformat(), before=before, after=after, times=times)
    for row in judged.others(session, state.after, until):
        _judge(beside, state.effect, row)
    state.after = until
    state.done = min(state.done + IDS_AT_ONCE, state.total)


def _judge(beside: Comparison, effect: Effect, row: sa.Row[tuple[object, ...]]) -> None:
    """Judge one ended promise under the new text: by when it would have been due, and when it ended in fact."""
    try:
        pair = beside.pair(
            row.book_hash, row.policy, Metric(row.metric), beside.policy_after(row.book_hash, row.policy, row)
        )
        if pair.counts_alike:
            return
        is_told = pair.asks_alike or (pair.new is not None and row.reason in pair.new.target.satisfied_by)
        after = is_told and broken_under(pair, row.started_at, row.ended_at, row.events)
    except CANNOT_COUNT:
        is_told = after = False
    if is_told:
        effect.judge(str(row.grade), str(row.unit_id), row.week.isoformat(), before=row.is_broken, after=after)
    else:
        effect.untold += 1


def ask(session: Session, new: PolicyBook, *, by: Person, now: datetime) -> WhatIf:
    """Ask for a comparison; the worker adds it up. Its text is kept, and nothing takes effect.

    Errors: NotAllowedError.
    """
    if by.role not in REVISERS:
        raise NotAllowedError
    register_book(session, new, now)
    state = begin(session, now)
    asked = WhatIf(book_hash=new.hash, by_id=by.id or 0, asked_at=now, since=state.since, total=state.total)
    session.add(asked)
    session.flush()
    return asked


def go_on(session: Session, now: datetime, *, seconds: float) -> bool:
    """Add up the oldest unfinished comparison for about so long; False: there was nothing to do.

    What another worker holds is left to it.
    """
    wanted = select(WhatIf).where(col(WhatIf.finished_at).is_(None)).order_by(col(WhatIf.id)).limit(1)
    asked = session.exec(wanted.with_for_update(skip_locked=True)).one_or_none()
    if asked is None:
        return False
    effect = Effect.from_json(asked.effect)
    state = Scan(asked.since, asked.asked_at, asked.total, asked.done, asked.after, asked.is_history, effect=effect)
    until = time.monotonic() + seconds
    for _ in scan(session, book(session, asked.book_hash), state):
        if time.monotonic() > until:
            break
    asked.after, asked.done, asked.is_history = state.after, state.done, state.is_history
    asked.effect = state.effect.to_json()
    asked.finished_at = now if state.is_over else None
    session.add(asked)
    session.flush()
    return True


def forget_old(session: Session, now: datetime) -> None:
    """Drop comparisons that nobody will look at again."""
    session.execute(sa.delete(WhatIf).where(col(WhatIf.asked_at) < now - KEPT))
