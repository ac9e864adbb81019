"""Which areas and desks are there? They are listed as a tree, added, changed and closed."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts.tables import Person
from service.areas.actions import add_area, change_area
from service.areas.details import AreaDetails, is_open_too_little, open_for
from service.areas.queries import all_areas, held_by, people_by_area
from service.areas.rules import DEPTH, AreaLevel
from service.areas.tables import Area
from service.audit.changes import version_of
from service.errors import NotFoundError
from service.web.admin.common import (
    NOTHING_WRONG,
    Administrator,
    Refused,
    RowId,
    Text,
    TypedForm,
    admin_page,
    area_choices,
    as_id,
    as_whole,
    go_to,
    one_of,
    tried,
)
from service.web.admin.overview import has_desk
from service.web.admin.told import history_of, meanwhile
from service.web.deps import DbSession, Now

router = APIRouter(prefix="/areas")

AREAS = "/admin/areas"
UNKNOWN = 0
"""Stands for a parent that cannot be read: no area has it."""
IN_USE = "yes"


class AreaForm(TypedForm):
    """An area as it is typed."""

    code: Text = ""
    level: Text = ""
    name: Text = ""
    name_en: Text = ""
    parent_id: Text = ""
    desk_name: Text = ""
    desk_name_en: Text = ""
    phone: Text = ""
    address: Text = ""
    opening_hours: Text = ""
    is_active: Text = IN_USE
    seen: Text = ""

    def details(self) -> AreaDetails:
        """Return what was typed, not yet checked."""
        typed = self.model_dump(exclude={"code", "level", "parent_id", "is_active", "seen"})
        parent_id = (as_id(self.parent_id) or UNKNOWN) if self.parent_id else None
        return AreaDetails(parent_id=parent_id, is_active=self.is_active == IN_USE, **typed)


@router.get("")
def show_areas(request: Request, session: DbSession, by: Administrator, now: Now) -> Response:  # noqa: ARG001  # The page says when time is simulated.
    """List all areas as a tree."""
    areas = all_areas(session)
    context = {
        "areas": areas,
        "depth": {area.id: DEPTH[area.level] for area in areas},
        "people": people_by_area(session),
        "short": {area.id for area in areas if has_desk(area) and is_open_too_little(area.opening_hours)},
    }
    return admin_page(request, by, "areas", context)


@router.get("/new")
def show_new_area(request: Request, session: DbSession, by: Administrator, now: Now, parent: Text = "") -> Response:  # noqa: ARG001  # As above.
    """Show the empty form."""
    return _form_page(request, session, by, AreaForm(parent_id=parent, level=_level_below(session, parent)))


@router.post("")
def take_new_area(
    request: Request, session: DbSession, by: Administrator, now: Now, form: Annotated[AreaForm, Form()]
) -> Response:
    """Add an area."""

    def add() -> Area:
        level = one_of(AreaLevel, form.level, "level")
        return add_area(session, form.details(), code=form.code, level=level, by=by, now=now)

    done = tried(request, session, add)
    if isinstance(done, Refused):
        return _form_page(request, session, by, form, refused=done)
    return go_to(f"{AREAS}/{done.id}", "added")


@router.get("/{area_id}")
def show_area(request: Request, session: DbSession, by: Administrator, now: Now, area_id: RowId) -> Response:
    """Show an area in its form, with what it holds and its history."""
    area = _area(session, area_id)
    return _form_page(request, session, by, _form_of(area), area=area, now=now)


@router.post("/{area_id}")
def take_area(
    request: Request,
    session: DbSession,
    by: Administrator,
    now: Now,
    area_id: RowId,
    form: Annotated[AreaForm, Form()],
) -> Response:
    """Change an area."""
    seen = as_whole(form.seen, otherwise=0)
    done = tried(request, session, lambda: change_area(session, area_id, form.details(), by=by, now=now, seen=seen))
    if isinstance(done, Refused):
        return _form_page(request, session, by, form, area=_area(session, area_id), now=now, refused=done)
    return go_to(f"{AREAS}/{area_id}", "changed")


def _area(session: Session, area_id: int) -> Area:
    area = session.get(Area, area_id)
    if area is None:
        raise NotFoundError
    return area


def _level_below(session: Session, parent: str) -> str:
    """Return the level of what usually lies in the parent."""
    above = session.get(Area, as_id(parent) or UNKNOWN)
    levels = list(AreaLevel)
    return levels[min(DEPTH[above.level] + 1, len(levels) - 1)] if above else AreaLevel.COMMUNITY


def _form_page(
    request: Request,
    session: Session,
    by: Person,
    form: AreaForm,
    *,
    area: Area | None = None,
    now: datetime | None = None,
    refused: Refused = NOTHING_WRONG,
) -> Response:
    context: dict[str, Any] = {
        "values": form.model_dump(),
        "area": area,
        "parents": area_choices(request, (a for a in all_areas(session) if _may_be_above(a, area))),
        "levels": [level.value for level in AreaLevel],
    }
    if area is not None and now is not None:
        context |= {
            "held": held_by(session, area.id or 0),
            "opens_for": open_for(area.opening_hours),
            "too_short": has_desk(area) and is_open_too_little(area.opening_hours),
            "version": version_of(session, "area", area.id or 0),
            "meanwhile": meanwhile(request, session, "area", area.id or 0, now, refused.seen),
            **history_of(request, session, "area", area.id or 0, now),
        }
    return admin_page(request, by, "area", context, refused=refused)


def _may_be_above(above: Area, area: Area | None) -> bool:
    return above.level is not AreaLevel.GRID and (area is None or DEPTH[above.level] < DEPTH[area.level])


def _form_of(area: Area) -> AreaForm:
    return AreaForm(
        code=area.code,
        level=area.level,
        name=area.name,
        name_en=area.name_en,
        parent_id=str(area.parent_id or ""),
        desk_name=area.desk_name,
        desk_name_en=area.desk_name_en,
        phone=area.phone,
        address=area.address,
        opening_hours=area.opening_hours,
        is_active=IN_USE if area.is_active else "no",
    )
