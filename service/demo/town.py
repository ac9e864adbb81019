"""Where does the demo take place? 江城区, two sub-districts, twenty communities and villages, and their grids."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from service.areas.rules import AreaLevel
from service.areas.tables import Area
from service.demo.files import read
from service.demo.shapes import Cell, Lattice, communities, grids

COUNTY_CODE = "990101"
WANGHU, LIUXI = "990101001", "990101101"
HUBIN = "990101001001"
CITY_MANAGEMENT, HOUSING, MARKET = (f"{COUNTY_CODE}-{department}" for department in ("CG", "ZJ", "SJ"))
COMMUNITY_HOURS, DESK_HOURS = "08:30–18:00", "00:00–24:00"
PHONE = "0500-555{:04d}"
"""No town in China has the area code 0500."""
FIRST_PHONE = 101
NUMERALS = "一二三"


@dataclass(frozen=True)
class Bilingual:
    """A name in both languages."""

    zh: str
    en: str


@dataclass(frozen=True)
class Neighbourhood:
    """A community or village as the invented requests need it."""

    area: Area
    subdistrict: Area
    street: Bilingual
    estates: tuple[Bilingual, ...]
    cells: tuple[Cell, ...]

    @property
    def is_village(self) -> bool:
        """Is it a village (村), not a community (社区)?"""
        return self.area.name.endswith("村")


@dataclass
class Town:
    """The places of the demo after they were written."""

    lattice: Lattice = field(default_factory=Lattice)
    areas: dict[str, Area] = field(default_factory=dict)
    """By code."""
    neighbourhoods: list[Neighbourhood] = field(default_factory=list)
    said: list[tuple[Area, dict[str, Any]]] = field(default_factory=list)
    """For each area what the file says of it: who works there, among other things."""


def build_town(session: Session, now: datetime) -> Town:
    """Write the areas from the top down, each with its boundary and its path."""
    return _Builder(session, now).build()


@dataclass
class _Builder:
    session: Session
    now: datetime
    town: Town = field(default_factory=Town)

    def build(self) -> Town:
        file, cells = read("town.yaml"), communities()
        everything = [cell for part in cells.values() for cell in part]
        county = self.add(None, AreaLevel.COUNTY, COUNTY_CODE, file["county"], everything)
        # The first sub-district lies in the west of every row, the second in the east.
        rows = len({row for _, row in cells})
        split = len(file["subdistricts"][0]["communities"]) // rows
        for number, entry in enumerate(file["subdistricts"]):
            mine = sorted((row, column) for column, row in cells if (column >= split) == bool(number))
            self.subdistrict(county, entry, [cells[column, row] for row, column in mine])
        self.departments(county, file["county"])
        for entry in file["subdistricts"]:
            self.departments(self.town.areas[COUNTY_CODE + entry["code"]], entry)
        self.set_paths()
        return self.town

    def departments(self, above: Area, entry: dict[str, Any]) -> None:
        for department in entry.get("departments", ()):
            names = [department["name"], department["name_en"]]
            facts = department | {"desk": names, "address": above.address}
            self.add(above, AreaLevel.COMMUNITY, f"{above.code}-{department['code']}", facts, [])

    def subdistrict(self, county: Area, entry: dict[str, Any], parts: list[list[Cell]]) -> None:
        code = COUNTY_CODE + entry["code"]
        above = self.add(county, AreaLevel.SUBDISTRICT, code, entry, [cell for part in parts for cell in part])
        for serial, (community, part) in enumerate(zip(entry["communities"], parts, strict=True), start=1):
            self.community(above, f"{code}{serial:03d}", community, part)

    def community(self, above: Area, code: str, entry: dict[str, Any], cells: list[Cell]) -> None:
        street = Bilingual(*entry["street"])
        kind = "Village" if entry["name"].endswith("村") else "Community"
        facts = entry | {
            "name_en": f"{entry['en']} {kind}",
            "desk": [f"{entry['name']}服务站", f"{entry['en']} {kind} Service Desk"],
            "address": f"{street.zh}{10 + int(code[-3:])}号",
            "aliases": [name for names in (entry["street"], *entry["estates"]) for name in names],
        }
        area = self.add(above, AreaLevel.COMMUNITY, code, facts, cells)
        estates = tuple(Bilingual(*names) for names in entry["estates"])
        self.town.neighbourhoods.append(Neighbourhood(area, above, street, estates, tuple(cells)))
        for number, part in enumerate(grids(cells, entry["grids"]), start=1):
            grid = {
                "name": f"{entry['name']}第{NUMERALS[number - 1]}网格",
                "name_en": f"{entry['en']} Grid {number}",
                "desk": facts["desk"],
                "address": facts["address"],
                "workers": [who for at, who in entry.get("grid_workers", {}).items() if at == number],
            }
            self.add(area, AreaLevel.GRID, f"{code}{number:03d}", grid, part)

    def add(self, above: Area | None, level: AreaLevel, code: str, facts: dict[str, Any], cells: list[Cell]) -> Area:
        desk, desk_en = facts["desk"]
        # A grid is reached through the desk of its community.
        is_grid = above is not None and level is AreaLevel.GRID
        number = PHONE.format(FIRST_PHONE + sum(a.level is not AreaLevel.GRID for a in self.town.areas.values()))
        area = Area(
            parent_id=above.id if above else None,
            level=level,
            code=code,
            name=facts["name"],
            name_en=facts["name_en"],
            path="/",
            desk_name=desk,
            desk_name_en=desk_en,
            phone=above.phone if above is not None and is_grid else number,
            address=facts["address"],
            opening_hours=DESK_HOURS if level in (AreaLevel.COUNTY, AreaLevel.SUBDISTRICT) else COMMUNITY_HOURS,
            aliases=facts.get("aliases", []),
            boundary=self.town.lattice.outline(cells) if cells else None,
            is_department=not cells,
            created_at=self.now,
        )
        self.session.add(area)
        self.session.flush()
        self.town.areas[code] = area
        self.town.said.append((area, facts))
        return area

    def set_paths(self) -> None:
        """Write the path of every area: ids are known only now. Parents come before their children."""
        paths: dict[int | None, str] = {None: "/"}
        for area in self.town.areas.values():
            area.path = paths[area.id] = f"{paths[area.parent_id]}{area.id}/"
        self.session.flush()
