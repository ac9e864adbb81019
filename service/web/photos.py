"""Who may see a photo? One gate for every file: the resident by the code, staff by the case, the sender by a token."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from service.attachments.chosen import MOST_TOKEN, photo_of
from service.attachments.queries import by_name
from service.attachments.rules import MEDIA_TYPE, Stage
from service.attachments.storage import storage_in
from service.cases.queries import by_number
from service.cases.tables import Case
from service.errors import NotFoundError, ServiceError
from service.handling.actions import Doer
from service.handling.photos import add_photos, show_photo
from service.handling.queries import actors
from service.settings import get_settings
from service.web.deps import DbSession, Now, real_now
from service.web.once import DoneOnce
from service.web.photo_forms import PhotoRoute, SentPhotos
from service.web.receipt import CASE, case_path
from service.web.render import language_of
from service.web.rereading import is_only_read
from service.web.worker import CaseToRead, Typed, Working, case_page
from service.web.worker_forms import Tried

log = structlog.get_logger("photos")

router = APIRouter(include_in_schema=False, route_class=PhotoRoute)

ALONE = "default-src 'none'; sandbox"
"""Whatever a browser takes the file for, it may do nothing."""
LOOKED_UP = "private, no-cache"
"""A browser may keep it for its owner, and asks each time whether it may still be shown."""
PHOTOS = "photos"
Small = Annotated[bool, Query()]


@router.get("/submit/photos")
def show_chosen(
    request: Request, kept: Annotated[str, Query(max_length=MOST_TOKEN)] = "", *, small: Small = False
) -> Response:
    """Show a photo that came in with a form and belongs to no case yet. Errors: NotFoundError."""
    photo = photo_of(kept, real_now())
    if photo is None:
        raise NotFoundError
    return file_of(request, photo.small_sha256 if small else photo.sha256, caching="no-store")


@router.get("/track/{number}/photos/{name}")
def show_to_resident(request: Request, session: DbSession, number: str, name: str, *, small: Small = False) -> Response:
    """Show a photo of a case to a browser that has shown its code. Errors: NotFoundError."""
    case = by_number(session, number) if CASE.read(request, case_path(number)) is not None else None
    return photo_of_case(request, session, case, name, small=small, public_only=True)


@router.get("/cases/{number}/photos/{name}")
def show_to_staff(
    request: Request,
    session: DbSession,
    person: Working,  # noqa: ARG001  # Staff only.
    case: CaseToRead,
    name: str,
    *,
    small: Small = False,
) -> Response:
    """Show a photo of a case to those who may see the case. Errors: NotFoundError."""
    return photo_of_case(request, session, case, name, small=small, public_only=False)


@router.post("/cases/{number}/photos")
def take_photos(
    request: Request,
    session: DbSession,
    person: Working,
    now: Now,
    once: DoneOnce,
    case: CaseToRead,
    typed: Typed,
    sent: SentPhotos,
) -> Response:
    """Add photos to a case, without words."""
    tried = Tried(PHOTOS, typed, kept=sent.tokens)
    if is_only_read(request, typed):
        return case_page(request, session, case, person, now, tried)
    doer = Doer(actors(session, case, person), person)
    stage = Stage(typed["stage"]) if typed.get("stage") in list(Stage) else Stage.OTHER
    try:
        with session.begin_nested(), sent.checked(language_of(request)):
            add_photos(
                session, case.id or 0, sent.photos, by=doer, now=now, stage=stage, is_public=bool(typed.get("shown"))
            )
    except ServiceError as error:
        return case_page(request, session, case, person, now, Tried(PHOTOS, typed, error, kept=sent.tokens))
    done = "?done=photos" if sent.photos else ""
    return once.done(f"/cases/{case.number}{done}#photos")


@router.post("/cases/{number}/shown/{name}")
def choose_shown(session: DbSession, person: Working, now: Now, case: CaseToRead, name: str, typed: Typed) -> Response:
    """Let the resident see a photo of staff, or not. Errors: NotFoundError, MoveForbiddenError."""
    doer = Doer(actors(session, case, person), person)
    show_photo(session, case, name, is_public=typed.get("show") == "yes", by=doer, now=now)
    return RedirectResponse(f"/cases/{case.number}#photos", 303)


def photo_of_case(
    request: Request, session: Session, case: Case | None, name: str, *, small: bool, public_only: bool
) -> Response:
    """Return one photo of a case. Errors: NotFoundError, also where there is no case that the reader may know of."""
    photo = by_name(session, case.id or 0, name, public_only=public_only) if case else None
    if photo is None:
        raise NotFoundError
    return file_of(request, photo.small_sha256 if small else photo.sha256)


def file_of(request: Request, sha256: str, *, caching: str = LOOKED_UP) -> Response:
    """Return a stored picture, as nothing but a picture. Errors: NotFoundError, when it is lost or damaged."""
    headers = {
        "Cache-Control": caching,
        "Content-Security-Policy": ALONE,
        "Content-Disposition": 'inline; filename="photo.jpg"',
        "ETag": f'"{sha256[:32]}"',
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    try:
        content = storage_in(get_settings().data_dir).get(sha256)
    except OSError as why:
        log.exception("photo lost", sha256=sha256)
        raise NotFoundError from why
    return Response(content, media_type=MEDIA_TYPE, headers=headers)
