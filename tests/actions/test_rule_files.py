"""The dispatch catalogue as a sheet and as YAML: out and in again, whole or not at all."""

import csv
from datetime import datetime
from io import BytesIO, StringIO

import pytest
from openpyxl import Workbook, load_workbook
from sqlmodel import Session

from service.accounts.rules import Role
from service.areas.rules import AreaLevel
from service.audit.queries import broken_chains
from service.errors import NotAllowedError
from service.intake.forms import Channel, FocusGroup
from service.routing import sheets
from service.routing.actions import add_line
from service.routing.catalogue import draft, lines_in, newest, says_in
from service.routing.details import CHANNELS, FOCUS_GROUPS, RuleDetails
from service.routing.importing import Plan, as_rows, look_at, take_over
from service.routing.publishing import publish
from service.sheets import FileUnreadableError, ImportRefusedError
from tests.people import Town

GOOD = "category,area,hours,channels,to_level,to_unit,to_person,to_role,note\n"


def sheet(*rows: str) -> bytes:
    return (GOOD + "\n".join(rows) + "\n").encode()


def faults(plan: Plan) -> list[tuple[int, str]]:
    return [(one.row, one.column) for one in plan.faults]


def full_table(session: Session, town: Town, now: datetime) -> None:
    rich = RuleDetails(
        "C05", town.areas["lake"].id, "夜间", ("phone", "web"), ("elderly",), ("G3", "C"), AreaLevel.SUBDISTRICT,
        target_role=Role.TRIAGE, is_pool=True, party="供电公司", note="=1+1 是说明，不是公式",
    )  # fmt: skip
    add_line(session, rich, by=town.admin, now=now)
    add_line(session, RuleDetails(target_person_id=town.li_qiang.id, is_active=False), by=town.admin, now=now)
    add_line(session, RuleDetails(target_area_id=town.areas["hill"].id, grades=("G1",)), by=town.admin, now=now)
    publish(session, "先试一试", None, by=town.admin, now=now)


@pytest.mark.parametrize("kind", ["csv", "xlsx", "yaml"])
def test_what_is_written_is_read_again_as_it_was(session: Session, town: Town, now: datetime, kind: str) -> None:
    full_table(session, town, now)
    before = newest(session)
    content = getattr(sheets, f"as_{kind}")(as_rows(session, before))

    seen = look_at(session, f"table.{kind}", content)
    assert (seen.faults, seen.differs.is_none) == ((), True)
    version = take_over(session, f"table.{kind}", content, by=town.admin, now=now)
    assert says_in(session, version.id or 0) == says_in(session, before.id or 0)
    assert not broken_chains(session)


def test_no_cell_of_a_sheet_is_run(session: Session, town: Town, now: datetime) -> None:
    add_line(
        session,
        RuleDetails(target_level=AreaLevel.COUNTY, party="+86", note="=cmd|' /C calc'!A0"),
        by=town.admin,
        now=now,
    )
    publish(session, "先试一试", None, by=town.admin, now=now)
    rows = as_rows(session, newest(session))

    for line in csv.reader(StringIO(sheets.as_csv(rows).decode("utf-8-sig"))):
        assert not [cell for cell in line if cell[:1] in ("=", "+", "-", "@")]
    cells = [cell for row in load_workbook(BytesIO(sheets.as_xlsx(rows))).active.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "inlineStr"}
    assert not [cell.value for cell in cells if str(cell.value or "")[:1] in ("=", "+")]


def test_rows_may_be_written_in_chinese(session: Session, town: Town, now: datetime) -> None:
    headings = "类别,区域,时段,渠道,重点人群,等级,派往层级,岗位,公共池,启用,备注"
    row = "C05,望湖街道,周一至周五 08:30-17:30,电话、网页,老年人,紧急,街道,值班席,是,否,路灯"
    text = f"{headings}\n{row}\n"
    (line,) = look_at(session, "表.csv", text.encode("gb18030")).lines
    says = line.says
    assert (says["hours"], says["channels"], says["focus_groups"]) == (
        "Mon-Fri 08:30-17:30",
        ["phone", "web"],
        ["elderly"],
    )
    assert (says["grades"], says["target_level"], says["target_role"]) == (["G1"], "subdistrict", "triage")
    assert (says["area_id"], says["is_pool"], says["is_active"]) == (town.areas["lake"].id, True, False)


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("X99,,,,community,,,worker,", "category"),
        ("C05,999,,,community,,,worker,", "area"),
        ("C05,,25:00-26:00,,community,,,worker,", "hours"),
        ("C05,,夜间；周一 23:00-24:00,,community,,,worker,", "hours"),
        ("C05,,,pigeon,community,,,worker,", "channels"),
        ("C05,,,,moon,,,worker,", "to_level"),
        ("C05,,,,,999,,worker,", "to_unit"),
        ("C05,,,,,,nobody,worker,", "to_person"),
        ("C05,,,,community,,,king,", "to_role"),
        ("C05,,,,community,,,admin,", "to_role"),
        ("C05,,,,,,,worker,", "to_level"),
        ("C05,,,,community,990101001,,worker,", "to_level"),
        ("C05,,,,community,,,worker,=1+1", "note"),
        (f"C05,,,,community,,,worker,{'长' * 201}", "note"),
    ],
)
def test_every_bad_row_is_named_with_its_reason(
    session: Session, town: Town, now: datetime, row: str, column: str
) -> None:
    good = "A,,,,community,,,worker,"
    seen = look_at(session, "t.csv", sheet(good, row, good))
    assert (3, column) in faults(seen)
    with pytest.raises(ImportRefusedError):
        take_over(session, "t.csv", sheet(good, row, good), by=town.admin, now=now)


