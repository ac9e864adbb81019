"""Does a resident hear of a request by mail or feed, and does nobody else get to hear of it or be written to?"""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from sqlmodel import Session, col, select

from service.audit.queries import broken_chains, history
from service.cases.queries import contact_of
from service.cases.rules import Action, CaseStatus
from service.cases.tables import Case
from service.delivery.proofs import FOLLOW, PROOF, facts_for, token_of
from service.outbox.tables import Notice
from service.outbox.texts import render
from service.secrecy import blind_index, decrypt
from tests.builders import case_of, does, resident_does
from tests.people import Town
from tests.web.conftest import Browser, Clock, Page
from tests.web.residents import NASTY, told

MAIL = "wang.fang@example.cn"


def letters(session: Session) -> list[Notice]:
    return list(session.exec(select(Notice).where(Notice.template == "follow").order_by(col(Notice.id))))


def asked(browse: Browser, case: Case, email: str = MAIL, status: int = 303) -> Page:
    path = f"/track/{case.number}/follow"
    return browse.post(browse.get(path), path, status=status, email=email)


def key_in(letter: Notice) -> str:
    link = facts_for(letter.id or 0, letter.facts, "https://a.cn")["link"]
    return parse_qs(urlsplit(link).query)["key"][0]


def pressed(browse: Browser, key: str) -> Page:
    return browse.post(browse.get("/track/mail", key=key), "/track/mail", status=200)


def test_an_address_counts_only_when_its_reader_says_so(browse: Browser, session: Session, town: Town) -> None:
    case, page = told(browse, session)
    assert f"/track/{case.number}/follow" in str(page.html)
    sent = asked(browse, case)
    assert "确认邮件已发出" in browse.get(sent.to).text
    (letter,) = letters(session)
    assert decrypt(letter.address or b"") == MAIL
    assert MAIL not in str(letter.facts)
    assert "email" not in contact_of(case) or contact_of(case)["email"] == ""

    browse.client.cookies.clear()
    look = browse.get("/track/mail", key=key_in(letter))
    assert MAIL not in look.text
    assert case.number in look.text
    assert contact_of(case_of(session, case.number)).get("email") != MAIL, "to look is not to press"

    assert "今后有进展" in pressed(browse, key_in(letter)).text
    session.refresh(case)
    assert contact_of(case) == {"name": "王芳", "phone": "13812345678", "email": MAIL}
    assert case.mail_index == blind_index(MAIL)
    assert [e["action"] for e in history(session, "case", case.id or 0)][-1] == "mail_left"
    pressed(browse, key_in(letter))
    assert [e["action"] for e in history(session, "case", case.id or 0)].count("mail_left") == 1
    assert broken_chains(session) == []


def test_who_follows_is_written_to(browse: Browser, session: Session, town: Town, clock: Clock) -> None:
    case, _ = told(browse, session, phone="", name="")
    asked(browse, case)
    pressed(browse, key_in(letters(session)[0]))
    holder = next(person for person in town.people.values() if person.id == case.assignee_id)
    does(session, case, holder, Action.ACCEPT, clock.now)
    does(session, case, holder, Action.REPLY, clock.now, text="明天来修")
    (news,) = session.exec(select(Notice).where(Notice.template == "news_reply")).all()
    assert decrypt(news.address or b"") == MAIL


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_letter_says_what_it_is(browse: Browser, session: Session, town: Town, language: str) -> None:
    case, _ = told(browse, session)
    asked(browse.speak(language), case)
    (letter,) = letters(session)
    assert letter.language == language
    facts = letter.facts | facts_for(letter.id or 0, letter.facts, "https://a.cn")
    subject, body = render("follow", language, facts, public_url="https://a.cn")
    assert case.number in subject
    assert "https://a.cn/track/mail?key=" in body
    assert case.title not in subject + body


@pytest.mark.parametrize("email", ["", "wang", "a@b", NASTY, "王@例子", "a@b.cn\nBcc: c@d.cn", f"{'a' * 260}@b.cn"])
def test_what_is_no_address_is_refused_in_words(browse: Browser, session: Session, town: Town, email: str) -> None:
    case, _ = told(browse, session)
    page = asked(browse, case, email, status=422)
    assert page.html.select_one("#f-email[aria-invalid]") is not None
    assert letters(session) == []


