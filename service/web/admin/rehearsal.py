"""Who would get a case, and why? The routing engine is asked without a case."""

from dataclasses import dataclass
from typing import Any

from fastapi import Request as WebRequest
from sqlmodel import Session

from service.assignments.queries import Matter, loads_for
from service.errors import InvalidFieldsError
from service.routing.actions import in_order
from service.routing.choosing import Candidate
from service.routing.directory import Directory, Staff
from service.routing.queries import directory
from service.routing.rules import Request, RoutingDecision, candidates_of, route
from service.web.admin.common import as_id, as_moment
from service.web.admin.lines import Line, lines

PLEASE_CHOOSE = "Please choose one of the list."


@dataclass(frozen=True)
class Rehearsal:
    """A decision that was not carried out, and what it was asked."""

    asked: Request
    decision: RoutingDecision
    known: Directory


@dataclass(frozen=True)
class Shown:
    """A rehearsal as a page shows it."""

    rehearsal: Rehearsal
    place: int
    """Which line fired, counted from 1; 0 when none did."""
    line: Line | None
    passed_over: list[tuple[int, Line, str]]
    candidates: list[tuple[Candidate, Staff, Any]]


def rehearse(session: Session, category: str, area: str, at: str) -> Rehearsal:
    """Ask the routing engine, with everybody's present load. Errors: InvalidFieldsError."""
    known, wrong = directory(session), dict[str, str]()
    topic, place = known.catalogue.topics.get(category), known.areas.places.get(as_id(area) or 0)
    place = place if place is not None and place.is_active else None
    wrong |= {name: PLEASE_CHOOSE for name, found in (("category", topic), ("area", place)) if found is None}
    try:
        moment = as_moment(at, "at")
    except InvalidFieldsError as unreadable:
        raise InvalidFieldsError(wrong | unreadable.fields) from unreadable
    if topic is None or place is None:
        raise InvalidFieldsError(wrong)
    asked = Request(topic.code, place.id, topic.grade, moment)
    held = loads_for(session, candidates_of(asked, known), Matter(topic.id, place.id), moment)
    return Rehearsal(asked, route(asked, known, held), known)


def show_as(request: WebRequest, session: Session, rehearsal: Rehearsal) -> Shown:
    """Return a rehearsal with its lines and people in the reader's language."""
    told = list(enumerate(lines(request, session, in_order(session)), start=1))
    by_id = {line.rule.id: (place, line) for place, line in told}
    decision, known = rehearsal.decision, rehearsal.known
    place, fired = by_id.get(decision.rule.id, (0, None)) if decision.rule else (0, None)
    people = [(c, known.people[c.person_id]) for c in dict.fromkeys(decision.candidates)]
    return Shown(
        rehearsal,
        place,
        fired,
        [(*by_id[rule_id], why) for rule_id, why in decision.passed_over if rule_id in by_id],
        [(c, person, known.areas.places.get(person.area_id)) for c, person in people],
    )
