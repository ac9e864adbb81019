"""What do the pages of parts show? What their forms send, and what their templates are given."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlmodel import Session

from service.accounts.tables import Person
from service.cases.tables import Case
from service.errors import NotAllowedError, ServiceError
from service.parts.actions import Said, may_be_called
from service.parts.asked import SCORES, USUAL_MINUTES
from service.parts.calling import Ask, Blow, usual_hours
from service.parts.offering import offered
from service.parts.queries import PartView
from service.parts.rules import WhistleReason, leads
from service.routing.queries import directory
from service.routing.standing import acting_as
from service.web.deps import Now
from service.web.orders import TERMS
from service.web.refused import form_page

PARTS = "/parts"
MOST_DIGITS = 9
DONE_SENTENCES: Mapping[str, str] = {
    "call": "The desk is asked. It has been told, and its time to report in runs.",
    "whistle": "The whistle is blown. Every desk has been told, and its time to report in runs.",
    "accept": "You have reported in. Whoever holds the case has been told, and the time for your part runs.",
    "finish": "Your part is done. Whoever holds the case has been told.",
    "decline": "You have declined. Whoever holds the case has been told why.",
    "withdraw": "The part is withdrawn. Whoever was called has been told.",
    "score": "Thank you. The desk has been told its score.",
}


class PartAnswers(BaseModel):
    """What the forms of parts send; it is checked where it is done."""

    to: list[str] = []
    text: str = ""
    hours: str = ""
    reason: str = ""
    place: str = ""
    minutes: str = ""
    score: str = ""
    version: str = ""
    lang: str = ""
    size: str = ""
    was_refused: str = ""

    def said(self) -> Said:
        """Return the answers for an action; a version that is none was not seen."""
        is_number = self.version.isascii() and self.version.isdecimal() and len(self.version) <= MOST_DIGITS
        return Said(self.text, self.score, int(self.version) if is_number else None)

    def ask(self) -> Ask:
        """Return who is asked for what."""
        return Ask(self.to[0] if self.to else "", self.text, self.hours)

    def blow(self) -> Blow:
        """Return the whistle."""
        return Blow(self.reason, self.place, self.minutes, self.text, self.hours, self.to)


def may_call(case: Case, person: Person, session: Session) -> bool:
    """May somebody call others to a case now?"""
    return may_be_called(case) and leads(acting_as(person, case, directory(session)))


def call_page(
    request: Request,
    session: Session,
    case: Case,
    person: Person,
    now: Now,
    answers: PartAnswers,
    kind: str,
    error: ServiceError | None = None,
) -> Response:
    """Render the form by which others are called to a case. Errors: NotAllowedError."""
    known = directory(session)
    if not may_call(case, person, session):
        raise NotAllowedError
    facts = {
        "case": case,
        "place": known.areas.places.get(case.area_id),
        "offers": offered(case.area_id, case.unit_id, case.assignee_id, known),
        "terms": TERMS,
        "usual": usual_hours(now),
        "usual_minutes": USUAL_MINUTES,
        "reasons": list(WhistleReason),
        "path": f"{PARTS}/{kind}/{case.number}",
        "switch_form": "do-call",
    }
    return form_page(request, f"parts/{kind}.html", facts, typed=answers, tried=kind, error=error)


def part_page(
    request: Request,
    seen: PartView,
    answers: PartAnswers,
    *,
    tried: str = "",
    error: ServiceError | None = None,
    done: str = "",
) -> Response:
    """Render a part with what may be done about it."""
    first = next(
        (move.action for move in seen.moves if move.action == tried), seen.moves[0].action if seen.moves else ""
    )
    facts: dict[str, Any] = {
        "row": seen,
        "scores": [(str(score)) for score in reversed(SCORES)],
        "path": f"{PARTS}/{seen.part.id}",
        "switch_form": f"do-{first}" if first else "",
        "done": DONE_SENTENCES.get(done, ""),
    }
    return form_page(request, "parts/part.html", facts, typed=answers, tried=tried, error=error)
