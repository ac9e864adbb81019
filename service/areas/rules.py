"""Which area lies in which, which is there now, and by what is one known?"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from service.areas.ground import Ground
from service.areas.names import Names


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
    address: str = ""
    opening_hours: str = ""
    special_days: str = ""
    aliases: tuple[str, ...] = ()
    duty_area_id: int | None = None
    """Whose desk answers while the own one is closed; None: the nearest above that is open."""
    is_active: bool = True
    """False for a closed area: nothing new goes there, but cases of the past still lie in it."""
    is_department: bool = False
    """A department (部门) has no ground: cases are given to it, none lies in it. Its level is a community's."""


@dataclass(frozen=True)
class AreaTree:
    """All areas of the installation.

    A closed area lies in the one that took it over, so that whoever looks after that one sees its cases too.
    """

    places: Mapping[int, Place]
    outlines: Mapping[int, str] = field(default_factory=dict)
    """The boundary of areas in use, as the text of a GeoJSON geometry in WGS 84."""

    @cached_property
    def in_use(self) -> tuple[Place, ...]:
        """Return the areas and departments that cases can be given to."""
        return tuple(p for p in self.places.values() if p.is_active)

    @cached_property
    def grounds(self) -> tuple[Place, ...]:
        """Return the areas that something can lie in: those in use that are no departments."""
        return tuple(p for p in self.in_use if not p.is_department)

    @cached_property
    def departments(self) -> frozenset[int]:
        """Return the ids of departments, closed ones too."""
        return frozenset(p.id for p in self.places.values() if p.is_department)

    @cached_property
    def by_code(self) -> Mapping[str, Place]:
        """Return the areas in use by their code."""
        return {p.code: p for p in self.in_use}

    @cached_property
    def by_name(self) -> Mapping[str, Place]:
        """Return the areas whose Chinese or English name no other area has."""
        names = Counter(name for p in self.in_use for name in {p.name, p.name_en})
        return {name: p for p in self.in_use for name in {p.name, p.name_en} if names[name] == 1}

    @cached_property
    def ever_by_code(self) -> Mapping[str, Place]:
        """Return the areas by their code, closed ones too."""
        return {p.code: p for p in self.places.values()}

    def meant_by(self, name: str) -> Place | None:
        """Return the area in use with that code or name; a closed one's code means the area that took it over.

        A department is nowhere.
        """
        known = self.by_code.get(name) or self.by_name.get(name)
        once = self.ever_by_code.get(name)
        found = known or (self.living(once.id) if once else None)
        return found if found is not None and found.is_active and not found.is_department else None

    @cached_property
    def below(self) -> Mapping[int, tuple[int, ...]]:
        """Return the ids of the areas right below each area, closed ones too."""
        found: dict[int, list[int]] = {}
        for place in self.places.values():
            if place.parent_id is not None:
                found.setdefault(place.parent_id, []).append(place.id)
        return {area_id: tuple(ids) for area_id, ids in found.items()}

    def down_from(self, area_id: int) -> Iterator[int]:
        """Yield the ids of the areas that lie in this one, closed ones too, without itself."""
        for below in self.below.get(area_id, ()):
            yield below
            yield from self.down_from(below)

    def up_from(self, area_id: int) -> Iterator[Place]:
        """Yield the area and those above it, nearest first."""
        place = self.places.get(area_id)
        while place is not None:
            yield place
            place = self.places.get(place.parent_id) if place.parent_id is not None else None

    def covers(self, outer_id: int, inner_id: int) -> bool:
        """Does `inner` lie in `outer` (or is it the same)?"""
        return any(p.id == outer_id for p in self.up_from(inner_id))

    def living(self, area_id: int) -> Place:
        """Return the area, or the nearest one in use that it lies in. Errors: KeyError for an area nobody knows."""
        return next((p for p in self.up_from(area_id) if p.is_active), self.places[area_id])

    def at_level(self, area_id: int, level: AreaLevel) -> Place:
        """Return the area or the one above it that stands at `level`; where it is not that deep, the nearest above.

        A case known only by its sub-district has no community: its nearest desk is the sub-district's. A closed area
        gives way to the one that took it over.
        """
        for place in self.up_from(self.living(area_id).id):
            if DEPTH[place.level] <= DEPTH[level]:
                return place
        raise KeyError(area_id)

    def ground_of(self, area_id: int) -> Place:
        """Return the area on whose ground a unit works: a department works on that of the area it belongs to."""
        return next(p for p in self.up_from(area_id) if not p.is_department)

    def root(self, area_id: int) -> Place:
        """Return the topmost area above."""
        return list(self.up_from(area_id))[-1]

    def common(self, area_ids: list[int]) -> Place | None:
        """Return the lowest area in which all of these lie; None when there is none."""
        chains = [{p.id for p in self.up_from(area_id)} for area_id in area_ids]
        shared = set.intersection(*chains) if chains else set()
        return next((p for area_id in area_ids[:1] for p in self.up_from(area_id) if p.id in shared), None)

    @cached_property
    def ground(self) -> Ground:
        """Return the boundaries, built at the first look and kept as long as this tree."""
        return Ground({i: text for i, text in self.outlines.items() if i in self.places and self.places[i].is_active})

    @cached_property
    def names(self) -> Names:
        """Return the names and other names (别名) of what has ground, built at the first look."""
        own = ((name, p.id) for p in self.grounds for name in {p.name, p.name_en})
        return Names(own, ((alias, p.id) for p in self.grounds for alias in p.aliases))
