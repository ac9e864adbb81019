"""What does a resident see who follows a request: the form for number and code, the case, or one step of it?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response
from sqlmodel import Session

from service.cases.rules import Action
from service.cases.tables import Case
from service.errors import ServiceError
from service.handling.actions import RESIDENT
from service.handling.queries import CaseView, WrongCodeError, view, why_routed
from service.web import near, timewords
from service.web import resident_words as telling
from service.web.catalogues import HTML_LANG, as_language
from service.web.error_pages import problem_of
from service.web.filters import called_in
from service.web.photo_forms import KEPT
from service.web.receipt import case_path
from service.web.refused import page_with
from service.web.render import language_of
from service.web.resident_timeline import last_word, lines

CODE = "code"
NOT_KEPT = frozenset({CODE, "lang", "size", KEPT})
"""What a form sends once and is asked anew."""


@dataclass(frozen=True)
class Tried:
    """What was typed for which action, and why it was refused, if it was."""

    action: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    error: ServiceError | None = None
    kept: Sequence[str] = ()
    """The tokens of photos that came with it."""


def search_page(request: Request, number: str, tried: Tried = Tried()) -> Response:
    """Render the form for number and code; what was typed for an action waits in it."""
    problem = problem_of(request, tried.error) if tried.error else None
    kept = {name: value for name, value in tried.typed.items() if name not in NOT_KEPT}
    facts = {
        "number": number,
        "problem": problem,
        "switch_form": "find" if request.method == "POST" else "",
        "kept": kept,
        "photos": tried.kept,
        "target": f"{case_path(quote(number, safe=''))}/{tried.action}" if tried.action else "/track",
        "is_wrong": isinstance(tried.error, WrongCodeError),
    }
    return page_with(request, "resident/search.html", facts, problem)


def case_page(
    request: Request, session: Session, case: Case, now: datetime, tried: Tried = Tried(), *, done: str = ""
) -> Response:
    """Render the case: what may still be done, what was refused, or what has just been done."""
    return _show(request, session, "resident/case.html", view(session, case, RESIDENT.actors), now, tried, done)


def step_page(request: Request, session: Session, case: Case, now: datetime, tried: Tried) -> Response:
    """Render the page of one step, or the case where the step is not possible any more."""
    seen = view(session, case, RESIDENT.actors)
    is_possible = any(move.action == tried.action for move in seen.moves)
    template = f"resident/{tried.action}.html" if is_possible else "resident/case.html"
    return _show(request, session, template, seen, now, tried)


def _show(
    request: Request, session: Session, template: str, seen: CaseView, now: datetime, tried: Tried, done: str = ""
) -> Response:
    made = why_routed(session, seen.case)
    why, party = telling.why_here(made[-1] if made else None)
    language = language_of(request)
    problem = problem_of(request, tried.error) if tried.error else None
    closes = telling.closing_time(seen)
    over = telling.reopening_over(seen, now)
    facts: dict[str, Any] = {
        "view": seen,
        "together": near.together(session, seen.case, seen.known),
        "telling": telling,
        "promises": telling.promises(seen, now),
        "names": {
            "desk": telling.desk_of(seen, language),
            "topic": called_in(language, seen.topic),
            "place": called_in(language, seen.place),
            "party": party,
            "closes": timewords.deadline(closes, now, language) if closes else "",
        },
        "why_here": why,
        "moves": {str(m.action): m for m in seen.moves if over is None or m.action is not Action.REOPEN},
        "reopening_over": problem_of(request, over).sentence if over else "",
        "written_in": HTML_LANG[as_language(seen.case.language) or language],
        "lines": list(lines(seen, language)),
        "last_word": last_word(seen, language),
        "urge_again_at": telling.urge_again_at(seen, now),
        "done": telling.DONE_SENTENCES.get(done, ""),
        "tried": tried.action,
        "switch_form": f"do-{tried.action}" if any(m.action == tried.action for m in seen.moves) else "",
        "typed": tried.typed,
        "kept": tried.kept,
        "problem": problem,
        "errors": {f"{tried.action}-{name}": said for name, said in problem.fields.items()} if problem else {},
    }
    return page_with(request, template, facts, problem)
