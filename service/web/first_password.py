"""How does somebody new choose the password that only they know?

The secret of their link stands in the address as a query, which no log keeps.
"""

from typing import Annotated

import structlog
from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from service.accounts.links import person_of_link, use_link
from service.accounts.rules import SESSION_LASTS, PasswordTooWeakError
from service.accounts.sessions import open_session
from service.accounts.tables import Person
from service.web.deps import SESSION_COOKIE, DbSession, Now, real_now
from service.web.error_pages import Problem, problem_of
from service.web.refused import page_with
from service.web.render import set_cookie
from service.web.sign_in import HOME_OF, QUEUE

log = structlog.get_logger("jiban.security")
router = APIRouter(prefix="/sign-in/first", include_in_schema=False)

Key = Annotated[str, Query(max_length=200)]
Typed = Annotated[str, Form(max_length=200)]


@router.get("")
def show_first_password(request: Request, session: DbSession, now: Now, key: Key = "") -> Response:  # noqa: ARG001  # The page says when time is simulated.
    """Ask for a password; the address is the secret link. Errors: NotFoundError."""
    return _form(request, person_of_link(session, key, real=real_now()), key)


@router.post("")
def take_first_password(
    request: Request, session: DbSession, now: Now, key: Typed = "", password: Typed = ""
) -> Response:
    """Keep the password, use the link up, and let the person in. Errors: NotFoundError."""
    real = real_now()
    person = person_of_link(session, key, real=real)
    try:
        use_link(session, key, password, now=now, real=real)
    except PasswordTooWeakError as weak:
        return _form(request, person, key, problem_of(request, weak))
    log.info("first password chosen", person=person.id)
    response = RedirectResponse(HOME_OF.get(person.role, QUEUE), 303)
    set_cookie(response, SESSION_COOKIE, open_session(session, person, real), lasts=SESSION_LASTS)
    return response


def _form(request: Request, person: Person, key: str, problem: Problem | None = None) -> Response:
    facts = {"person": person, "key": key, "errors": problem.fields if problem else {}}
    return page_with(request, "first_password.html", facts, problem)
