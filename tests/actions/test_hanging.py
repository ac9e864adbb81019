"""What hangs on a case is asked once, after its lock; a case on which nothing hangs costs few statements."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from service.accounts.tables import Person
from service.cases.rules import Action
from service.cases.tables import Case
from service.handling.actions import Doer, act
from service.handling.hanging import Hanging, hanging_on
from service.handling.queries import actors
from service.orders.actions import Given, issue
from service.parts.calling import Ask, ask
from tests.builders import counted, does, received
from tests.parties import a_job, a_party
from tests.people import Town

HOUR = timedelta(hours=1)
MOST = {Action.ACCEPT: 7, Action.REPLY: 8, Action.RESOLVE: 12}
"""Statements: the lock, what hangs on it, its clocks, the case and the clock as they stand then, two for the history.

What is said is one more; to resolve it, so are the lock of those joined to it, its photos, the assignment and the load.
"""


@pytest.fixture
def at(now: datetime) -> datetime:
    return now + 2 * HOUR


@pytest.fixture
def case(session: Session, town: Town, at: datetime) -> Case:
    return received(session, at)[0]


def holder_of(town: Town, case: Case) -> Person:
    return next(person for person in town.people.values() if person.id == case.assignee_id)


def test_an_action_costs_few_statements(session: Session, town: Town, case: Case, at: datetime) -> None:
    person, sent = holder_of(town, case), {}
    doer = Doer(actors(session, case, person), person)  # From here on the process knows the directory.
    for action, answers in ((Action.ACCEPT, {}), (Action.REPLY, {"text": "明天"}), (Action.RESOLVE, {"text": "好了"})):
        with counted(session) as statements:
            act(session, case.id or 0, action, answers, by=doer, now=at)
        sent[action] = [one for one in statements if "SAVEPOINT" not in one]
    assert {action: len(found) for action, found in sent.items()} == MOST, sent


def test_nothing_hangs_on_most_cases(session: Session, case: Case) -> None:
    version = hanging_on(session, case.id or 0).directory_version
    assert version > 0
    nothing = dict.fromkeys(("is_asked", "has_parts", "has_jobs", "has_orders", "has_joined"), False)
    assert hanging_on(session, case.id or 0) == Hanging(version, **nothing)


def test_each_thing_that_hangs_on_a_case_is_seen(session: Session, town: Town, case: Case, at: datetime) -> None:
    person = holder_of(town, case)
    does(session, case, person, Action.ACCEPT, at)
    does(session, case, person, Action.REQUEST_EXTENSION, at, days=2, reason="等材料")
    does(session, received(session, at)[0], town.chen_jing, Action.DUPLICATE, at, number=case.number)
    issue(session, case.id or 0, Given("今天去看", f"person:{person.id}", 4), by=town.chen_jing, now=at)
    hangs = hanging_on(session, case.id or 0)
    assert (hangs.is_asked, hangs.has_joined, hangs.has_orders, hangs.has_jobs) == (True, True, True, False)
    a_job(session, case, a_party(session, town, at), person, at)
    ask(session, case.id or 0, [Ask(text="请看电缆", hours=8, to=f"unit:{town.areas['hill'].id}")], by=person, now=at)
    hangs = hanging_on(session, case.id or 0)
    assert (hangs.has_jobs, hangs.has_parts) == (True, True)
