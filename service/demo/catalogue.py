"""To whom does each topic go? The demo's dispatch catalogue (派单目录), its versions, and a dispute about it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.areas.queries import area_tree
from service.areas.rules import AreaLevel
from service.cases.rules import CaseStatus
from service.cases.tables import Case
from service.categories.tables import Category
from service.demo.people import People
from service.demo.town import CITY_MANAGEMENT, HOUSING, HUBIN, LIUXI, MARKET, Town
from service.routing.actions import add_line, change_line
from service.routing.catalogue import lines_in, newest
from service.routing.details import RuleDetails
from service.routing.proposals import Suggestion, propose
from service.routing.publishing import publish
from service.routing.tables import RoutingRule


@dataclass(frozen=True)
class Line:
    """One line of the dispatch catalogue before its ids are known."""

    note: str
    topic: str | None = None
    area: str | None = None
    level: AreaLevel | None = None
    to_area: str | None = None
    to_login: str | None = None
    role: Role = Role.WORKER


SUBDISTRICT = AreaLevel.SUBDISTRICT
LINES = (
    Line("极端风险由街道值班席直接处置。Threats go straight to the duty desk.", "F05",
         level=SUBDISTRICT, role=Role.TRIAGE),
    Line("反映作风的件不交给被反映的单位。Complaints about staff never go to the staff.", "M02",
         level=SUBDISTRICT, role=Role.SUPERVISOR),
    Line("湖滨广场舞由李强协调。Li Qiang knows the dance groups of Hubin.", "D01", HUBIN, to_login="li.qiang"),
    Line("网格明确的环卫件直接给网格员。Sanitation goes to the grid worker where the grid is known.", "C03",
         level=AreaLevel.GRID),
    Line("柳溪镇涉农事项由镇农业口办理。Rural matters of Liuxi are handled by the town.", "L", LIUXI, to_area=LIUXI),
    Line("柳溪镇村务由镇办理，不交村委会。Village affairs are handled by the town, not the village.", "G06", LIUXI,
         to_area=LIUXI),
    Line("水电气热与通信由街道对接企业。The sub-district deals with the utility companies.", "B", level=SUBDISTRICT),
    Line("开发商与交付由街道对接住建。Developers: the sub-district with the housing department.", "A05",
         level=SUBDISTRICT),
    Line("产权办证由街道对接登记中心。Title deeds: the sub-district with the registry.", "A06", level=SUBDISTRICT),
    Line("征收安置由街道办理。Resettlement is handled by the sub-district.", "A07", level=SUBDISTRICT),
    Line("违法建设由街道执法队办理。Illegal building goes to the sub-district's enforcement.", "C02",
         level=SUBDISTRICT),
    Line("施工噪声由街道执法队办理。Construction noise goes to the sub-district's enforcement.", "D02",
         level=SUBDISTRICT),
    Line("污染由街道对接生态环境。Pollution: the sub-district with the environment department.", "D04",
         level=SUBDISTRICT),
    Line("公共安全由街道应急办办理。Public safety is handled by the sub-district.", "F", level=SUBDISTRICT),
    Line("劳动社保由街道办理。Work and social insurance.", "H", level=SUBDISTRICT),
    Line("教育由街道对接教育部门。Education: the sub-district with the department.", "I", level=SUBDISTRICT),
    Line("卫生由街道对接卫健部门。Health: the sub-district with the department.", "J", level=SUBDISTRICT),
    Line("消费与市场由街道对接市场监管。Consumers and market: the sub-district with the regulator.", "K",
         level=SUBDISTRICT),
    Line("其余由社区办理。Everything else is handled by the community.", level=AreaLevel.COMMUNITY),
)  # fmt: skip
"""In order: the first line that fits, and whose people are there, wins."""


def add_rules(session: Session, town: Town, staff: People) -> None:
    """Write the dispatch catalogue, ten positions apart so that a line fits between two."""
    for number, line in enumerate(LINES, start=1):
        session.add(
            RoutingRule(
                position=number * 10,
                category_code=line.topic,
                area_id=town.areas[line.area].id if line.area else None,
                target_level=line.level,
                target_area_id=town.areas[line.to_area].id if line.to_area else None,
                target_person_id=staff[line.to_login].id if line.to_login else None,
                target_role=line.role,
                note=line.note,
            )
        )
    session.flush()


@dataclass(frozen=True)
class Revision:
    """A later version: when it decides, in days, why, and the lines that it adds above one of a topic."""

    days: float
    reason: str
    lines: tuple[tuple[str | None, RuleDetails], ...]
    """Each with the topic of the line above which it stands; None: above the last one."""


POWER, GAS = "江城供电公司", "江城燃气公司"
EARLIER = (
    Revision(
        14,
        "供电、燃气的抢修由企业承办，街道对接并对居民负责。",
        (
            ("B", RuleDetails("B02", target_level=SUBDISTRICT, party=POWER, note="供电由供电公司承办，街道对接。")),
            ("B", RuleDetails("B03", target_level=SUBDISTRICT, party=GAS, note="燃气由燃气公司承办，街道对接。")),
        ),
    ),
    Revision(
        26,
        "独居老人的民政件由社区书记先接；电话咨询由值班席当场答复。",
        (
            (
                None,
                RuleDetails(
                    "G",
                    focus_groups=("elderly_alone",),
                    target_level=AreaLevel.COMMUNITY,
                    target_role=Role.HEAD,
                    note="独居老人由书记上门。The head of the community visits who lives alone.",
                ),
            ),
            (
                None,
                RuleDetails(
                    "M03",
                    channels=("phone",),
                    grades=("C",),
                    target_level=SUBDISTRICT,
                    target_role=Role.TRIAGE,
                    note="电话里能答的当场答。What can be answered on the telephone is.",
                ),
            ),
        ),
    ),
)
"""In days from the beginning of the demo's month."""
POOL_TOPIC = "M01"
POOL = Revision(
    0,
    "政务办事类诉求由社区谁有空谁认领。",
    (
        (
            None,
            RuleDetails(
                POOL_TOPIC, target_level=AreaLevel.COMMUNITY, is_pool=True, note="谁有空谁认领。Whoever is free."
            ),
        ),
    ),
)
"""Just before the visitor comes."""
TO_DEPARTMENTS = (
    ("C02", CITY_MANAGEMENT, "违法建设由区城管局承办。Illegal building goes to the Urban Management Bureau."),
    ("A05", HOUSING, "开发商与交付由区住建局承办。Developers go to the Housing and Construction Bureau."),
    ("K", MARKET, "消费与市场由区市监局承办。Consumers and market go to the Market Regulation Bureau."),
)
"""Topics that are no work for the street (谁管理谁负责), whose lines lead to a department from then on, and why."""
COMING = Revision(
    3,
    "入冬后夜间停水停电停气停热，由值班席直接联系企业抢修。",
    (
        (
            "B02",
            RuleDetails(
                "B",
                hours="night",
                grades=("G1", "G2"),
                target_level=SUBDISTRICT,
                target_role=Role.TRIAGE,
                note="夜间抢修不等到早上。Repairs at night do not wait for the morning.",
            ),
        ),
    ),
)
"""In days from now."""
DEPARTMENTS_REASON = "职权在区直部门的三类事项由部门直接承办，不再下派街道。"
DISPUTED_TOPIC = "A02"
DISPUTED = "业委会换届由街道物业办指导，社区没有审批权限。"


