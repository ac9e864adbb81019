"""How does one case stand under another text of the promises, and may a migration still be taken back?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from service.accounts.rules import Role
from service.clocks.rules import FROM_RECEIPT, LIVE, DueChange, begun_before, recounted
from service.revisions.pairing import Comparison, Pair
from sla_policies.clock import Clock, ClockEvent, ClockState
from sla_policies.policy import Metric, PolicyBook, SlaPolicy, TimeKind
from sla_policies.what_if import Effect, rule_of

REVISERS = frozenset({Role.DISTRICT, Role.ADMIN})
"""Who may look at what other promises would do, and apply them: the effect reaches every desk of the district."""
UNDO_WITHIN = timedelta(days=1)
REASON_LEAST, REASON_MOST = 4, 500
MIGRATED, TAKEN_BACK = "policy_migrated", "policy_migration_undone"
"""Why a due time moved, as the history says it."""
UNDER_OTHERS, RESTORED, KEPT = "promises_migrated", "promises_restored", "promises_kept"
"""What the history of a case says of a migration: it changed the case, was taken back, or could not be there."""


class MigrationState(StrEnum):
    """Where a migration stands; what is at work goes on by itself until it is through, or set aside after an error."""

    APPLYING = "applying"
    APPLIED = "applied"
    UNDOING = "undoing"
    UNDONE = "undone"
    APPLY_STOPPED = "apply_stopped"
    UNDO_STOPPED = "undo_stopped"


AT_WORK = (MigrationState.APPLYING, MigrationState.UNDOING)
SET_ASIDE_AS: Mapping[MigrationState, MigrationState] = {
    MigrationState.APPLYING: MigrationState.APPLY_STOPPED,
    MigrationState.UNDOING: MigrationState.UNDO_STOPPED,
}
RESUMED_AS: Mapping[MigrationState, MigrationState] = {after: before for before, after in SET_ASIDE_AS.items()}


@dataclass(frozen=True)
class Promise:
    """A clock as it stands."""

    id: int
    metric: Metric
    instance: int
    policy: str
    book_hash: str
    events: Sequence[Mapping[str, Any]] | None
    """None: nothing happened to it but its start, or it is over."""
    state: ClockState
    started_at: datetime
    due_at: datetime | None
    breached_at: datetime | None
    is_provisional: bool


@dataclass(frozen=True)
class Change:
    """One promise of a case under the new text. Both times None: it stands still."""

    promise: Promise | None
    """None: the new text adds it."""
    metric: Metric
    old: datetime | None
    new: datetime | None
    is_ended: bool = False
    becomes_overdue: bool = False
    is_provisional: bool = False
    steps: Sequence[str] = ()
    """Keys of `Effect.steps`: whose recipients change."""


@dataclass(frozen=True)
class Plan:
    """What a migration does to one case; a case that is not touched keeps its text."""

    policy: SlaPolicy | None
    changes: tuple[Change, ...]
    is_touched: bool

    @property
    def adds(self) -> bool:
        """Does the new text promise something that the case has not?"""
        return any(change.promise is None for change in self.changes)

    def moves(self, round_: int) -> list[DueChange]:
        """Return the due times that move; what is added belongs to the present round of the case."""
        return [
            DueChange(c.metric, c.promise.instance if c.promise else round_, c.old, c.new, MIGRATED)
            for c in self.changes
            if c.old != c.new
        ]


Past = Sequence[tuple[datetime, str]]


@dataclass(frozen=True)
class Stand:
    """An open case as it stands, and what would be asked of it."""

    row: Any
    """Its columns: the facts, and policy, reopened and received_at."""
    promises: Sequence[Promise]
    """All of them, the newest instance last."""
    past: Callable[[], Past]
    """What happened to it, for a promise that the new text adds."""


def plan(case: Stand, comparison: Comparison, now: datetime) -> Plan:
    """Return what the new text does to a case: every live promise counted from its own start, what it adds included.

    Errors: ClockEventError or CalendarExhaustedError where a promise cannot be counted under the new text.
    """
    row, promises = case.row, case.promises
    policy = comparison.policy_after(promises[-1].book_hash if promises else None, row.policy, row)
    is_touched = (policy.name if policy else None) != row.policy
    changes = []
    for promise in promises:
        if promise.state in LIVE:
            pair = comparison.pair(promise.book_hash, promise.policy, promise.metric, policy)
            change = _changed(promise, pair, now)
            same_time = change.old == change.new and change.is_provisional == promise.is_provisional
            is_touched = is_touched or change.is_ended or not pair.says_alike or not same_time
            changes.append(change)
    added = list(_added(case, policy, comparison.new, now))
    return Plan(policy, (*changes, *added), is_touched or bool(added))


def _changed(promise: Promise, pair: Pair, now: datetime) -> Change:
    metric, old = promise.metric, promise.due_at
    if pair.new is None:
        return Change(promise, metric, old, None, is_ended=True)
    if pair.counts_alike:
        return Change(promise, metric, old, old, is_provisional=promise.is_provisional, steps=pair.steps)
    target, calendar = pair.new.target, pair.new.calendar
    new: datetime | None
    if promise.events is None:
        new = pair.new.due(promise.started_at)
        is_provisional = target.budget.kind is not TimeKind.ELAPSED and calendar.is_provisional(promise.started_at, new)
        is_late = now > new
    else:
        clock = recounted(_clock(promise, pair), target, calendar)
        new, is_provisional, is_late = clock.due_at, clock.is_provisional, clock.breached_at(now) is not None
    overdue = is_late and promise.breached_at is None and not (old is not None and old < now)
    return Change(promise, metric, old, new, becomes_overdue=overdue, is_provisional=is_provisional, steps=pair.steps)


def _clock(promise: Promise, pair: Pair) -> Clock:
    if pair.old is None:
        raise ValueError(f"The text {promise.book_hash} does not make the promise {promise.metric}.")
    events = tuple(ClockEvent.from_json(dict(event)) for event in promise.events or ())
    return Clock(pair.old.target, pair.old.calendar, events)


def _added(case: Stand, policy: SlaPolicy | None, new: PolicyBook, now: datetime) -> list[Change]:
    """Return the promises from receipt that the case has not, as `clocks.actions.recount` begins them."""
    row = case.row
    round_ = [p for p in case.promises if p.metric in FROM_RECEIPT and p.instance == row.reopened + 1]
    start = min((p.started_at for p in round_), default=row.received_at)
    there, changes = {p.metric for p in round_}, []
    for metric in FROM_RECEIPT:
        rule = rule_of(new, policy, metric)
        if rule is not None and metric not in there:
            clock = begun_before(rule.target, rule.calendar, start, case.past())
            overdue = clock.breached_at(now) is not None
            provisional = clock.is_provisional
            changes.append(
                Change(None, metric, None, clock.due_at, becomes_overdue=overdue, is_provisional=provisional)
            )
    return changes


def note(effect: Effect, number: str, old_policy: str | None, planned: Plan) -> None:
    """Add up what a migration would do to one case."""
    if not planned.is_touched:
        return
    effect.touched += 1
    name = planned.policy.name if planned.policy else None
    if name != old_policy:
        _count(effect.policies, f"{old_policy or ''} > {name or ''}")
    for change in planned.changes:
        effect.overdue += change.becomes_overdue
        effect.provisional += change.is_provisional and change.old != change.new
        effect.added += change.promise is None
        effect.ended += change.is_ended
        for step in change.steps:
            _count(effect.steps, step)
        if change.promise is not None and not change.is_ended and change.old != change.new:
            effect.move(number, str(change.metric), change.old, change.new)


def _count(table: dict[str, int], key: str) -> None:
    table[key] = table.get(key, 0) + 1


def broken_under(pair: Pair, started_at: datetime, ended_at: datetime, events: Sequence[Any] | None) -> bool:
    """Would an ended promise have been broken under the new text? `events` only where it was paused or extended."""
    if pair.new is None:
        return False
    if events is None or pair.old is None:
        return ended_at > pair.new.due(started_at)
    clock = Clock(pair.old.target, pair.old.calendar, tuple(ClockEvent.from_json(event) for event in events))
    return recounted(clock, pair.new.target, pair.new.calendar).breached_at(ended_at) is not None


def may_undo(state: MigrationState, since: datetime | None, now: datetime) -> bool:
    """May a migration be taken back: applied, or stopped half way, not longer than a day ago?"""
    is_there = state in (MigrationState.APPLIED, MigrationState.APPLY_STOPPED)
    return is_there and since is not None and now <= since + UNDO_WITHIN


def texts_told(old: PolicyBook | None, new: PolicyBook) -> tuple[str, str]:
    """Return how the history calls the text before and the new one; the same name and version get their hashes."""
    names = [f"{book.name} {book.version}" if book else "" for book in (old, new)]
    if old is not None and names[0] == names[1]:
        names = [f"{name} ({book.hash[:8]})" for name, book in zip(names, (old, new), strict=True)]
    return names[0], names[1]
