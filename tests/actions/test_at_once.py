"""What happens when many act at the same moment? Real transactions that commit, on a database of their own."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta
from threading import Barrier
from time import sleep
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.rules import Role
from service.accounts.tables import Duty, Person
from service.areas.tables import Area
from service.assignments.actions import change_loads, lock_loads
from service.assignments.tables import Workload
from service.audit.queries import broken_chains
from service.cases.rules import Action, CaseStatus
from service.cases.tables import Case, CaseMessage
from service.commissions.sweeping import tell_late
from service.database import autocommit, connect
from service.embedded import EmbeddedServers
from service.errors import ServiceError
from service.escalations.actions import sweep
from service.escalations.tables import Escalation
from service.handling.actions import RESIDENT, Doer, act
from service.handling.queries import actors
from service.handling.tables import Outcome, Proposal
from service.intake.actions import open_case
from service.migrations.run import migrate
from service.outbox.tables import Notice
from service.roll.importing import keep_file, kept_file, look_at, take_over
from service.rosters.rules import SkillKind
from service.rosters.shifts import set_skills
from tests.builders import a_request, does, received
from tests.parties import a_job, a_party
from tests.people import Town, build_town

MANY = 8


@pytest.fixture(scope="module")
def shared(servers: EmbeddedServers) -> Iterator[sa.Engine]:
    base = connect(servers.database_url)
    with base.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("DROP DATABASE IF EXISTS at_once"))
        connection.execute(sa.text("CREATE DATABASE at_once"))
    base.dispose()
    url = sa.make_url(servers.database_url).set(database="at_once").render_as_string(hide_password=False)
    engine = connect(url, pool_size=MANY + 2)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def crowd(shared: sa.Engine) -> Town:
    with Session(shared, expire_on_commit=False) as session, session.begin():
        return build_town(session)


@pytest.fixture(autouse=True)
def fresh_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.routing.queries._known", None)


def at_once(shared: sa.Engine, work: Callable[[Session, int], Any], times: int = MANY) -> list[Any]:
    """Let so many do the work at the same time, each in a transaction of its own."""

    def one(number: int) -> Any:
        with Session(shared, expire_on_commit=False) as session, session.begin():
            return work(session, number)

    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(one, range(times)))


def test_one_key_sent_many_times_at_once_makes_one_case(shared: sa.Engine, crowd: Town, now: datetime) -> None:
    receipts = at_once(shared, lambda session, _: open_case(session, a_request(), now=now, key="same"))
    assert len({r.number for r in receipts}) == 1
    assert len({r.tracking_code for r in receipts}) == 1


def test_one_key_sent_many_times_at_once_makes_one_case_where_each_statement_stands_for_itself(
    shared: sa.Engine, crowd: Town, now: datetime
) -> None:
    def send(number: int) -> str:
        with Session(shared) as session:
            autocommit(session)
            return open_case(session, a_request(), now=now, key="stands for itself").number

    with ThreadPoolExecutor(MANY) as pool:
        assert len(set(pool.map(send, range(MANY)))) == 1
    with Session(shared) as session:
        assert session.connection().get_execution_options().get("isolation_level") is None
        assert broken_chains(session) == []


def test_many_requests_at_once_get_their_own_numbers_and_loads_add_up(
    shared: sa.Engine, crowd: Town, now: datetime
) -> None:
    receipts = at_once(shared, lambda session, _: open_case(session, a_request(), now=now), times=80)
    assert len({r.number for r in receipts}) == 80
    with Session(shared) as session:
        held = dict(
            session.execute(
                sa.select(Case.assignee_id, sa.func.count())
                .where(col(Case.assignee_id).is_not(None))
                .group_by(col(Case.assignee_id))
            ).all()
        )
        loads = {w.person_id: w.open_cases for w in session.exec(select(Workload))}
        assert loads == held
        assert broken_chains(session) == []


def test_many_sweepers_at_once_take_every_step_once(shared: sa.Engine, crowd: Town, now: datetime) -> None:
    later = now + timedelta(days=9)
    while any(at_once(shared, lambda session, _: sweep(session, later, most=20))):
        pass
    with Session(shared) as session:
        steps = session.execute(
            sa.select(Escalation.clock_id, Escalation.arm, Escalation.step, sa.func.count()).group_by(
                Escalation.clock_id, Escalation.arm, Escalation.step
            )
        ).all()
        assert len(steps) > 200
        assert {count for *_, count in steps} == {1}
        assert broken_chains(session) == []


def test_of_many_who_sign_at_once_with_one_version_one_wins(shared: sa.Engine, crowd: Town, now: datetime) -> None:
    with Session(shared, expire_on_commit=False) as session, session.begin():
        number = open_case(session, a_request(), now=now).number
        case = session.exec(select(Case).where(Case.number == number)).one()
        case_id, version = case.id or 0, case.version

    def sign(session: Session, turn: int) -> str:
        person = (crowd.li_qiang, crowd.sun_li)[turn % 2]
        doer = Doer(actors(session, session.get_one(Case, case_id), person), person)
        try:
            act(session, case_id, Action.ACCEPT, {}, by=doer, now=now, version=version)
        except ServiceError as refused:
            return refused.code
        return "signed"

    answers = at_once(shared, sign)
    assert sorted(answers) == ["conflict"] * (MANY - 1) + ["signed"]


def test_what_was_asked_while_a_decision_waited_for_the_case_is_decided_by_it(
    shared: sa.Engine, crowd: Town, now: datetime
) -> None:
    """What hangs on a case is asked after its lock: the statement that waits for the lock sees what was before."""
    at, together = now + timedelta(hours=2), Barrier(2)
    with Session(shared, expire_on_commit=False) as session, session.begin():
        case = received(session, at)[0]
        does(session, case, crowd.he_jun, Action.ACCEPT, at)

    def extend() -> None:
        with Session(shared, expire_on_commit=False) as session, session.begin():
            together.wait()
            does(session, case, crowd.chen_jing, Action.EXTEND, at, days=2, reason="等零件")

    with ThreadPoolExecutor(1) as pool:
        with Session(shared, expire_on_commit=False) as session, session.begin():
            does(session, case, crowd.he_jun, Action.REQUEST_EXTENSION, at, days=2, reason="等零件")
            extended = pool.submit(extend)
            together.wait()
            _wait_until_somebody_waits(shared)
        extended.result(timeout=30)
    with Session(shared) as session:
        asked = session.exec(select(Proposal).where(Proposal.case_id == case.id)).one()
        assert asked.outcome is Outcome.GRANTED


def _wait_until_somebody_waits(shared: sa.Engine) -> None:
    waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with shared.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.scalar(waiting):
            sleep(0.02)


def test_two_cases_joined_crosswise_at_once_are_joined_one_way(shared: sa.Engine, crowd: Town, now: datetime) -> None:
    """Each join locks both cases in the order of their ids: neither waits for the other for ever."""

    def join(session: Session, turn: int) -> str:
        one, other = pair if turn % 2 else pair[::-1]
        doer = Doer(actors(session, session.get_one(Case, one.id), crowd.chen_jing), crowd.chen_jing)
        together.wait()
        try:
            act(session, one.id or 0, Action.DUPLICATE, {"number": other.number}, by=doer, now=now)
        except ServiceError as refused:
            return refused.code
        return "joined"

    for _ in range(12):
        with Session(shared, expire_on_commit=False) as session, session.begin():
            pair = received(session, now)[0], received(session, now)[0]
        together = Barrier(2)
        answers = at_once(shared, join, times=2)
        assert answers.count("joined") == 1, answers
        with Session(shared) as session:
            statuses = [session.get_one(Case, case.id).status for case in pair]
            assert sorted(status is CaseStatus.DUPLICATE for status in statuses) == [False, True]


def test_joined_cases_are_taken_apart_while_the_other_one_is_resolved(
    shared: sa.Engine, crowd: Town, now: datetime
) -> None:
    """Both write into all cases that are joined, and lock them in one order: neither waits for the other for ever."""

    def work(session: Session, turn: int) -> str:
        case, action, answers = steps[turn]
        doer = Doer(actors(session, session.get_one(Case, case.id), crowd.chen_jing), crowd.chen_jing)
        together.wait()
        try:
            act(session, case.id or 0, action, answers, by=doer, now=now)
        except ServiceError as refused:
            return refused.code
        return "done"

    for _ in range(12):
        with Session(shared, expire_on_commit=False) as session, session.begin():
            first, second, third = (received(session, now)[0] for _ in range(3))
            for one in (second, third):
                does(session, one, crowd.chen_jing, Action.DUPLICATE, now, number=first.number)
            does(session, first, crowd.he_jun, Action.ACCEPT, now)
        steps = [
            (first, Action.RESOLVE, {"text": "修好了"}),
            (third, Action.SEPARATE, {"reason": "另一处"}),
            (second, Action.SEPARATE, {"reason": "另一处"}),
        ]
        together = Barrier(3)
        assert at_once(shared, work, times=3) == ["done"] * 3
        with Session(shared) as session:
            assert session.get_one(Case, first.id).status is CaseStatus.RESOLVED
            for one in (second, third):
                assert session.get_one(Case, one.id).duplicate_of_id is None


def test_the_same_information_sent_many_times_at_once_is_said_once(
    shared: sa.Engine, crowd: Town, now: datetime
) -> None:
    with Session(shared) as session, session.begin():
        case = received(session, now)[0].id or 0
    at_once(shared, lambda session, _: act(session, case, Action.ANSWER, {"text": "三单元"}, by=RESIDENT, now=now))

    with Session(shared) as session:
        assert session.exec(select(CaseMessage.text).where(CaseMessage.case_id == case)).all() == ["三单元"]


CAPACITY, WORKERS = 25, 40


@pytest.fixture
def team(shared: sa.Engine, crowd: Town) -> Iterator[list[int]]:
    """A community of its own in which forty people have room for a thousand cases together, and not for one more."""
    with Session(shared, expire_on_commit=False) as session, session.begin():
        far = session.get_one(Area, crowd.areas["mill"].id)
        earlier = session.scalar(sa.select(sa.func.count()).select_from(Person))
        people = [
            Person(
                login=f"team.{earlier}.{number}",
                name=f"组员{number}",
                password_hash="!",
                role=Role.WORKER,
                area_id=far.id or 0,
                capacity=CAPACITY,
                created_at=crowd.admin.created_at,
            )
            for number in range(WORKERS)
        ]
        session.add_all(people)
        session.flush()
        ids = [person.id or 0 for person in people]
        session.add_all(Duty(person_id=i, weekday=day, starts=time(0), ends=time(0)) for i in ids for day in range(7))
    yield ids
    with Session(shared) as session, session.begin():
        session.execute(sa.update(Person).where(col(Person.id).in_(ids)).values(is_active=False))


def held_by(shared: sa.Engine, ids: list[int]) -> dict[int, int]:
    """Return what each really holds, which is what is noted as their load."""
    with Session(shared) as session:
        mine = sa.select(col(Case.assignee_id), sa.func.count()).where(col(Case.assignee_id).in_(ids))
        held = {person: count for person, count in session.execute(mine.group_by(col(Case.assignee_id)))}  # noqa: C416
        noted = session.exec(select(Workload).where(col(Workload.person_id).in_(ids)))
        assert {w.person_id: w.open_cases for w in noted if w.open_cases} == held
    return held


def test_a_thousand_requests_at_once_fill_everybody_and_nobody_too_much(
    shared: sa.Engine, crowd: Town, team: list[int], now: datetime
) -> None:
    receipts = at_once(shared, lambda s, _: open_case(s, a_request(area="磨坊村"), now=now), times=1000)
    assert len({r.number for r in receipts}) == 1000
    assert held_by(shared, team) == dict.fromkeys(team, CAPACITY)
    over = at_once(shared, lambda s, _: open_case(s, a_request(area="磨坊村"), now=now), times=20)
    with Session(shared) as session:
        numbers = [r.number for r in over]
        owners = set(session.exec(select(Case.assignee_id).where(col(Case.number).in_(numbers))))
        assert None not in owners
        assert not owners & set(team)
        assert broken_chains(session) == []
    assert held_by(shared, team) == dict.fromkeys(team, CAPACITY)


def test_cases_handed_around_at_once_overfill_nobody_and_nothing_waits_for_ever(
    shared: sa.Engine, crowd: Town, team: list[int], now: datetime
) -> None:
    """Handed to a unit by many desks, while others come in and some are done: loads stay exact."""
    with Session(shared, expire_on_commit=False) as session, session.begin():
        cases = [received(session, now, area="东山社区")[0].id or 0 for _ in range(60)]
        session.execute(sa.update(Person).where(col(Person.id).in_(team)).values(capacity=2))
    boss, mill = crowd.qian_bo, crowd.areas["mill"].id

    def turn(session: Session, number: int) -> str:
        if number % 4 == 3:
            return open_case(session, a_request(area="磨坊村"), now=now).number
        case = session.get_one(Case, cases[number % len(cases)])
        doer = Doer(actors(session, case, boss), boss)
        try:
            act(session, case.id or 0, Action.TRANSFER, {"unit_id": mill, "text": "请接手"}, by=doer, now=now)
        except ServiceError as refused:
            return refused.code
        return "handed"

    answers = at_once(shared, turn, times=160)
    assert answers.count("handed") >= 50, answers
    held = held_by(shared, team)
    assert max(held.values()) == 2
    assert sum(held.values()) > WORKERS
    with Session(shared) as session:
        assert session.exec(select(Case.id).where(col(Case.assignee_id).is_(None))).all() == []


def test_loads_that_are_locked_are_true_until_the_end(shared: sa.Engine, crowd: Town, now: datetime) -> None:
    """Whoever hands out many cases at once looks and writes without anybody coming between, also the first time."""
    both = [crowd.chen_jing.id, crowd.zhou_tao.id]

    def take(session: Session, number: int) -> None:
        held = lock_loads(session, both if number % 2 else both[::-1])
        free = min(both, key=lambda i: (held[i].open_cases, i))
        if held[free].open_cases < 3:
            change_loads(session, {free: 1}, now)

    at_once(shared, take, times=40)
    with Session(shared) as session, session.begin():
        assert {i: load.open_cases for i, load in lock_loads(session, both).items()} == dict.fromkeys(both, 3)
        change_loads(session, dict.fromkeys(both, -3), now)


def test_a_late_party_is_told_once_however_many_look_at_the_same_moment(
    shared: sa.Engine, crowd: Town, now: datetime
) -> None:
    at = now + timedelta(days=100)
    with Session(shared, expire_on_commit=False) as session, session.begin():
        party = a_party(session, crowd, at, valid_until=None)
        for _ in range(3):
            case, _receipt = received(session, at)
            person = next(p for p in crowd.people.values() if p.id == case.assignee_id)
            does(session, case, person, Action.ACCEPT, at)
            a_job(session, case, party, person, at, hours=1)
    told = at_once(shared, lambda session, _: tell_late(session, at + timedelta(hours=2), most=10))
    assert sum(told) == 3
    with Session(shared) as session:
        assert session.scalar(sa.select(sa.func.count()).where(col(Notice.template) == "job_late")) == 3
        assert broken_chains(session) == []


def test_sheets_pages_and_new_cases_at_once_wait_for_nothing_for_ever(
    shared: sa.Engine, crowd: Town, now: datetime
) -> None:
    """Of sheets looked at before, one is taken over; the others are told that something was changed meanwhile."""
    content = b"login,capacity\nli.qiang,33\nsun.li,33\nzhao.min,33\n"
    with Session(shared, expire_on_commit=False) as session, session.begin():
        kept = [keep_file(session, "p.csv", content, by=crowd.admin, now=now).id or 0 for _ in range(3)]
        seen = look_at(session, "p.csv", content, by=crowd.admin, now=now).digest

    def work(session: Session, number: int) -> str:
        by = session.get_one(Person, crowd.admin.id)
        try:
            if number < len(kept):
                file, held = kept_file(session, kept[number], by=by, now=now)
                take_over(session, file, held, seen, by=by, now=now)
            elif number % 2:
                person = session.get_one(Person, crowd.zhao_min.id)
                set_skills(session, person, [(SkillKind.TOPIC, "C05")], by=by, now=now)
            else:
                open_case(session, a_request(), now=now)
        except ServiceError as refused:
            session.rollback()
            return refused.code
        return "done"

    said = at_once(shared, work)
    assert said[len(kept) :] == ["done"] * (MANY - len(kept))
    assert sorted(said[: len(kept)]).count("changed-meanwhile") >= len(kept) - 1
    with Session(shared) as session:
        assert broken_chains(session) == []
