from datetime import time
from typing import Any

import pytest
from sqlmodel import Session, col, select

from service.accounts.queries import absences, person_by_login, phone_of
from service.accounts.rules import Role
from service.accounts.sessions import open_session, person_of_session
from service.accounts.tables import Absence, Duty, Person
from service.areas.tables import Area
from service.audit.queries import broken_chains
from service.audit.tables import AuditEntry
from service.cases.rules import Action
from service.categories.tables import Category
from service.handling.actions import RESIDENT
from service.handling.queries import view
from service.routing.queries import directory
from service.routing.tables import RoutingRule
from service.web.deps import real_now
from tests.builders import received, resident_does
from tests.people import Town
from tests.web.conftest import Browser, Clock, Page

NASTY = ["", "长" * 10_000, "\x00\x07\x1b", "<script>alert(1)</script>", "'; DROP TABLE people; --"]
NEW_PERSON = {
    "login": "Wang.Fang",
    "password": "correct horse battery",
    "name": "王芳",
    "name_en": "Wang Fang",
    "role": "worker",
    "phone": "138 0013 8000",
    "email": "wang@example.org",
    "capacity": "15",
}


@pytest.fixture
def admin(browse: Browser, town: Town) -> Browser:
    return browse.sign_in(town.admin)


@pytest.fixture
def supervisor(browse: Browser, town: Town) -> Browser:
    return browse.sign_in(town.chen_jing)


def area_id(town: Town, key: str) -> str:
    return str(town.areas[key].id)


def rule_of(session: Session) -> RoutingRule:
    return session.exec(select(RoutingRule)).one()


def actions_on(session: Session, kind: str) -> list[str]:
    found = select(AuditEntry.action).where(AuditEntry.subject_kind == kind).order_by(col(AuditEntry.id))
    return list(session.exec(found))


PAGES = (
    "/admin",
    "/admin/people",
    "/admin/people/new",
    "/admin/people/{li_qiang}",
    "/admin/people/{li_qiang}/edit",
    "/admin/areas",
    "/admin/areas/new",
    "/admin/areas/{shore}",
    "/admin/areas/{county}",
    "/admin/categories",
    "/admin/categories/new",
    "/admin/categories/{category}",
    "/admin/rules",
    "/admin/rules/new",
    "/admin/rules/{rule}",
    "/admin/rules/try",
    "/admin/rules/versions",
    "/admin/rules/versions/1",
    "/admin/rules/proposals",
    "/admin/history",
    "/admin/history?kind=area",
    "/admin/parties",
    "/admin/parties/new",
)


def address(path: str, town: Town, session: Session) -> str:
    return path.format(
        li_qiang=town.li_qiang.id,
        shore=area_id(town, "shore"),
        county=area_id(town, "county"),
        category=session.exec(select(Category.id).where(Category.code == "A03")).one(),
        rule=rule_of(session).line,
    )


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_speaks_both_languages(
    admin: Browser, town: Town, session: Session, path: str, language: str
) -> None:
    page = admin.speak(language).get(address(path, town, session))

    tabs = page.html.select_one("main .tabs")
    assert tabs is not None
    assert ("规则" if language == "zh" else "Rules") in tabs.get_text()
    assert page.html.select_one(".tabs [aria-current=page]") is not None


@pytest.mark.parametrize("path", PAGES)
def test_a_worker_may_see_no_page_of_it(browse: Browser, town: Town, session: Session, path: str) -> None:
    browse.sign_in(town.li_qiang).get(address(path, town, session), 403)


def test_a_stranger_is_asked_to_sign_in(browse: Browser, town: Town) -> None:
    assert browse.get("/admin/people", 303).to == "/sign-in?next=%2Fadmin%2Fpeople"


def test_the_overview_counts_and_names_what_needs_attention(admin: Browser, town: Town) -> None:
    page = admin.get("/admin")

    assert [tile.get_text() for tile in page.html.select(".tile-number")] == ["9", "7", "9", "1"]
    assert "没有工作人员" in page.text
    assert "不足 8 小时" in page.text
    assert town.areas["mill"].name in page.text


# People


def test_people_are_found_by_a_part_of_their_name_and_by_their_place(admin: Browser, town: Town) -> None:
    assert "李强" in admin.get("/admin/people", search="qiang").text
    assert "共 1 人" in admin.get("/admin/people", search="li.q").text
    here = admin.get("/admin/people", area=area_id(town, "shore"))
    assert "共 3 人" in here.text
    assert "赵敏" not in here.text
    assert "没有符合条件的人员" in admin.get("/admin/people", search="%").text


