"""How are cases about one matter dealt with together, and what do all their reporters hear of it?

The joined case ends and keeps its number, its code and its history; everything goes on in the other one, which keeps
the earliest receipt. How they are taken apart again stands in parting.py.
"""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.tables import Person
from service.audit.actions import record
from service.audit.rules import Entry
from service.cases.actions import lock
from service.cases.numbers import is_case_number
from service.cases.queries import contact_of, visible_to
from service.cases.rules import ENDED, Action, CaseStatus
from service.cases.tables import Case, CaseMessage
from service.clocks.actions import due_entries
from service.clocks.recounting import count_from
from service.clocks.rules import Happening
from service.errors import InvalidFieldsError
from service.handling.tables import Join
from service.outbox.actions import write
from service.outbox.messages import Recipient, joint_news, outcome

OUTCOME = "outcome"
FELT_BY_ALL = frozenset({Action.EXTEND, Action.PARK, Action.REOPEN})
"""What happens to the case that stayed open and changes when everybody is helped."""


def lock_together(session: Session, case_id: int, number: str = "") -> None:
    """Lock a case, the one with that number, and whatever is joined to either or they to: in the order of their ids.

    Whoever joins, takes apart or ends joined cases takes turns by it.
    """
    named = sa.or_(col(Case.id) == case_id, col(Case.number) == (number if is_case_number(number) else ""))
    both = sa.select(col(Case.id)).where(named)
    above = sa.select(col(Case.duplicate_of_id)).where(named, col(Case.duplicate_of_id).is_not(None))
    below = sa.select(col(Case.id)).where(col(Case.duplicate_of_id).in_(both.union(above)))
    # One list of ids: three conditions joined by "or" would go through every case there is.
    all_of_it = col(Case.id).in_(sa.union(both, above, below))
    session.execute(sa.select(col(Case.id)).where(all_of_it).order_by(col(Case.id)).with_for_update())


def joined_to(session: Session, case_id: int) -> list[Case]:
    """Return the cases that are dealt with together with this one, the earliest receipt first."""
    joined = select(Case).where(Case.duplicate_of_id == case_id).order_by(col(Case.received_at), col(Case.id))
    return list(session.exec(joined))


def standing_join(session: Session, case_id: int) -> Join | None:
    """Return how a case came to be joined to another, if it is."""
    return session.exec(select(Join).where(Join.case_id == case_id, col(Join.ended_at).is_(None))).one_or_none()


def join(session: Session, case: Case, number: str, what: Happening, by: Person | None) -> Case:
    """Join a locked case to the one with that number, which keeps the earliest receipt; return the other one.

    What was joined to the case follows, so that nobody waits for a case that ended. Errors: InvalidFieldsError where
    there is no such case that `by` may see, it has ended, or it is joined to another itself: there are no chains.
    """
    other = lock(session, _found(session, number, by, case.id or 0))
    if other.status in ENDED:
        raise InvalidFieldsError({"number": "That case has ended. A case is joined to one that is still open."})
    note_join(session, case, other, what)
    for one in joined_to(session, case.id or 0):
        one.duplicate_of_id = other.id
        session.add(one)
        record(session, _entry(one, "followed", what, {"number": other.number}))
    earliest = min(one.received_at for one in (other, *joined_to(session, other.id or 0)))
    changes = count_from(session, other, earliest, what)
    facts = {"number": case.number, "received_at": case.received_at.isoformat()}
    kind, by_id = doer_of(what)
    record(session, _entry(other, "joined", what, facts), *due_entries(other, changes, what.at, kind, by_id))
    return other


def note_join(session: Session, case: Case, other: Case, what: Happening) -> None:
    """Write down how a case stood when it was joined to another; the caller ends it."""
    kind, by_id = doer_of(what)
    session.add(
        Join(
            case_id=case.id or 0,
            into_id=other.id or 0,
            at=what.at,
            by_kind=kind,
            by_id=by_id,
            status=case.status,
            parked_until=case.parked_until,
        )
    )
    case.duplicate_of_id = other.id
    session.add(case)
    session.flush()


def tell_joined(session: Session, case: Case, action: Action, text: str, *, by_id: int | None, now: datetime) -> None:
    """Tell everybody whose case was joined to this one what happened to it: in their own case, and by a notice.

    The result in its words, which are meant for all; of what only moves the time, no more than that it was done: the
    reason may be about the one who asked first.
    """
    if action is not Action.RESOLVE and action not in FELT_BY_ALL:
        return
    for one in joined_to(session, case.id or 0):
        to = Recipient(one.language, contact_of(one).get("email") or None)
        if action is Action.RESOLVE:
            said = CaseMessage(case_id=one.id or 0, at=now, kind=OUTCOME, is_public=True, person_id=by_id, text=text)
            session.add(said)
            told = outcome(to, one.number, of=case.number, version=case.version)
            record(session, Entry("case", one.id or 0, OUTCOME, now, "staff", by_id, {"number": case.number}))
        else:
            told = joint_news(to, one.number, action, of=case.number, version=case.version)
            facts = {"number": case.number, "act": str(action)}
            record(session, Entry("case", one.id or 0, "jointly", now, "staff", by_id, facts))
        write(session, [told], one.id or 0, now)


def doer_of(what: Happening) -> tuple[str, int | None]:
    """Return who did what happened, as the history calls them: 'staff:7' is a person, 'system:' is not."""
    kind, _, by_id = what.actor.partition(":")
    return kind, int(by_id) if by_id else None


def _found(session: Session, number: str, by: Person | None, own_id: int) -> int:
    wanted = sa.select(col(Case.id)).where(col(Case.number) == number, col(Case.id) != own_id)
    wanted = wanted.where(col(Case.status) != CaseStatus.DUPLICATE)
    if by is not None:
        wanted = wanted.where(visible_to(by.id or 0, by.role, by.area_id))
    found = session.scalar(wanted)
    if found is None:
        raise InvalidFieldsError({"number": "There is no such case to join."})
    return found


def _entry(case: Case, action: str, what: Happening, facts: Mapping[str, str]) -> Entry:
    kind, by_id = doer_of(what)
    return Entry("case", case.id or 0, action, what.at, kind, by_id, dict(facts))
