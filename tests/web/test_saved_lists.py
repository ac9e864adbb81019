"""Saved lists of the board: named, counted, in both languages, and of nothing that somebody may not see."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from service.accounts.tables import Person
from service.errors import InvalidFieldsError, NotFoundError
from service.escalations.actions import sweep
from service.escalations.filters import counts, lists_of, remove_list, rename_list, save_list
from service.escalations.lists import Where, cases_listed, unanswered_listed
from service.escalations.rules import Which
from service.handling import filters
from service.handling.filters import MOST_FILTERS, Count
from tests.builders import counted, received
from tests.people import MONDAY_8, Town
from tests.web.conftest import Browser, Clock, Page

LATE = timedelta(hours=40)


@pytest.fixture
def chen(browse: Browser, town: Town) -> Browser:
    """陈静 at her browser."""
    signed = browse.sign_in(town.chen_jing)
    browse.session.commit()
    return signed


@pytest.fixture
def late(session: Session, town: Town, clock: Clock) -> None:
    """Two cases of 湖滨 and one of 东山 that nobody has answered for 40 hours."""
    for area in ("湖滨社区", "湖滨社区", "东山社区"):
        received(session, clock.now, area=area)
    clock.now += LATE
    sweep(session, clock.now)
    session.commit()


def shore(town: Town) -> Where:
    return Where(town.areas["shore"].id or 0)


def saved(
    session: Session, person: Person, name: str, which: Which = Which.BREACHED, where: Where | None = None
) -> int:
    made = save_list(session, person, name, which, where, now=MONDAY_8)
    session.commit()
    return made.id or 0


def chips(page: Page) -> list[str]:
    return [a.get_text(" ", strip=True) for a in page.html.select(".filters a:not(.filters-save)")]


@pytest.mark.usefixtures("late")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_list_is_saved_from_where_it_is_looked_at_and_stands_on_the_board(
    chen: Browser, session: Session, town: Town, language: str
) -> None:
    chen.speak(language)
    view = chen.get(f"/board/list/breached?area={town.areas['shore'].code}")
    page = chen.get(str(view.html.select_one(".filters-save")["href"]))  # type: ignore[index]

    answer = chen.post(page, "/board/saved", name="湖滨")

    listed = chen.get(answer.to)
    assert chips(listed) == ["湖滨 2"]
    assert listed.html.select_one(".filters a[aria-current=true]")
    assert answer.to == f"/board/list/breached?area={town.areas['shore'].code}"
    assert chips(chen.get("/board")) == ["湖滨"]
    assert lists_of(session, town.he_jun) == []


def test_what_was_saved_with_a_name_in_each_language_is_called_by_it(
    chen: Browser, session: Session, town: Town
) -> None:
    save_list(session, town.chen_jing, "湖滨", Which.OPEN, shore(town), now=MONDAY_8, name_en="Hubin")
    assert chips(chen.speak("en").get("/board")) == ["Hubin"]
    assert chips(chen.speak("zh").get("/board")) == ["湖滨"]
    rename_list(session, town.chen_jing, lists_of(session, town.chen_jing)[0].id or 0, "Lake")
    assert chips(chen.get("/board")) == ["Lake"]
    assert chips(chen.speak("en").get("/board")) == ["Lake"]


@pytest.mark.usefixtures("late")
@pytest.mark.parametrize("which", list(Which))
@pytest.mark.parametrize("inside", [False, True])
def test_the_number_is_that_of_the_list(session: Session, town: Town, clock: Clock, which: Which, inside: bool) -> None:
    where = shore(town) if inside else None
    one = save_list(session, town.chen_jing, "x", which, where, now=MONDAY_8)
    listing = unanswered_listed(session, town.chen_jing, where=where)
    count = listing.count
    if which is not Which.UNACKNOWLEDGED:
        count = cases_listed(session, town.chen_jing, which, clock.now, where=where).count
    assert counts(session, town.chen_jing, [one], clock.now) == {one.id: Count(count, or_more=False)}
    assert which in (Which.SOON, Which.UNASSIGNED) or count > 0


@pytest.mark.usefixtures("late")
def test_many_are_counted_in_one_statement_and_not_to_the_end(
    session: Session, town: Town, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [save_list(session, town.chen_jing, f"{which}", which, None, now=MONDAY_8) for which in Which]
    with counted(session) as sent:
        counts(session, town.chen_jing, many, clock.now)
    assert len(sent) == 1
    assert counts(session, town.chen_jing, [], clock.now) == {}
    for module in (filters, __import__("service.escalations.filters", fromlist=["x"])):
        monkeypatch.setattr(module, "MOST_COUNTED", 2)
    assert counts(session, town.chen_jing, many[:1], clock.now) == {many[0].id: Count(2, or_more=True)}


@pytest.mark.parametrize("name", ["", "  ", "字" * 31, "13800138000", "湖滨"])
def test_a_name_that_cannot_be_is_refused_and_kept(chen: Browser, session: Session, town: Town, name: str) -> None:
    saved(session, town.chen_jing, "湖滨", Which.OPEN)
    page = chen.get("/board/saved/breached")
    again = chen.post(page, "/board/saved/breached", status=422, name=name)
    assert again.html.select_one("#f-name-error, .error")
    kept = again.html.select_one("#do-list input[name=name]")
    assert kept is not None
    assert kept["value"] == name.strip()
    assert len(lists_of(session, town.chen_jing)) == 1


def test_there_is_a_most(session: Session, town: Town) -> None:
    for number in range(MOST_FILTERS):
        saved(session, town.chen_jing, f"{number}")
    with pytest.raises(InvalidFieldsError):
        saved(session, town.chen_jing, "one more")


def test_it_is_renamed_and_removed_by_its_owner_only(chen: Browser, session: Session, town: Town) -> None:
    own, other = saved(session, town.chen_jing, "一"), saved(session, town.he_jun, "他的")
    page = chen.get("/board/saved/breached")
    chen.post(page, f"/{own}/rename", name="二")
    assert chips(chen.get("/board")) == ["二"]
    for change in (rename_list, remove_list):
        with pytest.raises(NotFoundError):
            change(session, town.chen_jing, other, *(("x",) if change is rename_list else ()))  # type: ignore[operator]
    chen.post(chen.get("/board/saved/breached"), f"/{own}/remove")
    assert lists_of(session, town.chen_jing) == []
    assert len(lists_of(session, town.he_jun)) == 1


def test_of_an_area_that_is_not_theirs_nothing_is_saved_or_shown(chen: Browser, session: Session, town: Town) -> None:
    chen.get(f"/board/saved/open?area={town.areas['mill'].code}", 404)
    saved(session, town.chen_jing, "磨坊", Which.OPEN, Where(town.areas["mill"].id or 0))
    assert chips(chen.get("/board")) == []
    assert chips(chen.get("/board/list/open")) == []
    kept = chen.get("/board/saved/open").html.select_one("main section h2")
    assert kept is not None
    assert "磨坊" in kept.get_text()
    assert not kept.select("a")


@pytest.mark.parametrize("path", ["/board/saved/x", "/board/saved/", "/board/saved/BREACHED"])
def test_what_is_no_list_is_not_found(chen: Browser, path: str) -> None:
    chen.get(path, 404)


def test_a_worker_has_no_board_to_save_from(browse: Browser, town: Town) -> None:
    browse.sign_in(town.li_qiang).get("/board/saved/open", 403)
