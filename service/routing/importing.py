"""How is the dispatch catalogue taken over from a file, whole or not at all, and written into one?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.areas.queries import area_tree
from service.areas.rules import AreaLevel, AreaTree
from service.audit.actions import record
from service.audit.rules import Entry
from service.categories.queries import topics
from service.categories.rules import Topic
from service.rosters.week import HoursUnreadableError
from service.routing.actions import begin_draft, write_lines
from service.routing.catalogue import draft, newest, says_in
from service.routing.details import Pointed, RuleDetails, columns, faults
from service.routing.hours import read_hours
from service.routing.sheets import WORDS, read_lines
from service.routing.tables import RuleVersionRow
from service.routing.versions import Difference, Line, compare
from service.sheets import BETWEEN, ImportRefusedError, Row, Told, cell_faults, parts_of

COLUMN_OF: Mapping[str, str] = {
    "goes_to": "to_level",
    "target_area": "to_unit",
    "target_person": "to_person",
    "target_role": "to_role",
    "is_pool": "pool",
}
"""In which column a field of a line stands, where its name is another."""
UNKNOWN = 0


@dataclass(frozen=True)
class Plan:
    """What a file says of the table. With any fault, nothing of it is done."""

    lines: tuple[Line, ...]
    """In order; a new one has the number 0."""
    faults: tuple[Told, ...]
    notices: tuple[Told, ...]
    differs: Difference
    """From the newest version, where there is no fault."""


@dataclass(frozen=True)
class Known:
    """What rows may name."""

    areas: AreaTree
    topics: Mapping[str, Topic]
    people: Mapping[str, int]
    """Who works here, by login."""
    numbers: frozenset[int]
    """Lines of the newest version and of the draft."""


def look_at(session: Session, name: str, content: bytes) -> Plan:
    """Return what a file says, and what is wrong with each of its rows. Errors: what `read_lines` tells."""
    rows = read_lines(name, content)
    work = _Work(known(session))
    for row in rows:
        work.take(row)
    base = says_in(session, newest(session).id or 0)
    differs = compare(base, [] if work.faults else work.lines)
    return Plan(tuple(work.lines), tuple(work.faults), tuple(work.notices), differs)


def take_over(session: Session, name: str, content: bytes, *, by: Person, now: datetime) -> RuleVersionRow:
    """Let the draft say exactly what a file says; without a draft, begin one.

    Errors: ImportRefusedError, NotAllowedError, and what `read_lines` tells.
    """
    version = begin_draft(session, by=by, now=now)
    plan = look_at(session, name, content)
    if plan.faults:
        raise ImportRefusedError(count=len(plan.faults))
    write_lines(session, version, plan.lines)
    facts = {"file": name[:100], "rows": len(plan.lines)}
    record(session, Entry("rule_version", version.id or 0, "version.imported", now, "staff", by.id, facts))
    return version


def known(session: Session) -> Known:
    """Return what rows may name."""
    written = draft(session)
    versions = [newest(session), *([written] if written else [])]
    numbers = {line.number for version in versions for line in says_in(session, version.id or 0)}
    people = session.execute(sa.select(col(Person.login), col(Person.id)).where(col(Person.is_active)))
    return Known(area_tree(session), topics(session), {row.login: row.id for row in people}, frozenset(numbers))


class _Work:
    """Rows as they are read, one by one."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.lines: list[Line] = []
        self.faults: list[Told] = []
        self.notices: list[Told] = []
        self._rows: dict[int, int] = {}
        self._said: dict[tuple[Any, ...], int] = {}

    def take(self, row: Row) -> None:
        """Read one row: everything that is wrong with it is told."""
        before = len(self.faults)
        self.faults += cell_faults(row)
        cells = row.cells
        number, details = self._number(row, cells), self._details(row, cells)
        if len(self.faults) == before:
            for name, sentence in faults(details, self._pointed(details)).items():
                self._wrong(row, COLUMN_OF.get(name, name), sentence)
        if len(self.faults) == before:
            self._tell_twice(row, details)
            self.lines.append(Line(number, columns(details)))

    def _wrong(self, row: Row, column: str, sentence: str, **facts: Any) -> None:  # noqa: ANN401
        self.faults.append(Told(row.number, column, sentence, facts))

    def _number(self, row: Row, cells: Mapping[str, str]) -> int:
        said = cells.get("number", "")
        if not said:
            return 0
        number = int(said) if said.isascii() and said.isdecimal() and len(said) < 19 else UNKNOWN
        if number not in self.known.numbers:
            self._wrong(row, "number", "The table has no line of this number. Leave the cell empty for a new line.")
        elif number in self._rows:
            self._wrong(row, "number", "This number stands in row {first} already.", first=self._rows[number])
        self._rows.setdefault(number, row.number)
        return number

    def _details(self, row: Row, cells: Mapping[str, str]) -> RuleDetails:
        level = self._word(row, cells, "to_level", "to_level")
        in_use, pool = (self._word(row, cells, name, "yes_no") for name in ("in_use", "pool"))
        return RuleDetails(
            category_code=cells.get("category") or None,
            area_id=self._area(cells.get("area", "")),
            hours=self._hours(row, cells.get("hours", "")),
            channels=self._words(row, cells, "channels"),
            focus_groups=self._words(row, cells, "focus_groups"),
            grades=self._words(row, cells, "grades"),
            target_level=AreaLevel(level) if level else None,
            target_area_id=self._area(cells.get("to_unit", "")),
            target_person_id=self._person(cells.get("to_person", "")),
            target_role=Role(self._word(row, cells, "to_role", "to_role") or Role.WORKER),
            is_pool=pool == "yes",
            party=cells.get("party", ""),
            note=cells.get("note", ""),
            is_active=in_use != "no",
        )

    def _hours(self, row: Row, text: str) -> str:
        try:
            return read_hours(text).text()
        except HoursUnreadableError as why:
            self._wrong(row, "hours", str(why))
            return ""

    def _word(self, row: Row, cells: Mapping[str, str], column: str, kind: str) -> str:
        said = cells.get(column, "").casefold()
        if said and said not in WORDS[kind]:
            self._wrong(row, column, "“{said}” is not known here.", said=said[:40])
        return WORDS[kind].get(said, "")

    def _words(self, row: Row, cells: Mapping[str, str], column: str) -> tuple[str, ...]:
        parts = [part.casefold() for part in parts_of(cells.get(column, ""))]
        for part in parts:
            if part not in WORDS[column]:
                self._wrong(row, column, "“{said}” is not known here.", said=part[:40])
        return tuple(sorted({WORDS[column][part] for part in parts if part in WORDS[column]}))

    def _area(self, said: str) -> int | None:
        if not said:
            return None
        found = self.known.areas.by_code.get(said) or self.known.areas.by_name.get(said)
        return found.id if found else UNKNOWN

    def _person(self, said: str) -> int | None:
        return self.known.people.get(said.casefold(), UNKNOWN) if said else None

    def _pointed(self, details: RuleDetails) -> Pointed:
        def is_there(area_id: int | None) -> bool:
            return area_id is None or area_id != UNKNOWN

        return Pointed(
            category_known=details.category_code is None or details.category_code in self.known.topics,
            area_open=is_there(details.area_id) and details.area_id not in self.known.areas.departments,
            target_area_open=is_there(details.target_area_id),
            target_person_here=details.target_person_id is None or details.target_person_id != UNKNOWN,
        )

    def _tell_twice(self, row: Row, details: RuleDetails) -> None:
        fits = (details.category_code, details.area_id, details.hours, details.channels, details.focus_groups)
        key = (*fits, details.grades)
        if details.is_active and key in self._said:
            sentence = "Row {first} fits the same cases: this one is asked only where that one's people are gone."
            self.notices.append(Told(row.number, "category", sentence, {"first": self._said[key]}))
        if details.is_active:
            self._said.setdefault(key, row.number)


