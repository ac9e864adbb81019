"""Does a resident get through: the start page, the form, and the receipt?"""

import re

import pytest
from sqlmodel import Session

from service.cases.queries import contact_of
from service.web import sealed
from tests.builders import case_of
from tests.people import Town
from tests.web.conftest import Browser
from tests.web.residents import ANSWERS, LIGHT, NASTY, how_many, number_and_code, tell, told

# The start page


def test_the_start_page_offers_two_doors_a_telephone_and_help_in_danger(browse: Browser, town: Town) -> None:
    page = browse.get("/")

    links = [str(a["href"]) for a in page.html.select("main a")]
    assert links[:2] == ["/submit", "/track"]
    assert {"tel:12345", "tel:110", "tel:119", "tel:120"} <= set(links)


@pytest.mark.parametrize("path", ["/", "/submit", "/track"])
def test_the_english_pages_have_no_chinese_sentence_but_names(browse: Browser, town: Town, path: str) -> None:
    page = browse.speak("en").get(path)

    assert page.html.html is not None
    assert page.html.html["lang"] == "en"
    assert set(re.findall(r"[\u4e00-\u9fff]+", page.text)) <= {"中文"}


# Telling us


def test_a_request_leads_to_a_receipt_with_number_code_desk_and_promises(
    browse: Browser, session: Session, town: Town
) -> None:
    receipt = tell(browse)
    number, code = number_and_code(receipt)

    assert re.fullmatch(r"20261123-\d{5}-\d", number)
    assert re.fullmatch(r"[2-9A-Z]{5} [2-9A-Z]{5}", code)
    assert "湖滨社区服务站" in receipt.text
    assert receipt.html.select_one('a[href="tel:09905550101"]')
    assert "湖滨社区服务站会在 明天 周二 10:00 前联系您" in receipt.text
    assert "还剩" in receipt.text
    case = case_of(session, number)
    assert (case.channel, case.language, contact_of(case)["phone"]) == ("web", "zh", "13812345678")


def test_the_code_stands_in_no_address_and_the_receipt_can_be_opened_again(browse: Browser, town: Town) -> None:
    form = browse.get("/submit")
    sent = browse.client.post("/submit", data=form.fields("/submit") | ANSWERS)

    kept = next(c for c in sent.headers.get_list("set-cookie") if c.startswith("jiban_receipt="))
    assert sent.headers["location"] == "/receipt"
    assert "HttpOnly" in kept
    assert "Path=/receipt" in kept
    _, code = number_and_code(browse.get("/receipt"))
    assert code.replace(" ", "") not in kept
    assert number_and_code(browse.get("/receipt"))[1] == code


def test_the_receipt_speaks_the_language_of_the_page(browse: Browser, session: Session, town: Town) -> None:
    receipt = tell(browse.speak("en"))

    assert "Hubin Service Desk will contact you by tomorrow, Tue 10:00" in receipt.text
    assert case_of(session, number_and_code(receipt)[0]).language == "en"


def test_a_form_sent_twice_makes_one_case(browse: Browser, session: Session, town: Town) -> None:
    form = browse.get("/submit")
    browse.post(form, "/submit", **ANSWERS)
    first = number_and_code(browse.get("/receipt"))
    browse.post(form, "/submit", **ANSWERS)

    assert number_and_code(browse.get("/receipt")) == first
    assert how_many(session) == 1


def test_who_goes_back_and_changes_the_words_is_asked_before_a_second_case(
    browse: Browser, session: Session, town: Town
) -> None:
    form = browse.get("/submit")
    browse.post(form, "/submit", **ANSWERS)
    again = browse.post(form, "/submit", status=422, **(ANSWERS | {"text": "电梯也坏了"}))

    assert "已经提交过一次" in again.text
    assert again.fields("/submit")["text"] == "电梯也坏了"
    browse.post(again, "/submit")
    assert how_many(session) == 2


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("text", "", "请填写这一项。"),
        ("text", " \x00\x07\n ", "请填写这一项。"),
        ("text", "路" * 20_000, "太长了，请控制在 10000 个字以内。"),
        ("address", "路" * 301, "太长了，请控制在 300 个字以内。"),
        ("name", "王" * 61, "太长了，请控制在 60 个字以内。"),
        ("phone", "12", "这不是电话号码。"),
        ("email", "wang at home", "邮箱地址"),
        ("category", "X'; DROP TABLE cases; --", "没有这个类别"),
        ("area", NASTY, "没有这个地区"),
        ("for_whom", "the queen", "请从给出的选项中选择。"),
        ("focus_groups", "<b>", "请从给出的选项中选择。"),
    ],
)
def test_a_wrong_answer_is_named_on_top_and_beside_its_field_and_everything_is_kept(
    browse: Browser, session: Session, town: Town, field: str, value: str, sentence: str
) -> None:
    page = browse.post(browse.get("/submit"), "/submit", status=422, **(ANSWERS | {"address": "三单元", field: value}))

    link = page.html.select_one(".notice.bad a")
    assert link is not None
    assert link["href"] == f"#f-{field}"
    beside = page.html.select_one(f"#f-{field}-error")
    assert beside is not None
    assert sentence in beside.get_text()
    typed = page.fields("/submit")
    expected = ANSWERS | {"address": "三单元"} | {field: value}
    for name in ("text", "address", "name", "phone", "email"):
        assert typed[name].replace("\r\n", "\n") == expected.get(name, ""), name
    assert how_many(session) == 0


