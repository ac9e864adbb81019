"""Which steps move a promise: more time, parking, another grade, a case joined to another, and a pause that is over?"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from service.audit.queries import history
from service.cases.actions import allowed, move
from service.cases.rules import MOVES, STANDS_STILL, Action, Actor
from service.cases.tables import Case
from service.clocks.actions import note_next, recount, wake
from service.clocks.queries import as_clock, book, current_book, of_case, policy_of
from service.clocks.rules import DueChange, Happening
from service.clocks.tables import ClockRow
from service.errors import InvalidFieldsError
from service.handling.rules import (
    LONGEST_PARKING,
    ContactResult,
    ExtensionTooLateError,
    NeedsDistrictError,
    ParkingNotAllowedError,
    TooManyExtensionsError,
)
from service.routing.rules import Directory
from sla_policies.clock import Clock, ClockEvent, ClockState, EventKind
from sla_policies.policy import Budget, CaseFacts, Grade, Metric, SlaPolicy, TimeKind, choose_policy

ZONE = ZoneInfo("Asia/Shanghai")
MINUTES_A_DAY = 24 * 60


def resolve_clock(session: Session, case: Case) -> tuple[Clock, SlaPolicy] | None:
    """Return the newest clock of the result with its policy; None when no result is promised."""
    rows = [row for row in of_case(session, case.id or 0) if row.metric is Metric.RESOLVE]
    if not rows:
        return None
    its_book = book(session, rows[-1].book_hash)
    return as_clock(rows[-1], its_book), policy_of(rows[-1], its_book)


def extension(session: Session, case: Case, days: int, now: datetime) -> Budget:
    """Return the time that an extension of so many days adds, as often and as long as the policy allows.

    Workdays where the promise counts workdays. Errors: TooManyExtensionsError, ExtensionTooLateError.
    """
    found = resolve_clock(session, case)
    if found is None:
        raise TooManyExtensionsError(most=0, days=0)
    clock, policy = found
    in_workdays = clock.target.budget.kind is TimeKind.WORKDAYS
    amount = days if in_workdays else days * MINUTES_A_DAY
    longest = policy.extension_at_most.amount if policy.extension_at_most else 0
    if clock.due_at is None or clock.due_at < now:
        raise ExtensionTooLateError
    if clock.extensions >= policy.extensions or clock.extended_by + amount > longest:
        raise TooManyExtensionsError(most=policy.extensions, days=longest if in_workdays else longest // MINUTES_A_DAY)
    return Budget(amount, clock.target.budget.kind)


def check_granter(session: Session, case: Case, actors: frozenset[Actor]) -> None:
    """The sub-district grants the first extension, the county every further one (DOMAIN 3.4, T3, T4, T7).

    Errors: NeedsDistrictError.
    """
    found = resolve_clock(session, case)
    if found and found[0].extensions and Actor.DISTRICT not in actors:
        raise NeedsDistrictError


def parking(session: Session, case: Case, until: str, now: datetime) -> datetime:
    """Return the moment at which a case parked until a day (ISO) comes back: when that day begins in Shanghai.

    Errors: ParkingNotAllowedError when the policy knows no parking; InvalidFieldsError for a day that has begun, or
    beyond the policy's longest pause or 90 days.
    """
    found = resolve_clock(session, case)
    if found is None or "parked" not in found[0].target.pauses_for or found[0].state is not ClockState.RUNNING:
        raise ParkingNotAllowedError
    parked = found[0].with_event(ClockEvent(max(now, found[0].events[-1].at), EventKind.PAUSED, "parked"))
    returns = datetime.combine(datetime.fromisoformat(until).date(), time(), ZONE)
    latest = min(now + LONGEST_PARKING, parked.paused_until or now + LONGEST_PARKING)
    if returns <= now:
        raise InvalidFieldsError({"until": "This day has begun already. Please choose a later one."})
    if returns > latest:
        raise InvalidFieldsError({"until": "This is later than the policy allows. Please choose an earlier day."})
    return returns


def regrade(
    session: Session, case: Case, grade: Grade, known: Directory, what: Happening
) -> tuple[list[DueChange], dict[str, str | None]]:
    """Give a locked case another grade: the policy is chosen again, and every promise counts from receipt.

    Chosen from the promise pack the case was received under. Errors: InvalidFieldsError when it has that grade.
    """
    if case.grade is grade:
        raise InvalidFieldsError({"grade": "The case has this grade already."})
    rows = of_case(session, case.id or 0)
    from_book = book(session, rows[-1].book_hash) if rows else current_book(case.received_at)
    notes = {"old_grade": str(case.grade), "old_policy": case.policy}
    case.grade = grade
    choice = choose_policy(from_book, facts_of(case, known))
    changes = recount(session, case, choice.policy, from_book, what, _past(session, case))
    return changes, notes | {"policy": case.policy}


def facts_of(case: Case, known: Directory) -> CaseFacts:
    """Return what a policy may ask about a case as it stands."""
    topic = known.topics_by_id[case.category_id]
    return CaseFacts(
        grade=case.grade,
        category=topic.code,
        group=known.catalogue.path(topic.code)[-1],
        area_codes=tuple(place.code for place in known.areas.up_from(case.area_id)),
        channel=case.channel,
        focus_groups=frozenset(case.focus_groups),
        received_at=case.received_at,
    )


def _past(session: Session, case: Case) -> list[tuple[datetime, str]]:
    """Return what happened to a case that may keep a promise, oldest first."""
    events = {str(step.action): step.event for step in MOVES if step.event}
    return [
        (entry["at"], events[entry["action"]])
        for entry in history(session, "case", case.id or 0)
        if entry["action"] in events and entry["data"].get("result") != ContactResult.NOT_REACHED
    ]


def end_pause(session: Session, row: ClockRow, case: Case, now: datetime) -> tuple[list[DueChange], bool]:
    """Let a clock of a locked case run again whose pause is over; say what moved, and whether the case is back at work.

    The clock runs from the moment the pause was over, whenever that is noticed. The case is at work again when
    nothing of it stands still any more.
    """
    changes = wake(session, row, case)
    rows = of_case(session, case.id or 0)
    note_next(case, rows)
    is_back = case.status in STANDS_STILL and all(one.state is not ClockState.PAUSED for one in rows)
    if is_back:
        move(session, case, allowed(case, Action.RESUME, frozenset({Actor.SYSTEM})), now=now)
    return changes, is_back


def would_be_due(clock: Clock, extra: Budget, now: datetime) -> datetime | None:
    """Return when a clock would be due after an extension granted now."""
    at = max(now, clock.events[-1].at)
    return clock.with_event(ClockEvent(at, EventKind.EXTENDED, extra=extra)).due_at


def left(clock: Clock, now: datetime) -> timedelta:
    """Return how much time a parked case keeps until it comes back."""
    return clock.remaining(now)
