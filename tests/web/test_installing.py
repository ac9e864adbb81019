"""Can a telephone keep the service on its home screen, with a name, pictures and colours of its own?"""

import re

import pytest
from PIL import Image
from starlette.testclient import TestClient

from service.web.render import STATIC

LOCAL = re.compile(r"/static/([\w./-]+)\?v=[0-9a-f]{12}")


@pytest.mark.parametrize(("language", "name", "tell"), [("zh", "即办", "告诉我们"), ("en", "Jiban", "Tell us")])
def test_the_manifest_speaks_the_readers_language(client: TestClient, language: str, name: str, tell: str) -> None:
    client.cookies.set("lang", language)
    answer = client.get("/manifest.webmanifest")
    assert answer.headers["content-type"] == "application/manifest+json"
    manifest = answer.json()
    assert (manifest["name"], manifest["start_url"], manifest["display"]) == (name, "/", "standalone")
    assert manifest["shortcuts"][0]["name"] == tell
    for shortcut in manifest["shortcuts"]:
        assert client.get(shortcut["url"]).status_code == 200


def test_each_picture_is_there_in_the_size_that_is_said(client: TestClient) -> None:
    icons = client.get("/manifest.webmanifest").json()["icons"]
    assert {"any", "maskable"} == {icon["purpose"] for icon in icons}
    for icon in icons:
        assert client.get(icon["src"]).headers["content-type"].startswith(icon["type"])
        if icon["sizes"] != "any":
            file = LOCAL.fullmatch(icon["src"])
            assert file
            assert "x".join(map(str, Image.open(STATIC / file[1]).size)) == icon["sizes"]


@pytest.mark.parametrize("path", ["/", "/kiosk", "/sign-in"])
def test_every_page_names_them(client: TestClient, path: str) -> None:
    page = client.get(path).text
    assert '<link rel="manifest" href="/manifest.webmanifest"' in page
    css = (STATIC / "jiban.css").read_text(encoding="utf-8")
    colours = re.findall(r'name="theme-color" content="(#\w+)"', page)
    assert colours == re.findall(r"--city: (#\w+);", css)
    assert client.get(client.get("/favicon.ico").headers["location"]).headers["content-type"] == "image/png"
