"""How is the boundary of one area read from a text or a file, and put in the place of the one there is?"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlmodel import Session

from service.accounts.tables import Person
from service.areas.boundaries import Drawn, read_boundary
from service.areas.datum import Datum
from service.areas.details import NO_GROUND
from service.areas.tables import Area
from service.audit.actions import record
from service.audit.changes import expect, locked, one_at_a_time
from service.audit.rules import Entry
from service.errors import InvalidFieldsError
from service.sheets import MOST_BYTES

MOST_CORNERS = 20_000
"""More no boundary of one area needs: each look at a place goes through them."""
EMPTY = "Please give a boundary: paste its text, or choose a file."
UNREADABLE = "This is no GeoJSON that can be read."
TOO_LARGE = "That is too large for one boundary: at most 20,000 corners. Please simplify it first."
SEVERAL = "Several shapes are in it, and none of them has the code of this area. Please leave only one."


def read_drawing(text: str | bytes, code: str, datum: Datum) -> Drawn:
    """Read a GeoJSON geometry, feature, or collection of features, of which the one with the area's code is meant.

    What is wrong or was mended is told in the result; `stored` is a Polygon or MultiPolygon in WGS 84.
    """
    if not text.strip():
        return Drawn(None, EMPTY)
    if len(text) > MOST_BYTES:
        return Drawn(None, TOO_LARGE)
    try:
        drawing = json.loads(text)
    except (ValueError, RecursionError):
        return Drawn(None, UNREADABLE)
    shapes = list(_shapes(drawing, code))
    if len(shapes) != 1:
        return Drawn(None, SEVERAL if shapes else UNREADABLE)
    if _corners(shapes[0]) > MOST_CORNERS:
        return Drawn(None, TOO_LARGE)
    return read_boundary(json.dumps(shapes[0]), datum)


def _shapes(drawing: Any, code: str) -> Iterator[Any]:  # noqa: ANN401  # JSON.
    """Yield what may be the boundary; of several features only those with the area's code."""
    if not isinstance(drawing, dict):
        return
    features = drawing.get("features") if drawing.get("type") == "FeatureCollection" else None
    if not isinstance(features, list):
        yield drawing.get("geometry") if drawing.get("type") == "Feature" else drawing
        return
    drawn = [one for one in features if isinstance(one, dict) and one.get("geometry")]
    named = [one for one in drawn if code in _words(one.get("properties"))]
    yield from (one["geometry"] for one in named or drawn)


def _words(properties: Any) -> set[str]:  # noqa: ANN401  # JSON.
    return {str(value) for value in properties.values()} if isinstance(properties, dict) else set()


def _corners(shape: Any) -> int:  # noqa: ANN401  # JSON.
    """Return how many pairs of numbers stand in it, however deep."""
    waiting, found = [shape.get("coordinates") if isinstance(shape, dict) else None], 0
    while waiting and found <= MOST_CORNERS:
        part = waiting.pop()
        if isinstance(part, list):
            found += bool(part) and not isinstance(part[0], list)
            waiting += [inner for inner in part if isinstance(inner, list)]
    return found


def change_boundary(
    session: Session, area_id: int, boundary: dict[str, Any], *, by: Person, now: datetime, seen: int
) -> Area:
    """Give an area another boundary, which counts from the next look at a place on; no case is moved by it.

    `boundary` as `read_drawing` stores it; `seen` is the version of the area that was looked at.
    Errors: NotFoundError, ConflictError, InvalidFieldsError.
    """
    one_at_a_time(session, Area)
    area = locked(session, Area, area_id)
    expect(session, "area", area_id, seen)
    if not area.is_active:
        raise InvalidFieldsError({"form": "This area is closed. It needs no boundary any more."})
    if area.is_department:
        raise InvalidFieldsError({"form": NO_GROUND})
    if area.boundary == boundary:
        return area
    area.boundary = boundary
    session.add(area)
    session.flush()
    record(session, Entry("area", area_id, "area.changed", now, "staff", by.id, {"boundary": []}))
    return area
