"""How does an administrator give an area another boundary: as text, from a file or on the map, looked at first?"""

import json
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from service.accounts.tables import Person
from service.areas.boundaries import as_text, corners_of
from service.areas.datum import Datum
from service.areas.importing import keep_file, kept_file
from service.areas.redrawing import change_boundary, read_drawing
from service.areas.tables import Area
from service.errors import InvalidFieldsError, NotFoundError
from service.rezoning.boundaries import look_at_boundary
from service.sheets import MOST_BYTES
from service.web.admin.common import (
    NOTHING_WRONG,
    Administrator,
    Refused,
    RowId,
    Text,
    TypedForm,
    admin_page,
    as_whole,
    go_to,
    one_of,
    tried,
)
from service.web.admin.saving import kept_of, row_of
from service.web.deps import DbSession, Now
from service.web.map_ground import ground

router = APIRouter(prefix="/areas/boundaries")

AREAS = "/admin/areas"
BOUNDARIES = f"{AREAS}/boundaries"
MOST_TYPED = 5_000
"""So many corners stand in the form; more are changed in a file."""


class Drawing(TypedForm):
    """A boundary as it is typed, pasted, or drawn on the map."""

    boundary: Text = ""
    datum: Text = Datum.WGS84.value


@dataclass(frozen=True)
class Sent:
    """A boundary as it came, what it is measured in, and at which fields it is told what is wrong with either."""

    drawing: str | bytes
    datum: str
    at: str
    datum_at: str


@router.get("/{area_id}")
def show_boundary(request: Request, session: DbSession, by: Administrator, area_id: RowId) -> Response:
    """Show the boundary of an area as text and, where there is a script, on a map on which it can be changed."""
    area = row_of(session, Area, area_id)
    return _form_page(request, session, by, area, _as_it_is(area))


@router.post("/files/{area_id}")
def take_drawing(
    request: Request,
    session: DbSession,
    by: Administrator,
    now: Now,
    area_id: RowId,
    file: Annotated[UploadFile, File()],
    datum_of_file: Annotated[Text, Form()] = Datum.WGS84.value,
) -> Response:
    """Keep a boundary from a file, and go on to what it would change."""
    area, content = row_of(session, Area, area_id), file.file.read(MOST_BYTES + 1)
    return _keep(request, session, by, now, area, Sent(content, datum_of_file, "file", "datum_of_file"))


@router.post("/{area_id}")
def take_text(
    request: Request,
    session: DbSession,
    by: Administrator,
    now: Now,
    area_id: RowId,
    form: Annotated[Drawing, Form()],
) -> Response:
    """Keep a boundary that was typed or drawn, and go on to what it would change."""
    area = row_of(session, Area, area_id)
    return _keep(request, session, by, now, area, Sent(form.boundary, form.datum, "boundary", "datum"), form)


@router.get("/{area_id}/{file_id}")
def show_redrawn(
    request: Request, session: DbSession, by: Administrator, now: Now, area_id: RowId, file_id: RowId
) -> Response:
    """Show what a boundary would change."""
    area = row_of(session, Area, area_id)
    return _preview(request, session, by, now, area, file_id)


@router.post("/{area_id}/{file_id}")
def take_boundary(
    request: Request,
    session: DbSession,
    by: Administrator,
    now: Now,
    area_id: RowId,
    file_id: RowId,
    seen: Annotated[Text, Form()] = "",
) -> Response:
    """Take a boundary over; when the area was changed meanwhile, show that, and what it would change now."""
    area = row_of(session, Area, area_id)
    boundary, _ = _kept(session, area, file_id)

    def take() -> Area:
        return change_boundary(session, area_id, boundary, by=by, now=now, seen=as_whole(seen, otherwise=0))

    done = tried(request, session, take)
    if isinstance(done, Refused):
        return _preview(request, session, by, now, area, file_id, done)
    return go_to(f"{AREAS}/{area_id}", "changed")


def _keep(
    request: Request, session: Session, by: Person, now: Now, area: Area, sent: Sent, form: Drawing | None = None
) -> Response:
    """Keep a boundary as a file with areas of one row."""

    def keep() -> int:
        drawn = read_drawing(sent.drawing, area.code, one_of(Datum, sent.datum, sent.datum_at))
        if drawn.stored is None:
            raise InvalidFieldsError({sent.at: drawn.fault})
        facts = {"code": area.code, "notice": drawn.notice}
        feature = {"type": "Feature", "properties": facts, "geometry": drawn.stored}
        content = json.dumps(feature).encode()
        return keep_file(session, f"{area.code}.geojson", content, Datum.WGS84, by=by, now=now).id or 0

    kept = tried(request, session, keep)
    if isinstance(kept, Refused):
        return _form_page(request, session, by, area, form or _as_it_is(area), kept)
    return RedirectResponse(f"{BOUNDARIES}/{area.id}/{kept}", 303)


def _kept(session: Session, area: Area, file_id: int) -> tuple[dict[str, Any], str]:
    """Return a boundary that was kept for this area, and what was mended of it. Errors: NotFoundError."""
    kept, content = kept_file(session, file_id)
    if kept.name != f"{area.code}.geojson":
        raise NotFoundError
    feature = json.loads(content)
    facts = feature.get("properties") or {}
    if facts.get("code") != area.code or "notice" not in facts:
        raise NotFoundError
    return feature["geometry"], facts["notice"]


def _form_page(
    request: Request, session: Session, by: Person, area: Area, form: Drawing, refused: Refused = NOTHING_WRONG
) -> Response:
    context = {
        "area": area,
        "values": form,
        "corners": corners_of(area.boundary) if area.boundary else 0,
        "most_typed": MOST_TYPED,
        "outlines": _outlines(session, area),
    }
    return admin_page(request, by, "area_boundary", context, refused=refused)


def _as_it_is(area: Area) -> Drawing:
    """Return the boundary there is, as our maps draw it; nothing where it has too many corners for a form."""
    datum, there = ground().datum, area.boundary
    is_short = there is not None and corners_of(there) <= MOST_TYPED
    return Drawing(boundary=as_text(there, datum) if there is not None and is_short else "", datum=datum)


def _outlines(session: Session, area: Area) -> str:
    """Return the address of the outlines around an area; around the one above it, where it has none itself."""
    if area.boundary is not None and area.is_active:
        return f"/api/v1/areas/outlines?around={area.code}"
    above = session.get(Area, area.parent_id) if area.parent_id else None
    return f"/api/v1/areas/outlines?in={above.code}" if above else "/api/v1/areas/outlines"


def _preview(
    request: Request,
    session: Session,
    by: Person,
    now: Now,
    area: Area,
    file_id: int,
    refused: Refused = NOTHING_WRONG,
) -> Response:
    boundary, notice = _kept(session, area, file_id)
    context = {
        "area": area,
        "redrawn": look_at_boundary(session, area, boundary),
        "is_same": boundary == area.boundary,
        "notice_of_mending": notice,
        "drawn": as_text(boundary, ground().datum),
        "action": f"{BOUNDARIES}/{area.id}/{file_id}",
        "outlines": _outlines(session, area),
        **kept_of(request, session, "area", area.id, now, refused),
    }
    return admin_page(request, by, "area_redrawn", context, refused=refused)
