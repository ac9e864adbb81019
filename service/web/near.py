"""What is a resident shown whose neighbours have told the same before, and how do they join it?

Of the other request only topic, area, week, how it stands and how many asked for it are shown: no words, no number,
no name. What is offered is looked for anew when the answer comes, so that nobody joins what was not offered to them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from fastapi import Request
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts.limits import limit, record_failure
from service.areas.rules import AreaLevel, Place
from service.cases.queries import by_number
from service.cases.rules import AT_DESK, ENDED, PENDING, Action, Actor, CaseStatus
from service.cases.tables import Case
from service.categories.rules import Topic
from service.categories.suggesting import suggest
from service.duplicates.queries import Matter, alike
from service.duplicates.rules import How, Point
from service.errors import ServiceError, TooManyTriesError
from service.handling.actions import Doer, act
from service.handling.joining import joined_to
from service.handling.queries import PromiseView, promises
from service.intake.actions import was_answered
from service.intake.forms import RequestForm
from service.intake.rules import Receipt, place_of, topic_of
from service.outbox.actions import drop_waiting
from service.outbox.reasons import Reason
from service.routing.directory import Directory
from service.routing.queries import directory
from service.secrecy import signature
from service.web.deps import client_address, real_now
from service.web.render import page

log = structlog.get_logger("near")
OWN = "own"
"""Answered: mine is a different matter."""
NOT_CARRIED = frozenset({"join", "was_near", "lang", "size", "was_refused", "homepage", "csrf", "back"})
MOST_OFFERED = 3
MOST_LOOKS, LOOKS_WITHIN = 60, timedelta(hours=1)
"""One address may stand for a whole building; whoever looks more often wants to know what others wrote."""
SENDER = Doer(frozenset({Actor.SENDER}))
WEEK = timedelta(days=7)
STANDS_LABELS: Mapping[str, str] = {
    "waiting": "It has come in and waits for a worker to sign for it.",
    "at_work": "A worker is dealing with it.",
    "parked": "It is put on hold and goes on later.",
}
"""How the other request stands, as far as it concerns a neighbour."""


@dataclass(frozen=True)
class Offer:
    """One request of somebody near, as a stranger may see it."""

    ref: str
    """What the form says to join it: good for this one form only."""
    case: Case
    topic: Topic
    place: Place
    weeks: int
    """Full weeks since it was told."""
    stands: str
    people: int


def offers(session: Session, form: RequestForm, key: str, now: datetime) -> list[Offer]:
    """Return what neighbours have told that is likely the same and still open; nothing for a form sent before.

    Errors: those of finding place and topic, as when the request is taken in.
    """
    if key and was_answered(session, key, now):
        return []
    known = directory(session)
    guesses = suggest(session, known.catalogue, known.model_id, title=form.title or "", text=form.text)
    at = form.location.wgs84() if form.location else None
    what = Matter(
        title=form.headline(),
        text=form.text,
        topic=topic_of(form, known, guesses)[0],
        area_id=place_of(form, known).id,
        at=now,
        point=Point(*at) if at else None,
    )
    found = (one.case for one in alike(session, known, what, most=2 * MOST_OFFERED) if one.how is How.LIKELY)
    each = [_offer(session, case, key, known, now) for case in found if case.status not in ENDED]
    return _told_apart(each)[:MOST_OFFERED]


def may_look(session: Session, request: Request) -> bool:
    """May this address look once more at what neighbours have told? Each look counts against a limit.

    Beyond it the request is taken in all the same, and nothing is shown.
    """
    subject = f"near:{client_address(request)}"
    try:
        limit(session, subject, most=MOST_LOOKS, within=LOOKS_WITHIN, now=real_now())
    except TooManyTriesError:
        return False
    record_failure(session, subject, now=real_now())
    return True


def ask(request: Request, found: Sequence[Offer], fields: Mapping[str, Any]) -> Response:
    """Ask whether one of these is meant, everything typed carried along."""
    carried = [
        (name, str(one))
        for name, value in fields.items()
        if name not in NOT_CARRIED
        for one in (value if isinstance(value, list) else [value])
        if one != ""
    ]
    facts = {"offers": found, "carried": carried, "own": OWN, "stands": STANDS_LABELS, "switch_form": "tell"}
    return page(request, "resident/near.html", facts)


def is_asked(found: Sequence[Offer], answer: str) -> bool:
    """Is there something to ask still? Not where the answer names one of these, or none of them."""
    return bool(found) and answer != OWN and answer not in {one.ref for one in found}


def join_offered(session: Session, receipt: Receipt, found: Sequence[Offer], answer: str, now: datetime) -> None:
    """Join the request just taken in to the one that was chosen; it stays by itself where that has just ended."""
    chosen = next((one.case for one in found if one.ref == answer), None)
    case = by_number(session, receipt.number) if chosen is not None else None
    if chosen is None or case is None or case.status is CaseStatus.DUPLICATE:
        return
    try:
        with session.begin_nested():
            act(session, case.id or 0, Action.DUPLICATE, {"number": chosen.number}, by=SENDER, now=now)
            drop_waiting(session, case.id or 0, "assigned", Reason.JOINED)
    except ServiceError as why:
        log.info("not joined", case=case.number, why=why.code)


@dataclass(frozen=True)
class Together:
    """How the case stands with which another one is dealt with, as far as it concerns everybody."""

    status: CaseStatus
    desk: Place
    next_due: PromiseView | None
    people: int


def together(session: Session, case: Case, known: Directory) -> Together | None:
    """Return how the case stands that this one was joined to; None: it was not."""
    lead = session.get(Case, case.duplicate_of_id) if case.duplicate_of_id is not None else None
    if lead is None:
        return None
    due = [one for one in promises(session, lead) if one.row.due_at == lead.due_at and lead.due_at is not None]
    return Together(
        status=lead.status,
        desk=known.areas.places[lead.unit_id],
        next_due=due[0] if due else None,
        people=1 + len(joined_to(session, lead.id or 0)),
    )


def _told_apart(each: Sequence[Offer]) -> list[Offer]:
    """Return one offer for what a stranger cannot tell apart, the surest, with everybody who asked for any of them."""
    found: dict[tuple[int, int], Offer] = {}
    for one in each:
        like = (one.topic.id, one.place.id)
        before = found.get(like)
        found[like] = replace(before, people=before.people + one.people) if before else one
    return list(found.values())


def _offer(session: Session, case: Case, key: str, known: Directory, now: datetime) -> Offer:
    stands = "at_work"
    if case.status in PENDING | AT_DESK:
        stands = "waiting"
    elif case.status is CaseStatus.PARKED:
        stands = "parked"
    return Offer(
        ref=signature(f"join:{case.number}:{key}").hex()[:16],
        case=case,
        topic=known.topics_by_id[case.category_id],
        place=known.areas.at_level(case.area_id, AreaLevel.COMMUNITY),
        weeks=max(now - case.received_at, timedelta(0)) // WEEK,
        stands=stands,
        people=1 + len(joined_to(session, case.id or 0)),
    )
