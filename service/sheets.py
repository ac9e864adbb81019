"""How is a sheet (CSV, XLSX) read row by row?"""

import csv
import math
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from io import BytesIO, StringIO
from pathlib import PurePath
from typing import Any, TypeVar

from service.errors import ServiceError

MOST_BYTES = 20_000_000
MOST_UNPACKED = 400_000_000
MOST_ROWS = 200_000
MOST_CELL = 5_000_000
"""Characters; a boundary may stand in one cell."""
EXACT_DIGITS = 15
"""A spreadsheet keeps so many digits of a number."""
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r")
MAY_BEGIN_SO = frozenset({"phone", "boundary"})
HARMLESS = "'"
"""Before what a spreadsheet would take for a formula."""
UNREADABLE = (
    *(ValueError, LookupError, TypeError, AttributeError, RecursionError, SyntaxError, OSError, EOFError),
    *(NotImplementedError, csv.Error, zipfile.BadZipFile, zlib.error),
)
"""What libraries say of damaged files; damaged XML is a SyntaxError."""
YES_NO: Mapping[str, str] = {
    **dict.fromkeys(("yes", "true", "1", "是"), "yes"),
    **dict.fromkeys(("no", "false", "0", "否"), "no"),
}
BETWEEN = "、"
"""Between the parts of a cell that has several."""
GAPS = str.maketrans(dict.fromkeys(",，;；/|\n", BETWEEN))
UNSEEN = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127))
"""Control characters, which no table of the database holds."""


class FileUnreadableError(ServiceError):
    """The file is of a kind that is not read here, or damaged."""

    status, code = 422, "file-unreadable"
    sentence = "This file cannot be read: it is of a kind that is not taken here, or it is damaged."


