from datetime import timedelta

import pytest
from sqlmodel import Session

from service.accounts.tables import Absence
from service.cases.rules import Action
from service.escalations.actions import sweep
from service.feedback.actions import rate
from service.insight.queries import FIRST, brief
from service.rosters.actions import add_absence
from service.routing.queries import directory
from tests.builders import counted, does, received
from tests.people import Town
from tests.web.conftest import Browser, Clock, Page

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def figures(page: Page) -> list[str]:
    return [n.get_text() for n in page.html.select(".brief-numbers strong")]


def test_the_brief_counts_what_happened_since_yesterday_and_what_will(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    late, _ = received(session, clock.now)
    night, _ = received(session, clock.now + 13 * HOUR)
    settled, _ = received(session, clock.now + 20 * HOUR)
    does(session, settled, town.li_qiang, Action.ACCEPT, clock.now + 21 * HOUR)
    does(session, settled, town.li_qiang, Action.RESOLVE, clock.now + 21 * HOUR, text="换了新灯")
    rate(session, settled.id or 0, {"solved": "yes", "satisfaction": "satisfied"}, now=clock.now + 21 * HOUR)
    sweep(session, clock.now + 25 * HOUR)
    clock.now += 25 * HOUR

    page = browse.sign_in(town.chen_jing).get("/board/brief")

    came, done, missed, escalated, answered = figures(page)
    assert (came, done, answered) == ("2", "1", "1"), "the first came in before the day began"
    assert "其中夜间 2 件" in page.text
    assert int(missed) >= 1
    assert int(escalated) >= 1
    assert late.number in page.text
    assert night.number in page.text
    known = directory(session)
    seen = brief(session, town.chen_jing, known, clock.now, days=3)
    assert seen.happened.received == 3
    assert sum(number for _, number in seen.hours) == seen.today_count


@pytest.mark.parametrize(("language", "words"), [("zh", "晨会简报"), ("en", "Nothing is overdue.")])
def test_an_empty_brief_speaks_both_languages(browse: Browser, town: Town, language: str, words: str) -> None:
    page = browse.sign_in(town.chen_jing).get(f"/board/brief?lang={language}")
    assert page.status == 200
    assert words in page.text
    assert figures(page) == ["0"] * 5


def test_the_brief_names_who_is_away_with_cases_and_who_holds_too_many(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case, _ = received(session, clock.now)
    holder = next(p for p in town.people.values() if p.id == case.assignee_id)
    holder.capacity = 1
    received(session, clock.now)
    other, _ = received(session, clock.now)
    does(session, other, town.chen_jing, Action.REASSIGN, clock.now, person_id=holder.id)
    browse.sign_in(town.chen_jing)
    pressed = browse.get("/board/brief").html.select_one("section[aria-labelledby=pressed]")
    assert pressed is not None
    assert f"{holder.name}、在办" in pressed.get_text()
    away = Absence(person_id=holder.id or 0, starts_at=clock.now, ends_at=clock.now + DAY)
    add_absence(session, holder, away, by=town.chen_jing, now=clock.now)
    assert "不在岗，手上有" in browse.get("/board/brief").text


def test_a_long_list_says_how_much_of_it_stands_there(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    for _ in range(FIRST + 3):
        received(session, clock.now)
    clock.now += 40 * HOUR
    page = browse.sign_in(town.chen_jing).get("/board/brief")
    assert f"共 {FIRST + 3} 件，列出 {FIRST} 件" in page.text


def test_the_brief_asks_as_much_of_the_database_for_many_cases_as_for_few(
    session: Session, town: Town, clock: Clock
) -> None:
    known, numbers = directory(session), []
    for more in (2, 9):
        for _ in range(more):
            received(session, clock.now)
        session.expire_all()
        with counted(session) as sent:
            brief(session, town.chen_jing, known, clock.now + 30 * HOUR)
        numbers.append(len(sent))
    assert numbers[0] == numbers[1]


@pytest.mark.parametrize("days", ["", "0", "-1", "999999999999", "x", "2"])
def test_a_span_that_is_not_offered_is_a_day(browse: Browser, town: Town, days: str) -> None:
    page = browse.sign_in(town.chen_jing).get(f"/board/brief?days={days}")
    assert page.status == 200
    assert page.html.select_one("option[selected]")["value"] == "1"  # type: ignore[index]


def test_the_brief_is_for_those_who_decide_and_of_their_own_area(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    elsewhere, _ = received(session, clock.now, area="磨坊村")
    clock.now += 40 * HOUR
    assert elsewhere.number not in browse.sign_in(town.chen_jing).get("/board/brief").text
    assert elsewhere.number in browse.sign_in(town.qian_bo).get("/board/brief").text
    browse.sign_in(town.li_qiang).get("/board/brief", status=403)
