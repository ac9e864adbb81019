"""Who is this, who works where, and when is who on duty?"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.rules import RANK, Away, DutyHours, Role
from service.accounts.tables import Absence, ApiKey, Duty, Person
from service.secrecy import decrypt

# Rooms above this one own these tables: they are named, as foreign keys name them, not imported.
_areas = sa.table("areas", sa.column("id"), sa.column("path"), sa.column("is_active"))
_assignments = sa.table("assignments", sa.column("person_id"), sa.column("ended_at"))


def person_by_id(session: Session, person_id: int) -> Person | None:
    """Return the person, also one who has left."""
    return session.get(Person, person_id)


def person_by_login(session: Session, login: str) -> Person | None:
    """Return the person, also one who has left; `login` as `rules.tidy_login` returns it."""
    return session.exec(select(Person).where(Person.login == login)).one_or_none()


def people_at(session: Session, area_ids: Collection[int], *, roles: Collection[Role] = tuple(Role)) -> list[Person]:
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
        found[row.person_id].append(duty_hours(row))
    return found


def all_duties(session: Session) -> Mapping[int, list[DutyHours]]:
    """Return everybody's weekly duties as they stand in the database now; people without any are left out."""
    found: dict[int, list[DutyHours]] = {}
    columns = (Duty.person_id, Duty.weekday, Duty.starts, Duty.ends, Duty.days)
    for person_id, *duty in session.execute(sa.select(*(col(one) for one in columns)).order_by(col(Duty.id))):
        found.setdefault(person_id, []).append(DutyHours(*duty))
    return found


def duty_hours(row: Duty) -> DutyHours:
    """Return a weekly duty as the rules see it."""
    return DutyHours(row.weekday, row.starts, row.ends, row.days)


def absences(session: Session) -> Mapping[int, list[Away]]:
    """Return all absences by person; whoever has left stands in for nobody any more, whatever was noted before."""
    found: dict[int, list[Away]] = {}
    present = sa.select(col(Person.id)).where(col(Person.id) == col(Absence.substitute_id), col(Person.is_active))
    noted = sa.select(col(Absence.person_id), col(Absence.starts_at), col(Absence.ends_at), present.scalar_subquery())
    for person_id, starts_at, ends_at, substitute_id in session.execute(noted):
        found.setdefault(person_id, []).append(Away(starts_at, ends_at, substitute_id))
    return found


def absences_of(session: Session, person_id: int, *, since: datetime) -> list[Absence]:
    """Return somebody's absences that end after `since`, the next first."""
    found = select(Absence).where(Absence.person_id == person_id, Absence.ends_at > since)
    return list(session.exec(found.order_by(col(Absence.starts_at))))


def covered_by(session: Session, person_id: int, *, since: datetime) -> list[tuple[Absence, Person]]:
    """Return the absences ending after `since` in which this person was named to stand in, each with who is away."""
    named = select(Absence, Person).join(Person, col(Person.id) == col(Absence.person_id))
    found = named.where(Absence.substitute_id == person_id, Absence.ends_at > since).order_by(col(Absence.starts_at))
    return list(session.exec(found))


def api_keys_of(session: Session, person_id: int) -> list[ApiKey]:
    """Return somebody's API keys, the newest first, revoked ones too."""
    found = select(ApiKey).where(ApiKey.person_id == person_id)
    return list(session.exec(found.order_by(sa.desc(col(ApiKey.id)))))


@dataclass(frozen=True)
class PeopleAsk:
    """Which people somebody wants to see: in an area and below it, by a part of their name or login."""

    area_id: int | None = None
    search: str = ""
    role: Role | None = None
    with_left: bool = False
    page: int = 1
    most: int = 50
    handling_only: bool = False
    """Without administrators, who handle no cases."""


@dataclass(frozen=True)
class PeoplePage:
    """One page of people, and how many there are on all pages."""

    people: list[Person]
    count: int


