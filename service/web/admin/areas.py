"""Which areas and desks are there? They are listed as a tree, added, changed and closed."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts.tables import Person
from service.areas.actions import add_area, change_area
from service.areas.details import DEPARTMENT, AreaDetails, aliases_typed
from service.areas.opening import is_open_too_little, open_for
from service.areas.outlines import beside
from service.areas.queries import all_areas, held_by, people_by_area
from service.areas.rules import DEPTH, AreaLevel
from service.areas.tables import Area
from service.routing.queries import directory
from service.web.admin.common import (
    NOTHING_WRONG,
    Administrator,
    Refused,
    RowId,
    Text,
    admin_page,
    area_choices,
    as_id,
    one_of,
)
from service.web.admin.overview import has_desk
from service.web.admin.saving import UNKNOWN, RowForm, form_page, id_typed, kept_of, row_of, save, yes_or_no
from service.web.deps import DbSession, Now

router = APIRouter(prefix="/areas")

AREAS = "/admin/areas"
WRITTEN = (
    "name", "name_en", "desk_name", "desk_name_en", "phone", "address", "opening_hours", "special_days",
)  # fmt: skip
"""What stands in an area as it was typed."""


class AreaForm(RowForm):
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
    special_days: Text = ""
    aliases: Text = ""
    duty_area_id: Text = ""

    def details(self) -> AreaDetails:
        """Return what was typed, not yet checked."""
        return AreaDetails(
            **self.model_dump(include=set(WRITTEN)),
            parent_id=id_typed(self.parent_id),
            aliases=aliases_typed(self.aliases),
            duty_area_id=id_typed(self.duty_area_id),
            is_active=self.in_use,
        )


@router.get("")
def show_areas(request: Request, session: DbSession, by: Administrator) -> Response:
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
def show_new_area(request: Request, session: DbSession, by: Administrator, parent: Text = "") -> Response:
    """Show the empty form."""
    return _form_page(request, session, by, AreaForm(parent_id=parent, level=_level_below(session, parent)))


@router.post("")
def take_new_area(
    request: Request, session: DbSession, by: Administrator, now: Now, form: Annotated[AreaForm, Form()]
) -> Response:
    """Add an area."""

    def add() -> Area:
        is_department = form.level == DEPARTMENT
        level = AreaLevel.COMMUNITY if is_department else one_of(AreaLevel, form.level, "level")
        details, code = form.details(), form.code
        return add_area(session, details, code=code, level=level, is_department=is_department, by=by, now=now)

    again = partial(_form_page, request, session, by, form)
    return save(request, session, form, add, again=again, to=lambda area: f"{AREAS}/{area.id}", done="added")


@router.get("/{area_id}")
def show_area(request: Request, session: DbSession, by: Administrator, now: Now, area_id: RowId) -> Response:
    """Show an area in its form, with what it holds and its history."""
    area = row_of(session, Area, area_id)
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

    def change() -> None:
        change_area(session, area_id, form.details(), by=by, now=now, seen=form.version)

    area = row_of(session, Area, area_id)
    again = partial(_form_page, request, session, by, form, area=area, now=now)
    return save(request, session, form, change, again=again, to=lambda _: f"{AREAS}/{area_id}", done="changed")


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
    refused: Refused = NOTHING_WRONG,
    *,
    area: Area | None = None,
    now: datetime | None = None,
) -> Response:
    context: dict[str, Any] = {
        "area": area,
        "parents": area_choices(request, (a for a in all_areas(session) if _may_be_above(a, area))),
        "levels": [*(level.value for level in AreaLevel), DEPARTMENT],
        "duty_desks": area_choices(request, (a for a in all_areas(session) if has_desk(a) and a is not area)),
    }
    if area is not None and now is not None:
        context |= {
            "held": held_by(session, area.id or 0),
            "beside": beside(directory(session).areas, area.id or 0),
            "opens_for": open_for(area.opening_hours),
            "too_short": has_desk(area) and is_open_too_little(area.opening_hours),
            **kept_of(request, session, "area", area.id, now, refused),
        }
    return form_page(request, by, "area", form, context, refused=refused)


def _may_be_above(above: Area, area: Area | None) -> bool:
    holds_areas = above.level is not AreaLevel.GRID and not above.is_department
    return holds_areas and (area is None or DEPTH[above.level] < DEPTH[area.level])


def _form_of(area: Area) -> AreaForm:
    return AreaForm(
        **area.model_dump(include={"code", "level", *WRITTEN}),
        parent_id=str(area.parent_id or ""),
        aliases="\n".join(area.aliases),
        duty_area_id=str(area.duty_area_id or ""),
        is_active=yes_or_no(area.is_active),
    )
