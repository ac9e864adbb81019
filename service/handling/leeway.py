"""How much more time does a policy allow a promise, and how long may its case lie parked?"""

from dataclasses import dataclass
from datetime import datetime, time

from service.cases.rules import Actor, CaseStatus
from service.errors import InvalidFieldsError
from service.handling.rules import (
    LONGEST_PARKING,
    ExtensionTooLateError,
    NeedsDistrictError,
    ParkingNotAllowedError,
    TooManyExtensionsError,
)
from service.timekeeping import ZONE
from sla_policies.clock import Clock, ClockEvent, ClockState, EventKind
from sla_policies.policy import Budget, SlaPolicy, TimeKind

MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True)
class Promised:
    """The promise of a result, and the policy that it was made from."""

    clock: Clock
    policy: SlaPolicy

    @property
    def may_park(self) -> bool:
        """Does the policy know parking?"""
        return CaseStatus.PARKED in self.clock.target.pauses_for

    @property
    def needs_district(self) -> bool:
        """The sub-district grants the first extension, the county every further one (DOMAIN 3.4, T3, T4, T7)."""
        return self.clock.extensions > 0


def check_granter(promised: Promised | None, actors: frozenset[Actor]) -> None:
    """Refuse an extension that is not theirs to grant. Errors: NeedsDistrictError."""
    if promised is not None and promised.needs_district and Actor.DISTRICT not in actors:
        raise NeedsDistrictError


def extension(promised: Promised | None, days: int, now: datetime) -> Budget:
    """Return the time that an extension of so many days adds, as often and as long as the policy allows.

    Workdays where the promise counts workdays. Errors: TooManyExtensionsError, ExtensionTooLateError.
    """
    if promised is None:
        raise TooManyExtensionsError(most=0, days=0)
    clock, policy = promised.clock, promised.policy
    in_workdays = clock.target.budget.kind is TimeKind.WORKDAYS
    amount = days if in_workdays else days * MINUTES_A_DAY
    longest = policy.extension_at_most.amount if policy.extension_at_most else 0
    if clock.due_at is None or clock.due_at < now:
        raise ExtensionTooLateError
    if clock.extensions >= policy.extensions or clock.extended_by + amount > longest:
        raise TooManyExtensionsError(most=policy.extensions, days=longest if in_workdays else longest // MINUTES_A_DAY)
    return Budget(amount, clock.target.budget.kind)


def parking(promised: Promised | None, until: str, now: datetime) -> datetime:
    """Return the moment at which a case parked until a day (ISO) comes back: when that day begins in Shanghai.

    Errors: ParkingNotAllowedError when the policy knows no parking; InvalidFieldsError for a day that has begun, or
    beyond the policy's longest pause or 90 days.
    """
    if promised is None or not promised.may_park or promised.clock.state is not ClockState.RUNNING:
        raise ParkingNotAllowedError
    clock = promised.clock
    parked = clock.with_event(ClockEvent(max(now, clock.events[-1].at), EventKind.PAUSED, CaseStatus.PARKED))
    returns = datetime.combine(datetime.fromisoformat(until).date(), time(), ZONE)
    latest = min(now + LONGEST_PARKING, parked.paused_until or now + LONGEST_PARKING)
    if returns <= now:
        raise InvalidFieldsError({"until": "This day has begun already. Please choose a later one."})
    if returns > latest:
        raise InvalidFieldsError({"until": "This is later than the policy allows. Please choose an earlier day."})
    return returns


def would_be_due(clock: Clock, extra: Budget, now: datetime) -> datetime | None:
    """Return when a clock would be due after an extension granted now."""
    at = max(now, clock.events[-1].at)
    return clock.with_event(ClockEvent(at, EventKind.EXTENDED, extra=extra)).due_at
