"""One running product with the demo's county, and one Chromium, for everything that is looked at."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.browser import finding
from tests.browser.looking import Eyes, launch
from tests.journeys.conftest import start, stop

MONDAY_10 = "2026-11-23T10:00+08:00"
"""The demo's desks are open; time goes on from here as fast as outside."""


@pytest.fixture(scope="package")
def eyes() -> Iterator[Eyes]:
    """Give the browser at the product. JIBAN_BROWSER_AT names a demo that runs already, for whoever works at pages."""
    lacking = finding.missing()
    if lacking:
        if finding.is_required():
            pytest.fail(lacking)
        pytest.skip(lacking)
    from playwright.sync_api import sync_playwright

    with running() as url, sync_playwright() as started:
        browser = launch(started)
        yield Eyes(browser, url)
        browser.close()


@contextmanager
def running() -> Iterator[str]:
    """Run the product with its demo until the block ends; yield its address."""
    if at := os.environ.get("JIBAN_BROWSER_AT"):
        yield at
        return
    folder = Path(tempfile.mkdtemp(prefix="jiban-browser-"))
    folder.chmod(0o711)  # The servers' own user must reach the data below.
    try:
        product = start(folder / "data", at=MONDAY_10, speed=1)
        try:
            yield product.url
        finally:
            stop(product)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
