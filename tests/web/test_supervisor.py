from datetime import timedelta

import pytest
from sqlmodel import Session, select
from starlette.testclient import TestClient

from service.accounts.tables import Person
from service.cases.rules import Action
from service.cases.tables import Case, CaseMessage
from service.escalations.actions import sweep
from service.escalations.queries import of_case, open_escalations
from service.escalations.tables import Escalation
from service.outbox.tables import Notice
from service.watch.queries import CHECKS
from service.web.catalogues import catalogue, translate
from service.web.words import CHECK
from tests.builders import case_of, does, received
from tests.people import Town
from tests.web.conftest import Browser, Clock, Page

LATE = timedelta(hours=40)
NASTY = ["<script>alert(1)</script>", "'; DROP TABLE cases; --", "{{ 7 * 7 }}", "“引号” & <b>"]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def late_case(session: Session, town: Town, clock: Clock) -> Case:
    """A case of 湖滨 that nobody has answered for 40 hours."""
    case, _ = received(session, clock.now)
    clock.now += LATE
    sweep(session, clock.now)
    return case


@pytest.fixture
def returned_case(session: Session, town: Town, clock: Clock) -> Case:
    """A case of 湖滨 that its worker gave back to the desk."""
    case, _ = received(session, clock.now)
    return does(session, case, holder(case, town), Action.RETURN, clock.now, reason="not_our_duty", text="不归我们管")


def holder(case: Case, town: Town) -> Person:
    return next(p for p in town.people.values() if p.id == case.assignee_id)


def other_worker(case: Case, town: Town) -> Person:
    return next(p for p in (town.li_qiang, town.sun_li) if p.id != case.assignee_id)


def numbers(page: Page) -> list[str]:
    return [n.get_text() for n in page.html.select(".tile-number")]


def waiting_for(session: Session, case: Case) -> Escalation:
    return next(e for e in of_case(session, case.id or 0) if e.needs_acknowledgement)


def test_the_board_shows_four_numbers_that_lead_to_their_lists(
    browse: Browser, session: Session, town: Town, late_case: Case
) -> None:
    page = browse.sign_in(town.chen_jing).get("/board")
    waiting = len(open_escalations(session, town.chen_jing))
    assert waiting > 0
    assert numbers(page) == ["1", "0", str(waiting), "0"]
    for tile, count in zip(page.html.select("a.tile"), numbers(page), strict=True):
        listed = browse.get(str(tile["href"]))
        assert f"共 {count} 件" in listed.text
    assert page.html.select_one(f'a[href="/cases/{late_case.number}"]')


@pytest.mark.usefixtures("late_case")
@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ["督办看板", "等您决定", "已超时", "各社区情况"]),
        ("en", ["Board", "Decisions waiting for you", "Overdue", "By community"]),
    ],
)
def test_the_board_speaks_both_languages(
    browse: Browser,
    town: Town,
    language: str,
    words: list[str],
) -> None:
    page = browse.sign_in(town.chen_jing).speak(language).get("/board")
    assert all(word in page.text for word in words)
    if language == "en":
        chinese = [
            t
            for t in page.html.select("main table, main summary, main button, main h1, main h2")
            if any("一" <= c <= "鿿" for c in t.get_text())
        ]
        assert chinese == []


def test_a_quiet_board_says_that_nothing_needs_you(browse: Browser, town: Town) -> None:
    page = browse.sign_in(town.zhou_tao).get("/board")
    assert numbers(page) == ["0", "0", "0", "0"]
    assert "现在没有需要您处理的事" in page.text
    assert "没有在办工单" in page.text


def test_for_htmx_only_the_part_that_changes_is_sent(client: TestClient, browse: Browser, town: Town) -> None:
    page = browse.sign_in(town.chen_jing).get("/board")
    live = page.html.select_one("#board-live")
    assert live is not None
    assert (live["hx-get"], live["hx-trigger"]) == ("/board", "every 10s, changed")
    assert page.html.select_one("[aria-live=polite]")
    answer = client.get("/board", headers={"HX-Request": "true"})
    assert "<html" not in answer.text
    assert "tile-number" in answer.text
    assert answer.headers["vary"].startswith("HX-Request")


