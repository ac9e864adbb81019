"""Which other cases are about the same, how do they compare, and how are they joined to one? The pages of staff."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts.tables import Person
from service.cases.rules import Action
from service.cases.tables import Case
from service.duplicates.queries import compare, matter_of
from service.errors import NotFoundError, ServiceError
from service.handling.actions import Doer, act
from service.handling.queries import actors, staff_case
from service.routing.queries import directory
from service.web.alike_pages import HOW_LABELS, around, beside, may_join, percent
from service.web.deps import DbSession, Now
from service.web.error_pages import problem_of
from service.web.render import page
from service.web.worker import CaseToRead, Working

router = APIRouter(include_in_schema=False)

MOST_SHOWN, MOST_AT_ONCE = 20, 50


@dataclass(frozen=True)
class Done:
    """What came of joining several at once."""

    joined: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    """Number, and why not."""


@router.get("/cases/{number}/alike")
def show_alike(request: Request, session: DbSession, person: Working, now: Now, case: CaseToRead) -> Response:
    """Show everything about the same, to choose what is joined to this case."""
    return _alike_page(request, session, person, now, case)


@router.post("/cases/{number}/alike")
def join_chosen(
    request: Request,
    session: DbSession,
    person: Working,
    now: Now,
    case: CaseToRead,
    chosen: Annotated[list[str], Form()] = [],  # noqa: B006  # FastAPI copies it.
) -> Response:
    """Join each chosen case to this one; what cannot be joined is named with why, and the others are."""
    done = Done()
    for number in dict.fromkeys(chosen[:MOST_AT_ONCE]):
        try:
            with session.begin_nested():
                one = staff_case(session, number, person)
                doer = Doer(actors(session, one, person), person)
                act(session, one.id or 0, Action.DUPLICATE, {"number": case.number}, by=doer, now=now)
            done.joined.append(number)
        except ServiceError as error:
            problem = problem_of(request, error)
            done.failed.append((number, " ".join(problem.fields.values()) or problem.sentence))
    return _alike_page(request, session, person, now, case, done)


@router.get("/cases/{number}/alike/{other}")
def show_both(
    request: Request, session: DbSession, person: Working, now: Now, case: CaseToRead, other: str
) -> Response:
    """Show two cases side by side, with what they have in common, to join one to the other. Errors: NotFoundError."""
    second = staff_case(session, other, person)
    if second.id == case.id:
        raise NotFoundError
    known = directory(session)
    both = compare(session, known, matter_of(case, known), second)
    facts = {
        "case": case,
        "sides": [beside(one, person, known) for one in (case, second)],
        "both": both,
        "percent": percent(both.likeness),
        "joins": {one.number: may_join(one, person, known, into=two) for one, two in ((case, second), (second, case))},
        "known": known,
        "now": now,
    }
    return page(request, "worker/compare.html", facts)


def _alike_page(
    request: Request, session: Session, person: Person, now: datetime, case: Case, done: Done | None = None
) -> Response:
    session.refresh(case)
    facts: dict[str, Any] = {
        "case": case,
        "around": around(session, case, person, most=MOST_SHOWN),
        "labels": HOW_LABELS,
        "outcome": done,
        "nothing_chosen": done is not None and not done.joined and not done.failed,
        "now": now,
    }
    return page(request, "worker/alike.html", facts)
