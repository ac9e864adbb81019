"""What would the rows of a file change, and what is wrong with each?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from service.areas.agreeing import clashes, wrong_tree
from service.areas.boundaries import read_boundary
from service.areas.datum import Datum
from service.areas.details import (
    DEPARTMENT,
    NAME_MOST,
    NO_GROUND,
    AreaDetails,
    aliases_typed,
    new_code_fault,
    wrong_words,
)
from service.areas.opening import tidy_days, tidy_hours
from service.areas.planned import Known, Plan, Planned
from service.areas.rules import DEPTH, AreaLevel
from service.sheets import Row, Told, cell_faults

LEVEL_WORDS: Mapping[str, AreaLevel] = {
    **dict.fromkeys(("county", "district", "区县", "区", "县"), AreaLevel.COUNTY),
    **dict.fromkeys(
        ("subdistrict", "street", "town", "township", "街道", "镇", "乡", "乡镇", "街道乡镇"), AreaLevel.SUBDISTRICT
    ),
    **dict.fromkeys(("community", "village", "residents", "社区", "村", "社区村"), AreaLevel.COMMUNITY),
    **dict.fromkeys(("grid", "网格"), AreaLevel.GRID),
}
"""Each level by the words for it."""
DEPARTMENTS = frozenset({DEPARTMENT, "office", "部门", "科室"})
"""What stands in the column of levels for a department."""
ABOVE_US = frozenset({"province", "city", "省", "市", "地市"})
"""Levels above the county: such rows are left out, and are no parents."""
LENGTH_OF = {AreaLevel.COUNTY: 6, AreaLevel.SUBDISTRICT: 9, AreaLevel.COMMUNITY: 12, AreaLevel.GRID: 15}
"""The digits of a statistical division code (统计用区划代码): they tell level and parent where no column does."""
WRITTEN = ("name", "name_en", "desk_name", "desk_name_en", "phone", "address", "opening_hours", "special_days")

TIDIED: Mapping[str, Callable[[str], str]] = {"opening_hours": tidy_hours, "special_days": tidy_days}


def plan(rows: Sequence[Row], known: Mapping[str, Known], datum: Datum = Datum.WGS84) -> Plan:
    """Decide what the rows would do to the areas that are `known` by their code.

    Cells that a sheet does not have, and empty ones of an area that is there, leave things as they are.
    """
    ours = [row for row in rows if not _is_above_us(row)]
    outside = {row.cells.get("code", "") for row in rows if _is_above_us(row)}
    work = _Work(known, datum, outside)
    for row in ours:
        work.take(row)
    faults = [*work.faults, *wrong_tree(work.planned, known)]
    notices = [*work.notices, *clashes(work.planned, known)] if not faults else work.notices
    changed = [one for one in work.planned.values() if one.is_changed]
    return Plan(
        added=[one for one in changed if one.was is None],
        changed=[one for one in changed if one.was is not None],
        unchanged=len(work.planned) - len(changed),
        left_out=len(rows) - len(ours),
        faults=sorted(faults, key=lambda told: told.row),
        notices=sorted(notices, key=lambda told: told.row),
    )


def _is_above_us(row: Row) -> bool:
    return row.cells.get("level", "").casefold() in ABOVE_US


@dataclass
class _Work:
    known: Mapping[str, Known]
    datum: Datum
    outside: set[str]
    planned: dict[str, Planned] = field(default_factory=dict)
    faults: list[Told] = field(default_factory=list)
    notices: list[Told] = field(default_factory=list)

    def take(self, row: Row) -> None:
        """Read one row: what is wrong with it by itself is told, and it is kept for what concerns others."""
        before = len(self.faults)
        self.faults += cell_faults(row)
        code = row.cells.get("code", "")
        fault = new_code_fault(code, is_free=True)
        if fault:
            self._wrong(row, "code", fault)
            return
        if code in self.planned:
            first = self.planned[code].row
            self._wrong(row, "code", "This code stands in row {first} already.", first=first)
            return
        was = self.known.get(code)
        level = self._level(row, code, was)
        if level is None:
            return
        if was is not None and not was.is_active:
            self._wrong(row, "code", "This area is closed here. Please leave the row out, or open the area first.")
        details = self._details(row, was)
        if len(self.faults) == before:
            wrong = wrong_words(details)
            # What follows from a name that is wrong itself is not told a second time.
            self.faults += [
                Told(row.number, name, why) for name, why in wrong.items() if name == "name" or "name" not in wrong
            ]
        is_department = self._is_department(row, was)
        boundary = self._boundary(row, is_department=is_department) or (was.boundary if was else None)
        parent = self._parent(row, code, level, was)
        self.planned[code] = Planned(row.number, code, level, parent, details, boundary, was, is_department)

    def _wrong(self, row: Row, column: str, sentence: str, **facts: Any) -> None:  # noqa: ANN401
        self.faults.append(Told(row.number, column, sentence, facts))

    def _level(self, row: Row, code: str, was: Known | None) -> AreaLevel | None:
        said = row.cells.get("level", "")
        by_length = next((level for level, length in LENGTH_OF.items() if length == len(code)), None)
        level = LEVEL_WORDS.get(said.casefold()) if said else (was.level if was else by_length)
        if self._is_department(row, was):
            level = AreaLevel.COMMUNITY
        if level is None:
            self._wrong(
                row,
                "level",
                "The level must be county, subdistrict, community, grid or department (区县、街道、社区、网格、部门).",
            )
        elif was is not None and (was.level, was.is_department) != (level, self._is_department(row, was)):
            self._wrong(row, "level", "This area has another level here, and a level cannot change.")
            return None
        return level

    def _is_department(self, row: Row, was: Known | None) -> bool:
        said = row.cells.get("level", "").casefold()
        return said in DEPARTMENTS if said else was is not None and was.is_department

    def _parent(self, row: Row, code: str, level: AreaLevel, was: Known | None) -> str | None:
        if level is AreaLevel.COUNTY:
            said = row.cells.get("parent", "")
            return said if said in self.known or said in self.planned else None
        said = row.cells.get("parent", "") or (was.parent_code or "" if was else "")
        if said and said not in self.outside:
            return said
        digits = LENGTH_OF[list(AreaLevel)[DEPTH[level] - 1]]
        return code[:digits] if len(code) == LENGTH_OF[level] else None

    def _details(self, row: Row, was: Known | None) -> AreaDetails:
        given: dict[str, Any] = {
            name: TIDIED.get(name, str)(row.cells[name]) for name in WRITTEN if row.cells.get(name)
        }
        if row.cells.get("aliases"):
            given["aliases"] = aliases_typed(row.cells["aliases"])
        if was is not None:
            return replace(was.details, **given)
        name = given.get("name", "")
        name_en = given.get("name_en", name)
        desk = {"desk_name": f"{name}服务站"[:NAME_MOST], "desk_name_en": f"{name_en} Service Desk"[:NAME_MOST]}
        return AreaDetails(**{"name": name, "name_en": name_en, "parent_id": None} | desk | given)

    def _boundary(self, row: Row, *, is_department: bool) -> dict[str, Any] | None:
        text = row.cells.get("boundary", "")
        if not text:
            return None
        if is_department:
            self._wrong(row, "boundary", NO_GROUND)
            return None
        drawn = read_boundary(text, self.datum)
        if drawn.fault:
            self._wrong(row, "boundary", drawn.fault)
        if drawn.notice:
            self.notices.append(Told(row.number, "boundary", drawn.notice))
        return drawn.stored
