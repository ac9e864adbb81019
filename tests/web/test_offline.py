"""The server's part of working without a line: the worker, the page in place of others, forms done once."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, func, select
from starlette.testclient import TestClient

from service.accounts.tables import Person
from service.cases.rules import Action, CaseStatus
from service.cases.tables import CaseMessage
from service.handling.once import DONE_KEPT, FormUsedError, body_of, done_before, forget_done_forms, key_of
from service.handling.tables import DoneForm
from service.web.deps import SESSION_COOKIE
from service.web.whose import NOBODY, READER_HEADER
from tests.builders import case_of, does
from tests.people import Town
from tests.web.conftest import Browser, Clock, Page
from tests.web.photographs import GOOD
from tests.web.residents import ANSWERS, how_many
from tests.web.workers import path, signed, to_li

KEY = "a-key-of-a-telephone-1"
ASKED = {"accept": "application/json"}


def notes(session: Session) -> int:
    query = select(func.count()).select_from(CaseMessage).where(col(CaseMessage.kind) == "note")
    return session.exec(query).one()


def sent(browse: Browser, to: str, **answers: Any) -> Any:
    """Send a form as a telephone does that had kept it: with a fresh proof."""
    proof = browse.client.get("/proof").json()["csrf"]
    return browse.client.post(to, data={"csrf": proof, **answers}, headers=ASKED)


# What a telephone installs


def test_the_worker_stands_over_every_page_and_is_asked_for_anew(client: TestClient) -> None:
    answer = client.get("/sw.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    named = [part for part in answer.text.split('"') if part.startswith("/static/")]
    assert len(named) >= 8
    for address in named:
        assert client.get(address).headers["cache-control"].endswith("immutable"), address


def test_the_page_in_place_of_others_speaks_both_languages(browse: Browser) -> None:
    page = browse.get("/no-line")
    assert [part["lang"] for part in page.html.select("section[lang]")] == ["zh-CN", "en"]
    assert "没有网络，打不开这个页面" in page.text
    assert "This page cannot be shown without a connection" in page.text
    assert page.headers["x-reader"] == NOBODY


def test_each_page_says_whose_it_is(browse: Browser, town: Town) -> None:
    assert browse.get("/submit").headers[READER_HEADER.lower()] == NOBODY
    li = browse.sign_in(town.li_qiang).get("/queue")
    he = browse.sign_in(town.he_jun).get("/queue")
    marks = {page.headers[READER_HEADER.lower()] for page in (li, he)}
    assert len(marks | {NOBODY, ""}) == 4
    assert li.html.body is not None
    assert li.html.body["data-mark"] == li.headers[READER_HEADER.lower()]
    assert browse.client.get("/proof").json()["reader"] == he.headers[READER_HEADER.lower()]


def test_when_a_sign_in_is_over_the_page_is_nobodys(browse: Browser, town: Town) -> None:
    browse.client.cookies.set(SESSION_COOKIE, "over")
    assert browse.get("/submit").headers[READER_HEADER.lower()] == NOBODY


def test_a_page_that_does_not_know_its_reader_says_nothing(browse: Browser, town: Town) -> None:
    browse.sign_in(town.li_qiang)
    assert browse.get("/nothing-here", 404).headers[READER_HEADER.lower()] == ""


# A resident's request that waited


def test_a_request_that_waited_is_taken_in_once_without_further_questions(
    browse: Browser, session: Session, town: Town
) -> None:
    answers = ANSWERS | {"category": "", "key": KEY, "later": "yes"}
    first, again = (sent(browse, "/submit", **answers) for _ in range(2))
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert how_many(session) == 1
    receipt = browse.get(first.json()["to"])
    assert first.json()["number"] in receipt.text
    assert first.json()["code"] in receipt.text.replace(" ", "")


@pytest.mark.parametrize(("language", "why"), [("zh", "请填写"), ("en", "Please")])
def test_a_request_that_waited_and_is_wrong_says_why(browse: Browser, town: Town, language: str, why: str) -> None:
    answer = sent(browse.speak(language), "/submit", **ANSWERS | {"text": " ", "later": "yes", "key": KEY})
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid-fields"
    assert answer.json()["errors"]["text"].startswith(why)


def test_the_key_of_a_request_that_waited_does_not_take_other_words(
    browse: Browser, session: Session, town: Town
) -> None:
    assert sent(browse, "/submit", **ANSWERS | {"key": KEY, "later": "yes"}).status_code == 200
    assert sent(browse, "/submit", **ANSWERS | {"key": KEY, "later": "yes", "text": "另一件事"}).status_code == 422
    assert how_many(session) == 1


# Forms of staff


def test_a_form_of_staff_is_done_once(browse: Browser, session: Session, town: Town, clock: Clock) -> None:
    case = signed(session, town, clock)
    browse.sign_in(town.li_qiang)
    versions = (case.version, case.version + 1)  # A queue makes the version newer that a form saw.
    first, again = (sent(browse, f"{path(case)}/note", once=KEY, text="看过了", version=seen) for seen in versions)
    assert first.json() == again.json() == {"to": f"{path(case)}?done=note", "version": case.version}
    assert notes(session) == 1


def test_in_a_browser_the_same_form_leads_where_it_led(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case = to_li(session, town, clock)
    page = browse.sign_in(town.li_qiang).get(path(case))
    first, again = browse.post(page, "/accept"), browse.post(page, "/accept")
    assert first.to == again.to == f"{path(case)}?done=accept"


def test_the_same_key_with_other_words_is_refused(browse: Browser, session: Session, town: Town, clock: Clock) -> None:
    case = signed(session, town, clock)
    browse.sign_in(town.li_qiang)
    sent(browse, f"{path(case)}/note", once=KEY, text="看过了")
    other = sent(browse, f"{path(case)}/note", once=KEY, text="又看了一次")
    assert (other.status_code, other.json()["code"]) == (422, "form-used")
    assert notes(session) == 1


def test_what_was_refused_is_not_remembered(browse: Browser, session: Session, town: Town, clock: Clock) -> None:
    case = signed(session, town, clock)
    browse.sign_in(town.li_qiang)
    stale = sent(browse, f"{path(case)}/reply", once=KEY, text="电工明天来。", version=case.version - 1)
    assert (stale.status_code, stale.json()["code"]) == (409, "conflict")
    assert session.get(DoneForm, key_of(KEY, town.li_qiang)) is None
    assert sent(browse, f"{path(case)}/reply", once=KEY, text="电工明天来。", version=case.version).status_code == 200


@pytest.mark.parametrize("key", ["", "short", "x" * 201])
def test_a_key_that_is_none_remembers_nothing(
    browse: Browser, session: Session, town: Town, clock: Clock, key: str
) -> None:
    case = signed(session, town, clock)
    browse.sign_in(town.li_qiang)
    for _ in range(2):
        assert sent(browse, f"{path(case)}/note", once=key, text="看过了").status_code == 200
    assert notes(session) == 2


def test_the_key_of_one_is_nothing_to_another(browse: Browser, session: Session, town: Town, clock: Clock) -> None:
    case = signed(session, town, clock)
    for person in (town.li_qiang, town.he_jun):
        browse.sign_in(person)
        assert sent(browse, f"{path(case)}/note", once=KEY, text="看过了").status_code == 200
    assert notes(session) == 2


def test_what_went_out_of_sight_by_the_form_itself_is_told_as_done(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case = signed(session, town, clock)
    browse.sign_in(town.li_qiang)
    away = {"reason": "wrong_area", "text": "不在本社区", "version": str(case.version), "once": KEY}
    first = sent(browse, f"{path(case)}/return", **away)
    assert first.status_code == 200, first.text
    assert sent(browse, f"{path(case)}/return", **away).json() == first.json()


def test_photos_are_added_once(browse: Browser, session: Session, town: Town, clock: Clock) -> None:
    case = signed(session, town, clock)
    browse.sign_in(town.li_qiang)
    proof = browse.client.get("/proof").json()["csrf"]
    for _ in range(2):
        answer = browse.client.post(
            f"{path(case)}/photos",
            data={"csrf": proof, "once": KEY, "stage": "before"},
            files={"photo": ("a.jpg", GOOD, "image/jpeg")},
            headers=ASKED,
        )
        assert answer.status_code == 200, answer.text
    assert len(browse.get(path(case)).html.select("#photos figure")) == 1


def ahead(page: Page) -> set[str]:
    """Return the actions whose forms the page carries for later."""
    return {str(one["data-ahead"]) for one in page.html.select("template[data-ahead]") if one.find("form")}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_of_a_case_carries_what_may_be_done_once_it_is_signed_for(
    browse: Browser, session: Session, town: Town, clock: Clock, language: str
) -> None:
    case = to_li(session, town, clock)
    page = browse.sign_in(town.li_qiang).speak(language).get(path(case))
    head = page.html.select_one("[data-course]")
    assert head is not None
    course = json.loads(str(head["data-course"]))
    assert head["data-status"] == "assigned"
    assert course["assigned"]["accept"] == "accepted"
    assert course["accepted"]["reply"] == "in_progress"
    assert course["resolved"] == {"note": "resolved"}
    assert ahead(page) == {"contact", "reply", "ask", "resolve", "request_extension", "separate"}
    reply = next(form for one in page.html.select("template[data-ahead=reply]") for form in one.find_all("form"))
    assert reply["action"] == f"{path(case)}/reply"
    assert {str(field["name"]) for field in reply.find_all("input")} >= {"csrf", "once", "called", "version", "photo"}
    assert page.html.select_one("script[src*='offline/ahead.js']")

    does(session, case, town.li_qiang, Action.ACCEPT, clock.now)
    now_open = browse.get(path(case))
    assert ahead(now_open) == {"separate"}, "all of it but what undoes a joining is offered now"
    assert now_open.form("/reply")


def test_what_needs_a_list_of_the_installation_is_not_carried(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case = does(session, signed(session, town, clock), town.li_qiang, Action.RESOLVE, clock.now, text="换了灯泡")
    carried = ahead(browse.sign_in(town.chen_jing).get(path(case)))
    assert {"accept", "reply", "extend"} <= carried
    assert not carried & {"reassign", "transfer", "relocate", "recategorise"}


def test_what_waited_in_its_order_is_done_from_signing_to_resolving(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case = to_li(session, town, clock)
    browse.sign_in(town.li_qiang)
    for number, (act, text) in enumerate((("accept", ""), ("reply", "电工今天来。"), ("resolve", "灯亮了。"))):
        done = sent(browse, f"{path(case)}/{act}", once=f"{KEY}-{act}", text=text, version=case.version)
        assert done.status_code == 200, (number, done.text)
    assert case_of(session, case.number).status is CaseStatus.RESOLVED


def test_the_proof_of_one_signed_out_is_no_proof(browse: Browser, session: Session, town: Town, clock: Clock) -> None:
    case = signed(session, town, clock)
    stale = browse.client.get("/proof").json()["csrf"]
    browse.sign_in(town.li_qiang)
    answer = browse.client.post(f"{path(case)}/note", data={"csrf": stale, "text": "x"}, headers=ASKED)
    assert (answer.status_code, answer.json()["code"]) == (403, "stale-form")


def test_two_who_send_one_form_at_the_same_moment_do_it_once(engine: sa.Engine) -> None:
    person, key, body = Person(id=7), b"k" * 32, body_of("/cases/1/note", {"text": "x"})
    both, done = threading.Barrier(2), []

    def send(_: int) -> None:
        with Session(engine) as session:
            session.connection()
            both.wait(timeout=10)
            if done_before(session, key, body) is None:
                done.append(person.id)
                time.sleep(0.3)  # It is at work, and the other one looks.
                session.add(DoneForm(key_hash=key, body_hash=body, leads_to="/", at=func.now()))
            session.commit()

    try:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(send, range(2)))
        assert done == [7]
    finally:
        with engine.begin() as connection:
            connection.execute(sa.delete(DoneForm))


def test_keys_are_forgotten_after_their_time(session: Session, town: Town, clock: Clock) -> None:
    for key, at in ((b"old", clock.now - DONE_KEPT), (b"new", clock.now)):
        session.add(DoneForm(key_hash=key * 11, body_hash=b"", leads_to="/", at=at))
    session.flush()
    forget_done_forms(session, clock.now)
    assert session.exec(select(DoneForm.key_hash)).all() == [b"new" * 11]
    with pytest.raises(FormUsedError):
        done_before(session, b"new" * 11, b"other")
