"""How do the people come from a sheet, looked at first and taken over whole, and go into one?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.audit.changes import Changes
from service.roll.duties import written
from service.roll.exporting import SheetKind, headings, write_people
from service.roll.importing import keep_file, kept_file, look_at, take_over
from service.roll.rules import Outcome, Plan, Planned
from service.roll.sheets import COLUMNS
from service.roll.tables import PeopleFile
from service.rosters.actions import away_fact
from service.secrecy import mask_phone
from service.sheets import MOST_BYTES
from service.web.admin.common import (
    NOTHING_WRONG,
    Manager,
    Refused,
    RowId,
    Text,
    TypedForm,
    admin_page,
    go_to,
    one_of,
    page_number,
    said,
    tried,
)
from service.web.admin.people_words import COLUMN_LABELS, HINT_LABELS, OUTCOME_LABELS
from service.web.admin.person_page import PEOPLE
from service.web.admin.told import told
from service.web.deps import DbSession, Now
from service.web.render import language_of

router = APIRouter(prefix="/people/files")

FILES = f"{PEOPLE}/files"
LINKS = f"{PEOPLE}/links"
MOST = 50
"""So many rows of a sheet stand on one page."""
MEDIA: Mapping[SheetKind, str] = {
    SheetKind.CSV: "text/csv; charset=utf-8",
    SheetKind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
FIELD_OF = {"area": "area_id", "works_here": "is_active"}
"""What a column is called in the history."""


class Wanted(TypedForm):
    """Which sheet somebody wants."""

    kind: Text = ""
    contacts: Text = ""
    reason: Text = ""


class Look(TypedForm):
    """Which rows somebody wants to see."""

    show: Text = ""
    page: Text = ""


@dataclass(frozen=True)
class Line:
    """One row as the page shows it."""

    row: int
    login: str
    name: str
    outcome: Outcome
    says: tuple[str, ...]
    is_moved: bool
    """Somebody was changed here since the sheet was sent."""


@router.get("")
def show_files(request: Request, by: Manager) -> Response:
    """Offer the people as a sheet, and ask for one."""
    return _files_page(request, by)


@router.post("")
def take_upload(
    request: Request, session: DbSession, by: Manager, now: Now, file: Annotated[UploadFile, File()]
) -> Response:
    """Keep a sheet and go on to what it would change."""
    content, name = file.file.read(MOST_BYTES + 1), file.filename or ""
    kept = tried(request, session, lambda: keep_file(session, name, content, by=by, now=now).id)
    if isinstance(kept, Refused):
        return _files_page(request, by, refused=kept)
    return RedirectResponse(f"{FILES}/{kept}", 303)


@router.post("/export")
def write_file(
    request: Request, session: DbSession, by: Manager, now: Now, form: Annotated[Wanted, Form()]
) -> Response:
    """Return everybody whom the reader may change as a sheet that can be taken over again."""

    def write() -> bytes:
        kind, reason = one_of(SheetKind, form.kind, "kind"), form.reason if form.contacts else None
        return write_people(session, kind, language_of(request), reason, by=by, now=now)

    content = tried(request, session, write)
    if isinstance(content, Refused):
        return _files_page(request, by, form, content)
    headers = {"Content-Disposition": f'attachment; filename="people.{form.kind}"'}
    return Response(content, media_type=MEDIA[SheetKind(form.kind)], headers=headers)


@router.get("/{file_id}")
def show_file(
    request: Request, session: DbSession, by: Manager, now: Now, file_id: RowId, look: Annotated[Look, Query()]
) -> Response:
    """Show what would become of each row of a sheet."""
    kept, content = kept_file(session, file_id, by=by, now=now)
    return _file_page(request, session, by, kept, look_at(session, kept.name, content, by=by, now=now), look, now=now)


@router.post("/{file_id}")
def take_file(
    request: Request, session: DbSession, by: Manager, now: Now, file_id: RowId, seen: Annotated[str, Form()] = ""
) -> Response:
    """Take a sheet over; when meanwhile something is in its way, show that."""
    kept, content = kept_file(session, file_id, by=by, now=now)
    done = tried(request, session, lambda: take_over(session, kept, content, seen, by=by, now=now))
    if isinstance(done, Refused):
        plan = look_at(session, kept.name, content, by=by, now=now)
        return _file_page(request, session, by, kept, plan, Look(), now=now, refused=done)
    return go_to(LINKS if done.of(Outcome.NEW) else PEOPLE, "imported")


def _files_page(request: Request, by: Person, form: Wanted | None = None, refused: Refused = NOTHING_WRONG) -> Response:
    written = headings(language_of(request), with_contacts=True)
    columns = [
        (written[name], COLUMN_LABELS[name], HINT_LABELS.get(name, ""), [n for n in names if n != written[name]])
        for name, names in COLUMNS.items()
    ]
    context = {"columns": columns, "kinds": list(SheetKind), "values": form or Wanted(), "all": by.role is Role.ADMIN}
    return admin_page(request, by, "people_files", context, refused=refused)


def _file_page(
    request: Request,
    session: Session,
    by: Person,
    kept: PeopleFile,
    plan: Plan,
    look: Look,
    *,
    now: Now,
    refused: Refused = NOTHING_WRONG,
) -> Response:
    counts = {outcome: len(plan.of(outcome)) for outcome in Outcome}
    usual = Outcome.REFUSED.value if counts[Outcome.REFUSED] else ""
    shown = next((outcome for outcome in Outcome if outcome.value == (look.show or usual)), None)
    rows = plan.of(shown) if shown else list(plan.rows)
    page = min(page_number(look.page), max(1, (len(rows) + MOST - 1) // MOST))
    context: dict[str, Any] = {
        "file": kept,
        "plan": plan,
        "counts": counts,
        "labels": OUTCOME_LABELS,
        "shown": shown.value if shown else "all",
        "lines": _lines(request, session, kept, rows[(page - 1) * MOST : page * MOST], now),
        "number": len(rows),
        "page": page,
        "most": MOST,
        "moved": len([one for one in plan.rows if _is_moved(kept, one)]),
        "action": f"{FILES}/{kept.id}",
    }
    return admin_page(request, by, "people_file", context, refused=refused)


def _is_moved(kept: PeopleFile, one: Planned) -> bool:
    """Was somebody changed here since the sheet was sent?"""
    return one.outcome is not Outcome.REFUSED and kept.marks.get(one.login, "") != one.mark


def _lines(request: Request, session: Session, kept: PeopleFile, rows: Sequence[Planned], now: Now) -> list[Line]:
    """Return the rows with what would be changed, or why not, in the reader's language."""
    language = language_of(request)
    entries = [{"data": _facts(one, language), **NO_ENTRY, "at": now} for one in rows]
    texts = [entry.text for entry in told(session, entries, language, now)]
    return [
        Line(one.row, one.login, one.name, one.outcome, _says(request, one, text), _is_moved(kept, one))
        for one, text in zip(rows, texts, strict=True)
    ]


