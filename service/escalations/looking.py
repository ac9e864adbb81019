"""What does a sweep know of a clock whose moment has come, and what has it decided and not yet written?"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from service.audit.rules import Entry
from service.cases.tables import Case
from service.clocks.tables import ClockRow
from service.escalations.rules import Held, reached
from service.escalations.tables import Escalation
from service.orders.queries import between
from service.orders.rules import answerers, issuers
from service.orders.tables import Order
from service.parts.actions import leading
from service.parts.queries import between as between_helpers
from service.parts.tables import Part
from service.routing.directory import Directory, Staff
from sla_policies.climbing import UNSAID, Climbing
from sla_policies.clock import Clock
from sla_policies.escalation import Step
from sla_policies.policy import Budget, Metric, SlaPolicy

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
