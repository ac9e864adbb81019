"""What do rosters look like between two dates, and which swaps are open?"""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from service.accounts.queries import duties_of
from service.accounts.rules import Away
from service.accounts.tables import Absence, Person
from service.rosters.rules import Roster, Single, SkillKind, SwapState, day_span
from service.rosters.tables import RosterFeed, Shift, Skill, Swap
from service.secrecy import token_hash


def rosters(
    session: Session, person_ids: Collection[int], first: date, last: date, zone: ZoneInfo
) -> dict[int, Roster]:
    """Return the rosters of these people, as far as they matter from one date to another, with three queries."""
    since, until = day_span(first, zone)[0], day_span(last, zone)[1]
    duties = duties_of(session, person_ids)
    singles: dict[int, list[Single]] = defaultdict(list)
    for shift in shifts(session, person_ids, since, until):
        singles[shift.person_id].append(Single(shift.starts_at, shift.ends_at, shift.is_on))
    away: dict[int, list[Away]] = defaultdict(list)
    for absence in absences_between(session, person_ids, since, until):
        away[absence.person_id].append(Away(absence.starts_at, absence.ends_at, absence.substitute_id))
    return {i: Roster(tuple(duties[i]), tuple(singles[i]), tuple(away[i])) for i in person_ids}


def shifts(session: Session, person_ids: Collection[int], since: datetime, until: datetime) -> list[Shift]:
    """Return the single shifts of these people that touch a span, in order."""
    touching = (col(Shift.person_id).in_(person_ids), col(Shift.starts_at) < until, col(Shift.ends_at) > since)
    return list(session.exec(select(Shift).where(*touching).order_by(col(Shift.starts_at), col(Shift.id))))


def absences_between(session: Session, person_ids: Collection[int], since: datetime, until: datetime) -> list[Absence]:
    """Return the absences of these people that touch a span, in order."""
    touching = (col(Absence.person_id).in_(person_ids), col(Absence.starts_at) < until, col(Absence.ends_at) > since)
    return list(session.exec(select(Absence).where(*touching).order_by(col(Absence.starts_at), col(Absence.id))))


def all_singles(session: Session, since: datetime | None) -> dict[int, tuple[Single, ...]]:
    """Return everybody's single shifts that end after a moment, in order."""
    wanted = sa.select(col(Shift.person_id), col(Shift.starts_at), col(Shift.ends_at), col(Shift.is_on))
    if since is not None:
        wanted = wanted.where(col(Shift.ends_at) > since)
    found: dict[int, list[Single]] = defaultdict(list)
    for person_id, starts_at, ends_at, is_on in session.execute(wanted.order_by(col(Shift.starts_at))):
        found[person_id].append(Single(starts_at, ends_at, is_on))
    return {person_id: tuple(singles) for person_id, singles in found.items()}


def all_skills(session: Session, kind: SkillKind) -> dict[int, frozenset[str]]:
    """Return what everybody is good at, of one kind."""
    found: dict[int, set[str]] = defaultdict(set)
    for person_id, value in session.execute(
        sa.select(col(Skill.person_id), col(Skill.value)).where(col(Skill.kind) == kind)
    ):
        found[person_id].add(value)
    return {person_id: frozenset(values) for person_id, values in found.items()}


def skills_of(session: Session, person_id: int) -> list[Skill]:
    """Return what somebody is good at, topics first."""
    found = select(Skill).where(Skill.person_id == person_id)
    return list(session.exec(found.order_by(col(Skill.kind).desc(), col(Skill.value))))


def swaps_of(session: Session, person_id: int, *, since: datetime) -> list[Swap]:
    """Return the swaps that somebody asked for or was asked for, whose turns end after a moment, open ones first."""
    concerned = sa.or_(col(Swap.asker_id) == person_id, col(Swap.other_id) == person_id)
    found = select(Swap).where(concerned, sa.func.greatest(Swap.ends_at, Swap.back_ends_at) > since)
    return list(session.exec(found.order_by(col(Swap.state) != SwapState.ASKED, col(Swap.starts_at), col(Swap.id))))


def swaps_among(session: Session, area_ids: Collection[int], *, since: datetime) -> list[tuple[Swap, Person, Person]]:
    """Return the swaps at the desks of these areas that nobody has seen or answered, with asker and other."""
    asker, other = aliased(Person), aliased(Person)
    pending = sa.or_(
        sa.and_(col(Swap.state) == SwapState.ASKED, col(Swap.starts_at) > since),
        sa.and_(
            col(Swap.state) == SwapState.ACCEPTED,
            col(Swap.seen_at).is_(None),
            sa.func.greatest(Swap.ends_at, Swap.back_ends_at) > since,
        ),
    )
    found = (
        sa.select(Swap, asker, other)
        .join(asker, col(asker.id) == col(Swap.asker_id))
        .join(other, col(other.id) == col(Swap.other_id))
        .where(pending, col(asker.area_id).in_(area_ids))
        .order_by(col(Swap.starts_at), col(Swap.id))
    )
    return [(swap, one, two) for swap, one, two in session.execute(found)]


def feed_of(session: Session, person_id: int) -> RosterFeed | None:
    """Return the link by which somebody subscribes to their duties, if they made one."""
    return session.get(RosterFeed, person_id)


def person_of_feed(session: Session, token: str) -> Person | None:
    """Return whose duties a secret link shows; None for one that is unknown, revoked, or of somebody who has left."""
    found = select(Person).join(RosterFeed, col(RosterFeed.person_id) == col(Person.id))
    return session.exec(
        found.where(RosterFeed.token_hash == token_hash(f"feed:{token}"), col(Person.is_active))
    ).one_or_none()
