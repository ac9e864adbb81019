"""Supervise orders on pages and in the interface: issued, answered, judged, in both languages, and bad input."""

from typing import Any

import pytest
from sqlmodel import Session, select
from starlette.testclient import TestClient

from service.cases.tables import Case
from service.orders.actions import Given, issue
from service.orders.rules import OrderState
from service.orders.tables import Order
from tests.builders import received
from tests.people import Town
from tests.web.conftest import Browser, Clock
from tests.web.test_api import key_of
from tests.web.workers import HOSTILE, signed


@pytest.fixture
def case(session: Session, town: Town, clock: Clock) -> Case:
    return signed(session, town, clock)


def an_order(session: Session, case: Case, town: Town, clock: Clock, **given: Any) -> Order:
    asked = {"text": "今天到现场看看", "to": f"person:{town.li_qiang.id}", "hours": 8} | given
    return issue(session, case.id or 0, Given(**asked), by=town.chen_jing, now=clock.now)


def only(session: Session) -> Order:
    return session.exec(select(Order).execution_options(populate_existing=True)).one()


@pytest.mark.parametrize(("lang", "words"), [("zh", "督办单已下发"), ("en", "The order is issued")])
def test_a_supervisor_issues_an_order_from_the_case(
    browse: Browser, session: Session, town: Town, case: Case, lang: str, words: str
) -> None:
    browse.sign_in(town.chen_jing).speak(lang)
    page = browse.get(f"/cases/{case.number}")
    assert page.html.select(f'a[href="/orders/new/{case.number}"]')
    form = browse.get(f"/orders/new/{case.number}")
    fields = form.fields("/orders/new")
    assert (fields["to"], fields["hours"]) == (f"person:{town.li_qiang.id}", "24"), "the holder, and the usual term"
    done = browse.post(form, "/orders/new", text="今天到现场看看", to=f"unit:{town.areas['shore'].id}", hours="8")
    order = only(session)
    assert (order.unit_id, order.person_id, order.minutes) == (town.areas["shore"].id, None, 480)
    assert done.to == f"/cases/{case.number}?done=issue"
    page = browse.get(f"/cases/{case.number}", done="issue")
    assert "今天到现场看看" in page.text
    assert words in browse.get(f"/orders/{order.id}", done="issue").text


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_it_is_answered_from_the_queue_and_judged_from_the_board(
    browse: Browser, session: Session, town: Town, case: Case, clock: Clock, lang: str
) -> None:
    order = an_order(session, case, town, clock)
    browse.sign_in(town.li_qiang).speak(lang)
    queue = browse.get("/queue")
    assert queue.html.select(f'a[href="/orders/{order.id}"]')
    page = browse.get(f"/orders/{order.id}")
    browse.post(page, "/reply", text="去过了，明天完工")
    assert not browse.get("/queue").html.select(f'a[href="/orders/{order.id}"]'), "nothing waits for them any more"
    browse.sign_in(town.chen_jing)
    assert browse.get("/board").html.select(f'main a[href="/orders/{order.id}"]')
    page = browse.get(f"/orders/{order.id}")
    assert "去过了，明天完工" in page.text
    browse.post(page, "/send_back", text="要书面的", hours="4")
    browse.sign_in(town.li_qiang)
    page = browse.get(f"/orders/{order.id}")
    assert "要书面的" in page.text
    browse.post(page, "/reply", text="已拿到书面答复")
    browse.sign_in(town.chen_jing)
    browse.post(browse.get(f"/orders/{order.id}"), "/accept")
    assert only(session).state is OrderState.ACCEPTED
    assert browse.get("/orders", tab="ended").html.select(f'a[href="/orders/{order.id}"]')