@pytest.mark.parametrize("wrong", ["x", "-1", "9" * 40, "1e5", "' OR 1=1"])
def test_a_list_makes_the_best_of_a_wrong_address(admin: Browser, wrong: str) -> None:
    admin.get("/admin/people", area=wrong, page=wrong, role=wrong)
    admin.get("/admin/history", kind=wrong, page=wrong, subject=wrong)


@pytest.mark.parametrize("wrong", ["x", "0", "-1", "9" * 40, "999999"])
@pytest.mark.parametrize("kind", ["people", "areas", "categories", "rules"])
def test_what_is_not_there_is_not_found(admin: Browser, kind: str, wrong: str) -> None:
    admin.get(f"/admin/{kind}/{wrong}", 404)


def test_a_person_is_added_and_can_take_cases_at_once(admin: Browser, session: Session, town: Town) -> None:
    form = admin.get("/admin/people/new")

    done = admin.post(form, "/admin/people", **NEW_PERSON, area_id=area_id(town, "hill"))

    person = person_by_login(session, "wang.fang")
    assert person is not None
    assert done.to == f"/admin/people/{person.id}?done=added"
    assert (person.name, person.capacity, phone_of(person)) == ("王芳", 15, "13800138000")
    assert person.id in directory(session).people
    page = admin.get(done.to)
    assert "已添加" in page.text
    assert "13800138000" not in page.text
    assert "添加人员" in page.text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("login", nasty) for nasty in (*NASTY, "li.qiang", "LI.QIANG ", "x")),
        *(("name", nasty) for nasty in ("", "  ", "长" * 10_000, "\x00")),
        ("name_en", "n" * 10_000),
        ("password", "short"),
        ("password", "x" * 20_000),
        ("phone", "not a number"),
        ("phone", "1" * 10_000),
        ("email", "<script>"),
        ("capacity", "many"),
        ("capacity", "9" * 400),
        ("area_id", "999999"),
        ("area_id", "9" * 40),
        ("area_id", "x"),
        ("role", "emperor"),
        ("language", "fr"),
    ],
)
def test_wrong_answers_are_named_beside_the_field_and_everything_typed_is_kept(
    admin: Browser, session: Session, town: Town, field: str, value: str
) -> None:
    before = len(session.exec(select(Person)).all())
    form = admin.get("/admin/people/new")

    page = admin.post(form, "/admin/people", 422, **{**NEW_PERSON, "area_id": area_id(town, "hill"), field: value})

    assert page.html.select_one(f"#f-{field}-error") is not None
    assert page.html.select_one(f"#errors a[href='#f-{field}']") is not None
    kept = page.fields("/admin/people")
    assert kept["password"] == ""
    assert all(kept[name] == NEW_PERSON[name] for name in ("name_en", "email") if name != field)
    assert len(session.exec(select(Person)).all()) == before


def test_all_that_is_wrong_is_said_at_once(admin: Browser, town: Town) -> None:
    answers = {"login": "li.qiang", "password": "short", "name": "", "phone": "x", "capacity": "-1", "area_id": ""}

    page = admin.post(admin.get("/admin/people/new"), "/admin/people", 422, **(NEW_PERSON | answers))

    said = [str(link["href"]) for link in page.html.select("#errors a")]
    assert sorted(said) == sorted(f"#f-{name}" for name in answers)
    assert "密码至少要 10 个字符" in page.text


def test_html_in_a_name_is_shown_as_text(admin: Browser, town: Town) -> None:
    answers = NEW_PERSON | {"name": "<script>alert(1)</script>", "area_id": area_id(town, "hill")}

    done = admin.post(admin.get("/admin/people/new"), "/admin/people", **answers)

    assert "<script>alert(1)</script>" in admin.get(done.to).text


def test_details_are_changed_and_the_history_tells_it(admin: Browser, session: Session, town: Town) -> None:
    edit = f"/admin/people/{town.li_qiang.id}/edit"

    done = admin.post(admin.get(edit), edit, name="李小强", capacity="30", area_id=area_id(town, "hill"))

    page = admin.get(done.to)
    assert "李小强" in page.text
    assert "满负荷：20 → 30" in page.text
    assert "所在区域" not in page.text
    assert "湖滨社区 → 东山社区" in page.text
    entry = session.exec(select(AuditEntry).where(AuditEntry.action == "person.changed")).one()
    assert entry.data["name"] == []
    assert entry.data["capacity"] == [20, 30]
    assert not broken_chains(session)


