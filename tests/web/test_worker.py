"""The worker's pages: the queue, the case with its forms and its reasons, and taking down a call."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from service.audit.queries import history
from service.cases.rules import MOVES, Action, CaseStatus, Field, moves_from
from service.cases.tables import Case
from service.escalations.actions import sweep
from service.web.worker_forms import forms_of
from tests.builders import case_of, does, received, resident_does
from tests.people import Town
from tests.web.conftest import Browser, Clock, Page

CONTACT = {"name": "王芳", "phone": "13812345678", "email": "wangfang@example.org"}
HOSTILE = ("<script>alert(1)</script>", "'; DROP TABLE cases; --", "a\x00b\x07c\x1b", "字" * 20_000)


@pytest.fixture
def li(browse: Browser, town: Town) -> Browser:
    """李强 at his browser."""
    return browse.sign_in(town.li_qiang)


def to_li(session: Session, town: Town, clock: Clock, **answers: object) -> Case:
    """Return a case that 李强 holds and has not signed for."""
    case, _ = received(session, clock.now, **answers)
    if case.assignee_id != town.li_qiang.id:
        does(session, case, town.he_jun, Action.REASSIGN, clock.now, person_id=town.li_qiang.id)
    return case_of(session, case.number)


def signed(session: Session, town: Town, clock: Clock, **answers: object) -> Case:
    """Return a case that 李强 has signed for."""
    return does(session, to_li(session, town, clock, **answers), town.li_qiang, Action.ACCEPT, clock.now)


def path(case: Case) -> str:
    return f"/cases/{case.number}"


# The queue


def test_the_queue_shows_what_runs_out_first_with_words_and_time(
    li: Browser, session: Session, town: Town, clock: Clock
) -> None:
    later = to_li(session, town, clock, title="路灯坏了")
    sooner = to_li(session, town, clock, title="电梯停了", category="A03")

    page = li.get("/queue")

    titles = [a.get_text() for a in page.html.select(".queue-title")]
    assert titles == ["电梯停了", "路灯坏了"]
    assert "还剩" in page.html.select_one(".queue-due").get_text()  # type: ignore[union-attr]
    assert sooner.number in page.text
    assert later.number in page.text


def test_the_queue_speaks_english(li: Browser, session: Session, town: Town, clock: Clock) -> None:
    to_li(session, town, clock)

    page = li.speak("en").get("/queue")

    assert "My queue" in page.text
    assert "left" in page.text
    assert "Hubin" in page.text


def test_a_case_is_signed_for_from_the_list_in_one_tap(li: Browser, session: Session, town: Town, clock: Clock) -> None:
    case = to_li(session, town, clock)

    answer = li.post(li.get("/queue"), "/accept")

    assert answer.to == "/queue?done=accept"
    assert case_of(session, case.number).status is CaseStatus.ACCEPTED
    assert "已签收" in li.get(answer.to).text


def test_signed_cases_offer_no_second_signing(li: Browser, session: Session, town: Town, clock: Clock) -> None:
    signed(session, town, clock)

    assert not li.get("/queue").html.select("form[action$='/accept']")


def test_the_tabs_cut_the_queue_by_time(li: Browser, session: Session, town: Town, clock: Clock) -> None:
    to_li(session, town, clock, title="早就到时")
    clock.turn(hours=5)

    assert "早就到时" in li.get("/queue", tab="overdue").text
    assert "早就到时" not in li.get("/queue", tab="later").text
    assert "已超时" in li.get("/queue").text


def test_the_whole_unit_is_one_switch_away(li: Browser, session: Session, town: Town, clock: Clock) -> None:
    case = to_li(session, town, clock, title="孙丽的工单")
    does(session, case, town.he_jun, Action.REASSIGN, clock.now, person_id=town.sun_li.id)

    assert "孙丽的工单" not in li.get("/queue").text
    unit = li.get("/queue", of="unit")
    assert "孙丽的工单" in unit.text
    assert "孙丽" in unit.html.select_one(".queue-status").get_text()  # type: ignore[union-attr]


@pytest.mark.parametrize("words", ["", "楼道", "没有这样的词", *HOSTILE[:3], "字" * 5_000])
def test_any_words_can_be_searched_for(li: Browser, session: Session, town: Town, clock: Clock, words: str) -> None:
    to_li(session, town, clock)

    page = li.get("/queue", search=words)

    assert ("楼道的路灯" in page.text) == (words in ("", "楼道"))
    assert not page.html.select("main script")


def test_a_long_queue_is_paged_with_its_count(li: Browser, session: Session, town: Town, clock: Clock) -> None:
    for number in range(33):
        to_li(session, town, clock, title=f"第{number:02}件")

    first = li.get("/queue")
    following = first.html.select_one("a[href*='cursor=']")

    assert following is not None
    assert "33" in first.html.caption.get_text()  # type: ignore[union-attr]
    assert len(li.get(str(following["href"])).html.select(".queue-title")) == 3


def test_a_cursor_that_is_none_is_refused_in_words(li: Browser) -> None:
    assert "请从" in li.get("/queue", status=422, cursor="nonsense").text


def test_the_list_refreshes_as_a_fragment_and_says_how_many_are_new(
    li: Browser, session: Session, town: Town, clock: Clock
) -> None:
    opened = clock.now
    clock.turn(minutes=1)
    to_li(session, town, clock)

    answer = li.client.get("/queue", params={"since": opened.isoformat()}, headers={"HX-Request": "true"})

    assert "<html" not in answer.text
    assert 'hx-swap-oob="innerHTML"' in answer.text
    assert "1 件" in answer.text
    assert "is-new" in answer.text


def test_an_empty_queue_says_what_will_stand_there(li: Browser) -> None:
    assert "您手上没有在办工单" in li.get("/queue").text
    for tab in ("overdue", "today", "later", "waiting"):
        assert li.get("/queue", tab=tab).html.select_one(".empty")
    assert li.get("/queue", of="unit").html.select_one(".empty a[href='/take-down']")


def test_the_queue_is_for_staff_who_handle_cases(browse: Browser, town: Town) -> None:
    assert browse.get("/queue", status=303).to.startswith("/sign-in")
    browse.sign_in(town.admin).get("/queue", status=403)


# The case


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_case_page_answers_what_where_who_and_why(
    li: Browser, session: Session, town: Town, clock: Clock, language: str
) -> None:
    case = signed(session, town, clock, contact=CONTACT, focus_groups=["elderly"], address="3 栋 2 单元")

    page = li.speak(language).get(path(case))

    assert "楼道的路灯坏了三天" in page.text
    assert "3 栋 2 单元" in page.text
    assert "138****5678" in page.text
    assert "13812345678" not in page.text
    why = page.html.select_one("#why-here").get_text(" ")  # type: ignore[union-attr]
    assert ("李强" if language == "zh" else "Li Qiang") in why
    ladder = page.html.select_one("#why-then").get_text(" ")  # type: ignore[union-attr]
    assert ("首次联系" if language == "zh" else "First contact") in ladder


def test_every_move_that_the_lifecycle_offers_has_its_form(
    li: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case = signed(session, town, clock)

    page = li.get(path(case))

    acting = {"assignee", "colleague"}
    offered = {str(m.action) for m in MOVES if case.status in m.from_ and acting & {str(a) for a in m.who}}
    actions = {str(f["action"]).rpartition("/")[2] for f in page.html.select(f"form[action^='{path(case)}/']")}
    assert offered == actions
    assert page.fields("/reply")["version"] == str(case.version)


def test_every_field_of_the_lifecycle_has_a_name_and_a_way_to_be_asked() -> None:
    for move in MOVES:
        (form,) = forms_of((move,))
        assert [q.name for q in form.questions] == [*move.required, *move.optional]
        assert all(q.label and q.control for q in form.questions)
    assert forms_of(moves_from(CaseStatus.ACCEPTED, frozenset())) == []
    assert {str(f) for f in Field}


def test_a_reply_is_sent_and_stands_in_the_history(li: Browser, session: Session, town: Town, clock: Clock) -> None:
    case = signed(session, town, clock)

    answer = li.post(li.get(path(case)), "/reply", text="电工明天上午来。")

    assert answer.to == f"{path(case)}?done=reply"
    assert "电工明天上午来。" in li.get(answer.to).text


def test_a_contact_is_logged_with_kind_and_result(li: Browser, session: Session, town: Town, clock: Clock) -> None:
    case = signed(session, town, clock)

    page = li.get(path(case))
    li.post(page, "/contact", kind="call", result="reached", text="约好明天上门")

    timeline = li.get(path(case)).html.select_one(".timeline").get_text(" ")  # type: ignore[union-attr]
    assert "电话" in timeline
    assert "已联系上" in timeline


def test_what_is_missing_is_named_beside_its_field_and_nothing_typed_is_lost(
    li: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case = signed(session, town, clock)

    page = li.post(li.get(path(case)), "/return", 422, reason="", text="这不是我们的路")

    assert page.html.select_one("#errors a[href='#f-reason']")
    assert page.html.select_one("#f-reason-error")
    assert page.html.select_one("details#act-return[open]")
    assert page.fields("/return")["text"] == "这不是我们的路"
    assert case_of(session, case.number).status is CaseStatus.ACCEPTED


@pytest.mark.parametrize("typed", ["", *HOSTILE])
def test_whatever_is_typed_into_a_reply_is_kept_or_refused_in_words(
    li: Browser, session: Session, town: Town, clock: Clock, typed: str
) -> None:
    case = signed(session, town, clock)
    is_good = 0 < len(typed) <= 10_000

    page = li.post(li.get(path(case)), "/reply", 303 if is_good else 422, text=typed)

    assert is_good or page.fields("/reply")["text"] == typed
    assert not li.get(path(case)).html.select("main script")


@pytest.mark.parametrize("typed", [*HOSTILE, "0", "-1", "9" * 400, "٣"])
@pytest.mark.parametrize(
    ("action", "name"), [("reassign", "person_id"), ("transfer", "unit_id"), ("duplicate", "number")]
)
def test_choices_that_were_not_offered_are_refused(
    browse: Browser, session: Session, town: Town, clock: Clock, action: str, name: str, typed: str
) -> None:
    case = signed(session, town, clock)
    he = browse.sign_in(town.he_jun)

    page = he.post(he.get(path(case)), f"/{action}", 422, **{name: typed, "text": "请接手"})

    assert page.html.select_one(f"#f-{name}-error")
    assert page.fields(f"/{action}")["text"] == "请接手"


def test_a_case_that_changed_meanwhile_shows_both_and_keeps_what_was_typed(
    li: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case = signed(session, town, clock)
    page = li.get(path(case))
    resident_does(session, case, Action.ANSWER, clock.now + timedelta(minutes=1), text="二楼的灯也坏了")

    told = li.post(page, "/reply", 409, text="只修一楼的灯")

    notice = told.html.select_one(".notice.bad")
    assert notice is not None
    assert "二楼的灯也坏了" in notice.get_text()
    assert told.fields("/reply")["text"] == "只修一楼的灯"
    li.post(told, "/reply")
    assert "只修一楼的灯" in li.get(path(case)).text


def test_a_note_is_welcome_whatever_changed_meanwhile(li: Browser, session: Session, town: Town, clock: Clock) -> None:
    case = signed(session, town, clock)
    page = li.get(path(case))
    resident_does(session, case, Action.URGE, clock.now)

    assert li.post(page, "/note", text="已约电工").to.endswith("done=note")


def test_what_the_lifecycle_forbids_by_now_is_said_with_the_status_in_words(
    li: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case = signed(session, town, clock)
    page = li.get(path(case))
    resident_does(session, case, Action.WITHDRAW, clock.now)

    told = li.post(page, "/reply", 409, text="马上来修", version="")

    assert "已撤回" in told.html.select_one(".notice.bad").get_text()  # type: ignore[union-attr]
    assert "马上来修" in told.html.select_one(".notice.note").get_text()  # type: ignore[union-attr]


@pytest.mark.parametrize("number", ["20261123-00001-1", "nonsense", "a%00b", "%F0%9F%98%80"])
def test_a_number_that_is_none_leads_nowhere(li: Browser, number: str) -> None:
    li.get(f"/cases/{number}", status=404)


def test_other_peoples_cases_are_unknown(browse: Browser, session: Session, town: Town, clock: Clock) -> None:
    case = signed(session, town, clock)
    stranger = browse.sign_in(town.zhao_min)
    session.commit()

    stranger.get(path(case), status=404)
    token = stranger.get("/queue").html.select_one("input[name=csrf]")
    assert token is not None
    for action in ("reply", "reveal", "accept", "nonsense"):
        answer = stranger.client.post(f"{path(case)}/{action}", data={"csrf": token["value"], "text": "x"})
        assert answer.status_code == 404, action


def test_a_resident_has_no_case_page(browse: Browser, session: Session, town: Town, clock: Clock) -> None:
    case = signed(session, town, clock)

    assert browse.get(path(case), status=303).to.startswith("/sign-in")


def test_handing_a_case_out_of_sight_leads_back_to_the_queue(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case, _ = received(session, clock.now, area="磨坊村")
    does(session, case, town.qian_bo, Action.REASSIGN, clock.now, person_id=town.he_jun.id)
    he = browse.sign_in(town.he_jun)
    act_page = he.get(path(case))

    answer = he.post(act_page, "/return", reason="wrong_area", text="在柳溪镇")

    assert answer.to == "/queue?done=return"
    he.get(answer.to)


# Contact


def test_the_contact_is_shown_once_with_a_reason_on_record(
    li: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case = signed(session, town, clock, contact=CONTACT)

    shown = li.post(li.get(path(case)), "/reveal", 200, reason="约上门时间")

    assert shown.html.select_one("a[href='tel:13812345678']")
    assert "王芳" in shown.text
    assert "13812345678" not in li.get(path(case)).text
    last = history(session, "case", case.id or 0)[-1]
    assert (last["action"], last["data"]) == ("revealed", {"reason": "约上门时间"})
    assert "约上门时间" in li.get(path(case)).text


def test_without_a_reason_nothing_is_shown(li: Browser, session: Session, town: Town, clock: Clock) -> None:
    case = signed(session, town, clock, contact=CONTACT)

    refused = li.post(li.get(path(case)), "/reveal", 422, reason=" \x00 ")

    assert refused.html.select_one("#f-reason-error")
    assert "13812345678" not in refused.text


# Taking down


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_call_is_taken_down_with_a_number_and_a_code_to_read_out(
    li: Browser, session: Session, town: Town, language: str
) -> None:
    page = li.speak(language).get("/take-down")
    assert page.fields("/take-down")["area"] == "990101001001"

    done = li.post(page, "/take-down", 201, text="三楼水管漏水", phone="138 1234 5678", name="王芳", channel="phone")

    number, code = (dd.get_text() for dd in done.html.select(".read-out dd"))
    case = case_of(session, number)
    assert case.taken_by_id == town.li_qiang.id
    assert case.channel == "phone"
    assert len(code.replace(" ", "")) == 10
    assert "13812345678" not in done.text
    li.get(f"/cases/{number}")


def test_sending_the_form_twice_opens_one_case_and_shows_the_same_code(li: Browser, session: Session) -> None:
    page = li.get("/take-down")

    first = li.post(page, "/take-down", 201, text="三楼水管漏水")
    second = li.post(page, "/take-down", 201, text="三楼水管漏水")

    assert [d.get_text() for d in first.html.select("dd.code")] == [d.get_text() for d in second.html.select("dd.code")]
    changed = li.post(page, "/take-down", 422, text="四楼也漏水")
    assert changed.fields("/take-down")["text"] == "四楼也漏水"
    assert li.post(changed, "/take-down", 201).html.select_one("dd.code") is not None


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        ({"text": ""}, "text"),
        ({"text": "字" * 20_000}, "text"),
        ({"phone": "123"}, "phone"),
        ({"email": "nobody"}, "email"),
        ({"name": "字" * 61}, "name"),
        ({"area": "no such place"}, "area"),
        ({"category": "<b>"}, "category"),
        ({"channel": "web"}, "channel"),
        ({"channel": "'; DROP TABLE cases; --"}, "channel"),
        ({"for_whom": "nobody"}, "for_whom"),
        ({"focus_groups": "nobody"}, "focus_groups"),
        ({"language": "fr"}, "language"),
        ({"address": "字" * 20_000}, "address"),
    ],
)
def test_what_is_wrong_in_a_call_is_said_beside_its_field(li: Browser, answers: dict[str, str], wrong: str) -> None:
    page: Page = li.post(li.get("/take-down"), "/take-down", 422, **({"text": "三楼水管漏水"} | answers))

    assert page.html.select_one(f"#errors a[href='#f-{wrong}']"), page.text
    assert page.html.select_one(f"#f-{wrong}-error")
    if wrong != "text":
        assert page.fields("/take-down")["text"] == "三楼水管漏水"


@pytest.mark.parametrize("typed", HOSTILE[:3])
def test_hostile_words_in_a_call_are_only_words(li: Browser, session: Session, typed: str) -> None:
    done = li.post(li.get("/take-down"), "/take-down", 201, text=typed, name=typed[:60], address=typed)

    number = done.html.select(".read-out dd")[0].get_text()
    page = li.get(f"/cases/{number}")
    assert not page.html.select("main script")
    assert case_of(session, number).text


def test_words_of_danger_name_the_emergency_numbers_first(li: Browser) -> None:
    done = li.post(li.get("/take-down"), "/take-down", 201, text="电梯困人了", category="A03")

    assert done.html.select_one("main a[href='tel:119']")


def test_the_navigation_leads_to_the_queue_and_to_taking_down(li: Browser) -> None:
    links = [a["href"] for a in li.get("/queue").html.select(".nav a")]

    assert "/queue" in links
    assert "/take-down" in links


# Escalations


def test_a_missed_promise_shows_who_heard_and_that_nobody_has_answered(
    li: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case = signed(session, town, clock)
    clock.turn(hours=26)
    while sweep(session, clock.now):
        pass

    page = li.get(path(case))

    reported = page.html.select_one("section[aria-labelledby=escalations]")
    assert reported is not None
    assert "陈静" in reported.get_text()
    assert "还没有确认" in reported.get_text()
    assert "已超时" in page.html.select_one(".case-due").get_text()  # type: ignore[union-attr]
