"""When does a resident see something on a slow phone? python -m tests.browser.first_paint

A measurement, not a test: the numbers are this machine's, and differ with whatever else it does. Each page is opened
some times with nothing kept of it, and some times with its style sheets and scripts kept; the middle is printed.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from tests.browser.conftest import running
from tests.browser.looking import Eyes, launch
from tests.browser.pages import go

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

ROUTES = ("/", "/submit", "/receipt", "/track", "/track/{number}", "/promises", "/areas/{code}", "/kiosk")
TIMES = 5
CPU_SLOWDOWN = 4
BYTES_A_SECOND = 1_600_000 / 8
ROUND_TRIP_MS = 150
PAINTED = "() => performance.getEntriesByName('first-contentful-paint').length > 0"
SEEN = """() => {
  const [page] = performance.getEntriesByType("navigation");
  const files = performance.getEntriesByType("resource");
  const bytes = [page, ...files].reduce((sum, { transferSize }) => sum + transferSize, 0);
  const [{ startTime }] = performance.getEntriesByName("first-contentful-paint");
  return { painted: startTime, files: files.length, bytes };
}"""


@dataclass(frozen=True)
class Seen:
    """One visit: milliseconds until something is seen, how many files were asked for beside the page, and all bytes."""

    painted: float
    files: int
    bytes: int


def slow_phone(page: Page) -> CDPSession:
    """Let the page run as on a cheap phone on a slow line."""
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    about = {"latency": ROUND_TRIP_MS, "downloadThroughput": BYTES_A_SECOND, "uploadThroughput": BYTES_A_SECOND}
    line.send("Network.emulateNetworkConditions", {"offline": False, **about})
    line.send("Emulation.setCPUThrottlingRate", {"rate": CPU_SLOWDOWN})
    return line


def visits(page: Page, line: CDPSession, *, is_kept: bool) -> Seen:
    """Return the middle of some visits to the page that is open; `is_kept`: its files are there already."""
    line.send("Network.setCacheDisabled", {"cacheDisabled": not is_kept})
    seen = []
    for _ in range(TIMES):
        page.goto(page.url, wait_until="load")
        page.wait_for_function(PAINTED)
        seen.append(Seen(**page.evaluate(SEEN)))
    return Seen(*(median(getattr(one, name) for one in seen) for name in Seen.__annotations__))


def main() -> None:
    """Print a row for each page."""
    sys.stdout.write("| page | first paint, ms | with files kept, ms | files | kB |\n|---|---|---|---|---|\n")
    with running() as url, sync_playwright() as started:
        browser = launch(started)
        eyes = Eyes(browser, url)
        for route in ROUTES:
            with eyes.of() as page:
                go(page, eyes, route)
                line = slow_phone(page)
                first, again = visits(page, line, is_kept=False), visits(page, line, is_kept=True)
            paints = f"{first.painted:.0f} | {again.painted:.0f}"
            sys.stdout.write(f"| `{route}` | {paints} | {first.files:.0f} | {first.bytes / 1000:.0f} |\n")
            sys.stdout.flush()
        browser.close()


if __name__ == "__main__":
    main()
