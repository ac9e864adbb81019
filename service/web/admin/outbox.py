"""What stands in the outbox, why did something not arrive, and how does every notice read?"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts.queries import people_by_id
from service.delivery.changes import let_go, try_again
from service.delivery.queries import A_PAGE, by_state, channels, in_state, lines_of
from service.errors import NotFoundError
from service.outbox.messages import MAY_BE_STOPPED, TEMPLATES
from service.outbox.rules import FAILED, NoticeState
from service.outbox.tables import Notice
from service.outbox.texts import sample
from service.parties.queries import by_id as parties_by_id
from service.settings import get_settings
from service.web import notice_words as telling
from service.web.admin.common import Administrator, RowId, Text, admin_page, go_to, page_number
from service.web.admin.told import history_of
from service.web.catalogues import LANGUAGES
from service.web.deps import DbSession, Now
from service.web.render import language_of

router = APIRouter(prefix="/outbox")

OUTBOX = "/admin/outbox"


@router.get("")
def show_outbox(
    request: Request, session: DbSession, by: Administrator, now: Now, state: Text = "", page: Text = ""
) -> Response:
    """List the notices of a state, or those that need somebody."""
    asked = NoticeState(state) if state in set(NoticeState) else None
    number, counts = page_number(page), by_state(session)
    found = in_state(session, asked, page=number)
    context = {
        "rows": _lines(request, session, found.rows),
        "count": found.count,
        "counts": counts,
        "failed": sum(counts.get(failed, 0) for failed in FAILED),
        "asked": {"state": asked or "", "page": number, "most": A_PAGE},
        "states": telling.STATE_LABELS,
        "people": people_by_id(session, {n.person_id for n in found.rows if n.person_id is not None}),
        "parties": parties_by_id(session, {n.party_id for n in found.rows if n.party_id is not None}),
        "now": now,
    }
    return admin_page(request, by, "outbox", context)


@router.get("/texts")
def show_texts(request: Request, by: Administrator, now: Now) -> Response:  # noqa: ARG001  # See `show_new_rule`.
    """Show every notice as it would read, in both languages."""
    url = get_settings().public_url
    texts = [(name, [(code, *sample(name, code, public_url=url)) for code in LANGUAGES]) for name in TEMPLATES]
    return admin_page(request, by, "notice_texts", {"texts": texts, "may_be_stopped": MAY_BE_STOPPED})


@router.get("/{notice_id}")
def show_notice(request: Request, session: DbSession, by: Administrator, now: Now, notice_id: RowId) -> Response:
    """Show one notice: its words, what was tried, and what can be done."""
    notice = session.get(Notice, notice_id)
    if notice is None:
        raise NotFoundError
    return admin_page(request, by, "notice", _about(request, session, notice, now))


@router.post("/{notice_id}/again")
def take_again(session: DbSession, by: Administrator, now: Now, notice_id: RowId) -> Response:
    """Try a notice again."""
    try_again(session, notice_id, by=by, now=now)
    return go_to(f"{OUTBOX}/{notice_id}", "again")


@router.post("/{notice_id}/let-go")
def take_let_go(session: DbSession, by: Administrator, now: Now, notice_id: RowId) -> Response:
    """Let a notice go."""
    let_go(session, notice_id, by=by, now=now)
    return go_to(f"{OUTBOX}/{notice_id}", "let-go")


def _lines(request: Request, session: Session, rows: list[Notice]) -> list[telling.Line]:
    known = {row.id or 0: row for row in channels(session)}
    return [telling.line(notice, language_of(request), known) for notice in rows]


def _about(request: Request, session: Session, notice: Notice, now: datetime) -> Mapping[str, Any]:
    language, known = language_of(request), {row.id or 0: row for row in channels(session)}
    attempts = [
        {
            "at": datetime.fromisoformat(a["at"]),
            "by": telling.key_name(a["by"], language, known),
            "ok": a["ok"],
            "said": telling.told(a["said"], language),
            "last": a["last"],
        }
        for a in notice.attempts
    ]
    return {
        "line": telling.line(notice, language, known),
        "text": telling.text_of(notice),
        "attempts": attempts,
        "state": telling.STATE_LABELS[notice.state],
        "person": people_by_id(session, {notice.person_id or 0}).get(notice.person_id or 0),
        "party": parties_by_id(session, {notice.party_id or 0}).get(notice.party_id or 0),
        "gathered": _lines(request, session, lines_of(session, notice.id or 0)),
        "may_try": notice.state in FAILED or notice.state is NoticeState.WAITING,
        **history_of(request, session, "notice", notice.id or 0, now),
    }
