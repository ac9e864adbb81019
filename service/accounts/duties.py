"""How is the weekly roster written, and who stands in while somebody is away?"""

from collections.abc import Collection
from datetime import datetime, time

from sqlmodel import Session, col, select

from service.accounts.actions import may_manage
from service.accounts.queries import duty_rows, person_by_id
from service.accounts.rules import DutyHours
from service.accounts.tables import Absence, Duty, Person
from service.audit.actions import record
from service.audit.changes import Changes, locked
from service.audit.rules import Entry
from service.errors import InvalidFieldsError, NotAllowedError, NotFoundError

DAY, WEEK = 24 * 60, 7 * 24 * 60
REASON_MOST = 100


def add_duties(session: Session, person: Person, duties: Collection[DutyHours], *, by: Person, now: datetime) -> None:
    """Add weekly duties, all or none. Errors: NotAllowedError, InvalidFieldsError."""
    person = _managed(session, person, by)
    if not duties:
        raise InvalidFieldsError({"weekdays": "Please choose at least one day."})
    known = [DutyHours(d.weekday, d.starts, d.ends) for d in duty_rows(session, person.id or 0)]
    for duty in duties:
        if any(overlap(duty, other) for other in known):
            raise InvalidFieldsError({"starts": "These hours overlap with a duty that is there already."})
        known.append(duty)

    for duty in duties:
        session.add(Duty(person_id=person.id or 0, weekday=duty.weekday, starts=duty.starts, ends=duty.ends))
    session.flush()
    entries = [_entry(person, "duty.added", {"duty": [None, as_fact(duty)]}, by, now) for duty in duties]
    record(session, *entries)


def remove_duty(session: Session, person: Person, duty_id: int, *, by: Person, now: datetime) -> None:
    """Remove one weekly duty. Errors: NotAllowedError, NotFoundError."""
    person = _managed(session, person, by)
    duty = session.get(Duty, duty_id)
    if duty is None or duty.person_id != person.id:
        raise NotFoundError
    fact = as_fact(DutyHours(duty.weekday, duty.starts, duty.ends))
    session.delete(duty)
    session.flush()
    record(session, _entry(person, "duty.removed", {"duty": [fact, None]}, by, now))


def add_absence(session: Session, person: Person, absence: Absence, *, by: Person, now: datetime) -> None:
    """Write down that somebody is away, and who stands in. Errors: NotAllowedError, InvalidFieldsError."""
    person = _managed(session, person, by)
    _check_absence(session, person, absence, now)
    session.add(absence)
    session.flush()
    record(session, _entry(person, "absence.added", {"absence": [None, _away(absence)]}, by, now))


def end_absence(session: Session, person: Person, absence_id: int, *, by: Person, now: datetime) -> None:
    """Take an absence back, or end it now when it has begun. Errors: NotAllowedError, NotFoundError."""
    person = _managed(session, person, by)
    absence = session.get(Absence, absence_id)
    if absence is None or absence.person_id != person.id or absence.ends_at <= now:
        raise NotFoundError
    was = _away(absence)
    if absence.starts_at < now:
        absence.ends_at = now
        session.add(absence)
        facts: Changes = {"absence": [was, _away(absence)]}
    else:
        session.delete(absence)
        facts = {"absence": [was, None]}
    session.flush()
    record(session, _entry(person, "absence.ended", facts, by, now))


def overlap(one: DutyHours, other: DutyHours) -> bool:
    """Do two weekly duties share a minute? The week is a circle: Sunday night goes on into Monday."""
    starts, ends = _minutes(one)
    return any(
        starts < other_ends + turn and other_starts + turn < ends
        for other_starts, other_ends in (_minutes(other),)
        for turn in (-WEEK, 0, WEEK)
    )


def as_fact(duty: DutyHours) -> dict[str, object]:
    """Return a duty as the history keeps it."""
    return {"weekday": duty.weekday, "starts": f"{duty.starts:%H:%M}", "ends": f"{duty.ends:%H:%M}"}


def _minutes(duty: DutyHours) -> tuple[int, int]:
    starts = duty.weekday * DAY + _clock(duty.starts)
    ends = duty.weekday * DAY + _clock(duty.ends)
    return starts, ends if ends > starts else ends + DAY


def _clock(at: time) -> int:
    return at.hour * 60 + at.minute


def _away(absence: Absence) -> dict[str, object]:
    """Return an absence as the history keeps it, without its reason: that may be an illness."""
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
        "reason": (len(absence.reason) <= REASON_MOST, "Please keep the reason under 100 characters."),
    }
    wrong = {field: sentence for field, (is_right, sentence) in rules.items() if not is_right}
    if not wrong and _is_away_then(session, person, absence):
        wrong["starts_at"] = "This person is away in that time already."
    if wrong:
        raise InvalidFieldsError(wrong)


def _is_away_then(session: Session, person: Person, absence: Absence) -> bool:
    found = select(Absence.id).where(
        Absence.person_id == person.id,
        col(Absence.starts_at) < absence.ends_at,
        col(Absence.ends_at) > absence.starts_at,
    )
    return session.exec(found).first() is not None


def _managed(session: Session, person: Person, by: Person) -> Person:
    """Return the person, locked, for somebody who may change them."""
    if not may_manage(session, by, person):
        raise NotAllowedError
    return locked(session, Person, person.id or 0)


def _entry(person: Person, action: str, facts: Changes, by: Person, now: datetime) -> Entry:
    return Entry("person", person.id or 0, action, now, "staff", by.id, facts)
