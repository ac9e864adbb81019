"""Do people come from a sheet by a page: each row named first, whole or not at all, and with a way in of their own?"""

import csv
from dataclasses import replace
from io import BytesIO, StringIO

import pytest
from openpyxl import load_workbook
from sqlmodel import Session, select

from service.accounts.actions import change_person
from service.accounts.details import details_of
from service.accounts.passwords import matches
from service.accounts.queries import person_by_login
from service.accounts.tables import Person
from service.audit.queries import history
from service.roll.tables import PeopleFile
from service.settings import get_settings
from tests.people import PASSWORD, Town
from tests.web.conftest import Browser, Clock, Page

FILES = "/admin/people/files"
SHEET = (
    "login,name,role,area,phone,capacity\n"
    "lin.mei,林梅,worker,990101001001,138 0013 8000,25\n"
    "li.qiang,李强,,,,30\n"
    "sun.li,孙丽,,,,\n"
)


@pytest.fixture
def admin(browse: Browser, town: Town) -> Browser:
    return browse.sign_in(town.admin)


def send(reader: Browser, content: str | bytes, name: str = "people.csv", status: int = 303) -> Page:
    body = content.encode() if isinstance(content, str) else content
    answers = {"csrf": reader.get(FILES).fields(FILES)["csrf"]}
    response = reader.client.post(FILES, data=answers, files={"file": (name, body)})
    assert response.status_code == status, response.text[:800]
    return reader.get(response.headers["location"]) if status == 303 else reader._seen(response)


def somebody(session: Session, login: str) -> Person | None:
    session.expire_all()
    return person_by_login(session, login)


def rows(page: Page) -> list[str]:
    return [row.get_text(" ", strip=True) for row in page.html.select("main tbody tr")]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", ["新增", "有变更", "满负荷：20 → 30", "不变"]),
        ("en", ["New person", "Changed", "Full load: 20 → 30", "As it is"]),
    ],
)
def test_every_row_is_named_with_what_would_become_of_it(
    admin: Browser, session: Session, language: str, said: list[str]
) -> None:
    page = send(admin.speak(language), SHEET)
    new, changed, same = rows(page)
    assert said[0] in new
    assert "lin.mei" in new
    assert "138****8000" in new
    assert "13800138000" not in page.text
    assert said[1] in changed
    assert said[2] in changed
    assert said[3] in same
    assert somebody(session, "lin.mei") is None


def test_a_sheet_is_taken_over_and_whoever_is_new_gets_a_link(admin: Browser, session: Session, town: Town) -> None:
    done = admin.post(send(admin, SHEET), FILES)
    assert done.to == "/admin/people/links?done=imported"
    assert somebody(session, "lin.mei") is not None
    li = somebody(session, "li.qiang")
    assert li is not None
    assert li.capacity == 30
    assert [entry["action"] for entry in history(session, "person", li.id or 0)] == ["person.changed"]
    assert session.exec(select(PeopleFile)).all() == []
    assert "从表格导入人员" in admin.get("/admin/history", kind="person").text


def test_what_is_wrong_is_told_by_row_and_nothing_can_be_taken_over(admin: Browser, session: Session) -> None:
    bad = "new.one,=1+1,boss,NOWHERE,12,900\n"
    page = send(admin, SHEET + bad)
    (line,) = rows(page)
    for words in ("5", "角色： “boss”无法识别", "NOWHERE", "公式"):
        assert words in line.replace("：“", "： “"), line
    assert not page.html.select(f'main form[action^="{FILES}/"]')
    everything = admin.get(page.html.select_one("a[href*='show=all']")["href"])  # type: ignore[index]
    assert len(rows(everything)) == 4
    kept = session.exec(select(PeopleFile)).one()
    answers = {"csrf": admin.get(FILES).fields(FILES)["csrf"], "seen": ""}
    refused = admin.client.post(f"{FILES}/{kept.id}", data=answers)
    assert refused.status_code == 422
    assert somebody(session, "lin.mei") is None


def test_what_was_changed_meanwhile_is_marked_and_not_overwritten(
    admin: Browser, session: Session, town: Town, clock: Clock
) -> None:
    page = send(admin, SHEET)
    li = town.li_qiang
    change_person(session, li, replace(details_of(li), capacity=44), by=town.admin, now=clock.now)
    session.commit()
    again = admin.post(page, FILES, status=409)
    assert "44 → 30" in rows(again)[1]
    assert "上传后有改动" in rows(again)[1]
    assert "上传后有改动" not in rows(again)[2]
    changed = somebody(session, "li.qiang")
    assert changed is not None
    assert changed.capacity == 44
    assert admin.post(again, FILES).to.startswith("/admin/people/links")


@pytest.mark.parametrize(("name", "content"), [("x.xlsx", b"PK\x03\x04x"), ("x.csv", b"a,b\n"), ("x.csv", b"")])
def test_a_file_that_cannot_be_read_is_refused_at_once(
    admin: Browser, session: Session, name: str, content: bytes
) -> None:
    page = send(admin, content, name, status=422)
    assert page.html.select_one("#f-file-error") is not None
    assert session.exec(select(PeopleFile)).all() == []


