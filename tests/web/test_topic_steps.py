"""Between form and receipt: topics to choose from, where else to go, and what a topic asks; all without JavaScript."""

from datetime import datetime

import pytest
from sqlmodel import Session

from service.categories.loading import load_catalogue
from tests.builders import case_of
from tests.people import Town
from tests.web.conftest import Browser
from tests.web.residents import ANSWERS, how_many, number_and_code

OPEN = {name: value for name, value in ANSWERS.items() if name != "category"}


@pytest.fixture
def catalogue(session: Session, town: Town, now: datetime) -> None:
    load_catalogue(session, now)
    session.commit()


def test_who_chose_no_topic_is_shown_those_that_fit_and_chooses_with_one_press(
    browse: Browser, session: Session, catalogue: None
) -> None:
    look = browse.post(browse.get("/submit"), "/submit", status=200, **OPEN, focus_groups=["elderly", "disabled"])
    offered = [str(box["value"]) for box in look.html.select("input[name=category]")]
    assert offered[0] == "C05"
    assert offered[-1] == "Z99"
    assert "还没有提交" in look.text
    assert how_many(session) == 0

    step = browse.post(look, "/submit", status=200, category="C05")
    assert "灯杆或设施编号" in step.text
    browse.post(step, "/submit", **{"answers.pole": "L-17", "focus_groups": ["elderly", "disabled"]})
    number, _ = number_and_code(browse.get("/receipt"))
    case = case_of(session, number)
    assert case.answers[0]["said"] == "L-17"
    assert sorted(case.focus_groups) == ["disabled", "elderly"]


def test_a_topic_must_be_chosen_of_those_shown(browse: Browser, session: Session, catalogue: None) -> None:
    look = browse.post(browse.get("/submit"), "/submit", status=200, **OPEN)
    again = browse.post(look, "/submit", status=422)
    assert "请选择其中一项" in again.text
    assert how_many(session) == 0


def test_nothing_is_lost_on_the_way_back(browse: Browser, catalogue: None) -> None:
    look = browse.post(browse.get("/submit"), "/submit", status=200, **OPEN)
    form = browse.post(look, "/submit", status=200, back="yes", category="C05")
    typed = form.fields("/submit")
    assert (typed["text"], typed["name"], typed["category"]) == (OPEN["text"], OPEN["name"], "C05")


def test_a_wrong_answer_is_told_beside_its_question(browse: Browser, session: Session, catalogue: None) -> None:
    step = browse.post(browse.get("/submit"), "/submit", status=200, **(ANSWERS | {"category": "B04"}))
    wrong = browse.post(step, "/submit", status=422, **{"answers.degrees": "很冷"})
    assert "请填写数字" in wrong.text
    assert wrong.fields("/submit")["answers.degrees"] == "很冷"
    browse.post(wrong, "/submit", **{"answers.degrees": "14.5"})
    assert how_many(session) == 1


def test_what_is_not_ours_says_where_to_go_and_cannot_be_sent(
    browse: Browser, session: Session, catalogue: None
) -> None:
    told = browse.post(browse.get("/submit"), "/submit", status=200, **(ANSWERS | {"category": "M0303"}))
    assert told.html.select_one('a[href="tel:12388"]')
    assert "提交" not in [button.get_text(strip=True) for button in told.html.select("form#tell button")]
    browse.post(told, "/submit", status=422)
    assert how_many(session) == 0


def test_danger_names_the_number_to_call_before_sending_and_still_sends(
    browse: Browser, session: Session, catalogue: None
) -> None:
    look = browse.post(browse.get("/submit"), "/submit", status=200, **(OPEN | {"text": "隔壁着火了，楼道有烟"}))
    assert look.html.select_one('main a[href="tel:119"]')
    step = browse.post(look, "/submit", status=200, category="F0101")
    browse.post(step, "/submit")
    assert how_many(session) == 1


def test_the_step_can_be_read_in_english(browse: Browser, session: Session, catalogue: None) -> None:
    look = browse.post(browse.get("/submit"), "/submit", status=200, **OPEN)
    english = browse.post(look, "/submit", status=200, lang="en")
    assert "One more look" in english.text
    assert how_many(session) == 0


def test_staff_ask_the_questions_of_a_topic_once(
    browse: Browser, session: Session, town: Town, catalogue: None
) -> None:
    browse.sign_in(town.li_qiang)
    form = browse.get("/take-down")
    answers = {"text": "电梯停了", "category": "A03", "area": "990101001001"}
    asked = browse.post(form, "/take-down", status=200, **answers)
    assert "有人被困在电梯里吗" in asked.text
    done = browse.post(asked, "/take-down", status=201, **{"answers.trapped": "yes", "answers.lift_no": "7"})
    assert how_many(session) == 1
    number = str(done.html.select_one(".receipt-number, .code").get_text(strip=True))  # type: ignore[union-attr]
    page = browse.get(f"/cases/{number}")
    assert "有人被困在电梯里吗？" in page.text
    assert "7" in page.text


