"""What was changed by whom? Every change is found by who, what kind, which thing and which days, the newest first."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts.tables import Person
from service.audit.actions import record
from service.audit.changes import locked
from service.audit.queries import history
from service.audit.rules import Entry, broken_at
from service.audit.searching import COUNTED, Found, Sought, search, unchained
from service.timekeeping import ZONE
from service.web.admin.common import Administrator, admin_page, said
from service.web.admin.history_asked import SORT_LABELS, HistoryQuery
from service.web.admin.told import told
from service.web.admin.told_words import HAND_LABELS
from service.web.deps import DbSession, Now
from service.web.render import language_of
from service.written_sheets import as_csv

router = APIRouter(prefix="/history")

PAGE_OF = {
    "person": "/admin/people",
    "area": "/admin/areas",
    "category": "/admin/categories",
    "rule": "/admin/rules",
    "rule_version": "/admin/rules/versions",
    "rule_proposal": "/admin/rules/proposals",
    "party": "/admin/parties",
    "text": "/admin/texts",
    "channel": "/admin/outbox/channels",
    "notice": "/admin/outbox",
}
MOST = 30
MOST_EXPORTED = 10_000
COLUMN_LABELS: Mapping[str, str] = {
    "at": "When",
    "who": "Who",
    "kind": "What it was",
    "which": "Which",
    "title": "What was done",
    "text": "Details",
    "seq": "Number in its history",
    "hash": "Hash",
}


@router.get("")
def show_history(
    request: Request, session: DbSession, by: Administrator, now: Now, query: Annotated[HistoryQuery, Query()]
) -> Response:
    """List the changes that are asked for, a page at a time."""
    asked = query.tidy()
    sought = asked.sought(session)
    found = search(session, sought, cursor=asked.cursor, most=MOST)
    loose = unchained(session, found.rows)
    context = {
        "events": told(session, found.rows, language_of(request), now),
        "broken": [row["id"] in loose for row in found.rows],
        "whole": _whole(session, sought),
        "count": found.count,
        "counted": COUNTED,
        "next_page": asked.to(found.next_cursor) if found.next_cursor else "",
        "page_of": PAGE_OF,
        "asked": asked,
        "start": asked.to(),
        "kinds": [(kind, said(request, label)) for kind, label in SORT_LABELS.items()],
        "kind_labels": SORT_LABELS,
        "actors": [(actor, said(request, label)) for actor, label in HAND_LABELS.items()],
        "most_exported": MOST_EXPORTED,
    }
    return admin_page(request, by, "history", context)


@router.post("/file")
def take_file(
    request: Request, session: DbSession, by: Administrator, now: Now, typed: Annotated[HistoryQuery, Form()]
) -> Response:
    """Give the changes that are asked for as a sheet, the newest first; that it was taken stands in the history."""
    asked = typed.tidy()
    found = search(session, asked.sought(session), most=MOST_EXPORTED)
    _note(session, asked, found, by, now)
    headers = {"Content-Disposition": f'attachment; filename="changes-{now.astimezone(ZONE):%Y-%m-%d}.csv"'}
    return Response(_sheet(request, session, found, now), media_type="text/csv; charset=utf-8", headers=headers)


def _sheet(request: Request, session: Session, found: Found, now: datetime) -> bytes:
    """Return entries as CSV in the reader's language, as much of each as the page shows."""
    events = told(session, found.rows, language_of(request), now)
    rows = [
        {
            "at": event.at.astimezone(ZONE).isoformat(timespec="seconds"),
            "who": event.who,
            "kind": said(request, SORT_LABELS.get(event.kind, event.kind)),
            "which": event.subject or str(event.subject_id),
            "title": event.title,
            "text": event.text,
            "seq": str(row["seq"]),
            "hash": row["hash"].hex(),
        }
        for row, event in zip(found.rows, events, strict=True)
    ]
    return as_csv({column: said(request, label) for column, label in COLUMN_LABELS.items()}, rows)


def _whole(session: Session, sought: Sought) -> dict[str, Any] | None:
    """Follow the whole history of the one subject that is asked for; None where several may be."""
    if sought.subjects is None or len(sought.subjects) != 1:
        return None
    rows = history(session, *next(iter(sought.subjects)))
    return {"entries": len(rows), "broken_at": broken_at(rows)}


def _note(session: Session, asked: HistoryQuery, found: Found, by: Person, now: datetime) -> None:
    """Write who took a file, of what kind and days, and how many lines; names that were looked for are not kept."""
    person = locked(session, Person, by.id or 0)
    facts: dict[str, Any] = {"rows": len(found.rows)}
    facts |= {name: value for name in ("since", "until") if (value := getattr(asked, name))}
    if asked.kind:
        facts["kind_of_entry"] = asked.kind
    record(session, Entry("person", person.id or 0, "history.exported", now, "staff", by.id, facts))
