"""REST v1: photos of a case, for residents with their code and for staff."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Header, Request, Response
from pydantic import Field

from service.attachments.rules import Stage
from service.attachments.tables import Attachment
from service.handling.actions import RESIDENT, Doer
from service.handling.photos import add_photos
from service.handling.queries import actors, staff_case, view
from service.web.api import Number, case_of_resident
from service.web.deps import CurrentPerson, DbSession, Now
from service.web.directory_shapes import Shape
from service.web.photo_forms import PhotoRoute, SentPhotos
from service.web.photos import Small, photo_of_case
from service.web.render import language_of

router = APIRouter(prefix="/api/v1", route_class=PhotoRoute)

Code = Annotated[str, Header(alias="X-Tracking-Code", max_length=40)]
"""In a header: an address stands in logs, a code must not."""


class PhotoShape(Shape):
    """One photo of a case; it is fetched below the address of the case, with `?small=true` for a small one."""

    name: str
    taken_in_at: datetime
    by: str = Field(description="resident or staff")
    stage: str = Field(description="before, after or other: what it shows of the work.")
    is_public: bool = Field(description="The resident may see it.")
    width: int
    height: int


class PhotosShape(Shape):
    """The photos of a case, oldest first."""

    items: list[PhotoShape]


def _body(fields: dict[str, Any]) -> dict[str, Any]:
    """Return how a form with photos is described: the framework knows only the fields that it reads itself."""
    photos = {"type": "array", "items": {"type": "string", "format": "binary"}, "maxItems": 6}
    form = {"type": "object", "properties": {"photo": photos, **fields}, "required": ["photo"]}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": form}}}}


def _shape(photo: Attachment) -> PhotoShape:
    return PhotoShape(
        name=photo.name,
        taken_in_at=photo.created_at,
        by="resident" if photo.by_resident else "staff",
        stage=str(photo.stage),
        is_public=photo.is_public,
        width=photo.width,
        height=photo.height,
    )


@router.get("/cases/{number}/photos", tags=["residents"])
def read_photos(number: Number, request: Request, session: DbSession, code: Code = "") -> PhotosShape:
    """Return the photos of a case that its resident may see."""
    case = case_of_resident(session, number, code, request)
    return PhotosShape(items=[_shape(p) for p in view(session, case, RESIDENT.actors).photos])


@router.get("/cases/{number}/photos/{name}", tags=["residents"], response_class=Response)
def read_photo(
    number: Number, name: str, request: Request, session: DbSession, code: Code = "", *, small: Small = False
) -> Response:
    """Return one photo, a JPEG."""
    case = case_of_resident(session, number, code, request)
    return photo_of_case(request, session, case, name, small=small, public_only=True)


@router.post(
    "/cases/{number}/photos", status_code=201, tags=["residents"], openapi_extra=_body({"code": {"type": "string"}})
)
def send_photos(
    number: Number,
    request: Request,
    session: DbSession,
    now: Now,
    sent: SentPhotos,
    code: Code = "",
    code_in_form: Annotated[str, Form(alias="code", max_length=40)] = "",
) -> PhotosShape:
    """Add up to 6 photos, each of at most 15 MB; all or none. The same photo sent twice stands in the case once."""
    case = case_of_resident(session, number, code or code_in_form, request)
    with sent.checked(language_of(request)):
        add_photos(session, case.id or 0, sent.photos, by=RESIDENT, now=now)
    return PhotosShape(items=[_shape(p) for p in view(session, case, RESIDENT.actors).photos])


@router.get("/staff/cases/{number}/photos", tags=["staff"])
def read_photos_as_staff(number: Number, person: CurrentPerson, session: DbSession) -> PhotosShape:
    """Return all photos of a case."""
    case = staff_case(session, number, person)
    return PhotosShape(items=[_shape(p) for p in view(session, case, actors(session, case, person)).photos])


@router.get("/staff/cases/{number}/photos/{name}", tags=["staff"], response_class=Response)
def read_photo_as_staff(
    number: Number, name: str, person: CurrentPerson, request: Request, session: DbSession, *, small: Small = False
) -> Response:
    """Return one photo, a JPEG."""
    case = staff_case(session, number, person)
    return photo_of_case(request, session, case, name, small=small, public_only=False)


FIELDS = {"stage": {"type": "string", "enum": [str(stage) for stage in Stage]}, "is_public": {"type": "boolean"}}


@router.post("/staff/cases/{number}/photos", status_code=201, tags=["staff"], openapi_extra=_body(FIELDS))
def send_photos_as_staff(
    number: Number,
    person: CurrentPerson,
    request: Request,
    session: DbSession,
    now: Now,
    sent: SentPhotos,
    stage: Annotated[Stage, Form()] = Stage.OTHER,
    is_public: Annotated[bool, Form()] = False,  # noqa: FBT002  # A field of a form.
) -> PhotosShape:
    """Add up to 6 photos of the work, each of at most 15 MB; all or none."""
    case = staff_case(session, number, person)
    doer = Doer(actors(session, case, person), person)
    with sent.checked(language_of(request)):
        add_photos(session, case.id or 0, sent.photos, by=doer, now=now, stage=stage, is_public=is_public)
    return PhotosShape(items=[_shape(p) for p in view(session, case, doer.actors).photos])