REFUSED = [
    ({"text": ""}, "text"),
    ({"text": "字" * 2001}, "text"),
    ({"hours": "0"}, "hours"),
    ({"hours": "一天"}, "hours"),
    ({"hours": "9" * 400}, "hours"),
    ({"to": ""}, "to"),
    ({"to": "person:1 OR 1=1"}, "to"),
]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(("answers", "field"), REFUSED)
def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_is_kept(
    browse: Browser, session: Session, town: Town, case: Case, lang: str, answers: dict[str, str], field: str
) -> None:
    browse.sign_in(town.chen_jing).speak(lang)
    form = browse.get(f"/orders/new/{case.number}")
    typed = {"text": "今天到现场", "to": f"person:{town.li_qiang.id}", "hours": "8"} | answers
    again = browse.post(form, "/orders/new", status=422, **typed)
    assert again.html.select_one(f"#f-{field}-error")
    assert again.fields("/orders/new")["hours"] == (typed["hours"] or "24")
    assert again.fields("/orders/new")["text"] == typed["text"]
    assert session.exec(select(Order)).all() == []


@pytest.mark.parametrize("text", HOSTILE[:3])
def test_what_is_typed_is_only_text(
    browse: Browser, session: Session, town: Town, case: Case, clock: Clock, text: str
) -> None:
    order = an_order(session, case, town, clock, text=text)
    browse.sign_in(town.li_qiang)
    for path in (f"/orders/{order.id}", "/orders", "/queue", f"/cases/{case.number}"):
        page = browse.get(path)
        assert "<script>alert(1)" not in str(page.html)
    browse.post(browse.get(f"/orders/{order.id}"), "/reply", text=text)
    browse.sign_in(town.chen_jing)
    assert "<script>alert(1)" not in str(browse.get(f"/orders/{order.id}").html)


def test_an_answer_that_is_none_or_too_late_is_refused_and_kept(
    browse: Browser, session: Session, town: Town, case: Case, clock: Clock
) -> None:
    order = an_order(session, case, town, clock)
    browse.sign_in(town.li_qiang)
    page = browse.get(f"/orders/{order.id}")
    assert browse.post(page, "/reply", status=422, text=" ").html.select_one("#f-text-error")
    browse.post(page, "/reply", text="好")
    late = browse.post(page, "/reply", status=409, text="我还想说")
    assert only(session).reply == "好"
    assert not late.html.select("form[action$='/reply']")


def test_read_in_another_language_nothing_is_done_and_nothing_is_lost(
    browse: Browser, session: Session, town: Town, case: Case
) -> None:
    browse.sign_in(town.chen_jing).speak("zh")
    form = browse.get(f"/orders/new/{case.number}")
    english = browse.post(form, "/orders/new", status=200, text="今天到现场", hours="5", lang="en")
    assert "Issue a supervise order" in english.text
    assert english.fields("/orders/new")["text"] == "今天到现场"
    assert session.exec(select(Order)).all() == []


def test_who_may_not_sees_no_link_and_no_form(
    browse: Browser, session: Session, town: Town, case: Case, clock: Clock
) -> None:
    for person in (town.li_qiang, town.he_jun, town.wu_dan):
        browse.sign_in(person)
        assert not browse.get(f"/cases/{case.number}").html.select("a[href^='/orders/new']")
        browse.get(f"/orders/new/{case.number}", status=403)
    order = an_order(session, case, town, clock)
    browse.sign_in(town.sun_li)
    page = browse.get(f"/orders/{order.id}")
    assert not page.html.select("main form[id^=do-]") or page.form("/reply"), "of the same unit they may answer"
    browse.sign_in(town.zhou_tao)
    browse.get(f"/orders/new/{case.number}", status=404)
    browse.sign_in(town.zhou_tao)
    browse.get(f"/orders/{order.id}", status=404)


@pytest.mark.parametrize(
    "path",
    ["/orders/999999", "/orders/new/1", "/orders/new/20261123-00099-0", "/orders?tab=nothing", "/orders/new/%00"],
)
def test_what_is_not_there_is_said_in_words(browse: Browser, town: Town, path: str) -> None:
    browse.sign_in(town.chen_jing)
    browse.get(path, status=404)


@pytest.mark.parametrize("path", ["/orders/0", "/orders/x", "/orders/99999999999999999999"])
def test_nonsense_in_an_address_is_refused_in_words(browse: Browser, town: Town, path: str) -> None:
    browse.sign_in(town.chen_jing)
    browse.get(path, status=422)


