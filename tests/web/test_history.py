"""An administrator finds any change, sees whether its history is whole, takes a list away, and reads no case."""

import csv
import sys
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import Tag
from sqlmodel import Session
from starlette.testclient import TestClient

from service.audit.actions import record
from service.audit.queries import ENTRIES, broken_chains
from service.audit.queries import history as entries_of
from service.audit.rules import Entry, entry_hash
from service.audit.searching import Sought, search, unchained
from service.cases.rules import Action
from service.cases.tables import Case
from service.handling.actions import reveal_contact
from tests.builders import as_in_a_city, does, explained, received
from tests.people import Town
from tests.web.conftest import Browser, Clock, Page

SECRET = "电话里说家里没人"
LIST = "/admin/history"


@pytest.fixture
def admin(browse: Browser, town: Town) -> Browser:
    return browse.sign_in(town.admin)


@pytest.fixture
def case(session: Session, town: Town, clock: Clock) -> Case:
    """A case with a note, a look at its contact, and what happened to it by itself."""
    found, _ = received(session, clock.now, contact={"phone": "13800138000"})
    does(session, found, town.he_jun, Action.NOTE, clock.now, text=SECRET)
    reveal_contact(session, found, SECRET, by=town.he_jun, now=clock.now)
    session.commit()
    return found


@pytest.fixture
def settings(session: Session, town: Town, clock: Clock) -> None:
    """Changes of an area, a person and a rule, on three days."""
    of = (("area", town.areas["shore"].id), ("person", town.li_qiang.id), ("rule", 7))
    for day, (kind, subject) in enumerate(of):
        at = clock.now + timedelta(days=day)
        record(
            session,
            Entry(kind, subject or 0, f"{kind}.changed", at, "staff", town.admin.id, {"phone": [None, f"0{day}"]}),
        )
    session.commit()


def rows(page: Page) -> list[Tag]:
    return page.html.select("main tbody tr")


def said(page: Page) -> list[str]:
    return [row.get_text(" ", strip=True) for row in rows(page)]


@pytest.mark.usefixtures("case", "settings")
def test_settings_come_first_and_cases_when_they_are_asked_for(admin: Browser, case: Case) -> None:
    page = admin.get(LIST)
    assert len(rows(page)) == 3
    assert case.number not in page.text
    everything = admin.get(LIST, kind="all")
    assert case.number in everything.text
    assert len(rows(everything)) == len(rows(admin.get(LIST, kind="case"))) + 3


@pytest.mark.parametrize("language", ["zh", "en"])
def test_of_a_case_only_who_did_what_when_is_told(admin: Browser, case: Case, language: str) -> None:
    page = admin.speak(language).get(LIST, thing=case.number)
    assert len(rows(page)) >= 4
    assert all(case.number in row for row in said(page))
    assert ("内部备注" if language == "zh" else "Internal note added") in page.text
    assert ("何军" if language == "zh" else "He Jun") in page.text
    assert SECRET not in page.text
    assert "13800138000" not in page.text
    assert not page.html.select(f"main a[href*='{case.number}']:not([href*=cursor])"), "its page is not theirs"


@pytest.mark.usefixtures("case")
def test_who_looked_at_contact_data_is_one_choice(admin: Browser, town: Town) -> None:
    page = admin.get(LIST, kind="revealed")
    assert len(rows(page)) == 1
    assert "何军" in page.text
    assert SECRET not in page.text


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"thing": "湖滨"}, 1),
        ({"thing": "990101001001"}, 1),
        ({"thing": "Li Qiang"}, 1),
        ({"thing": "li.q"}, 1),
        ({"thing": "#7"}, 1),
        ({"thing": "7"}, 1),
        ({"thing": "20261123-00001-1"}, 0),
        ({"thing": "nobody and nothing"}, 0),
        ({"kind": "rule"}, 1),
        ({"kind": "area", "thing": "Li Qiang"}, 0),
        ({"who": "管理"}, 3),
        ({"who": "li.qiang"}, 0),
        ({"actor": "staff"}, 3),
        ({"actor": "resident"}, 0),
        ({"since": "2026-11-24"}, 2),
        ({"until": "2026-11-24"}, 2),
        ({"since": "2026-11-24", "until": "2026-11-24"}, 1),
        ({"since": "2026-11-26"}, 0),
    ],
    ids=str,
)
def test_changes_are_found_by_who_what_and_when(admin: Browser, asked: dict[str, str], found: int) -> None:
    page = admin.get(LIST, **asked)
    assert len(rows(page)) == found
    assert found or "没有符合条件的改动" in page.text


