"""What does a clock whose moment has come lead to: its due steps, what climbs for want of an answer, and a breach?"""

from dataclasses import replace
from datetime import datetime, timedelta

from service.clocks.actions import due_entries
from service.clocks.rules import Missed, wakes_at
from service.escalations.climbing import Climb, next_climb, next_climb_at
from service.escalations.looking import Batch, Due, Told
from service.escalations.rules import Standing, holds
from service.escalations.tables import Escalation
from service.escalations.telling import tell
from sla_policies.climbing import Asked, base_of, unanswered
from sla_policies.clock import ClockState
from sla_policies.escalation import NEW_HANDS, DueStep, due_and_next, earlier
from sla_policies.policy import Metric


def decide(due: Due, batch: Batch) -> None:
    """Take what is due on one clock, note a breach, and say when to look again.

    1. the steps of the ladder, in order; 2. what nobody took out of a pool in time goes to somebody; 3. what was asked,
    by them or before, and not answered in time climbs; of a promise that stands still or is over nothing does.
    """
    row, clock, now = due.row, due.clock, batch.now
    breached_at = clock.breached_at(now)
    if breached_at is not None and row.breached_at is None:
        row.breached_at = breached_at
        batch.entries += due_entries(due.case, [Missed(row.metric, row.instance, breached_at)], now, "system")

    asked = [as_asked(e) for e in due.taken if e.acknowledge_by is not None and not e.skipped]
    taken = {(e.arm, e.step) for e in due.ledger}
    for before, until in earlier(clock):
        was = replace(due, clock=before)
        fresh, _ = _take(was, until, batch, taken)
        asked += fresh if was.arm == due.arm else []
    fresh, next_at = _take(due, now, batch, taken)
    asked += fresh
    if breached_at is not None and row.metric is Metric.ACCEPT and due.case.assignee_id is None:
        batch.let_unclaimed(due.case)
    moments, held = [next_at], batch.held(due)
    if clock.state is ClockState.RUNNING:
        for one in unanswered(asked):
            climb = next_climb(one, asked, due.climbing, lambda role: batch.reached(role, held))
            if climb is not None and climb.due_at <= now:
                asked += tell(due, _of_climb(due, climb), batch)
        moments.append(next_climb_at(asked, due.climbing))

    if clock.state is ClockState.PAUSED:
        moments.append(wakes_at(clock, due.case.parked_until))
    if clock.state is ClockState.RUNNING and row.breached_at is None and clock.due_at is not None:
        # At the due time itself nothing is missed yet; looking again at that very moment would never end.
        moments.append(clock.due_at + timedelta.resolution)
    row.next_action_at = min((m for m in moments if m is not None), default=None)


def _take(due: Due, until: datetime, batch: Batch, taken: set[tuple[int, str]]) -> tuple[list[Asked], datetime | None]:
    """Take the steps that fell due till a moment and add them to `taken`, by arming and key.

    Returns what they ask, and when the next one comes.
    """
    standing = Standing(due.contacted, any(e.acknowledged_at for e in due.taken))
    fired = frozenset(key for arm, key in taken if arm == due.arm)
    steps, next_at = due_and_next(due.clock, due.policy.ladder, fired, until)
    asked: list[Asked] = []
    for what in steps:
        taken.add((due.arm, what.step.key))
        asked += tell(due, _of_step(due, what, standing, batch), batch)
    return asked, next_at


def as_asked(row: Escalation) -> Asked:
    """Return a step of the ledger that asks for an answer, as the rules of climbing see it."""
    by = row.acknowledge_by or row.raised_at
    people = frozenset(row.person_ids)
    return Asked(row.step, tuple(row.roles), row.raised_at, by, row.acknowledged_at, people)


def _of_step(due: Due, what: DueStep, standing: Standing, batch: Batch) -> Told:
    step = what.step
    if not holds(step, standing):
        return Told(step.key, step.act, step.to, (), what.due_at, step=step, skipped=True)
    if step.act in NEW_HANDS:
        batch.new_hands[due.case.id or 0] = (due.case, step.act)
    people = batch.recipients(step.to, batch.held(due))
    return Told(step.key, step.act, step.to, people, what.due_at, step.acknowledge_within, step)


def _of_climb(due: Due, climb: Climb) -> Told:
    step = next((s for s in due.policy.ladder if s.key == base_of(climb.key)), None)
    return Told(climb.key, "climb", (climb.rung,), climb.told, climb.due_at, climb.within, step, climb.instead_of)
