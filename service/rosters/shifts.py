"""How does somebody get a single shift, a free one, and skills?"""

import secrets
from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from service.accounts.tables import Person
from service.audit.actions import record
from service.audit.changes import Changes
from service.errors import InvalidFieldsError, NotFoundError
from service.rosters.actions import entry, planned
from service.rosters.queries import feed_of, rosters, shifts, skills_of
from service.rosters.rules import (
    LONGEST_SHIFT,
    ONE_DAY,
    PLANNED_AHEAD,
    SKILLS_MOST,
    SPOKEN,
    Days,
    SkillKind,
    Span,
    Turn,
    does_whole,
    shared,
    turns,
)
from service.rosters.tables import RosterFeed, Shift, Skill
from service.secrecy import token_hash
from service.timekeeping import ZONE
from sla_policies.hours import without


def add_shift(session: Session, person: Person, span: Span, days: Days, *, by: Person, now: datetime) -> None:
    """Let somebody do one shift beside their week. Errors: NotAllowedError, InvalidFieldsError."""
    person = planned(session, person, by)
    check_span(span, now)
    if any(shared(span, [turn.span for turn in turns_around(session, person.id or 0, span, days)])):
        raise InvalidFieldsError({"starts_at": "These hours overlap with a duty that is there already."})
    put(session, person.id or 0, span, days, is_on=True)
    record(session, entry(person, "shift.added", {"shift": [None, span_fact(span)]}, by, now))


def take_off(session: Session, person: Person, span: Span, days: Days, *, by: Person, now: datetime) -> None:
    """Take somebody out of one turn, a single shift or one of their week.

    Errors: NotAllowedError, NotFoundError when they have no such turn or it is over.
    """
    person = planned(session, person, by)
    if span[1] <= now or span not in {turn.span for turn in turns_around(session, person.id or 0, span, days)}:
        raise NotFoundError
    put(session, person.id or 0, span, days, is_on=False)
    record(session, entry(person, "shift.taken-off", {"shift": [span_fact(span), None]}, by, now))


def check_span(span: Span, now: datetime) -> None:
    """Accept the hours of one shift. Errors: InvalidFieldsError."""
    starts_at, ends_at = span
    rules = {
        "ends_at": (
            ends_at > max(starts_at, now),
            "The end must lie after the beginning, and in the future.",
        ),
        "starts_at": (
            ends_at - starts_at <= LONGEST_SHIFT,
            "A shift lasts 24 hours at most. Please write a longer one as several.",
        ),
    }
    wrong = {field: sentence for field, (is_right, sentence) in rules.items() if not is_right}
    if not wrong and ends_at > now + PLANNED_AHEAD:
        wrong["ends_at"] = "That is more than 13 months away. Nothing is planned so far ahead."
    if wrong:
        raise InvalidFieldsError(wrong)


def put(session: Session, person_id: int, span: Span, days: Days, *, is_on: bool, swap_id: int | None = None) -> None:
    """Let somebody whose row is locked be on duty, or free, in a span: what stood there before gives way."""
    for row in shifts(session, [person_id], *span):
        left = without([(row.starts_at, row.ends_at)], [span])
        session.delete(row)
        for starts_at, ends_at in left:
            kept = row.model_dump(exclude={"id", "starts_at", "ends_at"})
            session.add(Shift(starts_at=starts_at, ends_at=ends_at, **kept))
    session.flush()
    weekly = turns_around(session, person_id, span, days)
    is_needed = not does_whole(span, weekly) if is_on else any(shared(span, [turn.span for turn in weekly]))
    if is_needed:
        session.add(Shift(person_id=person_id, starts_at=span[0], ends_at=span[1], is_on=is_on, swap_id=swap_id))
        session.flush()


def turns_around(session: Session, person_id: int, span: Span, days: Days) -> list[Turn]:
    """Return somebody's turns that touch the dates of a span, whether or not they are away then."""
    first, last = (moment.astimezone(ZONE).date() for moment in span)
    roster = rosters(session, [person_id], first - ONE_DAY, last + ONE_DAY, ZONE)[person_id]
    return turns(roster, first, last, days, ZONE)


def set_skills(
    session: Session, person: Person, wanted: Collection[tuple[SkillKind, str]], *, by: Person, now: datetime
) -> None:
    """Let somebody be good at exactly these topics and languages; the caller knows that the topics are there.

    Errors: NotAllowedError, InvalidFieldsError.
    """
    person = planned(session, person, by)
    if len(set(wanted)) > SKILLS_MOST:
        raise InvalidFieldsError({"topics": "That is too much for one person. Please choose the groups instead."})
    if any(kind is SkillKind.LANGUAGE and value not in SPOKEN for kind, value in wanted):
        raise InvalidFieldsError({"languages": "Please choose one of the answers offered."})
    before = skills_of(session, person.id or 0)
    facts: Changes = {}
    for kind, name in ((SkillKind.TOPIC, "skills"), (SkillKind.LANGUAGE, "speaks")):
        was = sorted(skill.value for skill in before if skill.kind is kind)
        now_are = sorted({value for of_kind, value in wanted if of_kind is kind})
        if was != now_are:
            facts[name] = [was, now_are]
    if not facts:
        return
    session.execute(sa.delete(Skill).where(col(Skill.person_id) == person.id))
    session.add_all(Skill(person_id=person.id or 0, kind=kind, value=value) for kind, value in set(wanted))
    session.flush()
    record(session, entry(person, "skills.changed", facts, by, now))


def make_feed(session: Session, person: Person, *, now: datetime) -> str:
    """Return a new secret for the link to one's own duties; an older link shows nothing any more."""
    person = planned(session, person, person, or_own=True)
    token = secrets.token_urlsafe(32)
    row = feed_of(session, person.id or 0) or RosterFeed(person_id=person.id or 0, token_hash=b"", made_at=now)
    row.token_hash, row.made_at = token_hash(f"feed:{token}"), now
    session.add(row)
    session.flush()
    record(session, entry(person, "feed.made", {}, person, now))
    return token


def revoke_feed(session: Session, person: Person, *, now: datetime) -> None:
    """Let the link to one's own duties show nothing any more. Errors: NotFoundError when there is none."""
    person = planned(session, person, person, or_own=True)
    row = feed_of(session, person.id or 0)
    if row is None:
        raise NotFoundError
    session.delete(row)
    session.flush()
    record(session, entry(person, "feed.revoked", {}, person, now))


def span_fact(span: Span) -> dict[str, object]:
    """Return a span as the history keeps it."""
    return {name: at.isoformat(timespec="minutes") for name, at in zip(("starts_at", "ends_at"), span, strict=True)}
