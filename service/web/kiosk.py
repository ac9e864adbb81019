"""What does a public screen need on which anybody may tell us something? One large form that forgets whoever used it.

Nobody signs in, nothing is kept on the device, no address holds anything of a person, and after a minute without a
touch everything typed is gone. What was sent is shown once, with its number and code.
"""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
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
from service.web.choices import choices
from service.web.deps import DbSession, Now, product_now
from service.web.error_pages import problem_of
from service.web.letting_in import let_in
from service.web.receipt import qr_code, track_url
from service.web.render import LANGUAGE_COOKIE, TEXT_COOKIE, choose, language_of, page
from service.web.resident import Typed
from service.web.sealed import Seal

router = APIRouter(include_in_schema=False, dependencies=[Depends(product_now)])

KIOSK, DONE = "/kiosk", "/kiosk/done"
SENT = Seal("jiban_kiosk", lasts=timedelta(minutes=2))
IDLE_SECONDS = 60
"""Without a touch or a key for so long, everything typed is forgotten."""
WARNED_SECONDS = 45
WITHOUT_SCRIPT_SECONDS = 180
"""Without a script nobody notices that somebody types: then the form is forgotten so long after it was opened."""


@router.get(KIOSK)
def show_form(request: Request, session: DbSession) -> Response:
    """Show the empty form; language, size and number of whoever was here before are forgotten."""
    if LANGUAGE_COOKIE in request.cookies or TEXT_COOKIE in request.cookies:
        again = RedirectResponse(KIOSK, 303)
        for name in (LANGUAGE_COOKIE, TEXT_COOKIE):
            again.delete_cookie(name, path="/")
        return again
    response = _form(request, session, Typed(key=new_key()))
    SENT.drop(response, DONE)
    return response


@router.post(KIOSK)
def take_request(request: Request, session: DbSession, now: Now, typed: Annotated[Typed, Form()]) -> Response:
    """Take in a request, and go to its number and code."""
    if choose(request, lang=typed.lang, size=typed.size):
        return _form(request, session, typed)
    try:
        form = typed.request(language_of(request), channel=Channel.KIOSK)
        let_in(session, request, typed.homepage)
        receipt = open_case(session, form, now=now, key=f"kiosk:{typed.key[:MOST_KEY]}" if typed.key else None)
    except ServiceError as error:
        return _form(request, session, typed, error)
    response = RedirectResponse(DONE, 303)
    SENT.put(response, DONE, {"number": receipt.number, "code": receipt.tracking_code, "danger": receipt.danger})
    return response


@router.get(DONE)
def show_sent(request: Request, session: DbSession, now: Now) -> Response:
    """Show number and code, for a minute."""
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
        "without_script": IDLE_SECONDS,
    }
    return _page(request, "kiosk/done.html", facts | shown)


def _form(request: Request, session: Session, typed: Typed, error: ServiceError | None = None) -> Response:
    problem = problem_of(request, error) if error else None
    facts: dict[str, Any] = {
        "typed": typed,
        "problem": problem,
        "errors": problem.fields if problem else {},
        "choices": choices(session, language_of(request)),
        "without_script": WITHOUT_SCRIPT_SECONDS,
    }
    response = _page(request, "kiosk/form.html", facts, status=problem.status if problem else 200)
    response.headers.update(problem.headers if problem else {})
    return response


def _page(request: Request, template: str, facts: dict[str, Any], *, status: int = 200) -> Response:
    return page(request, template, facts | {"idle": IDLE_SECONDS, "warned": WARNED_SECONDS}, status=status)
