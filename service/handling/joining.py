"""What do the reporters of joined cases hear when the case that stayed open comes to its end?"""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.audit.actions import record
from service.audit.rules import Entry
from service.cases.numbers import is_case_number
from service.cases.queries import contact_of
from service.cases.tables import Case, CaseMessage
from service.outbox.actions import write
from service.outbox.messages import Recipient, outcome

OUTCOME = "outcome"


def lock_both(session: Session, case_id: int, number: str) -> None:
    """Lock a case and the one it is to be joined to, in the order of their ids: crosswise joins take turns."""
    if not is_case_number(number):
        return
    both = sa.or_(col(Case.id) == case_id, col(Case.number) == number)
    session.execute(sa.select(col(Case.id)).where(both).order_by(col(Case.id)).with_for_update())


def follow(session: Session, case: Case, other: Case) -> None:
    """Let what was joined to a case follow it to the other one, so that nobody waits for a case that ended."""
    session.execute(sa.update(Case).where(col(Case.duplicate_of_id) == case.id).values(duplicate_of_id=other.id))


def tell_joined(session: Session, case: Case, text: str, *, by_id: int | None, now: datetime) -> None:
    """Tell everybody whose case was joined to this one what came of it: in their own case, and by a notice."""
    joined = select(Case).where(Case.duplicate_of_id == case.id).order_by(col(Case.id)).with_for_update()
    for one in session.exec(joined):
        session.add(CaseMessage(case_id=one.id or 0, at=now, kind=OUTCOME, is_public=True, person_id=by_id, text=text))
        record(session, Entry("case", one.id or 0, OUTCOME, now, "staff", by_id, {"number": case.number}))
        to = Recipient(one.language, contact_of(one).get("email") or None)
        write(session, [outcome(to, one.number, of=case.number, version=case.version)], one.id or 0, now)
