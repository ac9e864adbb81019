"""How do the supervisor's pages come about? What their forms send, and what their templates are given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlmodel import Session

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.areas.rules import AreaLevel, Place
from service.cases.rules import Action, moves_from
from service.cases.tables import Case
from service.errors import InvalidFieldsError, ServiceError
from service.escalations.cards import cards_of
from service.escalations.decisions import Decision, answerable, by_case, decisions, escalation_of, may_order, reach
from service.escalations.lists import SOON, Where, cases_listed, unanswered_listed
from service.escalations.rules import Which
from service.handling import proposals
from service.handling.promises import resolve_clocks
from service.handling.tables import Proposal
from service.orders.queries import OrderTab, OrderView
from service.orders.queries import listed as orders_listed
from service.parts.queries import PartTab, PartView
from service.parts.queries import listed as parts_listed
from service.routing.directory import Directory, Staff
from service.routing.queries import directory
from service.routing.standing import acting_as
from service.web.board_asked import BOARD
from service.web.error_pages import problem_of
from service.web.refused import page_with
from service.web.sign_in import own_page

MOST_DIGITS = 9
ASKED_FOR: Mapping[Action, tuple[str, ...]] = {
    Action.NOTE: ("text",),
    Action.EXTEND: ("days", "reason"),
    Action.PARK: ("until", "reason"),
    Action.REFUSE: ("reason",),
}
"""What each decision is told, where it is not a person."""
LIST_LABELS: Mapping[Which, str] = {
    Which.BREACHED: "Overdue",
    Which.SOON: "Running out within 2 hours",
    Which.UNACKNOWLEDGED: "To be acknowledged",
    Which.UNASSIGNED: "To be assigned",
    Which.OPEN: "Open cases",
}


BACK_DAYS = (1, 3, 7)
"""So far the morning brief may look back: a night, a weekend, a week."""


class Answers(BaseModel):
    """What a decision's form sends; it is checked where it is done."""

    person_id: str = ""
    days: str = ""
    until: str = ""
    reason: str = ""
    text: str = ""
    version: str = ""
    next: str = ""
    lang: str = ""
    size: str = ""
    """Which button was pressed to read the form otherwise; nothing is done then."""
    was_refused: str = ""

    def given(self, action: Action) -> dict[str, str]:
        """Return the answers of that action."""
        return {name: getattr(self, name) for name in ASKED_FOR.get(action, ("person_id", "text"))}

    def seen_version(self) -> int | None:
        """Return the version of the case that the reader saw; a message is welcome at any version."""
        is_number = self.version.isascii() and self.version.isdecimal() and len(self.version) <= MOST_DIGITS
        return int(self.version) if is_number else None


@dataclass(frozen=True)
class Tried:
    """What was typed into a form, for which action, and why it was refused, if it was."""

    answers: Answers = field(default_factory=Answers)
    action: str = ""
    error: ServiceError | None = None


def common(person: Person, known: Directory) -> dict[str, Any]:
    """Return what every page here shows."""
    return {
        "place": known.areas.places[person.area_id],
        "ground": known.areas.ground_of(person.area_id),
        "soon_within": SOON,
        "labels": LIST_LABELS,
        "lists": Which,
    }


def listed(
    session: Session,
    person: Person,
    known: Directory,
    now: datetime,
    which: Which,
    where: Where | None,
    cursor: str,
) -> dict[str, Any]:
    """Return one page of a list, of escalations or of cases, for its template."""
    if which is Which.UNACKNOWLEDGED:
        waiting = unanswered_listed(session, person, where=where, cursor=cursor)
        return {"which": which, "listed": waiting, "rows": by_case(answerable(session, waiting.rows, known))}
    cases = cases_listed(session, person, which, now, where=where, cursor=cursor)
    rows = decisions(session, cases.rows, reach(session, person, known, now))
    return {"which": which, "listed": cases, "rows": rows}


def areas(person: Person, known: Directory) -> list[Place]:
    """Return the sub-districts and communities on whose ground a person works, in the order of their codes."""
    ground = known.areas.ground_of(person.area_id)
    mine = [p for p in known.areas.grounds if known.areas.covers(ground.id, p.id)]
    return [p for p in mine if p.level in (AreaLevel.SUBDISTRICT, AreaLevel.COMMUNITY)]


def orders_on_board(session: Session, person: Person, known: Directory, now: datetime) -> list[OrderView]:
    """Return the orders that want a supervisor: answers to judge, and what is late elsewhere."""
    lists = orders_listed(session, person, known, now)
    own = lists[OrderTab.TO_JUDGE] + lists[OrderTab.TO_ANSWER]
    return own + [view for view in lists[OrderTab.RUNNING] if view.is_late(now)]