def test_people_who_left_and_closed_areas_are_told(session: Session, town: Town, now: datetime) -> None:
    town.zhao_min.is_active, town.areas["shore_grid"].is_active = False, False
    session.add_all([town.zhao_min, town.areas["shore_grid"]])
    session.flush()
    rows = ("C05,,,,,,zhao.min,worker,", f"C05,{town.areas['shore_grid'].code},,,community,,,worker,")
    assert faults(look_at(session, "t.csv", sheet(*rows))) == [(2, "to_person"), (3, "area")]


def test_nothing_is_half_imported(session: Session, town: Town, now: datetime) -> None:
    full_table(session, town, now)
    before = says_in(session, newest(session).id or 0)
    rows = ["A,,,,community,,,worker,"] * 500
    rows[400] = "X99,,,,community,,,worker,"
    with pytest.raises(ImportRefusedError), session.begin_nested():
        take_over(session, "t.csv", sheet(*rows), by=town.admin, now=now)
    assert draft(session) is None
    assert says_in(session, newest(session).id or 0) == before


def test_a_hundred_thousand_rows_with_one_bad_line_name_that_line(session: Session, town: Town) -> None:
    rows = [f"A,,,,community,,,worker,第{i}条" for i in range(100_000)]
    rows[54_321] = "A,,,,community,,,worker,=HYPERLINK()"
    seen = look_at(session, "t.csv", sheet(*rows))
    assert faults(seen) == [(54_323, "note")]


def test_a_formula_in_a_workbook_is_told(session: Session, town: Town) -> None:
    book = Workbook()
    book.active.append(["category", "to_level", "note"])
    book.active.append(["A", "community", "=1+1"])
    packed = BytesIO()
    book.save(packed)
    assert faults(look_at(session, "t.xlsx", packed.getvalue())) == [(2, "note")]


def test_a_number_stands_once_and_only_for_a_line_that_is_there(session: Session, town: Town) -> None:
    number = lines_in(session, newest(session).id or 0)[0].line
    text = f"number,to_level\n{number},community\n{number},county\n999999,county\nx,county\n"
    assert faults(look_at(session, "t.csv", text.encode())) == [(3, "number"), (4, "number"), (5, "number")]


def test_a_row_that_says_again_what_another_says_is_noticed(session: Session, town: Town) -> None:
    seen = look_at(session, "t.csv", sheet("A,,,,community,,,worker,", "A,,,,county,,,district,"))
    assert seen.faults == ()
    assert [(one.row, one.facts) for one in seen.notices] == [(3, {"first": 2})]


def test_yaml_names_the_line_of_what_is_wrong(session: Session, town: Town) -> None:
    text = "rules:\n  - category: C05\n    to_level: community\n  - category: X99\n    to_level: community\n"
    assert faults(look_at(session, "t.yaml", text.encode())) == [(4, "category")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.yaml", b"rules: [1, 2]"),
        ("t.yaml", b"rules: {a: 1}"),
        ("t.yaml", b"- a"),
        ("t.yaml", b"\xff\xfe"),
        ("t.yaml", b"rules:\n  - category: {a: b}"),
        ("t.yaml", b"rules: [" * 10_000),
        ("t.xlsx", b"PK not a workbook"),
        ("t.csv", b'"open'),
    ],
)
def test_what_cannot_be_read_is_told(session: Session, town: Town, name: str, content: bytes) -> None:
    with pytest.raises(FileUnreadableError):
        look_at(session, name, content)


def test_a_sheet_without_a_target_is_told(session: Session, town: Town) -> None:
    with pytest.raises(sheets.NoTargetColumnError):
        look_at(session, "t.csv", b"category,note\nA,x\n")


def test_an_empty_sheet_is_an_empty_table(session: Session, town: Town) -> None:
    seen = look_at(session, "t.csv", GOOD.encode())
    assert (seen.lines, seen.faults, seen.differs.counts["removed"]) == ((), (), 1)


def test_only_who_looks_after_the_table_imports(session: Session, town: Town, now: datetime) -> None:
    with pytest.raises(NotAllowedError):
        take_over(session, "t.csv", sheet("A,,,,community,,,worker,"), by=town.chen_jing, now=now)


def test_the_codes_are_those_of_intake() -> None:
    assert set(CHANNELS) == set(map(str, Channel)) == set(sheets.WORDS["channels"].values())
    assert set(FOCUS_GROUPS) == set(map(str, FocusGroup)) == set(sheets.WORDS["focus_groups"].values())


def test_nothing_in_yaml_is_run(session: Session, town: Town) -> None:
    text = b"rules:\n  - category: !!python/object/apply:os.system [ls]\n    to_level: community\n"
    assert faults(look_at(session, "t.yaml", text)) == [(2, "category")]
