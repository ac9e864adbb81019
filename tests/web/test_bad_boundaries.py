"""Is told in plain words what is no boundary, or too much of one, and which shape of a file is meant?"""

import json
from typing import Any

import pytest
from sqlmodel import Session, select

from service.areas.tables import AreaFile
from tests.people import Town, square
from tests.web.conftest import Browser
from tests.web.test_area_boundaries import HALF, WIDE, address, boundary, from_file, pasted


@pytest.fixture
def admin(browse: Browser, town: Town) -> Browser:
    return browse.sign_in(town.admin)


def zigzag(corners: int) -> dict[str, Any]:
    """A line to and fro that crosses itself almost everywhere."""
    ring = [
        [118.0 + (n * 7_919 % corners) / corners / 20, 32.0 + (n * 104_729 % corners) / corners / 20]
        for n in range(corners)
    ]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "请提供边界"),
        ("   ", "请提供边界"),
        ("湖滨社区", "无法识别为 GeoJSON"),
        ("[1, 2]", "无法识别为 GeoJSON"),
        ("{}", "Polygon"),
        ("[" * 100_000, "无法识别为 GeoJSON"),
        ('{"type": "FeatureCollection", "features": []}', "无法识别为 GeoJSON"),
        ('{"type": "Feature", "geometry": null}', "Polygon"),
        ('{"type": "Point", "coordinates": [118, 32]}', "Polygon"),
        ('{"type": "Polygon", "coordinates": []}', "Polygon"),
        ('{"type": "Polygon", "coordinates": [[[118, 32], [119, 32], [118, 32]]]}', "没有围住任何地方"),
        ('{"type": "Polygon", "coordinates": [[[118, 32], [118.1, 32], [118.2, 32], [118, 32]]]}', "没有围住任何地方"),
        ('{"type": "Polygon", "coordinates": [[[NaN, 32], [118.1, 32], [118.2, 33], [NaN, 3]]]}', "不是可以读取的边界"),
        (json.dumps(square(32.0, 118.0, 0.1)), "经度在前"),
        (json.dumps(square(1e300, 0.0, 1e299)), "经度在前"),
        (json.dumps(square(400_000.0, 3_500_000.0, 100.0)), "经度在前"),
    ],
)
def test_what_is_no_boundary_is_told_in_plain_words(
    admin: Browser, session: Session, town: Town, text: str, told: str
) -> None:
    before = boundary(session, town)
    page = pasted(admin, address(town), text, 422)
    error = page.html.select_one("#f-boundary-error")
    assert error is not None
    assert told in error.get_text()
    assert boundary(session, town) == before
    assert session.exec(select(AreaFile)).all() == []


def test_a_hundred_thousand_corners_are_told_not_weighed(admin: Browser, session: Session, town: Town) -> None:
    huge = json.dumps(zigzag(100_000))
    assert "最多 20,000 个顶点" in from_file(admin, address(town), huge.encode(), 422).text
    assert "内容太大" in pasted(admin, address(town), huge, 413).text
    tangled = pasted(admin, address(town), json.dumps(zigzag(5_000)), 422)
    assert "自相交超过 100 处" in tangled.text
    assert session.exec(select(AreaFile)).all() == []


def test_of_several_shapes_in_a_file_the_one_with_the_code_counts(admin: Browser, session: Session, town: Town) -> None:
    code = town.areas["shore"].code
    features = [
        {"type": "Feature", "properties": {"code": other}, "geometry": shape}
        for other, shape in ((code, HALF), ("990101001002", WIDE))
    ]
    whole = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    page = from_file(admin, address(town), b"\xef\xbb\xbf" + whole)
    admin.post(page, address(town))
    assert boundary(session, town) == HALF
    unnamed = json.dumps({"type": "FeatureCollection", "features": [one | {"properties": {}} for one in features]})
    refused = from_file(admin, address(town), unnamed.encode(), 422)
    assert refused.html.select_one("#f-file-error") is not None
    assert "请只保留一个" in refused.text
    assert "无法识别" in from_file(admin, address(town), b"\xff\xfe\x00", 422).text
    assert "请提供边界" in from_file(admin, address(town), b"", 422).text
