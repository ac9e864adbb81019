"""What does the reader see when something goes wrong? A page in their language, or RFC 9457 problem JSON.

Every page says what happened, what is kept and what to do; none of them needs the database.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from service.errors import InvalidFieldsError, ServiceError
from service.web.catalogues import HTML_LANG, translate
from service.web.csrf import CSRF_FIELD, SAFE, StaleFormError
from service.web.deps import SignInNeededError, wants_stream
from service.web.headers import secure
from service.web.public_screen import frame_of
from service.web.render import is_htmx, language_of, page
from service.web.timewords import wait
from service.web.words import words

log = structlog.get_logger("jiban.web")

PROBLEM = "application/problem+json"
WHILE_WRITING = re.compile(r"/cases/[^/]+/here")
"""What a page asks by itself while somebody may be writing on it: it is not led away to the sign-in."""
NEVER_KEPT = frozenset({CSRF_FIELD, "password", "current", "new"})
"""Fields that are not written back into a page."""
MOST_KEPT = 200
DATABASE_BACK_SECONDS = 5
SERVER_TROUBLE = "XX"
"""The class of PostgreSQL's states in which the server cannot go on, whatever it was asked (its manual, appendix A)."""

SENTENCES: Mapping[int, tuple[str, str]] = {
    400: ("bad-request", "That request could not be understood."),
    403: ("not-allowed", "You may not do that."),
    404: ("not-found", "There is nothing here, or it is not yours to see."),
    405: ("method-not-allowed", "This address cannot be used in this way."),
    406: ("not-acceptable", "We cannot answer in the form that was asked for."),
    413: ("too-large", "That is too large to send. Please send less at once."),
    415: ("unknown-type", "We cannot read this kind of data."),
    422: ("invalid-fields", "Some answers are missing or wrong. What you typed is kept."),
    500: ("broken", "Something went wrong on our side. It has been noted. Please try again, or call 12345."),
    503: ("unavailable", "We cannot reach our records at the moment. Please try again in a few seconds."),
}
FIELD_SENTENCES: Mapping[str, str] = {
    "missing": "Please write something here.",
    "string_too_short": "Please write something here.",
    "string_too_long": "This is too long. Please keep it under {max_length} characters.",
    "too_short": "Please write something here.",
    "too_long": "This is too long. Please keep it under {max_length} characters.",
    "json_invalid": "This is not valid JSON.",
    "int_parsing": "Please give a whole number.",
    "extra_forbidden": "This field is not known.",
    "enum": "Please choose one of the answers offered.",
    "literal_error": "Please choose one of the answers offered.",
}
OTHER_FIELD_SENTENCE = "This answer cannot be used. Please check it."


@dataclass(frozen=True)
class Problem:
    """What went wrong, in the reader's language."""

    status: int
    code: str
    sentence: str
    fields: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def install(app: FastAPI) -> None:
    """Let the application answer every error through this module."""
    app.add_exception_handler(ServiceError, _on_service_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_error)
    for away in (OperationalError, InterfaceError, PoolTimeoutError):
        app.add_exception_handler(away, _on_database_away)
    app.add_exception_handler(InternalError, _on_internal_error)
    app.add_exception_handler(Exception, _on_crash)


def answer(request: Request, problem: Problem, *, kept: Mapping[str, list[str]] | None = None) -> Response:
    """Return the problem as JSON for programs and as a page for people.

    `kept` are the fields of a form that can be sent once more.
    """
    if wants_json(request):
        return _as_json(request, problem)
    template = f"errors/{problem.status if problem.status in (404, 500, 503) else 'problem'}.html"
    facts = {"problem": problem, "kept": kept, "is_read_only": request.method in SAFE, **frame_of(request.url.path)}
    response = page(request, template, facts, status=problem.status)
    response.headers.update(problem.headers)
    return response


def wants_json(request: Request) -> bool:
    """Does a program ask? Under /api/, or when it accepts JSON and not HTML, or a stream."""
    accept = request.headers.get("accept", "")
    is_program = "json" in accept and "text/html" not in accept
    return request.url.path.startswith("/api/") or is_program or wants_stream(request)