def find_people(session: Session, ask: PeopleAsk, *, within: int | None = None) -> PeoplePage:
    """Return a page of people by area and name; `within` is the area whose subtree the reader may see."""
    wanted: list[sa.ColumnExpressionArgument[bool]] = [
        lies_in(area_id) for area_id in (ask.area_id, within) if area_id is not None
    ]
    if not ask.with_left:
        wanted.append(col(Person.is_active))
    if ask.role is not None:
        wanted.append(col(Person.role) == ask.role)
    if ask.handling_only:
        wanted.append(col(Person.role) != Role.ADMIN)
    if ask.search:
        columns = (Person.name, Person.name_en, Person.login)
        wanted.append(sa.or_(*(col(column).icontains(ask.search, autoescape=True) for column in columns)))
    count = session.scalar(sa.select(sa.func.count()).select_from(Person).where(*wanted)) or 0
    found = select(Person).join(_areas, _areas.c.id == col(Person.area_id)).where(*wanted)
    ordered = found.order_by(col(Person.is_active).desc(), _areas.c.path, Person.name, col(Person.id))
    people = session.exec(ordered.offset((ask.page - 1) * ask.most).limit(ask.most))
    return PeoplePage(list(people), count)


def lies_within(session: Session, inner_id: int, outer_id: int) -> bool:
    """Does the area `inner` lie in `outer`, or is it the same? False for an area nobody knows."""
    inner = sa.select(_areas.c.path).where(_areas.c.id == inner_id).scalar_subquery()
    outer = sa.select(_areas.c.path).where(_areas.c.id == outer_id).scalar_subquery()
    return bool(session.scalar(sa.select(inner.startswith(outer))))


def area_is_open(session: Session, area_id: int) -> bool:
    """Is there such an area, and is it in use?"""
    return bool(session.scalar(sa.select(_areas.c.is_active).where(_areas.c.id == area_id)))


def open_cases_of(session: Session, person_id: int) -> int:
    """Return how many open cases somebody holds: their assignments that have not ended."""
    held = (_assignments.c.person_id == person_id, _assignments.c.ended_at.is_(None))
    return session.scalar(sa.select(sa.func.count()).where(*held)) or 0


def open_cases_by_person(session: Session) -> dict[int, int]:
    """Return how many open cases everybody holds who holds any."""
    number = sa.func.count().label("cases")
    held = sa.select(_assignments.c.person_id, number).where(_assignments.c.ended_at.is_(None))
    return {row.person_id: row.cases for row in session.execute(held.group_by(_assignments.c.person_id))}


def phone_of(person: Person) -> str:
    """Return somebody's telephone number in clear, or nothing; show it masked."""
    return decrypt(person.phone_encrypted) if person.phone_encrypted else ""


def duty_rows(session: Session, person_id: int) -> list[Duty]:
    """Return somebody's weekly duties as rows, from Monday morning on."""
    found = select(Duty).where(Duty.person_id == person_id)
    return list(session.exec(found.order_by(col(Duty.weekday), col(Duty.starts))))


def people_by_id(session: Session, person_ids: Collection[int]) -> dict[int, Person]:
    """Return these people by id, also those who have left."""
    found = session.exec(select(Person).where(col(Person.id).in_(person_ids)))
    return {person.id or 0: person for person in found}


def active_people(session: Session, *, within: int | None = None) -> list[Person]:
    """Return everybody who works here, by area and name; `within` is the area whose subtree is meant."""
    wanted: list[sa.ColumnExpressionArgument[bool]] = [col(Person.is_active)]
    if within is not None:
        wanted.append(lies_in(within))
    found = select(Person).join(_areas, _areas.c.id == col(Person.area_id)).where(*wanted)
    return list(session.exec(found.order_by(_areas.c.path, Person.name, col(Person.id))))


def without_duties(session: Session) -> int:
    """Return how many active people have no weekly duty: routing takes them for off duty always."""
    has_one = sa.exists().where(col(Duty.person_id) == col(Person.id))
    counted = sa.select(sa.func.count()).select_from(Person)
    return session.scalar(counted.where(col(Person.is_active), col(Person.role) != Role.ADMIN, ~has_one)) or 0


def lies_in(area_id: int) -> sa.ColumnElement[bool]:
    """Return the condition that somebody works in this area or below it."""
    root = sa.select(_areas.c.path).where(_areas.c.id == area_id).scalar_subquery()
    return col(Person.area_id).in_(sa.select(_areas.c.id).where(_areas.c.path.startswith(root)))
