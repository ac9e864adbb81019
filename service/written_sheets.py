"""How is a sheet (CSV, XLSX) written so that no spreadsheet runs a cell of it, and `service.sheets` reads it again?"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO, StringIO

from service.sheets import FORMULA_BEGINS, HARMLESS, MAY_BEGIN_SO


def harmless(column: str, value: str) -> str:
    """Return a cell so that no spreadsheet runs it: a telephone number may begin with +."""
    runs = value[:1] in FORMULA_BEGINS and value and (column not in MAY_BEGIN_SO or value[:1] != "+")
    return HARMLESS + value if runs else value


def as_csv(headings: Mapping[str, str], rows: Iterable[Mapping[str, str]]) -> bytes:
    """Return rows as CSV that a spreadsheet opens and an import reads (UTF-8 with a mark); no cell is run.

    `headings`: what stands above each column, in order.
    """
    text = StringIO()
    csv.writer(text).writerows(_table(headings, rows))
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(headings: Mapping[str, str], rows: Iterable[Mapping[str, str]], *, title: str) -> bytes:
    """Return rows as a workbook of one sheet of that title, every cell a text."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for cells in _table(headings, rows):
        sheet.append(cells)
    packed = BytesIO()
    book.save(packed)
    return packed.getvalue()


def _table(headings: Mapping[str, str], rows: Iterable[Mapping[str, str]]) -> Iterator[list[str]]:
    yield list(headings.values())
    for row in rows:
        yield [harmless(name, row.get(name, "")) for name in headings]
