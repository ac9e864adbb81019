"""What does a file with areas say, and what is wrong with each row of it?"""

import json
import zipfile
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook

from service import sheets
from service.areas.boundaries import hectares_of, merged, read_boundary
from service.areas.datum import Datum
from service.areas.details import AreaDetails
from service.areas.planned import Known, Plan
from service.areas.planning import plan
from service.areas.rules import AreaLevel
from service.areas.sheets import NoCodeColumnError, read_rows
from service.sheets import FileTooLargeError, FileUnreadableError
from tests.people import square

HEAD = "code,name,level,parent\n"
TOWN = (
    HEAD + "990201,江北区,county,\n990201001,河东街道,subdistrict,990201\n990201001001,桥头社区,community,990201001\n"
)


def planned(text: str, known: dict[str, Known] | None = None) -> Plan:
    return plan(read_rows("areas.csv", text.encode()), known or {})


def there(code: str, level: AreaLevel, parent: str | None = None, **facts: Any) -> Known:
    is_active = facts.pop("is_active", True)
    details = AreaDetails(f"{code}名", f"{code}", 7, f"{code}服务站", "Desk", **facts)
    return Known(1, code, level, parent, details, None, is_active)


def faults(seen: Plan) -> list[tuple[int, str]]:
    return [(told.row, told.column) for told in seen.faults]


def sheet(*lines: list[object]) -> bytes:
    book = Workbook()
    for line in lines:
        book.worksheets[0].append(line)
    packed = BytesIO()
    book.save(packed)
    return packed.getvalue()


def features(*pairs: tuple[dict[str, object], object]) -> bytes:
    found = [{"type": "Feature", "properties": facts, "geometry": shape} for facts, shape in pairs]
    return json.dumps({"type": "FeatureCollection", "features": found}).encode()


def test_a_sheet_of_a_town_is_read_whole() -> None:
    seen = planned(TOWN)
    assert faults(seen) == []
    assert [(one.code, one.parent_code, one.details.desk_name) for one in seen.added] == [
        ("990201", None, "江北区服务站"),
        ("990201001", "990201", "河东街道服务站"),
        ("990201001001", "990201001", "桥头社区服务站"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_sheet_is_read_as_spreadsheets_write_it(encoding: str) -> None:
    text = TOWN.replace("code,name,level,parent", "编码,名称,级别,上级").replace(",", "\t").replace("county", "区县")
    assert len(plan(read_rows("x.csv", text.encode(encoding)), {}).added) == 3


def test_provinces_and_cities_are_left_out_and_codes_tell_level_and_parent() -> None:
    above = "99,省,province,\n9902,市辖区,city,99\n"
    text = HEAD + above + "990201,江北区,county,9902\n990201001,河东街道,,\n"
    seen = planned(text)
    assert (faults(seen), seen.left_out) == ([], 2)
    assert [(one.level, one.parent_code) for one in seen.added] == [("county", None), ("subdistrict", "990201")]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("990201001002,,community,990201001", "name"),
        ("9,短,community,990201001", "code"),
        ("990201,重复,county,", "code"),
        ("990201001002,甲,hamlet,990201001", "level"),
        ("990201001002,甲,community,990209", "parent"),
        ("990201001002,甲,community,990201001001", "parent"),
        ("990201001002,甲,community,990201001002", "parent"),
        ("990201001002,=1+1,community,990201001", "name"),
        ("990201001002,@SUM(A1),community,990201001", "name"),
        ("990201001002," + "长" * 61 + ",community,990201001", "name"),
    ],
)
def test_a_bad_row_is_named_with_its_number_and_column(line: str, column: str) -> None:
    assert faults(planned(TOWN + line + "\n")) == [(5, column)]


def test_a_circle_of_parents_is_told_at_each_of_its_rows() -> None:
    seen = planned(HEAD + "AA1,甲,community,BB1\nBB1,乙,subdistrict,AA1\n" + TOWN.removeprefix(HEAD))
    assert faults(seen) == [(2, "parent"), (3, "parent")]
    assert all("circle" in told.sentence for told in seen.faults)


def test_what_is_there_keeps_what_the_sheet_does_not_say() -> None:
    known = {
        "990201": there("990201", AreaLevel.COUNTY),
        "990201001": there("990201001", AreaLevel.SUBDISTRICT, "990201", phone="0500-1", aliases=("旧名",)),
        "990201009": there("990201009", AreaLevel.SUBDISTRICT, "990201", is_active=False),
    }
    seen = planned("code,name,phone\n990201001,新名,\n990201,990201名,\n", known)
    assert (faults(seen), seen.unchanged) == ([], 1)
    (one,) = seen.changed
    assert (one.details.name, one.details.phone, one.details.aliases) == ("新名", "0500-1", ("旧名",))
    assert faults(planned("code,level\n990201001,community\n990201009,subdistrict\n", known)) == [
        (2, "level"),
        (3, "code"),
    ]


def test_one_bad_line_among_a_hundred_thousand_is_found_in_seconds() -> None:
    lines = [f"C{number:06d},社区{number},community,990201001" for number in range(100_000)]
    lines[77_777] = "C077777,社区,community,NOWHERE"
    seen = planned(TOWN + "\n".join(lines))
    assert faults(seen) == [(77_777 + 5, "parent")]