def test_an_administrator_writes_questions_and_other_places(
    browse: Browser, session: Session, town: Town, catalogue: None
) -> None:
    browse.sign_in(town.admin)
    listed = browse.get("/admin/categories")
    link = next(str(a["href"]) for a in listed.html.select("a.row-link") if "C05" in a.get_text())
    form = browse.get(link)
    browse.post(
        form,
        link,
        question_key=["pole", "", ""],
        question_zh=["灯杆编号", "什么时候", ""],
        question_en=["Pole", "When", ""],
        question_kind=["text", "choice", "text"],
        question_options=["", "白天 / By day；夜里 / At night", ""],
        question_must=["", "required", ""],
        elsewhere="先打12319",
        elsewhere_en="Call 12319 first",
        elsewhere_phone="12319",
        care_groups=["disabled"],
    )
    form = browse.get(link)
    assert "先打12319" in form.text
    step = browse.post(browse.get("/submit"), "/submit", status=200, **ANSWERS)
    assert {"answers.pole", "answers.q1"} <= set(step.fields("/submit"))
    refused = browse.post(step, "/submit", status=422)
    assert "请回答这个问题" in refused.text


def test_bad_questions_are_refused_with_everything_kept(
    browse: Browser, session: Session, town: Town, catalogue: None
) -> None:
    browse.sign_in(town.admin)
    link = next(
        str(a["href"]) for a in browse.get("/admin/categories").html.select("a.row-link") if "C05" in a.get_text()
    )
    bad = {
        "question_key": ["", ""],
        "question_zh": ["只有中文", ""],
        "question_en": ["", ""],
        "question_kind": ["choice", "text"],
        "question_options": ["一个", ""],
        "question_must": ["", ""],
        "elsewhere_phone": "call me",
    }
    page = browse.post(browse.get(link), link, status=422, **bad)
    assert "每个问题都要写中文和英文" in page.text
    assert "只有中文" in str(page.html)


def test_the_api_tells_what_is_asked_and_takes_the_answers(browse: Browser, session: Session, catalogue: None) -> None:
    items = {item["code"]: item for item in browse.client.get("/api/v1/categories").json()["items"]}
    assert items["A03"]["questions"][0]["key"] == "trapped"
    assert items["M0301"]["elsewhere"]["taken"] is False
    body = {"text": "电梯停了", "category": "A03", "area": "湖滨社区", "answers": {"trapped": "yes"}}
    assert browse.client.post("/api/v1/cases", json=body).json()["danger"] is True
    session.commit()
    wrong = browse.client.post("/api/v1/cases", json=body | {"answers": {"trapped": "?"}})
    assert (wrong.status_code, list(wrong.json()["errors"])) == (422, ["answers.trapped"])
    refused = browse.client.post("/api/v1/cases", json=body | {"category": "M0301", "answers": {}})
    assert (refused.status_code, refused.json()["code"]) == (422, "not-taken-here")
    assert "12348" in refused.json()["detail"]


SUGGEST = "/api/v1/categories/suggest"


def test_a_program_gets_three_topics_with_their_confidence(browse: Browser, catalogue: None) -> None:
    answer = browse.client.post(SUGGEST, json={"text": "路灯坏了，垃圾也没人收，电梯停了，停车乱", "title": ""}).json()
    assert len(answer["suggestions"]) == 3
    assert {"code", "name", "name_en"} <= set(answer["suggestions"][0]["category"])
    confidences = [one["confidence"] for one in answer["suggestions"]]
    assert confidences == sorted(confidences, reverse=True)
    assert answer["ask"] is True


@pytest.mark.parametrize("text", ["", " ", "😀", "\x00\x07", "甲" * 10_000])
def test_any_text_gets_an_answer(browse: Browser, catalogue: None, text: str) -> None:
    answer = browse.client.post(SUGGEST, json={"text": text})
    assert (answer.status_code, answer.json()["ask"]) == (200, True)


@pytest.mark.parametrize("body", [{}, {"text": "甲" * 10_001}, {"text": 7}, {"text": "甲", "colour": "red"}])
def test_what_is_no_text_is_refused(browse: Browser, catalogue: None, body: dict[str, object]) -> None:
    assert browse.client.post(SUGGEST, json=body).status_code == 422


def test_staff_see_what_was_suggested(browse: Browser, session: Session, town: Town, catalogue: None) -> None:
    body = {"text": "楼道的路灯坏了三天", "category": "C03", "area": "湖滨社区"}
    number = browse.client.post("/api/v1/cases", json=body).json()["number"]
    page = browse.sign_in(town.li_qiang).get(f"/cases/{number}")
    assert "按文字建议：道路与市政设施 65%" in page.text
