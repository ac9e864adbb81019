"""Which cases did the demo's month bring, and which stand open now, so that every page has something to show?"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.demo import courses, crowds, joint, parties, standing, supervised
from service.demo.arrivals import HOURS, WEEKDAYS
from service.demo.catalogue import POOL, POOL_TOPIC, give_to_departments, revise_rules
from service.demo.life import Life
from service.demo.people import People
from service.demo.stories import Teller
from service.demo.town import Neighbourhood, Town
from service.demo.world import Course, World
from service.intake.forms import Channel, Contact, RequestForm
from service.outbox.rules import NoticeState
from service.outbox.tables import Notice
from service.timekeeping import ZONE

SEED = 20260101
MONTH = 30
"""Days."""
PLAIN, TWINS = 280, 9
LATEST = timedelta(minutes=4)
"""The youngest case is at least so old, so that a clock that starts now finds nothing in its future."""
DELIVERED = timedelta(minutes=5)
"""Notices older than that have been delivered, as far as the demo is concerned."""

HOUR = 60
DAY = 24 * HOUR
NOWHERE = "请问老年优待证在哪里办？我们刚搬来不久，还不清楚自己算哪个社区，想先问问要带什么材料。"
CAST = "li.qiang"
"""Whose queue the first visitor sees."""


@dataclass(frozen=True)
class Shown:
    """A case that stands open now: how long ago it came in, where, about what, how it went on, and in whose hands."""

    minutes_ago: float
    place: str
    topic: str
    course: Callable[[Life], Course]
    to: str | None = None


SHOWN = (
    # Somebody's queue with everything in it.
    Shown(9 * DAY, "湖滨社区", "A01", supervised.ordered, CAST),
    Shown(2.2 * DAY, "湖滨社区", "C05", standing.signed_only, CAST),
    Shown(7 * DAY - 70, "湖滨社区", "E01", standing.in_hand, CAST),
    Shown(85, "湖滨社区", "A03", standing.signed_only, CAST),
    Shown(24, "湖滨社区", "F01", standing.ignored, CAST),
    Shown(1.4 * DAY, "湖滨社区", "A04", standing.waiting, CAST),
    Shown(3 * DAY, "湖滨社区", "G01", supervised.sent_back, CAST),
    Shown(5 * HOUR, "湖滨社区", "D01", standing.signed_only, CAST),
    Shown(50, "湖滨社区", "G02", standing.ignored, CAST),
    Shown(4.5 * HOUR, "湖滨社区", "C03", standing.sent_back, CAST),
    # Overdue, and climbing.
    Shown(2.6 * DAY, "莲花池社区", "D01", standing.ignored),
    Shown(1.3 * DAY, "东山社区", "E01", standing.signed_only),
    Shown(8.3 * DAY, "望江亭社区", "C03", supervised.answered),
    Shown(3.4 * HOUR, "北塘社区", "A03", standing.ignored),
    Shown(1.6 * DAY, "枫林村", "C03", standing.ignored),
    Shown(4 * DAY, "溪口社区", "B01", supervised.left_unanswered),
    Shown(5 * HOUR, "河湾社区", "B06", standing.signed_only),
    # About to run out.
    Shown(95, "书院巷社区", "B02", standing.signed_only),
    Shown(28, "老街社区", "F01", standing.ignored),
    Shown(3 * DAY - 45, "春和社区", "A03", standing.in_hand),
    Shown(1 * DAY - 80, "大塘村", "G06", standing.signed_only),
    # Waiting for the resident, and waiting for a desk to decide.
    Shown(20 * HOUR, "竹园村", "L01", standing.waiting),
    Shown(2 * DAY, "梧桐里社区", "C02", standing.waiting),
    Shown(70, "明德社区", "A02", standing.returned),
    Shown(3 * HOUR, "磨坊村", "L02", standing.returned),
    Shown(100, "青石桥社区", "E01", standing.transferred),
    Shown(55, "石桥头村", "C05", standing.transferred),
    # Going well.
    Shown(6 * HOUR, "听涛社区", "C03", standing.in_hand),
    Shown(1.1 * DAY, "纺织新村社区", "G01", supervised.done),
    Shown(5 * HOUR, "老街社区", "C05", standing.sent_back),
    Shown(6 * HOUR, "春和社区", "C03", standing.done),
    Shown(40, "书院巷社区", "J01", standing.signed_only),
    # Several desks on one case.
    Shown(5.5 * HOUR, "湖滨社区", "C05", joint.helped, CAST),
    Shown(3 * HOUR, "湖滨社区", "C03", joint.whistled, CAST),
    Shown(4.2 * DAY, "湖滨社区", "D01", joint.scored, CAST),
)  # fmt: skip
FOR_DEPARTMENTS = (("C02", "湖滨社区"), ("K02", "老街社区"))
"""What came in at this moment and is a department's work: topic and place."""
WITH_PARTIES = (
    # Still to do, done and to be checked, late, and as it went before.
    Shown(1.1 * DAY, "湖滨社区", "C05", parties.given(parties.PROPERTY), CAST),
    Shown(1.3 * DAY, "湖滨社区", "A01", parties.reported(parties.PROPERTY), CAST),
    Shown(1.6 * DAY, "湖滨社区", "C03", parties.left_waiting(parties.PROPERTY), CAST),
    Shown(20 * DAY, "湖滨社区", "C05", parties.done(parties.PROPERTY), CAST),
    Shown(17 * DAY, "湖滨社区", "A01", parties.done(parties.PROPERTY, again=True), CAST),
    Shown(12 * DAY, "湖滨社区", "C03", parties.refused(parties.PROPERTY, parties.VOLUNTEERS), CAST),
    Shown(9 * DAY, "湖滨社区", "C05", parties.done(parties.PROPERTY), CAST),
    Shown(14 * DAY, "湖滨社区", "G01", parties.done(parties.SOCIAL), CAST),
)  # fmt: skip