def test_an_empty_number_keeps_the_stored_one_and_a_tick_deletes_it(
    admin: Browser, session: Session, town: Town
) -> None:
    edit = f"/admin/people/{town.li_qiang.id}/edit"
    admin.post(admin.get(edit), edit, phone="13800138000")
    page = admin.get(edit)
    assert "138****8000" in page.text
    assert "13800138000" not in page.text

    admin.post(page, edit, name="李小强")
    assert phone_of(town.li_qiang) == "13800138000"

    admin.post(admin.get(edit), edit, forget_phone="yes")
    session.refresh(town.li_qiang)
    assert phone_of(town.li_qiang) == ""


def test_saving_nothing_new_writes_no_history(admin: Browser, session: Session, town: Town) -> None:
    edit = f"/admin/people/{town.li_qiang.id}/edit"

    admin.post(admin.get(edit), edit)

    assert actions_on(session, "person") == []


def test_who_was_slower_sees_what_was_changed_and_loses_nothing(admin: Browser, session: Session, town: Town) -> None:
    edit = f"/admin/people/{town.li_qiang.id}/edit"
    opened = admin.get(edit)
    admin.post(admin.get(edit), edit, capacity="30")

    page = admin.post(opened, edit, 409, capacity="40")

    assert "满负荷：20 → 30" in page.text
    assert page.fields(edit)["capacity"] == "40"
    admin.post(page, edit)
    session.refresh(town.li_qiang)
    assert town.li_qiang.capacity == 40


def test_nobody_leaves_with_open_cases(admin: Browser, session: Session, town: Town, clock: Clock) -> None:
    case, _ = received(session, clock.now)
    holder = session.get_one(Person, case.assignee_id)
    edit = f"/admin/people/{holder.id}/edit"

    page = admin.post(admin.get(edit), edit, 422, is_active="no")

    assert "此人手上还有 1 件未办结的工单" in page.text
    assert page.fields(edit)["is_active"] == "no"
    session.refresh(holder)
    assert holder.is_active


def test_who_leaves_is_signed_out_and_gets_no_more_cases(admin: Browser, session: Session, town: Town) -> None:
    token = open_session(session, town.zhao_min, real_now())
    edit = f"/admin/people/{town.zhao_min.id}/edit"

    admin.post(admin.get(edit), edit, is_active="no")

    assert person_of_session(session, token, now=real_now()) is None
    assert town.zhao_min.id not in directory(session).people
    assert "赵敏" not in admin.get("/admin/people").text
    assert "赵敏" in admin.get("/admin/people", left="yes").text


@pytest.mark.parametrize("change", [{"is_active": "no"}, {"role": "worker"}])
def test_no_administrator_locks_themselves_out(
    admin: Browser, session: Session, town: Town, change: dict[str, str]
) -> None:
    edit = f"/admin/people/{town.admin.id}/edit"

    page = admin.post(admin.get(edit), edit, 422, **change)

    assert page.html.select_one(f"#f-{next(iter(change))}-error") is not None
    session.refresh(town.admin)
    assert (town.admin.is_active, town.admin.role) == (True, Role.ADMIN)


def test_a_password_is_set_and_a_weak_one_refused(admin: Browser, session: Session, town: Town) -> None:
    own = f"/admin/people/{town.li_qiang.id}"
    page = admin.post(admin.get(own), "/password", 422, password="aaaaaaaaaaaa")
    assert page.html.select_one("#f-password-error") is not None

    done = admin.post(admin.get(own), "/password", password="a long new secret")

    session.refresh(town.li_qiang)
    assert town.li_qiang.password_hash.startswith("$argon2id$")
    assert "重设密码" in admin.get(done.to).text


# Supervisors


def test_a_supervisor_sees_the_people_of_the_own_sub_district_only(supervisor: Browser, town: Town) -> None:
    page = supervisor.get("/admin/people")

    assert "李强" in page.text
    assert "周涛" not in page.text
    assert "钱波" not in page.text
    assert "柳溪镇" not in page.html.select_one("#f-area").get_text()  # type: ignore[union-attr]
    supervisor.get(f"/admin/people/{town.zhou_tao.id}", 404)
    supervisor.get(f"/admin/people/{town.zhou_tao.id}/edit", 404)
    supervisor.get("/admin/areas", 403)
    supervisor.get("/admin", 403)


