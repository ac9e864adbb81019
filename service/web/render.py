"""How does a page become HTML in the reader's language? One Jinja environment for each, one way to render."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.accounts.rules import Role
from service.handling.once import new_key
from service.settings import get_settings
from service.web import catalogues, map_ground, roster_words, timewords
from service.web.catalogues import DEFAULT, HTML_LANG, LANGUAGES, NAMES, Language, as_language
from service.web.csrf import CSRF_COOKIE, CsrfToken, csrf_of
from service.web.deps import known_anchor, known_now, reader_of
from service.web.filters import Reading, drawn_for, filters_in, reading_now
from service.web.role_words import ROLE_LABELS, role_of
from service.web.whose import READER_HEADER, mark_of
from service.web.words import words

WEB = Path(__file__).parent
TEMPLATES, STATIC = WEB / "templates", WEB / "static"
LANGUAGE_COOKIE, TEXT_COOKIE = "lang", "text"
SIZES = ("normal", "large")
A_YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Link:
    """One entry of the navigation; `label` is a message id."""

    href: str
    label: str


_STAFF = (Link("/queue", "My queue"), Link("/board", "Board"), Link("/take-down", "Take down a request"))
_DUTIES = Link("/admin/duties", "Duties")
_TRY_OUT = Link("/what-if", "What if")
NAVIGATION: Mapping[Role | None, tuple[Link, ...]] = {
    None: (Link("/submit", "Tell us"), Link("/track", "Follow")),
    Role.WORKER: (_STAFF[0], _STAFF[2]),
    Role.HEAD: (*_STAFF, _DUTIES),
    Role.TRIAGE: (*_STAFF, _DUTIES),
    Role.SUPERVISOR: (*_STAFF, Link("/admin/people", "People")),
    Role.DISTRICT: (*_STAFF, _DUTIES, _TRY_OUT, Link("/admin/rules", "Dispatch rules")),
    Role.ADMIN: (Link("/admin", "Administration"), Link("/watch", "Watch over the service"), _TRY_OUT),
}
"""What stands in the header, by role; a page may give its own `navigation`."""


def page(
    request: Request,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    fragment: str | None = None,
    status: int = 200,
) -> HTMLResponse:
    """Render a page; for htmx only its `fragment`, when the page names one.

    Every template has `language`, `lang` (for HTML), `other_languages`, `reader` (or None), its `mark`, `role_label`,
    `now`, `path` (with its query, to return to), `here` (without it), `navigation`, `is_large`,
    `simulated_speed` (None in real time), `switch_form` (the id of the form that the buttons for language and size
    send, so that nothing typed is lost; "": they go back to the page), and what `context` adds or replaces.
    """
    reading = Reading(language_of(request), getattr(request.state, "now", known_now()), csrf_of(request))
    name = fragment if fragment is not None and is_htmx(request) else template
    with drawn_for(reading):
        html = _environment(reading.language).get_template(name).render(_about(request, reading) | dict(context or {}))
    response = HTMLResponse(html, status)
    response.headers["Content-Language"] = HTML_LANG[reading.language]
    if fragment is not None:
        response.headers["Vary"] = "HX-Request"
    response.headers[READER_HEADER] = mark_of(request)
    keep_csrf(request, response, reading.csrf)
    remember_choice(request, response)
    return response


def _about(request: Request, reading: Reading) -> dict[str, Any]:
    reader = reader_of(request)
    anchor = known_anchor()
    query = request.url.query
    return {
        "language": reading.language,
        "lang": HTML_LANG[reading.language],
        "other_languages": [(code, HTML_LANG[code], NAMES[code]) for code in LANGUAGES if code != reading.language],
        "reader": reader,
        "mark": mark_of(request),
        "role_label": role_of(reader) if reader else "",
        "now": reading.now,
        "path": request.url.path + (f"?{query}" if query else "") if request.method == "GET" else "/",
        "here": request.url.path,
        "navigation": NAVIGATION[reader.role if reader else None],
        "is_large": _chosen(request).get(TEXT_COOKIE, request.cookies.get(TEXT_COOKIE)) == "large",
        "switch_form": "",
        "simulated_speed": anchor.speed if anchor else None,
    }


def choose(request: Request, *, lang: str, size: str = "", is_remembered: bool = True) -> bool:
    """Answer this request in that language and size of text already; return whether one of them was chosen.

    A choice that is not remembered ends with this answer.
    """
    chosen = {LANGUAGE_COOKIE: as_language(lang) or "", TEXT_COOKIE: size if size in SIZES else ""}
    request.state.chosen = {name: value for name, value in chosen.items() if value}
    request.state.is_remembered = is_remembered
    return bool(request.state.chosen)


def remember_choice(request: Request, response: Response) -> None:
    """Let the browser remember what was chosen, where it may be."""
    for name, value in _chosen(request).items() if getattr(request.state, "is_remembered", True) else ():
        set_cookie(response, name, value, lasts=A_YEAR)


def _chosen(request: Request) -> Mapping[str, str]:
    found: Mapping[str, str] = getattr(request.state, "chosen", {})
    return found


def keep_csrf(request: Request, response: Response, csrf: CsrfToken) -> None:
    """Give the browser the secret that its forms are signed with, when it has none yet."""
    if request.cookies.get(CSRF_COOKIE) != csrf.secret:
        set_cookie(response, CSRF_COOKIE, csrf.secret)


def set_cookie(response: Any, name: str, value: str, *, lasts: timedelta | None = None) -> None:  # noqa: ANN401
    """Set a cookie that scripts cannot read and that other sites' forms do not send."""
    response.set_cookie(
        name,
        value,
        max_age=int(lasts.total_seconds()) if lasts else None,
        path="/",
        secure=get_settings().secure_cookies,
        httponly=True,
        samesite="lax",
    )


