"""How do the lines of the dispatch catalogue stand in a sheet (CSV, XLSX) or in YAML, and back?"""

from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

import yaml

from service import written_sheets
from service.accounts.words import ROLE_BY_WORD
from service.areas.rules import AreaLevel
from service.errors import ServiceError
from service.sheets import BETWEEN, MOST_BYTES, YES_NO, Columns, FileTooLargeError, FileUnreadableError, Row, read_sheet
from sla_policies.policy import Grade

COLUMNS: Columns = {
    "number": ("number", "编号", "条目编号"),
    "category": ("category", "类别", "类别编码"),
    "area": ("area", "区域", "地区", "辖区编码"),
    "hours": ("hours", "时段"),
    "channels": ("channels", "渠道"),
    "focus_groups": ("focus_groups", "重点人群"),
    "grades": ("grades", "等级"),
    "to_level": ("to_level", "派往层级"),
    "to_unit": ("to_unit", "派往单位"),
    "to_person": ("to_person", "派往人员"),
    "to_role": ("to_role", "岗位"),
    "pool": ("pool", "公共池"),
    "party": ("party", "外部承办单位"),
    "in_use": ("in_use", "启用"),
    "note": ("note", "说明", "备注"),
}
"""Each column by its headings; others are left out."""
TO = ("to_level", "to_unit", "to_person")
NAMES_TOO = ("category_name", "area_name", "to_name")
"""Columns that an exported sheet has for its readers; an import leaves them out."""
HEADINGS: Mapping[str, str] = {name: name for name in (*COLUMNS, *NAMES_TOO)}
WORDS: Mapping[str, Mapping[str, str]] = {
    "channels": {
        **{code: code for code in ("web", "kiosk", "phone", "walk_in", "api", "open311", "patrol")},
        "网页": "web",
        "自助机": "kiosk",
        "电话": "phone",
        "窗口": "walk_in",
        "接口": "api",
        "巡查发现": "patrol",
    },
    "focus_groups": {
        **{code: code for code in ("elderly", "elderly_alone", "disabled", "minor", "child_alone", "hardship")},
        "老年人": "elderly",
        "独居老人": "elderly_alone",
        "残疾人": "disabled",
        "未成年人": "minor",
        "留守儿童": "child_alone",
        "困难家庭": "hardship",
    },
    "grades": {
        **{grade.value.casefold(): grade.value for grade in Grade},
        "紧急": "G1",
        "及时": "G2",
        "一般": "G3",
        "复杂": "G4",
        "咨询": "C",
    },
    "to_level": {
        **{level.value: level.value for level in AreaLevel},
        "区县": "county",
        "街道": "subdistrict",
        "街道乡镇": "subdistrict",
        "社区": "community",
        "网格": "grid",
    },
    "to_role": {word: role.value for word, role in ROLE_BY_WORD.items()},
    "yes_no": YES_NO,
}
"""What may stand in a cell, in small letters, and what it means."""
YAML_KINDS = (".yaml", ".yml")


class NoTargetColumnError(ServiceError):
    """Nothing says to whom lines send their cases."""

    status, code = 422, "no-target-column"
    sentence = "The first row must name the columns, and one of them must be to_level, to_unit or to_person."


def read_lines(name: str, content: bytes) -> list[Row]:
    """Return the rows of a file. Errors: FileUnreadableError, FileTooLargeError, NoTargetColumnError."""
    is_yaml = PurePath(name).suffix.lower() in YAML_KINDS
    rows = _yaml_rows(content) if is_yaml else read_sheet(name, content, COLUMNS).rows
    if rows and not any(column in row.cells for row in rows for column in TO):
        raise NoTargetColumnError
    return rows


def _yaml_rows(content: bytes) -> list[Row]:
    """Return the entries of `rules:`, each with the number of the line on which it begins."""
    if len(content) > MOST_BYTES:
        raise FileTooLargeError
    try:
        root = yaml.compose(content.decode("utf-8-sig"), Loader=yaml.CSafeLoader)
        return [_yaml_row(entry) for entry in _entries(root)]
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError) as why:
        raise FileUnreadableError from why


def _entries(root: yaml.Node | None) -> list[yaml.Node]:
    """Return the entries. Errors: ValueError when the file is no mapping with a list of rules."""
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    found = [value for key, value in pairs if key.value == "rules"]
    if len(found) != 1 or not isinstance(found[0], yaml.SequenceNode):
        raise ValueError("no list of rules")
    return list(found[0].value)


def _yaml_row(entry: yaml.Node) -> Row:
    if not isinstance(entry, yaml.MappingNode):
        raise TypeError("no mapping")
    cells = {key.value: _yaml_text(value) for key, value in entry.value}
    known = {name: column for column, names in COLUMNS.items() for name in names}
    found = {known[name]: text for name, text in cells.items() if name in known}
    return Row(entry.start_mark.line + 1, found)


def _yaml_text(node: yaml.Node) -> str:
    if isinstance(node, yaml.SequenceNode):
        return BETWEEN.join(_yaml_text(part) for part in node.value)
    if not isinstance(node, yaml.ScalarNode):
        raise TypeError("no text")
    return "" if node.tag.endswith(":null") else str(node.value).strip()


def as_csv(rows: Iterable[Mapping[str, str]]) -> bytes:
    """Return lines as CSV that a spreadsheet opens and an import reads; no cell is run."""
    return written_sheets.as_csv(HEADINGS, rows)


def as_xlsx(rows: Iterable[Mapping[str, str]]) -> bytes:
    """Return lines as a workbook of one sheet, every cell a text."""
    return written_sheets.as_xlsx(HEADINGS, rows, title="rules")


def as_yaml(rows: Iterable[Mapping[str, str]]) -> bytes:
    """Return lines as YAML; what a line does not say is left out."""
    lines: list[dict[str, Any]] = []
    for row in rows:
        said: dict[str, Any] = {name: row[name] for name in COLUMNS if row.get(name)}
        for name in ("channels", "focus_groups", "grades"):
            if name in said:
                said[name] = said[name].split(BETWEEN)
        lines.append(said | ({"number": int(row["number"])} if row.get("number") else {}))
    text = yaml.dump({"rules": lines}, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False, width=120)
    return str(text).encode()