def test_nobody_is_flooded_with_letters(browse: Browser, session: Session, town: Town, clock: Clock) -> None:
    case, _ = told(browse, session)
    for _ in range(3):
        clock.turn(minutes=1)
        asked(browse, case)
    page = asked(browse, case, status=429)
    assert page.fields("/follow")["email"] == MAIL
    assert len(letters(session)) == 3


@pytest.mark.parametrize(
    "key", ["", "x", "1.x", f"1{token_of(1, FOLLOW)}", token_of(1, PROOF), token_of(10**9, FOLLOW), "9" * 40 + ".a"]
)
def test_a_link_that_is_not_ours_does_nothing(browse: Browser, session: Session, town: Town, key: str) -> None:
    told(browse, session)
    assert "链接已经失效" in browse.get("/track/mail", status=404, key=key).text


def test_a_link_ends(browse: Browser, session: Session, town: Town, clock: Clock) -> None:
    case, _ = told(browse, session)
    asked(browse, case)
    key = key_in(letters(session)[0])
    page = browse.get("/track/mail", key=key)
    clock.now += timedelta(days=2, seconds=1)
    assert "链接已经失效" in browse.post(page, "/track/mail", status=404).text
    clock.now -= timedelta(days=1)
    resident_does(session, case, Action.WITHDRAW, clock.now)
    assert "链接已经失效" in browse.post(page, "/track/mail", status=404).text
    assert contact_of(case).get("email") in (None, "")


def test_who_stays_unknown_leaves_no_address(browse: Browser, session: Session, town: Town) -> None:
    case, _ = told(browse, session, anonymous="yes", name="", phone="")
    page = browse.get(f"/track/{case.number}/follow")
    assert page.html.select_one("#f-email") is None
    assert "/feed?" in str(page.html)


def test_without_the_code_there_is_no_way_in(browse: Browser, session: Session, town: Town) -> None:
    case, _ = told(browse, session)
    page = browse.get(f"/track/{case.number}/follow")
    browse.client.cookies.clear()
    assert browse.get(f"/track/{case.number}/follow", status=303).to == f"/track?number={case.number}"
    sent = browse.client.post(
        f"/track/{case.number}/follow", data={"email": MAIL, "csrf": page.fields("/follow")["csrf"]}
    )
    assert sent.status_code in (303, 403)
    assert letters(session) == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_feed_tells_the_course_and_nothing_that_was_said(
    browse: Browser, session: Session, town: Town, clock: Clock, language: str
) -> None:
    case, _ = told(browse, session, text=f"楼道的路灯坏了{NASTY}")
    page = browse.speak(language).get(f"/track/{case.number}/follow")
    address = urlsplit(str(page.html.select_one(".feed-address a")["href"]))  # type: ignore[index]
    browse.client.cookies.clear()
    answer = browse.client.get(f"{address.path}?{address.query}")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    root = ElementTree.fromstring(answer.text)
    atom = "{http://www.w3.org/2005/Atom}"
    titles = [entry.findtext(f"{atom}title") for entry in root.findall(f"{atom}entry")]
    assert titles[-1] == {"zh": "您提交了诉求", "en": "You sent this request"}[language]
    for secret in ("路灯", "王芳", "13812345678", "script", "3-2-501"):
        assert secret not in answer.text
    assert re.search(r"<updated>2026-11-23T", answer.text)

    tag = answer.headers["etag"]
    again = f"{address.path}?{address.query}"
    assert browse.client.get(again, headers={"If-None-Match": tag}).status_code == 304
    holder = next(person for person in town.people.values() if person.id == case.assignee_id)
    does(session, case, holder, Action.ACCEPT, clock.now)
    changed = browse.client.get(again, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert len(ElementTree.fromstring(changed.text).findall(f"{atom}entry")) == len(titles) + 1


@pytest.mark.parametrize("key", ["", "x", "é", NASTY, "A" * 43])
def test_a_feed_is_for_who_holds_its_address(browse: Browser, session: Session, town: Town, key: str) -> None:
    case, _ = told(browse, session)
    browse.client.cookies.clear()
    assert browse.client.get(f"/track/{case.number}/feed", params={"key": key}).status_code == 404
    assert case.status is not CaseStatus.WITHDRAWN
