"""A filled database is a true one: nothing in it is broken, and every page finds its way about in it."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.tables import Person
from service.assignments.tables import Workload
from service.audit.queries import chains
from service.audit.tables import AuditEntry
from service.cases.numbers import is_case_number
from service.cases.queries import by_number, contact_of, without_history
from service.cases.rules import ENDED, CaseStatus
from service.cases.tables import Case
from service.clocks.queries import as_clock, book
from service.clocks.tables import ClockRow
from service.demo import city, shelves
from service.demo.city import TRACKING_CODE, City, real_cases, seed_city
from service.demo.filling import CONSTRAINTS
from service.demo.moulds import moulds_of
from service.escalations.queries import board
from service.handling.queries import actors, resident_case, staff_case, view
from service.handling.queues import Ask, queue
from service.outbox.tables import Notice
from service.routing import queries as routing
from service.routing.queries import directory
from service.secrecy import blind_index, token_hash
from service.timekeeping import ZONE
from service.watch.queries import alarms
from sla_policies.clock import ClockState
from sla_policies.counted_days import TimeKind
from tests.bench.pages import TRACKED, opened_by
from tests.builders import received
from tests.people import MONDAY_8

CASES, OPEN = 3_000, 400
NOW = MONDAY_8 + timedelta(hours=3)
TABLES = {"tables": [str(table.__tablename__) for table in city.TABLES]}


INDEXES = sa.text("SELECT indexdef FROM pg_indexes WHERE tablename = ANY(:tables) ORDER BY 1")


def defined(session: Session) -> list[object]:
    return [tuple(row) for what in (CONSTRAINTS, INDEXES) for row in session.execute(what, TABLES)]


@pytest.fixture(scope="module")
def made(engine: sa.Engine) -> Iterator[tuple[Session, City, list[object]]]:
    """A small city in a transaction that never commits, its indexes taken off and built again."""
    with engine.connect() as connection, pytest.MonkeyPatch.context() as patch:
        outer = connection.begin()
        routing._known = None
        patch.setattr(shelves, "MANY", 4 * CASES)
        patch.setattr(city, "REBUILD_FROM", 0)
        patch.setattr(city, "A_BATCH", 700)
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            before = defined(session)
            yield session, seed_city(session, CASES, NOW, open_cases=OPEN), before
        outer.rollback()
        routing._known = None


@pytest.fixture(scope="module")
def filled(made: tuple[Session, City, list[object]]) -> Session:
    return made[0]


def count(session: Session, *conditions: sa.ColumnElement[bool]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(Case).where(*conditions)) or 0


def is_cast() -> sa.ColumnElement[bool]:
    return col(Case.code_hash) == token_hash(TRACKING_CODE)


def casts(session: Session, most: int = 60) -> list[Case]:
    return random.Random(3).sample(list(session.exec(select(Case).where(is_cast()))), most)


def test_so_many_were_asked_for_and_so_many_are_there(made: tuple[Session, City, list[object]]) -> None:
    session, told, _ = made
    assert (told.cases, told.open) == (CASES, OPEN)
    assert count(session, is_cast()) == CASES
    assert count(session, is_cast(), col(Case.status).not_in(ENDED)) == OPEN
    assert real_cases(session) == 0


def test_the_watch_finds_nothing(filled: Session) -> None:
    assert alarms(filled, NOW) == []


def test_no_cast_falls_due_before_a_million_of_them_are_written(filled: Session) -> None:
    of_casts = sa.select(col(Case.id)).where(is_cast())
    first = filled.scalar(sa.select(sa.func.min(ClockRow.next_action_at)).where(col(ClockRow.case_id).in_(of_casts)))
    assert first is not None
    assert first >= NOW + timedelta(minutes=25)


def test_every_history_is_whole_and_every_case_has_one(filled: Session) -> None:
    found = chains(filled)
    assert found.broken == []
    assert found.entries > 5 * CASES
    assert without_history(filled) == []


def test_indexes_and_constraints_are_what_they_were(made: tuple[Session, City, list[object]]) -> None:
    session, _, before = made
    assert len(before) > 30
    assert defined(session) == before


def test_nothing_happened_later_than_now(filled: Session) -> None:
    for moment in (Case.received_at, Case.updated_at, AuditEntry.at, Notice.created_at, Notice.sent_at):
        assert filled.scalar(sa.select(sa.func.max(moment))) <= NOW


def test_a_number_says_the_day_on_which_its_case_came_in(filled: Session) -> None:
    numbers = dict(filled.execute(sa.select(col(Case.number), col(Case.received_at))).all())
    assert all(is_case_number(number) for number in numbers)
    assert all(number.startswith(f"{at.astimezone(ZONE):%Y%m%d}-") for number, at in numbers.items())


def test_ids_follow_the_order_in_which_casts_came_in(filled: Session) -> None:
    rows = sorted(((case.id or 0, case.received_at) for case in casts(filled, 400)), key=lambda row: row[0])
    seconds = [at.replace(microsecond=0) for _, at in rows]
    assert seconds == sorted(seconds)


def test_the_next_case_gets_an_id_and_a_number_that_nobody_has(filled: Session) -> None:
    last = filled.scalar(sa.select(sa.func.max(Case.id))) or 0
    with filled.begin_nested() as savepoint:
        case, _ = received(filled, NOW, area="湖滨社区")
        assert (case.id or 0) > last
        clocks = filled.scalars(sa.select(col(ClockRow.id)).where(col(ClockRow.case_id) == case.id)).all()
        assert len(clocks) > 0
        savepoint.rollback()


def test_everybody_holds_what_their_load_says(filled: Session) -> None:
    held = Counter(filled.scalars(sa.select(col(Case.assignee_id)).where(col(Case.status).not_in(ENDED))))
    del held[None]
    loads = {load.person_id: load.open_cases for load in filled.exec(select(Workload)) if load.open_cases}
    assert loads == dict(held)


def test_texts_are_as_long_as_real_ones_and_differ(filled: Session) -> None:
    lengths = sorted(filled.scalars(sa.select(sa.func.length(col(Case.text))).where(col(Case.language) == "zh")))
    middle, long = lengths[len(lengths) // 2], lengths[int(len(lengths) * 0.95)]
    assert 100 < middle < 260
    assert 700 < long < 1_700
    texts = filled.scalar(sa.select(sa.func.count(sa.distinct(col(Case.text))))) or 0
    assert texts > CASES * 0.5


def test_a_contact_can_be_read_and_its_telephone_number_found(filled: Session) -> None:
    reachable = [case for case in casts(filled) if case.phone_index]
    assert len(reachable) > 20
    assert all(blind_index(contact_of(case)["phone"]) == case.phone_index for case in reachable)


def test_places_and_states_are_skewed(filled: Session) -> None:
    places = Counter(filled.scalars(sa.select(col(Case.area_id)))).most_common()
    assert places[0][1] > 4 * places[len(places) // 2][1]
    states = set(filled.scalars(sa.select(col(Case.status))))
    assert states >= {CaseStatus.CLOSED, CaseStatus.RESOLVED, CaseStatus.IN_PROGRESS, CaseStatus.ASSIGNED}


def test_a_running_clock_is_due_when_its_events_say(filled: Session) -> None:
    running = select(ClockRow).where(ClockRow.state == ClockState.RUNNING, ClockRow.kind == TimeKind.ELAPSED)
    clocks = list(filled.exec(running.order_by(col(ClockRow.id).desc()).limit(200)))
    assert len(clocks) == 200
    assert all(as_clock(row, book(filled, row.book_hash)).due_at == row.due_at for row in clocks)


def test_the_pages_show_them(filled: Session) -> None:
    known = directory(filled)
    for login in ("chen.jing", "qian.bo"):
        person = filled.exec(select(Person).where(Person.login == login)).one()
        seen = board(filled, person, known, NOW)
        assert seen.open > 0
        assert seen.breached_count == len(seen.breached) or len(seen.breached) == 200
        assert queue(filled, person, Ask(mine=False), NOW).counts["all"] == seen.open
    for case in casts(filled, 15):
        assert staff_case(filled, case.number, person).id == case.id
        assert view(filled, case, actors(filled, case, person)).timeline
        assert resident_case(filled, case.number, TRACKING_CODE, ip="192.0.2.1", now=NOW).id == case.id
    assert by_number(filled, "20260101-00001-0") is None


def test_the_bench_finds_residents_pages_where_most_cases_have_codes_of_their_own(filled: Session) -> None:
    code, connection = token_hash(TRACKING_CODE), filled.connection()
    with filled.begin_nested() as savepoint:
        kept = {case.number for case in casts(filled, TRACKED + 6)}
        own = sa.update(Case).where(col(Case.number).not_in(kept)).values(code_hash=token_hash("another"))
        filled.execute(own)
        for share in (0.0001, 100.0):
            found = opened_by(connection, code, share)
            assert len(set(found)) == TRACKED
            assert set(found) <= kept
        filled.execute(sa.update(Case).values(code_hash=token_hash("another")))
        with pytest.raises(SystemExit, match="No case here has the code of `jiban seed city`"):
            opened_by(connection, code, 1.0)
        savepoint.rollback()
    filled.expire_all()


def test_a_case_that_names_another_is_no_mould(filled: Session) -> None:
    with filled.begin_nested() as savepoint:
        case = casts(filled, 1)[0]
        assert len(moulds_of(filled, [case.id or 0])) == 1
        case.duplicate_of_id = filled.scalar(sa.select(sa.func.min(Case.id)))
        filled.flush()
        assert moulds_of(filled, [case.id or 0]) == []
        savepoint.rollback()
    filled.expire_all()