def problem_of(request: Request, error: ServiceError) -> Problem:
    """Return a service error as a problem in the reader's language.

    Beside its facts a sentence may name {wait}: `retry_after` as people say it.
    """
    language, headers, said = language_of(request), {}, dict(error.facts)
    if "retry_after" in error.facts:
        headers["Retry-After"] = str(error.facts["retry_after"])
        said["wait"] = wait(timedelta(seconds=error.facts["retry_after"]), language)
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if "status" in error.facts:
        said["status"] = translate(language, words.status.get(error.facts["status"], str(error.facts["status"])))
    named = error.fields if isinstance(error, InvalidFieldsError) else {}
    return Problem(
        error.status,
        error.code,
        translate(language, error.sentence, **said),
        {name: translate(language, sentence, **said) for name, sentence in named.items()},
        error.facts,
        headers,
    )


def plain_problem(request: Request, status: int, headers: Mapping[str, str] | None = None) -> Problem:
    """Return the problem of an HTTP status that no error of ours stands behind."""
    code, sentence = SENTENCES.get(status, SENTENCES[400 if status < 500 else 500])
    return Problem(status, code, translate(language_of(request), sentence), headers=headers or {})


def _as_json(request: Request, problem: Problem) -> JSONResponse:
    body: dict[str, Any] = {
        "type": f"urn:jiban:problem:{problem.code}",
        "title": translate(language_of(request), SENTENCES.get(problem.status, SENTENCES[400])[1]),
        "status": problem.status,
        "detail": problem.sentence,
        "code": problem.code,
    }
    if problem.fields:
        body["errors"] = problem.fields
    body |= {name: value for name, value in problem.facts.items() if name not in body and _is_plain(value)}
    headers = {"Content-Language": HTML_LANG[language_of(request)], **problem.headers}
    return JSONResponse(body, problem.status, headers, media_type=PROBLEM)


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, (str, int, float, bool, list, dict))


async def _on_service_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ServiceError)  # noqa: S101  # Starlette sends only these here.
    problem = problem_of(request, error)
    if not isinstance(error, (SignInNeededError, StaleFormError)) or wants_json(request):
        return answer(request, problem)
    if isinstance(error, SignInNeededError) and is_htmx(request):
        if WHILE_WRITING.fullmatch(request.url.path):
            return Response(status_code=401)
        return Response(status_code=401, headers={"HX-Redirect": _sign_in_for(_page_of(request))})
    if request.method in SAFE:
        return RedirectResponse(_sign_in_for(_path_of(request)), 303)
    return answer(request, problem, kept=await _kept(request))


def _path_of(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _page_of(request: Request) -> str:
    """Return the page in which htmx asks, as the browser shows it."""
    shown = urlsplit(request.headers.get("hx-current-url", ""))
    return shown.path + (f"?{shown.query}" if shown.query else "")


def _sign_in_for(path: str) -> str:
    return f"/sign-in?next={quote(path, safe='')}" if path else "/sign-in"


async def _kept(request: Request) -> dict[str, list[str]]:
    """Return what was typed into the form that came too late, without files and secrets."""
    kept: dict[str, list[str]] = {}
    for name, value in (await request.form()).multi_items()[:MOST_KEPT]:
        if isinstance(value, str) and name not in NEVER_KEPT:
            kept.setdefault(name, []).append(value)
    return kept


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # Starlette sends only these here.
    language, fields = language_of(request), {}
    for wrong in error.errors():
        name = ".".join(str(part) for part in wrong["loc"][1:]) or str(wrong["loc"][0])
        sentence = FIELD_SENTENCES.get(wrong["type"], OTHER_FIELD_SENTENCE)
        fields[name] = translate(language, sentence, **wrong.get("ctx", {}))
    code, sentence = SENTENCES[422]
    return answer(request, Problem(422, code, translate(language, sentence), fields))


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # Starlette sends only these here.
    return answer(request, plain_problem(request, error.status_code, error.headers))


async def _on_database_away(request: Request, error: Exception) -> Response:
    log.error("database away", path=request.url.path, why=type(error).__name__)
    return answer(request, plain_problem(request, 503, {"Retry-After": str(DATABASE_BACK_SECONDS)}))


async def _on_internal_error(request: Request, error: Exception) -> Response:
    """Answer trouble of the server itself, which may be unable to write, as if it were away; the rest is our fault."""
    is_its_own = isinstance(error, DBAPIError) and str(getattr(error.orig, "sqlstate", "")).startswith(SERVER_TROUBLE)
    if not is_its_own:
        raise error
    return await _on_database_away(request, error)


async def _on_crash(request: Request, error: Exception) -> Response:
    """Answer an error that nobody expected; the server behind us writes its traceback into the log."""
    log.error("request failed", path=request.url.path, why=type(error).__name__)
    return secure(answer(request, plain_problem(request, 500)), request.url.path)