def test_a_supervisor_looks_after_those_below(supervisor: Browser, session: Session, town: Town) -> None:
    edit = f"/admin/people/{town.li_qiang.id}/edit"
    supervisor.post(supervisor.get(edit), edit, capacity="12")

    session.refresh(town.li_qiang)
    assert town.li_qiang.capacity == 12
    assert "修改资料" not in supervisor.get(f"/admin/people/{town.chen_jing.id}").text
    supervisor.get(f"/admin/people/{town.chen_jing.id}/edit", 403)


def test_a_supervisor_appoints_nobody_elsewhere_or_above(supervisor: Browser, town: Town) -> None:
    form = supervisor.get("/admin/people/new")
    assert "admin" not in {option.get("value") for option in form.html.select("#f-role option")}

    elsewhere = NEW_PERSON | {"area_id": area_id(town, "mill")}
    page = supervisor.post(form, "/admin/people", 422, **elsewhere)
    assert page.html.select_one("#f-area_id-error") is not None
    supervisor.post(form, "/admin/people", 403, **(NEW_PERSON | {"role": "admin", "area_id": area_id(town, "shore")}))


# Duties and absences


def send(browser: Browser, own: str, what: str, status: int = 303, **answers: Any) -> Page:
    """Fill in the form of a person's page whose address is exactly this."""
    page = browser.get(own)
    proof = page.fields("/password")["csrf"]
    response = browser.client.post(own + what, data={"csrf": proof} | answers)
    assert response.status_code == status, response.text[:1500]
    return browser._seen(response)


def test_duties_are_added_for_some_days_and_removed_one_by_one(admin: Browser, session: Session, town: Town) -> None:
    own = f"/admin/people/{town.li_qiang.id}"

    done = send(admin, own, "/duties", weekdays=["5", "6"], starts="20:00", ends="08:00")

    found = session.exec(select(Duty).where(Duty.person_id == town.li_qiang.id, col(Duty.weekday) >= 5)).all()
    assert [(d.weekday, d.starts, d.ends) for d in found] == [(5, time(20), time(8)), (6, time(20), time(8))]
    page = admin.get(done.to)
    assert "周六 20:00–08:00" in page.text
    admin.post(page, f"/duties/{found[0].id}/remove")
    assert session.get(Duty, found[0].id) is None
    assert actions_on(session, "person") == ["duty.added", "duty.added", "duty.removed"]


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"weekdays": [], "starts": "19:00", "ends": "20:00"}, "weekdays"),
        ({"weekdays": ["7"], "starts": "19:00", "ends": "20:00"}, "weekdays"),
        ({"weekdays": ["<b>"], "starts": "19:00", "ends": "20:00"}, "weekdays"),
        ({"weekdays": ["5", "0"], "starts": "09:00", "ends": "10:00"}, "starts"),
        ({"weekdays": ["6"], "starts": "20:00", "ends": "09:00"}, "starts"),
        ({"weekdays": ["5"], "starts": "", "ends": "10:00"}, "starts"),
        ({"weekdays": ["5"], "starts": "09:00", "ends": "25:00"}, "ends"),
        ({"weekdays": ["5"], "starts": "长" * 10_000, "ends": "10:00"}, "starts"),
    ],
)
def test_duties_that_cannot_be_are_refused_whole(
    admin: Browser, session: Session, town: Town, answers: dict[str, Any], field: str
) -> None:
    own = f"/admin/people/{town.li_qiang.id}"
    before = len(session.exec(select(Duty)).all())

    page = send(admin, own, "/duties", 422, **answers)

    assert page.html.select_one(f"#f-{field}-error") is not None
    assert len(session.exec(select(Duty)).all()) == before


def test_whoever_is_away_has_a_substitute_until_they_are_back(
    admin: Browser, session: Session, town: Town, clock: Clock
) -> None:
    own = f"/admin/people/{town.li_qiang.id}"
    answers = {"starts_at": "2026-11-23T09:00", "ends_at": "2026-11-27T18:00", "substitute": str(town.sun_li.id)}

    done = send(admin, own, "/absences", **answers, reason="年休假")

    page = admin.get(done.to)
    assert "由孙丽代班" in page.text
    known = directory(session)
    assert known.is_absent(known.people[town.li_qiang.id], clock.now)
    absence = session.exec(select(Absence)).one()
    admin.post(page, f"/absences/{absence.id}/end")
    session.refresh(absence)
    assert absence.ends_at == clock.now
    history = [str(row) for row in session.exec(select(AuditEntry.data))]
    assert not any("年休假" in row for row in history)


