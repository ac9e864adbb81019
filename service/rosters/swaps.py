"""How do two colleagues swap their turns: asked, answered, and seen by whoever plans the rosters?"""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from service.accounts.queries import person_by_id
from service.accounts.tables import Person
from service.audit.actions import record
from service.audit.changes import locked
from service.errors import InvalidFieldsError, NotAllowedError, NotFoundError, ServiceError
from service.rosters.actions import entry, may_plan_for
from service.rosters.queries import rosters
from service.rosters.rules import Days, Span, SwapState, Turn, shared
from service.rosters.shifts import put, span_fact, turns_around
from service.rosters.tables import Swap
from service.rosters.telling import tell_answered, tell_asked
from service.timekeeping import ZONE

WORDS_MOST = 200


FAULT_SENTENCES: Mapping[str, str] = {
    "gone": "This swap is not possible: one of the two has left or works elsewhere now.",
    "begun": "This swap is not possible: a shift of it has begun.",
    "changed": "This swap is not possible: a shift of it is not on the roster any more.",
    "busy": "This swap is not possible: somebody would be on duty twice at the same time.",
    "away": "This swap is not possible: somebody is away in that time.",
    "answered": "This swap has been answered or withdrawn already.",
}
"""Why a swap cannot be, as it is said."""


class SwapNotPossibleError(ServiceError):
    """What was to be swapped has changed meanwhile; `fault` is a key of FAULT_SENTENCES."""

    status, code = 409, "swap-not-possible"

    def __init__(self, fault: str) -> None:
        self.sentence = FAULT_SENTENCES[fault]
        super().__init__(fault=fault)


def ask_swap(
    session: Session,
    asker: Person,
    other_id: int,
    gives: Span,
    takes: Span | None,
    days: Days,
    *,
    words: str,
    now: datetime,
) -> Swap:
    """Ask a colleague at the same desk to take a turn, for one of theirs or for nothing.

    Errors: InvalidFieldsError, NotFoundError.
    """
    other = person_by_id(session, other_id)
    if other is None or other.id == asker.id or not _are_colleagues(asker, other):
        raise InvalidFieldsError({"other": "Please choose a colleague of the list."})
    if len(words) > WORDS_MOST:
        raise InvalidFieldsError({"words": "Please keep it under 200 characters."})
    swap = Swap(
        asker_id=asker.id or 0,
        other_id=other_id,
        starts_at=gives[0],
        ends_at=gives[1],
        back_starts_at=takes[0] if takes else None,
        back_ends_at=takes[1] if takes else None,
        words=words.strip(),
        asked_at=now,
    )
    locked(session, Person, asker.id or 0)
    fault = _fault(session, swap, asker, other, days, now)
    if fault:
        raise SwapNotPossibleError(fault)
    session.add(swap)
    session.flush()
    record(session, entry(asker, "swap.asked", {"swap": [None, _fact(swap)]}, asker, now))
    tell_asked(session, swap, asker, other, now)
    return swap


def answer_swap(session: Session, swap_id: int, days: Days, *, accept: bool, by: Person, now: datetime) -> Swap:
    """Accept or decline a swap that one was asked for; accepted, it stands in both rosters at once.

    Both people are locked in the order of their ids. Errors: NotFoundError, SwapNotPossibleError.
    """
    swap = _swap(session, swap_id)
    if by.id != swap.other_id:
        raise NotFoundError
    asker, other = _both(session, swap)
    swap = locked(session, Swap, swap_id)
    if swap.state is not SwapState.ASKED:
        raise SwapNotPossibleError("answered")
    if accept:
        fault = _fault(session, swap, asker, other, days, now)
        if fault:
            raise SwapNotPossibleError(fault)
        _carry_out(session, swap, days)
    swap.state, swap.answered_at = (SwapState.ACCEPTED if accept else SwapState.DECLINED), now
    session.add(swap)
    session.flush()
    action = "swap.accepted" if accept else "swap.declined"
    record(session, *(entry(person, action, {"swap": [None, _fact(swap)]}, by, now) for person in (asker, other)))
    tell_answered(session, swap, asker, other, now)
    return swap


