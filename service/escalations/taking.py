"""What does a clock whose moment has come lead to: its due steps, what climbs for want of an answer, and a breach?"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import structlog

from service.audit.rules import Entry
from service.cases.tables import Case
from service.clocks.actions import due_entries
from service.clocks.rules import Missed, wakes_at
from service.clocks.tables import ClockRow
from service.escalations.climbing import Climb, next_climb, next_climb_at
from service.escalations.rules import Held, Standing, holds, reached
from service.escalations.tables import Escalation
from service.orders.queries import between
from service.orders.rules import answerers, issuers
from service.orders.tables import Order
from service.outbox import messages
from service.outbox.actions import rows as notice_rows
from service.outbox.rules import earliest
from service.parts.actions import leading
from service.parts.queries import between as between_helpers
from service.parts.tables import Part
from service.routing.directory import Directory, Staff
from service.timekeeping import ZONE
from sla_policies.climbing import UNSAID, Asked, Climbing, base_of, turn_of, unanswered
from sla_policies.clock import Clock, ClockState
from sla_policies.escalation import NEW_HANDS, DueStep, Step, due_and_next, earlier
from sla_policies.policy import Budget, Metric, SlaPolicy

log = structlog.get_logger("escalations")
UNCLAIMED = "unclaimed"
"""Why a case is given to somebody whom nobody of its pool has taken in time."""


@dataclass
class Batch:
    """What a sweep has decided and not yet written, as of one look at the directory and the clock."""

    known: Directory
    now: datetime
    escalations: list[dict[str, Any]] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)
    new_hands: dict[int, tuple[Case, str]] = field(default_factory=dict)
    """Cases that somebody else is to get, by their id, with the act that says so."""
    _reached: dict[tuple[str, Held], tuple[Staff, ...]] = field(default_factory=dict)

    def held(self, due: "Due") -> Held:
        """Return who must keep a promise, and where: of an order whom it went to, or who must judge its answer.

        Of a part, who must do it; above them stand those above the case, who can see it.
        """
        case, order, part, known = due.case, due.order, due.part, self.known
        if part is not None:
            told, waits = answerers(between_helpers(part), known, self.now), leading(part, case, known, self.now)
            return Held(case.area_id, case.unit_id, case.assignee_id, _ids(told), _ids(waits))
        if order is None:
            return Held(case.area_id, case.unit_id, case.assignee_id)
        told, waits = answerers(between(order), known, self.now), issuers(between(order), known, self.now)
        issuer = known.people.get(order.issued_by_id)
        unit_id = issuer.area_id if issuer and due.row.metric is Metric.VERDICT else order.unit_id
        return Held(case.area_id, unit_id, case.assignee_id, _ids(told), _ids(waits))

    def let_unclaimed(self, case: Case) -> None:
        """Let a case that nobody has taken go to somebody, unless a step gives it away by force in the same look."""
        _, act = self.new_hands.get(case.id or 0, (case, UNCLAIMED))
        if act != "force_assign":
            self.new_hands[case.id or 0] = (case, UNCLAIMED)

    def reached(self, role: str, held: Held) -> tuple[Staff, ...]:
        """Return who hears in the place of a role; within one look everybody is asked for once."""
        key = (role, held)
        if key not in self._reached:
            self._reached[key] = reached(role, held, self.known, self.now)
        return self._reached[key]

    def recipients(self, roles: Iterable[str], held: Held) -> tuple[Staff, ...]:
        """Return who hears of what these roles are asked."""
        return tuple({person.id: person for role in roles for person in self.reached(role, held)}.values())


def _ids(people: Iterable[Staff]) -> tuple[int, ...]:
    return tuple(person.id for person in people)


@dataclass(frozen=True)
class Due:
    """One clock whose moment has come, with everything its rule needs."""

    row: ClockRow
    case: Case
    clock: Clock
    policy: SlaPolicy
    ledger: list[Escalation]
    contacted: bool
    order: Order | None = None
    """The order whose time it is."""
    part: Part | None = None
    """The part whose time it is."""

    @cached_property
    def taken(self) -> list[Escalation]:
        """Return the steps already taken in this arming: what was answered before an extension answers nothing now."""
        return [e for e in self.ledger if e.arm == self.arm]

    @cached_property
    def arm(self) -> int:
        """How often the clock had been extended when it last ran: a step belongs to that arming of the ladder."""
        return self.clock.last_run[0].extensions

    @property
    def climbing(self) -> Climbing:
        """Return how long each rung has to answer."""
        return self.policy.climbing or UNSAID


@dataclass(frozen=True)
class Told:
    """One row of the ledger before it is written: a step of the policy file, or what climbs from one."""

    key: str
    act: str
    roles: tuple[str, ...]
    people: tuple[Staff, ...]
    due_at: datetime
    within: Budget | None = None
    """How long they have to answer."""
    step: Step | None = None
    """What the policy file says of it; None: it says no more."""
    instead_of: str = ""
    skipped: bool = False


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
                asked += _tell(due, _of_climb(due, climb), batch)
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
        asked += _tell(due, _of_step(due, what, standing, batch), batch)
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


def _tell(due: Due, told: Told, batch: Batch) -> list[Asked]:
    """Write one step down, with its history and its notices; return it if it asks for an answer."""
    now, case = batch.now, due.case
    if not told.people and not told.skipped:
        log.error("escalation without a recipient", case=case.number, step=told.key)
    wakes = told.step is not None and told.step.wakes
    answer_by = None
    if told.within is not None and not told.skipped:
        # Who is not woken begins to have time in the morning.
        answer_by = due.clock.after(earliest(now, wakes=wakes, zone=ZONE), told.within)
    row = {
        "clock_id": due.row.id,
        "case_id": case.id,
        "arm": due.arm,
        "step": told.key,
        "act": told.act,
        "roles": list(told.roles),
        "person_ids": [p.id for p in told.people],
        "skipped": told.skipped,
        "due_at": told.due_at,
        "raised_at": now,
        "needs_acknowledgement": answer_by is not None,
        "acknowledge_by": answer_by,
        "note": "",
    }
    batch.escalations.append(row)
    if not told.skipped:
        batch.entries.append(_entry(due, "escalated", now, _facts(due, told)))
        batch.notices.extend(notice_rows(_messages(due, told, wakes=wakes), case.id or 0, now))
    if answer_by is None:
        return []
    return [Asked(told.key, told.roles, now, answer_by, person_ids=frozenset(p.id for p in told.people))]


def _facts(due: Due, told: Told) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "step": told.key,
        "act": told.act,
        "metric": str(due.row.metric),
        "due_at": told.due_at.isoformat(),
        "to": [p.id for p in told.people],
    }
    turn = turn_of(told.key)
    facts |= {"instead_of": told.instead_of} if told.instead_of else {}
    return facts | ({"again": turn} if turn > 1 else {})


def _messages(due: Due, told: Told, *, wakes: bool) -> list[messages.Message]:
    key = f"{due.row.id}:{due.arm}:{told.key}"
    also = ({"unanswered": "yes"} if told.instead_of else {}) | ({"part": str(due.part.id)} if due.part else {})
    return [
        messages.escalated(
            messages.Recipient(p.language, p.email, p.id),
            due.case.number,
            _title(told, p.language),
            told.act,
            told.due_at,
            key=key,
            wakes=wakes,
            also=also,
        )
        for p in told.people
    ]


def _title(told: Told, language: str) -> str:
    if told.step is None:
        return base_of(told.key)
    return told.step.title_zh if language == "zh" else told.step.title_en


def _entry(due: Due, action: str, now: datetime, facts: dict[str, Any]) -> Entry:
    return Entry("case", due.case.id or 0, action, now, "system", data=facts)
