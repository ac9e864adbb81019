"""Does the style guide show every part and picture there is, in the colours of the pages, and to staff only?"""

import re

import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from service.web.render import STATIC
from tests.people import Town
from tests.web.conftest import Browser

COLOURS = ":root {", "@media (prefers-color-scheme: dark) {\n  :root {"
TOKEN = re.compile(r"--(?!s\d)(?!radius|target|text|sans)[\w-]+: [^;]+;")


def tokens(sheet: str, begins: str) -> set[str]:
    css = (STATIC / sheet).read_text(encoding="utf-8")
    return set(TOKEN.findall(css.split(begins, 1)[1].split("}", 1)[0]))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_shows_each_state_twice_and_every_picture(
    client: TestClient, session: Session, town: Town, language: str
) -> None:
    shown = Browser(client, session).sign_in(town.li_qiang).speak(language).get("/styleguide").html
    for state in ("in_time", "soon", "overdue", "paused", "kept", "late", "cancelled"):
        assert len(shown.select(f".promise.{state}")) == 2, state
    for kind in ("good", "note", "bad"):
        assert len(shown.select(f".notice.{kind}")) >= 2, kind
    symbols = re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text(encoding="utf-8"))
    named = [item.get_text(strip=True) for item in shown.select(".in-dark .pictures li")]
    assert named == symbols
    ids = [str(element["id"]) for element in shown.select("[id]")]
    assert sorted(ids) == sorted(set(ids))


def test_it_is_not_for_residents(client: TestClient, session: Session, town: Town) -> None:
    assert Browser(client, session).get("/styleguide", status=303).to.startswith("/sign-in")


def test_its_colours_are_those_of_the_pages() -> None:
    light, dark = (tokens("jiban.css", begins) for begins in COLOURS)
    assert len(light) == len(dark) > 20
    assert tokens("styleguide.css", ".in-light {") == light
    assert tokens("styleguide.css", ".in-dark {") == dark
