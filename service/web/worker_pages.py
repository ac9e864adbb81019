"""What does the page of a case show? Facts gathered for its template."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import Request
from sqlmodel import Session

from service.accounts.tables import Person
from service.areas.details import DEPARTMENT, level_word
from service.areas.rules import DEPTH, AreaLevel, Place
from service.cases.ahead import course_from
from service.cases.rules import ENDED, Action, Actor, CaseStatus, Field, Move
from service.cases.tables import Case
from service.categories.questions import as_answers
from service.categories.rules import Topic
from service.commissions.queries import named_by_table
from service.commissions.queries import of_case as jobs_of_case
from service.commissions.rules import MAY_BE_GIVEN, MAY_GIVE
from service.escalations.cards import cards_of
from service.escalations.decisions import Choice, answerable, may_order, reach
from service.escalations.explaining import explanations
from service.escalations.queries import of_case
from service.handling import proposals
from service.handling.promises import newest_promised
from service.handling.proof import missing_evidence, offered_waiver
from service.handling.queries import CaseView, actors, masked_contact, view, why_routed
from service.handling.timeline import Happened
from service.orders.queries import of_case as orders_of_case
from service.parts.queries import of_case as parts_of_case
from service.parts.rules import progress
from service.routing.directory import Directory
from service.web import party_words
from service.web.alike_pages import HOW_LABELS, around
from service.web.both_sides import typed_in_words
from service.web.case_texts import with_texts
from service.web.catalogues import Language, gettext
from service.web.error_pages import problem_of
from service.web.explained import tell
from service.web.looked_at import colleagues
from service.web.parts_pages import may_call
from service.web.render import language_of
from service.web.why_here import why_here
from service.web.worker_forms import NOTHING_TRIED, REVEAL, MoveForm, Tried, forms_of, reveal_form

DONE_SENTENCES: Mapping[str, str] = {
    Action.ASSIGN: "The case is assigned. The worker has been told.",
    Action.ACCEPT: "You have signed for the case. It is in your hands now.",
    Action.CONTACT: "The contact is logged.",
    Action.REPLY: "Your reply is sent. The resident will be told.",
    Action.NOTE: "Your note stands in the case.",
    Action.ASK: "Your question is sent. The time for completion stands still until the resident answers.",
    Action.REQUEST_EXTENSION: "More time is asked for. A supervisor has been told and will decide.",
    Action.REQUEST_PARKING: "Parking is asked for. A supervisor has been told and will decide.",
    Action.PARK: "The case is parked. Its time stands still, and the resident will be told.",
    Action.REFUSE: "It is refused. The worker has been told why.",
    Action.RESUME: "The case is at work again, and its time runs.",
    Action.REGRADE: "The case has another grade. Its promises count from receipt.",
    Action.RECATEGORISE: "The case has another topic. Its grade and promises are those of that topic, from receipt on.",
    Action.RELOCATE: "The place is corrected. The promises are those of that place, from receipt on.",
    Action.WAIVE: "The case can be resolved without the photos. The worker has been told.",
    Action.EXTEND: "The case has more time now. The resident will be told why.",
    Action.RETURN: (
        "The case is returned. The duty desk has been told. Below “Why this desk?” you may propose another rule."
    ),
    Action.TRANSFER: "The case is with the other unit now, which has been told.",
    Action.REASSIGN: "The case is in other hands now. The new worker has been told.",
    Action.RESOLVE: "The case is resolved. The resident will be asked whether they were helped.",
    Action.REOPEN: "The case is open again, and its promises begin anew.",
    Action.CLOSE: "The case is closed.",
    "photos": "The photos are in the case.",
    "give": party_words.DONE_SENTENCES["give"],
    Action.DUPLICATE: "The case is joined to the other one. The resident will be told.",
    Action.SEPARATE: "The case is dealt with by itself again. The resident will be told.",
}

FROM_LISTS = (Field.PERSON, Field.UNIT, Field.CATEGORY, Field.AREA)
"""What is chosen from lists that only some pages carry."""


def case_facts(
    request: Request, session: Session, case: Case, person: Person, now: datetime, tried: Tried = NOTHING_TRIED
) -> dict[str, Any]:
    """Return everything that the page of a case shows to this person."""
    acting = actors(session, case, person)
    seen = view(session, case, acting)
    offered = _offered(session, seen, acting, tried, language_of(request))
    forms: list[MoveForm] = offered["forms"]
    taken = answerable(session, [(e, case) for e in of_case(session, case.id or 0)], seen.known)
    return {
        "view": seen,
        "case": case,
        **offered,
        "problem": problem_of(request, tried.error) if tried.error else None,
        "tried": tried,
        "meanwhile": changed_since(seen, tried.version) if tried.error else [],
        "yours": typed_in_words(tried, seen.known, language_of(request)) if tried.error else [],
        "contact": masked_contact(case),
        "revealed": None,
        "reveal_form": reveal_form(tried),
        "around": around(session, case, person),
        "how_labels": HOW_LABELS,
        "proposals": proposals.of_case(session, case.id or 0),
        **_together(session, case, person, seen, now),
        **_parties(session, case, acting),
        "routing": why_here(request, session, why_routed(session, case), seen.known),
        "escalations": taken,
        "colleagues": colleagues(case, person, seen.known),
        "card": cards_of(session, [case.id or 0]).get(case.id or 0, ""),
        "explained": [(one, tell(why, now, language_of(request))) for one, why in explanations(session, seen, now)],
        **_told_at_first(seen),
        "units": units_by_level(seen.known) if _asks(forms, "unit_id") or _asks(forms, "area_id") else [],
        "topics": topics_by_group(seen.known, case) if _asks(forms, "category") else [],
        "people": _people(session, case, person, seen.known, now) if _asks(forms, "person_id") else [],
        "switch_form": _switch_form(forms, tried),
        "path": f"/cases/{case.number}",
        "done": "",
        "evidence": _evidence(session, seen, language_of(request)),
        "moment": datetime.fromisoformat,
    }


def _offered(
    session: Session, seen: CaseView, acting: frozenset[Actor], tried: Tried, language: Language
) -> dict[str, Any]:
    """Return the forms of what may be done now, of what only after something else, and the course that leads there."""
    course, now = course_from(seen.case.status, acting), {move.action for move in seen.moves}
    every = [*forms_of(seen.moves, tried), *_forms_ahead(session, seen, course)]
    every = with_texts(session, every, seen.case, seen.known, language)
    return {
        "forms": [form for form in every if form.action in now],
        "ahead": [form for form in every if form.action not in now],
        "course": {at: {move.action: _then(move, at, course) for move in moves} for at, moves in course.items()},
    }


def _forms_ahead(session: Session, seen: CaseView, course: Mapping[CaseStatus, tuple[Move, ...]]) -> list[MoveForm]:
    """Return the forms of what may be done only after something else, for a page that is read without a line.

    What is chosen from a list of the whole installation is left out: such forms wait until the page is read anew.
    """
    known = {move.action for move in course[seen.case.status]}
    later = tuple(move for moves in course.values() for move in moves if move.action not in known)
    promised = newest_promised(session, [promise.row for promise in seen.promises])
    later = proposals.offered(session, seen.case, later, promised)
    later = offered_waiver(session, seen.case, seen.known, later)
    return [form for form in forms_of(later) if form.may_wait and not any(form.asks(name) for name in FROM_LISTS)]


def _then(move: Move, at: CaseStatus, course: Mapping[CaseStatus, object]) -> CaseStatus:
    """Return where the case stands after that; where it stands already, when the course does not say."""
    return move.to if move.to is not None and move.to in course else at


def _told_at_first(seen: CaseView) -> dict[str, Any]:
    """Return what was said when the case came in, and who took it down."""
    received = next((line for line in seen.timeline if line.what == "received"), None)
    return {
        "received": received.facts if received else {},
        "answers": as_answers(seen.case.answers),
        "taken_by": seen.known.people.get(seen.case.taken_by_id or 0),
    }


def _together(session: Session, case: Case, person: Person, seen: CaseView, now: datetime) -> dict[str, Any]:
    """Return what others are asked to do in the case: orders and parts, and whether this person may ask for more."""
    parts = parts_of_case(session, case.id or 0, person, seen.known, now)
    return {
        "orders": orders_of_case(session, case.id or 0, person, seen.known, now),
        "may_order": may_order(case, person, seen.known),
        "parts": parts,
        "progress": progress(row.part.state for row in parts),
        "may_call": may_call(case, person, session),
    }


def _parties(session: Session, case: Case, acting: frozenset[Actor]) -> dict[str, Any]:
    """Return the jobs of outside parties, and for whoever may give one whether that is possible, and to whom."""
    may = not MAY_GIVE.isdisjoint(acting) and case.status not in ENDED
    return {
        "jobs": jobs_of_case(session, case),
        "may_give": may and case.status in MAY_BE_GIVEN,
        "named_party": named_by_table(session, case) if may else None,
    }


def _evidence(session: Session, seen: CaseView, language: Language) -> str:
    """Return which photos are still missing before the case may be resolved."""
    sentence = missing_evidence(session, seen.case, seen.known)
    return gettext(language, sentence) if sentence else ""


def _switch_form(forms: list[MoveForm], tried: Tried) -> str:
    """Return the form that is sent with a change of language: the one that was tried, else that of a reply."""
    there = {form.action for form in forms if form.questions} | {REVEAL}
    return next((f"do-{name}" for name in (tried.action, str(Action.REPLY)) if name in there), "")


def _asks(forms: list[MoveForm], name: str) -> bool:
    return any(form.asks(name) for form in forms)


def _people(
    session: Session, case: Case, person: Person, known: Directory, now: datetime
) -> list[tuple[Place | None, list[Choice]]]:
    """Return who could take the case: those who fit best, then everybody by their place."""
    within = reach(session, person, known, now)
    return [(None, within.near(case)), *within.others(case)]


def units_by_level(known: Directory) -> list[tuple[str, list[Place]]]:
    """Return the units of the installation: the areas by level, from the top down, and the departments last."""
    places = sorted(known.areas.in_use, key=lambda p: p.code)
    words = [*sorted(AreaLevel, key=lambda one: DEPTH[one]), DEPARTMENT]
    return [(word, [p for p in places if level_word(p.level, is_department=p.is_department) == word]) for word in words]


def topics_by_group(known: Directory, case: Case) -> list[tuple[Topic, list[Topic]]]:
    """Return the other topics in use, each group with itself and what belongs to it."""
    groups = ((group, [group, *(topic for _, topic in below)]) for group, below in known.catalogue.groups)
    return [(group, [topic for topic in topics if topic.id != case.category_id]) for group, topics in groups]


def changed_since(seen: CaseView, version: int | None) -> list[Happened]:
    """Return what was done to the case after that version; each action of the lifecycle is one version further."""
    done = [line for line in seen.timeline if line.what in list(Action)]
    return done[version - 1 :] if version else []
