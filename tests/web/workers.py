"""How tests of the worker's pages bring a case into somebody's hands, and what a hostile hand types."""

from sqlmodel import Session

from service.cases.rules import Action
from service.cases.tables import Case
from tests.builders import case_of, does, received
from tests.people import Town
from tests.web.conftest import Clock

CONTACT = {"name": "王芳", "phone": "13812345678", "email": "wangfang@example.org"}
HOSTILE = ("<script>alert(1)</script>", "'; DROP TABLE cases; --", "a\x00b\x07c\x1b", "字" * 20_000)


def to_li(session: Session, town: Town, clock: Clock, **answers: object) -> Case:
    """Return a case that 李强 holds and has not signed for."""
    case, _ = received(session, clock.now, **answers)
    if case.assignee_id != town.li_qiang.id:
        does(session, case, town.he_jun, Action.REASSIGN, clock.now, person_id=town.li_qiang.id)
    return case_of(session, case.number)


def signed(session: Session, town: Town, clock: Clock, **answers: object) -> Case:
    """Return a case that 李强 has signed for."""
    return does(session, to_li(session, town, clock, **answers), town.li_qiang, Action.ACCEPT, clock.now)


def path(case: Case) -> str:
    return f"/cases/{case.number}"
