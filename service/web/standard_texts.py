"""How does a standard text come into an answer: into the field of a form in place, or by the API?"""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from service.cases.rules import Action, moves_from
from service.errors import InvalidFieldsError, NotFoundError
from service.handling.queries import actors, staff_case
from service.routing.queries import directory
from service.texts.queries import is_for, offered
from service.texts.rules import ACTS
from service.web.api import Number
from service.web.case_texts import filled, language_for, title_of, with_text
from service.web.deps import CurrentPerson, DbSession, Now
from service.web.directory_shapes import Shape
from service.web.error_pages import problem_of
from service.web.render import language_of, page
from service.web.worker import CaseToRead, Typed, Working
from service.web.worker_forms import INSERT, Tried, forms_of

router = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/v1", tags=["staff"])


@router.post("/cases/{number}/texts/{action}")
def take_text(
    request: Request, session: DbSession, person: Working, now: Now, case: CaseToRead, action: str, typed: Typed
) -> Response:
    """Return the field of that action with the chosen text below what was written in it; nothing else is done."""
    act = next((one for one in ACTS if one == action), None)
    moves = [move for move in moves_from(case.status, actors(session, case, person)) if move.action is act]
    if act is None or not moves:
        raise NotFoundError
    problem, answers = None, dict(typed)
    try:
        answers = with_text(session, case, act, typed, person, language_of(request), now)
    except InvalidFieldsError as error:
        problem = problem_of(request, error)
    (form,) = forms_of(tuple(moves[:1]), Tried(act, {**answers, INSERT: "yes"}))
    key = "" if typed.get("tried") == "yes" else f"-{act}"
    return page(request, "worker/text_taken.html", {"words_of": form.words, "key": key, "problem": problem})


class TextShape(Shape):
    """One standard text as it reads for one case."""

    id: int
    title: str
    acts: list[str]
    """For which actions it is meant; none: whatever is written."""
    language: str
    text: str
    used: int


class TextsShape(Shape):
    """The texts that fit, the most used on top."""

    items: list[TextShape]


@api.get("/cases/{number}/texts")
def read_texts(
    request: Request,
    number: Number,
    person: CurrentPerson,
    session: DbSession,
    now: Now,
    action: Annotated[Action, Query()] = Action.REPLY,
) -> TextsShape:
    """Return the standard texts for an action on this case, filled in, in the language of who will read them."""
    case, known = staff_case(session, number, person), directory(session)
    language = language_for(action, case, language_of(request))
    found = [text for text in offered(session, case, known) if action in ACTS and is_for(text, action)]
    return TextsShape(
        items=[
            TextShape(
                id=text.id or 0,
                title=title_of(text, language),
                acts=text.acts,
                language=language,
                text=filled(text, case, known, person, language, now=now),
                used=text.used,
            )
            for text in found
        ]
    )
