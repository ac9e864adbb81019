"""A browser for page tests: the application on the test's own transaction, with a clock that tests may turn."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag
from sqlmodel import Session
from starlette.testclient import TestClient

from service.accounts.limits import keep_failures
from service.accounts.sessions import open_session
from service.accounts.tables import Person
from service.web.deps import SESSION_COOKIE, get_session, product_now, real_now


@dataclass
class Clock:
    """What time the product believes it is in a test."""

    now: datetime

    def turn(self, **how_far: float) -> None:
        self.now += timedelta(**how_far)


@pytest.fixture
def clock(now: datetime) -> Clock:
    """Monday, 10:00 in Shanghai: the desks are open."""
    return Clock(now + timedelta(hours=2))


@pytest.fixture
def client(session: Session, clock: Clock) -> Iterator[TestClient]:
    from fastapi import Request

    from service.app import app

    def same_session() -> Iterator[Session]:
        try:
            yield session
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            keep_failures(session)

    def turned(request: Request) -> datetime:
        request.state.now = clock.now
        return clock.now

    app.dependency_overrides[get_session] = same_session
    app.dependency_overrides[product_now] = turned
    with TestClient(app, base_url="http://testserver", follow_redirects=False, raise_server_exceptions=False) as client:
        yield client
    app.dependency_overrides.clear()


@dataclass
class Page:
    """One answer as a person sees it; reading it checks what every page must have."""

    status: int
    html: BeautifulSoup
    text: str
    to: str
    headers: dict[str, str] = field(default_factory=dict)

    def form(self, action: str = "") -> Tag:
        """Return the form in <main> whose action contains the words."""
        found = [f for f in self.html.select("main form") if action in str(f.get("action", ""))]
        assert found, f"no form to {action!r} among {[f.get('action') for f in self.html.select('form')]}"
        return found[0]

    def fields(self, action: str = "") -> dict[str, Any]:
        """Return what a browser would send of that form, if nothing were changed in it."""
        sent: dict[str, Any] = {}
        for control in self.form(action).select("input, textarea, select"):
            name = control.get("name")
            if not name or control.get("type") in ("submit", "button"):
                continue
            if control.get("type") in ("radio", "checkbox") and not control.has_attr("checked"):
                continue
            sent[str(name)] = _value(control)
        return sent


def _value(control: Tag) -> str:
    if control.name == "textarea":
        return control.get_text().removeprefix("\n")
    if control.name == "select":
        chosen = control.select_one("option[selected]") or control.select_one("option")
        return str(chosen.get("value", "")) if chosen else ""
    return str(control.get("value", "on" if control.get("type") == "checkbox" else ""))


@dataclass
class Browser:
    """Somebody at a browser; every page they see is checked."""

    client: TestClient
    session: Session

    def sign_in(self, person: Person) -> "Browser":
        token = open_session(self.session, person, real_now())
        self.client.cookies.set(SESSION_COOKIE, token)
        return self

    def speak(self, language: str) -> "Browser":
        self.client.cookies.set("lang", language)
        return self

    def get(self, path: str, status: int = 200, **params: Any) -> Page:
        response = self.client.get(path, params=params or None)
        assert response.status_code == status, (path, response.status_code, response.text[:500])
        return self._seen(response)

    def post(self, page: Page, action: str = "", status: int = 303, **answers: Any) -> Page:
        """Fill in the page's form to `action` and send it."""
        target = str(page.form(action).get("action"))
        response = self.client.post(target, data=page.fields(action) | answers)
        assert response.status_code == status, (target, response.status_code, response.text[:1500])
        return self._seen(response)

    def _seen(self, response: Any) -> Page:
        html = BeautifulSoup(response.text, "html.parser")
        page = Page(response.status_code, html, html.get_text(" ", strip=True), response.headers.get("location", ""),
                    dict(response.headers))  # fmt: skip
        if response.headers.get("content-type", "").startswith("text/html") and html.html is not None:
            check_house_rules(html)
        return page


def check_house_rules(html: BeautifulSoup) -> None:
    """One h1, a language, a title, labels on every input, a proof in every form, no inline script or style."""
    assert html.html is not None
    assert html.html.get("lang") in ("zh-CN", "en")
    assert len(html.select("h1")) == 1, [h.get_text() for h in html.select("h1")]
    assert html.title is not None
    assert html.title.get_text(strip=True)
    assert not html.select("[style], style, script:not([src]), [onclick], [onchange], [onsubmit]")
    labelled = {label.get("for") for label in html.select("label[for]")}
    for control in html.select("input, textarea, select"):
        if control.get("type") in ("hidden", "submit", "button"):
            continue
        inside = control.find_parent("label") is not None
        assert inside or control.get("id") in labelled or control.get("aria-label"), f"no label: {control}"
    for form in html.select("form"):
        if str(form.get("method", "get")).lower() == "post":
            assert form.select_one("input[name=csrf]"), f"no proof in {form.get('action')}"
    for picture in html.select("img"):
        assert picture.has_attr("alt"), picture


@pytest.fixture
def browse(client: TestClient, session: Session) -> Browser:
    return Browser(client, session)
