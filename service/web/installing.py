"""How does a telephone keep the service on its home screen, and by which picture does a browser know it?"""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from service.web.catalogues import HTML_LANG, gettext
from service.web.render import asset, language_of

router = APIRouter(include_in_schema=False)

CITY, PAPER = "#0f4f51", "#faf7f1"
"""The head and the ground of every page, as in static/jiban.css."""
NAME = "Jiban"
ABOUT = "Tell us at any hour, day or night. You hold a number at once, and you know who sees to it and by when."
ICONS = (
    ("mark.svg", "any", "image/svg+xml", "any"),
    ("icons/192.png", "192x192", "image/png", "any"),
    ("icons/512.png", "512x512", "image/png", "any"),
    ("icons/maskable-512.png", "512x512", "image/png", "maskable"),
)
"""File, sizes, type and purpose; the pictures are made from mark.svg by tests/browser/icons.py."""
DOORS = (("Tell us", "/submit"), ("Follow", "/track"))


@router.get("/manifest.webmanifest")
def show_manifest(request: Request) -> Response:
    """Return what the W3C's Web Application Manifest asks for, in the reader's language."""
    language = language_of(request)
    manifest: dict[str, Any] = {
        "id": "/",
        "name": gettext(language, NAME),
        "short_name": gettext(language, NAME),
        "description": gettext(language, ABOUT),
        "lang": HTML_LANG[language],
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "theme_color": CITY,
        "background_color": PAPER,
        "icons": [{"src": asset(file), "sizes": sizes, "type": kind, "purpose": p} for file, sizes, kind, p in ICONS],
        "shortcuts": [{"name": gettext(language, label), "url": href} for label, href in DOORS],
    }
    return JSONResponse(manifest, media_type="application/manifest+json")


@router.get("/favicon.ico")
def show_favicon() -> Response:
    """Lead browsers that ask by themselves to the picture that they can all draw."""
    return RedirectResponse(asset("icons/192.png"), 308)
