"""Does a resident find their requests by an address of theirs, and does nobody learn which addresses we know?"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.cases.tables import Case
from service.delivery.changes import add_channel
from service.delivery.forms import ChannelDetails
from service.delivery.proofs import code_of, facts_for, named_by, token_of
from service.delivery.queries import context
from service.delivery.ways import ways_of
from service.mine.actions import forget_proofs
from service.mine.rules import ASKED_PER_ADDRESS, GUESSES_PER_ADDRESS
from service.mine.tables import AddressProof
from service.outbox.rules import Channel
from service.outbox.tables import Notice
from service.outbox.texts import render
from service.secrecy import decrypt
from service.settings import get_settings
from service.web.deps import real_now
from tests.people import Town
from tests.web.conftest import Browser, Page
from tests.web.residents import LIGHT, NASTY, tell

MAIL = "wang.fang@example.cn"


@pytest.fixture
def number(browse: Browser, town: Town, session: Session) -> Iterator[str]:
    """The number of a request that was sent with an address, by a browser that has forgotten it."""
    tell(browse, email=MAIL)
    browse.client.cookies.clear()
    return session.exec(select(Case.number).order_by(col(Case.id).desc())).first()


def proofs(session: Session) -> list[AddressProof]:
    return list(session.exec(select(AddressProof).order_by(col(AddressProof.id))))


def notices(session: Session) -> list[Notice]:
    return list(session.exec(select(Notice).where(Notice.template == "mine").order_by(col(Notice.id))))


def asked(browse: Browser, address: str = MAIL, status: int = 303) -> Page:
    return browse.post(browse.get("/mine"), "/mine", status=status, address=address)


def opened(browse: Browser, session: Session, address: str = MAIL) -> Page:
    """Ask for a code and type it."""
    page = browse.get(asked(browse, address).to)
    assert browse.post(page, "/mine/code", code=code_of(proofs(session)[-1].id or 0)).to == "/mine"
    return browse.get("/mine")


def test_a_code_opens_the_list_and_the_list_opens_each_request(browse: Browser, session: Session, number: str) -> None:
    page = opened(browse, session)
    assert LIGHT in page.text
    assert number in page.text
    to = browse.post(page, f"/mine/cases/{number}").to
    assert to == f"/track/{number}"
    assert LIGHT in browse.get(to).text


def test_however_the_address_is_typed_it_is_the_same(browse: Browser, session: Session, number: str) -> None:
    assert number in opened(browse, session, f"  {MAIL.upper()} ").text


def test_the_link_opens_it_after_one_press_and_only_once(browse: Browser, session: Session, number: str) -> None:
    asked(browse)
    browse.client.cookies.clear()
    token = token_of(proofs(session)[-1].id or 0)
    page = browse.get("/mine/open", key=token)
    assert proofs(session)[-1].used_at is None, "looking at it uses nothing up"
    assert browse.post(page, "/mine/open").to == "/mine"
    assert number in browse.get("/mine").text
    again = browse.post(browse.get("/mine/open", key=token), "/mine/open", status=404)
    assert "已经用过" in again.text


def test_nobody_learns_whether_an_address_is_known(browse: Browser, session: Session, number: str) -> None:
    known = asked(browse)
    known_code = browse.get(known.to)
    browse.client.cookies.clear()
    unknown = asked(browse, "nobody@example.cn")
    unknown_code = browse.get(unknown.to)
    assert (known.status, known.to) == (unknown.status, unknown.to)
    assert known_code.text == unknown_code.text
    assert len(notices(session)) == len(proofs(session)) == 1
    wrong = browse.post(unknown_code, "/mine/code", status=404, code="12345678")
    assert "验证码不对" in wrong.text


def test_what_is_sent_says_code_and_link_and_the_database_holds_neither(
    browse: Browser, session: Session, number: str
) -> None:
    asked(browse)
    (notice,) = notices(session)
    assert decrypt(notice.address or b"") == MAIL
    proof = proofs(session)[-1].id or 0
    assert notice.facts == {"proof": str(proof)}
    own = facts_for(notice.id or 0, notice.facts, "https://a.cn")
    for language in ("zh", "en"):
        subject, body = render("mine", language, notice.facts | own, public_url="https://a.cn")
        assert own["code"] in subject
        assert own["code"].replace(" ", "") == code_of(proof)
        assert own["link"] in body
        assert named_by(own["link"].partition("key=")[2]) == proof


def test_a_code_counts_once_for_its_own_address_and_for_half_an_hour(
    browse: Browser, session: Session, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(browse, session)
    first = code_of(proofs(session)[-1].id or 0)
    browse.client.cookies.clear()
    page = browse.get(asked(browse).to)
    assert browse.post(page, "/mine/code", status=404, code=first).status == 404
    second = code_of(proofs(session)[-1].id or 0)
    other = browse.get(asked(browse, "nobody@example.cn").to)
    assert browse.post(other, "/mine/code", status=404, code=second).status == 404
    session.execute(sa.update(AddressProof).values(until=real_now() - timedelta(seconds=1)))
    page = browse.get(asked(browse, MAIL).to)
    assert browse.post(page, "/mine/code", status=404, code=second).status == 404
    forget_proofs(session, real_now())
    assert [p.used_at for p in proofs(session)] == [None]


def test_guessing_and_asking_end_in_a_wait(browse: Browser, session: Session, number: str) -> None:
    page = browse.get(asked(browse).to)
    for _ in range(GUESSES_PER_ADDRESS):
        browse.post(page, "/mine/code", status=404, code="00000000")
    right = code_of(proofs(session)[-1].id or 0)
    assert browse.post(page, "/mine/code", status=429, code=right).headers["retry-after"]
    for _ in range(ASKED_PER_ADDRESS - 1):
        asked(browse)
    assert asked(browse, status=429).headers["retry-after"]
    assert len(notices(session)) == ASKED_PER_ADDRESS


@pytest.mark.parametrize("typed", ["", " ", "王芳", "13800138000", "a@b", NASTY, "a" * 300, "x@y.cn\nBcc: z@y.cn"])
def test_what_is_no_address_is_told_and_kept(browse: Browser, session: Session, number: str, typed: str) -> None:
    page = asked(browse, typed, status=422)
    assert "请填写邮箱" in page.text
    assert notices(session) == []


def test_a_telephone_gets_a_short_message_where_there_is_a_way_to_send_one(
    browse: Browser, session: Session, town: Town, number: str, now: datetime
) -> None:
    sms = ChannelDetails(
        name="短信", name_en="SMS", kind=Channel.WEBHOOK, address="https://sms.example.cn/{phone}", secret="s" * 20
    )
    row = add_channel(session, sms, by=None, now=now)
    page = opened(browse, session, "138-1234-5678")
    assert number in page.text
    (notice,) = notices(session)
    assert (notice.address, decrypt(notice.phone or b"")) == (None, "13812345678")
    assert ways_of(notice, context(session, [notice], now), get_settings()) == [str(row.id)]


def test_an_anonymous_request_is_found_by_no_address(browse: Browser, session: Session, town: Town) -> None:
    tell(browse, email=MAIL, anonymous="yes")
    asked(browse)
    assert notices(session) == []


def test_nobody_opens_the_request_of_somebody_else(browse: Browser, session: Session, number: str) -> None:
    tell(browse, email="li.na@example.cn", text="窗户关不上")
    others = session.exec(select(Case.number).order_by(col(Case.id).desc())).first()
    browse.client.cookies.clear()
    page = opened(browse, session)
    assert "窗户" not in page.text
    proof = page.fields(f"/mine/cases/{number}")
    answer = browse.client.post(f"/mine/cases/{others}", data=proof)
    assert answer.status_code == 404
    browse.client.cookies.clear()
    page = browse.get("/mine")
    answer = browse.client.post(f"/mine/cases/{number}", data={"csrf": page.fields("/mine")["csrf"]})
    assert (answer.status_code, answer.headers["location"]) == (303, "/mine")


def test_a_long_list_comes_in_pages(
    browse: Browser, session: Session, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.mine.queries.A_PAGE", 2)
    for n in range(3):
        tell(browse, email=MAIL, text=f"{LIGHT}{n}")
    browse.client.cookies.clear()
    page = opened(browse, session)
    assert (f"{LIGHT}2" in page.text, f"{LIGHT}1" in page.text, f"{LIGHT}0" in page.text) == (True, True, False)
    older = next(str(a["href"]) for a in page.html.select("a[href*='before=']"))
    assert f"{LIGHT}0" in browse.get(older).text
    assert "没有更多" in browse.get("/mine?before=1").text
    assert f"{LIGHT}2" in browse.get("/mine?before=nonsense").text


def test_leaving_forgets_it(browse: Browser, session: Session, number: str) -> None:
    page = opened(browse, session)
    assert browse.post(page, "/mine/leave").to == "/"
    assert browse.get("/mine").form("/mine").get("id") == "ask"


def test_a_change_of_language_keeps_what_was_typed(browse: Browser, session: Session, number: str) -> None:
    page = browse.post(browse.get("/mine"), "/mine", status=200, address=MAIL, lang="en")
    assert page.fields("/mine")["address"] == MAIL
    assert "Send me a code" in page.text
    assert notices(session) == []


@pytest.mark.parametrize("token", ["", "1", "1.", "1.AAAA", "一.AAAA", "9" * 90 + ".A", "-1.AAAA"])
def test_a_forged_link_opens_nothing(browse: Browser, session: Session, number: str, token: str) -> None:
    asked(browse)
    browse.client.cookies.clear()
    assert named_by(token) is None
    browse.post(browse.get("/mine/open", key=token), "/mine/open", status=404)
    assert browse.get("/mine").form("/mine").get("id") == "ask"
