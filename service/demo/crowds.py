"""What do several people of one estate ask for in the same week, each in words of their own?"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from service.cases.rules import Action, Actor
from service.demo import standing
from service.demo.life import Life
from service.demo.stories import Teller
from service.demo.town import Neighbourhood
from service.demo.world import Course, World
from service.duplicates.actions import learn, read_new
from service.duplicates.heat import find_hot
from service.handling.actions import Doer, act
from service.intake.forms import Channel, Contact

PLACE, TOPIC = "湖滨社区", "E01"
HOUR = timedelta(hours=1)
MOST = 10_000
"""More cases than the demo has."""
SENDER = Doer(frozenset({Actor.SENDER}))
SAID = (
    (140, "王秀兰", "柳岸新居东门进来的消防通道又被占了，每天晚上第一排停满车，救护车都开不进来。"),
    (92, "刘建国", "东门那条消防通道天天晚上停车，昨天救护车在柳岸新居门口堵了十分钟，请管一管。"),
    (47, "赵玉梅", "请管管柳岸新居东门消防通道停车的事，晚上八点以后一辆接一辆，真着火了怎么办？"),
    (20, "宋志明", "柳岸新居东门消防通道被私家车占满，我家老人坐轮椅出不去，希望画线或者装桩子。"),
)
"""How many hours ago, by whom, in which words; the last one joins the first."""


def gather(world: World, teller: Teller, place: Neighbourhood, now: datetime) -> None:
    """Let each of them write at their hour."""
    first: list[Life] = []
    for n, (hours, name, text) in enumerate(SAID):
        story = teller.tell(place, TOPIC)
        contact = Contact(name=name, phone=f"1380000091{n}")
        asked: dict[str, Any] = {
            "text": text,
            "title": None,
            "category": TOPIC,
            "area": place.area.code,
            "channel": Channel.WEB,
        }
        asked |= {"location": None, "contact": contact, "anonymous": False, "language": "zh", "address": "柳岸新居东门"}
        life = Life(world, replace(story, form=story.form.model_copy(update=asked)))
        first.append(life)
        world.begin(now - hours * HOUR, _joined(life, first[0]) if n == len(SAID) - 1 else _told(life))


def know_each_other(session: Session, now: datetime) -> None:
    """Let the workers' looks at words happen at once: whoever opens the demo finds what they would have found."""
    learn(session, now)
    read_new(session, now, most=MOST)
    find_hot(session, now)


def _told(life: Life) -> Course:
    life.open()
    yield from standing.in_hand(life)


def _joined(life: Life, first: Life) -> Iterator[datetime]:
    life.open()
    act(life.world.session, life.case.id or 0, Action.DUPLICATE, {"number": first.case.number}, by=SENDER, now=life.now)
    yield from ()