def test_a_workbook_is_read_and_its_formulas_and_rounded_numbers_are_refused() -> None:
    head = ["code", "name", "level", "parent"]
    good = sheet(head, [990201, "江北区", "county", None], [990201001, "河东街道", "subdistrict", 990201.0])
    assert [one.code for one in plan(read_rows("x.xlsx", good), {}).added] == ["990201", "990201001"]
    bad = sheet(head, [990201, "=HYPERLINK(1)", "county"], [9902010010010011, "丙", "grid", 990201])
    assert tuple(told.column for told in plan(read_rows("x.xlsx", bad), {}).faults)[:2] == ("name", "code")


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("x.csv", b"", NoCodeColumnError),
        ("x.csv", b"a,b\n1,2\n", NoCodeColumnError),
        ("x.xlsx", b"PK\x03\x04broken", FileUnreadableError),
        ("x.xlsx", b"no zip", FileUnreadableError),
        ("x.geojson", b"{", FileUnreadableError),
        ("x.geojson", b'{"type": "FeatureCollection", "features": [1]}', FileUnreadableError),
        ("x.geojson", b'{"type":' + b"[" * 100_000, FileUnreadableError),
        ("x.csv", b"\xff\xfe\x00\x01\x81", NoCodeColumnError),
    ],
)
def test_what_is_no_file_of_areas_is_refused(name: str, content: bytes, error: type[Exception]) -> None:
    with pytest.raises((error, FileUnreadableError)):
        read_rows(name, content)


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_ROWS", 2)
    with pytest.raises(FileTooLargeError):
        read_rows("x.csv", TOWN.encode() + b"990201001002,x,community,990201001\n")
    monkeypatch.setattr(sheets, "MOST_UNPACKED", 100)
    with pytest.raises(FileTooLargeError):
        read_rows("x.xlsx", sheet(["code"], ["1"]))


def test_a_map_gives_boundaries_and_tells_neighbours_that_overlap() -> None:
    lake, mill = {"code": "990201001", "name": "甲街道"}, {"code": "990201002", "name": "乙街道"}
    whole = ({"code": "990201", "name": "江北区"}, square(0, 0, 2.0))
    seen = plan(read_rows("x.geojson", features(whole, (lake, square(0, 0, 1.0)), (mill, square(0.9, 0, 1.0)))), {})
    assert faults(seen) == []
    assert [(told.row, told.facts["part"]) for told in seen.notices] == [(2, "10.0%")]
    apart = plan(read_rows("x.geojson", features(whole, (lake, square(0, 0, 1.0)), (mill, square(1, 0, 1.0)))), {})
    assert apart.notices == []
    out = plan(read_rows("x.geojson", features(whole, (lake, square(1.5, 0, 1.0)))), {})
    assert [(told.row, told.facts["part"]) for told in out.notices] == [(2, "50.0%")]


BOW_TIE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}


@pytest.mark.parametrize(
    ("shape", "stored", "is_told"),
    [
        (square(0, 0, 1), True, False),
        (BOW_TIE, True, True),
        ({"type": "Point", "coordinates": [0, 0]}, False, False),
        ({"type": "Polygon", "coordinates": []}, False, False),
        (square(500_000, 3_500_000, 100), False, False),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0], [0, 0]]]}, False, False),
        ("no json", False, False),
    ],
)
def test_a_boundary_is_stored_mended_or_refused(shape: object, stored: bool, is_told: bool) -> None:
    drawn = read_boundary(json.dumps(shape))
    assert (drawn.stored is not None, bool(drawn.notice)) == (stored, is_told)
    assert bool(drawn.fault) is not stored


def test_a_boundary_of_a_chinese_map_is_moved_and_two_become_one() -> None:
    moved = read_boundary(json.dumps(square(121.0, 31.0, 0.1)), Datum.GCJ02)
    assert moved.stored is not None
    lon, lat = moved.stored["coordinates"][0][0]
    assert 0.003 < 121.0 - lon < 0.007
    assert 0 < abs(31.0 - lat) < 0.005
    whole = merged(square(0, 0, 1), square(1, 0, 1))
    assert whole is not None
    assert whole["type"] == "Polygon"
    assert merged(None, square(0, 0, 1)) is None


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml"])
def test_a_workbook_whose_parts_are_damaged_is_refused(part: str) -> None:
    whole, broken = BytesIO(sheet(["code"], ["990201"])), BytesIO()
    with zipfile.ZipFile(whole) as good, zipfile.ZipFile(broken, "w") as bad:
        for name in good.namelist():
            bad.writestr(name, "<a>" if name == part else good.read(name))
    with pytest.raises(FileUnreadableError):
        read_rows("x.xlsx", broken.getvalue())


def test_control_characters_that_no_table_holds_are_left_out() -> None:
    assert [one.details.name for one in planned(HEAD + "990201,江\x00北\x1b区,county,\n").added] == ["江北区"]


def test_a_boundary_tangled_all_over_is_refused_at_once_and_one_crossing_is_mended() -> None:
    ring = [[118.0 + n * 7_919 % 997 / 1e5, 32.0 + n * 104_729 % 991 / 1e5] for n in range(900)]
    tangled = read_boundary(json.dumps({"type": "Polygon", "coordinates": [[*ring, ring[0]]]}))
    assert (tangled.stored, "100" in tangled.fault) == (None, True)
    bow = [[118.0, 32.0], [118.1, 32.1], [118.1, 32.0], [118.0, 32.1], [118.0, 32.0]]
    mended = read_boundary(json.dumps({"type": "Polygon", "coordinates": [bow]}))
    assert (mended.fault, bool(mended.notice)) == ("", True)


def test_hectares_are_those_of_the_ground_not_of_degrees() -> None:
    for lat, hectares in ((0.0, 12_364), (60.0, 6_173)):
        ring = [[118.0, lat], [118.1, lat], [118.1, lat + 0.1], [118.0, lat + 0.1], [118.0, lat]]
        found = hectares_of({"type": "MultiPolygon", "coordinates": [[ring]]})
        assert found == pytest.approx(hectares, rel=0.006)
