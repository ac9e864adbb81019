"""How does an administrator take over areas from a file: upload, look, and take over whole; and write them into one?"""

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response

from service.areas.datum import Datum
from service.areas.exporting import areas_as_csv
from service.areas.importing import keep_file, kept_file, look_at, take_over
from service.areas.sheets import COLUMNS
from service.sheets import MOST_BYTES, Told
from service.web.admin.common import Administrator, Refused, RowId, admin_page, go_to, one_of, said, tried
from service.web.admin.told_words import FIELD_LABELS
from service.web.deps import DbSession, Now

router = APIRouter(prefix="/areas")

AREAS = "/admin/areas"
SHOWN = 100
"""So many mistakes, notices and areas are shown at once."""


@router.get("/import")
def show_upload(request: Request, by: Administrator) -> Response:
    """Ask for a file with areas."""
    return admin_page(request, by, "area_import", {"headings": COLUMNS})


@router.post("/import")
def take_upload(
    request: Request,
    session: DbSession,
    by: Administrator,
    now: Now,
    file: Annotated[UploadFile, File()],
    datum: Annotated[str, Form()] = Datum.WGS84,
) -> Response:
    """Keep a file and go on to what it would change."""
    content, name = file.file.read(MOST_BYTES + 1), file.filename or ""

    def keep() -> int:
        return keep_file(session, name, content, one_of(Datum, datum, "datum"), by=by, now=now).id or 0

    kept = tried(request, session, keep)
    if isinstance(kept, Refused):
        return admin_page(request, by, "area_import", {"headings": COLUMNS}, refused=kept)
    return RedirectResponse(f"{AREAS}/files/{kept}", 303)


@router.get("/files/{file_id}")
def show_file(request: Request, session: DbSession, by: Administrator, file_id: RowId) -> Response:
    """Show what a file would change, and each row that is wrong."""
    kept, content = kept_file(session, file_id)
    seen = look_at(session, kept.name, content, kept.datum)
    context: dict[str, Any] = {
        "file": kept,
        "seen": seen,
        "faults": _lines(request, seen.faults),
        "notices": _lines(request, seen.notices),
        "shown": SHOWN,
    }
    return admin_page(request, by, "area_file", context)


@router.post("/files/{file_id}")
def take_file(request: Request, session: DbSession, by: Administrator, now: Now, file_id: RowId) -> Response:
    """Take a file over; when meanwhile something stands in its way, show that."""
    kept, content = kept_file(session, file_id)

    def take() -> None:
        take_over(session, kept.name, content, kept.datum, by=by, now=now)

    done = tried(request, session, take)
    return RedirectResponse(f"{AREAS}/files/{file_id}", 303) if isinstance(done, Refused) else go_to(AREAS, "imported")


@router.get("/export")
def write_file(session: DbSession, _by: Administrator) -> Response:
    """Return all areas as a sheet that can be taken over again."""
    headers = {"Content-Disposition": 'attachment; filename="areas.csv"'}
    return Response(areas_as_csv(session), media_type="text/csv; charset=utf-8", headers=headers)


def _lines(request: Request, told: Iterable[Told]) -> list[tuple[int, str, str]]:
    """Return row, column and sentence of the first ones, in the reader's language."""
    return [
        (one.row, said(request, COLUMN_LABELS.get(one.column, one.column)), said(request, one.sentence, **one.facts))
        for one in list(told)[:SHOWN]
    ]


COLUMN_LABELS = {**FIELD_LABELS, "parent": "Lies in"}
