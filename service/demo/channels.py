"""By which channels are the demo's people told, and how do some of them want it?"""

import secrets
from datetime import datetime, time

from sqlmodel import Session

from service.delivery.changes import add_channel
from service.delivery.forms import ChannelDetails
from service.demo.people import People
from service.outbox.rules import Channel, Digest
from service.outbox.tables import NoticeWishes

CATCHER = "{public_url}/api/v1/demo/caught"


def add_channels(session: Session, people: People, now: datetime) -> None:
    """Set up a webhook and short messages, caught by the demo itself, and a robot not in use: its key is invented."""
    hook = ChannelDetails(
        name="值班平台 Webhook",
        name_en="Duty platform webhook",
        kind=Channel.WEBHOOK,
        address=CATCHER,
        secret=secrets.token_urlsafe(24),
    )
    robot = ChannelDetails(
        name="企业微信群机器人",
        name_en="WeCom group robot",
        kind=Channel.APPRISE,
        address="wecombot://00000000-0000-0000-0000-000000000000",
        secret="",
        is_active=False,
    )
    short = ChannelDetails(
        name="短信网关",
        name_en="Short messages",
        kind=Channel.WEBHOOK,
        address=f"{CATCHER}?phone={{phone}}",
        secret=secrets.token_urlsafe(24),
    )
    ours = add_channel(session, hook, by=None, now=now)
    add_channel(session, robot, by=None, now=now)
    add_channel(session, short, by=None, now=now)
    session.add_all(
        (
            NoticeWishes(person_id=people["chen.jing"].id or 0, channels=[str(ours.id), Channel.MAIL]),
            NoticeWishes(person_id=people["he.jun"].id or 0, channels=[], digest=Digest.HOURLY, quiet_from=time(20)),
        )
    )
    session.flush()
