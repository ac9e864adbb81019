"""Which areas are there, what lies below one, and what does it still hold?

The tables of people and cases belong to rooms above this one: they are named here, as foreign keys are, not imported.
"""

from collections.abc import Collection
from threading import Lock

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.areas.details import Held
from service.areas.rules import AreaTree, Place
from service.areas.tables import Area, AreasVersion

_people = sa.table("people", sa.column("area_id"), sa.column("is_active"))
_cases = sa.table("cases", sa.column("id"), sa.column("area_id"), sa.column("unit_id"))
_assignments = sa.table("assignments", sa.column("case_id"), sa.column("ended_at"))


_lock = Lock()
_known: tuple[tuple[int, str], AreaTree] | None = None


def area_tree(session: Session) -> AreaTree:
    """Return all areas with their boundaries and names: read anew only when an area changed, in whichever process."""
    global _known  # noqa: PLW0603  # One tree a process; replaced whole, never changed.
    # The transaction that raised the version tells a change apart from another one that was rolled back.
    raised_by = sa.literal_column("areas_version.xmin::text", sa.Text)
    version: tuple[int, str] = tuple(session.execute(sa.select(col(AreasVersion.version), raised_by)).one())
    known = _known
    if known is None or known[0] != version:
        with _lock:
            known = _known = (version, _read_tree(session))
    return known[1]


def known_departments() -> frozenset[int]:
    """Return the ids of departments as this process read the areas last: for what somebody there is called."""
    return _known[1].departments if _known is not None else frozenset()


def _read_tree(session: Session) -> AreaTree:
    plain = [column for column in Area.__table__.c if column.name in Place.__dataclass_fields__]  # type: ignore[attr-defined]
    boundary = sa.cast(col(Area.boundary), sa.Text).label("boundary")
    places, outlines = {}, {}
    for row in session.execute(sa.select(*plain, boundary).order_by(col(Area.code))).mappings():
        facts = {name: value for name, value in row.items() if name != "boundary"}
        places[row["id"]] = Place(**facts | {"aliases": tuple(row["aliases"])})
        if row["boundary"] is not None:
            outlines[row["id"]] = row["boundary"]
    return AreaTree(places, outlines)


def all_areas(session: Session) -> list[Area]:
    """Return every area, closed ones too, each after the one it lies in, neighbours by code."""
    areas = session.exec(select(Area).order_by(Area.code)).all()
    below: dict[int | None, list[Area]] = {}
    for area in areas:
        below.setdefault(area.parent_id, []).append(area)
    ordered: list[Area] = []
    waiting = list(reversed(below.get(None, [])))
    while waiting:
        area = waiting.pop()
        ordered.append(area)
        waiting.extend(reversed(below.get(area.id, [])))
    return ordered


def area_by_id(session: Session, area_id: int) -> Area | None:
    """Return the area, also a closed one."""
    return session.get(Area, area_id)


def area_by_code(session: Session, code: str) -> Area | None:
    """Return the area with that code, also a closed one."""
    return session.exec(select(Area).where(Area.code == code)).one_or_none()


def subtree_ids(session: Session, area_id: int) -> set[int]:
    """Return the ids of an area and of everything below it."""
    path = select(Area.path).where(Area.id == area_id).scalar_subquery()
    return {i for i in session.exec(select(Area.id).where(col(Area.path).startswith(path))) if i is not None}


def people_by_area(session: Session) -> dict[int, int]:
    """Return how many active people each area has; areas without people are left out."""
    number = sa.func.count().label("people")
    counted = sa.select(_people.c.area_id, number).where(_people.c.is_active).group_by(_people.c.area_id)
    return {row.area_id: row.people for row in session.execute(counted)}


def held_by(session: Session, area_id: int) -> Held:
    """Return what the area itself holds: active people, open cases there or at its desk, open areas below."""
    people = sa.select(sa.func.count()).where(_people.c.area_id == area_id, _people.c.is_active)
    is_current = sa.select(_assignments.c.case_id).where(
        _assignments.c.case_id == _cases.c.id, _assignments.c.ended_at.is_(None)
    )
    here = sa.or_(_cases.c.area_id == area_id, _cases.c.unit_id == area_id)
    cases = sa.select(sa.func.count()).select_from(_cases).where(here, sa.exists(is_current))
    areas = sa.select(sa.func.count()).where(col(Area.parent_id) == area_id, col(Area.is_active))
    return Held(*(session.scalar(count) or 0 for count in (people, cases, areas)))


def area_names(session: Session, area_ids: Collection[int]) -> dict[int, Area]:
    """Return these areas by id, closed ones too."""
    return {area.id or 0: area for area in session.exec(select(Area).where(col(Area.id).in_(area_ids)))}
