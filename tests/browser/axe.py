"""What does axe-core find wrong with a page? See vendor/axe.LICENSE.txt for where it comes from."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
COLOURS = ("color-contrast", "link-in-text-block")
"""The rules whose answer depends on the theme."""


@cache
def _source() -> str:
    return AXE.read_text(encoding="utf-8")


def violations(page: Page, rules: tuple[str, ...] = ()) -> list[str]:
    """Return what every rule, or each of those named, finds, one sentence for each element."""
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(_source())
    chosen: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        chosen["runOnly"] = {"type": "rule", "values": list(rules)}
    found = page.evaluate("chosen => axe.run(document, chosen).then(seen => seen.violations)", chosen)
    return [
        f"{one['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary'].splitlines()[1].strip()}"
        for one in found
        for node in one["nodes"]
    ]
