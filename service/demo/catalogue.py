"""To whom does each topic go? The demo's dispatch catalogue (派单目录)."""

from dataclasses import dataclass

from sqlmodel import Session

from service.accounts.rules import Role
from service.areas.rules import AreaLevel
from service.demo.people import People
from service.demo.town import HUBIN, LIUXI, Town
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