def test_communities_are_a_table_that_leads_to_filtered_lists(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    received(session, clock.now)
    received(session, clock.now, area="望湖街道")
    page = browse.sign_in(town.chen_jing).get("/board")
    table = page.html.select_one("table.communities")
    assert table is not None
    assert table.caption is not None
    assert all(th.get("scope") for th in table.select("th"))
    for row in table.select("tbody tr"):
        link = row.select("td a")[-1]
        listed = browse.get(str(link["href"]))
        assert f"共 {link.get_text()} 件" in listed.text


@pytest.mark.parametrize("role", ["he_jun", "wu_dan", "chen_jing", "qian_bo"])
def test_those_who_decide_see_the_board(browse: Browser, town: Town, late_case: Case, role: str) -> None:
    page = browse.sign_in(town.people[role]).get("/board")
    assert late_case.number in page.text


@pytest.mark.parametrize("path", ["/board", "/board/list/soon", "/watch"])
def test_a_worker_sees_no_board_and_a_stranger_signs_in_first(browse: Browser, town: Town, path: str) -> None:
    assert browse.get(path, 303).to == f"/sign-in?next={path.replace('/', '%2F')}"
    browse.sign_in(town.li_qiang).get(path, 403)


def test_one_tap_answers_an_escalation(browse: Browser, session: Session, town: Town, late_case: Case) -> None:
    escalation = waiting_for(session, late_case)
    page = browse.sign_in(town.chen_jing).get("/board")
    done = browse.post(page, f"/escalations/{escalation.id}/acknowledge")
    session.refresh(escalation)
    assert escalation.acknowledged_by_id == town.chen_jing.id
    assert done.to == "/board?done=acknowledge"
    after = browse.get(done.to)
    assert "已确认督办" in after.text
    assert after.html.select(f'form[action="/escalations/{escalation.id}/acknowledge"]') == []


def test_an_answer_may_carry_a_note_and_its_page_shows_who_answered(
    browse: Browser, session: Session, town: Town, late_case: Case
) -> None:
    escalation = waiting_for(session, late_case)
    page = browse.sign_in(town.chen_jing).get(f"/escalations/{escalation.id}")
    browse.post(page, "acknowledge", text="  已派人上门\x00 ")
    session.refresh(escalation)
    assert escalation.note == "已派人上门"
    after = browse.get(f"/escalations/{escalation.id}")
    assert "已派人上门" in after.text
    assert "陈静" in after.text


@pytest.mark.parametrize("text", NASTY)
def test_what_is_typed_into_a_note_is_only_text(
    browse: Browser, session: Session, town: Town, late_case: Case, text: str
) -> None:
    escalation = waiting_for(session, late_case)
    page = browse.sign_in(town.chen_jing).get(f"/escalations/{escalation.id}")
    browse.post(page, "acknowledge", text=text)
    assert text in browse.get(f"/escalations/{escalation.id}").text


def test_a_note_that_is_too_long_is_kept_and_said_beside_its_field(
    browse: Browser, session: Session, town: Town, late_case: Case
) -> None:
    escalation = waiting_for(session, late_case)
    page = browse.sign_in(town.chen_jing).get("/board")
    refused = browse.post(page, f"/escalations/{escalation.id}/acknowledge", 422, text="长" * 20_000)
    assert refused.html.select_one('#errors a[href="#f-text"]')
    assert refused.html.select_one("#f-text-error")
    assert refused.fields("acknowledge")["text"] == "长" * 20_000
    assert refused.fields("acknowledge")["next"] == "/board"
    assert "2000" in refused.text
    session.refresh(escalation)
    assert escalation.acknowledged_at is None


def test_another_subdistricts_case_and_escalation_do_not_exist(
    browse: Browser, client: TestClient, session: Session, town: Town, late_case: Case
) -> None:
    escalation = waiting_for(session, late_case)
    browse.sign_in(town.zhou_tao)
    page = browse.get("/board")
    assert numbers(page) == ["0", "0", "0", "0"]
    browse.get(f"/board/cases/{late_case.number}", 404)
    browse.get(f"/escalations/{escalation.id}", 404)
    proof = {"csrf": str(page.html.select_one("input[name=csrf]")["value"])}  # type: ignore[index]
    for path in (f"/escalations/{escalation.id}/acknowledge", f"/board/cases/{late_case.number}/note",
                 f"/board/cases/{late_case.number}/reassign"):  # fmt: skip
        assert client.post(path, data=proof | {"text": "x"}).status_code == 404
    session.refresh(escalation)
    assert escalation.acknowledged_at is None
    assert browse.get("/board/list/open", 404, area="990101001001").status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/board/list/nothing",
        "/board/list/open?area=%00",
        "/board/list/open?area='--",
        "/board/cases/1",
        "/board/cases/%00",
        "/board/cases/20261123-00099-0",
        "/escalations/999999999",
    ],
)
def test_what_is_not_there_is_said_in_words(browse: Browser, town: Town, path: str) -> None:
    assert "这里没有内容" in browse.sign_in(town.chen_jing).get(path, 404).text


