"""What would another boundary of an area change: its size, its neighbours, the open cases that lie in it?"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from service.areas.boundaries import Clash, corners_of, hectares_of, overlaps, sticking_out
from service.areas.queries import area_tree
from service.areas.rules import AreaTree, Place
from service.areas.tables import Area
from service.cases.queries import within
from service.cases.rules import ENDED
from service.cases.tables import Case

MOST_CASES = 20_000
"""So many open cases with a point are looked at; no area has nearly so many."""

Boundary = dict[str, Any]


@dataclass(frozen=True)
class Misfit:
    """One area that overlaps the other, its neighbour, or sticks out of the other, which is above it."""

    one: Place
    other: Place
    part: float
    """Of the smaller of two neighbours, or of the one that sticks out (0 to 1)."""
    before: float
    """The same with the boundary there is; 0: they agree."""
    is_new: bool
    """Does it come, or grow, by this change?"""


@dataclass(frozen=True)
class Redrawn:
    """What a boundary would change. Sizes in hectares; None: there is no boundary yet."""

    before: float | None
    after: float
    corners_before: int
    corners: int
    overlapped: tuple[Misfit, ...]
    """Areas of its level that it overlaps, the largest part first."""
    sticking_out: tuple[Misfit, ...]
    """Where it would stick out of the area above, or one below out of it, the largest part first."""
    cases_elsewhere: int
    """Open cases of the area that lie in its boundary now, and would lie outside of it. They stay with their desk."""

    @property
    def is_clean(self) -> bool:
        """Does it agree with all areas around it?"""
        return not self.overlapped and not self.sticking_out

    @property
    def brings_misfits(self) -> bool:
        """Does it disagree with an area around it more than the boundary there is?"""
        return any(one.is_new for one in (*self.overlapped, *self.sticking_out))


def look_at_boundary(session: Session, area: Area, boundary: Boundary) -> Redrawn:
    """Return what a boundary that was read would change for an area; nothing is done."""
    areas = area_tree(session)
    place, was = areas.places[area.id or 0], area.boundary
    return Redrawn(
        before=hectares_of(was) if was else None,
        after=hectares_of(boundary),
        corners_before=corners_of(was) if was else 0,
        corners=corners_of(boundary),
        overlapped=_overlapped(areas, place, was, boundary),
        sticking_out=_sticking_out(areas, place, was, boundary),
        cases_elsewhere=_cases_elsewhere(session, place.id, was, boundary),
    )


def _overlapped(areas: AreaTree, place: Place, was: Boundary | None, boundary: Boundary) -> tuple[Misfit, ...]:
    met = (areas.places[i] for i in areas.ground.meeting(json.dumps(boundary)))
    near = {one.code: one for one in met if one.is_active and one.level is place.level and one.id != place.id}
    around = {code: json.loads(areas.outlines[one.id]) for code, one in near.items()}
    levels = dict.fromkeys((*near, place.code), place.level)

    def found(drawn: Boundary) -> list[Clash]:
        return overlaps({place.code: drawn, **around}, levels, [place.code])

    return _compared(near | {place.code: place}, found(boundary), found(was) if was else ())


def _sticking_out(areas: AreaTree, place: Place, was: Boundary | None, boundary: Boundary) -> tuple[Misfit, ...]:
    below = [areas.places[i] for i in areas.below.get(place.id, ()) if areas.places[i].is_active]
    above = areas.places.get(place.parent_id or 0)
    near = {one.code: one for one in (above, *below) if one is not None and one.id in areas.outlines}
    around = {code: json.loads(areas.outlines[one.id]) for code, one in near.items()}
    parents: dict[str, str | None] = {one.code: place.code for one in below}
    parents[place.code] = above.code if above else None

    def found(drawn: Boundary) -> list[Clash]:
        return sticking_out({place.code: drawn, **around}, parents, [place.code])

    return _compared(near | {place.code: place}, found(boundary), found(was) if was else ())


def _compared(named: Mapping[str, Place], now: Iterable[Clash], then: Iterable[Clash]) -> tuple[Misfit, ...]:
    """Return what would not agree, the largest part first, beside how it is now."""
    there = {(one.area, one.other): one for one in then}
    found = []
    for one in now:
        before = there.get((one.area, one.other))
        part = before.part if before else 0.0
        found.append(Misfit(named[one.area], named[one.other], one.part, part, one.is_more_than(before)))
    return tuple(sorted(found, key=lambda misfit: -misfit.part))


def _cases_elsewhere(session: Session, area_id: int, was: Boundary | None, boundary: Boundary) -> int:
    """Return how many open cases of an area lie where it is now and would not be."""
    import shapely

    here = (col(Case.area_id).in_(within(area_id)), col(Case.status).not_in(ENDED), col(Case.lat).is_not(None))
    points = session.execute(sa.select(col(Case.lon), col(Case.lat)).where(*here).limit(MOST_CASES)).all()
    if not points:
        return 0
    lon, lat = zip(*points, strict=True)
    after = shapely.intersects_xy(shapely.from_geojson(json.dumps(boundary)), lon, lat)
    if was is None:
        return int((~after).sum())
    before = shapely.intersects_xy(shapely.make_valid(shapely.from_geojson(json.dumps(was))), lon, lat)
    return int((before & ~after).sum())
