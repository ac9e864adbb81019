"""A department is a desk without ground: cases are given to it, and none lies in it."""

from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from service.accounts.rules import Role
from service.areas.actions import add_area, change_area
from service.areas.datum import Datum
from service.areas.details import NO_GROUND, NOTHING_IN_A_DEPARTMENT, AreaDetails
from service.areas.exporting import areas_as_csv
from service.areas.importing import look_at, take_over
from service.areas.locating import locate_text
from service.areas.queries import area_by_code, area_tree
from service.areas.redrawing import change_boundary
from service.areas.rules import AreaLevel
from service.areas.tables import Area
from service.audit.changes import changes_of, version_of
from service.cases.queries import visible_to
from service.cases.rules import Action
from service.cases.tables import Case
from service.errors import InvalidFieldsError
from service.escalations.rules import Held, recipients
from service.parts.calling import Blow, blow
from service.parts.offering import offered
from service.parts.tables import Part
from service.rezoning.rules import Change, ChangeKind, check_change
from service.rosters.coverage import teams
from service.routing import importing as rule_file
from service.routing.actions import add_line
from service.routing.classes import Classes
from service.routing.details import RuleDetails
from service.routing.publishing import publish
from service.routing.queries import directory
from tests.builders import does, received
from tests.departments import CODE, NAME, NAME_EN, Department, add_department
from tests.people import Town, square


@pytest.fixture
def bureau(session: Session, town: Town, now: datetime) -> Department:
    return add_department(session, town, now)


def sees(session: Session, person: Any, case: Case) -> bool:
    gate = visible_to(person.id, person.role, person.area_id)
    return session.scalar(sa.select(sa.func.count()).select_from(Case).where(Case.id == case.id, gate)) == 1


def test_its_history_says_what_it_is(session: Session, bureau: Department) -> None:
    (row,) = changes_of(session, ["area"], subject_id=bureau.area.id).rows
    assert row["data"]["level"] == [None, "department"]


@pytest.mark.parametrize("level", [AreaLevel.COMMUNITY, AreaLevel.GRID])
def test_nothing_lies_in_it(session: Session, town: Town, bureau: Department, now: datetime, level: AreaLevel) -> None:
    inside = AreaDetails("一科", "Section 1", bureau.area.id, "一科", "Section 1")
    with pytest.raises(InvalidFieldsError) as refused:
        add_area(session, inside, code="X1", level=level, by=town.admin, now=now)
    assert refused.value.fields == {"parent_id": NOTHING_IN_A_DEPARTMENT}


def test_an_area_cannot_move_into_it(session: Session, town: Town, bureau: Department, now: datetime) -> None:
    grid = town.areas["shore_grid"]
    details = AreaDetails(grid.name, grid.name_en, bureau.area.id, grid.desk_name, grid.desk_name_en)
    with pytest.raises(InvalidFieldsError) as refused:
        change_area(session, grid.id or 0, details, by=town.admin, now=now)
    assert refused.value.fields == {"parent_id": NOTHING_IN_A_DEPARTMENT}
    move = Change(ChangeKind.MOVE, grid.id or 0, bureau.area.id, effective_on=now.date(), reason="划转")
    with pytest.raises(InvalidFieldsError) as refused:
        check_change(move, area_tree(session), now.date())
    assert refused.value.fields == {"target_id": NOTHING_IN_A_DEPARTMENT}


@pytest.mark.parametrize(("one", "other"), [("bureau", "shore"), ("shore", "bureau")])
def test_a_department_and_a_community_are_not_merged(
    session: Session, town: Town, bureau: Department, now: datetime, one: str, other: str
) -> None:
    ids = {"bureau": bureau.area.id or 0, "shore": town.areas["shore"].id or 0}
    merge = Change(ChangeKind.MERGE, ids[one], ids[other], effective_on=now.date(), reason="合并")
    with pytest.raises(InvalidFieldsError) as refused:
        check_change(merge, area_tree(session), now.date())
    assert "department" in refused.value.fields["target_id"]


