"""A department in tests: 区城管局, with a head and a worker."""

from dataclasses import dataclass
from datetime import datetime, time

from sqlmodel import Session

from service.accounts.rules import Role
from service.accounts.tables import Duty, Person
from service.areas.actions import add_area
from service.areas.details import AreaDetails
from service.areas.rules import AreaLevel
from service.areas.tables import Area
from tests.people import NO_PASSWORD, Town

CODE, NAME, NAME_EN = "990100-CG", "江城区城市管理局", "Urban Management Bureau"


@dataclass(frozen=True)
class Department:
    """The department and who works there, at any hour."""

    area: Area
    head: Person
    worker: Person


def add_department(session: Session, town: Town, now: datetime, *, above: str = "county") -> Department:
    """Add it as an administrator does, with its people."""
    details = AreaDetails(NAME, NAME_EN, town.areas[above].id, NAME, NAME_EN)
    area = add_area(session, details, code=CODE, level=AreaLevel.COMMUNITY, is_department=True, by=town.admin, now=now)
    head = _person(session, area, "yao.zhiyuan", "姚志远", Role.HEAD, now)
    return Department(area, head, _person(session, area, "qin.xia", "覃霞", Role.WORKER, now))


def _person(session: Session, area: Area, login: str, name: str, role: Role, now: datetime) -> Person:
    person = Person(
        login=login, name=name, name_en=login, password_hash=NO_PASSWORD, role=role, area_id=area.id or 0,
        email=f"{login}@example.org", created_at=now,
    )  # fmt: skip
    session.add(person)
    session.flush()
    session.add_all(Duty(person_id=person.id or 0, weekday=d, starts=time(0), ends=time(0)) for d in range(7))
    session.flush()
    return person
