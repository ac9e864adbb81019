"""What does a telephone need for the time without a line? A worker, a page in place of others, and a fresh proof.

What is kept, and for whom, is decided in static/offline; see docs/offline.md.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from service.accounts.rules import SESSION_LASTS
from service.web.catalogues import HTML_LANG, LANGUAGES, gettext
from service.web.csrf import csrf_of
from service.web.deps import MaybePerson
from service.web.render import WEB, asset, keep_csrf, page
from service.web.whose import mark_of

router = APIRouter(include_in_schema=False)

NO_LINE, PROOF = "/no-line", "/proof"
PARTS = ("store.js", "pages.js", "outbox.js", "worker.js")
"""The worker's scripts, in the order in which they are read."""
SHELL = ("jiban.css", "resident.css", "mark.svg", "icons.svg", "offline/store.js", "offline/line.js")
"""What the page without a line is made of."""
NO_LINE_LABELS: Mapping[str, str] = {
    "name": "Jiban",
    "title": "No connection",
    "lead": "This page cannot be shown without a connection, and it is not kept on this device.",
    "help": "Pages opened before can be read, and what you wrote is kept. Try again when the connection is back.",
    "tell": "Tell us",
    "queue": "My queue",
    "desk": "Call the desk at any hour:",
    "danger": "In danger:",
    "police": "police",
    "fire": "fire",
    "ambulance": "ambulance",
}
_MADE_OF = (".html", ".js", ".css", ".svg", ".po")


@router.get("/sw.js")
def show_worker() -> Response:
    """Return the service worker. Its text differs with every product, so a browser installs it anew."""
    about = {
        "version": version(),
        "noLine": NO_LINE,
        "proof": PROOF,
        "shell": [asset(file) for file in SHELL],
        "hours": int(SESSION_LASTS.total_seconds() // 3600),
    }
    parts = json.dumps([asset(f"offline/{part}") for part in PARTS])
    script = f"self.jiban = {json.dumps(about)};\nimportScripts(...{parts});\n"
    return Response(script, media_type="text/javascript", headers={"Cache-Control": "no-cache"})


@router.get(NO_LINE)
def show_no_line(request: Request) -> Response:
    """Show the page that stands in for those that are not kept, in every language at once."""
    each = [(HTML_LANG[one], {name: gettext(one, said) for name, said in NO_LINE_LABELS.items()}) for one in LANGUAGES]
    return page(request, "no_line.html", {"each": each})


@router.get(PROOF)
def show_proof(request: Request, person: MaybePerson) -> Response:  # noqa: ARG001  # The proof is bound to who asks.
    """Return a proof for the forms of this browser, and whose they are: one kept without a line may be too old."""
    csrf = csrf_of(request)
    response = JSONResponse({"csrf": csrf.token, "reader": mark_of(request)})
    keep_csrf(request, response, csrf)
    return response


@lru_cache
def version() -> str:
    """Return what differs with every change of what pages are made of."""
    digest = hashlib.sha256()
    for file in sorted(path for path in WEB.rglob("*") if path.suffix in _MADE_OF):
        digest.update(str(file.relative_to(WEB)).encode() + file.read_bytes())
    return digest.hexdigest()[:12]
