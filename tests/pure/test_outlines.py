"""Are areas drawn in few points, without gaps between them, and only those that fit?"""

import json
from itertools import pairwise
from math import cos, pi, sin
from typing import Any

import numpy as np
import pytest
import shapely

from service.areas import outlines
from service.areas.datum import Datum
from service.areas.outlines import MOST_SHAPES, around, beside, drawn_at, inside, simplified
from service.areas.rules import AreaLevel, AreaTree, Place

COUNTY, LAKE, WILLOW, SHORE, HILL, MILL, GRID = range(1, 8)
WAVES = 400


def place(area_id: int, parent: int | None, level: AreaLevel, *, is_active: bool = True) -> Place:
    return Place(
        area_id, parent, level, f"99{area_id:04}", f"区{area_id}", f"Area {area_id}", "", "", is_active=is_active
    )


def box(west: float, south: float, size: float) -> str:
    return shapely.to_geojson(shapely.box(west, south, west + size, south + size))


PLACES = (
    place(COUNTY, None, AreaLevel.COUNTY),
    place(LAKE, COUNTY, AreaLevel.SUBDISTRICT),
    place(WILLOW, COUNTY, AreaLevel.SUBDISTRICT),
    place(SHORE, LAKE, AreaLevel.COMMUNITY),
    place(HILL, LAKE, AreaLevel.COMMUNITY),
    place(MILL, WILLOW, AreaLevel.COMMUNITY),
    place(GRID, SHORE, AreaLevel.GRID),
)
BOUNDARIES = {
    COUNTY: box(118, 32, 0.2),
    LAKE: box(118, 32, 0.1),
    WILLOW: box(118.1, 32, 0.1),
    SHORE: box(118, 32, 0.05),
    HILL: box(118.05, 32, 0.05),
    MILL: box(118.1, 32, 0.05),
    GRID: box(118, 32, 0.02),
}


def tree(boundaries: dict[int, str] = BOUNDARIES, *changed: Place) -> AreaTree:
    return AreaTree({p.id: p for p in (*PLACES, *changed)}, boundaries)


def ids(places: list[Place]) -> list[int]:
    return [p.id for p in places]


def wavy(*, at: float) -> list[tuple[float, float]]:
    """Return a border from south to north with many small bends."""
    return [(118 + at + 0.001 * sin(n / 3), 32 + 0.1 * n / WAVES) for n in range(WAVES + 1)]


def strips(count: int) -> list[Any]:
    """Return areas side by side that share wavy borders."""
    borders = [wavy(at=0.1 * n) for n in range(count + 1)]
    return [shapely.Polygon([*west, *reversed(east)]) for west, east in pairwise(borders)]


@pytest.mark.parametrize(
    ("area_id", "found"),
    [
        (None, [SHORE, HILL, MILL]),
        (COUNTY, [SHORE, HILL, MILL]),
        (LAKE, [SHORE, HILL]),
        (SHORE, [GRID]),
        (GRID, [GRID]),
    ],
)
def test_a_map_goes_down_to_communities_and_inside_one_to_its_grids(area_id: int | None, found: list[int]) -> None:
    assert ids(inside(tree(), area_id)) == found


def test_what_has_no_boundary_is_left_out_and_what_has_none_below_stands_for_itself() -> None:
    without = {i: text for i, text in BOUNDARIES.items() if i not in (HILL, MILL, GRID)}
    assert ids(inside(tree(without), None)) == [WILLOW, SHORE]
    assert ids(inside(tree(without), SHORE)) == [SHORE]
    assert inside(tree({}), None) == inside(tree({}), SHORE) == []
    assert inside(AreaTree({}), None) == []


def test_a_closed_area_is_not_drawn() -> None:
    closed = place(HILL, LAKE, AreaLevel.COMMUNITY, is_active=False)
    assert ids(inside(tree(BOUNDARIES, closed), LAKE)) == [SHORE]
    assert around(tree(BOUNDARIES, closed), HILL) == inside(tree(BOUNDARIES, closed), HILL) == []


