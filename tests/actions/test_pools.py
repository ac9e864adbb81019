"""Cases of a pool: whose are they to take, does one of two who take at once get it, and who gets what nobody takes?"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.tables import Person
from service.areas.rules import AreaLevel
from service.assignments.queries import held_because, holders
from service.assignments.tables import Workload
from service.audit.queries import history
from service.cases.rules import Action, Actor, CaseStatus, MoveForbiddenError
from service.cases.tables import Case
from service.clocks.queries import of_case
from service.database import connect
from service.embedded import EmbeddedServers
from service.errors import ServiceError
from service.escalations.actions import sweep
from service.handling.actions import Doer, act
from service.handling.queries import actors, staff_case, why_routed
from service.handling.queues import claimable
from service.migrations.run import migrate
from service.outbox.tables import Notice
from service.routing.tables import RoutingRule
from service.watch.queries import alarms
from sla_policies.clock import ClockState
from sla_policies.policy import Metric
from tests.builders import does, received
from tests.people import Town, build_town

HOUR = timedelta(hours=1)


def a_pool(session: Session, level: AreaLevel = AreaLevel.COMMUNITY) -> None:
    session.execute(sa.update(RoutingRule).values(position=99))
    session.add(RoutingRule(position=1, category_code="C", target_level=level, is_pool=True))
    session.flush()


@pytest.fixture
def at(now: datetime) -> datetime:
    """Monday, 10:00 in Shanghai: the desks are open."""
    return now + 2 * HOUR


@pytest.fixture
def case(session: Session, town: Town, at: datetime) -> Case:
    a_pool(session)
    found, _ = received(session, at)
    assert (found.assignee_id, found.unit_id, found.status) == (None, town.areas["shore"].id, CaseStatus.RECEIVED)
    return found


def accept_due(session: Session, case: Case) -> datetime:
    due = next(row.due_at for row in of_case(session, case.id or 0) if row.metric is Metric.ACCEPT)
    assert due is not None
    return due


def test_a_case_of_a_pool_stands_in_the_queue_of_every_member_and_of_nobody_else(
    session: Session, town: Town, case: Case
) -> None:
    for member in (town.li_qiang, town.sun_li, town.he_jun):
        assert [c.number for c in claimable(session, member)] == [case.number]
        assert Actor.MEMBER in actors(session, case, member)
    for other in (town.zhao_min, town.wu_dan, town.chen_jing, town.zhou_tao, town.qian_bo, town.admin):
        assert claimable(session, other) == []
        assert Actor.MEMBER not in actors(session, case, other)
        with pytest.raises(MoveForbiddenError):
            act(
                session,
                case.id or 0,
                Action.ACCEPT,
                {},
                by=Doer(actors(session, case, other), other),
                now=case.received_at,
            )


def test_who_takes_it_holds_it_and_has_signed_for_it(session: Session, town: Town, case: Case, at: datetime) -> None:
    does(session, case, town.sun_li, Action.ACCEPT, at + HOUR / 4)
    assert (case.assignee_id, case.status) == (town.sun_li.id, CaseStatus.ACCEPTED)
    assert claimable(session, town.li_qiang) == []
    accept = next(row for row in of_case(session, case.id or 0) if row.metric is Metric.ACCEPT)
    assert accept.state is ClockState.SATISFIED
    assert session.get_one(Workload, town.sun_li.id).open_cases == 1
    assert [h.person_id for h in holders(session, case.id or 0)] == [None, town.sun_li.id]
    with pytest.raises(MoveForbiddenError):
        does(session, case, town.li_qiang, Action.ACCEPT, at + HOUR / 4)


def test_what_nobody_takes_in_time_goes_to_somebody_of_the_pool(
    session: Session, town: Town, case: Case, at: datetime
) -> None:
    due = accept_due(session, case)
    while sweep(session, due):
        pass
    assert case.assignee_id is None, "until its due time it may be taken"
    while sweep(session, due + timedelta(seconds=1)):
        pass
    assert case.assignee_id in (town.li_qiang.id, town.sun_li.id)
    assert (case.status, case.unit_id) == (CaseStatus.ASSIGNED, town.areas["shore"].id)
    assert held_because(session, case.id or 0) == "unclaimed"
    given = [e for e in history(session, "case", case.id or 0) if e["action"] == "assign"]
    assert [e["data"]["why"] for e in given] == ["unclaimed"]
    assert why_routed(session, case)[-1].person_id == case.assignee_id, "the choice is explained like every other"
    told = session.exec(select(Notice).where(Notice.template == "assigned", Notice.case_id == case.id)).all()
    assert [n.person_id for n in told] == [case.assignee_id]
    assert not {a.check for a in alarms(session, due + timedelta(seconds=1))} & {"no-owner", "no-assignment"}
    sweep(session, due + timedelta(seconds=2))
    assert len(holders(session, case.id or 0)) == 2, "once"


def test_a_sweep_that_comes_late_gives_it_away_all_the_same(
    session: Session, town: Town, case: Case, at: datetime
) -> None:
    """Then the steps at one and a half and at twice the time are due in the same look."""
    while sweep(session, at + 48 * HOUR):
        pass
    assert case.assignee_id is not None


def test_a_breach_that_was_noted_by_somebody_else_gives_it_away_all_the_same(
    session: Session, town: Town, case: Case, at: datetime
) -> None:
    due = accept_due(session, case)
    does(session, case, town.he_jun, Action.NOTE, due + timedelta(seconds=1), text="看一下")
    while sweep(session, due + timedelta(seconds=2)):
        pass
    assert case.assignee_id is not None


def test_the_desk_may_still_say_who_gets_it(session: Session, town: Town, case: Case, at: datetime) -> None:
    does(session, case, town.wu_dan, Action.ASSIGN, at, person_id=town.li_qiang.id)
    assert claimable(session, town.sun_li) == []


def test_of_two_who_were_not_fast_enough_the_version_tells(
    session: Session, town: Town, case: Case, at: datetime
) -> None:
    seen = case.version
    does(session, case, town.sun_li, Action.ACCEPT, at)
    doer = Doer(actors(session, case, town.li_qiang), town.li_qiang)
    with pytest.raises(ServiceError) as refused:
        act(session, case.id or 0, Action.ACCEPT, {}, by=doer, now=at, version=seen)
    assert refused.value.status == 409


def test_a_case_that_is_routed_anew_goes_to_a_person_and_never_back_into_a_pool(
    session: Session, town: Town, at: datetime
) -> None:
    a_pool(session)
    found, _ = received(session, at, category="M03")
    assert found.assignee_id is not None
    does(session, found, town.wu_dan, Action.RECATEGORISE, at, category="C03", reason="是环卫", reroute="yes")
    assert (found.status, found.assignee_id is not None) == (CaseStatus.TRANSFERRED, True)


@pytest.fixture
def shared(servers: EmbeddedServers, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    monkeypatch.setattr("service.routing.queries._known", None)
    base = connect(servers.database_url)
    with base.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("DROP DATABASE IF EXISTS pools"))
        connection.execute(sa.text("CREATE DATABASE pools"))
    base.dispose()
    url = sa.make_url(servers.database_url).set(database="pools").render_as_string(hide_password=False)
    engine = connect(url, pool_size=6)
    migrate(engine)
    yield engine
    engine.dispose()


def test_two_take_at_the_same_moment_and_one_gets_it(shared: sa.Engine, now: datetime) -> None:
    with Session(shared, expire_on_commit=False) as session, session.begin():
        town = build_town(session)
        a_pool(session)
    for _ in range(5):
        with Session(shared, expire_on_commit=False) as session, session.begin():
            number = received(session, now)[0].number
        together = Barrier(2)

        def take(person: Person, number: str = number, together: Barrier = together) -> str:
            with Session(shared, expire_on_commit=False) as session:
                found = staff_case(session, number, person)
                doer = Doer(actors(session, found, person), person)
                together.wait()
                try:
                    act(session, found.id or 0, Action.ACCEPT, {}, by=doer, now=now)
                    session.commit()
                except ServiceError as refused:
                    session.rollback()
                    return refused.code
            return person.name

        with ThreadPoolExecutor(2) as pool:
            told = list(pool.map(take, (town.li_qiang, town.sun_li)))
        assert sorted(told, key=len)[-1] == "move-forbidden", told
        (winner,) = [name for name in told if name != "move-forbidden"]
        with Session(shared) as session:
            found = session.exec(select(Case).where(Case.number == number)).one()
            holder = session.get_one(Person, found.assignee_id)
            assert (holder.name, found.status) == (winner, CaseStatus.ACCEPTED)
            taken = [h.person_id for h in holders(session, found.id or 0)]
            assert taken == [None, holder.id]
    with Session(shared) as session:
        loads = {w.person_id: w.open_cases for w in session.exec(select(Workload).where(col(Workload.open_cases) > 0))}
        assert sum(loads.values()) == 5
