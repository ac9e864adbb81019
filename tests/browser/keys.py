"""Somebody who has no mouse: whatever they want, they reach it with Tab, and it is seen where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

MOST_STEPS = 250
AT = """wanted => {
  const at = document.activeElement;
  return at !== null && at.matches(wanted);
}"""
SEEN = """() => {
  const style = getComputedStyle(document.activeElement);
  return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
}"""


def reach(page: Page, wanted: str) -> None:
    """Press Tab until the focus is on an element of that selector, and check that it is seen to be there."""
    for _ in range(MOST_STEPS):
        if page.evaluate(AT, wanted):
            assert page.evaluate(SEEN), f"nobody sees that the focus is on {wanted}"
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{MOST_STEPS} times Tab does not lead to {wanted} on {page.url}")


def type_into(page: Page, wanted: str, text: str) -> None:
    """Go to a field and type."""
    reach(page, wanted)
    page.keyboard.type(text)


def press(page: Page, wanted: str) -> None:
    """Go to a link or a button and press Enter."""
    reach(page, wanted)
    page.keyboard.press("Enter")
