"""A department on pages: added, offered where a case can go, not where it can lie, and what its people are called."""

import pytest
from sqlmodel import Session

from service.areas.queries import area_by_code
from service.cases.rules import Action
from tests.builders import does
from tests.departments import NAME, NAME_EN, Department, add_department
from tests.people import Town
from tests.web.conftest import Browser, Clock
from tests.web.workers import path, signed


@pytest.fixture
def bureau(session: Session, town: Town, clock: Clock) -> Department:
    return add_department(session, town, clock.now)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_an_administrator_adds_one_and_finds_it_in_the_tree(
    browse: Browser, session: Session, town: Town, lang: str
) -> None:
    browse.sign_in(town.admin).speak(lang)
    form = browse.get("/admin/areas/new", parent=str(town.areas["lake"].id))
    desk = {"desk_name": "街道平安办", "desk_name_en": "Safety Office"}
    named = {"code": "990101001-PA", "name": "平安办", "name_en": "Safety Office", **desk}
    done = browse.post(form, "/admin/areas", level="department", **named)
    made = area_by_code(session, "990101001-PA")
    assert made is not None
    assert made.is_department
    page = browse.get(done.to)
    assert ("部门" if lang == "zh" else "Department") in page.html.select_one("dl").get_text()
    assert not page.html.select(f'main a[href="/admin/areas/boundaries/{made.id}"]')
    assert not page.html.select(f'main a[href="/admin/areas/new?parent={made.id}"]')
    (row,) = browse.get("/admin/areas").html.select('tr[data-area="990101001-PA"]')
    assert ("部门" if lang == "zh" else "Department") in row.get_text()


def test_what_is_wrong_with_a_new_one_is_said_and_what_was_typed_stays(browse: Browser, town: Town) -> None:
    browse.sign_in(town.admin)
    form = browse.get("/admin/areas/new")
    answers = {"level": "department", "code": "X1", "name": "平安办", "name_en": "x", "desk_name": "平安办"}
    page = browse.post(form, "/admin/areas", 422, **answers, desk_name_en="x", parent_id="")
    assert page.fields("/admin/areas")["level"] == "department"
    assert page.html.select("#f-parent_id-error")


def test_a_case_can_go_there_and_cannot_lie_there(
    browse: Browser, session: Session, town: Town, bureau: Department, clock: Clock
) -> None:
    case = signed(session, town, clock)
    page = browse.sign_in(town.chen_jing).get(path(case))
    value = f'option[value="{bureau.area.id}"]'
    assert page.html.select(f"select[name=unit_id] optgroup[label=部门] {value}")
    assert page.html.select("select[name=area_id]")
    assert not page.html.select(f"select[name=area_id] {value}")


@pytest.mark.parametrize(("lang", "group"), [("zh", "部门"), ("en", "Departments")])
def test_it_is_offered_to_who_calls_for_help_and_to_who_whistles(
    browse: Browser, session: Session, town: Town, bureau: Department, clock: Clock, lang: str, group: str
) -> None:
    case = signed(session, town, clock)
    browse.sign_in(town.li_qiang).speak(lang)
    page = browse.get(f"/parts/new/{case.number}")
    assert page.html.select(f'optgroup[label={group}] option[value="unit:{bureau.area.id}"]')
    page = browse.get(f"/parts/whistle/{case.number}")
    (box,) = page.html.select(f'input[name=to][value="unit:{bureau.area.id}"]')
    assert box.find_parent("details") is None, "it is whom a whistle is for"


@pytest.mark.parametrize("where", ["/admin/rules/new", "/admin/rules/try"])
def test_a_rule_sends_to_it_and_does_not_ask_for_it(
    browse: Browser, town: Town, bureau: Department, where: str
) -> None:
    page = browse.sign_in(town.admin).get(where).html
    option = f'option[value="{bureau.area.id}"]'
    assert page.select("select[name=area]")
    assert not page.select(f"select[name=area] {option}")
    assert bool(page.select(f"select[name=target_area] {option}")) is (where == "/admin/rules/new")


@pytest.mark.parametrize("where", ["/submit", "/take-down", "/areas/990100", "/api/v1/areas"])
def test_nobody_is_offered_it_as_a_place(browse: Browser, town: Town, bureau: Department, where: str) -> None:
    page = browse.sign_in(town.wu_dan).get(where)
    assert NAME not in page.text
    assert bureau.area.code not in page.text


@pytest.mark.parametrize(
    ("lang", "head", "worker"),
    [("zh", "部门负责人", "部门经办人"), ("en", "Head of the department", "Department worker")],
)
def test_its_people_are_called_what_they_are(
    browse: Browser, town: Town, bureau: Department, lang: str, head: str, worker: str
) -> None:
    browse.sign_in(bureau.head).speak(lang)
    assert head in browse.get("/queue").html.select_one("header").get_text()
    browse.sign_in(town.admin)
    rows = {str(row.get_text()) for row in browse.get("/admin/people").html.select("tbody tr")}
    assert any(worker in row and "qin.xia" in row for row in rows)
    ours = "社区工作者" if lang == "zh" else "Community worker"
    assert any(ours in row and (town.li_qiang.login in row) for row in rows)


def test_its_head_has_a_board_of_what_was_given_to_it_wherever_that_lies(
    browse: Browser, session: Session, town: Town, bureau: Department, clock: Clock
) -> None:
    case = signed(session, town, clock)
    does(session, case, town.chen_jing, Action.TRANSFER, clock.now, unit_id=bureau.area.id, text="职权在城管")
    signed(session, town, clock, text="别家的事")
    board = browse.sign_in(bureau.head).get("/board")
    (line,) = board.html.select("table.communities tbody tr")
    assert "湖滨社区" in line.get_text()
    assert board.html.select(f'[data-outlines="/api/v1/areas/outlines?in={town.areas["county"].code}"]')
    listed = browse.get(str(line.select_one("a[id^=open-]")["href"]))
    assert case.number in listed.text
    assert len(listed.html.select('a[href^="/cases/"]')) == 1
    page = browse.get(f"/cases/{case.number}")
    assert NAME in page.text


def test_its_people_have_a_queue_and_residents_read_its_name(
    browse: Browser, session: Session, town: Town, bureau: Department, clock: Clock
) -> None:
    assert NAME in browse.sign_in(bureau.worker).get("/queue").text
    for words in (NAME, NAME_EN):
        browse.sign_in(bureau.head).speak("zh" if words == NAME else "en")
        page = browse.get(f"/areas/{bureau.area.code}")
        assert words in page.text
