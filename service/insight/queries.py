"""What must a supervisor know before the morning meeting? What happened, what runs out today, and who needs help."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.areas.rules import AreaLevel
from service.assignments.queries import loads
from service.cases.queries import visible_to
from service.cases.rules import ENDED, Satisfaction
from service.cases.tables import Case
from service.clocks.tables import ClockRow
from service.escalations.decisions import Decision, decisions, reach
from service.escalations.lists import open_to, waits_for
from service.escalations.tables import Escalation
from service.feedback.tables import Rating
from service.handling.tables import Proposal
from service.outbox.rules import QUIET_FROM, QUIET_TO
from service.routing.directory import Directory, Staff
from sla_policies.policy import INSIDE

FIRST = 12
"""So many cases of a list stand in the brief; the board has the rest."""
MOST_PEOPLE = 10
CONTENT = (Satisfaction.SATISFIED, Satisfaction.BASICALLY)


@dataclass(frozen=True)
class Happened:
    """What happened since a moment, in cases but where it says otherwise."""

    received: int
    at_night: int
    """Of these, between 22 and 7 o'clock."""
    resolved: int
    missed: int
    """Cases of which a promise was missed."""
    escalated: int
    rated: int
    unsolved: int
    """Ratings that say the matter is not solved."""
    content: int
    """Ratings that are satisfied or basically satisfied."""


@dataclass(frozen=True)
class Line:
    """One community, or a place above it with what is known no more precisely."""

    area_id: int
    received: int
    overdue: int
    today: int
    open: int


@dataclass(frozen=True)
class Pressed:
    """Somebody who needs help: away while holding cases, or holding more than their capacity."""

    person: Staff
    open_cases: int
    is_away: bool


@dataclass(frozen=True)
class Brief:
    """The morning of one area. Lists hold the first `FIRST` rows; the counts are whole."""

    since: datetime
    happened: Happened
    overdue: list[Decision]
    overdue_count: int
    today: list[Decision]
    today_count: int
    hours: list[tuple[int, int]]
    """How many cases run out in which hour of today, as far as any do."""
    unacknowledged: int
    proposals: int
    lines: list[Line]
    pressed: list[Pressed]


def brief(session: Session, person: Person, known: Directory, now: datetime, *, days: int = 1) -> Brief:
    """Return the brief of everything a person may see, looking back so many days of 24 hours."""
    since, evening = now - timedelta(days=days), _midnight(now, known)
    due = col(Case.due_at)
    overdue, today = due < now, sa.and_(due >= now, due < evening)
    lines = _lines(session, person, known, since, overdue, today)
    within = reach(session, person, known, now)
    return Brief(
        since=since,
        happened=_happened(session, person, known, since),
        overdue=decisions(session, _first(session, person, overdue), within),
        overdue_count=sum(line.overdue for line in lines),
        today=decisions(session, _first(session, person, today), within),
        today_count=sum(line.today for line in lines),
        hours=_hours(session, person, known, today),
        unacknowledged=_waiting(session, person, Escalation, waits_for(person)),
        proposals=_waiting(session, person, Proposal, col(Proposal.outcome).is_(None)),
        lines=lines,
        pressed=_pressed(session, person, known, now),
    )


def _midnight(now: datetime, known: Directory) -> datetime:
    tomorrow = now.astimezone(known.zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), known.zone)


