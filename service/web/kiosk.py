"""What does a public screen need on which anybody may tell us something? One large form that forgets whoever used it.

Nobody signs in, nothing is kept on the device, no address holds anything of a person, and after a minute without a
touch everything typed is gone. What was sent is shown once, with its number and code. A language that was chosen
stands in the address alone: whoever begins anew at KIOSK reads the screen's own again.
"""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from service.cases.queries import by_number
from service.errors import ServiceError
from service.handling.actions import RESIDENT
from service.handling.once import new_key
from service.handling.queries import view
from service.intake.actions import MOST_KEY, open_case
from service.intake.forms import Channel
from service.web import resident_words as telling
from service.web.catalogues import as_language
from service.web.choices import choices
from service.web.deps import DbSession, Now, product_now
from service.web.error_pages import problem_of
from service.web.letting_in import let_in
from service.web.public_screen import FORGETS, KIOSK
from service.web.receipt import qr_code, track_url
from service.web.render import choose, language_of, page
from service.web.resident import Typed
from service.web.sealed import Seal

Lang = Annotated[str, Query(max_length=10)]
"""The language chosen at the screen; "" is the screen's own."""

router = APIRouter(include_in_schema=False, dependencies=[Depends(product_now)])

DONE = f"{KIOSK}/done"
SENT = Seal("jiban_kiosk", lasts=timedelta(minutes=2))
WITHOUT_SCRIPT_SECONDS = 180
"""Without a script nobody notices that somebody types: then the form is forgotten so long after it was opened."""


@router.get(KIOSK)
def show_form(request: Request, session: DbSession, lang: Lang = "") -> Response:
    """Show the empty form; the number of whoever was here before is forgotten."""
    _speak(request, lang)
    response = _form(request, session, Typed(key=new_key()), lang)
    SENT.drop(response, DONE)
    return response


@router.post(KIOSK)
def take_request(
    request: Request, session: DbSession, now: Now, typed: Annotated[Typed, Form()], lang: Lang = ""
) -> Response:
    """Take in a request, and go to its number and code."""
    if _speak(request, typed.lang):
        return _form(request, session, typed, typed.lang)
    _speak(request, lang)
    try:
        form = typed.request(language_of(request), channel=Channel.KIOSK)
        let_in(session, request, typed.homepage)
        receipt = open_case(session, form, now=now, key=f"kiosk:{typed.key[:MOST_KEY]}" if typed.key else None)
    except ServiceError as error:
        return _form(request, session, typed, lang, error)
    response = RedirectResponse(_in(lang, DONE), 303)
    SENT.put(response, DONE, {"number": receipt.number, "code": receipt.tracking_code, "danger": receipt.danger})
    return response


@router.get(DONE)
def show_sent(request: Request, session: DbSession, now: Now, lang: Lang = "") -> Response:
    """Show number and code, for a minute."""
    _speak(request, lang)
    facts = SENT.read(request, DONE)
    case = by_number(session, facts["number"]) if facts else None
    if facts is None or case is None:
        return RedirectResponse(KIOSK, 303)
    seen = view(session, case, RESIDENT.actors)
    shown: dict[str, Any] = {
        "view": seen,
        "telling": telling,
        "promises": telling.promises(seen, now),
        "qr": qr_code(track_url(case.number)),
    }
    return _page(request, "kiosk/done.html", facts | shown)


def _speak(request: Request, lang: str) -> bool:
    return choose(request, lang=lang, is_remembered=False)


def _in(lang: str, address: str) -> str:
    chosen = as_language(lang)
    return f"{address}?lang={chosen}" if chosen else address


def _form(request: Request, session: Session, typed: Typed, lang: str, error: ServiceError | None = None) -> Response:
    problem = problem_of(request, error) if error else None
    facts: dict[str, Any] = {
        "typed": typed,
        "action": _in(lang, KIOSK),
        "problem": problem,
        "errors": problem.fields if problem else {},
        "choices": choices(session, language_of(request)),
        "without_script": WITHOUT_SCRIPT_SECONDS,
    }
    response = _page(request, "kiosk/form.html", facts, status=problem.status if problem else 200)
    response.headers.update(problem.headers if problem else {})
    return response


def _page(request: Request, template: str, facts: dict[str, Any], *, status: int = 200) -> Response:
    return page(request, template, {**FORGETS, **facts}, status=status)
