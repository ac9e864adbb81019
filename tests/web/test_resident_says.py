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
    assert "11月30日 周一 10:00 结案" in page.text
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
