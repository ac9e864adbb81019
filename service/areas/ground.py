"""In which boundaries does a point lie?"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


class Ground:
    """Boundaries in an index of rectangles (STRtree). Nothing is asked of the geometry library before the first one."""

    def __init__(self, outlines: Mapping[int, str]) -> None:
        """Read boundaries by area: the text of a GeoJSON Polygon or MultiPolygon each; what is none is left out."""
        import shapely

        self._ids = tuple(outlines)
        self._shapes = shapely.from_geojson(list(outlines.values()), on_invalid="ignore")
        shapely.prepare(self._shapes)
        self._tree = shapely.STRtree(self._shapes)
        self._point, self._touches = shapely.Point, shapely.intersects_xy

    def covering(self, *, lat: float, lon: float) -> list[int]:
        """Return the areas that cover the point (WGS 84 degrees); a point on a border belongs to both sides."""
        near = self._tree.query(self._point(lon, lat))
        return [self._ids[i] for i in near[self._touches(self._shapes[near], lon, lat)]]

    def touching(self, area_id: int) -> list[int]:
        """Return the areas whose boundary has something in common with that of this one, itself too."""
        if area_id not in self._ids:
            return []
        return self._meeting(self._shapes[self._ids.index(area_id)])

    def meeting(self, outline: str) -> list[int]:
        """Return the areas whose boundary has something in common with this one: the text of a GeoJSON geometry."""
        import shapely

        return self._meeting(shapely.from_geojson(outline))

    def _meeting(self, shape: "BaseGeometry") -> list[int]:
        return [self._ids[i] for i in self._tree.query(shape, predicate="intersects")]
