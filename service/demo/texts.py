"""Which standard texts do the desks of the demo use, beside those that come with the product?"""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from service.demo.people import People
from service.demo.town import HUBIN, WANGHU, Town
from service.texts.actions import add_text
from service.texts.loading import load_texts
from service.texts.rules import StandardTextDetails
from service.texts.tables import StandardText

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
