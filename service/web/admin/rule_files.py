"""How does the dispatch table come from a sheet or YAML into the draft, and go into one?"""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import Response

from service.errors import NotFoundError
from service.routing import catalogue
from service.routing.importing import Plan, as_rows, look_at, take_over
from service.routing.sheets import COLUMNS, as_csv, as_xlsx, as_yaml
from service.routing.tables import RuleVersionRow
from service.sheets import MOST_BYTES, Told
from service.web.admin.common import Refused, Text, admin_page, as_id, go_to, said, tried
from service.web.admin.rule_words import COLUMN_LABELS
from service.web.admin.rules import RULES, Dispatcher, of_all
from service.web.admin.saving import row_of
from service.web.deps import DbSession, Now

router = APIRouter(prefix="/rules/files")

SHOWN = 100
"""So many mistakes and notices are shown at once."""
KINDS: Mapping[str, tuple[Callable[[Iterable[Mapping[str, str]]], bytes], str]] = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "xlsx": (as_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "yaml": (as_yaml, "application/yaml; charset=utf-8"),
}
TAKE = "take"


@router.get("")
def show_files(request: Request, session: DbSession, by: Dispatcher, now: Now) -> Response:
    """Offer the table as a file, and ask for one."""
    return admin_page(request, by, "rule_files", _about() | of_all(session, now))


@router.post("")
def take_file(
    request: Request,
    session: DbSession,
    by: Dispatcher,
    now: Now,
    file: Annotated[UploadFile, File()],
    what: Annotated[str, Form()] = "",
) -> Response:
    """Look at a file and name each bad row; where that is wanted and none is, write it into the draft."""
    content, name = file.file.read(MOST_BYTES + 1), file.filename or ""

    def look() -> Plan:
        return look_at(session, name, content)

    def take() -> None:
        take_over(session, name, content, by=by, now=now)

    seen = tried(request, session, look)
    if not isinstance(seen, Refused) and not seen.faults and what == TAKE:
        done = tried(request, session, take)
        if not isinstance(done, Refused):
            return go_to(f"{RULES}/draft", "in-draft")
        seen = done
    context: dict[str, Any] = _about() | of_all(session, now)
    if isinstance(seen, Refused):
        return admin_page(request, by, "rule_files", context, refused=seen)
    context |= {
        "seen": seen,
        "name": name,
        "faults": _lines(request, seen.faults),
        "notices": _lines(request, seen.notices),
    }
    return admin_page(request, by, "rule_files", context, refused=Refused(422 if seen.faults else 200))


@router.get("/{kind}")
def write_file(session: DbSession, by: Dispatcher, now: Now, kind: str, version: Text = "") -> Response:  # noqa: ARG001
    """Return a version of the table as a file that can be taken over again; without a number, the one in force."""
    if kind not in KINDS:
        raise NotFoundError
    row = row_of(session, RuleVersionRow, as_id(version) or 0) if version else catalogue.deciding(session, now)
    write, media_type = KINDS[kind]
    headers = {"Content-Disposition": f'attachment; filename="dispatch-rules-{row.id}.{kind}"'}
    return Response(write(as_rows(session, row)), media_type=media_type, headers=headers)


def _about() -> dict[str, Any]:
    return {"headings": COLUMNS, "columns": COLUMN_LABELS, "kinds": list(KINDS), "seen": None}


def _lines(request: Request, told: Iterable[Told]) -> list[tuple[int, str, str]]:
    """Return row, column and sentence of the first ones, in the reader's language."""
    return [
        (one.row, said(request, COLUMN_LABELS[one.column]), said(request, one.sentence, **one.facts))
        for one in list(told)[:SHOWN]
    ]
