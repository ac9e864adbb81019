"""Which outside parties help in the demo's town, and what became of the jobs that they were given?"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session

from service.cases.queries import contact_of
from service.commissions.actions import GivenJob, Hand, Said, act_as_party, act_as_worker, give
from service.commissions.hiding import hidden
from service.commissions.rules import JobAction
from service.commissions.sweeping import tell_late
from service.commissions.tables import PartyJob
from service.demo.catalogue import GAS, POWER
from service.demo.courses import hear, sign, talk
from service.demo.life import Life
from service.demo.people import People
from service.demo.standing import in_hand
from service.demo.town import COUNTY_CODE, HUBIN, WANGHU, Town
from service.demo.world import Course
from service.parties.actions import add_party
from service.parties.queries import by_name
from service.parties.rules import PartyDetails, PartyKind, Price
from service.routing.standing import acting_as
from sla_policies.policy import Metric

PROPERTY, CLEANING, SOCIAL, VOLUNTEERS = "湖滨安居物业", "洁净保洁服务", "望湖社会工作服务中心", "湖滨银龄志愿队"
MINUTE = timedelta(minutes=1)
YEAR = 365
UTILITIES = (
    (POWER, "Jiangcheng Power Supply", ("B02",), "GD-2025-003"),
    (GAS, "Jiangcheng Gas", ("B03",), "RQ-2025-011"),
)
DONE, AGAIN = "已到现场办好，照片已上传。", "又去了一次，余下的也办好了。"


def add_parties(session: Session, town: Town, people: People, begun: datetime) -> None:
    """Write down who helps, through the product's own action."""
    start, admin = begun.date(), people["admin"]
    end = start + timedelta(days=YEAR)
    areas = {code: (town.areas[code].id or 0,) for code in (HUBIN, WANGHU, COUNTY_CODE)}
    repairs = (Price("换路灯", "盏", 8600), Price("补墙面", "平方米", 4500), Price("清运垃圾", "车", 26000))
    firm = PartyDetails(PROPERTY, PartyKind.PROPERTY, start, "Hubin Anju Property", "黄经理", "13800000951")
    firm = replace(firm, email="anju@example.org", area_ids=areas[HUBIN], categories=("A", "C"), prices=repairs)
    cleaning = PartyDetails(CLEANING, PartyKind.PURCHASED, start, "Jiejing Cleaning", "孙主管", email="jj@example.org")
    cleaning = replace(
        cleaning, area_ids=areas[WANGHU], categories=("C03",), contract="GM-2026-018",
        valid_until=start + timedelta(days=30), prices=(Price("清运垃圾", "车", 24000),),
    )  # fmt: skip
    social = PartyDetails(SOCIAL, PartyKind.SOCIAL, start, "Wanghu Social Work Centre", "林社工", "13800000952")
    social = replace(social, email="sw@example.org", area_ids=areas[WANGHU], categories=("G",), valid_until=end)
    helpers = PartyDetails(VOLUNTEERS, PartyKind.VOLUNTEERS, start, "Hubin Silver Volunteers", "何阿姨", "13800000953")
    helpers = replace(helpers, email="yl@example.org", area_ids=areas[HUBIN], minder_id=people["he.jun"].id)
    members = replace(helpers, name="湖滨双报到党员先锋队", name_en="Hubin Party Members", kind=PartyKind.MEMBERS)
    for details in (replace(firm, valid_until=end, contract="WY-2026-02"), cleaning, social, helpers, members):
        add_party(session, details, by=admin, now=begun)
    for name, name_en, topics, contract in UTILITIES:
        utility = PartyDetails(name, PartyKind.PURCHASED, start, name_en, email="repair@example.org", contract=contract)
        utility = replace(utility, area_ids=areas[COUNTY_CODE], categories=topics, valid_until=end)
        add_party(session, utility, by=admin, now=begun)


def given(name: str) -> Callable[[Life], Course]:
    """Return the course of a case at work, with a job that the party has taken on and not done yet."""

    def course(life: Life) -> Course:
        yield from in_hand(life)
        job = _give(life, name, hours=48)
        yield life.now + life.world.minutes(20, 60)
        _party(life, job, JobAction.TAKE)

    return course


def reported(name: str) -> Callable[[Life], Course]:
    """Return the course of a case whose party says that it is done; the worker has not looked yet."""

    def course(life: Life) -> Course:
        yield from in_hand(life)
        job = _give(life, name, hours=24)
        yield life.now + life.world.minutes(60, 90)
        _party(life, job, JobAction.REPORT, DONE)

    return course


def left_waiting(name: str) -> Callable[[Life], Course]:
    """Return the course of a case whose party took the job and let its time pass."""

    def course(life: Life) -> Course:
        yield from in_hand(life)
        job = _give(life, name, hours=4)
        yield life.now + life.world.minutes(20, 60)
        _party(life, job, JobAction.TAKE)
        yield job.due_at + MINUTE
        tell_late(life.world.session, life.now, most=10)

    return course


def refused(name: str, other: str) -> Callable[[Life], Course]:
    """Return the course of a case that one party cannot do and another one does."""

    def course(life: Life) -> Course:
        yield from _at_work(life)
        job = _give(life, name, hours=24)
        yield life.now + life.world.minutes(40, 90)
        _party(life, job, JobAction.REFUSE, "这几天人手都排满了，办不了。")
        yield life.later(0.2, 1)
        yield from _done(life, other)

    return course


def done(name: str, *, again: bool = False) -> Callable[[Life], Course]:
    """Return the course of a case that a party does; `again`: its first answer is not enough."""

    def course(life: Life) -> Course:
        yield from _at_work(life)
        yield from _done(life, name, again=again)

    return course


def _at_work(life: Life) -> Course:
    yield from sign(life)
    yield from talk(life)
    life.accept()


def _done(life: Life, name: str, *, again: bool = False) -> Course:
    job = _give(life, name, hours=24)
    yield life.now + life.world.minutes(90, 240)
    _party(life, job, JobAction.REPORT, DONE)
    if again:
        yield life.later(0.5, 2)
        _worker(life, job, JobAction.SEND_BACK, Said("还有一处没办好，请再去一次。", 24))
        yield life.now + life.world.minutes(90, 240)
        _party(life, job, JobAction.REPORT, AGAIN)
    yield life.later(0.5, 2)
    _worker(life, job, JobAction.APPROVE, Said("现场看过，可以。", quantities={0: "2"} if job.prices else {}))
    life.look_at_promises()
    yield life.within(Metric.RESOLVE, 0.1, 0.6)
    life.resolve()
    yield from hear(life)


def _give(life: Life, name: str, *, hours: int) -> PartyJob:
    session = life.world.session
    party = by_name(session, name)
    contact, where = contact_of(life.case), life.case.address or life.community.name
    text, place = (hidden(words, contact) for words in (life.case.text, where))
    job = GivenJob((party.id if party else None) or 0, text, place, (), hours)
    return give(session, life.case.id or 0, job, by=_hand(life), now=life.now)


def _party(life: Life, job: PartyJob, action: JobAction, words: str = "") -> None:
    act_as_party(life.world.session, job.id or 0, action, words, now=life.now)


def _worker(life: Life, job: PartyJob, action: JobAction, said: Said) -> None:
    act_as_worker(life.world.session, job.id or 0, action, said, by=_hand(life), now=life.now)


def _hand(life: Life) -> Hand:
    person = life.world.staff[life.case.assignee_id or 0]
    return Hand(person, acting_as(person, life.case, life.world.known))
