"""What was changed by whom? All changes of the configuration, the newest first."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import Response

from service.audit.changes import changes_of
from service.web.admin.common import Administrator, Text, admin_page, as_id, page_number
from service.web.admin.told import told
from service.web.deps import DbSession, Now
from service.web.render import language_of

router = APIRouter(prefix="/history")

KIND_LABELS: Mapping[str, str] = {
    "person": "People",
    "area": "Areas",
    "category": "Categories",
    "rule": "Rules",
    "rule_version": "Versions of the rules",
    "rule_proposal": "Proposed rules",
    "party": "Outside parties",
    "text": "Standard texts",
    "channel": "Channels",
    "notice": "Notices",
}
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


@router.get("")
def show_history(
    request: Request,
    session: DbSession,
    by: Administrator,
    now: Now,
    kind: Text = "",
    subject: Text = "",
    page: Text = "",
) -> Response:
    """List the changes of all subjects, of one kind, or of one subject."""
    kinds = [kind] if kind in KIND_LABELS else list(KIND_LABELS)
    only, number = as_id(subject), page_number(page)
    found = changes_of(session, kinds, subject_id=only, page=number, most=MOST)
    context = {
        "events": told(session, found.rows, language_of(request), now),
        "count": found.count,
        "kinds": KIND_LABELS,
        "page_of": PAGE_OF,
        "asked": {"kind": kind if kind in KIND_LABELS else "", "subject": only or "", "page": number, "most": MOST},
    }
    return admin_page(request, by, "history", context)