def withdraw_swap(session: Session, swap_id: int, *, by: Person, now: datetime) -> None:
    """Take back what one asked for, as long as it is not answered. Errors: NotFoundError, SwapNotPossibleError."""
    swap = _swap(session, swap_id)
    if by.id != swap.asker_id:
        raise NotFoundError
    asker, _ = _both(session, swap)
    swap = locked(session, Swap, swap_id)
    if swap.state is not SwapState.ASKED:
        raise SwapNotPossibleError("answered")
    swap.state, swap.answered_at = SwapState.WITHDRAWN, now
    session.add(swap)
    session.flush()
    record(session, entry(asker, "swap.withdrawn", {"swap": [_fact(swap), None]}, by, now))


def see_swap(session: Session, swap_id: int, *, by: Person, now: datetime) -> None:
    """Note that whoever plans the roster of the asker has seen an accepted swap.

    Errors: NotFoundError, NotAllowedError.
    """
    swap = _swap(session, swap_id)
    asker, _ = _both(session, swap)
    if swap.state is not SwapState.ACCEPTED:
        raise NotFoundError
    if not may_plan_for(session, by, asker):
        raise NotAllowedError
    if swap.seen_at is None:
        swap.seen_at, swap.seen_by_id = now, by.id
        session.add(swap)
        session.flush()
        record(session, entry(asker, "swap.seen", {"swap": [None, _fact(swap)]}, by, now))


def _swap(session: Session, swap_id: int) -> Swap:
    swap = session.get(Swap, swap_id)
    if swap is None:
        raise NotFoundError
    return swap


def _both(session: Session, swap: Swap) -> tuple[Person, Person]:
    """Return asker and other, locked in the order of their ids, so that two answers never wait for each other."""
    found = {i: locked(session, Person, i) for i in sorted((swap.asker_id, swap.other_id))}
    return found[swap.asker_id], found[swap.other_id]


def _are_colleagues(one: Person, other: Person) -> bool:
    return one.is_active and other.is_active and (one.area_id, one.role) == (other.area_id, other.role)


def _fault(session: Session, swap: Swap, asker: Person, other: Person, days: Days, now: datetime) -> str:
    """Return why a swap cannot be, as a key of FAULT_SENTENCES, or nothing."""
    if not _are_colleagues(asker, other):
        return "gone"
    for giver, taker, span in _ways(swap):
        if span[0] <= now:
            return "begun"
        if span not in {turn.span for turn in turns_around(session, giver, span, days)}:
            return "changed"
        theirs = [turn.span for turn in _left(session, taker, span, days, swap)]
        if any(shared(span, theirs)):
            return "busy"
        first, last = (moment.astimezone(ZONE).date() for moment in span)
        away = rosters(session, [taker], first, last, ZONE)[taker].absences
        if any(shared(span, [(a.starts_at, a.ends_at) for a in away])):
            return "away"
    return ""


def _ways(swap: Swap) -> list[tuple[int, int, Span]]:
    """Return who gives which turn to whom."""
    ways = [(swap.asker_id, swap.other_id, (swap.starts_at, swap.ends_at))]
    if swap.back_starts_at is not None and swap.back_ends_at is not None:
        ways.append((swap.other_id, swap.asker_id, (swap.back_starts_at, swap.back_ends_at)))
    return ways


def _left(session: Session, person_id: int, span: Span, days: Days, swap: Swap) -> list[Turn]:
    """Return somebody's turns around a span without those that they give away in the same swap."""
    given = {span for giver, _, span in _ways(swap) if giver == person_id}
    return [turn for turn in turns_around(session, person_id, span, days) if turn.span not in given]


def _carry_out(session: Session, swap: Swap, days: Days) -> None:
    for giver, _, span in _ways(swap):
        put(session, giver, span, days, is_on=False, swap_id=swap.id)
    for _, taker, span in _ways(swap):
        put(session, taker, span, days, is_on=True, swap_id=swap.id)


def _fact(swap: Swap) -> dict[str, object]:
    """Return a swap as the history keeps it, without what was said."""
    (_, _, gives), *back = _ways(swap)
    fact = span_fact(gives) | {"asker_id": swap.asker_id, "other_id": swap.other_id}
    return fact | ({"back": span_fact(back[0][2])} if back else {})
