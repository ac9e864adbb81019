"""How tests send forms with photos, as a browser does."""

from typing import Any

from bs4 import Tag

from tests import pictures
from tests.web.conftest import Browser, Page

GOOD = pictures.photo()


def with_photos(
    browse: Browser, page: Page, action: str, *files: bytes | tuple[str, bytes], status: int = 303, **answers: Any
) -> Page:
    """Fill in the form to `action` with these files and send it."""
    target = str(page.form(action)["action"])
    named = [file if isinstance(file, tuple) else (f"IMG_{n}.jpg", file) for n, file in enumerate(files)]
    # A browser sends an empty file where none was chosen.
    sent = [("photo", (name, content, "image/jpeg")) for name, content in named] or [("photo", ("", b"", ""))]
    fields = kept_too(page, action) | answers
    response = browse.client.post(target, data=fields, files=sent)
    assert response.status_code == status, (target, response.status_code, response.text[:1500])
    return browse._seen(response)


def kept_too(page: Page, action: str) -> dict[str, Any]:
    """The fields of a form, with all the photos that it has kept."""
    return page.fields(action) | {"kept": [str(one["value"]) for one in kept(page, action)]}


def kept(page: Page, action: str = "") -> list[Tag]:
    """The photos that came in with the form and stand in it again."""
    return list(page.form(action).select("[name=kept]"))


def shown(page: Page) -> list[str]:
    """The addresses of the large photos of a case."""
    return [str(link["href"]) for link in page.html.select("a[data-enlarge]")]