def test_whoever_has_left_stands_in_for_nobody_and_their_page_says_who_named_them(
    admin: Browser, session: Session, town: Town, clock: Clock
) -> None:
    li, sun = f"/admin/people/{town.li_qiang.id}", f"/admin/people/{town.sun_li.id}"
    answers = {"starts_at": "2026-11-23T09:00", "ends_at": "2026-11-27T18:00", "substitute": str(town.sun_li.id)}
    send(admin, li, "/absences", **answers)
    assert "为他人代班" in admin.get(sun).text
    assert [away.substitute_id for away in absences(session)[town.li_qiang.id]] == [town.sun_li.id]

    admin.post(admin.get(f"{sun}/edit"), f"{sun}/edit", is_active="no")

    assert [away.substitute_id for away in absences(session)[town.li_qiang.id]] == [None]
    assert directory(session).people[town.li_qiang.id].absences[0].substitute_id is None
    assert "原定代班的孙丽已离职" in admin.get(li).text
    named = admin.get(sun)
    assert "现需另安排代班人" in named.text
    assert named.html.select_one(f"a[href='{li}']") is not None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"starts_at": ""}, "starts_at"),
        ({"starts_at": "0001-01-01T00:00"}, "starts_at"),
        ({"ends_at": "9999-12-31T23:59"}, "ends_at"),
        ({"ends_at": "2026-11-24T08:00"}, "ends_at"),
        ({"starts_at": "2026-01-01T09:00", "ends_at": "2026-01-05T09:00"}, "ends_at"),
        ({"substitute": "999999"}, "substitute"),
        ({"substitute": "x"}, "substitute"),
        ({"reason": "长" * 10_000}, "reason"),
    ],
)
def test_an_absence_that_cannot_be_is_refused(
    admin: Browser, session: Session, town: Town, changes: dict[str, str], field: str
) -> None:
    own = f"/admin/people/{town.li_qiang.id}"
    answers = {"starts_at": "2026-11-24T09:00", "ends_at": "2026-11-25T09:00", "reason": "出差"} | changes

    page = send(admin, own, "/absences", 422, **answers)

    assert page.html.select_one(f"#f-{field}-error") is not None
    assert session.exec(select(Absence)).all() == []


def test_nobody_is_away_twice_or_stands_in_for_themselves(admin: Browser, town: Town) -> None:
    own = f"/admin/people/{town.li_qiang.id}"
    answers = {"starts_at": "2026-11-24T09:00", "ends_at": "2026-11-25T09:00"}
    mine = send(admin, own, "/absences", 422, **answers, substitute=str(town.li_qiang.id))
    assert mine.html.select_one("#f-substitute-error") is not None
    send(admin, own, "/absences", **answers)

    page = send(admin, own, "/absences", 422, **answers)

    assert page.html.select_one("#f-starts_at-error") is not None


def test_the_duty_of_somebody_else_is_not_found(admin: Browser, session: Session, town: Town) -> None:
    other = session.exec(select(Duty).where(Duty.person_id == town.sun_li.id)).first()
    assert other is not None
    page = admin.get(f"/admin/people/{town.li_qiang.id}")
    fields = page.fields("/password")

    answer = admin.client.post(f"/admin/people/{town.li_qiang.id}/duties/{other.id}/remove", data=fields)

    assert answer.status_code == 404


# Areas

NEW_AREA = {
    "level": "community",
    "code": "990101001003",
    "name": "西街社区",
    "name_en": "Xijie Community",
    "desk_name": "西街社区服务站",
    "desk_name_en": "Xijie Service Desk",
    "phone": "0500-5550199",
    "address": "西街 1 号",
    "opening_hours": "8:30-12:00，13:30至18:00",
}


