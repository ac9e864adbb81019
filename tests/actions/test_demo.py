"""The demo is a whole town with a month behind it: every page finds something, and nothing in it is broken."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from service.accounts.passwords import matches
from service.accounts.rules import Role, check_password
from service.accounts.tables import Person
from service.areas import queries as areas
from service.areas.locating import locate_point
from service.areas.rules import AreaLevel
from service.areas.tables import Area
from service.assignments.tables import Assignment
from service.audit.queries import broken_chains
from service.cases.rules import ENDED, CaseStatus
from service.cases.tables import Case
from service.categories.tables import Category
from service.clocks import queries as clocks
from service.clocks.tables import ClockRow
from service.commissions.queries import waiting_for
from service.commissions.rules import JobState
from service.commissions.tables import PartyJob
from service.demo import SIGN_INS, seed
from service.demo.shapes import Lattice, communities
from service.demo.town import COUNTY_CODE
from service.duplicates.heat import hot_issues
from service.escalations.queries import board
from service.handling.queues import Ask, claimable, queue
from service.outbox.rules import NoticeState
from service.outbox.tables import Notice
from service.parts.rates import reliability
from service.parts.tables import Part
from service.routing import queries as routing
from service.routing.catalogue import dated, deciding, proposals, return_rates, versions
from service.routing.coverage import cover
from service.routing.directory import Directory
from service.routing.queries import directory
from service.routing.tables import RoutingDecisionRow
from service.routing.versions import ProposalState, standing
from service.secrecy import decrypt
from service.watch.queries import alarms
from sla_policies.clock import ClockState
from tests.people import MONDAY_8

LATE_AT_MOST = 0.14


@pytest.fixture(scope="module")
def demo(engine: sa.Engine) -> Iterator[Session]:
    """The demo in a transaction that never commits: seeded once, since it takes a month."""
    with engine.connect() as connection:
        outer = connection.begin()
        routing._known = areas._known = clocks._installed = None
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            assert seed(session, MONDAY_8)
            yield session
        outer.rollback()
        routing._known = areas._known = clocks._installed = None


@pytest.fixture(scope="module")
def known(demo: Session) -> Directory:
    return directory(demo)


def person(session: Session, login: str) -> Person:
    return session.exec(select(Person).where(Person.login == login)).one()


def count(session: Session, *conditions: sa.ColumnElement[bool]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(Case).where(*conditions)) or 0


def test_seeding_twice_changes_nothing(demo: Session) -> None:
    tables = [table for table in SQLModel.metadata.sorted_tables if table.name != "directory_version"]

    def rows() -> dict[str, int]:
        return {t.name: demo.scalar(sa.select(sa.func.count()).select_from(t)) or 0 for t in tables}

    before = rows()
    assert not seed(demo, MONDAY_8 + timedelta(days=3))
    assert rows() == before
    assert before["cases"] > 300
    assert before["people"] >= 60


def test_many_ask_for_one_matter_and_the_board_shows_it(demo: Session) -> None:
    ((issue, lead), *_) = hot_issues(demo, person(demo, "he.jun"), most=5)
    assert (issue.reporters, issue.open_cases) == (4, 3)
    assert "消防通道" in lead.text
    assert count(demo, col(Case.duplicate_of_id) == lead.id) == 1


def test_the_county_has_two_sub_districts_and_twenty_communities_and_villages(known: Directory) -> None:
    levels = [p.level for p in known.areas.grounds]
    assert [levels.count(level) for level in AreaLevel][:3] == [1, 2, 20]
    names = [p.name for p in known.areas.grounds if p.level is AreaLevel.COMMUNITY]
    assert any(name.endswith("村") for name in names)
    assert known.areas.by_code[COUNTY_CODE].name == "江城区"


def test_every_area_has_a_path_from_the_root_and_a_desk_to_call(demo: Session) -> None:
    areas = {a.id: a for a in demo.exec(select(Area))}
    for area in areas.values():
        above = areas[area.parent_id].path if area.parent_id else "/"
        assert area.path == f"{above}{area.id}/"
        assert area.desk_name, area.name
        assert area.desk_name_en, area.name
        assert area.phone.startswith("0500-"), area.name


def test_a_point_anywhere_in_a_community_is_found_in_it_and_in_one_of_its_grids(known: Directory) -> None:
    dice, lattice = random.Random(1), Lattice()
    for cells in communities().values():
        homes = set()
        for cell in cells:
            lon, lat = lattice.inside(cell, dice)
            found = locate_point(known.areas, lat=lat, lon=lon)
            assert found is not None, (lon, lat)
            assert found.place.level is AreaLevel.GRID
            homes.add(known.areas.at_level(found.place.id, AreaLevel.COMMUNITY).id)
        assert len(homes) == 1


@pytest.mark.parametrize("inner", [AreaLevel.SUBDISTRICT, AreaLevel.COMMUNITY, AreaLevel.GRID])
def test_the_areas_of_a_level_tile_the_county_without_gap_or_overlap(known: Directory, inner: AreaLevel) -> None:
    shapely = pytest.importorskip("shapely")
    drawn = {i: shapely.from_geojson(text) for i, text in known.areas.outlines.items()}
    county = drawn[known.areas.by_code[COUNTY_CODE].id]
    parts = [drawn[p.id] for p in known.areas.grounds if p.level is inner]
    assert all(part.is_valid for part in parts)
    assert sum(part.area for part in parts) == pytest.approx(county.area)
    assert shapely.union_all(parts).symmetric_difference(county).area == pytest.approx(0, abs=1e-12)
    for place in known.areas.grounds:
        if place.parent_id is not None:
            assert drawn[place.parent_id].buffer(1e-9).covers(drawn[place.id]), place.name


def test_the_catalogue_has_fourteen_groups_and_fifty_six_topics_in_both_languages(demo: Session) -> None:
    rows = demo.exec(select(Category)).all()
    groups, topics = [c for c in rows if c.parent_code is None], [c for c in rows if c.parent_code is not None]
    assert (len(groups), len([c for c in topics if len(c.parent_code or "") == 1])) == (14, 56)
    assert all(c.elsewhere for c in topics if len(c.parent_code or "") > 1), "a third level says where else to go"
    assert all(c.name and c.name_en and c.name != c.name_en for c in rows)
    assert all(c.keywords for c in topics if c.code != "Z99")


def test_every_role_is_there_and_can_sign_in_with_the_password_that_is_shown(demo: Session) -> None:
    assert {role for _, _, role, _ in SIGN_INS} == set(Role)
    for login, password, role, sees in SIGN_INS:
        somebody = person(demo, login)
        assert somebody.role == role
        assert sees
        check_password(password, login=login)
    assert matches(SIGN_INS[0][1], person(demo, SIGN_INS[0][0]).password_hash)[0]


@pytest.mark.parametrize(("role", "level"), [(Role.TRIAGE, AreaLevel.SUBDISTRICT), (Role.DISTRICT, AreaLevel.COUNTY)])
def test_at_every_hour_of_the_week_somebody_sits_at_the_desk(known: Directory, role: Role, level: AreaLevel) -> None:
    for place in (p for p in known.areas.places.values() if p.level is level):
        team = known.staff(place.id, role)
        for half_hour in range(7 * 48):
            at = MONDAY_8 + timedelta(minutes=30 * half_hour)
            assert any(known.is_on_duty(p, at) for p in team), (place.name, at)


def test_some_communities_have_no_head_and_somebody_is_away_with_a_substitute(known: Directory) -> None:
    communities = [p for p in known.areas.places.values() if p.level is AreaLevel.COMMUNITY]
    headless = [p.name for p in communities if not known.staff(p.id, Role.HEAD)]
    assert 1 <= len(headless) <= 5
    assert all(known.staff(p.id, Role.WORKER) for p in communities)
    away = [a for p in known.people.values() for a in p.absences if a.covers(MONDAY_8)]
    assert any(a.substitute_id for a in away)


def test_every_status_occurs(demo: Session) -> None:
    there = set(demo.exec(select(Case.status).distinct()))
    assert there == set(CaseStatus)


def test_every_open_case_has_one_holder_and_a_live_clock_and_every_case_was_held(demo: Session) -> None:
    held = set(demo.exec(select(Assignment.case_id)))
    holding = list(demo.exec(select(Assignment.case_id).where(col(Assignment.ended_at).is_(None))))
    live = set(
        demo.exec(select(ClockRow.case_id).where(col(ClockRow.state).in_([ClockState.RUNNING, ClockState.PAUSED])))
    )
    for case in demo.exec(select(Case)):
        assert case.id in held, case.number
        is_open = case.status not in ENDED
        assert holding.count(case.id or 0) == is_open, case.number
        assert (case.id in live) == is_open, case.number


def test_nothing_is_wrong_in_the_eyes_of_the_watch_and_no_history_is_broken(demo: Session) -> None:
    assert alarms(demo, MONDAY_8) == []
    assert broken_chains(demo) == []


def test_the_first_workers_queue_has_something_under_every_tab(demo: Session) -> None:
    counts = queue(demo, person(demo, "li.qiang"), Ask(), MONDAY_8).counts
    assert all(counts.values()), counts


@pytest.mark.parametrize("login", ["chen.jing", "zhou.tao", "qian.bo"])
def test_every_board_has_something_to_decide(demo: Session, known: Directory, login: str) -> None:
    seen = board(demo, person(demo, login), known, MONDAY_8)
    assert seen.breached
    assert seen.soon
    assert seen.unassigned
    assert seen.unacknowledged
    assert len(seen.communities) > 3


def test_most_of_what_is_done_was_done_in_time_and_some_was_late(demo: Session) -> None:
    done = col(Case.status).in_(ENDED)
    late = count(
        demo, done, col(Case.id).in_(sa.select(ClockRow.case_id).where(col(ClockRow.breached_at).is_not(None)))
    )
    assert 0 < late / count(demo, done) < LATE_AT_MOST


def test_nothing_happens_after_now_or_before_it_was_received(demo: Session) -> None:
    entries = SQLModel.metadata.tables["audit_entries"]
    latest = demo.scalar(sa.select(sa.func.max(entries.c.at)))
    assert latest is not None
    assert latest <= MONDAY_8
    of_cases = sa.select(entries.c.at).where(entries.c.subject_kind == "case").order_by(entries.c.id)
    moments: list[datetime] = list(demo.scalars(of_cases))
    assert moments == sorted(moments)


def test_the_past_has_been_told_already(demo: Session) -> None:
    waiting = select(Notice).where(Notice.state == NoticeState.WAITING)
    assert all(n.next_try_at > MONDAY_8 - timedelta(minutes=10) for n in demo.exec(waiting))


def test_residents_can_be_called_on_numbers_that_nobody_has(demo: Session) -> None:
    contacts = [decrypt(c.contact) for c in demo.exec(select(Case)) if c.contact is not None]
    assert len(contacts) > 200
    assert all('"13800000' in contact for contact in contacts)


def test_the_dispatch_table_has_versions_a_coming_one_and_an_open_dispute(demo: Session, known: Directory) -> None:
    rows = versions(demo)
    assert [standing(dated(row), dated(deciding(demo, MONDAY_8)), MONDAY_8) for row in rows] == [
        "planned",
        "in_force",
        "superseded",
        "superseded",
        "superseded",
        "superseded",
    ]
    (asked,) = proposals(demo, ProposalState.WAITING)
    assert demo.get_one(Case, asked.case_id).status is CaseStatus.RETURNED
    assert cover(known, MONDAY_8).open_gaps == ()
    assert cover(known, MONDAY_8).idle == ()
    assert any(returned for _, returned in return_rates(demo, MONDAY_8 - timedelta(days=90)).values())
    decided = demo.exec(select(RoutingDecisionRow.rule_version).where(col(RoutingDecisionRow.rule_id).is_not(None)))
    assert set(decided) == {row.id for row in rows[1:]}


def test_outside_parties_have_jobs_in_every_state_that_a_visitor_should_see(demo: Session) -> None:
    jobs = demo.exec(select(PartyJob)).all()
    states = {job.state for job in jobs}
    assert states >= {JobState.TAKEN, JobState.REPORTED, JobState.APPROVED, JobState.REFUSED}
    assert any(job.late_at is not None and job.state is JobState.TAKEN for job in jobs)
    assert any(job.turn > 1 for job in jobs)
    assert sum(job.cost for job in jobs) > 0
    caller = person(demo, "li.qiang")
    waiting = waiting_for(demo, caller, MONDAY_8)
    assert {row.job.state for row in waiting.jobs} == {JobState.TAKEN, JobState.REPORTED}


def test_desks_work_together_came_late_to_a_whistle_and_one_case_waits_to_be_taken(demo: Session) -> None:
    parts = demo.exec(select(Part)).all()
    assert {str(part.state) for part in parts} >= {"asked", "accepted", "done"}
    assert sorted(part.score for part in parts if part.score is not None) == [3, 5]
    bureau, lake = reliability(demo, person(demo, "chen.jing"), MONDAY_8)
    assert bureau.unit_id in areas.area_tree(demo).departments, "the least reliable stands on top"
    assert bureau.late + bureau.missing
    assert lake.in_time
    (waits,) = claimable(demo, person(demo, "li.qiang"))
    assert (waits.status, waits.assignee_id) == (CaseStatus.RECEIVED, None)