def as_rows(session: Session, version: RuleVersionRow) -> list[dict[str, str]]:
    """Return the lines of a version as cells, in order, with names beside the codes."""
    tree, catalogue = area_tree(session), topics(session)
    logins: dict[int, str] = {i: login for login, i in session.execute(sa.select(col(Person.login), col(Person.id)))}
    return list(_cells(says_in(session, version.id or 0), tree, catalogue, logins))


def _cells(
    lines: Sequence[Line], tree: AreaTree, catalogue: Mapping[str, Topic], logins: Mapping[int, str]
) -> Iterator[dict[str, str]]:
    for line in lines:
        says = line.says
        area, unit = (tree.places.get(says[name] or 0) for name in ("area_id", "target_area_id"))
        topic = catalogue.get(says["category_code"] or "")
        yield {
            **{name: str(says[name] or "") for name in ("hours", "party", "note")},
            **{name: BETWEEN.join(says[name]) for name in ("channels", "focus_groups", "grades")},
            "number": str(line.number),
            "category": says["category_code"] or "",
            "area": area.code if area else "",
            "to_level": str(says["target_level"] or ""),
            "to_unit": unit.code if unit else "",
            "to_person": logins.get(says["target_person_id"] or 0, ""),
            "to_role": str(says["target_role"]),
            "pool": "yes" if says["is_pool"] else "",
            "in_use": "" if says["is_active"] else "no",
            "category_name": topic.name if topic else "",
            "area_name": area.name if area else "",
            "to_name": unit.name if unit else "",
        }
