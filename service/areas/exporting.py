"""How do all areas look as a sheet that a spreadsheet may open and that can be imported again?"""

from sqlmodel import Session

from service.areas.details import level_word
from service.areas.queries import all_areas
from service.areas.sheets import COLUMNS
from service.written_sheets import as_csv

HEADINGS = {column: column for column in COLUMNS if column != "boundary"}


def areas_as_csv(session: Session) -> bytes:
    """Return the areas in use, parents first, as CSV with the headings of an import, without boundaries."""
    areas = all_areas(session)
    codes = {area.id: area.code for area in areas}
    rows = []
    for area in areas:
        if area.is_active:
            facts = area.model_dump() | {
                "parent": codes.get(area.parent_id, ""),
                "level": level_word(area.level, is_department=area.is_department),
            }
            facts["aliases"] = "；".join(area.aliases)
            rows.append({name: str(facts[name]) for name in HEADINGS})
    return as_csv(HEADINGS, rows)
