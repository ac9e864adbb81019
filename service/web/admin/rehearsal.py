"""Who would get a case, now and at 3 in the morning, and why? The routing engine is asked without a case."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi import Request as WebRequest
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from service.assignments.queries import Matter, loads_for
from service.categories.suggesting import Suggestions, suggest
from service.clocks.queries import current_book
from service.errors import InvalidFieldsError
from service.intake.forms import Channel, FocusGroup, checked
from service.intake.rules import Verdict, judge
from service.routing import catalogue
from service.routing.choosing import Candidate
from service.routing.directory import Directory, Staff
from service.routing.queries import as_rule, directory
from service.routing.rules import Request, RoutingDecision, candidates_of, route
from service.timekeeping import ZONE
from service.web.admin.common import Refused, Text, admin_page, as_id, as_moment, one_of, tried
from service.web.admin.lines import Line, lines, names
from service.web.admin.rule_forms import codes, places
from service.web.admin.rules import Dispatcher, of_all
from service.web.deps import DbSession, Now
from sla_policies.policy import Grade

router = APIRouter(prefix="/rules")

PLEASE_CHOOSE = "Please choose one of the list."
NIGHT_HOUR = 3
NO_WORDS = "—"
"""Stands for a text where only a category was given: no word of danger is in it."""
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
class Rehearsal:
    """A decision that was not carried out, and what it was asked."""

    asked: Request
    decision: RoutingDecision
    known: Directory


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
    at = as_moment(asked.at, "at")
    known, numbered = _known(session, asked.table, at)
    verdict, guesses = _judged(session, asked, known, at)
    grade = one_of(Grade, asked.grade, "grade") if asked.grade else verdict.grade.grade
    groups = frozenset(asked.focus_groups)
    results = []
    for moment in (at, _night_after(at)):
        wanted = Request(verdict.topic.code, verdict.place.id, grade, moment, "zh", asked.channel, groups)
        held = loads_for(session, candidates_of(wanted, known), Matter(verdict.topic.id, verdict.place.id), moment)
        done = Rehearsal(wanted, route(wanted, known, held), known)
        results.append(_shown(request, session, done, numbered.get(known.table(moment).version.id, {})))
    return {"results": results, "verdict": verdict, "guesses": guesses, "is_raised": grade != verdict.topic.grade}


def _known(session: Session, table: str, at: datetime) -> tuple[Directory, Mapping[int, Any]]:
    """Return the directory, with the draft in the place of the table where that is wanted, and the rows of lines."""
    known, written = directory(session), catalogue.draft(session)
    if table == "draft" and written is not None:
        rows = catalogue.lines_in(session, written.id or 0)
        in_use = tuple(as_rule(row) for row in rows if row.is_active)
        return replace(known, rules=in_use, rules_version=written.id or 0, later=()), {written.id or 0: rows}
    versions = {known.table(moment).version.id for moment in (at, _night_after(at))}
    return known, {number: catalogue.lines_in(session, number) for number in versions}


def _judged(session: Session, asked: Asked, known: Directory, at: datetime) -> tuple[Verdict, Suggestions]:
    """Return what intake would make of it: place, topic and grade. Errors: InvalidFieldsError."""
    place = known.areas.places.get(as_id(asked.area) or 0)
    place = place if place is not None and place.is_active else None
    topic = known.catalogue.topics.get(asked.category)
    wrong = {} if place is not None or not asked.area else {"area": PLEASE_CHOOSE}
    if asked.category and topic is None:
        wrong["category"] = PLEASE_CHOOSE
    if not asked.text and not asked.category:
        wrong["text"] = "Please write what a resident would write, or choose a category."
    if not asked.text and not asked.area:
        wrong["area"] = PLEASE_CHOOSE
    if wrong:
        raise InvalidFieldsError(wrong)
    form = checked(
        {
            "text": asked.text or NO_WORDS,
            "category": asked.category or None,
            "area": place.code if place else None,
            "channel": one_of(Channel, asked.channel, "channel"),
            "focus_groups": [one_of(FocusGroup, group, "focus_groups") for group in asked.focus_groups],
        }
    )
    guesses = suggest(session, known.catalogue, known.model_id, title="", text=form.text)
    return judge(form, known, guesses, current_book(at), at), guesses


def _night_after(at: datetime) -> datetime:
    local = at.astimezone(ZONE)
    night = local.replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)
    return night if night > local else night + timedelta(days=1)


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
