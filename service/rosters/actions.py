"""How is the weekly roster written, and who stands in while somebody is away?"""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.queries import duty_hours, duty_rows, lies_within, person_by_id
from service.accounts.rules import AbsenceKind, Away, DutyHours, Role, may_plan
from service.accounts.tables import Absence, Duty, Person
from service.audit.actions import record
from service.audit.changes import Changes, locked
from service.audit.rules import Entry
from service.errors import InvalidFieldsError, NotAllowedError, NotFoundError
from service.rosters.rules import PLANNED_AHEAD, closes_a_circle, overlap

REASON_MOST = 100


def add_duties(session: Session, person: Person, duties: Collection[DutyHours], *, by: Person, now: datetime) -> None:
    """Add weekly duties, all or none. Errors: NotAllowedError, InvalidFieldsError."""
    person = planned(session, person, by)
    if not duties:
        raise InvalidFieldsError({"weekdays": "Please choose at least one day."})
    known = [duty_hours(row) for row in duty_rows(session, person.id or 0)]
    for duty in duties:
        if any(overlap(duty, other) for other in known):
            raise InvalidFieldsError({"starts": "These hours overlap with a duty that is there already."})
        known.append(duty)

    for duty in duties:
        session.add(Duty(person_id=person.id or 0, **vars(duty)))
    session.flush()
    entries = [entry(person, "duty.added", {"duty": [None, as_fact(duty)]}, by, now) for duty in duties]
    record(session, *entries)


def remove_duty(session: Session, person: Person, duty_id: int, *, by: Person, now: datetime) -> None:
    """Remove one weekly duty. Errors: NotAllowedError, NotFoundError."""
    person = planned(session, person, by)
    duty = session.get(Duty, duty_id)
    if duty is None or duty.person_id != person.id:
        raise NotFoundError
    fact = as_fact(duty_hours(duty))
    session.delete(duty)
    session.flush()
    record(session, entry(person, "duty.removed", {"duty": [fact, None]}, by, now))


def add_absence(session: Session, person: Person, absence: Absence, *, by: Person, now: datetime) -> None:
    """Write down that somebody is away, and who stands in; everybody may report their own.

    Errors: NotAllowedError, InvalidFieldsError.
    """
    person = planned(session, person, by, or_own=True)
    _check_absence(session, person, absence, now)
    session.add(absence)
    session.flush()
    record(session, entry(person, "absence.added", {"absence": [None, away_fact(absence)]}, by, now))


def end_absence(session: Session, person: Person, absence_id: int, *, by: Person, now: datetime) -> None:
    """Take an absence back, or end it now when it has begun; everybody may do so with their own.

    Errors: NotAllowedError, NotFoundError.
    """
    person = planned(session, person, by, or_own=True)
    absence = session.get(Absence, absence_id)
    if absence is None or absence.person_id != person.id or absence.ends_at <= now:
        raise NotFoundError
    was = away_fact(absence)
    if absence.starts_at < now:
        absence.ends_at = now
        session.add(absence)
        facts: Changes = {"absence": [was, away_fact(absence)]}
    else:
        session.delete(absence)
        facts = {"absence": [was, None]}
    session.flush()
    record(session, entry(person, "absence.ended", facts, by, now))


def may_plan_for(session: Session, by: Person, person: Person) -> bool:
    """May `by` change the roster of this person? Their own only as far as reporting an absence and swapping go."""
    is_near = by.role is Role.ADMIN or lies_within(session, person.area_id, by.area_id)
    return is_near and may_plan(by.role, person.role)


def planned(session: Session, person: Person, by: Person, *, or_own: bool = False) -> Person:
    """Return the person, locked, for somebody who may change their roster. Errors: NotAllowedError."""
    if not (or_own and by.id == person.id) and not may_plan_for(session, by, person):
        raise NotAllowedError
    return locked(session, Person, person.id or 0)


def as_fact(duty: DutyHours) -> dict[str, object]:
    """Return a duty as the history keeps it."""
    hours = {"weekday": duty.weekday, "starts": f"{duty.starts:%H:%M}", "ends": f"{duty.ends:%H:%M}"}
    return hours | {"days": duty.days.value}


def entry(person: Person, action: str, facts: Changes, by: Person, now: datetime) -> Entry:
    """Return what the history says of a change of somebody's roster."""
    return Entry("person", person.id or 0, action, now, "staff", by.id, facts)


def away_fact(absence: Absence | Away) -> dict[str, object]:
    """Return an absence as the history keeps it, without its kind and reason: that may be an illness."""
    return {
        "starts_at": absence.starts_at.isoformat(timespec="minutes"),
        "ends_at": absence.ends_at.isoformat(timespec="minutes"),
        "substitute_id": absence.substitute_id,
    }


def _check_absence(session: Session, person: Person, absence: Absence, now: datetime) -> None:
    to = absence.substitute_id
    substitute = person_by_id(session, to) if to is not None else None
    rules = {
        "ends_at": (
            absence.ends_at > max(absence.starts_at, now),
            "The end must lie after the beginning, and in the future.",
        ),
        "substitute": (
            to is None or (substitute is not None and substitute.is_active and to != person.id),
            "Please choose somebody else who works here.",
        ),
        "kind": (absence.kind in AbsenceKind, "Please choose one of the answers offered."),
        "reason": (len(absence.reason) <= REASON_MOST, "Please keep the reason under 100 characters."),
    }
    wrong = {field: sentence for field, (is_right, sentence) in rules.items() if not is_right}
    if "ends_at" not in wrong and absence.ends_at > now + PLANNED_AHEAD:
        wrong["ends_at"] = "That is more than 13 months away. Please give an earlier end; it can be prolonged later."
    if not wrong and _is_away_then(session, person, absence):
        wrong["starts_at"] = "This person is away in that time already."
    if not wrong and to is not None and _closes_a_circle(session, person, absence):
        wrong["substitute"] = "They are away then too, and would be stood in for by this person."
    if wrong:
        raise InvalidFieldsError(wrong)


def _is_away_then(session: Session, person: Person, absence: Absence) -> bool:
    found = select(Absence.id).where(
        Absence.person_id == person.id,
        col(Absence.starts_at) < absence.ends_at,
        col(Absence.ends_at) > absence.starts_at,
    )
    return session.exec(found).first() is not None


def _closes_a_circle(session: Session, person: Person, absence: Absence) -> bool:
    columns = (col(Absence.person_id), col(Absence.starts_at), col(Absence.ends_at), col(Absence.substitute_id))
    then = (col(Absence.starts_at) < absence.ends_at, col(Absence.ends_at) > absence.starts_at)
    found = session.execute(sa.select(*columns).where(*then, col(Absence.substitute_id).is_not(None)))
    others = [(who, Away(starts_at, ends_at, to)) for who, starts_at, ends_at, to in found]
    asked = Away(absence.starts_at, absence.ends_at, absence.substitute_id)
    return closes_a_circle(person.id or 0, asked, others)