def test_an_area_is_added_below_its_parent_and_known_at_once(admin: Browser, session: Session, town: Town) -> None:
    form = admin.get("/admin/areas/new", parent=area_id(town, "lake"))
    assert form.fields("/admin/areas")["level"] == "community"

    done = admin.post(form, "/admin/areas", **NEW_AREA)

    area = session.exec(select(Area).where(Area.code == NEW_AREA["code"])).one()
    assert area.path == f"{town.areas['lake'].path}{area.id}/"
    assert area.opening_hours == "08:30–12:00, 13:30–18:00"
    assert area.id in directory(session).areas.places
    page = admin.get(done.to)
    assert "添加区域" in page.text
    assert "开放不足 8 小时" not in page.text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("code", nasty) for nasty in (*NASTY, "990101001001")),
        *((name, nasty) for name in ("name", "name_en", "desk_name", "desk_name_en") for nasty in NASTY[:3]),
        ("parent_id", ""),
        ("parent_id", "999999"),
        ("parent_id", "x"),
        ("level", "planet"),
        ("phone", "call me"),
        ("address", "长" * 10_000),
        ("opening_hours", "always"),
        ("opening_hours", "08:30–25:00"),
        ("opening_hours", "长" * 10_000),
    ],
)
def test_an_area_that_cannot_be_is_refused_whole(
    admin: Browser, session: Session, town: Town, field: str, value: str
) -> None:
    before = len(session.exec(select(Area)).all())
    form = admin.get("/admin/areas/new")

    answers = {**NEW_AREA, "parent_id": area_id(town, "lake"), field: value}
    page = admin.post(form, "/admin/areas", 422, **answers)

    assert page.html.select_one(f"#f-{field}-error") is not None
    assert field == "address" or page.fields("/admin/areas")["address"] == NEW_AREA["address"]
    assert len(session.exec(select(Area)).all()) == before


def test_an_area_lies_in_one_of_a_higher_level(admin: Browser, town: Town) -> None:
    form = admin.get("/admin/areas/new")

    page = admin.post(form, "/admin/areas", 422, **NEW_AREA, parent_id=area_id(town, "shore"))

    assert "上级区域的层级要更高" in page.text


def test_no_area_lies_in_itself_or_below_itself(admin: Browser, session: Session, town: Town) -> None:
    own = f"/admin/areas/{area_id(town, 'shore')}"
    for below in ("shore", "shore_grid"):
        page = admin.post(admin.get(own), own, 422, parent_id=area_id(town, below))
        assert "不能隶属于自己或自己的下级区域" in page.text
    session.refresh(town.areas["shore"])
    assert town.areas["shore"].parent_id == town.areas["lake"].id


def test_an_area_that_moves_takes_everything_below_along(admin: Browser, session: Session, town: Town) -> None:
    own = f"/admin/areas/{area_id(town, 'shore')}"

    done = admin.post(admin.get(own), own, parent_id=area_id(town, "willow"))

    for key in ("shore", "shore_grid"):
        session.refresh(town.areas[key])
    shore, grid = town.areas["shore"], town.areas["shore_grid"]
    assert shore.path == f"{town.areas['willow'].path}{shore.id}/"
    assert grid.path == f"{shore.path}{grid.id}/"
    assert "望湖街道 → 柳溪镇" in admin.get(done.to).text


def test_an_area_with_people_cases_or_areas_is_not_closed(
    admin: Browser, session: Session, town: Town, clock: Clock
) -> None:
    received(session, clock.now)
    own = f"/admin/areas/{area_id(town, 'shore')}"

    page = admin.post(admin.get(own), own, 422, is_active="no")

    assert "还有 3 名人员、1 件未办结工单、1 个下级区域" in page.text
    session.refresh(town.areas["shore"])
    assert town.areas["shore"].is_active


def test_an_empty_area_is_closed_and_opened_again(admin: Browser, session: Session, town: Town) -> None:
    own = f"/admin/areas/{area_id(town, 'shore_grid')}"

    admin.post(admin.get(own), own, is_active="no")
    assert town.areas["shore_grid"].code not in directory(session).areas.by_code

    admin.post(admin.get(own), own, is_active="yes")
    assert town.areas["shore_grid"].code in directory(session).areas.by_code
    assert actions_on(session, "area") == ["area.changed", "area.changed"]


def test_what_was_done_in_a_closed_area_can_still_be_read(session: Session, town: Town, clock: Clock) -> None:
    case, _ = received(session, clock.now, area="湖滨一网格")
    resident_does(session, case, Action.WITHDRAW, clock.now)
    town.areas["shore_grid"].is_active = False
    session.add(town.areas["shore_grid"])
    session.flush()

    assert view(session, case, RESIDENT.actors).place.name == "湖滨一网格"


