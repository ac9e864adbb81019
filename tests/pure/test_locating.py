"""In which area is a place, given as a point or in words? Borders, holes, other names, doubt."""

import json
from typing import Any

import pytest

from service.areas.datum import Datum, to_gcj02, to_wgs84
from service.areas.locating import OutsideAreaError, PlaceNotNamedError, locate_point, locate_text, located
from service.areas.rules import AreaLevel, AreaTree, Place
from service.errors import InvalidFieldsError
from tests.people import square


def place(number: int, parent: int | None, level: AreaLevel, name: str, *aliases: str, **facts: Any) -> Place:
    code = facts.pop("code", f"99{number:04d}")
    return Place(number, parent, level, code, name, f"{name} EN", f"{name}服务站", "Desk", aliases=aliases, **facts)


HOLE = [[0.02, 0.02], [0.02, 0.03], [0.03, 0.03], [0.03, 0.02], [0.02, 0.02]]
RING = {"type": "Polygon", "coordinates": [square(0, 0, 0.1)["coordinates"][0], HOLE]}
ISLANDS = {
    "type": "MultiPolygon",
    "coordinates": [square(0.3, 0, 0.1)["coordinates"], square(0.5, 0, 0.1)["coordinates"]],
}
PLACES = (
    place(1, None, AreaLevel.COUNTY, "江城区"),
    place(2, 1, AreaLevel.SUBDISTRICT, "望湖街道"),
    place(3, 1, AreaLevel.SUBDISTRICT, "柳溪镇"),
    place(4, 2, AreaLevel.COMMUNITY, "湖滨社区", "湖畔花园", "湖滨路"),
    place(5, 2, AreaLevel.COMMUNITY, "东山社区", "山水人家"),
    place(6, 3, AreaLevel.COMMUNITY, "大东山社区"),
    place(7, 2, AreaLevel.COMMUNITY, "幸福社区"),
    place(8, 3, AreaLevel.COMMUNITY, "幸福社区"),
    place(9, 4, AreaLevel.GRID, "湖滨第一网格"),
    place(10, 2, AreaLevel.COMMUNITY, "老街社区", "老街路", is_active=False),
    place(11, 3, AreaLevel.COMMUNITY, "溪口", "Mill Road"),
)
DRAWN = {2: RING, 4: square(0.1, 0, 0.1), 5: square(0.2, 0, 0.1), 3: ISLANDS, 10: square(0.8, 0, 0.1)}
TREE = AreaTree({p.id: p for p in PLACES}, {number: json.dumps(shape) for number, shape in DRAWN.items()})


def name_at(lon: float, lat: float) -> str | None:
    found = locate_point(TREE, lat=lat, lon=lon)
    return found.place.name if found else None


def test_a_point_lies_in_what_is_drawn_around_it_and_in_no_hole() -> None:
    assert name_at(0.05, 0.05) == "望湖街道"
    assert name_at(0.025, 0.025) is None
    assert name_at(0.35, 0.05) == name_at(0.55, 0.05) == "柳溪镇"
    assert name_at(0.45, 0.05) is None


def test_a_point_on_the_border_goes_to_the_smallest_code_and_names_the_neighbour() -> None:
    found = locate_point(TREE, lat=0.05, lon=0.2)
    assert found is not None
    assert (found.place.id, [g.place.id for g in found.alternatives], found.confidence) == (4, [5], 0.5)


def test_the_deepest_area_wins_on_the_border_of_a_shallow_one() -> None:
    assert name_at(0.1, 0.05) == "湖滨社区"


def test_a_closed_area_is_no_ground() -> None:
    assert name_at(0.85, 0.05) is None


@pytest.mark.parametrize(
    ("words", "name", "confidence"),
    [
        ("江城区望湖街道湖滨社区3栋", "湖滨社区", 0.95),
        ("湖滨社区", "湖滨社区", 0.8),
        ("湖畔花园5号楼", "湖滨社区", 0.7),
        ("湖滨路12号湖畔花园", "湖滨社区", 0.95),
        ("大东山社区门口", "大东山社区", 0.8),
        ("柳溪镇幸福社区", "幸福社区", 0.95),
        ("望湖街道", "望湖街道", 0.8),
        ("湖滨第一网格", "湖滨第一网格", 0.8),
        ("ＭＩＬＬ　ｒｏａｄ 5", "溪口", 0.7),
        ("mill road", "溪口", 0.7),
    ],
)
def test_words_name_the_deepest_area_they_agree_on(words: str, name: str, confidence: float) -> None:
    found = locate_text(TREE, words)
    assert found is not None
    assert (found.place.name, found.confidence) == (name, confidence)


def test_a_name_of_two_areas_comes_down_to_what_holds_both() -> None:
    found = locate_text(TREE, "幸福社区")
    assert found is not None
    assert found.place.name == "江城区"
    assert {g.place.id: g.confidence for g in found.alternatives} == {7: 0.4, 8: 0.4}
    told_apart = locate_text(TREE, "柳溪镇幸福社区")
    assert told_apart is not None
    assert told_apart.place.id == 8


def test_words_that_contradict_each_other_are_not_sure() -> None:
    found = locate_text(TREE, "湖滨社区和东山社区之间")
    assert found is not None
    assert found.place.name == "望湖街道"
    assert {g.place.id for g in found.alternatives} == {4, 5}


@pytest.mark.parametrize("words", ["", "😀", "老街社区老街路", "千里之外", "x" * 10_000, "millroad", "mill roads"])
def test_words_that_name_nothing_in_use_find_nothing(words: str) -> None:
    assert locate_text(TREE, words) is None


def test_what_cannot_be_answered_says_so() -> None:
    with pytest.raises(OutsideAreaError):
        located(TREE, lat=50, lon=50)
    with pytest.raises(PlaceNotNamedError):
        located(TREE, lat=None, lon=None, text="千里之外")
    for lat, lon, text in ((None, None, " "), (1.0, None, "湖滨社区"), (None, 1.0, "")):
        with pytest.raises(InvalidFieldsError):
            located(TREE, lat=lat, lon=lon, text=text)


def test_a_closed_areas_code_means_the_area_that_took_it_over() -> None:
    old = TREE.meant_by("990010")
    assert old is not None
    assert old.name == "望湖街道"
    assert TREE.at_level(10, AreaLevel.COMMUNITY).name == "望湖街道"
    assert TREE.living(4).id == 4


def test_a_chinese_map_is_set_right() -> None:
    """The published pair of points of the approximation's authors, in Shanghai."""
    lat, lon = to_gcj02(31.1774276, 121.5272106)
    assert (lat, lon) == pytest.approx((31.17530398364597, 121.531541859215), abs=1e-9)
    assert to_wgs84(lat, lon, Datum.GCJ02) == pytest.approx((31.1774276, 121.5272106), abs=1e-7)
    assert to_wgs84(lat, lon, Datum.WGS84) == (lat, lon)
    assert to_gcj02(42.36, -71.06) == (42.36, -71.06)
