"""Outside parties for tests, and how one is given a job."""

from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from service.accounts.tables import Person
from service.cases.tables import Case
from service.commissions.actions import GivenJob, Hand, Said, act_as_worker, give
from service.commissions.rules import JobAction
from service.commissions.tables import PartyJob
from service.handling.queries import actors
from service.parties.actions import add_party
from service.parties.rules import PartyDetails, PartyKind, Price
from service.parties.tables import Party
from tests.people import Town

PHONE, MAIL = "13900001111", "wuye@example.org"


def details(town: Town, **other: Any) -> PartyDetails:
    told = {
        "name": "湖滨物业",
        "kind": PartyKind.PROPERTY,
        "valid_from": date(2026, 1, 1),
        "name_en": "Hubin Property",
        "contact": "黄经理",
        "phone": PHONE,
        "email": MAIL,
        "area_ids": (town.areas["shore"].id,),
        "categories": ("C",),
        "contract": "WY-2026-01",
        "valid_until": date(2026, 12, 31),
        "prices": (Price("换灯", "盏", 3550), Price("补路面", "平方米", 12000)),
        "minder_id": town.he_jun.id,
    }
    return PartyDetails(**(told | other))


def a_party(session: Session, town: Town, now: datetime, **other: Any) -> Party:
    return add_party(session, details(town, **other), by=town.admin, now=now)


def hand(session: Session, case: Case, person: Person) -> Hand:
    return Hand(person, actors(session, case, person))


def a_job(session: Session, case: Case, party: Party, person: Person, now: datetime, **other: Any) -> PartyJob:
    given = {"party_id": party.id, "text": "三单元二楼的灯不亮，请换灯", "place": "湖滨一区3号楼", "hours": 24} | other
    return give(session, case.id or 0, GivenJob(**given), by=hand(session, case, person), now=now)


def worker_does(
    session: Session, job: PartyJob, case: Case, person: Person, action: JobAction, now: datetime, **said: Any
) -> PartyJob:
    return act_as_worker(session, job.id or 0, action, Said(**said), by=hand(session, case, person), now=now)