@pytest.mark.parametrize("path", ["/escalations/x", "/escalations/0", "/escalations/99999999999999999999",
                                  "/board/list/open?cursor=%00", "/board/list/unacknowledged?cursor=x"])  # fmt: skip
def test_nonsense_in_an_address_is_refused_in_words(browse: Browser, town: Town, path: str) -> None:
    browse.sign_in(town.chen_jing).get(path, 422)


def test_reassigning_says_its_effect_and_tells_the_new_worker(
    browse: Browser, session: Session, town: Town, clock: Clock, late_case: Case
) -> None:
    old, new = holder(late_case, town), other_worker(late_case, town)
    page = browse.sign_in(town.chen_jing).get("/board")
    form = page.form(f"/board/cases/{late_case.number}/reassign")
    assert f"现由{old.name}承办，手上 1 件，改派后 0 件" in form.get_text()
    choice = form.select_one(f'option[value="{new.id}"]')
    assert choice is not None
    assert "手上 0 件，接后 1 件" in choice.get_text()
    done = browse.post(page, f"/board/cases/{late_case.number}/reassign", person_id=str(new.id), text="请今晚联系")
    assert done.to == "/board?done=reassign"
    assert case_of(session, late_case.number).assignee_id == new.id
    told = session.exec(select(Notice).where(Notice.template == "assigned", Notice.person_id == new.id)).all()
    assert late_case.id in [n.case_id for n in told if n.created_at == clock.now]


def test_a_message_stands_in_the_case_and_is_sent_to_the_worker(
    browse: Browser, session: Session, town: Town, late_case: Case
) -> None:
    page = browse.sign_in(town.chen_jing).get("/board")
    browse.post(page, f"/board/cases/{late_case.number}/note", text="居民很急，请先打电话")
    said = session.exec(
        select(CaseMessage).where(CaseMessage.case_id == late_case.id, CaseMessage.kind == "note")
    ).one()
    assert (said.text, said.is_public, said.person_id) == ("居民很急，请先打电话", False, town.chen_jing.id)
    notice = session.exec(select(Notice).where(Notice.template == "nudge_note")).one()
    assert notice.person_id == late_case.assignee_id


def test_a_returned_case_is_assigned_from_the_board(
    browse: Browser, session: Session, town: Town, returned_case: Case
) -> None:
    page = browse.sign_in(town.chen_jing).get("/board")
    assert numbers(page)[3] == "1"
    assert "不归我们管" in page.text
    done = browse.post(page, f"/board/cases/{returned_case.number}/assign", person_id=str(town.zhao_min.id))
    assert "工单已派出" in browse.get(done.to).text
    assert case_of(session, returned_case.number).assignee_id == town.zhao_min.id


@pytest.mark.parametrize(
    "person", ["", "0", "-1", "x", "九", "99999999", "9" * 30, "9" * 5000, "\x00", "<b>", "' OR 1=1 --"]
)
def test_a_person_who_is_none_is_refused_and_what_was_typed_is_kept(
    browse: Browser, session: Session, town: Town, late_case: Case, person: str
) -> None:
    before = late_case.assignee_id
    page = browse.sign_in(town.chen_jing).get(f"/board/cases/{late_case.number}")
    refused = browse.post(page, "reassign", 422, person_id=person, text="请<b>马上</b>办")
    assert refused.html.select_one('#errors a[href="#f-person_id"]')
    assert refused.html.select_one("#f-person_id-error")
    assert refused.fields("reassign")["text"] == "请<b>马上</b>办"
    assert case_of(session, late_case.number).assignee_id == before


def test_a_person_of_another_subdistrict_cannot_be_given_the_case(
    browse: Browser, session: Session, town: Town, late_case: Case
) -> None:
    page = browse.sign_in(town.chen_jing).get(f"/board/cases/{late_case.number}")
    browse.post(page, "reassign", 422, person_id=str(town.zhou_tao.id))
    assert case_of(session, late_case.number).assignee_id == late_case.assignee_id


@pytest.mark.parametrize("text", ["", "  \n ", "\x00\x01", "长" * 20_000])
def test_a_message_that_is_none_or_too_long_is_refused(
    browse: Browser, session: Session, town: Town, late_case: Case, text: str
) -> None:
    page = browse.sign_in(town.chen_jing).get(f"/board/cases/{late_case.number}")
    refused = browse.post(page, "note", 422, text=text)
    assert refused.html.select_one('#errors a[href="#f-text"]')
    assert refused.html.select_one("#f-text-error")
    assert refused.fields("note")["text"].strip("\x00\x01") == text.strip("\x00\x01")
    assert session.exec(select(CaseMessage).where(CaseMessage.kind == "note")).all() == []