def test_everybody_comes_as_a_sheet_and_back_without_a_change(admin: Browser, session: Session, town: Town) -> None:
    town.li_qiang.name = "=cmd()"
    session.add(town.li_qiang)
    session.commit()
    for kind in ("csv", "xlsx"):
        answers = admin.get(FILES).fields(f"{FILES}/export") | {"kind": kind}
        answer = admin.client.post(f"{FILES}/export", data=answers)
        assert f'filename="people.{kind}"' in answer.headers["content-disposition"]
        page = send(admin, answer.content, f"people.{kind}")
        assert f"不变 ({len(town.people)})" in page.text
        assert not page.html.select(f'main form[action^="{FILES}/"]')
    assert "example.org" not in load_workbook(BytesIO(answer.content)).active["A1"].value


def test_contacts_are_written_for_a_reason_only(admin: Browser, town: Town) -> None:
    form = admin.get(FILES)
    page = admin.post(form, f"{FILES}/export", 422, kind="csv", contacts="yes")
    assert page.html.select_one("#f-reason-error") is not None
    answers = form.fields(f"{FILES}/export") | {"kind": "csv", "contacts": "yes", "reason": "核对号码"}
    text = admin.client.post(f"{FILES}/export", data=answers).content.decode("utf-8-sig")
    assert "li_qiang@example.org" in text
    assert "核对号码" in admin.get(f"/admin/people/{town.admin.id}").text
    admin.post(form, f"{FILES}/export", 422, kind="pdf")


def test_a_supervisor_sees_and_changes_their_own_people_only(browse: Browser, session: Session, town: Town) -> None:
    chen = browse.sign_in(town.chen_jing)
    answers = chen.get(FILES).fields(f"{FILES}/export") | {"kind": "csv"}
    text = chen.client.post(f"{FILES}/export", data=answers).content.decode("utf-8-sig")
    assert {row["登录名"] for row in csv.DictReader(StringIO(text))} == {
        *("li.qiang", "sun.li", "zhao.min", "he.jun", "wu.dan")
    }
    page = send(chen, "login,capacity\nzhou.tao,9\nchen.jing,9\nli.qiang,9\n")
    assert len(rows(page)) == 2
    assert "周涛" not in page.text


def test_a_sheet_of_somebody_else_is_not_there(browse: Browser, session: Session, town: Town) -> None:
    send(browse.sign_in(town.admin), SHEET)
    kept = session.exec(select(PeopleFile)).one().id
    session.commit()
    browse.sign_in(town.chen_jing).get(f"{FILES}/{kept}", 404)
    for other in (town.li_qiang, town.he_jun, town.qian_bo):
        reader = browse.sign_in(other)
        session.commit()
        for path in (FILES, "/admin/people/links"):
            reader.get(path, 403)


def test_somebody_new_chooses_a_password_that_nobody_else_knows(
    admin: Browser, browse: Browser, session: Session, town: Town
) -> None:
    admin.post(send(admin, SHEET), FILES)
    new = somebody(session, "lin.mei")
    assert new is not None
    page = admin.get(f"/admin/people/{new.id}")
    shown = admin.post(page, "/admin/people/links", 200)
    assert shown.headers["cache-control"] == "no-store"
    (row,) = rows(shown)
    address = row.split()[-1]
    assert address.startswith(get_settings().public_url)
    link = address.removeprefix(get_settings().public_url)
    assert "/sign-in/first?key=" in link
    session.commit()

    browse.client.cookies.clear()
    form = browse.get(link)
    assert str(form.html.select_one("#looks input[name=next]")["value"]) in link  # type: ignore[index]
    assert "林梅" in form.text
    assert "lin.mei" in str(form.html)
    weak = browse.post(form, "/sign-in/first", 422, password="lin.mei-2026")
    assert weak.html.select_one("#f-password-error") is not None
    inside = browse.post(weak, "/sign-in/first", password=PASSWORD)
    assert inside.to == "/queue"
    browse.get("/queue")
    chosen = somebody(session, "lin.mei")
    assert chosen is not None
    assert matches(PASSWORD, chosen.password_hash)[0]
    session.commit()
    browse.get(link, 404)


def test_the_links_of_all_come_as_a_sheet(admin: Browser, town: Town) -> None:
    page = admin.get("/admin/people/links")
    answers = page.fields("/admin/people/links") | {"how": "xlsx"}
    sheet = load_workbook(BytesIO(admin.client.post("/admin/people/links", data=answers).content)).active
    lines = list(sheet.iter_rows(values_only=True))
    assert len(lines) == len(town.people) + 1
    assert all("/sign-in/first?key=" in line[-1] for line in lines[1:])


@pytest.mark.parametrize("key", ["", "x", "x" * 300])
def test_a_link_that_is_none_is_not_found(browse: Browser, town: Town, key: str) -> None:
    assert browse.client.get("/sign-in/first", params={"key": key}).status_code in (404, 422)


def test_ten_thousand_rows_are_shown_page_by_page_the_bad_one_first(admin: Browser, town: Town) -> None:
    lines = [f"p{n:05d},甲{n},worker,990101001001,,20\n" for n in range(10_000)]
    lines[7_776] = "p07776,甲,worker,NOWHERE,,20\n"
    page = send(admin, "login,name,role,area,phone,capacity\n" + "".join(lines))
    (line,) = rows(page)
    assert line.startswith("7778 ")
    new = admin.get(page.html.select_one("a[href*='show=new']")["href"])  # type: ignore[arg-type]
    assert len(rows(new)) == 50
    assert new.html.select_one("a[href*='show=new&page=2']") is not None
    last = admin.get(new.html.select_one("a[href*='show=new']")["href"] + "&page=999")  # type: ignore[index,operator]
    assert rows(last)[-1].startswith("10001 ")
