"""The page that tries the dispatch rules out: who would get a case, now and at 3 in the morning, and why?"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi import Request as WebRequest
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from service.handling.rehearsing import Rehearsal, Wish, rehearse
from service.intake.forms import Channel, FocusGroup
from service.routing import catalogue
from service.routing.choosing import Candidate
from service.routing.directory import Staff
from service.routing.queries import directory
from service.timekeeping import ZONE
from service.web.admin.common import Refused, Text, admin_page, as_id, as_moment, one_of, tried
from service.web.admin.lines import Line, lines, names
from service.web.admin.rule_forms import codes, places
from service.web.admin.rules import Dispatcher, of_all
from service.web.deps import DbSession, Now
from sla_policies.policy import Grade

router = APIRouter(prefix="/rules")

FITTED = "fitted"


class Asked(BaseModel):
    """What somebody wants to try out, as it is typed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    text: Text = ""
    category: Text = ""
    area: Text = ""
    channel: Text = Channel.WEB
    focus_groups: tuple[str, ...] = ()
    grade: Text = ""
    at: Text = ""
    table: Text = ""
    """draft, or the table that decides at that time."""


@dataclass(frozen=True)
class Shown:
    """A rehearsal as a page shows it."""

    rehearsal: Rehearsal
    fired: Line | None
    considered: list[tuple[Line, str]]
    """Every line of this topic and place down to the one that decided: why it did not, or FITTED."""
    candidates: list[tuple[Candidate, Staff, Any]]


@router.get("/try")
def show_rehearsal(
    request: WebRequest, session: DbSession, by: Dispatcher, now: Now, asked: Annotated[Asked, Query()]
) -> Response:
    """Show who would get such a case at this time and at 3 in the morning after it, and why."""
    context: dict[str, Any] = {**rehearsal_form(request, session, now), **of_all(session, now), "results": []}
    if not request.query_params:
        return admin_page(request, by, "rehearsal", context)
    context["values"] = asked.model_dump()
    done = tried(request, session, lambda: _rehearsed(request, session, asked))
    if isinstance(done, Refused):
        return admin_page(request, by, "rehearsal", context, refused=done)
    return admin_page(request, by, "rehearsal", context | done)


def rehearsal_form(request: WebRequest, session: Session, now: datetime) -> dict[str, Any]:
    """Return what the form offers, set to this moment."""
    values = Asked(at=f"{now.astimezone(ZONE):%Y-%m-%dT%H:%M}").model_dump()
    return {"values": values, **codes(), **places(request, session)}


def _rehearsed(request: WebRequest, session: Session, asked: Asked) -> dict[str, Any]:
    """Return the verdict on what was typed, and both rehearsals as the page shows them. Errors: InvalidFieldsError."""
    done = rehearse(session, _wish(session, asked))
    numbers = {one.known.table(one.asked.at).version.id for one in done.both}
    rows = {number: catalogue.lines_in(session, number) for number in numbers}
    results = [_shown(request, session, one, rows[one.known.table(one.asked.at).version.id]) for one in done.both]
    is_raised = done.grade != done.verdict.topic.grade
    return {"results": results, "verdict": done.verdict, "guesses": done.guesses, "is_raised": is_raised}


def _wish(session: Session, asked: Asked) -> Wish:
    """Return what was typed. Errors: InvalidFieldsError."""
    place = directory(session).areas.places.get(as_id(asked.area) or 0)
    return Wish(
        text=asked.text,
        category=asked.category,
        area=place.code if place else asked.area,
        channel=one_of(Channel, asked.channel, "channel"),
        focus_groups=[one_of(FocusGroup, group, "focus_groups") for group in asked.focus_groups],
        grade=one_of(Grade, asked.grade, "grade") if asked.grade else None,
        at=as_moment(asked.at, "at"),
        is_of_draft=asked.table == "draft",
    )


def _shown(request: WebRequest, session: Session, done: Rehearsal, rows: Any) -> Shown:  # noqa: ANN401  # Lines.
    """Return a rehearsal with its lines and people in the reader's language."""
    by_number = {line.rule.line: line for line in lines(request, rows, names(session))}
    decision, known = done.decision, done.known
    why = dict(decision.misfits) | dict(decision.passed_over)
    if decision.rule is not None:
        why[decision.rule.id] = FITTED
    table = known.table(done.asked.at)
    asked = [rule.id for rule in table.lines(done.asked.category_code, done.asked.area_id) if rule.id in why]
    people = [(c, known.people[c.person_id]) for c in dict.fromkeys(decision.candidates)]
    return Shown(
        done,
        by_number.get(decision.rule.id) if decision.rule else None,
        [(by_number[number], why[number]) for number in asked if number in by_number],
        [(c, person, known.areas.places.get(person.area_id)) for c, person in people],
    )
