"""Weekly duties by sheet: replaced or left alone, each change in the history, and nothing of others overwritten."""

from datetime import datetime, time

import pytest
from sqlmodel import Session

from service.accounts.queries import all_duties
from service.accounts.rules import DutyHours
from service.accounts.tables import Person
from service.audit.queries import broken_chains, history
from service.roll.duties import written
from service.roll.exporting import SheetKind, write_people
from service.roll.importing import look_at
from service.rosters.actions import add_duties
from service.routing.queries import directory
from service.sheets import ImportRefusedError
from tests.actions.test_people_sheet import actions, somebody, take
from tests.people import Town


def duties_now(session: Session, person: Person) -> str:
    return written(all_duties(session).get(person.id or 0, []), "en")


def test_weekly_duties_are_replaced_and_each_stands_in_the_history(session: Session, town: Town, now: datetime) -> None:
    li, sun, zhao = town.li_qiang, town.sun_li, town.zhao_min
    assert duties_now(session, li) == "every week Mon-Fri 08:30-17:30"
    lin = "lin.mei,林梅,worker,990101001001,工作日 周一 08:30-17:30\n"
    week = "every week Mon,Tue 08:30-17:30; every week Sat 22:00-06:00"
    sheet = f'login,name,role,area,duties\nli.qiang,,,,"{week}"\nsun.li,,,,\nzhao.min,,,,无\n{lin}'
    take(session, sheet, town.admin, now)
    assert [duties_now(session, person) for person in (li, sun, zhao, somebody(session, "lin.mei"))] == [
        week,
        "every week Mon-Fri 08:30-17:30",
        "",
        "workdays Mon 08:30-17:30",
    ]
    assert actions(session, li) == [*["duty.removed"] * 3, "duty.added"]
    fact = {"weekday": 5, "starts": "22:00", "ends": "06:00", "days": "every"}
    assert history(session, "person", li.id or 0)[-1]["data"] == {"duty": [None, fact]}
    assert actions(session, sun) == []
    assert len(directory(session).people[li.id or 0].duties) == 3
    assert not broken_chains(session)


def test_a_duty_added_after_the_sheet_was_written_is_not_lost(session: Session, town: Town, now: datetime) -> None:
    content = write_people(session, SheetKind.CSV, "en", None, by=town.admin, now=now)
    add_duties(session, town.li_qiang, [DutyHours(6, time(9), time(12))], by=town.admin, now=now)
    seen = look_at(session, "p.csv", content, by=town.admin, now=now)
    assert [(told.column, seen.rows[told.row - 2].login) for told in seen.faults] == [("version", "li.qiang")]


def test_a_supervisor_plans_by_sheet_for_their_own_people_only(session: Session, town: Town, now: datetime) -> None:
    take(session, "login,duties\nli.qiang,every week 09:00-10:00\n", town.chen_jing, now)
    assert duties_now(session, town.li_qiang) == "every week 09:00-10:00"
    with pytest.raises(ImportRefusedError):
        take(session, "login,duties\nsun.li,none\nzhou.tao,none\n", town.chen_jing, now)
    assert duties_now(session, town.sun_li) == "every week Mon-Fri 08:30-17:30"
