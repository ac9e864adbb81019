"""The people in tests: their names say what they may do."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from service.accounts.rules import Role
from service.accounts.tables import Duty, Person
from service.areas.rules import AreaLevel
from service.areas.tables import Area
from service.categories.tables import Category
from service.clocks.actions import register_book
from service.clocks.queries import current_book
from service.routing.tables import RoutingRule
from sla_policies.policy import Grade

MONDAY_8 = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
"""Monday 23 November 2026, 08:00 in Shanghai."""
PASSWORD = "correct horse battery"
NO_PASSWORD = "!"
"""No hash matches it; tests that sign in set a real one."""


@dataclass
class Town:
    """A small town: two sub-districts, three communities, one grid, and one person in each role."""

    areas: dict[str, Area] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        if name in self.__dict__.get("people", {}):
            return self.people[name]
        raise AttributeError(name)


def square(lon: float, lat: float, size: float) -> dict[str, Any]:
    ring = [[lon, lat], [lon + size, lat], [lon + size, lat + size], [lon, lat + size], [lon, lat]]
    return {"type": "Polygon", "coordinates": [ring]}


AREAS = (
    ("county", None, AreaLevel.COUNTY, "990100", "江城区", "Jiangcheng", square(118.0, 32.0, 0.2)),
    ("lake", "county", AreaLevel.SUBDISTRICT, "990101001", "望湖街道", "Wanghu", square(118.0, 32.0, 0.1)),
    ("willow", "county", AreaLevel.SUBDISTRICT, "990101101", "柳溪镇", "Liuxi", square(118.1, 32.0, 0.1)),
    ("shore", "lake", AreaLevel.COMMUNITY, "990101001001", "湖滨社区", "Hubin", square(118.0, 32.0, 0.05)),
    ("hill", "lake", AreaLevel.COMMUNITY, "990101001002", "东山社区", "Dongshan", square(118.05, 32.0, 0.05)),
    ("mill", "willow", AreaLevel.COMMUNITY, "990101101001", "磨坊村", "Mofang", square(118.1, 32.0, 0.05)),
    ("shore_grid", "shore", AreaLevel.GRID, "990101001001001", "湖滨一网格", "Hubin grid 1", square(118.0, 32.0, 0.02)),
)
PEOPLE = (
    ("li_qiang", "李强", "Li Qiang", Role.WORKER, "shore"),
    ("sun_li", "孙丽", "Sun Li", Role.WORKER, "shore"),
    ("zhao_min", "赵敏", "Zhao Min", Role.WORKER, "hill"),
    ("he_jun", "何军", "He Jun", Role.HEAD, "shore"),
    ("wu_dan", "吴丹", "Wu Dan", Role.TRIAGE, "lake"),
    ("chen_jing", "陈静", "Chen Jing", Role.SUPERVISOR, "lake"),
    ("zhou_tao", "周涛", "Zhou Tao", Role.SUPERVISOR, "willow"),
    ("qian_bo", "钱波", "Qian Bo", Role.DISTRICT, "county"),
    ("admin", "管理员", "Administrator", Role.ADMIN, "county"),
)
"""李强 and 孙丽 work in 湖滨, 赵敏 in 东山; 何军 heads 湖滨; 陈静 supervises 望湖, 周涛 the other sub-district."""
TOPICS = (
    ("A", None, "物业与住宅", "Property & housing", Grade.G3, []),
    ("A03", "A", "电梯", "Lifts", Grade.G2, ["电梯"]),
    ("C", None, "城市管理", "City management", Grade.G3, []),
    ("C03", "C", "环境卫生与垃圾", "Sanitation & waste", Grade.G3, ["垃圾", "公厕"]),
    ("C05", "C", "道路与市政设施", "Roads & street furniture", Grade.G3, ["路灯", "路面"]),
    ("M", None, "政务服务", "Gov services", Grade.G3, []),
    ("M03", "M", "政策咨询与建议", "Policy advice", Grade.C, ["咨询"]),
    ("Z", None, "其他", "Other", Grade.G3, []),
    ("Z99", "Z", "其他诉求", "Something else", Grade.G3, []),
)
DESKS_ROUND_THE_CLOCK = frozenset({Role.TRIAGE, Role.DISTRICT})


def build_town(session: Session) -> Town:
    """Write the town into an empty database."""
    town = Town()
    for key, parent, level, code, name, name_en, boundary in AREAS:
        above = town.areas.get(parent or "")
        area = Area(
            parent_id=above.id if above else None,
            level=level,
            code=code,
            name=name,
            name_en=name_en,
            path="/",
            desk_name=f"{name}服务站",
            desk_name_en=f"{name_en} Service Desk",
            phone="0990-5550101",
            boundary=boundary,
            created_at=MONDAY_8,
        )
        session.add(area)
        session.flush()
        area.path = f"{above.path if above else '/'}{area.id}/"
        town.areas[key] = area
    session.execute(sa.delete(Category))  # Where the command line has migrated, the shipped ones stand already.
    for position, (code, parent_code, name, name_en, grade, keywords) in enumerate(TOPICS):
        session.add(
            Category(
                code=code,
                parent_code=parent_code,
                name=name,
                name_en=name_en,
                grade=grade,
                keywords=keywords,
                position=position,
            )
        )
        session.flush()
    for key, name, name_en, role, where in PEOPLE:
        person = Person(
            login=key.replace("_", "."),
            name=name,
            name_en=name_en,
            password_hash=NO_PASSWORD,
            role=role,
            area_id=town.areas[where].id or 0,
            email=f"{key}@example.org",
            created_at=MONDAY_8,
        )
        session.add(person)
        session.flush()
        town.people[key] = person
        for weekday in range(7 if role in DESKS_ROUND_THE_CLOCK else 5):
            hours = (time(0), time(0)) if role in DESKS_ROUND_THE_CLOCK else (time(8, 30), time(17, 30))
            session.add(Duty(person_id=person.id or 0, weekday=weekday, starts=hours[0], ends=hours[1]))
    session.add(RoutingRule(position=10, target_level=AreaLevel.COMMUNITY, note="Everything else to the community."))
    register_book(session, current_book(MONDAY_8), MONDAY_8)
    session.flush()
    return town
