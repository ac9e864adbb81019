"""Which rows stand in a file with areas: a sheet (CSV, XLSX) or a map (GeoJSON)?"""

import json
from collections.abc import Iterator
from pathlib import PurePath

from service.errors import ServiceError
from service.sheets import Columns, Row, as_text, count_rows, headings_of, read, read_sheet, row_of

COLUMNS: Columns = {
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


class NoCodeColumnError(ServiceError):
    """Nothing says which column holds the code."""

    status, code = 422, "no-code-column"
    sentence = "The first row must name the columns, and one of them must be called code (编码)."


def read_rows(name: str, content: bytes) -> list[Row]:
    """Return the rows of a file. Errors: FileUnreadableError, FileTooLargeError, NoCodeColumnError."""
    kind = PurePath(name).suffix.lower()
    if kind in (".geojson", ".json") or content.lstrip()[:1] == b"{":
        lines = read(content, lambda drawing: list(_geojson(drawing)))
    else:
        lines = read_sheet(name, content, COLUMNS).rows
    if not any("code" in row.cells for row in lines):
        raise NoCodeColumnError
    return lines


def _geojson(content: bytes) -> Iterator[Row]:
    drawing = json.loads(content)
    features = drawing["features"] if drawing["type"] == "FeatureCollection" else [drawing]
    for number, feature in enumerate(features, start=1):
        facts = feature["properties"] or {}
        columns = zip(headings_of(facts, COLUMNS), (as_text(value) for value in facts.values()), strict=True)
        geometry = feature.get("geometry")
        drawn = [("boundary", json.dumps(geometry))] if geometry else []
        yield row_of(number, [*columns, *drawn])
        count_rows(number)
