"""How is one thing done to several cases at once? Each stands for itself: what is refused is told, the rest is done."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.areas.rules import Place
from service.cases.rules import Action, moves_from
from service.cases.tables import Case
from service.errors import InvalidFieldsError, ServiceError
from service.escalations.decisions import Choice, reach
from service.handling.actions import Doer, act
from service.handling.queries import actors, staff_case
from service.handling.queues import Ask, claimable, queue
from service.routing.queries import directory
from service.web.api import Strict
from service.web.deps import CurrentPerson, DbSession, Now
from service.web.directory_shapes import Shape
from service.web.error_pages import problem_of
from service.web.queue_lines import Asked, line_of
from service.web.render import page
from service.web.worker import Working

router = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/v1", tags=["staff"])

MOST_AT_ONCE = 100


class Several(StrEnum):
    """What can be done to several cases at once."""

    ACCEPT = "accept"
    NOTE = "note"
    GIVE = "give"
    """To assign or reassign them, whichever fits each."""


SEVERAL_LABELS: Mapping[Several, str] = {
    Several.ACCEPT: "Sign for them",
    Several.NOTE: "Write a note on each",
    Several.GIVE: "Give them to somebody",
}
ACTIONS: Mapping[Several, tuple[Action, ...]] = {
    Several.ACCEPT: (Action.ACCEPT,),
    Several.NOTE: (Action.NOTE,),
    Several.GIVE: (Action.ASSIGN, Action.REASSIGN),
}


@dataclass(frozen=True)
class Outcome:
    """What became of one of them."""

    number: str
    refused: ServiceError | None = None


def do_to_each(
    session: Session, numbers: Sequence[str], what: Several, answers: Mapping[str, Any], *, by: Person, now: datetime
) -> list[Outcome]:
    """Do it to each case, in a transaction of its own: what one is refused for keeps no other back.

    None waits for another's locks, either. Errors: InvalidFieldsError without any case, or with too many.
    """
    wanted = list(dict.fromkeys(numbers))
    if not wanted:
        raise InvalidFieldsError({"numbers": "Please choose at least one."})
    if len(wanted) > MOST_AT_ONCE:
        raise InvalidFieldsError({"numbers": "At most 100 cases can be chosen at once."})
    return [_do(session, number, what, answers, by, now) for number in wanted]


def _do(session: Session, number: str, what: Several, answers: Mapping[str, Any], by: Person, now: datetime) -> Outcome:
    outcome = Outcome(number)
    try:
        with session.begin_nested():
            case = staff_case(session, number, by)
            acting = actors(session, case, by)
            offered = {move.action for move in moves_from(case.status, acting)}
            action = next((one for one in ACTIONS[what] if one in offered), ACTIONS[what][-1])
            act(session, case.id or 0, action, answers, by=Doer(acting, by), now=now)
    except ServiceError as refused:
        outcome = Outcome(number, refused)
    session.commit()
    return outcome


class SeveralAnswers(BaseModel):
    """What the form sends; it is checked where it is done."""

    numbers: list[str] = []
    what: str = ""
    text: str = ""
    person_id: str = ""

    def answers(self, what: Several) -> dict[str, str]:
        """Return what belongs to that action; everything else in the form is not meant for it."""
        return {
            Several.ACCEPT: {},
            Several.NOTE: {"text": self.text},
            Several.GIVE: {"person_id": self.person_id, "text": self.text},
        }[what]


@router.get("/queue/several")
def show_several(
    request: Request, session: DbSession, person: Working, now: Now, asked: Annotated[Asked, Query()]
) -> Response:
    """Show the cases of a list to be chosen from, and what can be done to them."""
    return _page(request, session, person, now, asked, SeveralAnswers())


@router.post("/queue/several")
def take_several(
    request: Request,
    session: DbSession,
    person: Working,
    now: Now,
    asked: Annotated[Asked, Query()],
    typed: Annotated[SeveralAnswers, Form()],
) -> Response:
    """Do it to each case that was chosen, and say what became of each."""
    try:
        what = _what(typed.what)
        done = do_to_each(session, typed.numbers, what, typed.answers(what), by=person, now=now)
    except InvalidFieldsError as error:
        return _page(request, session, person, now, asked, typed, error=error)
    return _page(request, session, person, now, asked, typed, outcomes=done)


def _what(raw: str) -> Several:
    if raw not in list(Several):
        raise InvalidFieldsError({"what": "Please choose one of the answers offered."})
    return Several(raw)


def _page(
    request: Request,
    session: Session,
    person: Person,
    now: datetime,
    asked: Asked,
    typed: SeveralAnswers,
    *,
    error: ServiceError | None = None,
    outcomes: Sequence[Outcome] = (),
) -> Response:
    known = directory(session)
    listed = queue(session, person, Ask(asked.tab, asked.of == "mine", asked.words, None, MOST_AT_ONCE), now).cases
    pool = claimable(session, person) if not asked.words else []
    problem = problem_of(request, error) if error else None
    refused = [one for one in outcomes if one.refused]
    facts = {
        "asked": asked,
        "lines": [line_of(case, person, known, None) for case in _once([*pool, *listed])],
        "typed": typed,
        "labels": {what: label for what, label in SEVERAL_LABELS.items() if what is not Several.GIVE or _leads(person)},
        "people": _people(session, person, now) if _leads(person) else [],
        "problem": problem,
        "errors": problem.fields if problem else {},
        "outcomes": outcomes,
        "done": len(outcomes) - len(refused),
        "refused": [(one.number, problem_of(request, one.refused)) for one in refused if one.refused],
        "again": {one.number for one in refused} if outcomes else set(typed.numbers),
        "path": asked.to().replace("/queue", "/queue/several"),
    }
    return page(request, "worker/several.html", facts, status=problem.status if problem else 200)


def _once(cases: Iterable[Case]) -> list[Case]:
    return list({case.id: case for case in cases}.values())


def _leads(person: Person) -> bool:
    return person.role is not Role.WORKER


def _people(session: Session, person: Person, now: datetime) -> list[tuple[Place | None, list[Choice]]]:
    """Return who could take cases, by place."""
    found: dict[int, list[Choice]] = {}
    within = reach(session, person, directory(session), now)
    for choice in within.everybody:
        found.setdefault(choice.place.id, []).append(choice)
    groups = sorted(found.values(), key=lambda choices: choices[0].place.code)
    return [(None, []), *((choices[0].place, sorted(choices, key=lambda c: c.order)) for choices in groups)]


class SeveralBody(Strict):
    """What is to be done, to which cases."""

    numbers: Annotated[list[Annotated[str, Field(max_length=40)]], Field(min_length=1, max_length=MOST_AT_ONCE)]
    action: Several
    answers: dict[str, Any] = Field(default_factory=dict)
    """As of the action: `text` of a note, `person_id` of who gets them."""


class RefusedShape(Shape):
    """One case to which it was not done, and why."""

    number: str
    status: int
    code: str
    detail: str


class SeveralShape(Shape):
    """What became of each."""

    done: list[str]
    refused: list[RefusedShape]


@api.post("/queue/several")
def act_on_several(
    request: Request, body: SeveralBody, person: CurrentPerson, session: DbSession, now: Now
) -> SeveralShape:
    """Do one thing to several cases: each stands for itself, and what is refused is told."""
    outcomes = do_to_each(session, body.numbers, body.action, body.answers, by=person, now=now)
    refused = []
    for one in outcomes:
        if one.refused is not None:
            problem = problem_of(request, one.refused)
            refused.append(
                RefusedShape(
                    number=one.number, status=one.refused.status, code=one.refused.code, detail=problem.sentence
                )
            )
    return SeveralShape(done=[one.number for one in outcomes if one.refused is None], refused=refused)
