"""How does a resident who has lost number and code find their requests? By proving that an address is theirs.

Whoever asks is told the same, whether we know the address or not: what tells them apart is what arrives there.
"""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from service.errors import NotFoundError, ServiceError
from service.mine.actions import ask, enter_code, follow_link
from service.mine.queries import case_of, cases_of, reaches_phones
from service.mine.rules import LASTS, read_address
from service.routing.queries import directory
from service.web import resident_words as telling
from service.web.deps import DbSession, Now, client_address, maybe_person, product_now, real_now
from service.web.error_pages import problem_of
from service.web.filters import desk_in
from service.web.receipt import CASE, case_path, tidy_number
from service.web.refused import page_with
from service.web.render import choose, language_of, page
from service.web.sealed import Seal

router = APIRouter(include_in_schema=False, dependencies=[Depends(maybe_person), Depends(product_now)])

MINE = "/mine"
ASKED = Seal("jiban_mine_asked", lasts=LASTS)
"""For which address this browser has asked for a code."""
PROVED = Seal("jiban_mine", lasts=timedelta(hours=2))
"""Whose requests this browser may see."""
INDEX = "index"
MOST_DIGITS = 18

Short = Annotated[str, Form(max_length=300)]


@router.get(MINE)
def show(request: Request, session: DbSession, now: Now, before: str = "") -> Response:
    """List the reader's requests, the newest first; ask for their address where they have not proved one."""
    proved = PROVED.read(request, MINE)
    if proved is None:
        return _ask_page(request, session)
    start = int(before) if before.isascii() and before.isdecimal() and len(before) <= MOST_DIGITS else None
    found = cases_of(session, bytes.fromhex(proved[INDEX]), before=start)
    facts = {"cases": found.cases, "before": found.before, "is_first": start is None, "names": _names(session, request)}
    return page(request, "resident/mine.html", facts | {"telling": telling, "now": now})


@router.post(MINE)
def send_code(
    request: Request,
    session: DbSession,
    now: Now,
    address: Short = "",
    lang: Short = "",
    size: Short = "",
) -> Response:
    """Send a code to the address, if we know it; go on to where it is typed."""
    if choose(request, lang=lang, size=size):
        return _ask_page(request, session, address)
    try:
        given = read_address(address, phones=reaches_phones(session))
        index = ask(session, given, language=language_of(request), ip=client_address(request), now=now, real=real_now())
    except ServiceError as error:
        return _ask_page(request, session, address, error)
    response = RedirectResponse(f"{MINE}/code", 303)
    ASKED.put(response, MINE, {INDEX: index.hex()})
    return response


@router.get(f"{MINE}/code")
def show_code(request: Request) -> Response:
    """Ask for the code that was sent."""
    return RedirectResponse(MINE, 303) if ASKED.read(request, MINE) is None else _code_page(request)


@router.post(f"{MINE}/code")
def take_code(request: Request, session: DbSession, code: Short = "", lang: Short = "", size: Short = "") -> Response:
    """Open the list, when the code is right."""
    asked = ASKED.read(request, MINE)
    if asked is None:
        return RedirectResponse(MINE, 303)
    if choose(request, lang=lang, size=size):
        return _code_page(request, code)
    index = bytes.fromhex(asked[INDEX])
    try:
        enter_code(session, index, code, ip=client_address(request), real=real_now())
    except ServiceError as error:
        return _code_page(request, code, error)
    return _opened(index)


@router.get(f"{MINE}/open")
def show_link(request: Request, key: str = "") -> Response:
    """Ask for one press: what looks into mail before its reader does opens nothing."""
    return page(request, "resident/mine_open.html", {"key": key, "problem": None, "switch_form": ""})


@router.post(f"{MINE}/open")
def take_link(request: Request, session: DbSession, key: Short = "") -> Response:
    """Open the list for whoever got the link."""
    try:
        return _opened(follow_link(session, key, real=real_now()))
    except ServiceError as error:
        problem = problem_of(request, error)
        return page_with(request, "resident/mine_open.html", {"key": "", "problem": problem}, problem)


@router.post(f"{MINE}/cases/{{number}}")
def open_case(request: Request, session: DbSession, number: str) -> Response:
    """Go to one of the reader's requests, as if they had shown its code. Errors: NotFoundError."""
    proved = PROVED.read(request, MINE)
    if proved is None:
        return RedirectResponse(MINE, 303)
    case = case_of(session, bytes.fromhex(proved[INDEX]), tidy_number(number))
    if case is None:
        raise NotFoundError
    response = RedirectResponse(case_path(case.number), 303)
    CASE.put(response, case_path(case.number), {})
    return response


@router.post(f"{MINE}/leave")
def leave() -> Response:
    """Forget whose requests this browser may see."""
    response = RedirectResponse("/", 303)
    for seal in (PROVED, ASKED):
        seal.drop(response, MINE)
    return response


def _opened(index: bytes) -> Response:
    response = RedirectResponse(MINE, 303)
    PROVED.put(response, MINE, {INDEX: index.hex()})
    ASKED.drop(response, MINE)
    return response


def _names(session: Session, request: Request) -> dict[int, str]:
    """Return what the desks are called, by the id of their place."""
    language = language_of(request)
    places = directory(session).areas.places.values()
    return {p.id: desk_in(language, p) for p in places}


def _ask_page(request: Request, session: Session, address: str = "", error: ServiceError | None = None) -> Response:
    facts = {"address": address, "phones": reaches_phones(session), "switch_form": "ask"}
    return _form(request, "resident/mine_ask.html", facts, error)


def _code_page(request: Request, code: str = "", error: ServiceError | None = None) -> Response:
    return _form(request, "resident/mine_code.html", {"code": code, "switch_form": "enter"}, error)


def _form(request: Request, template: str, facts: dict[str, Any], error: ServiceError | None) -> Response:
    problem = problem_of(request, error) if error else None
    return page_with(request, template, facts | {"problem": problem}, problem)
