"""The queue: what runs out first on top, signing in one tap, tabs, search, pages, and refreshing by itself."""

import pytest
from sqlmodel import Session

from service.cases.rules import Action, CaseStatus
from tests.builders import case_of, does
from tests.people import Town
from tests.web.conftest import Browser, Clock
from tests.web.workers import HOSTILE, signed, to_li


@pytest.fixture
def li(browse: Browser, town: Town) -> Browser:
    """李强 at his browser."""
    return browse.sign_in(town.li_qiang)


def test_the_queue_shows_what_runs_out_first_with_words_and_time(
    li: Browser, session: Session, town: Town, clock: Clock
) -> None:
    later = to_li(session, town, clock, title="路灯坏了")
    sooner = to_li(session, town, clock, title="电梯停了", category="A03")

    page = li.get("/queue")

    titles = [a.get_text() for a in page.html.select(".queue-title")]
    assert titles == ["电梯停了", "路灯坏了"]
    assert "还剩" in page.html.select_one(".queue-due").get_text()  # type: ignore[union-attr]
    assert sooner.number in page.text
    assert later.number in page.text


def test_the_queue_speaks_english(li: Browser, session: Session, town: Town, clock: Clock) -> None:
    to_li(session, town, clock)

    page = li.speak("en").get("/queue")

    assert "My queue" in page.text
    assert "left" in page.text
    assert "Hubin" in page.text


def test_a_case_is_signed_for_from_the_list_in_one_tap(li: Browser, session: Session, town: Town, clock: Clock) -> None:
    case = to_li(session, town, clock)

    answer = li.post(li.get("/queue"), "/accept")

    assert answer.to == "/queue?done=accept"
    assert case_of(session, case.number).status is CaseStatus.ACCEPTED
    assert "已签收" in li.get(answer.to).text


def test_signed_cases_offer_no_second_signing(li: Browser, session: Session, town: Town, clock: Clock) -> None:
    signed(session, town, clock)

    assert not li.get("/queue").html.select("form[action$='/accept']")


def test_the_tabs_cut_the_queue_by_time(li: Browser, session: Session, town: Town, clock: Clock) -> None:
    to_li(session, town, clock, title="早就到时")
    clock.turn(hours=5)

    assert "早就到时" in li.get("/queue", tab="overdue").text
    assert "早就到时" not in li.get("/queue", tab="later").text
    assert "已超时" in li.get("/queue").text


def test_the_whole_unit_is_one_switch_away(li: Browser, session: Session, town: Town, clock: Clock) -> None:
    case = to_li(session, town, clock, title="孙丽的工单")
    does(session, case, town.he_jun, Action.REASSIGN, clock.now, person_id=town.sun_li.id)

    assert "孙丽的工单" not in li.get("/queue").text
    unit = li.get("/queue", of="unit")
    assert "孙丽的工单" in unit.text
    assert "孙丽" in unit.html.select_one(".queue-status").get_text()  # type: ignore[union-attr]


@pytest.mark.parametrize("words", ["", "楼道", "没有这样的词", *HOSTILE[:3], "字" * 5_000])
def test_any_words_can_be_searched_for(li: Browser, session: Session, town: Town, clock: Clock, words: str) -> None:
    to_li(session, town, clock)

    page = li.get("/queue", search=words)

    assert ("楼道的路灯" in page.text) == (words in ("", "楼道"))
    assert not page.html.select("main script")


def test_a_long_queue_is_paged_with_its_count(li: Browser, session: Session, town: Town, clock: Clock) -> None:
    for number in range(33):
        to_li(session, town, clock, title=f"第{number:02}件")

    first = li.get("/queue")
    following = first.html.select_one("a[href*='cursor=']")

    assert following is not None
    assert "33" in first.html.caption.get_text()  # type: ignore[union-attr]
    assert len(li.get(str(following["href"])).html.select(".queue-title")) == 3


def test_a_cursor_that_is_none_is_refused_in_words(li: Browser) -> None:
    assert "请从" in li.get("/queue", status=422, cursor="nonsense").text


def test_the_list_refreshes_as_a_fragment_and_says_how_many_are_new(
    li: Browser, session: Session, town: Town, clock: Clock
) -> None:
    opened = clock.now
    clock.turn(minutes=1)
    to_li(session, town, clock)

    answer = li.client.get("/queue", params={"since": opened.isoformat()}, headers={"HX-Request": "true"})

    assert "<html" not in answer.text
    assert 'hx-swap-oob="innerHTML"' in answer.text
    assert "1 件" in answer.text
    assert "is-new" in answer.text


def test_an_empty_queue_says_what_will_stand_there(li: Browser) -> None:
    assert "您手上没有在办工单" in li.get("/queue").text
    for tab in ("overdue", "today", "later", "waiting"):
        assert li.get("/queue", tab=tab).html.select_one(".empty")
    assert li.get("/queue", of="unit").html.select_one(".empty a[href='/take-down']")


def test_the_queue_is_for_staff_who_handle_cases(browse: Browser, town: Town) -> None:
    assert browse.get("/queue", status=303).to.startswith("/sign-in")
    browse.sign_in(town.admin).get("/queue", status=403)


def test_the_list_says_how_a_search_was_understood(li: Browser, session: Session, town: Town, clock: Clock) -> None:
    to_li(session, town, clock, contact={"phone": "13812345678"})

    assert "查找： 此电话号码的工单" in li.get("/queue", search="138 1234 5678").text
    assert "查找： 含这些文字的工单" in li.get("/queue", search="楼道").text
    assert "没有找到在办工单" in li.get("/queue", search="13812345679").text