def parts_on_board(session: Session, person: Person, known: Directory, now: datetime) -> list[PartView]:
    """Return the parts that want a supervisor: what is to be done or scored, and what is late elsewhere."""
    lists = parts_listed(session, person, known, now)
    own = lists[PartTab.TO_DO] + [view for view in lists[PartTab.CALLED] if view.is_late(now)]
    return own + lists[PartTab.TO_SCORE]


@dataclass(frozen=True)
class Proposed:
    """What a desk asked, with what granting it would change."""

    asked: Proposal
    case: Case
    place: Place | None
    worker: Staff | None
    by: Staff | None
    effect: proposals.Effect
    hindrance: str
    """Why it cannot be granted as it was asked: a sentence's id."""
    facts: Mapping[str, Any]
    may_grant: bool
    card: str
    """The gravest card that lies on the case."""


def proposed(
    session: Session, waiting: list[tuple[Proposal, Case]], person: Person, known: Directory, now: datetime
) -> list[Proposed]:
    """Return proposals as the board shows them."""
    found = []
    case_ids = [case.id or 0 for _, case in waiting]
    promised, cards = resolve_clocks(session, case_ids), cards_of(session, case_ids)
    for asked, case in waiting:
        effect = proposals.effect_of(asked, promised[case.id or 0], now)
        offered = {move.action for move in moves_from(case.status, acting_as(person, case, known))}
        if Action.REFUSE in offered:
            why = effect.hindrance
            sentence = next(iter(why.fields.values())) if isinstance(why, InvalidFieldsError) else why and why.sentence
            found.append(
                Proposed(
                    asked=asked,
                    case=case,
                    place=known.areas.places.get(case.area_id),
                    worker=known.people.get(case.assignee_id or 0),
                    by=known.people.get(asked.asked_by_id or 0),
                    effect=effect,
                    hindrance=sentence or "",
                    facts=why.facts if why else {},
                    may_grant=why is None and (not effect.needs_district or person.role is Role.DISTRICT),
                    card=cards.get(case.id or 0, ""),
                )
            )
    return found


def decision_page(
    request: Request, session: Session, case: Case, person: Person, now: datetime, tried: Tried
) -> Response:
    """Render what can be decided about one case."""
    known = directory(session)
    within = reach(session, person, known, now)
    asked = proposals.waiting(session, case.id or 0)
    row = decisions(session, [case], within)[0]
    told = next(iter(proposed(session, [(asked, case)], person, known, now)), None) if asked else None
    facts = {
        "row": row,
        "others": within.others(case),
        "asked": told,
        "switch_form": _switch_form(row, told, tried),
        "path": f"{BOARD}/cases/{case.number}?{urlencode({'next': own_page(tried.answers.next, BOARD)})}",
    }
    return _form(request, "supervisor/decide.html", facts | common(person, known), tried)


def _switch_form(row: Decision, told: Proposed | None, tried: Tried) -> str:
    """Return the form that is sent with a change of language: the one that was tried, else that which hands over."""
    offered = {
        row.hand_over: row.hand_over is not None,
        Action.NOTE: row.may_write,
        Action.REFUSE: told is not None,
        str(told.asked.kind) if told else None: told is not None and told.may_grant,
    }
    name = tried.action or row.hand_over
    return f"do-{name}" if offered.get(name) else ""


def escalation_page(request: Request, session: Session, escalation_id: int, person: Person, tried: Tried) -> Response:
    """Render one escalation. Errors: NotFoundError."""
    known = directory(session)
    row = answerable(session, [escalation_of(session, escalation_id, person)], known)[0]
    is_waiting = row.escalation.needs_acknowledgement and not row.escalation.acknowledged_at
    facts: dict[str, Any] = {"row": row, "answered_by": known.people.get(row.escalation.acknowledged_by_id or 0)}
    facts |= {"switch_form": "do-acknowledge" if is_waiting else "", "path": f"/escalations/{escalation_id}"}
    facts["may_order"] = may_order(row.case, person, known)
    return _form(request, "supervisor/escalation.html", facts | common(person, known), tried)


def _form(request: Request, template: str, facts: Mapping[str, Any], tried: Tried) -> Response:
    """Render a form: what is wrong on top and beside its field, and everything typed."""
    problem = problem_of(request, tried.error) if tried.error else None
    answers = tried.answers
    shown = {"tried": tried.action, "typed": answers, "problem": problem, "next": own_page(answers.next, BOARD)}
    return page_with(request, template, {**facts, **shown}, problem)
