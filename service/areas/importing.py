"""How is a file with areas looked at, and taken over whole or not at all?"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from service.accounts.tables import Person
from service.areas.datum import Datum
from service.areas.details import AreaDetails, columns, level_word
from service.areas.planned import Known, Plan, Planned
from service.areas.planning import WRITTEN, plan
from service.areas.rules import AreaLevel
from service.areas.sheets import read_rows
from service.areas.tables import Area, AreaFile
from service.audit.actions import record_all
from service.audit.changes import changed, one_at_a_time
from service.audit.rules import Entry
from service.errors import NotFoundError
from service.sheets import ImportRefusedError

FILE_LASTS = timedelta(days=1)
AT_ONCE = 5_000
AREAS = Area.__table__  # type: ignore[attr-defined]
PATHS = sa.text(
    "WITH RECURSIVE way AS ("
    " SELECT id, '/' || id || '/' AS path FROM areas WHERE parent_id IS NULL"
    " UNION ALL SELECT a.id, way.path || a.id || '/' FROM areas a JOIN way ON a.parent_id = way.id)"
    " UPDATE areas SET path = way.path FROM way WHERE areas.id = way.id AND areas.path <> way.path"
)


def keep_file(session: Session, name: str, content: bytes, datum: Datum, *, by: Person, now: datetime) -> AreaFile:
    """Keep a file for a day, to be looked at and taken over. Errors: what `read_rows` tells."""
    read_rows(name, content)
    session.execute(sa.delete(AreaFile).where(col(AreaFile.uploaded_at) < now - FILE_LASTS))
    kept = AreaFile(name=name[:100], content=zlib.compress(content), datum=datum, by_id=by.id or 0, uploaded_at=now)
    session.add(kept)
    session.flush()
    return kept


def kept_file(session: Session, file_id: int) -> tuple[AreaFile, bytes]:
    """Return a file with its content. Errors: NotFoundError."""
    kept = session.get(AreaFile, file_id)
    if kept is None:
        raise NotFoundError
    return kept, zlib.decompress(kept.content)


def look_at(session: Session, name: str, content: bytes, datum: Datum = Datum.WGS84) -> Plan:
    """Return what a file would do now; nothing is done. Errors: what `read_rows` tells."""
    rows = read_rows(name, content)
    drawn = any("boundary" in row.cells for row in rows)
    return plan(rows, known_areas(session, with_boundaries=drawn), datum)


def take_over(session: Session, name: str, content: bytes, datum: Datum, *, by: Person, now: datetime) -> Plan:
    """Do what a file says, all of it or nothing. Errors: ImportRefusedError, and what `read_rows` tells.

    1. hold back other writers; 2. look at the file as it is against the areas as they are now; 3. write what is new
    from the top down, then what changed, then the paths, then the history.
    """
    one_at_a_time(session, Area)
    seen = look_at(session, name, content, datum)
    if seen.faults:
        raise ImportRefusedError(count=len(seen.faults))
    ids = {code: area_id for area_id, code in session.execute(sa.select(col(Area.id), col(Area.code)))}
    for level in AreaLevel:
        new = [_row(one, ids) | {"path": "/", "created_at": now} for one in seen.added if one.level is level]
        for part in _alike(new):
            made = session.execute(sa.insert(AREAS).returning(AREAS.c.id, AREAS.c.code), part)
            ids |= {code: area_id for area_id, code in made}
    for part in _alike([_row(one, ids) | {"own_id": ids[one.code]} for one in seen.changed]):
        names = [name for name in part[0] if name != "own_id"]
        written = sa.update(AREAS).where(AREAS.c.id == sa.bindparam("own_id"))
        session.connection().execute(written.values({name: sa.bindparam(name) for name in names}), part)
    session.execute(PATHS)
    record_all(session, list(_entries(seen, ids, by, now)))
    session.expire_all()
    return seen


def known_areas(session: Session, *, with_boundaries: bool) -> dict[str, Known]:
    """Return the areas that are there by their code; boundaries only where they will be looked at."""
    names = {*WRITTEN, "aliases", "duty_area_id", "is_active", "parent_id"}
    wanted = [column for column in AREAS.c if column.name in names | {"id", "code", "level", "is_department"}]
    boundary = [AREAS.c.boundary] if with_boundaries else []
    rows = session.execute(sa.select(*wanted, *boundary)).mappings().all()
    code_of = {row["id"]: row["code"] for row in rows}
    return {
        row["code"]: Known(
            row["id"],
            row["code"],
            row["level"],
            code_of.get(row["parent_id"]),
            AreaDetails(**{name: row[name] for name in names - {"aliases"}}, aliases=tuple(row["aliases"])),
            row.get("boundary"),
            row["is_active"],
            row["is_department"],
        )
        for row in rows
    }


def _row(one: Planned, ids: Mapping[str, int]) -> dict[str, Any]:
    """Return the columns of an area; the boundary only where there is one."""
    facts = columns(one.details) | {"code": one.code, "level": one.level, "is_department": one.is_department}
    facts |= {"parent_id": ids[one.parent_code] if one.parent_code else None}
    return facts | ({"boundary": one.boundary} if one.boundary is not None else {})


def _entries(seen: Plan, ids: Mapping[str, int], by: Person, now: datetime) -> Iterator[Entry]:
    for one in (*seen.added, *seen.changed):
        was = columns(one.was.details) | {"parent_id": one.was.details.parent_id} if one.was else {}
        after = columns(one.details) | {"parent_id": ids[one.parent_code] if one.parent_code else None}
        level = level_word(one.level, is_department=one.is_department)
        whole = {"code": one.code, "level": level} if one.was is None else {}
        facts: dict[str, Any] = changed(was, whole | after)
        if one.boundary != (one.was.boundary if one.was else None):
            facts["boundary"] = []
        yield Entry("area", ids[one.code], "area.changed" if one.was else "area.added", now, "staff", by.id, facts)


def _alike(rows: Sequence[dict[str, Any]]) -> Iterator[Any]:
    """Yield rows in parts of one set of columns: with a boundary, and without."""
    for is_drawn in (True, False):
        yield from _parts([row for row in rows if ("boundary" in row) is is_drawn])


def _parts(rows: Sequence[Any]) -> Iterator[Any]:
    for start in range(0, len(rows), AT_ONCE):
        yield rows[start : start + AT_ONCE]
