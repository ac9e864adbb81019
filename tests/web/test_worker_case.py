"""The page of a case: what, where, who and why, and everything that the lifecycle lets a worker do."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from service.areas.rules import AreaLevel
from service.cases.rules import MOVES, Action, CaseStatus, Field, moves_from
from service.escalations.actions import sweep
from service.routing.tables import RoutingRule
from service.web.worker_forms import forms_of
from tests.builders import case_of, does, received, resident_does
from tests.people import Town
from tests.web.conftest import Browser, Clock
from tests.web.workers import CONTACT, HOSTILE, path, signed


@pytest.fixture
def li(browse: Browser, town: Town) -> Browser:
    """李强 at his browser."""
    return browse.sign_in(town.li_qiang)


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
    # What waits in a template is not offered; soupsieve of Pythons before 3.11.5 looks into it all the same.
    forms = [f for f in page.html.select(f"form[action^='{path(case)}/']") if f.find_parent("template") is None]
    actions = {str(f["action"]).rpartition("/")[2] for f in forms}
    assert offered - {"request_parking"} == actions - {"photos"}, "the policy of this case knows no parking"
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


def test_what_is_wrong_is_named_with_its_question(li: Browser, session: Session, town: Town, clock: Clock) -> None:
    case = signed(session, town, clock)

    refused = li.post(li.get(path(case)), "/return", 422)
    named = [link.get_text() for link in refused.html.select("#errors a")]
    assert named == [
        "原因：请填写这一项。",
        "退单说明：请填写这一项。",
    ]

    asked = li.speak("en").post(li.get(path(case)), "/request_extension", 422, days="99", reason="x")
    assert "How many days more: Please give a whole number of days, from 1 to 15." in asked.text


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


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_desk_gives_a_case_another_topic_on_its_page(
    browse: Browser, session: Session, town: Town, clock: Clock, language: str
) -> None:
    case = signed(session, town, clock)
    chen = browse.sign_in(town.chen_jing).speak(language)
    page = chen.get(path(case))
    offered = [option["value"] for option in page.form("/recategorise").select("select[name=category] option")]
    assert "A03" in offered
    assert "C05" not in offered, "it has this topic already"

    look = chen.post(page, "/recategorise", status=200, category="A03", reason="是电梯问题")
    assert case_of(session, case.number).policy == "national-G3", "nothing is done yet"
    assert ("将有哪些变化" if language == "zh" else "What would change") in look.text
    assert ("及时" if language == "zh" else "Urgent") in look.html.select_one("table").get_text()  # type: ignore[union-attr]
    chen.post(look, "/recategorise")

    text = chen.get(path(case)).text
    assert ("事项已调整" if language == "zh" else "Topic changed") in text
    assert ("道路与市政设施 → 电梯" if language == "zh" else "Roads & street furniture → Lifts") in text
    assert case_of(session, case.number).policy == "national-G2"


def test_another_topic_may_take_the_case_to_whom_the_rules_find(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case = signed(session, town, clock)
    chen = browse.sign_in(town.chen_jing)
    typed = {"category": "A03", "reason": "是电梯问题", "reroute": "yes"}
    chen.post(chen.post(chen.get(path(case)), "/recategorise", status=200, **typed), "/recategorise")
    assert case_of(session, case.number).status is CaseStatus.TRANSFERRED


def test_a_desk_corrects_the_place_and_sees_first_who_would_get_it(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case, hill = signed(session, town, clock), town.areas["hill"].id
    chen = browse.sign_in(town.chen_jing).speak("en")
    typed = {"area_id": str(hill), "address": "<script>alert(1)</script>", "reason": "在东山", "reroute": "yes"}
    look = chen.post(chen.get(path(case)), "/relocate", status=200, **typed)
    assert "Dongshan" in look.html.select_one("table").get_text()  # type: ignore[union-attr]
    assert "Zhao Min" in look.html.select_one("table").get_text()  # type: ignore[union-attr]
    assert "<script>alert(1)" not in str(look.html)
    assert case_of(session, case.number).area_id == town.areas["shore"].id
    chen.post(look, "/relocate")
    assert case_of(session, case.number).area_id == hill
    assert "Hubin → Dongshan" in chen.get(path(case)).html.get_text()


def test_what_cannot_be_foreseen_is_told_beside_its_field(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case = signed(session, town, clock)
    chen = browse.sign_in(town.chen_jing)
    page = chen.post(chen.get(path(case)), "/relocate", status=422, area_id="", reason="在东山")
    assert page.html.select_one("#f-area_id-error")
    assert page.fields("/relocate")["reason"] == "在东山"


def test_a_look_that_is_older_than_the_case_is_not_done(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case = signed(session, town, clock)
    chen = browse.sign_in(town.chen_jing)
    look = chen.post(chen.get(path(case)), "/recategorise", status=200, category="A03", reason="是电梯问题")
    does(session, case, town.li_qiang, Action.REPLY, clock.now, text="在办")
    chen.post(look, "/recategorise", status=409)
    assert case_of(session, case.number).policy == "national-G3"


def test_a_member_takes_a_case_of_the_pool_from_the_queue(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    session.add(RoutingRule(position=1, category_code="C", target_level=AreaLevel.COMMUNITY, is_pool=True))
    session.flush()
    case, _ = received(session, clock.now)
    assert case.assignee_id is None
    for person, sees in ((town.zhao_min, False), (town.sun_li, True)):
        page = browse.sign_in(person).speak("en").get("/queue")
        assert bool(page.html.select(f"#take-{case.number}")) is sees
    browse.post(page, f"/cases/{case.number}/accept")
    assert case_of(session, case.number).assignee_id == town.sun_li.id
    page = browse.sign_in(town.li_qiang).get("/queue")
    assert not page.html.select(f"#take-{case.number}")
