"""Who is this, who works where, and when is who on duty?"""

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.rules import RANK, Away, DutyHours, Role
from service.accounts.tables import Absence, ApiKey, Duty, Person


def person_by_id(session: Session, person_id: int) -> Person | None:
    """Return the person, also one who has left."""
    return session.get(Person, person_id)


def person_by_login(session: Session, login: str) -> Person | None:
    """Return the person, also one who has left; `login` as `rules.tidy_login` returns it."""
    return session.exec(select(Person).where(Person.login == login)).one_or_none()


def people_at(
    session: Session, area_ids: Collection[int], *, roles: Collection[Role] = tuple(Role)
) -> list[Person]:
    """Return the active people of these areas (not of those below) in these roles, by name."""
    wanted = (col(Person.area_id).in_(area_ids), col(Person.role).in_(roles), col(Person.is_active))
    return list(session.exec(select(Person).where(*wanted).order_by(Person.name, col(Person.id))))


def one_of_each_role(session: Session) -> list[Person]:
    """Return the first active person of each role, in the order of the ladder, for a demo."""
    first = sa.select(sa.func.min(Person.id)).where(col(Person.is_active)).group_by(col(Person.role))
    found = session.exec(select(Person).where(col(Person.id).in_(first)))
    return sorted(found, key=lambda person: RANK[person.role])


def everybody(session: Session, area_ids: Collection[int]) -> list[Person]:
    """Return the people of these areas, those who have left last, for the administration."""
    found = select(Person).where(col(Person.area_id).in_(area_ids))
    return list(session.exec(found.order_by(col(Person.is_active).desc(), Person.name, col(Person.id))))


def duties_of(session: Session, person_ids: Collection[int]) -> Mapping[int, list[DutyHours]]:
    """Return the weekly duties of these people."""
    found: dict[int, list[DutyHours]] = {person_id: [] for person_id in person_ids}
    rows = session.exec(
        select(Duty).where(col(Duty.person_id).in_(person_ids)).order_by(col(Duty.weekday), col(Duty.starts))
    )
    for row in rows:
        found[row.person_id].append(DutyHours(row.weekday, row.starts, row.ends))
    return found


def absences_at(session: Session, at: datetime) -> Mapping[int, list[Away]]:
    """Return everybody's absences that cover the moment."""
    found: dict[int, list[Away]] = {}
    rows = session.exec(select(Absence).where(Absence.starts_at <= at, Absence.ends_at > at))
    for row in rows:
        found.setdefault(row.person_id, []).append(Away(row.starts_at, row.ends_at, row.substitute_id))
    return found


def absences_of(session: Session, person_id: int, *, since: datetime) -> list[Absence]:
    """Return somebody's absences that end after `since`, the next first."""
    found = select(Absence).where(Absence.person_id == person_id, Absence.ends_at > since)
    return list(session.exec(found.order_by(col(Absence.starts_at))))


def api_keys_of(session: Session, person_id: int) -> list[ApiKey]:
    """Return somebody's API keys, the newest first, revoked ones too."""
    found = select(ApiKey).where(ApiKey.person_id == person_id)
    return list(session.exec(found.order_by(sa.desc(col(ApiKey.id)))))
