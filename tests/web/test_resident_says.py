"""Does a resident get to add to a case, to urge, to withdraw, and to have the last word?"""

import re
from typing import Any

import pytest
from sqlmodel import Session, func, select

from service.cases.rules import Action
from service.cases.tables import Case, CaseMessage
from tests.builders import case_of, does
from tests.people import Town
from tests.web.conftest import Browser, Clock, Page
from tests.web.residents import NASTY, number_and_code, tell, told


def test_more_information_is_added_and_thanked_for(browse: Browser, session: Session, town: Town) -> None:
    case, page = told(browse, session)
    to = browse.post(page, "/answer", **{"answer-text": "三单元"}).to

    assert to == f"/track/{case.number}?done=answer"
    shown = browse.get(to)
    assert "已经补充进去" in shown.text
    assert "三单元" in shown.text


@pytest.mark.parametrize(
    ("typed", "sentence"), [("", "请填写这一项。"), ("\x00 ", "请填写这一项。"), ("长" * 20_000, "内容太长")]
)
def test_wrong_words_are_named_beside_their_own_form(
    browse: Browser, session: Session, town: Town, typed: str, sentence: str
) -> None:
    _, page = told(browse, session)
    refused = browse.post(page, "/answer", status=422, **{"answer-text": typed})

    beside = refused.html.select_one("#f-answer-text-error")
    assert beside is not None
    assert sentence in beside.get_text()
    assert refused.fields("/answer")["answer-text"] == typed
    assert refused.fields("/urge")["urge-text"] == ""


def test_a_question_is_shown_and_answering_it_goes_on(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case, _ = told(browse, session)
    does(session, case, town.li_qiang, Action.ACCEPT, clock.now)
    does(session, case, town.li_qiang, Action.ASK, clock.now, text="哪一层？")
    page = browse.get(f"/track/{case.number}")
    assert "需要向您了解一些情况" in page.text
    assert "哪一层？" in page.text
    browse.post(page, "/answer", **{"answer-text": "五层"})

    assert case_of(session, case.number).status == "in_progress"


def test_urging_counts_and_says_from_when_on_one_may_urge_again(browse: Browser, session: Session, town: Town) -> None:
    case, page = told(browse, session)
    shown = browse.get(browse.post(page, "/urge", **{"urge-text": "晚上看不见"}).to)
    assert "已催办 1 次" in shown.text
    assert "今天 14:00 以后可以再次催办" in shown.text
    again = browse.post(page, "/urge", status=429, **{"urge-text": "还是黑的"})

    assert "您刚刚催办过" in again.text
    assert again.fields("/urge")["urge-text"] == "还是黑的"
    assert case_of(session, case.number).urged == 1


def test_withdrawing_is_asked_once_more_and_ends_the_promises(browse: Browser, session: Session, town: Town) -> None:
    case, page = told(browse, session)
    link = page.html.select_one(f'a[href="/track/{case.number}/withdraw"]')
    assert link is not None
    step = browse.get(str(link["href"]))
    assert case_of(session, case.number).status == "assigned"
    shown = browse.get(browse.post(step, "/withdraw", **{"withdraw-text": "已经修好"}).to)

    assert "您已经撤回这件诉求" in shown.text
    assert not shown.html.select("form[action$=answer], form[action$=urge]")
    late = browse.post(step, "/withdraw", status=409, **{"withdraw-text": "还是撤回"})
    assert "工单状态为“已撤回”" in late.text
    assert "还是撤回" in late.text


def resolved(browse: Browser, session: Session, town: Town, clock: Clock) -> tuple[Case, Page]:
    case, _ = told(browse, session)
    does(session, case, town.li_qiang, Action.ACCEPT, clock.now)
    does(session, case, town.li_qiang, Action.RESOLVE, clock.now, text="灯换好了")
    return case, browse.get(f"/track/{case.number}")


def test_who_is_satisfied_closes_the_case(browse: Browser, session: Session, town: Town, clock: Clock) -> None:
    case, page = resolved(browse, session, town, clock)
    assert "请您告诉我们" in page.text
    assert "12月2日 周三 17:30 结案" in page.text
    shown = browse.get(browse.post(page, "/rate", **{"rate-solved": "yes", "rate-satisfaction": "satisfied"}).to)

    assert case_of(session, case.number).status == "closed"
    assert "已经解决 · 满意" in shown.text


def test_who_was_not_helped_gets_the_case_back_to_work(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case, page = resolved(browse, session, town, clock)
    answers = {"rate-solved": "no", "rate-satisfaction": "dissatisfied", "rate-text": "还是不亮"}
    shown = browse.get(browse.post(page, "/rate", **answers).to)

    assert case_of(session, case.number).status == "reopened"
    assert "还是不亮" in shown.text
    assert "重新办理" in shown.text


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        ({}, ["rate-solved", "rate-satisfaction"]),
        ({"rate-solved": "yes"}, ["rate-satisfaction"]),
        ({"rate-solved": "perhaps", "rate-satisfaction": "' OR 1=1"}, ["rate-solved", "rate-satisfaction"]),
    ],
)
def test_half_a_rating_is_asked_for_the_rest_and_keeps_its_comment(
    browse: Browser, session: Session, town: Town, clock: Clock, answers: dict[str, Any], wrong: list[str]
) -> None:
    case, page = resolved(browse, session, town, clock)
    refused = browse.post(page, "/rate", status=422, **answers, **{"rate-text": NASTY})

    assert [a["href"] for a in refused.html.select("#errors a")] == [f"#f-{name}" for name in wrong]
    assert "DROP TABLE" in refused.fields("/rate")["rate-text"]
    assert case_of(session, case.number).status == "resolved"


