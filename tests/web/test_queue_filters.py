"""Saved filters of the queue: named, counted, chosen as the first view, and never with a telephone number."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from service.accounts.tables import Person
from service.cases.numbers import case_number
from service.errors import InvalidFieldsError, NotFoundError
from service.handling import filters
from service.handling.filters import MOST_FILTERS, Count, counts, filters_of, open_with, save_filter
from service.handling.queues import Ask, Tab, queue
from service.handling.searching import names_a_telephone
from service.handling.tables import SavedFilter
from tests.builders import counted, received
from tests.people import MONDAY_8, Town
from tests.web.conftest import Browser, Clock
from tests.web.workers import HOSTILE, to_li


@pytest.fixture
def li(browse: Browser, town: Town) -> Browser:
    """李强 at his browser."""
    signed = browse.sign_in(town.li_qiang)
    browse.session.commit()
    return signed


def saved(session: Session, person: Person, name: str = "逾期", **ask: object) -> SavedFilter:
    made = save_filter(session, person, name, Ask(**ask), now=MONDAY_8)  # type: ignore[arg-type]
    session.commit()
    return made


def wrong(session: Session, person: Person, name: str, search: str = "") -> set[str]:
    with pytest.raises(InvalidFieldsError) as refused:
        save_filter(session, person, name, Ask(search=search), now=MONDAY_8)
    return set(refused.value.fields)


# Saved


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_view_is_saved_under_a_name_and_stands_above_the_queue_with_its_count(
    li: Browser, session: Session, town: Town, clock: Clock, language: str
) -> None:
    to_li(session, town, clock)
    received(session, clock.now, text="电梯坏了")
    li.speak(language)
    view = li.get("/queue?search=路灯&of=unit")

    page = li.get(view.html.select_one(".filters-save")["href"])  # type: ignore[index, arg-type]
    answer = li.post(page, "/queue/filters", name="灯")

    chip = li.get(answer.to).html.select_one(".filters a[aria-current]")
    assert chip is not None
    assert chip.get_text(" ", strip=True) == "灯 1"
    assert (filters_of(session, town.li_qiang)[0].search, filters_of(session, town.sun_li)) == ("路灯", [])


def test_counts_are_those_of_the_list_and_come_in_one_statement(session: Session, town: Town, clock: Clock) -> None:
    for number in range(3):
        to_li(session, town, clock, text=f"路灯坏了 {number}")
    to_li(session, town, clock, text="电梯坏了")
    asks = [
        Ask(),
        Ask(search="路灯"),
        Ask(Tab.OVERDUE),
        Ask(Tab.TODAY, search="电梯"),
        Ask(search="湖滨社区", mine=False),
    ]
    own = [saved(session, town.li_qiang, str(at), **vars(ask)) for at, ask in enumerate(asks)]
    later = clock.now + timedelta(hours=1)

    with counted(session) as sent:
        found = counts(session, town.li_qiang, own, later)

    assert [found[one.id or 0] for one in own] == [
        Count(queue(session, town.li_qiang, ask, later).counts[ask.tab], or_more=False) for ask in asks
    ]
    assert found[own[1].id or 0].number == 3
    assert len([one for one in sent if one.startswith("SELECT (SELECT count")]) == 1


def test_a_count_says_at_least_where_it_stopped_looking(
    session: Session, town: Town, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        to_li(session, town, clock)
    whole, words = saved(session, town.li_qiang, "甲"), saved(session, town.li_qiang, "乙", search="路灯")

    monkeypatch.setattr(filters, "MOST_COUNTED", 2)
    found = counts(session, town.li_qiang, [whole, words], clock.now)
    assert set(found.values()) == {Count(2, or_more=True)}

    monkeypatch.setattr(filters, "MOST_COUNTED", 99)
    monkeypatch.setattr(filters, "LOOKED_THROUGH", 2)
    found = counts(session, town.li_qiang, [whole, words], clock.now)
    assert (found[whole.id or 0], found[words.id or 0]) == (Count(3, or_more=False), Count(2, or_more=True))


# Checked


@pytest.mark.parametrize("name", ["", "  ", "\x00", "字" * 31, *HOSTILE[3:], "打 13800138000"])
def test_a_name_that_cannot_be_is_refused_and_kept(li: Browser, session: Session, town: Town, name: str) -> None:
    page = li.post(li.get("/queue/filters?tab=overdue"), "/queue/filters", 422, name=name)

    assert page.html.select_one("#f-name-error")
    assert filters_of(session, town.li_qiang) == []


def test_a_name_is_taken_whatever_its_case_and_width(session: Session, town: Town) -> None:
    saved(session, town.li_qiang, "Lamps 1")

    assert wrong(session, town.li_qiang, "ＬＡＭＰＳ　１") == {"name"}
    assert saved(session, town.sun_li, "Lamps 1").id


def test_there_can_be_so_many_and_no_more(session: Session, town: Town) -> None:
    for number in range(MOST_FILTERS):
        saved(session, town.li_qiang, f"第{number}个")

    assert wrong(session, town.li_qiang, "又一个") == {"name"}


@pytest.mark.parametrize(
    ("words", "is_one"),
    [
        ("13800138000", True),
        ("１３８ ００１３ ８０００", True),
        ("王芳 138-0013-8000", True),
        ("+86 138 0013 8000", True),
        ("0571-88886666", True),
        ("88886666", True),
        ("电话13800138000。", True),
        ("138001380001380", True),
        (case_number(MONDAY_8.date(), 13800), False),
        (case_number(MONDAY_8.replace(day=30).date(), 138_001_380), False),
        ("3栋2单元501", False),
        ("2026 年 11 月", False),
        ("路灯", False),
        ("", False),
    ],
)
def test_a_telephone_number_is_known_in_whatever_is_written_around_it(words: str, is_one: bool) -> None:
    assert names_a_telephone(words) is is_one


def test_a_telephone_number_is_not_saved_and_the_page_says_why(li: Browser, session: Session, town: Town) -> None:
    page = li.get("/queue/filters?search=138+0013+8000")

    refused = li.post(page, "/queue/filters", 422, name="王女士")

    assert "电话号码不能保存" in refused.text
    assert session.exec(select(SavedFilter)).all() == []
    assert refused.fields("/queue/filters")["name"] == "王女士"


# Renamed, chosen, removed


def test_a_filter_is_renamed_chosen_as_first_view_and_removed(li: Browser, session: Session, town: Town) -> None:
    one = saved(session, town.li_qiang, tab=Tab.OVERDUE, mine=False)
    at = f"/queue/filters/{one.id}"

    li.post(li.get("/queue/filters"), f"{at}/rename", name="全部逾期")
    li.post(li.get("/queue/filters"), f"{at}/first")
    assert li.get("/queue", 303).to == "/queue?tab=overdue&of=unit"
    page = li.get("/queue?tab=overdue&of=unit")
    assert "全部逾期" in page.text
    everything = page.html.select_one("#tab-all")["href"]  # type: ignore[index]
    mine = li.get(str(everything)).html.select_one(".whose a")["href"]  # type: ignore[index]
    assert (everything, mine) == ("/queue?of=unit&tab=all", "/queue?tab=all")
    assert li.get(str(mine)).html.select_one(".whose a[aria-current]")

    li.post(li.get("/queue/filters"), f"{at}/not_first")
    li.get("/queue", 200)
    li.post(li.get("/queue/filters"), f"{at}/remove")
    assert filters_of(session, town.li_qiang) == []


def test_the_usual_view_as_first_view_leads_nowhere_else(li: Browser, session: Session, town: Town) -> None:
    open_with(session, town.li_qiang, saved(session, town.li_qiang, "我的").id)
    session.commit()

    assert li.get("/queue").html.select_one(".filters a[aria-current]")


def test_only_one_filter_is_the_first_view(session: Session, town: Town) -> None:
    one, other = (saved(session, town.li_qiang, name) for name in "甲乙")
    open_with(session, town.li_qiang, one.id)
    open_with(session, town.li_qiang, other.id)

    assert [saved.is_first for saved in filters_of(session, town.li_qiang)] == [False, True]


def test_filters_of_others_are_not_there(li: Browser, session: Session, town: Town) -> None:
    foreign = saved(session, town.sun_li, "孙丽的")
    own = saved(session, town.li_qiang, "李强的")
    page = li.get("/queue/filters")
    csrf = page.fields(f"/queue/filters/{own.id}/rename")["csrf"]

    assert "孙丽的" not in page.text
    for change in ("rename", "first", "remove", "fly"):
        sent = {"csrf": csrf, "name": "我的"}
        assert li.client.post(f"/queue/filters/{foreign.id}/{change}", data=sent).status_code == 404
    with pytest.raises(NotFoundError):
        open_with(session, town.li_qiang, foreign.id)
    assert filters_of(session, town.sun_li)[0].name == "孙丽的"


@pytest.mark.parametrize("name", ["", "字" * 31, "甲"])
def test_a_new_name_that_cannot_be_is_refused_beside_its_field(
    li: Browser, session: Session, town: Town, name: str
) -> None:
    saved(session, town.li_qiang, "甲")
    one = saved(session, town.li_qiang, "乙")

    page = li.post(li.get("/queue/filters"), f"/queue/filters/{one.id}/rename", 422, name=name)

    assert page.html.select_one("#f-name-error")
    assert page.fields(f"/{one.id}/rename")["name"] == name
