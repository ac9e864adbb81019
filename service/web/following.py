"""How does a resident hear of a request without asking each time? By mail, or in a reader of feeds."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from service.cases.queries import by_number
from service.cases.tables import Case
from service.delivery.proofs import FOLLOW_PATH
from service.errors import NotFoundError, ServiceError
from service.handling.actions import RESIDENT
from service.handling.following import ask_to_follow, follow, follower_of, may_follow
from service.handling.queries import view
from service.secrecy import mask_email
from service.settings import get_settings
from service.web import feed
from service.web.catalogues import as_language
from service.web.deps import DbSession, Now, maybe_person, product_now, real_now
from service.web.error_pages import problem_of
from service.web.receipt import CASE, case_path
from service.web.refused import page_with
from service.web.render import choose, language_of, page

router = APIRouter(include_in_schema=False, dependencies=[Depends(maybe_person), Depends(product_now)])

Short = Annotated[str, Form(max_length=300)]
Key = Annotated[str, Query(max_length=200)]


@router.get(FOLLOW_PATH)
def show_letter(request: Request, session: DbSession, now: Now, key: Key = "") -> Response:
    """Ask for one press: what looks into mail before its reader does changes nothing."""
    return _letter_page(request, session, key, now)


@router.post(FOLLOW_PATH)
def take_letter(
    request: Request, session: DbSession, now: Now, key: Short = "", lang: Short = "", size: Short = ""
) -> Response:
    """Write to the address from now on."""
    if choose(request, lang=lang, size=size):
        return _letter_page(request, session, key, now)
    try:
        case = follow(session, key, now=now)
    except ServiceError as error:
        return _letter_page(request, session, key, now, error)
    return page(request, "resident/follow_letter.html", {"number": case.number, "is_done": True, "problem": None})


@router.get("/track/{number}/follow")
def show(request: Request, session: DbSession, number: str, done: str = "") -> Response:
    """Show the ways in which one can follow the request. Errors: NotFoundError."""
    case = _case(request, session, number)
    return _to_code(number) if case is None else _page(request, case, is_sent=bool(done))


@router.post("/track/{number}/follow")
def take(
    request: Request, session: DbSession, now: Now, number: str, email: Short = "", lang: Short = "", size: Short = ""
) -> Response:
    """Send a letter to the address that was left. Errors: NotFoundError."""
    case = _case(request, session, number)
    if case is None:
        return _to_code(number)
    if choose(request, lang=lang, size=size):
        return _page(request, case, email)
    try:
        ask_to_follow(session, case, email, language_of(request), now=now, real=real_now())
    except ServiceError as error:
        return _page(request, case, email, error)
    return RedirectResponse(f"{case_path(number)}/follow?done=yes", 303)


@router.get("/track/{number}/feed")
def show_feed(request: Request, session: DbSession, number: str, key: Key = "", lang: Key = "") -> Response:
    """Return the course of a request as a feed, to whoever holds its address. Errors: NotFoundError."""
    case = by_number(session, number) if feed.is_key(number, key) else None
    if case is None:
        raise NotFoundError
    text = feed.atom(view(session, case, RESIDENT.actors), as_language(lang) or "zh", get_settings().public_url)
    tag = feed.tag_of(text)
    kept = {"ETag": tag, "Cache-Control": "private, max-age=300"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=kept)
    return Response(text, media_type="application/atom+xml", headers=kept)


def _case(request: Request, session: Session, number: str) -> Case | None:
    """Return the case, if this browser has shown its code. Errors: NotFoundError."""
    if CASE.read(request, case_path(number)) is None:
        return None
    case = by_number(session, number)
    if case is None:
        raise NotFoundError
    return case


def _to_code(number: str) -> Response:
    return RedirectResponse(f"/track?{urlencode({'number': number})}", 303)


def _page(
    request: Request, case: Case, email: str = "", error: ServiceError | None = None, *, is_sent: bool = False
) -> Response:
    problem = problem_of(request, error) if error else None
    facts = {
        "case": case,
        "may_follow": may_follow(case),
        "typed": email,
        "is_sent": is_sent,
        "feed": feed.address_of(case.number, language_of(request), get_settings().public_url),
        "problem": problem,
        "errors": problem.fields if problem else {},
        "switch_form": "do-follow",
    }
    return page_with(request, "resident/follow.html", facts, problem)


def _letter_page(request: Request, session: Session, key: str, now: Now, error: ServiceError | None = None) -> Response:
    facts = {"number": "", "is_done": False, "key": key, "switch_form": "do-mail"}
    try:
        case, email = follower_of(session, key, now)
        facts |= {"number": case.number, "address": mask_email(email)}
    except ServiceError as over:
        error = over
    problem = problem_of(request, error) if error else None
    return page_with(request, "resident/follow_letter.html", facts | {"problem": problem}, problem)
