"""How is a page answered on which something was refused? With the status, the headers and the words of the problem."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlmodel import Session

from service.errors import NotAllowedError, NotFoundError, ServiceError
from service.web.error_pages import Problem, problem_of
from service.web.render import choose, page
from service.web.rereading import said_again


class Sent(Protocol):
    """What every form sends beside its answers: the button for language or size, and whether it was refused before."""

    lang: str
    size: str
    was_refused: str


def page_with(request: Request, template: str, facts: Mapping[str, Any], problem: Problem | None) -> HTMLResponse:
    """Render a page; with a problem its status is that of the problem, and its headers are too."""
    response = page(request, template, facts, status=problem.status if problem else 200)
    response.headers.update(problem.headers if problem else {})
    return response


def form_page(
    request: Request,
    template: str,
    facts: Mapping[str, Any],
    *,
    typed: object,
    tried: str,
    error: ServiceError | None,
) -> HTMLResponse:
    """Render a page of forms: what is wrong on top and beside its field, and everything typed into `tried`."""
    problem = problem_of(request, error) if error else None
    shown = {"typed": typed, "tried": tried, "problem": problem, "errors": problem.fields if problem else {}}
    return page_with(request, template, {**facts, **shown}, problem)


def done_or_again(
    request: Request,
    session: Session,
    sent: Sent,
    do: Callable[[], None],
    again: Callable[[ServiceError | None], Response],
    to: str,
) -> Response:
    """Do it and go on `to`; read in another language, or refused, show everything again.

    Errors: NotFoundError, NotAllowedError.
    """
    if choose(request, lang=sent.lang, size=sent.size):
        return again(said_again(session, do, was_refused=sent.was_refused))
    try:
        with session.begin_nested():
            do()
    except (NotFoundError, NotAllowedError):
        raise
    except ServiceError as error:
        return again(error)
    return RedirectResponse(to, 303)