def is_htmx(request: Request) -> bool:
    """Does htmx ask for a part of the page? Not when it follows a link or restores a page from history."""
    headers = request.headers
    whole = "true" in (headers.get("hx-boosted"), headers.get("hx-history-restore-request"))
    return headers.get("hx-request") == "true" and not whole


def language_of(request: Request) -> Language:
    """Return the language just chosen, of the cookie, of ?lang=, of the person, of the browser, or else Chinese."""
    reader = reader_of(request)
    return (
        as_language(_chosen(request).get(LANGUAGE_COOKIE))
        or as_language(request.cookies.get(LANGUAGE_COOKIE))
        or as_language(request.query_params.get("lang"))
        or as_language(reader.language if reader else None)
        or _accepted(request.headers.get("accept-language", ""))
        or DEFAULT
    )


def _accepted(header: str) -> Language | None:
    """Return the language we speak that the browser likes best: 'en-GB,en;q=0.9,zh;q=0.8'."""
    wishes: list[tuple[float, Language]] = []
    for wish in header.split(",")[:20]:
        tag, _, quality = wish.strip().partition(";q=")
        spoken = as_language(tag[:2].lower())
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        if spoken and weight > 0:
            wishes.append((weight, spoken))
    return max(wishes, key=lambda wish: wish[0])[1] if wishes else None


@lru_cache
def asset(path: str) -> str:
    """Return the address of a static file with a hash of its content, so that it may be kept for ever."""
    digest = hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"


@lru_cache
def _environment(language: Language) -> Environment:
    """Return the templates as they speak one language."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,  # It would look at every file a page is made of, with every page.
        cache_size=-1,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # The i18n extension adds it.
        partial(catalogues.gettext, language), partial(catalogues.ngettext, language), newstyle=True
    )
    environment.globals.update(
        asset=asset,
        map_ground=map_ground.ground,
        pin_at=map_ground.pin_at,
        csrf_token=lambda: reading_now().csrf.token,
        new_key=new_key,
        time_state=timewords.time_state,
        ROLE_LABELS=ROLE_LABELS,
        swap_labels=roster_words.SWAP_LABELS,
        words=words,
    )
    environment.filters.update(filters_in(language))
    return environment
