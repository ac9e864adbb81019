"""Can a boundary be stored, and does it agree with its neighbours and with the area it lies in?"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from service.areas.datum import Datum, to_gcj02, to_wgs84

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

POLYGONS = ("Polygon", "MultiPolygon")
MOST_CROSSINGS = 100
"""A line that crosses itself more often is not mended: nobody knows what was meant, and it would take hours."""
LOOKED_AT_ONCE = 20
EARTH = 6_371_007.2
"""Metres: the radius of the sphere whose surface is the earth's."""
HECTARE = 10_000
TOLD_FROM = 0.001
"""Two areas overlap, or one sticks out of another, when it is more than this part of the smaller (own)."""


@dataclass(frozen=True)
class Drawn:
    """A boundary that was read: as it is stored (None: it cannot be), what is wrong, and what was mended."""

    stored: dict[str, Any] | None
    fault: str = ""
    notice: str = ""


@dataclass(frozen=True)
class Clash:
    """Two areas whose boundaries do not agree: `part` of the first one (0 to 1) lies where it should not: `ground`."""

    area: str
    other: str
    part: float
    ground: "BaseGeometry"

    def is_more_than(self, before: "Clash | None") -> bool:
        """Does more than can be passed over (`TOLD_FROM`) lie where it should not, and did not before?"""
        if before is None:
            return True
        added = self.ground.difference(before.ground).area / self.ground.area
        return self.part * added > TOLD_FROM


def read_boundary(text: str, datum: Datum = Datum.WGS84) -> Drawn:
    """Read the text of a GeoJSON geometry. A line that crosses itself is mended, which is told."""
    import shapely

    try:
        shape = shapely.from_geojson(text)
    except (shapely.errors.GEOSException, UnicodeEncodeError):
        return Drawn(None, "This is no boundary that can be read (a GeoJSON Polygon or MultiPolygon).")
    if shape is None or shape.geom_type not in POLYGONS or shape.is_empty:
        return Drawn(None, "A boundary is a GeoJSON Polygon or MultiPolygon, not points or lines.")
    west, south, east, north = shape.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        return Drawn(
            None, "Coordinates are degrees, longitude first. These are none; perhaps they are metres, or turned."
        )
    if not shape.is_valid and crosses_itself_too_often(shape):
        return Drawn(None, "This boundary crosses itself in more than 100 places. Please draw it anew.")
    shape, notice = mended(shape)
    if shape.is_empty:
        return Drawn(None, "This boundary encloses nothing.")
    if datum is not Datum.WGS84:
        shape = _in_wgs84(shape, datum)
    stored: dict[str, Any] = json.loads(shapely.to_geojson(shapely.force_2d(shape)))
    return Drawn(stored, notice=notice)


def mended(shape: "BaseGeometry") -> "tuple[BaseGeometry, str]":
    """Return a polygon that does not cross itself, and what was told of mending it ("": nothing)."""
    import shapely

    if shape.is_valid:
        return shape, ""
    parts = shapely.get_parts(shapely.make_valid(shape))
    rings = [part for part in shapely.get_parts(parts) if part.geom_type in POLYGONS]
    return shapely.union_all(
        rings
    ), "The boundary crossed or touched itself and was mended. Please look at it on a map."


def crosses_itself_too_often(shape: "BaseGeometry") -> bool:
    """Does the line cross itself more often than it is mended? Looked at piece by piece, until that is known."""
    import numpy as np
    import shapely

    points, ring = shapely.get_coordinates(shapely.get_rings(shape), return_index=True)
    is_one = ring[:-1] == ring[1:]
    lines = np.asarray(shapely.linestrings(np.stack([points[:-1][is_one], points[1:][is_one]], axis=1)))
    tree, found = shapely.STRtree(lines), 0
    for start in range(0, len(lines), LOOKED_AT_ONCE):
        # Each crossing is found from both of its lines.
        found += len(tree.query(lines[start : start + LOOKED_AT_ONCE], predicate="crosses")[0])
        if found > 2 * MOST_CROSSINGS:
            return True
    return False


