"""Which headers keep a page safe?"""

from collections.abc import Mapping
from functools import cache
from typing import TypeVar

from fastapi.responses import Response
from starlette.datastructures import MutableHeaders

from service.settings import get_settings

AnyResponse = TypeVar("AnyResponse", bound=Response)

EVERYWHERE: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    # The address of a tracking page holds its code: it is told to nobody, not even to ourselves.
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
FOR_EVER = "public, max-age=31536000, immutable"


@cache
def content_security_policy(map_host: str) -> str:
    """Return what a page may load: all from here, and pictures from the host of the map's tiles, if there is one."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' data: blob: {map_host}".rstrip(),
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    )


def add_headers(headers: MutableHeaders, path: str, *, is_versioned: bool = False) -> None:
    """Add what every answer carries. Only static files may be stored, for ever if the address has a hash."""
    for name, value in EVERYWHERE.items():
        headers.setdefault(name, value)
    headers.setdefault("Content-Security-Policy", content_security_policy(get_settings().map_host))
    if path.startswith("/static/"):
        headers.setdefault("Cache-Control", FOR_EVER if is_versioned else "no-cache")
    else:
        headers.setdefault("Cache-Control", "no-store")


def secure(response: AnyResponse, path: str) -> AnyResponse:
    """Return the response with the headers; for one that does not pass the guard."""
    add_headers(response.headers, path)
    return response
