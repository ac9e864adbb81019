"""Can a receipt be scanned, and does a check of it say yes to ours and no to everything else?"""

import re
from datetime import timedelta
from urllib.parse import unquote

import pytest
import segno
from sqlmodel import Session

from service.cases.rules import Action
from service.handling.receipts import Issued, issued
from service.web.receipt import qr_code, track_url
from tests.builders import case_of, does
from tests.people import MONDAY_8, Town
from tests.web.conftest import Browser, Page
from tests.web.residents import LIGHT, NASTY, number_and_code, tell

ISSUED = Issued("20261123-00042-7", MONDAY_8, 7, (("accept", MONDAY_8), ("resolve", MONDAY_8 + timedelta(days=3))))


def check_code(receipt: Page) -> str:
    found = receipt.html.select_one(".check-code")
    assert found is not None
    return found.get_text(strip=True)


def test_the_qr_code_holds_the_whole_address_of_the_case_and_never_its_code(browse: Browser, town: Town) -> None:
    receipt = tell(browse)
    number, code = number_and_code(receipt)
    picture = receipt.html.select_one("img.qr")
    assert picture is not None

    assert track_url(number) == f"http://127.0.0.1:8000/track?number={number}"
    assert picture["src"] == qr_code(track_url(number))
    assert code.replace(" ", "") not in unquote(str(picture["src"]))
    drawn = segno.make(track_url(number), error="m", micro=False)
    assert f"width='{drawn.symbol_size()[0]}'" in unquote(str(picture["src"]))
    assert picture["alt"]


def test_a_genuine_receipt_says_what_it_said_and_nothing_of_the_case(
    browse: Browser, session: Session, town: Town
) -> None:
    receipt = tell(browse)
    number, code = number_and_code(receipt)
    case = case_of(session, number)
    browse.client.cookies.clear()
    page = browse.get("/check", number=number.replace("-", " "), seal=check_code(receipt).lower().replace("-", " "))

    assert "这张回执是真的。" in page.text
    assert "11月23日 周一 10:00" in page.text
    assert "湖滨社区服务站" in page.text
    assert "11月24日 周二 10:00 前" in page.text
    main = page.html.select_one("main")
    assert main is not None
    for secret in (LIGHT, "王", "5678", code, case.title):
        assert secret not in main.get_text()


def test_what_happens_later_leaves_an_old_receipt_genuine(browse: Browser, session: Session, town: Town) -> None:
    receipt = tell(browse)
    number, _ = number_and_code(receipt)
    case = case_of(session, number)
    does(session, case, town.li_qiang, Action.ACCEPT, case.received_at + timedelta(hours=1))
    does(session, case, town.li_qiang, Action.ASK, case.received_at + timedelta(hours=2), text="哪一层？")
    does(session, case, town.chen_jing, Action.TRANSFER, case.received_at + timedelta(hours=3),
         unit_id=str(town.areas["hill"].id), text="归东山社区")  # fmt: skip
    session.commit()

    page = browse.get("/check", number=number, seal=check_code(receipt))
    assert "这张回执是真的。" in page.text
    assert "湖滨社区服务站" in page.text


@pytest.mark.parametrize("seal", ["", "AAAA-AAAA", "一" * 8, NASTY, "A" * 199])
def test_a_forged_receipt_is_not_ours_and_an_unknown_number_reads_the_same(
    browse: Browser, session: Session, town: Town, seal: str
) -> None:
    number, _ = number_and_code(tell(browse))
    session.commit()
    known = browse.get("/check", status=404, number=number, seal=seal)
    unknown = browse.get("/check", status=404, number="20261123-00099-0", seal=seal)

    assert "这不是我们开出的回执" in known.text
    assert known.text == unknown.text
    assert "湖滨" not in known.text


def test_guessing_check_codes_ends_in_a_wait(browse: Browser, session: Session, town: Town) -> None:
    receipt = tell(browse)
    number, _ = number_and_code(receipt)
    session.commit()
    for _ in range(10):
        browse.get("/check", status=404, number=number, seal="AAAA-AAAA")
    page = browse.get("/check", status=429, number=number, seal=check_code(receipt))

    assert re.search(r"\d+ 分", page.text)
    assert int(page.headers["retry-after"]) > 0


def test_without_a_number_the_page_asks_for_one_and_the_start_page_leads_to_it(browse: Browser, town: Town) -> None:
    assert browse.get("/").html.select_one('a[href="/check"]')
    assert set(browse.get("/check").fields("/check")) == {"number", "seal"}


def test_the_receipt_leads_to_its_own_check(browse: Browser, town: Town) -> None:
    link = tell(browse).html.select_one('a[href^="/check?"]')
    assert link is not None
    assert "这张回执是真的。" in browse.get(str(link["href"])).text


def test_every_fact_of_a_receipt_is_under_its_signature() -> None:
    later = MONDAY_8 + timedelta(microseconds=1)
    changed = [
        Issued("20261123-00043-5", ISSUED.received_at, ISSUED.desk_id, ISSUED.promises),
        Issued(ISSUED.number, later, ISSUED.desk_id, ISSUED.promises),
        Issued(ISSUED.number, ISSUED.received_at, 8, ISSUED.promises),
        Issued(ISSUED.number, ISSUED.received_at, ISSUED.desk_id, ISSUED.promises[:1]),
        Issued(ISSUED.number, ISSUED.received_at, ISSUED.desk_id, (("accept", later), ISSUED.promises[1])),
    ]
    assert re.fullmatch(r"[2-9A-Z]{4}-[2-9A-Z]{4}", ISSUED.check_code)
    assert len({ISSUED.check_code, *(one.check_code for one in changed)}) == 6


def test_another_key_makes_another_check_code(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = ISSUED.check_code
    monkeypatch.setattr("service.secrecy.index_key", lambda: b"another key of thirty-two bytes.")
    assert ISSUED.check_code != ours


def test_a_programs_receipt_has_the_same_check_code(browse: Browser, session: Session, town: Town) -> None:
    body = {"text": LIGHT, "category": "C05", "area": "990101001001"}
    made = browse.client.post("/api/v1/cases", json=body).json()

    assert made["check_code"] == issued(session, case_of(session, made["number"])).check_code
