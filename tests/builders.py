"""How tests bring a case to where they need it, through the same actions as everybody."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from service.accounts.tables import Person
from service.cases.rules import Action
from service.cases.tables import Case
from service.handling.actions import RESIDENT, Doer, act
from service.handling.queries import actors
from service.intake.actions import open_case
from service.intake.forms import RequestForm
from service.intake.rules import Receipt

WITH_MAIL = {"email": "wang@example.org"}
"""The contact of a resident who can be told; without an address nobody writes to them."""


def a_request(**answers: Any) -> RequestForm:
    return RequestForm.model_validate({"text": "楼道的路灯坏了三天", "category": "C05", "area": "湖滨社区"} | answers)


def received(session: Session, now: datetime, **answers: Any) -> tuple[Case, Receipt]:
    receipt = open_case(session, a_request(**answers), now=now)
    return case_of(session, receipt.number), receipt


def case_of(session: Session, number: str) -> Case:
    return session.exec(select(Case).where(Case.number == number).execution_options(populate_existing=True)).one()


def does(session: Session, case: Case, person: Person, action: Action, now: datetime, **answers: Any) -> Case:
    doer = Doer(actors(session, case, person), person)
    return act(session, case.id or 0, action, answers, by=doer, now=now)


def resident_does(session: Session, case: Case, action: Action, now: datetime, **answers: Any) -> Case:
    return act(session, case.id or 0, action, answers, by=RESIDENT, now=now)


@contextmanager
def counted(session: Session) -> Iterator[list[str]]:
    """Collect the statements sent meanwhile."""
    sent: list[str] = []

    def note(*args: object) -> None:
        sent.append(str(args[2]))

    connection = session.connection()
    sa.event.listen(connection, "before_cursor_execute", note)
    yield sent
    sa.event.remove(connection, "before_cursor_execute", note)


@contextmanager
def explained(session: Session) -> Iterator[list[str]]:
    """Collect the plan of every statement sent meanwhile."""
    plans: list[str] = []
    connection = session.connection()
    looking = False

    def note(conn: sa.Connection, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        nonlocal looking
        if not looking and statement.startswith("SELECT"):
            looking = True
            plans.append("\n".join(row[0] for row in conn.exec_driver_sql(f"EXPLAIN {statement}", parameters)))
            looking = False

    sa.event.listen(connection, "before_cursor_execute", note)
    yield plans
    sa.event.remove(connection, "before_cursor_execute", note)


AS_IN_A_CITY = sa.text(
    "SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', CAST(:table AS text),"
    " 'relpages', pages, 'reltuples', CAST(CASE pages WHEN 0 THEN -1 ELSE 1000000 END AS real))"
    " FROM (SELECT CAST(pg_relation_size(CAST(:table AS regclass)) > 0 AS int)) AS found (pages)"
)


def as_in_a_city(session: Session, *tables: str) -> None:
    """Let the planner believe that each page of these tables holds a million rows; none is known to be empty.

    What it does with the few rows of a test says nothing of many.
    """
    for table in tables:
        session.execute(AS_IN_A_CITY, {"table": table})
