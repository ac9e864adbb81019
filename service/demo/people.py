"""Who works in the demo's town, when is who on duty, and who is away?"""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlmodel import Session

from service.accounts.passwords import hashed
from service.accounts.rules import DEMO_PASSWORD, AbsenceKind, DutyDays, Role, check_password
from service.accounts.tables import Absence, Duty, Person
from service.areas.rules import AreaLevel
from service.audit.actions import record_all
from service.audit.rules import Entry
from service.demo.town import Town
from service.secrecy import encrypt, normalise_phone
from service.timekeeping import ZONE

People = Mapping[str, Person]
"""The people by their login."""

PHONE = "0500-556{:04d}"
WORKING_DAYS, SATURDAY, SUNDAY = range(5), 5, 6
MORNING, AFTERNOON = (time(8, 30), time(12)), (time(13, 30), time(17, 30))
WEEKEND = ((time(9), time(12)), (time(13, 30), time(16, 30)))
DAY_SHIFT, NIGHT_SHIFT = (time(8), time(20)), (time(20), time(8))
ROUND_THE_CLOCK = (Role.TRIAGE, Role.DISTRICT)
CAPACITY = {Role.TRIAGE: 60, Role.DISTRICT: 40, Role.HEAD: 10, Role.SUPERVISOR: 15}
DESK_CAPACITY = 40
"""Workers of a sub-district carry more cases than those of a community: many only pass through their hands."""
READ_ENGLISH = ("su.ting", "hao.yun")
"""Whose notices are in English."""
ROLES = {"district": Role.DISTRICT, "admin": Role.ADMIN, "triage": Role.TRIAGE, "supervisors": Role.SUPERVISOR,
         "head": Role.HEAD, "workers": Role.WORKER}  # fmt: skip
"""What the file calls them."""


@dataclass(frozen=True)
class Leave:
    """Somebody is away, in days around the moment of seeding."""

    login: str
    since: float
    until: float
    substitute: str | None
    reason: str
    kind: AbsenceKind = AbsenceKind.LEAVE


LEAVES = (
    Leave("cao.yang", -1.5, 3, "zhao.min", "年休假"),
    Leave("bai.xue", -0.5, 1.5, "yan.feng", "病假", AbsenceKind.SICK),
    Leave("fan.zhigang", -2, 2, "shi.lei", "外出培训", AbsenceKind.TRAINING),
    Leave("hao.yun", -0.2, 4, "zhou.tao", "出差", AbsenceKind.OTHER),
    Leave("tan.jun", -16, -12, "liao.hong", "年休假"),
    Leave("jin.feng", 4, 9, "shi.lei", "年休假"),
    Leave("duan.yong", 2, 3, None, "体检", AbsenceKind.OTHER),
)


def build_staff(session: Session, town: Town, now: datetime) -> People:
    """Write the people. All share one password, hashed once."""
    check_password(DEMO_PASSWORD, login="")
    secret = hashed(DEMO_PASSWORD)
    staff: dict[str, Person] = {}
    for area, entry in town.said:
        for name, name_en, role in _people_of(entry):
            login = login_of(name_en) if role is not Role.ADMIN else "admin"
            at_desk = role is Role.WORKER and area.level is AreaLevel.SUBDISTRICT
            staff[login] = Person(
                login=login,
                name=name,
                name_en=name_en,
                role=role,
                area_id=area.id or 0,
                phone_encrypted=encrypt(normalise_phone(PHONE.format(len(staff) + 1))),
                email=f"{login}@jiangcheng.example",
                language="en" if login in READ_ENGLISH else "zh",
                capacity=DESK_CAPACITY if at_desk else CAPACITY.get(role, 20),
                password_hash=secret,
                created_at=now,
            )
    session.add_all(staff.values())
    session.flush()
    record_all(session, [_added(person, now) for person in staff.values()])
    return staff


def _people_of(entry: Mapping[str, Any]) -> Iterator[tuple[str, str, Role]]:
    for key, role in ROLES.items():
        named = entry.get(key, [])
        for who in [named] if isinstance(named, str) else named:
            name, _, name_en = who.partition(" ")
            yield name, name_en, role


def login_of(name_en: str) -> str:
    """Return 'li.qiang' for 'Li Qiang'; ü is written v, as people type it."""
    plain = unicodedata.normalize("NFKD", name_en.lower().replace("ü", "v"))
    return ".".join(plain.encode("ascii", "ignore").decode().split())


def _added(person: Person, now: datetime) -> Entry:
    facts = {"role": person.role.value, "area_id": person.area_id, "is_active": True}
    return Entry("person", person.id or 0, "person.added", now, "system", None, facts)


def add_roster(session: Session, staff: People, now: datetime) -> None:
    """Write everybody's weekly duties, and who is away around `now`."""
    teams: dict[tuple[int, Role], list[Person]] = {}
    for person in staff.values():
        teams.setdefault((person.area_id, person.role), []).append(person)
    for (_, role), team in teams.items():
        duties = _shifts(team) if role in ROUND_THE_CLOCK else _office_hours(team, role)
        for person, weekday, (starts, ends) in duties:
            days = DutyDays.WORKDAYS if role not in ROUND_THE_CLOCK and weekday in WORKING_DAYS else DutyDays.EVERY
            session.add(Duty(person_id=person.id or 0, weekday=weekday, starts=starts, ends=ends, days=days))
    for leave in LEAVES:
        session.add(
            Absence(
                person_id=staff[leave.login].id or 0,
                starts_at=_midnight_near(now, leave.since),
                ends_at=_midnight_near(now, leave.until),
                substitute_id=staff[leave.substitute].id if leave.substitute else None,
                kind=leave.kind,
                reason=leave.reason,
            )
        )
    session.flush()


def _shifts(team: list[Person]) -> Iterator[tuple[Person, int, tuple[time, time]]]:
    """Yield the shifts of a desk that is never empty: twelve hours each, in turn, the night one across midnight."""
    turns = [(weekday, shift) for weekday in range(7) for shift in (DAY_SHIFT, NIGHT_SHIFT)]
    for turn, (weekday, shift) in enumerate(turns):
        yield team[turn % len(team)], weekday, shift


def _office_hours(team: list[Person], role: Role) -> Iterator[tuple[Person, int, tuple[time, time]]]:
    """Yield Monday to Friday for all, and for two workers of each desk a day of the weekend."""
    for person in team:
        for weekday in WORKING_DAYS:
            yield person, weekday, MORNING
            yield person, weekday, AFTERNOON
    if role is Role.WORKER:
        for person, weekday in zip(team, (SATURDAY, SUNDAY), strict=False):
            for hours in WEEKEND:
                yield person, weekday, hours


def _midnight_near(now: datetime, days: float) -> datetime:
    """Return the midnight in the town that is nearest to so many days from now."""
    local = (now + timedelta(days=days, hours=12)).astimezone(ZONE)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(now.tzinfo)
