"""What do the desks of the demo have at hand: texts, filters, somebody to call again?"""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.cases.rules import Action, CaseStatus
from service.cases.tables import Case
from service.demo.people import People
from service.demo.town import HUBIN, WANGHU, Town
from service.escalations.filters import save_list
from service.escalations.lists import Where
from service.escalations.rules import Which
from service.handling.actions import Doer, act
from service.handling.filters import save_filter
from service.handling.queries import actors
from service.handling.queues import Ask, Tab
from service.texts.actions import add_text
from service.texts.loading import load_texts
from service.texts.rules import StandardTextDetails
from service.texts.tables import StandardText
from service.timekeeping import ZONE

USED = {"taken-up": 46, "done": 41, "on-site": 27, "visit": 19, "not-reached": 15, "more-about-place": 9, "sorry": 4}
"""How often the desks have used what came with the product."""


def add_texts(session: Session, town: Town, people: People, now: datetime) -> None:
    """Load what comes with the product, and let the supervisor of 望湖街道 add two texts of her own."""
    load_texts(session, now)
    for code, used in USED.items():
        session.execute(sa.update(StandardText).where(col(StandardText.code) == code).values(used=used))
    lift = StandardTextDetails(
        title="电梯困人或停运",
        title_en="A lift that stands still",
        text=(
            "{称呼}，您好！电梯的事我们已通知维保单位到场，{服务台}会一直跟到恢复运行。"
            "这期间老人上下楼有困难的，请拨打 {电话}，我们来帮忙。"
        ),
        text_en=(
            "Dear {resident}, the maintenance firm has been called to the lift, and {desk} stays on it until it runs "
            "again. If stairs are hard for somebody meanwhile, call {phone} and we will help."
        ),
        acts=("reply",),
        category_code="A03",
        area_id=town.areas[WANGHU].id,
    )
    noise = StandardTextDetails(
        title="湖滨：晚间噪声已劝导",
        title_en="Hubin: noise at night",
        text=(
            "{称呼}，您好！网格员昨晚已到现场劝导，对方答应 22 点以后不再施工。若再发生，请在这里告诉我们，我们马上来。"
        ),
        text_en=(
            "Dear {resident}, our grid worker was there last night, and they agreed not to work after 22:00. If it "
            "happens again, tell us here and we will come at once."
        ),
        acts=("reply", "resolve"),
        area_id=town.areas[HUBIN].id,
    )
    for details in (lift, noise):
        add_text(session, details, by=people["chen.jing"], now=now)


def leave_work(session: Session, town: Town, people: People, now: datetime) -> None:
    """Let 李强 have two filters of his own and a resident to call again tomorrow, and 陈静 two lists of the board."""
    li = people["li.qiang"]
    overdue, parking = Ask(Tab.OVERDUE, mine=False), Ask(mine=False, search="停车")
    save_filter(session, li, "全社区已超时", overdue, now=now, name_en="Overdue in Hubin")
    save_filter(session, li, "停车", parking, now=now, name_en="Parking")
    chen, here = people["chen.jing"], Where(town.areas[HUBIN].id or 0)
    save_list(session, chen, "湖滨已超时", Which.BREACHED, here, now=now, name_en="Overdue in Hubin")
    save_list(session, chen, "望湖待派单", Which.UNASSIGNED, None, now=now, name_en="To be assigned")
    at_work = select(Case).where(Case.assignee_id == li.id, Case.status == CaseStatus.IN_PROGRESS)
    case = session.exec(at_work.where(col(Case.due_at) > now).order_by(col(Case.due_at)).limit(1)).first()
    if case is not None:
        again = f"{(now + timedelta(days=1)).astimezone(ZONE):%Y-%m-%d}T15:00"
        said = {"kind": "call", "result": "call_again", "again_at": again, "text": "正在开会，请明天再打。"}
        act(session, case.id or 0, Action.CONTACT, said, by=Doer(actors(session, case, li), li), now=now)
