"""Which areas does a map draw, and in how few points is their shape still to be seen?"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from service.areas.boundaries import POLYGONS, mended
from service.areas.datum import Datum, to_gcj02
from service.areas.rules import DEPTH, AreaLevel, AreaTree, Place

if TYPE_CHECKING:
    import numpy as np
    from shapely import MultiPolygon, Polygon
    from shapely.geometry.base import BaseGeometry

MOST_SHAPES = 600
"""So many areas fit into one answer; where more lie below a place, those of the level above stand for them (own)."""
MOST_POINTS = 6000
"""So many corners fit into one answer: about 40 kB compressed (own)."""
FINEST = 2000
"""What is smaller than this part of the whole map is left out at once: a pixel of a wide screen (own)."""
COARSER = 2
"""So many times coarser each further try is."""
DECIMALS = 5
"""Of a degree: about a metre."""

Point = tuple[float, float]
"""Longitude and latitude, as GeoJSON has them."""


@dataclass(frozen=True)
class Outline:
    """One area as a map draws it; coordinates in the datum that was asked for."""

    place: Place
    geometry: dict[str, Any]
    """A GeoJSON Polygon or MultiPolygon."""
    label: Point
    """A point inside, where its name can stand."""


def inside(areas: AreaTree, area_id: int | None) -> list[Place]:
    """Return the areas in use that fill this one (None: everything) on a map, by code.

    Down to communities, and inside a community down to its grids; what has no boundary of its own is left out, and
    what has none below it stands for itself. Of too many areas those a level higher are returned.
    """
    tops = [p.id for p in areas.in_use if p.parent_id is None] if area_id is None else [area_id]
    at = DEPTH[areas.places[area_id].level] if area_id is not None else DEPTH[AreaLevel.COUNTY]
    deepest = max(at + 1, DEPTH[AreaLevel.COMMUNITY])
    found: list[int] = []
    for depth in range(deepest, at - 1, -1):
        found = [i for top in tops for i in _drawn(areas, top, depth)]
        if len(found) <= MOST_SHAPES:
            break
    return sorted((areas.places[i] for i in found), key=lambda p: p.code)[:MOST_SHAPES]


def beside(areas: AreaTree, area_id: int) -> list[Place]:
    """Return the areas of the same level that touch this one, by code; none for an area without a boundary."""
    level = areas.places[area_id].level
    near = (areas.places[i] for i in areas.ground.touching(area_id))
    return sorted((p for p in near if p.level is level and p.id != area_id), key=lambda p: p.code)


def around(areas: AreaTree, area_id: int) -> list[Place]:
    """Return the area, where it has a boundary and is in use, and those beside it."""
    place = areas.places[area_id]
    own = [place] if place.is_active and area_id in areas.outlines else []
    return [*own, *beside(areas, area_id)][:MOST_SHAPES]


def outlines(
    areas: AreaTree, places: Sequence[Place], *, datum: Datum = Datum.WGS84, most: int = MOST_POINTS
) -> list[Outline]:
    """Return these areas in at most `most` corners altogether; a boundary that is no shape is left out.

    Borders that areas share are simplified once, so that no gaps open between them.
    """
    import shapely

    read = shapely.from_geojson([areas.outlines[p.id] for p in places], on_invalid="ignore")
    drawn = [(p, mended(shape)[0]) for p, shape in zip(places, read, strict=True) if _is_a_shape(shape)]
    drawn = [(p, shape) for p, shape in drawn if _is_a_shape(shape)]
    if not drawn:
        return []
    simple = simplified(shapely.force_2d([shape for _, shape in drawn]), most)
    labels = shapely.get_coordinates(shapely.point_on_surface(simple))
    simple = shapely.transform(simple, lambda points: _shown(points, datum))
    return [
        Outline(p, json.loads(shapely.to_geojson(shape)), (float(lon), float(lat)))
        for (p, _), shape, (lon, lat) in zip(drawn, simple, _shown(labels, datum), strict=True)
    ]


def simplified(shapes: "np.ndarray", most: int) -> "np.ndarray":
    """Return polygons in at most `most` corners altogether, or the coarsest that still are polygons."""
    import shapely

    west, south, east, north = shapely.total_bounds(shapes)
    extent = max(east - west, north - south)
    step, found = extent / FINEST, shapes
    while step <= extent:
        found = _without_specks(shapely.coverage_simplify(found, step), step * step)
        if shapely.get_num_coordinates(found).sum() <= most:
            break
        step *= COARSER
    return found


def drawn_at(lat: float, lon: float, datum: Datum) -> tuple[float, float]:
    """Return latitude and longitude at which a map of that datum draws a point of WGS 84."""
    return (lat, lon) if datum is Datum.WGS84 else to_gcj02(lat, lon)


def _drawn(areas: AreaTree, area_id: int, deepest: int) -> list[int]:
    below = [
        i
        for child in areas.below.get(area_id, ())
        if areas.places[child].is_active and DEPTH[areas.places[child].level] <= deepest
        for i in _drawn(areas, child, deepest)
    ]
    own = area_id in areas.outlines and areas.places[area_id].is_active
    return below or ([area_id] if own else [])


def _is_a_shape(shape: "BaseGeometry | None") -> bool:
    return shape is not None and shape.geom_type in POLYGONS and not shape.is_empty


def _without_specks(shapes: "np.ndarray", least: float) -> "np.ndarray":
    """Leave out islands and holes smaller than `least` square degrees; of each area the largest part stays."""
    import numpy as np
    import shapely

    parts, of = shapely.get_parts(shapes, return_index=True)
    sizes = shapely.area(parts)
    largest = np.zeros(len(shapes))
    np.maximum.at(largest, of, sizes)
    kept = (sizes >= least) | (sizes >= largest[of])
    whole = [_without_holes(part, least) for part in parts[kept]]
    return np.array([_together([whole[i] for i in np.flatnonzero(of[kept] == n)]) for n in range(len(shapes))])


def _without_holes(part: "Polygon", least: float) -> "Polygon":
    import shapely

    holes = [ring for ring in part.interiors if shapely.Polygon(ring).area >= least]
    return part if len(holes) == len(part.interiors) else shapely.Polygon(part.exterior, holes)


def _together(parts: "list[Polygon]") -> "Polygon | MultiPolygon":
    import shapely

    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _shown(points: "np.ndarray", datum: Datum) -> "np.ndarray":
    """Return longitudes and latitudes as a map of that datum draws them."""
    import numpy as np

    if datum is not Datum.WGS84:
        points = np.array([drawn_at(lat, lon, datum)[::-1] for lon, lat in points.tolist()])
    return np.round(points, DECIMALS)
