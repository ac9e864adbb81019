"""How are areas added, changed, moved and closed?"""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from service.accounts.tables import Person
from service.areas.details import (
    Above,
    AreaDetails,
    AreaInUseError,
    Taken,
    check_area,
    columns,
    level_word,
    new_code_fault,
)
from service.areas.queries import area_by_code, area_by_id, held_by
from service.areas.rules import AreaLevel
from service.areas.tables import Area
from service.audit.actions import record
from service.audit.changes import changed, expect, locked, one_at_a_time
from service.audit.rules import Entry


def add_area(
    session: Session,
    details: AreaDetails,
    *,
    code: str,
    level: AreaLevel,
    by: Person,
    now: datetime,
    is_department: bool = False,
) -> Area:
    """Add an area, or a department of one, below its parent; a department's level is a community's.

    Errors: InvalidFieldsError.
    """
    one_at_a_time(session, Area)
    above = _parent(session, details)
    fault = new_code_fault(code, is_free=area_by_code(session, code) is None)
    check_area(details, level, _above(above, None), taken=Taken(fault, _duty_open(session, details)))

    area = Area(code=code, level=level, is_department=is_department, path="/", created_at=now, **columns(details))
    session.add(area)
    session.flush()
    area.path = f"{above.path if above else '/'}{area.id}/"
    session.flush()
    facts = changed({}, {"code": code, "level": level_word(level, is_department=is_department), **columns(details)})
    record(session, Entry("area", area.id or 0, "area.added", now, "staff", by.id, facts))
    return area


def change_area(
    session: Session, area_id: int, details: AreaDetails, *, by: Person, now: datetime, seen: int | None = None
) -> Area:
    """Give an area other details; one that moves takes everything below it along.

    Errors: NotFoundError, ConflictError, InvalidFieldsError, AreaInUseError.
    """
    one_at_a_time(session, Area)
    area = locked(session, Area, area_id)
    expect(session, "area", area_id, seen)
    above = _parent(session, details)
    check_area(details, area.level, _above(above, area), taken=Taken(duty_open=_duty_open(session, details)))
    if area.is_active and not details.is_active:
        held = held_by(session, area_id)
        if not held.is_empty:
            raise AreaInUseError(held)

    facts = changed(area.model_dump(), columns(details))
    if not facts:
        return area
    for name, value in columns(details).items():
        setattr(area, name, value)
    session.add(area)
    session.flush()
    if "parent_id" in facts:
        _move_paths(session, area, f"{above.path if above else '/'}{area.id}/")
    record(session, Entry("area", area_id, "area.changed", now, "staff", by.id, facts))
    return area


def _parent(session: Session, details: AreaDetails) -> Area | None:
    return area_by_id(session, details.parent_id) if details.parent_id is not None else None


def _duty_open(session: Session, details: AreaDetails) -> bool:
    duty = area_by_id(session, details.duty_area_id) if details.duty_area_id is not None else None
    return details.duty_area_id is None or (duty is not None and duty.is_active)


def _above(parent: Area | None, area: Area | None) -> Above | None:
    if parent is None:
        return None
    is_below = area is not None and parent.path.startswith(area.path)
    return Above(parent.level, parent.is_active, is_below=is_below, is_department=parent.is_department)


def _move_paths(session: Session, area: Area, path: str) -> None:
    """Write the new beginning of the path into the area and everything below it."""
    old = area.path
    moved = sa.update(Area).where(col(Area.path).startswith(old, autoescape=True))
    rest = sa.func.substr(col(Area.path), len(old) + 1)
    moving = moved.values(path=sa.literal(path).op("||")(rest))
    session.execute(moving, execution_options={"synchronize_session": False})
    session.refresh(area)
