from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, select

from service.accounts.rules import AbsenceKind, Role
from service.accounts.tables import Absence, Duty, Person
from service.rosters.actions import add_absence
from service.rosters.rules import Days, SwapState
from service.rosters.shifts import add_shift
from service.rosters.swaps import answer_swap, ask_swap
from service.rosters.tables import Shift, Skill, Swap
from tests.people import Town
from tests.web.conftest import Browser, Clock, Page

ZONE = ZoneInfo("Asia/Shanghai")
SATURDAY = tuple(datetime(2026, 11, 28, hour, tzinfo=ZONE) for hour in (9, 12))
NASTY = ["", "长" * 10_000, "\x00\x07\x1b", "<script>alert(1)</script>", "'; DROP TABLE people; --"]
SPAN = "2026-11-28T09:00+08:00/2026-11-28T12:00+08:00"


@pytest.fixture
def head(browse: Browser, town: Town) -> Browser:
    return browse.sign_in(town.he_jun)


@pytest.fixture
def worker(browse: Browser, town: Town) -> Browser:
    return browse.sign_in(town.li_qiang)


def own(person: Person) -> str:
    return f"/admin/people/{person.id}"


def send(browser: Browser, page: str, action: str, status: int = 303, **answers: Any) -> Page:
    proof = browser.get(page).html.select_one("main input[name=csrf], input[name=csrf]")
    assert proof is not None
    response = browser.client.post(action, data={"csrf": proof["value"]} | answers)
    assert response.status_code == status, response.text[:1500]
    return browser._seen(response)


def extra_shift(session: Session, town: Town, clock: Clock) -> None:
    add_shift(session, town.li_qiang, SATURDAY, Days(), by=town.he_jun, now=clock.now)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", ["/roster", "/admin/duties", "/admin/duties?view=month", "/admin/people/{li}"])
def test_every_page_speaks_both_languages(
    head: Browser, session: Session, town: Town, clock: Clock, path: str, language: str
) -> None:
    extra_shift(session, town, clock)
    page = head.speak(language).get(path.format(li=town.li_qiang.id))
    assert ("我的值班" if language == "zh" else "My duties") in page.text


def test_a_head_opens_their_people_and_nobody_elses(head: Browser, town: Town) -> None:
    page = head.get(own(town.li_qiang))
    assert page.html.select_one("form[action$='/shifts']") is not None
    assert page.html.select_one("form[action$='/password']") is None
    assert head.get(own(town.he_jun)).html.select_one("form[action$='/shifts']") is None
    head.get(own(town.zhao_min), 404)
    head.get(f"{own(town.li_qiang)}/edit", 403)
    listed = head.get("/admin/people")
    assert "李强" in listed.text
    assert "赵敏" not in listed.text
    assert listed.html.select_one("a[href^='/admin/people/new']") is None


@pytest.mark.parametrize(
    ("who", "status"), [("li_qiang", 403), ("wu_dan", 403), ("zhou_tao", 404), ("chen_jing", 303), ("qian_bo", 303)]
)
def test_who_may_write_a_single_shift(browse: Browser, session: Session, town: Town, who: str, status: int) -> None:
    browser = browse.sign_in(town.people[who])
    answers = {"shift_starts": "2026-11-28T09:00", "shift_ends": "2026-11-28T12:00"}
    send(browser, "/roster", f"{own(town.li_qiang)}/shifts", status, **answers)
    assert len(session.exec(select(Shift)).all()) == (status == 303)


def test_a_shift_is_added_taken_out_and_put_back(head: Browser, session: Session, town: Town) -> None:
    night = {"shift_starts": "2026-11-28T20:00", "shift_ends": "2026-11-29T08:00"}
    done = send(head, own(town.li_qiang), f"{own(town.li_qiang)}/shifts", **night)
    page = head.get(done.to)
    assert "11月28日 周六 20:00–08:00" in page.text
    off = next(f for f in page.html.select("form[action$='/shifts/off']") if "2026-11-24" in str(f))
    value = off.select_one("input[name=span]")
    assert value is not None
    send(head, own(town.li_qiang), f"{own(town.li_qiang)}/shifts/off", span=str(value["value"]))
    page = head.get(own(town.li_qiang))
    assert "改为休息" in page.text
    head.post(page, "/shifts/back")
    assert [s.is_on for s in session.exec(select(Shift))] == [True]
    send(head, own(town.li_qiang), f"{own(town.li_qiang)}/shifts/off", 404, span=SPAN)


