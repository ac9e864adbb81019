"""Whoever looks at the product: a person with a language, and what their browser must never tell of."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from service.accounts.rules import DEMO_PASSWORD
from tests.browser import ways
from tests.browser.finding import chromium

if TYPE_CHECKING:  # Where Playwright is not installed, the tests still say so.
    from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Request, Response

PHONE, WIDE = (390, 844), (1280, 900)
HTML_LANG = {"zh": "zh-CN", "en": "en"}
PATIENCE_MS = 30_000
"""Chromium, PostgreSQL and the product share the machine's cores with each other."""


def launch(started: Playwright) -> Browser:
    """Start Chromium; as root it cannot build its sandbox.

    Without a screen a graphics processor is only played, and a process for each page costs more than the page.
    """
    args = ["--disable-gpu", "--process-per-site", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    return started.chromium.launch(executable_path=chromium(), args=args)


@dataclass
class Trouble:
    """What a page did that none may do, as sentences."""

    host: str
    told: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", lambda said: said.type == "error" and self.told.append(f"console: {said.text}"))
        page.on("pageerror", lambda error: self.told.append(f"script: {error}"))
        page.on("request", self._asked)
        page.on("response", self._answered)

    def _asked(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.netloc != self.host:
            self.told.append(f"asked another host: {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and not response.request.is_navigation_request():
            self.told.append(f"{response.status} for {response.url}")


@dataclass
class Eyes:
    """One browser at one running product; it keeps the sign-ins, since checking a password is slow on purpose."""

    browser: Browser
    url: str
    _signed: dict[str, dict[str, str]] = field(default_factory=dict)
    _readers: dict[tuple[str, str], BrowserContext] = field(default_factory=dict)
    _told: tuple[str, str] | None = None
    examples: dict[str, str] = field(default_factory=dict)
    """The address of one page of each route that was found by links."""

    @contextmanager
    def of(
        self, who: str = "", language: str = "zh", size: tuple[int, int] = PHONE, *, script: bool = True, **more: Any
    ) -> Iterator[Page]:
        """Open a page for somebody by sign-in name ("" is a resident); it ends with the block.

        Without a service worker, which fetches all there is into a telephone that is thrown away; tests/browser/
        test_offline.py allows it.
        """
        context = self._context(who, language, size, script=script, **({"service_workers": "block"} | more))
        try:
            yield context.new_page()
        finally:
            context.close()

    @contextmanager
    def reading(self, who: str, language: str) -> Iterator[Page]:
        """Open a page for somebody who only reads; staff in the browser in which they read before, which is quicker."""
        if not who:
            with self.of(who, language) as page:
                yield page
            return
        if (who, language) not in self._readers:
            self._readers[who, language] = self._context(who, language, PHONE, script=True, service_workers="block")
            self._readers[who, language].new_page().goto("/healthz")  # The process lives as long as one page does.
        page = self._readers[who, language].new_page()
        try:
            yield page
        finally:
            page.close()

    def _context(self, who: str, language: str, size: tuple[int, int], *, script: bool, **more: Any) -> BrowserContext:
        context = self.browser.new_context(
            base_url=self.url,
            viewport={"width": size[0], "height": size[1]},
            locale=HTML_LANG[language],
            java_script_enabled=script,
            **more,
        )
        context.set_default_timeout(PATIENCE_MS)
        context.add_cookies([{"name": "lang", "value": language, "url": self.url}])
        if who:
            context.add_cookies([self._session_of(who, context)])
        return context

    def told(self) -> tuple[str, str]:
        """Return number and code of a request that was told; one for all who only look at it."""
        if self._told is None:
            with self.of() as page:
                ways.tell(page, self)
                self._told = ways.receipt(page)
        return self._told

    def trouble(self, page: Page) -> Trouble:
        """Note from now on what the page does that none may do."""
        found = Trouble(urlsplit(self.url).netloc)
        found.watch(page)
        return found

    def _session_of(self, who: str, context: BrowserContext) -> dict[str, str]:
        if who not in self._signed:
            page = context.new_page()
            sign_in(page, who)
            page.close()
            kept = next(c for c in context.cookies() if c["name"] == "jiban_session")
            self._signed[who] = {"name": kept["name"], "value": kept["value"], "url": self.url}
        return self._signed[who]


def sign_in(page: Page, who: str) -> None:
    """Sign in through the page, as people do."""
    page.goto("/sign-in")
    page.fill("#f-login", who)
    page.fill("#f-password", DEMO_PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url(lambda url: "/sign-in" not in url)
