"""How does an administrator rename, move, merge or close an area on a date, and see first what that touches?"""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts.tables import Person
from service.areas.queries import all_areas, area_names
from service.areas.tables import Area
from service.errors import InvalidFieldsError
from service.rezoning.actions import decide, drop, look_ahead
from service.rezoning.queries import changes_of_area
from service.rezoning.rules import Change, ChangeKind, Effect
from service.timekeeping import ZONE
from service.web.admin.common import (
    NOTHING_WRONG,
    Administrator,
    Refused,
    RowId,
    Text,
    area_choices,
    go_to,
    one_of,
    tried,
)
from service.web.admin.saving import SwitchedForm, form_page, id_typed, row_of
from service.web.admin.told_words import KIND_LABELS
from service.web.deps import DbSession, Now

router = APIRouter(prefix="/areas")

STATE_LABELS = {
    "planned": "planned",
    "applied": "carried out",
    "failed": "could not be carried out",
    "dropped": "dropped",
}


class ChangeForm(SwitchedForm):
    """A change as it is typed."""

    kind: Text = ""
    target_id: Text = ""
    name: Text = ""
    name_en: Text = ""
    effective_on: Text = ""
    reason: Text = ""
    was_seen: Text = ""
    """The effect was shown, and the change is decided."""

    def change(self, area_id: int) -> Change:
        """Return what was typed, not yet checked. Errors: InvalidFieldsError."""
        kind = one_of(ChangeKind, self.kind, "kind")
        needs_target = kind in (ChangeKind.MOVE, ChangeKind.MERGE)
        try:
            day = date.fromisoformat(self.effective_on)
        except ValueError as wrong:
            raise InvalidFieldsError({"effective_on": "Please give a day from today on."}) from wrong
        target = id_typed(self.target_id) if needs_target else None
        return Change(kind, area_id, target, self.name, self.name_en, self.reason, day)


@router.get("/{area_id}/change")
def show_change(request: Request, session: DbSession, by: Administrator, now: Now, area_id: RowId) -> Response:
    """Show the form, and what was decided for this area before."""
    area = row_of(session, Area, area_id)
    form = ChangeForm(name=area.name, name_en=area.name_en, effective_on=now.astimezone(ZONE).date().isoformat())
    return _page(request, session, by, area, form)


@router.post("/{area_id}/change")
def take_change(
    request: Request,
    session: DbSession,
    by: Administrator,
    now: Now,
    area_id: RowId,
    form: Annotated[ChangeForm, Form()],
) -> Response:
    """Show what a change would touch; when that was seen, decide it."""
    area = row_of(session, Area, area_id)

    def look() -> Effect:
        return look_ahead(session, form.change(area_id), now=now)

    def take() -> bool:
        return decide(session, form.change(area_id), by=by, now=now).applied_at is not None

    seen = tried(request, session, look)
    if isinstance(seen, Refused):
        return _page(request, session, by, area, form, refused=seen)
    if not form.was_seen:
        return _page(request, session, by, area, form, seen=seen)
    done = tried(request, session, take)
    if isinstance(done, Refused):
        return _page(request, session, by, area, form, refused=done)
    return go_to(f"/admin/areas/{area_id}", "changed" if done else "planned")


@router.post("/changes/{change_id}/drop")
def take_drop(session: DbSession, by: Administrator, now: Now, change_id: RowId) -> Response:
    """Drop a change before its day."""
    return go_to(f"/admin/areas/{drop(session, change_id, by=by, now=now).area_id}/change", "dropped")


def _page(
    request: Request,
    session: Session,
    by: Person,
    area: Area,
    form: ChangeForm,
    *,
    refused: Refused = NOTHING_WRONG,
    seen: Effect | None = None,
) -> Response:
    decided = changes_of_area(session, area.id or 0)
    context: dict[str, Any] = {
        "area": area,
        "kinds": KIND_LABELS,
        "states": STATE_LABELS,
        "targets": area_choices(request, (a for a in all_areas(session) if a is not area)),
        "seen": seen,
        "decided": decided,
        "named": area_names(session, {i for one in decided for i in (one.area_id, one.target_id) if i is not None}),
    }
    return form_page(request, by, "area_change", form, context, refused=refused)