@pytest.mark.parametrize("wrong", [*NASTY, "x/y", "2026-11-28T09:00/2026-11-28T12:00", SPAN + "/", SPAN[::-1]])
def test_a_span_that_cannot_be_read_is_not_found(head: Browser, town: Town, wrong: str) -> None:
    for what in ("off", "back"):
        send(head, own(town.li_qiang), f"{own(town.li_qiang)}/shifts/{what}", 404, span=wrong)


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"shift_starts": "", "shift_ends": "2026-11-28T12:00"}, "shift_starts"),
        ({"shift_starts": "2026-11-28T12:00", "shift_ends": "2026-11-28T09:00"}, "shift_ends"),
        ({"shift_starts": "2026-11-24T09:00", "shift_ends": "2026-11-24T10:00"}, "shift_starts"),
        ({"shift_starts": "2026-11-28T09:00", "shift_ends": "2026-11-30T09:00"}, "shift_starts"),
        *(({"shift_starts": wrong, "shift_ends": wrong}, "shift_starts") for wrong in NASTY),
    ],
)
def test_a_shift_that_cannot_be_is_refused_and_kept(
    head: Browser, session: Session, town: Town, answers: dict[str, str], field: str
) -> None:
    page = send(head, own(town.li_qiang), f"{own(town.li_qiang)}/shifts", 422, **answers)
    assert page.html.select_one(f"#f-{field}-error") is not None
    assert session.exec(select(Shift)).all() == []


def test_a_duty_on_workdays_says_so_and_one_until_midnight_ends_at_24(
    head: Browser, session: Session, town: Town
) -> None:
    post = f"{own(town.li_qiang)}/duties"
    send(head, own(town.li_qiang), post, weekdays=["5"], starts="12:00", ends="24:00", days="workdays")
    text = head.get(own(town.li_qiang)).text
    assert "12:00–24:00" in text
    assert "工作日" in text
    bad = send(head, own(town.li_qiang), post, 422, weekdays=["6"], starts="24:00", ends="08:00")
    assert bad.html.select_one("#f-starts-error") is not None
    send(head, own(town.li_qiang), post, 422, weekdays=["6"], starts="09:00", ends="10:00", days="x")
    assert len(session.exec(select(Duty).where(Duty.person_id == town.li_qiang.id)).all()) == 6


def test_skills_are_chosen_and_shown(head: Browser, session: Session, town: Town) -> None:
    page = head.get(own(town.li_qiang))
    head.post(page, "/skills", topics=["C", "A03"], languages=["en"])
    page = head.get(own(town.li_qiang))
    assert "城市管理" in page.text
    chosen = {str(option["value"]) for option in page.html.select("#f-topics option[selected]")}
    assert chosen == {"C", "A03"}
    assert len(session.exec(select(Skill)).all()) == 3
    send(head, own(town.li_qiang), f"{own(town.li_qiang)}/skills", 422, topics=["nothing"])
    send(head, own(town.li_qiang), f"{own(town.li_qiang)}/skills", 422, languages=["xx"])
    head.post(page, "/skills", topics=[], languages=[])
    assert session.exec(select(Skill)).all() == []


def test_the_calendar_shows_who_is_there_and_who_is_away(
    head: Browser, session: Session, town: Town, clock: Clock
) -> None:
    extra_shift(session, town, clock)
    away = {"starts_at": clock.now, "ends_at": clock.now + timedelta(days=1), "kind": AbsenceKind.SICK}
    add_absence(session, town.sun_li, Absence(person_id=town.sun_li.id, **away), by=town.he_jun, now=clock.now)
    page = head.get("/admin/duties")
    assert "09:00–12:00" in page.text
    assert next(s.get_text() for s in page.html.select("td s")) == "08:30–17:30"
    assert "病假" not in page.text
    month = head.get("/admin/duties", view="month", on="2026-11-01")
    assert "李强" in month.text
    assert len(month.html.select("td .date")) == 30