def revise_rules(session: Session, revision: Revision, by: Person, since: datetime, now: datetime) -> None:
    """Publish a later version through the product's own actions, decided at `now`."""
    for topic, details in revision.lines:
        lines = lines_in(session, newest(session).id or 0)
        above = next((line.line for line in lines if topic is not None and line.category_code == topic), None)
        add_line(session, details, by=by, now=now, above=above)
    publish(session, revision.reason, since + timedelta(days=revision.days), by=by, now=now)


def give_to_departments(session: Session, town: Town, by: Person, now: datetime) -> None:
    """Publish a version by which three kinds of matters go to the departments whose work they are."""
    lines = {line.category_code: line.line or 0 for line in lines_in(session, newest(session).id or 0)}
    for topic, to, note in TO_DEPARTMENTS:
        details = RuleDetails(topic, target_area_id=town.areas[to].id, note=note)
        change_line(session, lines[topic], details, by=by, now=now)
    publish(session, DEPARTMENTS_REASON, now, by=by, now=now)


def dispute(session: Session, staff: People, now: datetime) -> None:
    """Let the head of the community whose case was returned propose what the table should say."""
    topic = select(Category.id).where(Category.code == DISPUTED_TOPIC).scalar_subquery()
    returned = select(Case).where(Case.status == CaseStatus.RETURNED, Case.category_id == topic).order_by(col(Case.id))
    by_place = {person.area_id: person for person in staff.values() if person.role is Role.HEAD}
    areas = area_tree(session)
    for case in session.exec(returned):
        by = by_place.get(areas.at_level(case.area_id, AreaLevel.COMMUNITY).id)
        if by is not None:
            above = Suggestion(DISPUTED_TOPIC, None, target_level=SUBDISTRICT)
            propose(session, case.id or 0, above, DISPUTED, by=by, now=now - timedelta(hours=2))
            return