def test_of_too_many_areas_those_a_level_higher_are_drawn() -> None:
    many = [place(100 + n, LAKE, AreaLevel.COMMUNITY) for n in range(MOST_SHAPES)]
    crowded = tree(BOUNDARIES | {p.id: box(118, 32, 0.01) for p in many}, *many)
    assert ids(inside(crowded, None)) == [LAKE, WILLOW]
    assert ids(inside(crowded, LAKE)) == [LAKE]


def test_neighbours_are_of_the_same_level_and_touch() -> None:
    assert ids(around(tree(), HILL)) == [HILL, SHORE, MILL]
    assert ids(beside(tree(), LAKE)) == [WILLOW]
    assert beside(tree(), GRID) == []
    assert around(tree({}), HILL) == []


def test_a_plain_shape_stays_as_it_is_and_its_name_stands_inside() -> None:
    (drawn,) = outlines.outlines(tree(), inside(tree(), LAKE)[:1])
    assert shapely.equals(shapely.from_geojson(json.dumps(drawn.geometry)), shapely.from_geojson(BOUNDARIES[SHORE]))
    assert shapely.from_geojson(BOUNDARIES[SHORE]).contains(shapely.Point(drawn.label))


@pytest.mark.parametrize("most", [2000, 500, 60])
def test_many_corners_become_few_and_no_gap_opens(most: int) -> None:
    drawn = np.array(strips(8))
    simple = simplified(drawn, most)
    assert 8 * 4 <= shapely.get_num_coordinates(simple).sum() <= most
    whole = shapely.union_all(simple)
    assert whole.geom_type == "Polygon"
    assert not whole.interiors
    assert sum(shapely.area(simple)) == pytest.approx(whole.area)
    assert whole.area == pytest.approx(shapely.union_all(drawn).area, rel=0.02)


def test_islands_and_holes_are_dropped_before_the_last_corner_of_an_area() -> None:
    circle = [(118.5 + 0.4 * cos(n * pi / 500), 32 + 0.4 * sin(n * pi / 500)) for n in range(1000)]
    specks = [shapely.box(119 + n / 100, 32, 119 + n / 100 + 0.001, 32.001) for n in range(300)]
    holes = [shapely.box(118.3 + n / 1000, 32, 118.3 + n / 1000 + 0.0005, 32.0005).exterior for n in range(300)]
    area = shapely.MultiPolygon([shapely.Polygon(circle, holes), *specks])
    (simple,) = simplified(np.array([area]), 100)
    assert simple.geom_type == "Polygon"
    assert shapely.get_num_coordinates(simple) <= 100
    assert simple.area == pytest.approx(area.area, rel=0.05)


@pytest.mark.parametrize(
    "broken",
    [
        '{"type": "Point", "coordinates": [118, 32]}',
        '{"type": "Polygon", "coordinates": []}',
        "{}",
        "",
    ],
)
def test_what_is_no_shape_is_left_out(broken: str) -> None:
    areas = tree(BOUNDARIES | {HILL: broken})
    assert [one.place.id for one in outlines.outlines(areas, inside(areas, LAKE))] == [SHORE]


def test_boundaries_that_overlap_or_cross_themselves_are_drawn_all_the_same() -> None:
    bow = '{"type": "Polygon", "coordinates": [[[118, 32], [118.1, 32.1], [118.1, 32], [118, 32.1], [118, 32]]]}'
    areas = tree(BOUNDARIES | {SHORE: bow})
    drawn = outlines.outlines(areas, inside(areas, LAKE))
    assert [one.place.id for one in drawn] == [SHORE, HILL]
    assert all(shapely.from_geojson(json.dumps(one.geometry)).is_valid for one in drawn)


def test_a_chinese_map_draws_everything_some_hundred_metres_away() -> None:
    areas = tree()
    plain, shifted = (outlines.outlines(areas, inside(areas, LAKE), datum=datum)[0] for datum in Datum)
    moved = shapely.distance(*(shapely.Point(one.label) for one in (plain, shifted)))
    assert 0.001 < moved < 0.01
    lat, lon = drawn_at(plain.label[1], plain.label[0], Datum.GCJ02)
    assert shifted.label == pytest.approx((lon, lat), abs=1e-5)
    assert drawn_at(32, 118, Datum.WGS84) == (32, 118)