def test_it_gets_no_boundary(session: Session, town: Town, bureau: Department, now: datetime) -> None:
    drawn, seen = square(118.0, 32.0, 0.01), version_of(session, "area", bureau.area.id or 0)
    with pytest.raises(InvalidFieldsError) as refused:
        change_boundary(session, bureau.area.id or 0, drawn, by=town.admin, now=now, seen=seen)
    assert refused.value.fields == {"form": NO_GROUND}
    written = sa.update(Area).where(col(Area.id) == bureau.area.id).values(boundary=drawn)
    with pytest.raises(IntegrityError):
        session.execute(written)


def test_no_place_is_found_by_its_name_and_nothing_comes_in_there(
    session: Session, town: Town, bureau: Department, now: datetime
) -> None:
    found = locate_text(area_tree(session), f"{NAME}门口")
    assert found is not None
    assert found.place.id == town.areas["county"].id, "its name begins with the county's"
    for said in (CODE, NAME, NAME_EN):
        with pytest.raises(InvalidFieldsError) as refused:
            received(session, now, area=said)
        assert set(refused.value.fields) == {"area"}
    case, _ = received(session, now)
    with pytest.raises(InvalidFieldsError) as refused:
        does(session, case, town.chen_jing, Action.RELOCATE, now, area_id=bureau.area.id, reason="wrong_place")
    assert set(refused.value.fields) == {"area_id"}
    session.refresh(case)
    assert case.area_id == town.areas["shore"].id


def test_a_line_of_the_catalogue_gives_its_matters_to_its_people(
    session: Session, town: Town, bureau: Department, now: datetime
) -> None:
    add_line(session, RuleDetails("C", target_area_id=bureau.area.id), by=town.admin, now=now)
    publish(session, "谁管理谁负责", None, by=town.admin, now=now)
    case, receipt = received(session, now)
    assert (case.unit_id, case.assignee_id, case.area_id) == (
        bureau.area.id,
        bureau.worker.id,
        town.areas["shore"].id,
    )
    assert receipt.desk_id == bureau.area.id
    assert sees(session, bureau.worker, case)
    assert sees(session, bureau.head, case)
    assert sees(session, town.he_jun, case), "it lies in his community"
    assert not sees(session, town.zhou_tao, case)
    done = does(session, case, bureau.worker, Action.ACCEPT, now)
    assert done.status == "accepted"


def test_no_line_asks_whether_a_case_lies_in_it(
    session: Session, town: Town, bureau: Department, now: datetime
) -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        add_line(session, RuleDetails("C", area_id=bureau.area.id), by=town.admin, now=now)
    assert "area" in refused.value.fields
    sheet = f"category,area,to_level,to_role\nC,{CODE},community,worker\n,,community,worker\n"
    seen = rule_file.look_at(session, "x.csv", sheet.encode())
    assert [(told.row, told.column) for told in seen.faults] == [(2, "area")]


def test_a_case_is_handed_to_it_and_climbs_to_its_head_and_past_it_to_the_county(
    session: Session, town: Town, bureau: Department, now: datetime
) -> None:
    case, _ = received(session, now)
    does(session, case, town.chen_jing, Action.TRANSFER, now, unit_id=bureau.area.id, text="职权在城管")
    session.refresh(case)
    assert (case.unit_id, case.assignee_id) == (bureau.area.id, bureau.worker.id)
    held, known = Held(case.area_id, case.unit_id, case.assignee_id), directory(session)

    def told(role: str) -> list[str]:
        return [person.name for person in recipients([role], held, known, now)]

    assert told("handler") == ["覃霞"]
    assert told("community_head") == ["姚志远"]
    assert told("subdistrict_supervisor") == ["钱波"], "no sub-district stands between"
    assert told("district_desk") == ["钱波"]


def test_an_office_of_a_sub_district_climbs_through_it(session: Session, town: Town, now: datetime) -> None:
    office = add_department(session, town, now, above="lake")
    held, known = Held(town.areas["shore"].id or 0, office.area.id or 0, office.worker.id), directory(session)
    assert [p.name for p in recipients(["subdistrict_supervisor"], held, known, now)] == ["陈静"]


