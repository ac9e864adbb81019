"""What would another boundary of an area change: its size, its neighbours, the open cases that lie in it?"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from service.areas.boundaries import corners_of, hectares_of, overlaps, sticking_out
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
class Redrawn:
    """What a boundary would change. Sizes in hectares; None: there is no boundary yet."""

    before: float | None
    after: float
    corners_before: int
    corners: int
    overlapped: tuple[tuple[Place, float], ...]
    """Areas of its level that it overlaps, with the part (0 to 1) of the smaller of the two."""
    sticking_out: tuple[tuple[Place, Place, float], ...]
    """One of which a part (0 to 1) would lie outside of the other, which is above it."""
    cases_elsewhere: int
    """Open cases of the area that lie in its boundary now, and would lie outside of it. They stay with their desk."""

    @property
    def is_clean(self) -> bool:
        """Does it agree with all areas around it?"""
        return not self.overlapped and not self.sticking_out


def look_at_boundary(session: Session, area: Area, boundary: Boundary) -> Redrawn:
    """Return what a boundary that was read would change for an area; nothing is done."""
    areas = area_tree(session)
    place, was = areas.places[area.id or 0], area.boundary
    return Redrawn(
        before=hectares_of(was) if was else None,
        after=hectares_of(boundary),
        corners_before=corners_of(was) if was else 0,
        corners=corners_of(boundary),
        overlapped=tuple(_overlapped(areas, place, boundary)),
        sticking_out=tuple(_sticking_out(areas, place, boundary)),
        cases_elsewhere=_cases_elsewhere(session, place.id, was, boundary),
    )


def _overlapped(areas: AreaTree, place: Place, boundary: Boundary) -> Iterable[tuple[Place, float]]:
    met = (areas.places[i] for i in areas.ground.meeting(json.dumps(boundary)))
    near = {one.code: one for one in met if one.is_active and one.level is place.level and one.id != place.id}
    shapes = {code: json.loads(areas.outlines[one.id]) for code, one in near.items()} | {place.code: boundary}
    found = overlaps(shapes, dict.fromkeys(shapes, place.level), [place.code])
    pairs = [(near[one.other if one.area == place.code else one.area], one.part) for one in found]
    return sorted(pairs, key=lambda pair: -pair[1])


def _sticking_out(areas: AreaTree, place: Place, boundary: Boundary) -> Iterable[tuple[Place, Place, float]]:
    below = [areas.places[i] for i in areas.below.get(place.id, ()) if areas.places[i].is_active]
    above = areas.places.get(place.parent_id or 0)
    around = [one for one in (above, *below) if one is not None and one.id in areas.outlines]
    named = {one.code: one for one in (place, *around)}
    shapes = {one.code: json.loads(areas.outlines[one.id]) for one in around} | {place.code: boundary}
    parents: dict[str, str | None] = {one.code: place.code for one in below}
    parents[place.code] = above.code if above else None
    return [(named[one.area], named[one.other], one.part) for one in sticking_out(shapes, parents, [place.code])]


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