def test_a_day_begins_at_midnight_of_the_town(admin: Browser, session: Session, town: Town, clock: Clock) -> None:
    midnight = clock.now.replace(hour=16, minute=0)
    for minutes in (-1, 0):
        at = midnight + timedelta(minutes=minutes)
        record(session, Entry("area", town.areas["shore"].id or 0, "area.changed", at, "staff", town.admin.id))
    assert len(rows(admin.get(LIST, since="2026-11-24"))) == 1
    assert len(rows(admin.get(LIST, until="2026-11-23"))) == 1


def test_pages_go_through_everything_once_also_what_happened_at_one_moment(
    session: Session, town: Town, clock: Clock
) -> None:
    for number in range(7):
        record(session, Entry("text", number, "text.added", clock.now, "staff", town.admin.id))
    seen: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        found = search(session, Sought(), cursor=cursor, most=3)
        assert found.count == 7
        seen += [row["id"] for row in found.rows]
        cursor = found.next_cursor
    assert len(seen) == len(set(seen)) == 7
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize("wrong", ["x", "-", "20261123T000000.0-x", "20261123T000000.0--1", "9" * 60, "😀"])
def test_a_wrong_place_in_the_list_is_told(admin: Browser, wrong: str) -> None:
    admin.get(LIST, 422, cursor=wrong)


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("wrong", ["x", "2026-13-40", "0001-01-01", "9999-12-31", "' OR 1=1", "<b>", "字" * 900])
def test_what_makes_no_sense_is_not_asked_for(admin: Browser, wrong: str) -> None:
    assert len(rows(admin.get(LIST, kind=wrong, actor=wrong, since=wrong, until=wrong, subject=wrong))) == 3


def tamper(session: Session, entry_id: int, **values: Any) -> None:
    session.execute(sa.text("ALTER TABLE audit_entries DISABLE TRIGGER USER"))
    session.execute(ENTRIES.update().where(ENTRIES.c.id == entry_id).values(**values))
    session.execute(sa.text("ALTER TABLE audit_entries ENABLE TRIGGER USER"))


def test_an_entry_that_was_changed_behind_our_back_is_marked(admin: Browser, session: Session, case: Case) -> None:
    whole = entries_of(session, "case", case.id or 0)
    assert unchained(session, whole) == set()
    tamper(session, whole[1]["id"], actor="system", actor_id=None, data={"x": 1})
    changed = entries_of(session, "case", case.id or 0)
    assert unchained(session, changed) == {whole[1]["id"]}
    assert broken_chains(session) == [("case", case.id, 2)]
    listed = admin.get(LIST, kind="case")
    assert len(listed.html.select(".chip.red_card")) == 1
    assert "记录链断裂" in listed.text
    assert "第 2 条与前一条衔接不上" in admin.get(LIST, thing=case.number).text


def test_an_entry_that_was_written_anew_or_taken_out_is_told_by_the_one_after_it(session: Session, case: Case) -> None:
    first, second, third, *_ = entries_of(session, "case", case.id or 0)
    anew = first | {"data": {"x": 1}}
    tamper(session, first["id"], data=anew["data"], hash=entry_hash(anew))
    assert unchained(session, entries_of(session, "case", case.id or 0)) == {second["id"]}
    session.execute(sa.text("ALTER TABLE audit_entries DISABLE TRIGGER USER"))
    session.execute(ENTRIES.delete().where(ENTRIES.c.id == second["id"]))
    assert unchained(session, entries_of(session, "case", case.id or 0)) == {third["id"]}