NO_ENTRY: Mapping[str, Any] = {
    "action": "",
    "actor": "staff",
    "actor_id": None,
    "subject_kind": "person",
    "subject_id": 0,
}
"""A change that is not made yet is told as one of the history is."""


def _says(request: Request, one: Planned, text: str) -> tuple[str, ...]:
    if one.outcome is not Outcome.REFUSED:
        return tuple(text.splitlines())
    return tuple(
        said(request, "{what}: {value}", what=said(request, COLUMN_LABELS.get(fault.column, fault.column)),
             value=said(request, fault.sentence, **fault.facts))
        for fault in one.faults
    )  # fmt: skip


def _facts(one: Planned, language: str) -> Changes:
    """Return what would be changed as the history would tell it, but with values; telephone numbers masked."""
    if one.outcome is Outcome.REFUSED:
        return {}
    found = {FIELD_OF.get(column, column): list(values) for column, values in one.changes.items()}
    if "phone" in found:
        found["phone"] = [mask_phone(phone) if phone else phone for phone in found["phone"]]
    if "duties" in found:
        found["duties"] = [written(duties, language) or None for duties in found["duties"]]
    if one.absence is not None:
        found["absence"] = [None, away_fact(one.absence)]
    if one.outcome is Outcome.NEW:
        # The name stands above it, and whoever comes works here.
        del found["name"]
        if found["is_active"][1]:
            del found["is_active"]
    return found