def test_a_community_calls_it_with_a_whistle(session: Session, town: Town, bureau: Department, now: datetime) -> None:
    case, _ = received(session, now)
    offers = offered(case.area_id, case.unit_id, case.assignee_id, directory(session))
    assert [place.name for place in offers.departments] == [NAME]
    assert NAME not in {place.name for place in offers.others}
    holder = town.li_qiang if case.assignee_id == town.li_qiang.id else town.sun_li
    does(session, case, holder, Action.ACCEPT, now)
    given = Blow("felt", "湖滨路 3 号", 30, "请到场", 24, [f"unit:{bureau.area.id}"])
    blow(session, case.id or 0, given, by=holder, now=now)
    part = session.scalars(sa.select(Part)).one()
    assert (part.unit_id, part.person_id) == (bureau.area.id, bureau.worker.id)


def test_coverage_looks_for_gaps_where_cases_can_lie_and_counts_its_desk_by_day(
    session: Session, town: Town, bureau: Department, now: datetime
) -> None:
    known = directory(session)
    classes = Classes(known.table(now), known, now)
    assert bureau.area.id not in {i for one in classes.areas for i in one.areas}
    (team,) = [team for team in teams(session) if team.place.id == bureau.area.id]
    assert team.roles == (Role.WORKER, Role.HEAD)
    assert {person.id for person in team.people} == {bureau.head.id, bureau.worker.id}


SHEET = "code,name,level,parent\n990100-SJ,市场监管局,{level},{parent}\n"


@pytest.mark.parametrize("word", ["部门", "department", "Department", "科室"])
def test_a_sheet_names_it_among_the_levels(session: Session, town: Town, now: datetime, word: str) -> None:
    text = SHEET.format(level=word, parent="990101001")
    take_over(session, "x.csv", text.encode(), Datum.WGS84, by=town.admin, now=now)
    made = area_by_code(session, "990100-SJ")
    assert made is not None
    assert (made.is_department, made.level, made.parent_id) == (True, AreaLevel.COMMUNITY, town.areas["lake"].id)
    written = areas_as_csv(session)
    assert "990100-SJ,市场监管局,department,990101001" in written.decode("utf-8-sig")
    again = look_at(session, "x.csv", written)
    assert (again.faults, again.added, again.changed) == ([], [], [])


@pytest.mark.parametrize(
    ("rows", "column", "sentence"),
    [
        ("990100-CG,城管,community,990100\n", "level", "another level"),
        ("X9,九科,department,990100-CG\n", "parent", "Nothing lies in a department"),
        ("X9,九科,grid,990100-CG\n", "parent", "Nothing lies in a department"),
        ("X9,九科,department,990101001001\n", "parent", "higher level"),
        ("X9,九科,department,\n", "parent", "Please name the code"),
        ("X8,八科,department,990100\nX9,九科,grid,X8\n", "parent", "Nothing lies in a department"),
        ("X9,九科,bureaucracy,990100\n", "level", "grid or department"),
    ],
)
def test_what_a_sheet_cannot_say_of_it_is_told(
    session: Session, bureau: Department, rows: str, column: str, sentence: str
) -> None:
    seen = look_at(session, "x.csv", f"code,name,level,parent\n{rows}".encode())
    assert [(told.column, sentence in told.sentence) for told in seen.faults] == [(column, True)]


def test_a_drawing_with_a_boundary_for_it_is_refused(session: Session, bureau: Department) -> None:
    drawing = (
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"code": "990100-CG",'
        ' "name": "城管"}, "geometry": {"type": "Polygon", "coordinates": [[[118, 32], [118.1, 32], [118, 32.1],'
        " [118, 32]]]}}]}"
    )
    (told,) = look_at(session, "x.geojson", drawing.encode()).faults
    assert (told.column, told.sentence) == ("boundary", NO_GROUND)
