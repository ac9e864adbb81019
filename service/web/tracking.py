"""How does a resident follow a request, and what may they still say and do about it?"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from service.cases.actions import allowed
from service.cases.queries import by_number
from service.cases.rules import Action
from service.cases.tables import Case
from service.errors import NotFoundError, ServiceError, TooManyTriesError
from service.feedback.actions import rate
from service.handling.actions import RESIDENT, act
from service.handling.photos import add_photos
from service.handling.queries import WrongCodeError, resident_case
from service.handling.rules import checked
from service.web import resident_words as telling
from service.web.deps import DbSession, Now, client_address, maybe_person, product_now, real_now
from service.web.photo_forms import PhotoRoute, SentPhotos
from service.web.receipt import CASE, case_path, tidy_number
from service.web.render import choose, language_of
from service.web.rereading import typed_fields
from service.web.tracking_pages import CODE, Tried, case_page, search_page, step_page

router = APIRouter(
    include_in_schema=False, dependencies=[Depends(maybe_person), Depends(product_now)], route_class=PhotoRoute
)
"""Every page knows who reads it, if somebody is signed in, and says so when time is simulated."""

STEPS = frozenset({Action.WITHDRAW})
"""Actions that have a page of their own, where one is asked again."""

Short = Annotated[str, Form(max_length=200)]


class CodeNeededError(ServiceError):
    """The browser has shown number and code too long ago, or never."""

    status, code = 403, "code-needed"
    sentence = "Please enter your code once more. What you wrote is kept."


Fields = Annotated[dict[str, str], Depends(typed_fields)]


@router.get("/track")
def show_search(request: Request, number: str = "") -> Response:
    """Ask for number and code."""
    return search_page(request, number)


@router.post("/track")
def find_case(
    request: Request, session: DbSession, number: Short = "", code: Short = "", lang: Short = "", size: Short = ""
) -> Response:
    """Go to the case, when number and code belong together."""
    if choose(request, lang=lang, size=size):
        return search_page(request, number)
    try:
        case = resident_case(session, tidy_number(number), code, ip=client_address(request), now=real_now())
    except (WrongCodeError, TooManyTriesError) as error:
        return search_page(request, number, Tried(error=error))
    return _to(case)


@router.get("/track/{number}")
def show_case(request: Request, session: DbSession, now: Now, number: str, done: str = "") -> Response:
    """Show the case to a browser that has shown its code."""
    if CASE.read(request, case_path(number)) is None:
        return RedirectResponse(f"/track?{urlencode({'number': number})}", 303)
    return case_page(request, session, _case(request, session, number, ""), now, done=done)


@router.get("/track/{number}/{action}")
def show_step(request: Request, session: DbSession, now: Now, number: str, action: str) -> Response:
    """Ask again before something that cannot be taken back. Errors: NotFoundError."""
    if action not in STEPS:
        raise NotFoundError
    if CASE.read(request, case_path(number)) is None:
        return RedirectResponse(f"/track?{urlencode({'number': number})}", 303)
    return step_page(request, session, _case(request, session, number, ""), now, Tried(action))


@router.post("/track/{number}/leave")
def leave_case(number: str) -> Response:
    """Forget that this browser may see the case."""
    response = RedirectResponse("/track", 303)
    CASE.drop(response, case_path(number))
    return response


@router.post("/track/{number}/{action}")
def take_action(
    request: Request, session: DbSession, now: Now, number: str, action: str, typed: Fields, sent: SentPhotos
) -> Response:
    """Do what the resident asks for, and show the case again. Errors: NotFoundError."""
    if action not in telling.DONE_SENTENCES:
        raise NotFoundError
    is_only_read = choose(request, lang=typed.get("lang", ""), size=typed.get("size", ""))
    try:
        case = _case(request, session, number, typed.get(CODE, ""))
    except (CodeNeededError, WrongCodeError, TooManyTriesError) as error:
        return search_page(request, number, Tried(action, typed, error, sent.tokens))
    again = step_page if action in STEPS else case_page
    if is_only_read:
        wrong = _wrong_again(case, Action(action), typed)
        return again(request, session, case, now, Tried(action, typed, wrong, sent.tokens))
    try:
        with session.begin_nested(), sent.checked(language_of(request)):
            _do(session, case, Action(action), sent.beside(_answers(action, typed), case.language), now)
            add_photos(session, case.id or 0, sent.photos, by=RESIDENT, now=now)
    except ServiceError as error:
        return again(request, session, case, now, Tried(action, typed, error, sent.tokens))
    return _to(case, action)


def _case(request: Request, session: Session, number: str, code: str) -> Case:
    """Return the case, when the browser has shown its code before or sends it now.

    Errors: NotFoundError, CodeNeededError, WrongCodeError, TooManyTriesError.
    """
    if CASE.read(request, case_path(number)) is not None:
        case = by_number(session, number)
        if case is None:
            raise NotFoundError
        return case
    if not code:
        raise CodeNeededError
    return resident_case(session, number, code, ip=client_address(request), now=real_now())


def _answers(action: str, typed: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of that action's form; several forms stand on one page, so each has its own names."""
    begins = f"{action}-"
    return {name.removeprefix(begins): value for name, value in typed.items() if name.startswith(begins)}


def _wrong_again(case: Case, action: Action, typed: Mapping[str, str]) -> ServiceError | None:
    """Return what is wrong with the fields of a form that is only read in another language."""
    try:
        checked(allowed(case, action, RESIDENT.actors), _answers(action, typed))
    except ServiceError as error:
        return error
    return None


def _do(session: Session, case: Case, action: Action, answers: Mapping[str, str], now: datetime) -> None:
    if action is Action.RATE:
        rate(session, case.id or 0, answers, now=now)
    else:
        act(session, case.id or 0, action, answers, by=RESIDENT, now=now)


def _to(case: Case, done: str = "") -> Response:
    """Go to the case, whose code was shown."""
    response = RedirectResponse(case_path(case.number) + (f"?{urlencode({'done': done})}" if done else ""), 303)
    CASE.put(response, case_path(case.number), {})
    return response
