"""Which rows stand in a file with areas: a sheet (CSV, XLSX) or a map (GeoJSON)?"""

import csv
import json
import math
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from io import BytesIO, StringIO
from pathlib import PurePath
from typing import Any

from service.errors import ServiceError

MOST_BYTES = 20_000_000
MOST_UNPACKED = 400_000_000
MOST_ROWS = 200_000
MOST_CELL = 5_000_000
"""Characters; a boundary may stand in one cell."""
EXACT_DIGITS = 15
"""A spreadsheet keeps so many digits of a number."""
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "code": ("code", "编码", "代码", "区划代码", "辖区编码"),
    "name": ("name", "名称", "辖区名称", "中文名称"),
    "level": ("level", "级别", "层级"),
    "parent": ("parent", "parent_code", "上级", "上级编码", "上级代码"),
    "name_en": ("name_en", "english", "英文名称"),
    "desk_name": ("desk_name", "服务点", "服务点名称"),
    "desk_name_en": ("desk_name_en", "服务点英文名称"),
    "phone": ("phone", "电话"),
    "address": ("address", "地址"),
    "opening_hours": ("opening_hours", "开放时间"),
    "special_days": ("special_days", "特殊日期"),
    "aliases": ("aliases", "别名", "小区"),
    "boundary": ("boundary", "边界", "geometry"),
}
"""Each column by its headings, in whatever case they are written; other columns are left out."""
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r")
MAY_BEGIN_SO = frozenset({"phone", "boundary"})


class FileUnreadableError(ServiceError):
    """The file is none that areas can be read from."""

    status, code = 422, "file-unreadable"
    sentence = "This file cannot be read: it is neither a sheet (CSV, XLSX) nor a map (GeoJSON), or it is damaged."


class FileTooLargeError(ServiceError):
    """The file has more than may be taken in at once."""

    status, code = 422, "file-too-large"
    sentence = "This file is too large: at most {rows} rows and {megabytes} MB. Please divide it."

    def __init__(self) -> None:
        super().__init__(rows=MOST_ROWS, megabytes=MOST_BYTES // 1_000_000)


class NoCodeColumnError(ServiceError):
    """Nothing says which column holds the code."""

    status, code = 422, "no-code-column"
    sentence = "The first row must name the columns, and one of them must be called code (编码)."


@dataclass(frozen=True)
class Row:
    """One row of a file: its number as a spreadsheet counts, and what stands in each column that we know."""

    number: int
    cells: Mapping[str, str]
    formulas: frozenset[str] = field(default_factory=frozenset)
    """Columns that hold a formula, or what a spreadsheet would take for one."""
    inexact: frozenset[str] = field(default_factory=frozenset)
    """Columns whose number has lost digits."""


def read_rows(name: str, content: bytes) -> list[Row]:
    """Return the rows of a file. Errors: FileUnreadableError, FileTooLargeError, NoCodeColumnError."""
    kind = PurePath(name).suffix.lower()
    if kind in (".geojson", ".json") or content.lstrip()[:1] == b"{":
        lines = _read(content, _geojson)
    else:
        lines = read_sheet(name, content, COLUMNS)
    if not any("code" in row.cells for row in lines):
        raise NoCodeColumnError
    return lines


Columns = Mapping[str, tuple[str, ...]]


def read_sheet(name: str, content: bytes, columns: Columns) -> list[Row]:
    """Return the rows of a sheet (CSV, XLSX) with these columns. Errors: FileUnreadableError, FileTooLargeError."""
    is_packed = content[:2] == b"PK" or PurePath(name).suffix.lower() == ".xlsx"
    return _read(content, partial(_xlsx if is_packed else _csv, columns=columns))


def _read(content: bytes, reading: Callable[[bytes], Iterable[Row]]) -> list[Row]:
    if len(content) > MOST_BYTES:
        raise FileTooLargeError
    try:
        return list(reading(content))
    except (ValueError, KeyError, TypeError, RecursionError, csv.Error, zipfile.BadZipFile, OSError) as why:
        raise FileUnreadableError from why


def _csv(content: bytes, columns: Columns) -> Iterator[Row]:
    text = _decoded(content)
    first = text.partition("\n")[0]
    csv.field_size_limit(MOST_CELL)
    delimiter = max(",\t;", key=first.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    headings = _headings(next(reader, []), columns)
    for line in reader:
        number = reader.line_num
        if any(line):
            yield _row(number, zip(headings, line, strict=False))
        _count(number)


def _decoded(content: bytes) -> str:
    """Return the text of a file: UTF-8, or as spreadsheets in China write it (GB 18030). Errors: UnicodeDecodeError."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")


def _xlsx(content: bytes, columns: Columns) -> Iterator[Row]:
    from openpyxl import load_workbook

    with zipfile.ZipFile(BytesIO(content)) as packed:
        if sum(part.file_size for part in packed.infolist()) > MOST_UNPACKED:
            raise FileTooLargeError
    book = load_workbook(BytesIO(content), read_only=True, data_only=False, keep_links=False)
    lines = book.worksheets[0].iter_rows()
    headings = _headings([str(cell.value or "") for cell in next(lines, ())], columns)
    for number, cells in enumerate(lines, start=2):
        found = [(heading, cell) for heading, cell in zip(headings, cells, strict=False) if cell.value is not None]
        if found:
            row = _row(number, ((heading, _as_text(cell.value)) for heading, cell in found))
            formulas = row.formulas | {heading for heading, cell in found if heading and cell.data_type == "f"}
            inexact = frozenset(heading for heading, cell in found if heading and _is_inexact(cell.value))
            yield Row(number, row.cells, formulas, inexact)
        _count(number)


def _geojson(content: bytes) -> Iterator[Row]:
    read = json.loads(content)
    features = read["features"] if read["type"] == "FeatureCollection" else [read]
    for number, feature in enumerate(features, start=1):
        facts = feature["properties"] or {}
        columns = zip(_headings(facts, COLUMNS), (_as_text(value) for value in facts.values()), strict=True)
        geometry = feature.get("geometry")
        drawn = [("boundary", json.dumps(geometry))] if geometry else []
        yield _row(number, [*columns, *drawn])
        _count(number)


def _row(number: int, columns: Iterable[tuple[str, str]]) -> Row:
    cells = {heading: value.strip(" \n\u3000\u00a0") for heading, value in columns if heading}
    formulas = frozenset(
        heading for heading, value in cells.items() if value[:1] in FORMULA_BEGINS and heading not in MAY_BEGIN_SO
    )
    return Row(number, cells, formulas - {heading for heading in formulas if not cells[heading]})


def _headings(names: Iterable[str], columns: Columns) -> list[str]:
    """Return which column each heading means; "" for one we do not know."""
    known = {name: column for column, names in columns.items() for name in names}
    return [known.get(str(name).strip().casefold(), "") for name in names]


def _as_text(value: Any) -> str:  # noqa: ANN401  # Whatever a cell may hold.
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return str(int(value))
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return "" if value is None else str(value)


def _is_inexact(value: Any) -> bool:  # noqa: ANN401  # Whatever a cell may hold.
    return isinstance(value, (int, float)) and abs(value) >= 10**EXACT_DIGITS


def _count(number: int) -> None:
    if number > MOST_ROWS + 1:
        raise FileTooLargeError
