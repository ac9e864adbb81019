"""Did this form come from one of our own pages?

A form carries a hidden field `csrf` (htmx the header X-CSRF-Token) made from a secret in a cookie and, when
somebody is signed in, from their session. Beside that, what the browser says about where a request came from
is believed when it says "from elsewhere". A program with an API key has no cookie that a stranger could use.
"""

import hmac
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import Request

from service.errors import ServiceError
from service.secrecy import index_key
from service.settings import get_settings
from service.web.deps import SESSION_COOKIE, bearer_key

CSRF_COOKIE = "jiban_form"
CSRF_FIELD = "csrf"
CSRF_HEADER = "x-csrf-token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_SIZE = 16


class ForeignFormError(ServiceError):
    """The form was sent from another site's page."""

    status, code = 403, "foreign-form"
    sentence = "This was sent from another site's page, so nothing was done."


class StaleFormError(ServiceError):
    """The form was opened before the reader signed in or out, or so long ago that its proof is gone."""

    status, code = 403, "stale-form"
    sentence = "This page was open for so long that we must ask you to send it once more. Nothing was lost."


@dataclass(frozen=True)
class CsrfToken:
    """The secret for the cookie and the token for the forms."""

    secret: str
    token: str


def csrf_of(request: Request) -> CsrfToken:
    """Return the secret of this browser, a new one if it has none, and a token that differs with every page.

    The token is masked, so that a compressed page does not give it away byte by byte (BREACH).
    """
    secret = request.cookies.get(CSRF_COOKIE) or secrets.token_urlsafe(_SIZE)
    mask = secrets.token_bytes(_SIZE)
    return CsrfToken(secret, (mask + _crossed(mask, _proof(request, secret))).hex())


async def check_csrf(request: Request) -> None:
    """Refuse a change that another site's page could have caused.

    Errors: ForeignFormError, StaleFormError.
    """
    if request.method in SAFE or bearer_key(request) is not None:
        return
    if _is_from_elsewhere(request):
        raise ForeignFormError
    if _needs_token(request) and not _fits(request, await _given(request)):
        raise StaleFormError


def _is_from_elsewhere(request: Request) -> bool:
    """Does the browser say so? With our no-referrer policy its "null" may be our own form."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None and site not in ("same-origin", "none"):
        return True
    ours = (request.headers.get("host", ""), urlsplit(get_settings().public_url).netloc)
    return origin is not None and origin != "null" and urlsplit(origin).netloc not in ours


def _needs_token(request: Request) -> bool:
    """Is there an authority that a stranger could borrow, in a kind of request that a form can make?

    Under /api/ an anonymous request borrows none, and JSON from another site is stopped by the browser.
    """
    if not request.url.path.startswith("/api/"):
        return True
    return SESSION_COOKIE in request.cookies and not _content_type(request).startswith("application/json")


async def _given(request: Request) -> str:
    header = request.headers.get(CSRF_HEADER)
    if header is not None:
        return header
    if _content_type(request).startswith(FORMS):
        return str((await request.form()).get(CSRF_FIELD, ""))
    return ""


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").lower()


def _fits(request: Request, given: str) -> bool:
    secret = request.cookies.get(CSRF_COOKIE)
    try:
        sent = bytes.fromhex(given)
    except ValueError:
        return False
    if not secret or len(sent) != 2 * _SIZE:
        return False
    return hmac.compare_digest(_crossed(sent[:_SIZE], sent[_SIZE:]), _proof(request, secret))


def _proof(request: Request, secret: str) -> bytes:
    bound_to = f"form:{secret}:{request.cookies.get(SESSION_COOKIE, '')}"
    return hmac.digest(index_key(), bound_to.encode(), "sha256")[:_SIZE]


def _crossed(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