def live_a_month(session: Session, town: Town, people: People, now: datetime) -> None:
    """Let the month before `now` pass: requests come in by the hour and weekday, and go their ways."""
    dice = random.Random(SEED)  # noqa: S311  # An invented month, always the same one.
    world = World(session, people, dice, now - timedelta(days=MONTH))
    teller = Teller(town, dice)
    firsts: list[tuple[datetime, Life]] = []
    for at in _arrivals(dice, now):
        life = Life(world, teller.tell())
        firsts.append((at, life))
        world.begin(at, whole_life(life, dice))
    for at, first in dice.sample(firsts, TWINS):
        twin = Life(world, teller.retell(first.story))
        world.begin(min(at + world.minutes(HOUR, DAY), now - LATEST), from_the_start(twin, courses.twin_of(first)))
    places = {n.area.name: n for n in town.neighbourhoods}
    for shown in SHOWN:
        world.begin(now - timedelta(minutes=shown.minutes_ago), _shown(world, teller, shown, places[shown.place]))
    crowds.gather(world, teller, places[crowds.PLACE], now)
    other = Teller(town, random.Random(SEED + 1))  # noqa: S311  # See above. What others tell stays as it was.
    for shown in WITH_PARTIES:
        world.begin(now - timedelta(minutes=shown.minutes_ago), _shown(world, other, shown, places[shown.place]))
    world.run(now - LATEST)
    _leave_one_to_nobody(session, world, teller)
    revise_rules(session, POOL, people["admin"], world.now, world.now)
    Life(world, teller.tell(places["湖滨社区"], POOL_TOPIC).about(POOL_TOPIC)).open()
    world.run(now)
    give_to_departments(session, town, people["admin"], world.now)
    for topic, place in FOR_DEPARTMENTS:
        Life(world, other.tell(places[place], topic).about(topic)).open()
    deliver_the_past(session, now)
    crowds.know_each_other(session, now)


def _arrivals(dice: random.Random, now: datetime) -> list[datetime]:
    """Return the moments at which requests came in."""
    midnight = now.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [midnight - timedelta(days=ago) for ago in range(MONTH)]
    found: list[datetime] = []
    while len(found) < PLAIN:
        day = dice.choices(days, weights=[WEEKDAYS[day.weekday()] for day in days])[0]
        hour = dice.choices(range(24), weights=HOURS)[0]
        at = day + timedelta(hours=hour, seconds=dice.randrange(3600))
        if at < now - LATEST:
            found.append(at.astimezone(now.tzinfo))
    return sorted(found)


def whole_life(life: Life, dice: random.Random) -> Course:
    """Open a case and let it go one of the ways that cases go, each as often as it happens."""
    return from_the_start(life, dice.choices(list(courses.SHARES), weights=list(courses.SHARES.values()))[0])


def from_the_start(life: Life, course: Callable[[Life], Course]) -> Course:
    """Open a case and let it go this way."""
    life.open()
    yield from course(life)


def _shown(world: World, teller: Teller, shown: Shown, place: Neighbourhood) -> Course:
    """Open a case that is to be shown, in the hands it is to be shown in."""
    life = Life(world, teller.tell(place, shown.topic))
    life.open()
    if shown.to is not None and life.case.assignee_id != world.people[shown.to].id:
        yield life.now + world.minutes(1, 2)
        life.hand_to(world.people[shown.to], "reassign")
    yield from shown.course(life)


def _leave_one_to_nobody(session: Session, world: World, teller: Teller) -> None:
    """Take in a request that names no place, while the district desk changes hands and nobody can be named for it.

    With anybody at a desk, even one who is away, a case is never without a person: so the desk is empty for a moment.
    """
    story = teller.tell(topic="M03")
    form = RequestForm(text=NOWHERE, contact=Contact(name="何秀兰", phone="13800000901"), channel=Channel.WEB)
    at_desk = sa.update(Person).where(col(Person.role) == Role.DISTRICT)
    session.execute(at_desk.values(is_active=False))
    Life(world, replace(story, form=form)).open()
    session.execute(at_desk.values(is_active=True))


def deliver_the_past(session: Session, now: datetime) -> None:
    """Mark the notices of the past as sent: whoever starts the demo must not get a month of them at once."""
    session.execute(
        sa.update(Notice)
        .where(col(Notice.state) == NoticeState.WAITING, col(Notice.next_try_at) <= now - DELIVERED)
        .values(state=NoticeState.SENT, sent_at=Notice.next_try_at, tries=1)
    )