def test_a_closed_case_can_be_taken_up_again_with_a_reason(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case, page = resolved(browse, session, town, clock)
    browse.post(page, "/rate", **{"rate-solved": "yes", "rate-satisfaction": "fair"})
    closed = browse.get(f"/track/{case.number}")
    browse.post(closed, "/reopen", status=422)
    shown = browse.get(browse.post(closed, "/reopen", **{"reopen-reason": "又坏了"}).to)

    assert case_of(session, case.number).status == "reopened"
    assert "您要求重新办理" in shown.text


def test_what_came_too_late_is_told_and_the_words_are_kept(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case, page = told(browse, session)
    does(session, case, town.li_qiang, Action.ACCEPT, clock.now)
    does(session, case, town.li_qiang, Action.RESOLVE, clock.now, text="灯换好了")
    late = browse.post(page, "/answer", status=409, **{"answer-text": "我在家"})

    assert "工单状态为“已办结”" in late.text
    assert "我在家" in late.text


def test_who_was_away_too_long_enters_the_code_and_loses_no_word(browse: Browser, session: Session, town: Town) -> None:
    receipt = tell(browse)
    number, code = number_and_code(receipt)
    page = browse.get(f"/track/{number}")
    for cookie in [c for c in browse.client.cookies.jar if c.name == "jiban_case"]:
        browse.client.cookies.jar.clear(cookie.domain, cookie.path, cookie.name)
    asked = browse.post(page, "/answer", status=403, **{"answer-text": "我在家"})
    assert "请再输入一次查询码" in asked.text
    wrong = browse.post(asked, "/answer", status=404, code="WRONGCODE2")
    to = browse.post(wrong, "/answer", code=code).to

    assert "我在家" in browse.get(to).text
    assert session.exec(select(func.count()).where(CaseMessage.text == "我在家")).one() == 1


@pytest.mark.parametrize("action", ["resolve", "accept", "close", "note", "nonsense"])
def test_what_residents_may_not_do_does_not_exist_for_them(
    browse: Browser, session: Session, town: Town, action: str
) -> None:
    case, page = told(browse, session)
    path = f"/track/{case.number}/{action}"
    data = page.fields("/answer") | {f"{action}-text": "x"}

    assert browse.client.post(path, data=data, headers={"accept": "text/html"}).status_code == 404
    assert browse.get(path, status=404).status == 404
    assert case_of(session, case.number).status == "assigned"


def test_one_can_leave_a_case_on_a_shared_device(browse: Browser, session: Session, town: Town) -> None:
    case, page = told(browse, session)

    assert browse.post(page, "/leave").to == "/track"
    assert browse.get(f"/track/{case.number}", status=303).to == f"/track?number={case.number}"


def test_the_page_of_a_case_speaks_english_and_marks_words_in_another_language(
    browse: Browser, session: Session, town: Town
) -> None:
    case, _ = told(browse, session)
    page = browse.speak("en").get(f"/track/{case.number}")

    assert "Hubin Service Desk will take this on by today, Mon 14:00" in page.text
    assert page.html.select_one("h1[lang=zh-CN]")
    for foreign in page.html.select("main [lang=zh-CN]"):
        foreign.decompose()
    main = page.html.select_one("main")
    assert main is not None
    assert not re.search(r"[\u4e00-\u9fff]", main.get_text())


def closed(browse: Browser, session: Session, town: Town, clock: Clock) -> tuple[Case, Page]:
    case, page = resolved(browse, session, town, clock)
    browse.post(page, "/rate", **{"rate-solved": "yes", "rate-satisfaction": "fair"})
    session.commit()
    return case, browse.get(f"/track/{case.number}")


def test_after_thirty_days_a_closed_case_leads_to_a_new_request_that_names_it(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case, open_page = closed(browse, session, town, clock)
    clock.turn(days=30, minutes=1)
    page = browse.get(f"/track/{case.number}")

    assert "结案已超过 30 天" in page.text
    assert not page.html.select("form[action$=reopen]")
    assert page.html.select_one('a[href="tel:09905550101"]')
    link = page.html.select_one('a[href^="/submit?after="]')
    assert link is not None
    assert case.number in browse.get(str(link["href"])).fields("/submit")["text"]
    late = browse.post(open_page, "/reopen", status=409, **{"reopen-reason": "又坏了"})
    assert "结案已超过 30 天" in late.text
    assert "又坏了" in late.text
    assert case_of(session, case.number).status == "closed"


def test_on_the_thirtieth_day_a_closed_case_is_still_taken_up_again(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case, page = closed(browse, session, town, clock)
    clock.turn(days=30)
    browse.post(page, "/reopen", **{"reopen-reason": "又坏了"})

    assert case_of(session, case.number).status == "reopened"


def test_a_case_is_taken_up_again_twice_and_then_asks_for_somebody_new(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case, page = closed(browse, session, town, clock)
    for _ in range(2):
        browse.post(page, "/reopen", **{"reopen-reason": "又坏了"})
        does(session, case, town.li_qiang, Action.ACCEPT, clock.now)
        does(session, case, town.li_qiang, Action.RESOLVE, clock.now, text="又修好了")
        session.commit()
        page = browse.get(f"/track/{case.number}")

    assert "已经重新办理过 2 次" in page.text
    assert not page.html.select("form[action$=reopen]")
    assert page.html.select("form[action$=rate]")
    data = page.fields("/rate") | {"reopen-reason": "第三次"}
    refused = browse.client.post(f"/track/{case.number}/reopen", data=data)
    assert refused.status_code == 409
    does(session, case, town.chen_jing, Action.REOPEN, clock.now, reason="督办")
    assert case_of(session, case.number).reopened == 3


@pytest.mark.parametrize("after", ["", "20261123-00042-0", NASTY[:40], "20261123"])
def test_only_a_number_that_could_be_ours_is_named_in_a_new_request(browse: Browser, town: Town, after: str) -> None:
    assert browse.get("/submit", after=after).fields("/submit")["text"] == ""


def test_information_sent_twice_is_said_once(browse: Browser, session: Session, town: Town, clock: Clock) -> None:
    case, page = told(browse, session)
    browse.post(page, "/answer", **{"answer-text": "三单元"})
    version = case_of(session, case.number).version
    clock.turn(seconds=2)
    again = browse.post(page, "/answer", **{"answer-text": " 三单元\r\n"})

    assert "已经补充进去" in browse.get(again.to).text
    assert case_of(session, case.number).version == version
    browse.post(page, "/answer", **{"answer-text": "四单元"})
    clock.turn(minutes=10)
    browse.post(page, "/answer", **{"answer-text": "三单元"})
    said = session.exec(select(CaseMessage.text).where(CaseMessage.case_id == case.id)).all()
    assert sorted(said) == ["三单元", "三单元", "四单元"]


def test_the_same_answer_to_a_second_question_counts(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case, page = told(browse, session)
    does(session, case, town.li_qiang, Action.ACCEPT, clock.now)
    for question in ("今天在家吗？", "明天呢？"):
        clock.turn(minutes=1)
        does(session, case, town.li_qiang, Action.ASK, clock.now, text=question)
        browse.post(page, "/answer", **{"answer-text": "在"})
        assert case_of(session, case.number).status == "in_progress"


@pytest.mark.parametrize(
    ("result", "chinese", "other"),
    [
        ("not_reached", "没有联系上", "取得联系"),
        ("reached", "已与您取得联系", "没有联系上"),
        ("wrong_number", "登记的号码不对", "取得联系"),
    ],
)
def test_a_resident_reads_whether_a_contact_reached_them(
    browse: Browser, session: Session, town: Town, clock: Clock, result: str, chinese: str, other: str
) -> None:
    case, _ = told(browse, session)
    does(session, case, town.li_qiang, Action.ACCEPT, clock.now)
    does(session, case, town.li_qiang, Action.CONTACT, clock.now, kind="call", result=result, text="此人不耐烦")
    page = browse.get(f"/track/{case.number}")

    timeline = page.html.select_one(".timeline")
    assert timeline is not None
    assert chinese in timeline.get_text()
    assert other not in timeline.get_text()
    assert "此人不耐烦" not in page.text


def test_a_refused_form_is_read_in_another_language_and_loses_nothing(
    browse: Browser, session: Session, town: Town
) -> None:
    case, page = told(browse, session)
    long = "长" * 10_001
    refused = browse.post(page, "/answer", status=422, **{"answer-text": long})
    switch = refused.html.select_one("button[name=lang]")
    assert switch is not None
    assert refused.html.select_one(f"form#{switch['form']}[action$=answer]")
    assert switch.has_attr("formnovalidate")
    english = browse.post(refused, "/answer", status=422, lang="en")

    assert english.fields("/answer")["answer-text"] == long
    assert "This is too long." in english.text
    assert browse.client.cookies["lang"] == "en"
    back = browse.post(english, "/answer", status=200, lang="zh", **{"answer-text": "三单元"})
    assert back.fields("/answer")["answer-text"] == "三单元"
    assert session.exec(select(func.count()).where(CaseMessage.case_id == case.id)).one() == 0


def test_withdrawing_is_read_in_another_language_without_being_done(
    browse: Browser, session: Session, town: Town
) -> None:
    case, _ = told(browse, session)
    step = browse.get(f"/track/{case.number}/withdraw")
    english = browse.post(step, "/withdraw", status=200, lang="en", **{"withdraw-text": "修好了"})

    assert english.fields("/withdraw")["withdraw-text"] == "修好了"
    assert case_of(session, case.number).status == "assigned"


def test_words_that_wait_for_the_code_are_kept_in_another_language(
    browse: Browser, session: Session, town: Town
) -> None:
    number, code = number_and_code(tell(browse))
    page = browse.get(f"/track/{number}")
    for cookie in [c for c in browse.client.cookies.jar if c.name == "jiban_case"]:
        browse.client.cookies.jar.clear(cookie.domain, cookie.path, cookie.name)
    asked = browse.post(page, "/answer", status=403, **{"answer-text": "我在家"})
    english = browse.post(asked, "/answer", status=403, lang="en")
    assert "Please enter your code once more" in english.text

    browse.post(english, "/answer", code=code)
    assert session.exec(select(func.count()).where(CaseMessage.text == "我在家")).one() == 1