def test_nobody_is_sent_to_another_site(browse: Browser, town: Town, case: Case) -> None:
    browse.sign_in(town.chen_jing)
    form = browse.get(f"/orders/new/{case.number}", next="https://evil.example/")
    done = browse.post(form, "/orders/new", text="去", hours="2", next="//evil.example/")
    assert done.to.startswith(f"/cases/{case.number}")


def test_a_stranger_signs_in_first(client: TestClient) -> None:
    assert client.get("/orders").status_code == 303


def test_a_resident_reads_only_that_somebody_watches(
    client: TestClient, session: Session, town: Town, clock: Clock
) -> None:
    case, receipt = received(session, clock.now)
    an_order(session, case, town, clock, text="内部的话", to=f"unit:{town.areas['shore'].id}")
    answer = client.get(f"/api/v1/cases/{case.number}", params={"code": receipt.tracking_code})
    assert "内部的话" not in answer.text
    assert '"order"' not in answer.text
    assert any(line["what"] == "order_issued" for line in answer.json()["timeline"])


def test_the_interface_issues_answers_and_judges(client: TestClient, session: Session, town: Town, case: Case) -> None:
    boss, worker = key_of(session, town.chen_jing), key_of(session, town.li_qiang)
    body = {"text": "今天到现场", "hours": 8}  # To whoever holds the case.
    made = client.post(f"/api/v1/cases/{case.number}/orders", json=body, headers=boss)
    assert made.status_code == 201, made.text
    order = made.json()
    assert (order["state"], order["hours"], order["i_am"]) == ("open", 8, ["issuer"])
    mine = client.get("/api/v1/orders", headers=worker).json()
    assert [o["id"] for o in mine["to_answer"]] == [order["id"]]
    one = f"/api/v1/orders/{order['id']}"
    assert client.post(f"{one}/reply", json={"text": "去过了"}, headers=worker).json()["state"] == "replied"
    back = client.post(f"{one}/send_back", json={"text": "再去", "hours": 2}, headers=boss).json()
    assert (back["state"], back["turn"]) == ("open", 2)


FORBIDDEN = [
    # who, what is sent to the order, and what is answered
    ("li_qiang", "accept", {}, 409),
    ("chen_jing", "reply", {"text": "我来"}, 409),
    ("li_qiang", "reply", {"text": "去过了", "version": 9}, 409),
    ("li_qiang", "reply", {"text": ""}, 422),
    ("li_qiang", "reply", {"text": "好", "more": 1}, 422),
    ("li_qiang", "burn", {"text": "好"}, 422),
    ("zhou_tao", "reply", {"text": "好"}, 404),
    ("admin", "withdraw", {"text": "好"}, 404),
]


@pytest.mark.parametrize(("who", "action", "body", "status"), FORBIDDEN)
def test_the_interface_refuses_what_is_not_theirs_or_makes_no_sense(
    client: TestClient,
    session: Session,
    town: Town,
    case: Case,
    clock: Clock,
    who: str,
    action: str,
    body: dict[str, Any],
    status: int,
) -> None:
    order = an_order(session, case, town, clock)
    headers = key_of(session, town.people[who])
    answer = client.post(f"/api/v1/orders/{order.id}/{action}", json=body, headers=headers)
    assert answer.status_code == status, answer.text


BAD = [
    {},
    {"text": "去"},
    {"text": "去", "hours": 0, "person_id": 1},
    {"text": "去", "hours": 8, "unit_id": 999999},
    {"text": "去", "hours": 8, "person_id": -1},
    {"text": "", "hours": 8, "person_id": 1},
    {"text": "去", "hours": 8, "person_id": 1, "more": 1},
    {"text": "字" * 2001, "hours": 8, "person_id": 1},
]


@pytest.mark.parametrize("body", BAD)
def test_the_interface_refuses_what_is_no_order(
    client: TestClient, session: Session, town: Town, case: Case, body: dict[str, Any]
) -> None:
    answer = client.post(f"/api/v1/cases/{case.number}/orders", json=body, headers=key_of(session, town.chen_jing))
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
