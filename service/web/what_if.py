"""What would other promises do? They are chosen, compared, applied to open cases on purpose, and taken back."""

from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from service.accounts.tables import Person
from service.clocks.queries import book
from service.errors import ConflictError, NotFoundError, ServiceError
from service.revisions.actions import begin_migration, begin_undo, resume
from service.revisions.comparing import ask
from service.revisions.proposed import with_files
from service.revisions.queries import newest_migrations, newest_what_ifs
from service.revisions.rules import REVISERS
from service.revisions.tables import Migration, WhatIf
from service.web.admin.common import RowId
from service.web.deps import DbSession, Now, product_now, require_role
from service.web.error_pages import problem_of
from service.web.render import language_of, page
from service.web.what_if_pages import STATE_LABELS, effect_told, left_told, migration_told, named, problems_told
from sla_policies.reading import DocumentInvalidError, Problem

HERE = "/what-if"
MOST_LISTED = 20
MOST_PROBLEMS = 50
REFRESH_SECONDS = "3"
_reviser = require_role(*sorted(REVISERS))
Reviser = Annotated[Person, Depends(_reviser)]
Short = Annotated[str, Form(max_length=200)]
Long = Annotated[str, Form(max_length=20_000)]

router = APIRouter(prefix=HERE, include_in_schema=False, dependencies=[Depends(_reviser), Depends(product_now)])


@router.get("")
def show_all(request: Request, session: DbSession) -> Response:
    """Show the form for other promises, what was compared, and what was applied."""
    return _start(request, session)


@router.post("")
def compare(
    request: Request,
    session: DbSession,
    by: Reviser,
    now: Now,
    files: Annotated[list[UploadFile], File()],
    version: Short = "",
) -> Response:
    """Take in files, refuse them with the linter's sentences, or let the worker compare them."""
    given = {file.filename or "": file.file.read() for file in files if file.filename}
    try:
        asked = ask(session, with_files(session, given, version=version.strip()), by=by, now=now)
    except DocumentInvalidError as why:
        return _start(request, session, why.problems[:MOST_PROBLEMS], version)
    return RedirectResponse(f"{HERE}/{asked.id}", 303)


@router.get("/{what_if_id}")
def show_effect(request: Request, session: DbSession, what_if_id: RowId) -> Response:
    """Show how far a comparison is, or what it found; without JavaScript the page loads itself again."""
    asked = _what_if(session, what_if_id)
    about = {"asked": asked, "text": named(session, asked.book_hash)}
    told = effect_told(session, asked, language_of(request)) if asked.finished_at else None
    return _again(page(request, "what_if/effect.html", about | {"told": told}), is_at_work=told is None)


@router.get("/{what_if_id}/apply")
def show_apply(request: Request, session: DbSession, what_if_id: RowId) -> Response:
    """Show what would happen to open cases, and ask for the reason."""
    return _confirm(request, session, _what_if(session, what_if_id, is_finished=True))


@router.post("/{what_if_id}/apply")
def apply(
    request: Request, session: DbSession, by: Reviser, now: Now, what_if_id: RowId, reason: Long = ""
) -> Response:
    """Apply the promises to the open cases; the worker does it batch by batch."""
    asked = _what_if(session, what_if_id, is_finished=True)
    try:
        with session.begin_nested():
            begun = begin_migration(session, book(session, asked.book_hash), reason=reason, by=by, now=now)
    except ServiceError as why:
        return _confirm(request, session, asked, why, reason)
    return RedirectResponse(f"{HERE}/migrations/{begun.id}", 303)


@router.get("/migrations/{migration_id}")
def show_migration(request: Request, session: DbSession, migration_id: RowId) -> Response:
    """Show how far a migration is, what it did and left, and how to take it back."""
    return _migration(request, session, migration_id)


@router.post("/migrations/{migration_id}/undo")
def undo(
    request: Request, session: DbSession, by: Reviser, now: Now, migration_id: RowId, reason: Long = ""
) -> Response:
    """Take a migration back, within a day."""
    try:
        with session.begin_nested():
            begin_undo(session, migration_id, reason=reason, by=by, now=now)
    except NotFoundError:
        raise
    except ServiceError as why:
        session.expire_all()
        return _migration(request, session, migration_id, why, reason)
    return RedirectResponse(f"{HERE}/migrations/{migration_id}", 303)


@router.post("/migrations/{migration_id}/resume")
def go_on(request: Request, session: DbSession, by: Reviser, now: Now, migration_id: RowId) -> Response:
    """Let a migration go on that was set aside after an error."""
    try:
        with session.begin_nested():
            resume(session, migration_id, by=by, now=now)
    except ConflictError as why:
        session.expire_all()
        return _migration(request, session, migration_id, why)
    return RedirectResponse(f"{HERE}/migrations/{migration_id}", 303)


def _start(request: Request, session: Session, problems: tuple[Problem, ...] = (), version: str = "") -> Response:
    asked = newest_what_ifs(session, most=MOST_LISTED)
    migrations = newest_migrations(session, most=MOST_LISTED)
    about = {
        "problems": problems_told(problems, language_of(request)),
        "STATE_LABELS": STATE_LABELS,
        "version": version,
        "asked": [(one, named(session, one.book_hash)) for one in asked],
        "migrations": [(one, named(session, one.book_hash)) for one in migrations],
    }
    return page(request, "what_if/home.html", about, status=422 if problems else 200)


def _confirm(
    request: Request, session: Session, asked: WhatIf, why: ServiceError | None = None, reason: str = ""
) -> Response:
    about = {
        "asked": asked,
        "text": named(session, asked.book_hash),
        "told": effect_told(session, asked, language_of(request)),
        "reason": reason,
    }
    return page(request, "what_if/apply.html", about | _wrong(request, why), status=why.status if why else 200)


def _migration(
    request: Request, session: Session, migration_id: int, why: ServiceError | None = None, reason: str = ""
) -> Response:
    done = session.get(Migration, migration_id)
    if done is None:
        raise NotFoundError
    told = migration_told(session, done, request.state.now)
    about = {
        "done": done,
        "text": named(session, done.book_hash),
        "told": told,
        "left": left_told(session, done, language_of(request)),
        "reason": reason,
    }
    shown = page(request, "what_if/migration.html", about | _wrong(request, why), status=why.status if why else 200)
    return _again(shown, is_at_work=told.is_at_work and why is None)


def _again(shown: Response, *, is_at_work: bool) -> Response:
    """Let the browser load a page again on which something is at work, with scripts or without."""
    if is_at_work:
        shown.headers["Refresh"] = REFRESH_SECONDS
    return shown


def _wrong(request: Request, why: ServiceError | None) -> dict[str, dict[str, str]]:
    """Return the sentences of a refusal by field, in the reader's language."""
    if why is None:
        return {"errors": {}}
    problem = problem_of(request, why)
    return {"errors": dict(problem.fields) or {"reason": problem.sentence}}


def _what_if(session: Session, what_if_id: int, *, is_finished: bool = False) -> WhatIf:
    found = session.get(WhatIf, what_if_id)
    if found is None or (is_finished and found.finished_at is None):
        raise NotFoundError
    return found