@pytest.mark.parametrize(
    "asked", [{"area": wrong, "view": wrong, "on": wrong, "page": wrong} for wrong in NASTY if len(wrong) < 99]
)
def test_a_calendar_asked_for_nonsense_is_this_weeks(head: Browser, asked: dict[str, str]) -> None:
    assert "11月23日" in head.get("/admin/duties", **asked).text


@pytest.mark.parametrize("on", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("view", ["week", "month"])
def test_the_calendar_ends_somewhere(head: Browser, on: str, view: str) -> None:
    page = head.get("/admin/duties", on=on, view=view)
    for link in page.html.select("nav.actions a"):
        head.get(str(link["href"]))


def test_everybody_sees_the_calendar_of_their_own_place_only(browse: Browser, town: Town) -> None:
    browse.sign_in(town.li_qiang).get("/admin/duties", 403)
    desk = browse.sign_in(town.wu_dan)
    assert "赵敏" in desk.get("/admin/duties").text
    desk.get("/admin/duties", 404, area=town.areas["willow"].id)
    assert desk.get("/admin/duties").html.select_one("a[href^='/admin/people/']") is None


def test_a_time_without_anybody_is_told(browse: Browser, session: Session, town: Town, clock: Clock) -> None:
    boss = browse.sign_in(town.chen_jing)
    assert "没有人当班" not in boss.get("/admin/duties").text
    away = Absence(person_id=town.wu_dan.id, starts_at=clock.now, ends_at=clock.now + timedelta(hours=6))
    add_absence(session, town.wu_dan, away, by=town.chen_jing, now=clock.now)
    assert "11月23日 周一 10:00–16:00" in boss.get("/admin/duties").text
    assert "10:00–16:00" in browse.sign_in(town.wu_dan).get("/roster").text
    assert "10:00–16:00" in browse.sign_in(town.chen_jing).get(own(town.wu_dan)).text.split("每周值班")[0]


def test_a_swap_goes_through_the_pages(browse: Browser, session: Session, town: Town, clock: Clock) -> None:
    extra_shift(session, town, clock)
    li = browse.sign_in(town.li_qiang)
    page = li.get("/roster")
    done = li.post(page, "/swaps", gives=SPAN, to=str(town.sun_li.id), words="孩子开学")
    assert "对方接受之前" in li.get(done.to).text
    swap = session.exec(select(Swap)).one()

    sun = browse.sign_in(town.sun_li)
    page = sun.get("/roster")
    assert "孩子开学" in page.text
    sun.post(page, f"/swaps/{swap.id}/accept")
    assert "11月28日 周六 09:00–12:00" in sun.get("/roster").text

    boss = browse.sign_in(town.he_jun)
    page = boss.get("/admin/duties")
    assert "李强 的 11月28日" in page.text
    boss.post(page, f"/swaps/{swap.id}/seen")
    assert "李强 的 11月28日" not in boss.get("/admin/duties").text
    session.refresh(swap)
    assert (swap.state, swap.seen_by_id) == (SwapState.ACCEPTED, town.he_jun.id)


def test_two_turns_change_hands_by_one_choice(browse: Browser, session: Session, town: Town, clock: Clock) -> None:
    extra_shift(session, town, clock)
    sunday = tuple(moment + timedelta(days=1) for moment in SATURDAY)
    add_shift(session, town.sun_li, sunday, Days(), by=town.he_jun, now=clock.now)
    li = browse.sign_in(town.li_qiang)
    page = li.get("/roster")
    choice = next(str(o["value"]) for o in page.html.select("#f-to option") if "2026-11-29T09:00" in str(o["value"]))
    li.post(page, "/swaps", gives=SPAN, to=choice)
    swap = session.exec(select(Swap)).one()
    answer_swap(session, swap.id or 0, Days(), accept=True, by=town.sun_li, now=clock.now)
    page = li.get("/roster")
    assert "11月29日 周日 09:00–12:00" in page.text


@pytest.mark.parametrize("wrong", [*NASTY, "1/2", "999999999"])
def test_a_swap_that_cannot_be_read_is_refused(
    worker: Browser, session: Session, town: Town, clock: Clock, wrong: str
) -> None:
    extra_shift(session, town, clock)
    send(worker, "/roster", "/roster/swaps", 422, gives=wrong, to=str(town.sun_li.id))
    send(worker, "/roster", "/roster/swaps", 422, gives=SPAN, to=wrong)
    send(worker, "/roster", "/roster/swaps", 422, gives=SPAN, to=f"{town.sun_li.id} {wrong}x")
    assert session.exec(select(Swap)).all() == []


def test_a_swap_that_came_too_late_says_so(browse: Browser, session: Session, town: Town, clock: Clock) -> None:
    extra_shift(session, town, clock)
    swap = ask_swap(session, town.li_qiang, town.sun_li.id, SATURDAY, None, Days(), words="", now=clock.now)
    sun = browse.sign_in(town.sun_li)
    page = sun.get("/roster")
    clock.now = SATURDAY[0] + timedelta(hours=1)
    late = sun.post(page, f"/swaps/{swap.id}/accept", 409)
    assert "班次已经开始" in late.text
    assert sun.get("/roster").html.select_one("form[action$='/accept']") is None
    send(sun, "/roster", f"/roster/swaps/{swap.id}/nonsense", 404)
    send(browse.sign_in(town.zhao_min), "/roster", f"/roster/swaps/{swap.id}/accept", 404)


def test_a_worker_reports_sick_and_takes_it_back(worker: Browser, session: Session, town: Town, clock: Clock) -> None:
    page = worker.get("/roster")
    answers = {"starts_at": "2026-11-23T12:00", "ends_at": "2026-11-24T18:00", "kind": "sick"}
    done = worker.post(page, "/absences", **answers, substitute=str(town.sun_li.id), reason="发烧")
    page = worker.get(done.to)
    assert "由孙丽代班" in page.text
    absence = session.exec(select(Absence)).one()
    assert absence.kind is AbsenceKind.SICK
    bad = send(worker, "/roster", "/roster/absences", 422, **answers)
    assert bad.html.select_one("#f-starts_at-error") is not None
    send(worker, "/roster", "/roster/absences", 422, starts_at="2026-11-25T12:00", ends_at="", kind="sick")
    worker.post(page, f"/absences/{absence.id}/end")
    assert session.exec(select(Absence)).all() == []


def test_a_feed_shows_ones_duties_to_whoever_has_the_link(
    worker: Browser, session: Session, town: Town, clock: Clock
) -> None:
    extra_shift(session, town, clock)
    page = worker.post(worker.get("/roster"), "/roster/feed", 200)
    field = page.html.select_one("#f-address")
    assert field is not None
    assert page.headers["cache-control"] == "no-store"
    address = str(field["value"]).removeprefix("http://testserver")
    assert address not in worker.get("/roster").text
    worker.client.cookies.clear()
    answer = worker.client.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/calendar")
    assert "DTSTART:20261128T010000Z" in answer.text
    assert answer.text.count("BEGIN:VEVENT") > 40
    assert "李强" not in answer.text
    assert worker.client.get(address.replace(".ics", "x.ics")).status_code == 404
    worker.sign_in(town.li_qiang)
    worker.post(worker.get("/roster"), "/feed/revoke")
    assert worker.client.get(address).status_code == 404


def test_the_page_of_many_people_comes_in_parts(browse: Browser, session: Session, town: Town, clock: Clock) -> None:
    people = [
        Person(
            login=f"many.{n}",
            name=f"众{n}",
            password_hash="!",
            role=Role.WORKER,
            area_id=town.areas["mill"].id or 0,
            created_at=clock.now,
        )
        for n in range(5_000)
    ]
    session.add_all(people)
    session.flush()
    session.add_all(
        Duty(
            person_id=p.id or 0,
            weekday=day,
            starts=time(8),
            ends=time(12),
        )
        for p in people[:600]
        for day in range(5)
    )
    admin = browse.sign_in(town.admin)
    for view in ("week", "month"):
        page = admin.get("/admin/duties", view=view)
        assert len(page.text) < 200_000
        assert page.html.select_one("a[href*='page=2']") is not None
    assert "众" in admin.get("/admin/duties", page="3", area=town.areas["mill"].id).text
    browse.sign_in(people[0]).get("/roster")