def test_a_case_that_changed_meanwhile_is_shown_and_nothing_is_lost(
    browse: Browser, session: Session, town: Town, late_case: Case, clock: Clock
) -> None:
    new = str(other_worker(late_case, town).id)
    page = browse.sign_in(town.chen_jing).get(f"/board/cases/{late_case.number}")
    does(session, late_case, holder(late_case, town), Action.ACCEPT, clock.now)
    refused = browse.post(page, "reassign", 409, person_id=new, text="请今晚联系")
    assert "没有改动" in refused.text
    kept = refused.fields("reassign")
    assert (kept["person_id"], kept["text"]) == (new, "请今晚联系")
    browse.post(refused, "reassign", person_id=kept["person_id"])
    assert case_of(session, late_case.number).assignee_id == int(new)


def test_what_the_lifecycle_does_not_allow_is_refused_and_kept(
    browse: Browser, client: TestClient, town: Town, late_case: Case
) -> None:
    page = browse.sign_in(town.chen_jing).get(f"/board/cases/{late_case.number}")
    proof = page.fields("reassign") | {"person_id": str(town.zhao_min.id), "text": "给赵敏"}
    refused = client.post(f"/board/cases/{late_case.number}/assign", data=proof)
    assert refused.status_code == 409
    assert "给赵敏" in refused.text
    for action in ("close", "resolve", "nothing"):
        assert client.post(f"/board/cases/{late_case.number}/{action}", data=proof).status_code == 404


def test_a_head_may_not_assign_what_lies_at_the_desk(browse: Browser, town: Town, returned_case: Case) -> None:
    page = browse.sign_in(town.he_jun).get(f"/board/cases/{returned_case.number}")
    assert page.html.select('form[action$="/assign"]') == []


def test_after_a_decision_one_is_back_where_one_was(browse: Browser, town: Town, late_case: Case) -> None:
    page = browse.sign_in(town.chen_jing).get("/board/list/breached?area=990101001001")
    done = browse.post(page, f"/board/cases/{late_case.number}/note", text="请快")
    assert done.to == "/board/list/breached?area=990101001001&done=note"
    assert "留言已记入工单" in browse.get(done.to).text


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_nobody_is_sent_to_another_site(browse: Browser, town: Town, late_case: Case, elsewhere: str) -> None:
    page = browse.sign_in(town.chen_jing).get(f"/board/cases/{late_case.number}", next=elsewhere)
    assert not page.html.select('main [href*="evil"], main [value*="evil"]')
    done = browse.post(page, "note", text="请快", next=elsewhere)
    assert done.to == "/board?done=note"


def test_a_long_list_pages_with_its_count(browse: Browser, session: Session, town: Town, clock: Clock) -> None:
    for _ in range(28):
        received(session, clock.now)
    page = browse.sign_in(town.chen_jing).get("/board/list/open", area="990101001")
    assert "共 28 件" in page.text
    assert len(page.html.select(".rows > li")) == 25
    following = browse.get(str(page.html.select_one('a[href*="cursor="]')["href"]))  # type: ignore[index]
    assert len(following.html.select(".rows > li")) == 3
    assert "共 28 件" in following.text


def test_every_check_of_the_watch_has_its_words_in_both_languages() -> None:
    for name, _, remedy in CHECKS:
        for said in (CHECK[name], remedy):
            assert said in catalogue("zh")
            assert translate("zh", said) != translate("en", said) == said
    assert set(CHECK) == {name for name, _, _ in CHECKS}


def test_the_watch_says_that_all_is_well_or_what_to_do(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    browse.sign_in(town.chen_jing)
    assert "一切正常" in browse.get("/watch").text
    received(session, clock.now)
    clock.now += LATE
    page = browse.get("/watch")
    assert "到点的督办步骤超过 5 分钟未触发" in page.text
    assert "请检查后台任务进程" in page.text
    english = browse.speak("en").get("/watch")
    assert "A step that is due has not been taken for 5 minutes" in english.text


@pytest.mark.parametrize("role", ["chen_jing", "qian_bo", "admin"])
def test_who_watches(browse: Browser, town: Town, role: str) -> None:
    browse.sign_in(town.people[role]).get("/watch")


def test_a_form_from_elsewhere_does_nothing(
    client: TestClient, browse: Browser, session: Session, town: Town, late_case: Case
) -> None:
    escalation = waiting_for(session, late_case)
    browse.sign_in(town.chen_jing)
    assert client.post(f"/escalations/{escalation.id}/acknowledge", data={}).status_code == 403
    session.refresh(escalation)
    assert escalation.acknowledged_at is None
