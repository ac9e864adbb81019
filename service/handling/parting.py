"""How are joined cases taken apart, each standing again as if the two had never been joined?"""

from collections.abc import Iterable
from dataclasses import replace

from sqlmodel import Session, col, select

from service.assignments.actions import Loads, take_up_again
from service.audit.actions import record
from service.audit.rules import Entry
from service.cases.actions import allowed, lock, move
from service.cases.rules import Action, Actor, CaseStatus
from service.cases.tables import Case
from service.clocks.actions import due_entries
from service.clocks.recounting import count_from, revive
from service.clocks.rules import Change, Happening
from service.errors import ServiceError
from service.handling.joining import doer_of, joined_to, note_join, standing_join
from service.handling.tables import Join


class NotJoinedError(ServiceError):
    """Nobody knows to what the case was joined: it cannot be taken apart."""

    status, code = 409, "not-joined"
    sentence = "This case is not joined to another one any more."


def part(session: Session, case: Case, what: Happening, loads: Loads) -> tuple[CaseStatus, list[Change]]:
    """Take a locked case out of the one it was joined to; return how it stands again, and which due times moved.

    1. the case stands as it stood, in the hands that held it, and its promises run from its own receipt as if they
    had never ended: who waited has waited; 2. whoever followed it here goes with it; 3. the promises of the other one
    count from what is left there. Errors: NotJoinedError.
    """
    was = standing_join(session, case.id or 0)
    if was is None or case.duplicate_of_id is None:
        raise NotJoinedError
    other = lock(session, case.duplicate_of_id)
    was.ended_at, was.ended_by_id = what.at, doer_of(what)[1]
    session.add(was)
    case.duplicate_of_id = case.closed_at = None
    case.parked_until = was.parked_until
    for one in _came_with(session, case, other):
        one.duplicate_of_id = case.id
        session.add(one)
        record(session, _entry(one, "followed", what, {"number": case.number}))
    session.flush()
    take_up_again(session, case, why=Action.SEPARATE, by_id=doer_of(what)[1], now=what.at, loads=loads)
    changes = revive(session, case, was.at, what) + _count_again(session, case, what)
    kind, by_id = doer_of(what)
    left = due_entries(other, _count_again(session, other, what), what.at, kind, by_id)
    record(session, _entry(other, "parted", what, {"number": case.number}), *left)
    return was.status, changes


def pass_on(session: Session, case: Case, what: Happening, loads: Loads) -> Case | None:
    """Let the earliest of the cases that were joined to one that was withdrawn go on for all of them, and return it.

    Who withdraws speaks for themselves: nobody else has a smaller claim for it.
    """
    heir = next(iter(joined_to(session, case.id or 0)), None)
    if heir is None:
        return None
    row = allowed(heir, Action.SEPARATE, frozenset({Actor.SYSTEM}))
    status, changes = part(session, heir, what, loads)
    move(session, heir, replace(row, to=status), now=what.at)
    kind, by_id = doer_of(what)
    facts = {"from": str(CaseStatus.DUPLICATE), "to": str(status), "reason": "withdrawn", "number": case.number}
    entries = [_entry(heir, Action.SEPARATE, what, facts), *due_entries(heir, changes, what.at, kind, by_id)]
    for one in joined_to(session, case.id or 0):
        was = standing_join(session, one.id or 0)
        if was is not None and was.into_id == case.id:
            _join_anew(session, was, one, heir, what)
        one.duplicate_of_id = heir.id
        session.add(one)
        entries.append(_entry(one, "followed", what, {"number": heir.number}))
    session.flush()
    record(session, *entries, *due_entries(heir, _count_again(session, heir, what), what.at, kind, by_id))
    return heir


def _join_anew(session: Session, was: Join, case: Case, heir: Case, what: Happening) -> None:
    """Put the heir in the place of the case that was withdrawn; how the joined one stood before stays known."""
    was.ended_at, was.ended_by_id = what.at, doer_of(what)[1]
    session.add(was)
    session.flush()
    note_join(session, case, heir, what)
    anew = standing_join(session, case.id or 0)
    if anew is not None:
        anew.at, anew.status, anew.parked_until = was.at, was.status, was.parked_until
        session.add(anew)
        session.flush()


def _came_with(session: Session, case: Case, other: Case) -> Iterable[Case]:
    """Return the cases that are dealt with in the other one only because they were joined to this one before."""
    mine = select(Join.case_id).where(Join.into_id == case.id, col(Join.ended_at).is_(None))
    return session.exec(select(Case).where(col(Case.id).in_(mine), Case.duplicate_of_id == other.id)).all()


def _count_again(session: Session, case: Case, what: Happening) -> list[Change]:
    """Let the promises of a case count from the earliest receipt among those who are dealt with in it."""
    earliest = min(one.received_at for one in (case, *joined_to(session, case.id or 0)))
    return count_from(session, case, earliest, what)


def _entry(case: Case, action: str, what: Happening, facts: dict[str, str]) -> Entry:
    kind, by_id = doer_of(what)
    return Entry("case", case.id or 0, action, what.at, kind, by_id, facts)
