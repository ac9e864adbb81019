"""Who would get a case, now and at 3 in the morning, and why? Intake and routing are asked; nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session

from service.assignments.queries import Matter, loads_for
from service.categories.suggesting import Suggestions, suggest
from service.clocks.queries import current_book
from service.errors import InvalidFieldsError
from service.intake.forms import Channel, FocusGroup, checked
from service.intake.rules import Verdict, judge
from service.routing import catalogue
from service.routing.actions import NoDraftError
from service.routing.directory import Directory
from service.routing.queries import as_rule, directory
from service.routing.rules import Request, RoutingDecision, candidates_of, route
from service.timekeeping import ZONE
from sla_policies.policy import Grade

NIGHT_HOUR = 3
NO_WORDS = "—"
"""Stands for a text where only a category was given: no word of danger is in it."""
PLEASE_CHOOSE = "Please choose one of the list."


@dataclass(frozen=True)
class Wish:
    """A case that nobody sent: words, or a category and a place."""

    text: str
    category: str
    """Its code or name; empty: it is guessed from the words."""
    area: str
    """The code or the name of an area; empty: it is looked for in the words."""
    channel: Channel
    focus_groups: Sequence[FocusGroup]
    grade: Grade | None
    """None: the one that intake gives it."""
    at: datetime
    is_of_draft: bool = False
    """Against the draft of the dispatch table instead of the version that decides then."""


@dataclass(frozen=True)
class Rehearsal:
    """A decision that was not carried out, and what it was asked."""

    asked: Request
    decision: RoutingDecision
    known: Directory


@dataclass(frozen=True)
class Rehearsed:
    """What intake would make of a wish, and who would get it: at its time, and at 3 in the morning after it."""

    verdict: Verdict
    guesses: Suggestions
    grade: Grade
    both: tuple[Rehearsal, Rehearsal]


def rehearse(session: Session, wish: Wish) -> Rehearsed:
    """Go the way of intake up to the decision, for both moments.

    Errors: InvalidFieldsError, NotTakenHereError, NoDraftError.
    """
    known = _known(session, is_of_draft=wish.is_of_draft)
    verdict, guesses = _judged(session, wish, known)
    grade = wish.grade or verdict.grade.grade
    groups, matter = frozenset(wish.focus_groups), Matter(verdict.topic.id, verdict.place.id)

    def at(moment: datetime) -> Rehearsal:
        asked = Request(verdict.topic.code, verdict.place.id, grade, moment, "zh", wish.channel, groups)
        held = loads_for(session, candidates_of(asked, known), matter, moment)
        return Rehearsal(asked, route(asked, known, held), known)

    return Rehearsed(verdict, guesses, grade, (at(wish.at), at(night_after(wish.at))))


def night_after(at: datetime) -> datetime:
    """Return the next 3 in the morning after a moment."""
    local = at.astimezone(ZONE)
    night = local.replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)
    return night if night > local else night + timedelta(days=1)


def _known(session: Session, *, is_of_draft: bool) -> Directory:
    """Return the directory, with the draft in the place of the table where that is wanted. Errors: NoDraftError."""
    known = directory(session)
    if not is_of_draft:
        return known
    draft = catalogue.draft(session)
    if draft is None:
        raise NoDraftError(yours=0, current=0)
    rows = catalogue.lines_in(session, draft.id or 0)
    in_use = tuple(as_rule(row) for row in rows if row.is_active)
    return replace(known, rules=in_use, rules_version=draft.id or 0, later=())


def _judged(session: Session, wish: Wish, known: Directory) -> tuple[Verdict, Suggestions]:
    wrong = {}
    if not wish.text and not wish.category:
        wrong["text"] = "Please write what a resident would write, or choose a category."
    if not wish.text and not wish.area:
        wrong["area"] = PLEASE_CHOOSE
    if wrong:
        raise InvalidFieldsError(wrong)
    form = checked(
        {
            "text": wish.text or NO_WORDS,
            "category": wish.category or None,
            "area": wish.area or None,
            "channel": wish.channel,
            "focus_groups": list(wish.focus_groups),
        }
    )
    guesses = suggest(session, known.catalogue, known.model_id, title="", text=form.text)
    return judge(form, known, guesses, current_book(wish.at), wish.at), guesses