def corners_of(boundary: Mapping[str, Any]) -> int:
    """Return how many corners a stored boundary has."""
    rings = [ring for part in _parts(boundary) for ring in part]
    return sum(max(0, len(ring) - 1) for ring in rings)


def hectares_of(boundary: Mapping[str, Any]) -> float:
    """Return the size of a stored boundary: on a sphere of the earth's surface, right to half a per cent."""
    import numpy as np
    import shapely

    shape = shapely.make_valid(shapely.from_geojson(json.dumps(boundary)))

    def flat(points: "np.ndarray") -> "np.ndarray":
        """Project longitude and latitude so that every area keeps its size."""
        angles = np.radians(points)
        return EARTH * np.stack([angles[:, 0], np.sin(angles[:, 1])], axis=1)

    return float(shapely.transform(shape, flat).area / HECTARE)


def as_text(boundary: Mapping[str, Any], datum: Datum) -> str:
    """Return a stored boundary as the text of a GeoJSON geometry, as maps of that datum draw it."""
    if datum is Datum.WGS84:
        return json.dumps(boundary)

    def turned(ring: list[list[float]]) -> list[list[float]]:
        return [[round(degree, 7) for degree in to_gcj02(lat, lon)[::-1]] for lon, lat in ring]

    parts = [[turned(ring) for ring in part] for part in _parts(boundary)]
    is_one = boundary["type"] == "Polygon"
    return json.dumps({"type": boundary["type"], "coordinates": parts[0] if is_one else parts})


def _parts(boundary: Mapping[str, Any]) -> list[Any]:
    return [boundary["coordinates"]] if boundary["type"] == "Polygon" else list(boundary["coordinates"])


def _in_wgs84(shape: "BaseGeometry", datum: Datum) -> "BaseGeometry":
    import numpy as np
    import shapely

    points = shapely.get_coordinates(shape)
    true = [to_wgs84(float(lat), float(lon), datum)[::-1] for lon, lat in points]
    return shapely.set_coordinates(shape, np.array(true))


def overlaps(shapes: Mapping[str, Any], groups: Mapping[str, object], new: Iterable[str]) -> list[Clash]:
    """Return pairs of one group (the same parent) that overlap, of which at least one is `new`; shapes by code."""
    import shapely

    codes = list(shapes)
    drawn = shapely.from_geojson([json.dumps(shape) for shape in shapes.values()], on_invalid="ignore")
    looked_at, tree = set(new), shapely.STRtree(drawn)
    found = []
    for here, there in zip(*tree.query(drawn, predicate="intersects"), strict=True):
        one, other = codes[here], codes[there]
        if here >= there or groups[one] != groups[other] or not looked_at & {one, other}:
            continue
        smaller = min(drawn[here].area, drawn[there].area)
        both = shapely.make_valid(drawn[here]).intersection(shapely.make_valid(drawn[there]))
        part = both.area / (smaller or 1)
        if part > TOLD_FROM:
            found.append(Clash(one, other, part, both))
    return found


def sticking_out(shapes: Mapping[str, Any], above: Mapping[str, str | None], new: Iterable[str]) -> list[Clash]:
    """Return areas of which a part lies outside the one above, where either is `new`; shapes by code."""
    import shapely

    drawn = {code: shapely.make_valid(shapely.from_geojson(json.dumps(shape))) for code, shape in shapes.items()}
    looked_at, found = set(new), []
    for code, parent in above.items():
        if parent is None or code not in drawn or parent not in drawn or not looked_at & {code, parent}:
            continue
        outside = drawn[code].difference(drawn[parent])
        part = outside.area / (drawn[code].area or 1)
        if part > TOLD_FROM:
            found.append(Clash(code, parent, part, outside))
    return found


def merged(one: dict[str, Any] | None, other: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the boundary around two areas that become one; where only one is drawn, nobody knows it."""
    if one is None or other is None:
        return None
    import shapely

    shapes = [shapely.make_valid(shapely.from_geojson(json.dumps(shape))) for shape in (one, other)]
    whole: dict[str, Any] = json.loads(shapely.to_geojson(shapely.union_all(shapes)))
    return whole if whole["type"] in POLYGONS else one
