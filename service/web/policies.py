"""What does the service promise, how is its time counted, and why is this case due then?"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from service.clocks.explaining import calendar_texts, what_if
from service.clocks.queries import current_book, installed_books
from service.errors import InvalidFieldsError, ServiceError
from service.escalations.explaining import explanations
from service.handling.queries import actors, view
from service.routing.directory import Directory
from service.routing.queries import directory
from service.timekeeping import ZONE
from service.web.deps import DbSession, Now, maybe_person, product_now
from service.web.error_pages import problem_of
from service.web.explained import considered_said, tell
from service.web.policy_pages import desk_hours, facts_of_topic, policies_told, raises_told
from service.web.policy_words import KIND_SENTENCES, PAUSE_LABELS
from service.web.render import language_of, page
from service.web.topics import topics_by_group
from service.web.worker import CaseToRead, Working
from service.web.year_calendar import year_told
from sla_policies.policy import CaseFacts, Grade

router = APIRouter(include_in_schema=False, dependencies=[Depends(maybe_person), Depends(product_now)])
"""Every page knows who reads it, if somebody is signed in, and says so when time is simulated."""

WHOLE_TABLE_ROWS = 400
YEARS_AHEAD = 5
"""How far beyond the last published year somebody may ask what would be due."""
LONGEST_TYPED = 40


class Asked(BaseModel):
    """What somebody asks of the promises, as it was typed."""

    topic: str = ""
    grade: str = ""
    day: str = ""
    time: str = ""

    @property
    def is_empty(self) -> bool:
        """Was nothing asked yet?"""
        return not any((self.topic, self.grade, self.day, self.time))


@dataclass(frozen=True)
class Question:
    """What is asked, once it is understood."""

    facts: CaseFacts
    at: datetime


@router.get("/promises")
def show_promises(request: Request, session: DbSession, now: Now) -> Response:
    """Show the policy in force in plain words."""
    book, language = current_book(now), language_of(request)
    desks = calendar_texts(book).desks.values()
    about: Mapping[str, Any] = {
        "book": book,
        "policies": policies_told(book, directory(session), language),
        "raises": raises_told(book, language),
        "desks": [(desk, desk_hours(desk, language)) for desk in desks],
        "kinds": KIND_SENTENCES,
        "pauses": PAUSE_LABELS,
        "year": now.astimezone(ZONE).year,
        "coming": [later for later in installed_books() if later.effective_from > now.astimezone(ZONE).date()],
    }
    return page(request, "policies/promises.html", about)


@router.get("/promises/calendar/{year}")
def show_year(request: Request, now: Now, year: str) -> Response:
    """Show a year with its days off and its make-up working days."""
    told = year_told(calendar_texts(current_book(now)), year, language_of(request))
    return page(request, "policies/year.html", {"told": told})


@router.get("/promises/due")
def show_what_if(request: Request, session: DbSession, now: Now, asked: Annotated[Asked, Query()]) -> Response:
    """Show when a request would be due that came in at a given time, and why."""
    known, error, facts = directory(session), None, {}
    try:
        facts = {} if asked.is_empty else _answer(request, _understood(asked, known, now), now)
    except ServiceError as why:
        error = problem_of(request, why)
    there = now.astimezone(ZONE)
    about = {
        "asked": Asked(day=f"{there:%Y-%m-%d}", time=f"{there:%H:%M}") if asked.is_empty else asked,
        "errors": error.fields if error else {},
        "topics": topics_by_group(known.catalogue, language_of(request)),
        "grades": list(Grade),
        "answers": [],
        "question": None,
        "considered_lines": [],
    }
    return page(request, "policies/due.html", about | facts, status=error.status if error else 200)


@router.get("/cases/{number}/clock")
def show_clock(request: Request, session: DbSession, person: Working, now: Now, case: CaseToRead) -> Response:
    """Show how every promise of a case was counted, day by day."""
    seen = view(session, case, actors(session, case, person))
    told = explanations(session, seen, now, most_rows=WHOLE_TABLE_ROWS)
    language = language_of(request)
    about = {"case": case, "explained": [(one, tell(why, now, language)) for one, why in told]}
    return page(request, "policies/clock.html", about)


def _answer(request: Request, question: Question, now: datetime) -> dict[str, Any]:
    choice, found = what_if(question.facts, question.at)
    answers = [(why, tell(why, now, language_of(request))) for why in found]
    considered = considered_said(choice.considered, language_of(request))
    return {"answers": answers, "question": question, "considered_lines": considered}


def _understood(asked: Asked, known: Directory, now: datetime) -> Question:
    """Return what is asked. Errors: InvalidFieldsError with a sentence for each field that cannot be understood."""
    wrong: dict[str, str] = {}
    topic = known.catalogue.topics.get(asked.topic)
    if asked.topic and (topic is None or not topic.is_active):
        wrong["topic"] = "We do not know this topic. Please choose one from the list."
    if asked.grade and asked.grade not in list(Grade):
        wrong["grade"] = "Please choose one of the answers offered."
    if not asked.topic and not asked.grade:
        wrong["topic"] = "Please choose a topic or a grade."
    years = calendar_texts(current_book(now)).years
    first, last = min(years), max(years) + YEARS_AHEAD
    day = _day(asked.day)
    if day is None:
        wrong["day"] = "Please give a day such as 2026-11-23."
    elif not first <= day.year <= last:
        wrong["day"] = "Please give a day from {first} to {last}: for other years we have no calendar."
    moment = _time(asked.time)
    if moment is None:
        wrong["time"] = "Please give a time such as 14:30."
    if wrong or day is None or moment is None:
        raise InvalidFieldsError(wrong, first=first, last=last)
    grade = Grade(asked.grade) if asked.grade else topic.grade if topic else Grade.G3
    at = datetime.combine(day, moment, ZONE).astimezone(UTC)
    return Question(facts_of_topic(topic.code if topic else "", grade, known, at), at)


def _day(typed: str) -> date | None:
    """Return a day as people write it: 2026-11-23, 2026/11/23, 2026年11月23日, also in full-width digits."""
    plain = (
        unicodedata.normalize("NFKC", typed[:LONGEST_TYPED]).strip().translate(str.maketrans("年月/.", "----", "日"))
    )
    try:
        year, month, day = (int(part) for part in plain.split("-"))
        return date(year, month, day)
    except ValueError:
        return None


def _time(typed: str) -> time | None:
    """Return a time of day as people write it: 14:30, 9:05, also in full-width signs."""
    plain = unicodedata.normalize("NFKC", typed[:LONGEST_TYPED]).strip()
    try:
        hour, minute = (int(part) for part in plain.split(":")[:2])
        return time(hour, minute)
    except ValueError:
        return None
