"""How do all areas look as a sheet that a spreadsheet may open and that can be imported again?"""

import csv
from io import StringIO

from sqlmodel import Session

from service.areas.queries import all_areas
from service.areas.sheets import COLUMNS, FORMULA_BEGINS, MAY_BEGIN_SO

HEADINGS = tuple(column for column in COLUMNS if column != "boundary")
HARMLESS = "'"
"""Before what a spreadsheet would take for a formula."""


def as_csv(session: Session) -> str:
    """Return the areas in use, parents first, as CSV with the headings of an import, without boundaries."""
    areas = all_areas(session)
    codes = {area.id: area.code for area in areas}
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADINGS)
    for area in areas:
        if area.is_active:
            facts = area.model_dump() | {"parent": codes.get(area.parent_id, ""), "level": area.level.value}
            facts["aliases"] = "；".join(area.aliases)
            writer.writerow([harmless(name, str(facts[name])) for name in HEADINGS])
    return text.getvalue()


def harmless(column: str, value: str) -> str:
    """Return a cell so that no spreadsheet runs it: a telephone number may begin with +."""
    runs = value[:1] in FORMULA_BEGINS and value and (column not in MAY_BEGIN_SO or value[:1] != "+")
    return HARMLESS + value if runs else value