def test_a_whole_history_says_so(admin: Browser, session: Session, case: Case) -> None:
    entries = len(entries_of(session, "case", case.id or 0))
    assert f"全部 {entries} 条记录" in admin.get(LIST, thing=case.number).text
    assert "与前一条核对" in admin.get(LIST, kind="case").text


def sheet(client: TestClient, page: Page) -> list[dict[str, str]]:
    form = page.form("/file")
    typed = {str(i["name"]): str(i.get("value", "")) for i in form.select("input[name]")}
    answer = client.post(str(form["action"]), data=typed)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "changes-2026-11-23.csv" in answer.headers["content-disposition"]
    return list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))


@pytest.mark.usefixtures("settings")
def test_a_list_is_taken_away_as_it_is_shown_and_that_stands_in_the_history(
    admin: Browser, client: TestClient, session: Session, town: Town, clock: Clock
) -> None:
    hill = town.areas["hill"].id or 0
    record(session, Entry("area", hill, "area.changed", clock.now, "staff", town.admin.id, {"x": "=1+1"}))
    page = admin.get(LIST, kind="area", who="管理")
    taken = sheet(client, page)
    assert len(taken) == len(rows(page)) == 2
    assert [row["操作人"] for row in taken] == ["管理员"] * 2
    assert len({row["哈希值"] for row in taken}) == 2
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in taken for cell in row.values())
    last = entries_of(session, "person", town.admin.id or 0)[-1]
    assert (last["action"], last["data"]) == ("history.exported", {"rows": 2, "kind_of_entry": "area"})
    assert "管理" not in str(last["data"])
    assert "导出变更记录" in admin.get(LIST).text


def test_of_a_case_the_sheet_tells_no_more_than_the_page(admin: Browser, client: TestClient, case: Case) -> None:
    taken = sheet(client, admin.get(LIST, thing=case.number))
    assert {row["对象"] for row in taken} == {case.number}
    assert SECRET not in str(taken)


@pytest.mark.usefixtures("settings")
def test_a_sheet_has_an_end(admin: Browser, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["service.web.admin.history"], "MOST_EXPORTED", 2)
    assert len(sheet(client, admin.get(LIST))) == 2


@pytest.mark.parametrize("who", ["li_qiang", "chen_jing", "qian_bo"])
def test_only_administrators_read_and_take_it(browse: Browser, client: TestClient, town: Town, who: str) -> None:
    page = browse.sign_in(town.people[who]).get("/notices")
    browse.get(LIST, 403)
    proof = page.html.select_one("input[name=csrf]")
    assert proof is not None
    assert client.post(f"{LIST}/file", data={"csrf": str(proof["value"])}).status_code == 403


@pytest.mark.parametrize(
    "sought",
    [
        Sought(),
        Sought(kind="area"),
        Sought(kind="all"),
        Sought(kind="case"),
        Sought(kind="revealed"),
        Sought(kind="all", actor="party"),
        Sought(people=[3]),
        Sought(kind="all", people=[3, 4]),
        Sought(subjects=[("case", 1), ("person", 2)]),
    ],
    ids=str,
)
def test_no_search_goes_through_the_whole_history(session: Session, case: Case, clock: Clock, sought: Sought) -> None:
    as_in_a_city(session, "audit_entries")
    with explained(session) as plans:
        cursor = search(session, Sought(kind="all"), most=1).next_cursor or ""
        plans.clear()
        search(session, sought, cursor=cursor, most=30)
    assert len(plans) == 2
    assert "Seq Scan on audit_entries" not in plans[0], "the page; what is counted ends after a thousand"
    assert "Limit" in plans[1]
