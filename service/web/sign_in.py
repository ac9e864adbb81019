"""How do people come in, go out, and say how they want to read?"""

from typing import Annotated

import structlog
from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from service.accounts.queries import one_of_each_role
from service.accounts.rules import DEMO_PASSWORD, SESSION_LASTS, Role, WrongSignInError
from service.accounts.sessions import sign_in, sign_out
from service.errors import ServiceError, TooManyTriesError
from service.settings import get_settings
from service.web.deps import SESSION_COOKIE, DbSession, MaybePerson, Now, client_address, real_now
from service.web.error_pages import problem_of
from service.web.refused import page_with
from service.web.render import choose, remember_choice, set_cookie

log = structlog.get_logger("jiban.security")
router = APIRouter(include_in_schema=False)

QUEUE, BOARD, ADMIN = "/queue", "/board", "/admin"
HOME_OF = {Role.SUPERVISOR: BOARD, Role.DISTRICT: BOARD, Role.ADMIN: ADMIN}
"""Where somebody starts; everybody else at their queue."""

Short = Annotated[str, Form(max_length=200)]
Place = Annotated[str, Form(max_length=2000)]


@router.get("/sign-in")
def show_sign_in(
    request: Request,
    session: DbSession,
    person: MaybePerson,  # noqa: ARG001  # The page says who is signed in already.
    now: Now,  # noqa: ARG001  # The page says when time is simulated.
    next: str = "",  # noqa: A002  # The name in the address.
) -> Response:
    """Show the form; `next` is the page that asked for it."""
    return _form(request, session, next_page=next)


@router.post("/sign-in")
def take_sign_in(
    request: Request,
    session: DbSession,
    login: Short = "",
    password: Short = "",
    next: Place = "",  # noqa: A002  # The name in the form.
) -> Response:
    """Sign somebody in and send them to where they wanted to go, or show what is wrong."""
    try:
        person, token = sign_in(session, login, password, ip=client_address(request), now=real_now())
    except (WrongSignInError, TooManyTriesError) as refused:
        log.warning("sign-in refused", why=refused.code, ip=client_address(request))
        return _form(request, session, login=login, next_page=next, refused=refused)
    log.info("signed in", person=person.id)
    response = RedirectResponse(own_page(next, HOME_OF.get(person.role, QUEUE)), 303)
    set_cookie(response, SESSION_COOKIE, token, lasts=SESSION_LASTS)
    return response


@router.post("/sign-out")
def take_sign_out(request: Request, session: DbSession) -> Response:
    """End this browser's session."""
    sign_out(session, request.cookies.get(SESSION_COOKIE, ""))
    response = RedirectResponse("/", 303)
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


@router.post("/language")
def take_language(
    request: Request,
    lang: Short = "",
    size: Short = "",
    next: Place = "",  # noqa: A002  # As above.
) -> Response:
    """Remember the language or the size of the text, and go back to the page."""
    response = RedirectResponse(own_page(next, "/"), 303)
    choose(request, lang=lang, size=size)
    remember_choice(request, response)
    return response


def own_page(address: str, otherwise: str) -> str:
    r"""Return the address when it lies on this site, so that nobody is sent elsewhere by a forged link.

    Browsers read //host and /\host as another host, and drop tabs and line ends before they look.
    """
    is_own = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if is_own and address.isprintable() else otherwise


def _form(
    request: Request,
    session: DbSession,
    *,
    login: str = "",
    next_page: str,
    refused: ServiceError | None = None,
) -> Response:
    problem = problem_of(request, refused) if refused else None
    facts = {
        "login": login,
        "next": next_page,
        "problem": problem.sentence if problem else "",
        "demo_people": one_of_each_role(session) if get_settings().demo else [],
        "demo_password": DEMO_PASSWORD,
    }
    return page_with(request, "sign_in.html", facts, problem)
