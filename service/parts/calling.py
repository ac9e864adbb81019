"""How are other desks called to help: one by one, or several at once by a whistle? Who there gets it, and by when?"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from service.accounts.tables import Person
from service.assignments.queries import Matter, loads_for
from service.cases.actions import lock
from service.cases.tables import Case
from service.clocks.inside import begin
from service.clocks.queries import current_book
from service.errors import InvalidFieldsError, NotAllowedError
from service.intake.forms import clean
from service.orders.rules import answerers, checked_hours, checked_text
from service.parts.actions import inform, keep, may_be_called, wakes_for
from service.parts.asked import Target, checked_minutes, checked_place, checked_reason, target_of
from service.parts.queries import between, carried
from service.parts.rules import MOST_PARTS, OPEN, CallForbiddenError, NoPartsError, leads
from service.parts.tables import Part, Whistle
from service.routing.choosing import NO_LOAD, Load
from service.routing.directory import Directory
from service.routing.queries import directory
from service.routing.rules import Request, candidates_of, route_among, team_of
from service.routing.standing import acting_as
from sla_policies.policy import Metric, PolicyBook, SlaPolicy

MINUTES = 60


@dataclass(frozen=True)
class Ask:
    """What a form or a program asks of one desk; each thing is checked where it is needed."""

    to: str = ""
    """`unit:7`, `role:7:triage` or `person:12`."""
    text: str = ""
    hours: object = ""


@dataclass(frozen=True)
class Blow:
    """A whistle as a form or a program sends it."""

    reason: str = ""
    place: str = ""
    minutes: object = ""
    """Within which to report in."""
    text: str = ""
    hours: object = ""
    to: Sequence[str] = ()


@dataclass
class _Call:
    """One call under way."""

    session: Session
    case: Case
    by: Person
    now: datetime
    known: Directory
    from_book: PolicyBook
    policy: SlaPolicy
    whistle: Whistle | None = None


def usual_hours(now: datetime) -> int:
    """Return the term to do a part that is offered. Errors: NoPartsError."""
    return _policy(current_book(now)).targets[Metric.PART].budget.amount // MINUTES


def ask(session: Session, case_id: int, asks: Sequence[Ask], *, by: Person, now: datetime) -> list[Part]:
    """Ask other desks for help with a case, each for its own part: all of them, or where one cannot be asked none.

    Errors: NotFoundError, NotAllowedError, CallForbiddenError, InvalidFieldsError, NoPartsError.
    """
    call = _begin(session, case_id, by, now)
    targets = _targets(call, [one.to for one in asks])
    terms = [(checked_text(clean(one.text)), checked_hours(one.hours)) for one in asks]
    return [_add(call, target, *term) for target, term in zip(targets, terms, strict=True)]


def blow(session: Session, case_id: int, given: Blow, *, by: Person, now: datetime) -> Whistle:
    """Blow a whistle: several desks are called together on a case, and report in at a place within a time.

    Errors: as of `ask`.
    """
    call = _begin(session, case_id, by, now)
    targets = _targets(call, given.to)
    text, hours = checked_text(clean(given.text)), checked_hours(given.hours)
    call.whistle = Whistle(
        case_id=case_id,
        reason=checked_reason(given.reason),
        place=checked_place(clean(given.place)),
        minutes=checked_minutes(given.minutes),
        called_by_id=by.id or 0,
        called_at=now,
    )
    session.add(call.whistle)
    session.flush()
    for target in targets:
        _add(call, target, text, hours)
    return call.whistle


def _begin(session: Session, case_id: int, by: Person, now: datetime) -> _Call:
    """Lock the case, for somebody who may call others to it now."""
    case, known, from_book = lock(session, case_id), directory(session), current_book(now)
    if not leads(acting_as(by, case, known)):
        raise NotAllowedError
    if not may_be_called(case):
        raise CallForbiddenError
    return _Call(session, case, by, now, known, from_book, _policy(from_book))


def _targets(call: _Call, given: Sequence[str]) -> list[Target]:
    """Return who is called: somebody, nobody twice, not too many, and not the holder of the case."""
    if not given:
        raise InvalidFieldsError({"to": "Please choose at least one."})
    targets = [target_of(raw, call.known, but=[call.case.assignee_id or 0]) for raw in given]
    is_open = (col(Part.case_id) == call.case.id, col(Part.state).in_(OPEN))
    there = call.session.scalar(sa.select(sa.func.count()).select_from(Part).where(*is_open)) or 0
    if len(set(given)) < len(given):
        raise InvalidFieldsError({"to": "Please choose nobody twice."})
    if there + len(given) > MOST_PARTS:
        raise InvalidFieldsError({"to": "At most 12 desks can help with a case at once."})
    return targets


def _add(call: _Call, target: Target, text: str, hours: int) -> Part:
    case, now, whistle = call.case, call.now, call.whistle
    within = whistle.minutes if whistle else None
    clock = begin(call.session, case, (call.policy, Metric.REPORT_IN), call.from_book, within, now)
    assert clock.due_at is not None  # noqa: S101  # It has just begun, day and night.
    part = Part(
        case_id=case.id or 0,
        whistle_id=whistle.id if whistle else None,
        clock_id=clock.id or 0,
        text=text,
        minutes=hours * MINUTES,
        unit_id=target.unit.id,
        person_id=target.person.id if target.person else _chosen(call, target),
        asked_by_id=call.by.id or 0,
        asked_at=now,
        report_by=clock.due_at,
    )
    call.session.add(part)
    call.session.flush()
    what = "part_whistled" if whistle else "part_asked"
    keep(call.session, part, case, what, text, by=call.by, now=now)
    told = answerers(between(part), call.known, now)
    inform(call.session, part, case, what, told, now, due_at=part.report_by, wakes=wakes_for(case, whistle))
    return part


def _chosen(call: _Call, target: Target) -> int | None:
    """Return who of a unit gets a part, by the rules that choose who gets a case; open parts count as held."""
    case, known, now = call.case, call.known, call.now
    asked = Request("", target.unit.id, case.grade, now, case.language, case.channel, frozenset(case.focus_groups))
    candidates = candidates_of(asked, known)
    matter = Matter(case.category_id, case.area_id, case.address, case.phone_index, case.id or 0)
    held, helping = loads_for(call.session, candidates, matter, now), carried(call.session, candidates)
    loads = {i: _with(held.get(i, NO_LOAD), helping.get(i, 0)) for i in candidates}
    people = known.staff(target.unit.id, target.role) if target.role else team_of(target.unit, known)
    people = tuple(person for person in people if person.id != case.assignee_id)
    chosen = route_among(asked, known, loads, target.unit, people).person
    return chosen.id if chosen and chosen.id != case.assignee_id else None


def _with(load: Load, parts: int) -> Load:
    return replace(load, open_cases=load.open_cases + parts)


def _policy(from_book: PolicyBook) -> SlaPolicy:
    if from_book.parts is None:
        raise NoPartsError
    return from_book.parts
