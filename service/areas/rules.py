"""Which area lies in which, and in which does a place lie?"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from shapely import STRtree
from shapely.geometry import Point, shape
from shapely.geometry.base import BaseGeometry


class AreaLevel(StrEnum):
    """The four levels of the division, from the top down: 区县, 街道乡镇, 社区村, 网格."""

    COUNTY = "county"
    SUBDISTRICT = "subdistrict"
    COMMUNITY = "community"
    GRID = "grid"


DEPTH = {level: depth for depth, level in enumerate(AreaLevel)}


@dataclass(frozen=True)
class Place:
    """One area as the rules see it."""

    id: int
    parent_id: int | None
    level: AreaLevel
    code: str
    name: str
    name_en: str
    desk_name: str
    desk_name_en: str
    phone: str = ""
    boundary: Mapping[str, Any] | None = None
    is_active: bool = True
    """False for a closed area: nothing new goes there, but cases of the past still lie in it."""


@dataclass(frozen=True)
class AreaTree:
    """All areas of the installation."""

    places: Mapping[int, Place]

    @cached_property
    def in_use(self) -> tuple[Place, ...]:
        """Return the areas that can be chosen."""
        return tuple(p for p in self.places.values() if p.is_active)

    @cached_property
    def by_code(self) -> Mapping[str, Place]:
        """Return the areas by their code."""
        return {p.code: p for p in self.in_use}

    @cached_property
    def by_name(self) -> Mapping[str, Place]:
        """Return the areas whose Chinese or English name no other area has."""
        names = Counter(name for p in self.in_use for name in {p.name, p.name_en})
        return {name: p for p in self.in_use for name in {p.name, p.name_en} if names[name] == 1}

    def up_from(self, area_id: int) -> Iterator[Place]:
        """Yield the area and those above it, nearest first."""
        place = self.places.get(area_id)
        while place is not None:
            yield place
            place = self.places.get(place.parent_id) if place.parent_id is not None else None

    def covers(self, outer_id: int, inner_id: int) -> bool:
        """Does `inner` lie in `outer` (or is it the same)?"""
        return any(p.id == outer_id for p in self.up_from(inner_id))

    def at_level(self, area_id: int, level: AreaLevel) -> Place:
        """Return the area or the one above it that stands at `level`; where it is not that deep, the nearest above.

        A case known only by its sub-district has no community: its nearest desk is the sub-district's.
        """
        for place in self.up_from(area_id):
            if DEPTH[place.level] <= DEPTH[level]:
                return place
        raise KeyError(area_id)

    def root(self, area_id: int) -> Place:
        """Return the topmost area above."""
        return list(self.up_from(area_id))[-1]

    @cached_property
    def _shapes(self) -> tuple[STRtree, list[tuple[BaseGeometry, Place]]]:
        drawn = [(shape(dict(p.boundary)), p) for p in self.in_use if p.boundary is not None]
        return STRtree([s for s, _ in drawn]), drawn

    def locate(self, *, lat: float, lon: float) -> Place | None:
        """Return the deepest area that covers the point (WGS 84 degrees), or None when it lies outside.

        A point on a border belongs to every area that touches it; the one with the smallest code gets it.
        """
        tree, drawn = self._shapes
        point = Point(lon, lat)
        hits = [drawn[i][1] for i in tree.query(point) if drawn[i][0].covers(point)]
        return min(hits, key=lambda p: (-DEPTH[p.level], p.code), default=None)

    def find_in(self, text: str) -> Place | None:
        """Return the deepest area whose name stands in the text (an address), the longest name first, or None."""
        hits = [p for p in self.in_use if p.name in text]
        return max(hits, key=lambda p: (DEPTH[p.level], len(p.name), p.code), default=None)