def test_short_opening_hours_are_pointed_out(admin: Browser, town: Town) -> None:
    own = f"/admin/areas/{area_id(town, 'shore')}"

    done = admin.post(admin.get(own), own, opening_hours="09:00–12:00, 14:00–17:00")

    page = admin.get(done.to)
    assert "这个服务站每天开放不足 8 小时" in page.text
    assert "6 小时" in page.text


# Categories

NEW_TOPIC = {
    "code": "C08",
    "parent_code": "C",
    "name": "共享单车",
    "name_en": "Shared bikes",
    "grade": "G3",
    "examples": "乱停放",
    "keywords": "单车、共享单车,单车",
}


def test_a_topic_is_added_and_suggested_at_once(admin: Browser, session: Session, town: Town) -> None:
    done = admin.post(admin.get("/admin/categories/new"), "/admin/categories", **NEW_TOPIC)

    row = session.exec(select(Category).where(Category.code == "C08")).one()
    assert row.keywords == ["单车", "共享单车"]
    assert list(directory(session).catalogue.named_in("门口单车太多")) == ["C08"]
    assert "添加类别" in admin.get(done.to).text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("code", nasty) for nasty in (*NASTY, "A03", "c8")),
        *((name, nasty) for name in ("name", "name_en") for nasty in NASTY[:3]),
        ("parent_code", "X99"),
        ("parent_code", "'; DROP TABLE categories; --"),
        ("grade", "G9"),
        ("examples", "长" * 10_000),
        ("keywords", "长" * 10_000),
        ("keywords", "、".join(f"词{i}" for i in range(70))),
    ],
)
def test_a_topic_that_cannot_be_is_refused_whole(
    admin: Browser, session: Session, town: Town, field: str, value: str
) -> None:
    form = admin.get("/admin/categories/new")

    page = admin.post(form, "/admin/categories", 422, **{**NEW_TOPIC, field: value})

    assert page.html.select_one(f"#f-{field}-error") is not None
    assert field == "name_en" or page.fields("/admin/categories")["name_en"] == NEW_TOPIC["name_en"]
    assert session.exec(select(Category).where(Category.code == "C08")).all() == []


def category_page(session: Session, code: str) -> str:
    return f"/admin/categories/{session.exec(select(Category.id).where(Category.code == code)).one()}"


def test_a_grade_is_changed_and_the_history_tells_it(admin: Browser, session: Session, town: Town) -> None:
    own = category_page(session, "C05")

    done = admin.post(admin.get(own), own, grade="G2")

    assert "等级：一般 → 及时" in admin.get(done.to).text
    assert directory(session).catalogue.topics["C05"].grade == "G2"


@pytest.mark.parametrize(
    ("code", "answers", "field"),
    [
        ("Z99", {"is_active": "no"}, "is_active"),
        ("C", {"is_active": "no"}, "is_active"),
        ("C", {"parent_code": "C"}, "parent_code"),
        ("C", {"parent_code": "C05"}, "parent_code"),
    ],
)
def test_what_others_need_stays_and_nothing_lies_in_itself(
    admin: Browser, session: Session, town: Town, code: str, answers: dict[str, str], field: str
) -> None:
    own = category_page(session, code)

    page = admin.post(admin.get(own), own, 422, **answers)

    assert page.html.select_one(f"#f-{field}-error") is not None


def test_a_topic_out_of_use_is_suggested_no_more(admin: Browser, session: Session, town: Town) -> None:
    own = category_page(session, "C05")

    admin.post(admin.get(own), own, is_active="no")

    assert directory(session).catalogue.named_in("路灯坏了") == {}
    assert "已停用" in admin.get("/admin/categories").text


def test_all_changes_stand_in_one_list_with_pages(admin: Browser, session: Session, town: Town, clock: Clock) -> None:
    own = f"/admin/areas/{area_id(town, 'shore')}"
    for number in range(32):
        admin.post(admin.get(own), own, phone=f"0500-55502{number:02d}")
        clock.turn(minutes=1)

    page = admin.get("/admin/history")

    assert "共 32 条改动" in page.text
    assert "0500-5550230 → 0500-5550231" in page.text
    assert "0500-5550200" not in page.text
    later = next(str(a["href"]) for a in page.html.select("main .actions a") if "cursor=" in str(a["href"]))
    assert "0500-5550200" in admin.get(later).text
    assert "查看全部 32 条改动" in admin.get(own).text
