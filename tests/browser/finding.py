"""Where is the Chromium that the tests look through, and what is said where there is none?"""

import os
import shutil
import subprocess

NAMES = ("chromium", "chromium-browser", "google-chrome")
INSTALL = "apt-get install chromium fonts-noto-cjk"
PYTHON = "No Playwright is installed. Install it with: make test"
CHROMIUM = f"No Chromium is installed. Install it with: {INSTALL}"
FONT = f"No font has Chinese letters. Install one with: {INSTALL}"


def chromium() -> str:
    """Return the path of Chromium, or "" where there is none; JIBAN_CHROMIUM names another one."""
    return os.environ.get("JIBAN_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), "")


def missing() -> str:
    """Return the sentence that says what must be installed before anything can be looked at, or ""."""
    try:
        import playwright.sync_api  # noqa: F401  # Only whether it is there.
    except ImportError:
        return PYTHON
    if not chromium():
        return CHROMIUM
    return "" if _has_chinese() else FONT


def is_required() -> bool:
    """Must the tests fail where they cannot look at anything?"""
    return os.environ.get("JIBAN_BROWSER") == "required"


def _has_chinese() -> bool:
    """Ask fontconfig; where it is not there, Chromium has fonts of its own ways."""
    if shutil.which("fc-list") is None:
        return True
    return bool(subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=False).stdout.strip())
