"""When are two cases so likely about the same matter that somebody should be told?"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from service.areas.rules import AreaLevel, AreaTree
from sla_policies.policy import Grade

WITHIN = {
    Grade.G1: timedelta(days=3),
    Grade.G2: timedelta(days=14),
    Grade.G3: timedelta(days=30),
    Grade.G4: timedelta(days=90),
    Grade.C: timedelta(days=30),
}
"""How long ago the same may have been told first, by the grade of the topic (30 days: DOMAIN 3.4; the others own):
a burst pipe of last week is another one, a hard matter goes on for a quarter."""
LONGEST = max(WITHIN.values())
NEAR_METRES, FAR_METRES = 150, 800
"""Two points closer than this are one place; two points farther apart than that are not, whatever the area (own)."""
CELL_DEGREES = 0.004
"""A square of about 450 m by 380 m: whatever lies closer than that to a point lies in its square or a neighbour."""
EARTH_METRES = 6_371_000
ALIKE, LIKELY = 0.105, 0.20
"""Likeness of words from which a desk is told, and from which a resident is asked. Chosen on one half of real
messages, measured on the other (docs/duplicates.md)."""
LESS_FOR_TOPIC, LESS_FOR_NEARNESS = 0.8, 0.6
"""The same topic, or a point close by, lets less likeness do (own)."""
MORE_FOR_OTHER_TOPIC = 1.5
"""A topic of another group asks for more: a resident may have chosen another one (own)."""
LEAST_LIKENESS = ALIKE * LESS_FOR_TOPIC * LESS_FOR_NEARNESS
"""Below this the words decide, whatever else two cases have in common."""
MOST_AREAS = 200


class How(StrEnum):
    """How sure it is that two cases are about the same."""

    LIKELY = "likely"
    POSSIBLE = "possible"
    SAME_RESIDENT = "same_resident"
    """The same telephone number, topic and area."""


@dataclass(frozen=True)
class Point:
    """Where something is, in degrees of WGS 84."""

    lat: float
    lon: float


@dataclass(frozen=True)
class Compared:
    """What two cases have in common."""

    likeness: float
    same_topic: bool
    same_group: bool
    metres: float | None = None
    """Between their points; None: one of them has none."""
    same_resident: bool = False


def how_alike(pair: Compared) -> How | None:
    """Return how sure it is that two cases, close in area and time, are about the same; None: they are not."""
    if pair.metres is not None and pair.metres > FAR_METRES:
        return None
    ease = 1.0
    if pair.same_topic:
        ease *= LESS_FOR_TOPIC
    elif not pair.same_group:
        ease *= MORE_FOR_OTHER_TOPIC
    if pair.metres is not None and pair.metres <= NEAR_METRES:
        ease *= LESS_FOR_NEARNESS
    if pair.likeness >= LIKELY * ease:
        return How.LIKELY
    if pair.same_resident and pair.same_topic:
        return How.SAME_RESIDENT
    return How.POSSIBLE if pair.likeness >= ALIKE * ease else None


def metres_between(one: Point, other: Point) -> float:
    """Return the distance of two points in metres, on a sphere: exact enough for a street."""
    lat, other_lat = math.radians(one.lat), math.radians(other.lat)
    half = math.sin((other_lat - lat) / 2) ** 2
    half += math.cos(lat) * math.cos(other_lat) * math.sin(math.radians(other.lon - one.lon) / 2) ** 2
    return 2 * EARTH_METRES * math.asin(math.sqrt(min(1.0, half)))


def cell(point: Point) -> int:
    """Return the number of the square that a point lies in."""
    return _cell(math.floor(point.lat / CELL_DEGREES), math.floor(point.lon / CELL_DEGREES))


def cells_around(point: Point) -> list[int]:
    """Return the square of a point and its eight neighbours."""
    row, column = math.floor(point.lat / CELL_DEGREES), math.floor(point.lon / CELL_DEGREES)
    return [_cell(row + up, column + right) for up in (-1, 0, 1) for right in (-1, 0, 1)]


def _cell(row: int, column: int) -> int:
    return row * 100_000 + column


def areas_around(areas: AreaTree, area_id: int) -> list[int]:
    """Return the areas in which the same matter may have been told: the area itself, what it lies in, what lies in it.

    A resident may know the place better or worse than the one before. The county is where cases lie whose place is
    not known at all: it stands for itself only. Closed areas count as those that took them over.
    """
    here = areas.living(area_id)
    if here.level is AreaLevel.COUNTY:
        return [here.id]
    return [here.id, *_others(areas, here.id)][:MOST_AREAS]


def _others(areas: AreaTree, here: int) -> Iterator[int]:
    yield from (p.id for p in areas.up_from(here) if p.id != here and p.level is not AreaLevel.COUNTY)
    yield from areas.down_from(here)
