"""What do maps ask for? The outlines of areas, for everybody, and where the cases of a queue are, for who may see them.

Outlines are simplified once for each version of the areas and kept; a browser that has them hears that nothing changed.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response
from pydantic import Field

from service.areas.datum import Datum
from service.areas.outlines import Outline, around, drawn_at, inside, outlines
from service.areas.rules import AreaTree
from service.errors import InvalidFieldsError, NotFoundError
from service.handling.pins import Pin, pins
from service.routing.directory import Directory
from service.routing.queries import directory
from service.web.deps import CurrentPerson, DbSession, Now
from service.web.directory_shapes import Shape
from service.web.map_ground import ground
from service.web.queue_lines import Asked
from service.web.render import language_of
from service.web.timewords import remaining, time_state

router = APIRouter(prefix="/api/v1")

GEOJSON = "application/geo+json"
MOST_KEPT = 200
"""So many answers are kept; the longest kept goes first."""
ASKED_ONE = "Please ask for the areas inside one, or for those around one, not for both."

Code = Annotated[str, Query(max_length=40, description="The code of an area in use.")]


@dataclass(frozen=True)
class _Kept:
    """The answers made from one version of the areas."""

    areas: AreaTree
    answers: dict[tuple[str, int | None, Datum], tuple[bytes, str]]


_kept: _Kept | None = None


class PinShape(Shape):
    """Where one case of a queue is."""

    number: str
    title: str
    state: str = Field(description="in_time, soon, overdue or paused")
    said: str = Field(description="How much time is left, in the reader's language.")
    lat: float | None = Field(description="As our maps draw it; null where only the area is known.")
    lon: float | None
    areas: list[str] = Field(description="The codes of its area and of those above it.")


class PinsShape(Shape):
    """Where the cases of a queue are, what runs out first on top."""

    items: list[PinShape]
    left_out: int = Field(description="So many more there are than are told.")


@router.get("/areas/outlines", tags=["residents"], responses={200: {"content": {GEOJSON: {}}}})
def read_outlines(
    session: DbSession,
    inside_of: Annotated[Code, Query(alias="in")] = "",
    around_of: Annotated[Code, Query(alias="around")] = "",
    if_none_match: Annotated[str, Header(max_length=1000)] = "",
) -> Response:
    """Return areas as GeoJSON, as simple as a page needs them: all, those inside one, or one and its neighbours.

    Coordinates are those in which our maps draw (`datum`). Bounded in size: of too many areas those a level higher are
    returned. Errors: not-found for an area that is not in use.
    """
    if inside_of and around_of:
        raise InvalidFieldsError({"around": ASKED_ONE})
    areas = directory(session).areas
    code = inside_of or around_of
    place = areas.by_code.get(code)
    if code and place is None:
        raise NotFoundError
    key = ("around" if around_of else "in", place.id if place else None, ground().datum)
    body, etag = _answer(areas, key)
    told = {"ETag": etag, "Cache-Control": "no-cache"}
    if etag in {one.strip() for one in if_none_match.split(",")}:
        return Response(status_code=304, headers=told)
    return Response(body, media_type=GEOJSON, headers=told)


@router.get("/queue/places", tags=["staff"])
def read_places(
    request: Request, person: CurrentPerson, session: DbSession, now: Now, asked: Annotated[Asked, Query()]
) -> PinsShape:
    """Return where the cases of a queue are, for a map beside its list."""
    found, left_out = pins(session, person, asked.ask(), now)
    known, datum, language = directory(session), ground().datum, language_of(request)

    def shape(pin: Pin) -> PinShape:
        at = drawn_at(pin.lat, pin.lon, datum) if pin.lat is not None and pin.lon is not None else (None, None)
        return PinShape(
            number=pin.number,
            title=pin.title,
            state=time_state(pin.due_at, now) if pin.due_at else "paused",
            said=remaining(pin.due_at, now, language) if pin.due_at else "",
            lat=at[0],
            lon=at[1],
            areas=_codes(known, pin.area_id),
        )

    return PinsShape(items=[shape(pin) for pin in found], left_out=left_out)


def _codes(known: Directory, area_id: int) -> list[str]:
    return [place.code for place in known.areas.up_from(area_id)]


def _answer(areas: AreaTree, key: tuple[str, int | None, Datum]) -> tuple[bytes, str]:
    """Return the body and its ETag, made at the first look."""
    global _kept  # noqa: PLW0603  # One version a process; replaced whole.
    kept = _kept
    if kept is None or kept.areas is not areas:
        kept = _kept = _Kept(areas, {})
    found = kept.answers.get(key)
    if found is None:
        body = json.dumps(_collection(areas, *key), ensure_ascii=False, separators=(",", ":")).encode()
        found = (body, f'W/"{hashlib.sha256(body).hexdigest()[:16]}"')
        if len(kept.answers) >= MOST_KEPT:
            kept.answers.pop(next(iter(kept.answers)), None)
        kept.answers[key] = found
    return found


def _collection(areas: AreaTree, how: str, area_id: int | None, datum: Datum) -> dict[str, Any]:
    places = around(areas, area_id) if how == "around" and area_id is not None else inside(areas, area_id)
    features = [_feature(areas, one, area_id) for one in outlines(areas, places, datum=datum)]
    return {"type": "FeatureCollection", "datum": datum.value, "features": features}


def _feature(areas: AreaTree, one: Outline, asked_id: int | None) -> dict[str, Any]:
    place = one.place
    told = {
        "code": place.code,
        "level": place.level.value,
        "name": place.name,
        "name_en": place.name_en,
        "label": list(one.label),
        "within": [above.code for above in areas.up_from(place.id)][1:],
        "asked": place.id == asked_id,
    }
    return {"type": "Feature", "properties": told, "geometry": one.geometry}