def test_html_and_sql_are_words_like_any_other(browse: Browser, session: Session, town: Town) -> None:
    case, page = told(browse, session, text=NASTY, address=NASTY, name=NASTY)

    assert case.text == "<script>alert(1)</script>'; DROP TABLE cases; --"
    assert not page.html.select("main script")
    assert "<script>alert(1)</script>" in page.text


def test_a_program_that_fills_in_the_hidden_field_must_press_once_more_and_people_lose_nothing(
    browse: Browser, session: Session, town: Town
) -> None:
    page = browse.post(browse.get("/submit"), "/submit", status=422, homepage="http://spam", **ANSWERS)

    assert "请再按一次提交" in page.text
    assert how_many(session) == 0
    browse.post(page, "/submit")
    assert how_many(session) == 1


def test_a_flood_from_one_address_has_to_wait_and_keeps_its_words(
    browse: Browser, session: Session, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.web.letting_in.MOST_REQUESTS", 2)
    tell(browse)
    tell(browse)
    page = browse.post(browse.get("/submit"), "/submit", status=429, **(ANSWERS | {"text": "第三件"}))

    assert re.search(r"请.*(分|小时).*再试", page.text)
    assert "12345" in page.text
    assert page.fields("/submit")["text"] == "第三件"
    assert how_many(session) == 2


def test_what_one_does_not_know_can_be_left_out(browse: Browser, session: Session, town: Town) -> None:
    case, page = told(browse, session, text="路面塌了一块", area="", phone="", name="")

    assert case.contact is None
    assert "您没有留下联系方式" in page.text
    assert "查询页上答复您" in page.text


def test_who_stays_anonymous_leaves_no_name_or_number(browse: Browser, session: Session, town: Town) -> None:
    case, _ = told(browse, session, anonymous="yes", focus_groups=["elderly", "disabled"])

    assert case.is_anonymous
    assert case.contact is None
    assert case.focus_groups == ["disabled", "elderly"]


def test_somewhere_in_a_sub_district_can_be_chosen(browse: Browser, session: Session, town: Town) -> None:
    case, _ = told(browse, session, area="990101001")

    assert case.area_id == town.areas["lake"].id


def test_words_of_danger_put_the_emergency_numbers_first(browse: Browser, town: Town) -> None:
    page = tell(browse, text="楼道里有很浓的煤气味，要爆炸了")

    first = page.html.select_one("main > *")
    assert first is not None
    assert [a["href"] for a in first.select("a")] == ["tel:110", "tel:119", "tel:120"]


def test_an_ordinary_request_shows_no_alarm(browse: Browser, town: Town) -> None:
    assert "有危险" not in tell(browse).text


@pytest.mark.parametrize("forged", ["", "x", "AAAA", "我", "ZZZZ" * 50])
def test_nobody_sees_a_receipt_without_the_cookie(browse: Browser, town: Town, forged: str) -> None:
    headers = {"cookie": f"jiban_receipt={forged}".encode()}
    answer = browse.client.get("/receipt", headers=headers)

    assert (answer.status_code, answer.headers["location"]) == (303, "/track")


def test_a_receipt_can_be_hidden_on_a_shared_device(browse: Browser, town: Town) -> None:
    receipt = tell(browse)
    number, _ = number_and_code(receipt)

    assert browse.post(receipt, "/receipt").to == "/"
    assert browse.get("/receipt", status=303).to == "/track"
    assert browse.get(f"/track/{number}", status=303).to == f"/track?number={number}"


def test_a_receipt_is_over_after_two_hours(browse: Browser, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(browse)
    later = sealed.real_now() + sealed.timedelta(hours=2)
    monkeypatch.setattr(sealed, "real_now", lambda: later)

    assert browse.get("/receipt", status=303).to == "/track"


def test_switching_the_language_keeps_every_word_and_sends_nothing(
    browse: Browser, session: Session, town: Town
) -> None:
    form = browse.get("/submit")
    switch = form.html.select_one("button[name=lang]")
    assert switch is not None
    assert form.html.select_one(f"form#{switch['form']}[action^='/submit']")
    english = browse.post(
        form, "/submit", status=200, lang="en", **(ANSWERS | {"phone": "12", "focus_groups": "elderly"})
    )

    assert english.html.html is not None
    assert english.html.html["lang"] == "en"
    assert not english.html.select(".error")
    typed = english.fields("/submit")
    assert (typed["text"], typed["phone"], typed["key"]) == (LIGHT, "12", form.fields("/submit")["key"])
    assert typed["focus_groups"] == "elderly"
    assert how_many(session) == 0


def test_what_is_wrong_is_told_again_in_the_other_language_and_the_other_size(
    browse: Browser, session: Session, town: Town
) -> None:
    refused = browse.post(browse.get("/submit"), "/submit", status=422, **(ANSWERS | {"phone": "12"}))
    english = browse.post(refused, "/submit", status=422, lang="en")
    assert "This is not a telephone number." in english.text
    large = browse.post(english, "/submit", status=422, size="large")

    assert large.html.html is not None
    assert large.html.html["class"] == ["large"]
    assert browse.client.cookies["text"] == "large"
    browse.post(large, "/submit", phone="13812345678")
    assert how_many(session) == 1


def test_the_enter_key_sends_the_form_and_does_not_switch_the_language(browse: Browser, town: Town) -> None:
    buttons = browse.get("/submit").html.select("button[form=tell], form#tell button")
    assert not buttons[0].has_attr("name")


def test_a_refused_form_takes_the_reader_to_what_is_wrong(browse: Browser, town: Town) -> None:
    refused = browse.post(browse.get("/submit"), "/submit", status=422, text="")
    assert [element.get("id") for element in refused.html.select("[autofocus]")] == ["errors"]