class FileTooLargeError(ServiceError):
    """The file has more than may be taken in at once."""

    status, code = 422, "file-too-large"
    sentence = "This file is too large: at most {rows} rows and {megabytes} MB. Please divide it."

    def __init__(self) -> None:
        super().__init__(rows=MOST_ROWS, megabytes=MOST_BYTES // 1_000_000)


class ImportRefusedError(ServiceError):
    """Something is wrong with a row, so nothing was taken over."""

    status, code = 422, "import-refused"
    sentence = "Nothing was taken over: mistakes in the file: {count}."


@dataclass(frozen=True)
class Row:
    """One row of a file: its number as a spreadsheet counts, and what stands in each column that we know."""

    number: int
    cells: Mapping[str, str]
    formulas: frozenset[str] = field(default_factory=frozenset)
    """Columns that hold a formula, or what a spreadsheet would take for one."""
    inexact: frozenset[str] = field(default_factory=frozenset)
    """Columns whose number has lost digits."""


@dataclass(frozen=True)
class Told:
    """Something about one row: its number, its column, and a sentence with its facts."""

    row: int
    column: str
    sentence: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sheet:
    """The rows of a sheet, and what stands above columns that nobody asked for."""

    rows: list[Row]
    left_out: tuple[str, ...] = ()


Found = TypeVar("Found")
Columns = Mapping[str, tuple[str, ...]]
"""Each column by its headings, in whatever case they are written; other columns are left out."""


def read_sheet(name: str, content: bytes, columns: Columns) -> Sheet:
    """Return the rows of a sheet (CSV, XLSX) with these columns. Errors: FileUnreadableError, FileTooLargeError."""
    is_packed = content[:2] == b"PK" or PurePath(name).suffix.lower() == ".xlsx"
    return read(content, partial(_xlsx if is_packed else _csv, columns=columns))


def read(content: bytes, reading: Callable[[bytes], Found]) -> Found:
    """Return what `reading` finds. Errors: FileUnreadableError, FileTooLargeError."""
    if len(content) > MOST_BYTES:
        raise FileTooLargeError
    try:
        return reading(content)
    except UNREADABLE as why:
        raise FileUnreadableError from why


def cell_faults(row: Row) -> Iterator[Told]:
    """Tell the cells that a spreadsheet computed or rounded: nobody knows what was meant."""
    for column in sorted(row.formulas):
        yield Told(row.number, column, "This cell is a formula, or begins like one. Please write its value as text.")
    for column in sorted(row.inexact):
        yield Told(row.number, column, "This number lost its last digits. Please format the column as text.")


def plain(value: str) -> str:
    """Return a cell without the sign that keeps a spreadsheet from running it."""
    return value[1:] if value[:1] == HARMLESS and value[1:2] in FORMULA_BEGINS else value


def parts_of(cell: str) -> list[str]:
    """Return the parts of a cell that has several, whichever sign stands between them."""
    return [part.strip() for part in cell.translate(GAPS).split(BETWEEN) if part.strip()]


def _csv(content: bytes, columns: Columns) -> Sheet:
    text = _decoded(content)
    first = text.partition("\n")[0]
    csv.field_size_limit(MOST_CELL)
    delimiter = max(",\t;", key=first.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names, rows = next(reader, []), []
    headings = headings_of(names, columns)
    for line in reader:
        number = reader.line_num
        if any(line):
            rows.append(row_of(number, zip(headings, line, strict=False)))
        count_rows(number)
    return Sheet(rows, _left_out(names, headings))


def _decoded(content: bytes) -> str:
    """Return the text of a file: UTF-8, or as spreadsheets in China write it (GB 18030). Errors: UnicodeDecodeError."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")


def _xlsx(content: bytes, columns: Columns) -> Sheet:
    from openpyxl import load_workbook

    with zipfile.ZipFile(BytesIO(content)) as packed:
        if sum(part.file_size for part in packed.infolist()) > MOST_UNPACKED:
            raise FileTooLargeError
    book = load_workbook(BytesIO(content), read_only=True, data_only=False, keep_links=False)
    lines = book.worksheets[0].iter_rows()
    names = [str(cell.value or "") for cell in next(lines, ())]
    headings, rows = headings_of(names, columns), []
    for number, cells in enumerate(lines, start=2):
        found = [(heading, cell) for heading, cell in zip(headings, cells, strict=False) if cell.value is not None]
        if found:
            row = row_of(number, ((heading, as_text(cell.value)) for heading, cell in found))
            formulas = row.formulas | {heading for heading, cell in found if heading and cell.data_type == "f"}
            inexact = frozenset(heading for heading, cell in found if heading and _is_inexact(cell.value))
            rows.append(Row(number, row.cells, formulas, inexact))
        count_rows(number)
    return Sheet(rows, _left_out(names, headings))


def _left_out(names: Iterable[str], headings: Iterable[str]) -> tuple[str, ...]:
    return tuple(name.strip() for name, heading in zip(names, headings, strict=True) if name.strip() and not heading)


def row_of(number: int, columns: Iterable[tuple[str, str]]) -> Row:
    """Return a row of these cells, without white space around them, control characters, and what made them harmless."""
    cells = {heading: value.translate(UNSEEN).strip(" \n\u3000\u00a0") for heading, value in columns if heading}
    formulas = frozenset(
        heading for heading, value in cells.items() if value[:1] in FORMULA_BEGINS and heading not in MAY_BEGIN_SO
    )
    said = {heading: plain(value) for heading, value in cells.items()}
    return Row(number, said, formulas - {heading for heading in formulas if not cells[heading]})


def headings_of(names: Iterable[str], columns: Columns) -> list[str]:
    """Return which column each heading means; "" for one we do not know."""
    known = {name: column for column, names in columns.items() for name in names}
    return [known.get(str(name).strip().casefold(), "") for name in names]


def as_text(value: Any) -> str:  # noqa: ANN401  # Whatever a cell may hold.
    """Return what stands in a cell as somebody would type it."""
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return str(int(value))
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return "" if value is None else str(value)


def _is_inexact(value: Any) -> bool:  # noqa: ANN401  # Whatever a cell may hold.
    return isinstance(value, (int, float)) and abs(value) >= 10**EXACT_DIGITS


def count_rows(number: int) -> None:
    """Refuse the row of this number when it is one too many. Errors: FileTooLargeError."""
    if number > MOST_ROWS + 1:
        raise FileTooLargeError