def _happened(session: Session, person: Person, known: Directory, since: datetime) -> Happened:
    mine = visible_to(person.id or 0, person.role, person.area_id)
    hour = sa.func.timezone(known.zone.key, col(Case.received_at)).cast(sa.Time)
    night = sa.or_(hour >= QUIET_FROM, hour < QUIET_TO)
    count = sa.func.count()
    received, at_night = session.execute(
        sa.select(count, count.filter(night)).where(col(Case.received_at) >= since, mine)
    ).one()
    rated, unsolved, content = session.execute(
        sa.select(count, count.filter(sa.not_(col(Rating.solved))), count.filter(col(Rating.satisfaction).in_(CONTENT)))
        .join(Case, col(Case.id) == Rating.case_id)
        .where(col(Rating.at) >= since, mine)
    ).one()
    of_cases = col(ClockRow.metric).not_in(INSIDE)
    missed, escalated = (
        session.scalar(sa.select(sa.func.count(sa.distinct(of))).join(Case, col(Case.id) == of).where(it, mine)) or 0
        for of, it in (
            (col(ClockRow.case_id), sa.and_(col(ClockRow.breached_at) >= since, of_cases)),
            (col(Escalation.case_id), sa.and_(col(Escalation.raised_at) >= since, sa.not_(col(Escalation.skipped)))),
        )
    )
    resolved = session.scalar(sa.select(count).select_from(Case).where(col(Case.resolved_at) >= since, mine)) or 0
    return Happened(received, at_night, resolved, missed, escalated, rated, unsolved, content)


def _first(session: Session, person: Person, wanted: sa.ColumnElement[bool]) -> list[Case]:
    """Return the first open cases of a list, what runs out first on top."""
    found = select(Case).where(open_to(person), wanted).order_by(col(Case.due_at), col(Case.id)).limit(FIRST)
    return list(session.exec(found))


def _hours(session: Session, person: Person, known: Directory, today: sa.ColumnElement[bool]) -> list[tuple[int, int]]:
    hour = sa.func.date_part("hour", sa.func.timezone(known.zone.key, col(Case.due_at)))
    found = sa.select(hour, sa.func.count()).where(open_to(person), today).group_by(hour).order_by(hour)
    return [(int(at), number) for at, number in session.execute(found)]


def _waiting(
    session: Session, person: Person, of: type[Escalation] | type[Proposal], wanted: sa.ColumnElement[bool]
) -> int:
    """Count what waits for a decision among open cases."""
    found = sa.select(sa.func.count()).select_from(of).join(Case, col(Case.id) == of.case_id)
    return session.scalar(found.where(wanted, open_to(person))) or 0


def _lines(
    session: Session,
    person: Person,
    known: Directory,
    since: datetime,
    overdue: sa.ColumnElement[bool],
    today: sa.ColumnElement[bool],
) -> list[Line]:
    """Return the communities in which something is open or came in, the most overdue first."""
    mine = visible_to(person.id or 0, person.role, person.area_id)
    is_new, is_open = col(Case.received_at) >= since, col(Case.status).not_in(ENDED)
    count = sa.func.count()
    found = sa.select(
        col(Case.area_id),
        count.filter(is_new),
        count.filter(sa.and_(is_open, overdue)),
        count.filter(sa.and_(is_open, today)),
        count.filter(is_open),
    ).where(mine, sa.or_(is_open, is_new))
    totals: dict[int, Counter[int]] = defaultdict(Counter)
    for area_id, *numbers in session.execute(found.group_by(col(Case.area_id))):
        place = known.areas.at_level(area_id, AreaLevel.COMMUNITY).id if area_id in known.areas.places else area_id
        totals[place].update(dict(enumerate(numbers)))
    lines = [Line(area_id, n[0], n[1], n[2], n[3]) for area_id, n in totals.items()]
    return sorted(lines, key=lambda line: (-line.overdue, -line.today, -line.open, line.area_id))


def _pressed(session: Session, person: Person, known: Directory, now: datetime) -> list[Pressed]:
    """Return who needs help, whoever is away first, then by how far their load is above their capacity."""
    people = [
        p for p in known.people.values() if p.role is not Role.ADMIN and known.areas.covers(person.area_id, p.area_id)
    ]
    held = {person_id: load.open_cases for person_id, load in loads(session, [p.id for p in people]).items()}
    found = [
        Pressed(p, held[p.id], is_away)
        for p in people
        if held.get(p.id, 0) and ((is_away := known.is_absent(p, now)) or held[p.id] > p.capacity)
    ]
    found.sort(key=lambda one: (not one.is_away, -one.open_cases / max(one.person.capacity, 1), one.person.id))
    return found[:MOST_PEOPLE]
