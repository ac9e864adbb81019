"""The public pages about promises, and the explanation of a case for staff and on the command line."""

import json
import re
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session
from typer.testing import CliRunner

from service.cases.rules import Action
from service.cli import app
from service.clocks.queries import current_book
from service.routing.queries import directory
from service.web.policy_pages import Source, policies_told, source_of
from sla_policies.policy import Match, Metric
from sla_policies.reading import in_language
from tests.builders import case_of, does, received, resident_does
from tests.people import MONDAY_8, Town
from tests.web.conftest import Browser, Clock
from tests.web.workers import path, signed

CHINESE = re.compile(r"[\u4e00-\u9fff]+")
DUE = "/promises/due"
ASKED: dict[str, Any] = {"topic": "C05", "grade": "", "day": "2026-11-23", "time": "10:00"}


def main_text(page: object) -> str:
    """Return the words of the page itself, one space between them."""
    return " ".join(page.html.select_one("main").get_text(" ").split())  # type: ignore[attr-defined]


# What we promise


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_promises_are_told_from_the_policy_in_force(browse: Browser, town: Town, language: str) -> None:
    page = browse.speak(language).get("/promises")
    text = main_text(page)

    book = current_book(MONDAY_8)
    for policy in book.policies:
        assert (policy.title_en if language == "en" else policy.title_zh) in text
        for target in policy.targets.values():
            said = in_language(target.source, language)
            assert said == "Proposed here" or said in text, "each number names its source"
        for step in policy.ladder:
            assert (step.title_en if language == "en" else step.title_zh) in text
            said = in_language(step.source, language)
            assert said == "Proposed here" or said in text
    assert ("电梯" if language == "zh" else "Lifts") in text, "topics are named"
    assert book.version in text
    assert ("暂停累计最多 7 天" if language == "zh" else "All pauses together may last 7 days") in text


def test_topics_stand_where_the_policy_puts_them(browse: Browser, town: Town) -> None:
    page = browse.get("/promises")

    urgent = page.html.select_one("[aria-labelledby=national-G2]")
    ordinary = page.html.select_one("[aria-labelledby=national-G3]")
    assert urgent is not None
    assert ordinary is not None
    assert "电梯" in urgent.get_text()
    assert "电梯" not in ordinary.get_text()
    assert "环境卫生与垃圾" in ordinary.get_text()


def test_a_source_is_told_in_the_language_of_the_reader_where_it_is_kept_in_both() -> None:
    both = "北京征求意见稿\nBeijing draft"

    assert source_of("C", both, "zh") == Source("a copy of a published text", "北京征求意见稿", "zh-CN")
    assert source_of("C", both, "en") == Source("a copy of a published text", "Beijing draft", "en")
    assert source_of("C", "国办函 names it", "en").lang == "zh-CN"
    assert source_of("C", "Beijing draft", "zh") == Source("a copy of a published text", "Beijing draft", "en")


def test_a_policy_of_some_areas_says_where_it_holds_and_for_which_topics(session: Session, town: Town) -> None:
    book = current_book(MONDAY_8)
    here = replace(
        book.policies[0], name="here", match=Match(grades=frozenset({"G3"}), areas=frozenset({"990101001001"}))
    )

    told = policies_told(replace(book, policies=(here, *book.policies)), directory(session), "en")

    by_name = {one.policy.name: one for one in told}
    usual = next(one for one in told if one.policy.is_default)
    assert by_name["here"].where == [town.areas["shore"].name_en]
    assert by_name["here"].examples
    assert by_name["here"].examples == usual.examples
    assert usual.where == []


def test_home_footer_and_receipt_lead_to_the_promises(browse: Browser, town: Town) -> None:
    page = browse.get("/")

    assert [a for a in page.html.select("main a") if a["href"] == "/promises"]
    assert [a for a in page.html.select("footer a") if a["href"] == "/promises"]


# The calendar of a year


def test_the_year_marks_days_off_and_make_up_days_in_words(browse: Browser, town: Town) -> None:
    page = browse.get("/promises/calendar/2026")

    assert len(page.html.select(".month")) == 12
    october = page.html.select(".month")[9]
    assert [td.get_text(" ", strip=True) for td in october.select("td.off")] == [f"{n} 休" for n in range(1, 8)]
    assert [td.get_text(" ", strip=True) for td in october.select("td.worked")] == ["10 班"]
    assert "10月1日–10月7日 休 国庆节" in " ".join(october.get_text(" ").split())
    assert "国办发明电〔2025〕7号" in page.text
    assert [a["href"] for a in page.html.select(".years a[rel]")] == [
        "/promises/calendar/2025", "/promises/calendar/2027",
    ]  # fmt: skip


@pytest.mark.parametrize(("language", "said"), [("zh", "暂定"), ("en", "Provisional")])
def test_a_year_without_a_notice_says_that_it_is_provisional(
    browse: Browser, town: Town, language: str, said: str
) -> None:
    browse.speak(language)

    assert said in main_text(browse.get("/promises/calendar/2027"))
    assert said not in main_text(browse.get("/promises/calendar/2025"))


@pytest.mark.parametrize("year", ["1900", "9999", "26", "abcd", "２０２６", "2026x", "-2026", "%00"])
def test_an_impossible_year_is_told_in_a_sentence(browse: Browser, town: Town, year: str) -> None:
    page = browse.get(f"/promises/calendar/{year}", 404)

    assert page.html.select_one("h1")


# What if


@pytest.mark.parametrize(
    ("language", "due", "why"),
    [("zh", "11月30日 周一 10:00", "承诺时限：7 天。"), ("en", "Mon 30 Nov, 10:00", "Promised: 7 days.")],
)
def test_what_if_tells_the_due_times_and_why(browse: Browser, town: Town, language: str, due: str, why: str) -> None:
    text = main_text(browse.speak(language).get(DUE, **ASKED))

    assert due in text
    assert why in text


def test_what_if_shows_the_holidays_it_leaps_over(browse: Browser, town: Town) -> None:
    text = main_text(browse.get(DUE, topic="M03", day="2026-09-30", time="16:00"))

    assert "因此应在 10月8日 周四 17:30 前完成。" in text
    assert "放假：国庆节" in text
    provisional = main_text(browse.get(DUE, topic="M03", day="2026-12-31", time="16:00"))
    assert "这个时间是暂定的：2027 年的放假安排尚未公布。" in provisional


def test_what_if_asks_first_and_keeps_what_was_typed(browse: Browser, session: Session, town: Town) -> None:
    page = browse.get(DUE)
    assert page.fields()["day"] == "2026-11-23"
    assert not page.html.select("#answers")
    session.commit()

    wrong = browse.get(DUE, 422, topic="C05", day="tomorrow", time="10:00")
    assert wrong.fields()["day"] == "tomorrow"
    assert wrong.fields()["topic"] == "C05"


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"day": "9999-12-31"}, "day"),
        ({"day": "1900-01-01"}, "day"),
        ({"day": "0000-00-00"}, "day"),
        ({"day": "2026-02-30"}, "day"),
        ({"day": "明天"}, "day"),
        ({"day": ""}, "day"),
        ({"day": "9" * 9_000}, "day"),
        ({"time": "25:00"}, "time"),
        ({"time": "noon"}, "time"),
        ({"topic": "nothing"}, "topic"),
        ({"topic": "<script>alert(1)</script>"}, "topic"),
        ({"topic": "a\x00b"}, "topic"),
        ({"topic": "", "grade": ""}, "topic"),
        ({"grade": "G9"}, "grade"),
    ],
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_cannot_be_understood_is_told_beside_its_field(
    browse: Browser, session: Session, town: Town, answers: dict[str, str], field: str, language: str
) -> None:
    session.commit()
    page = browse.speak(language).get(DUE, 422, **(ASKED | answers))

    error = page.html.select_one(f"#f-{field}-error")
    assert error is not None
    if language == "en":
        assert not CHINESE.search(error.get_text())
    assert "<script>alert" not in str(page.html)


@pytest.mark.parametrize("day", ["2026/11/23", "2026年11月23日", "２０２６－１１－２３", " 2026-11-23 "])
def test_days_are_read_as_people_write_them(browse: Browser, town: Town, day: str) -> None:
    assert "11月30日 周一 10:00" in main_text(browse.get(DUE, **(ASKED | {"day": day})))


# A case


@pytest.mark.parametrize("where", ["", "/clock"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_worker_reads_how_the_time_was_counted(
    browse: Browser, session: Session, town: Town, clock: Clock, where: str, language: str
) -> None:
    case = signed(session, town, clock)
    does(session, case, town.li_qiang, Action.ASK, clock.now + timedelta(hours=1), text="哪一栋楼？")
    resident_does(session, case, Action.ANSWER, clock.now + timedelta(hours=4), text="3 栋")
    clock.turn(hours=5)

    text = main_text(browse.sign_in(town.li_qiang).speak(language).get(path(case) + where))

    if language == "zh":
        assert "11月23日 周一 11:00 至 11月23日 周一 14:00 暂停（等待诉求人答复），时限顺延 3 小时。" in text
        assert "因此应在 11月30日 周一 13:00 前完成。" in text
        assert "合计 168 小时" in text
    else:
        assert "It stood still from Mon 23 Nov, 11:00 to Mon 23 Nov, 14:00" in text
        assert "Together 168 h" in text
    assert ("一般 : 以上都不适用时的默认承诺" if language == "zh" else "Ordinary : the default") in text


def test_strangers_and_other_communities_do_not_see_the_clock_of_a_case(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case = signed(session, town, clock)
    session.commit()

    assert browse.get(f"{path(case)}/clock", 303).to.startswith("/sign-in")
    browse.sign_in(town.zhao_min).get(f"{path(case)}/clock", 404)
    session.commit()
    browse.sign_in(town.admin).get(f"{path(case)}/clock", 403)


# The command line


@pytest.fixture
def here(session: Session, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command look at the test's own transaction, at the test's own time."""
    monkeypatch.setattr("service.database.transaction", lambda: nullcontext(session))
    monkeypatch.setattr("service.web.deps.real_now", lambda: clock.now)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", ("承诺时限：7 天。", "昼夜计算", "合计: 168 小时")),
        ("en", ("Promised: 7 days.", "Day and night", "Together: 168 h")),
    ],
)
def test_the_command_tells_a_case_in_both_languages(
    session: Session, town: Town, clock: Clock, language: str, said: tuple[str, ...]
) -> None:
    case, _ = received(session, clock.now)

    told = CliRunner().invoke(app, ["policies", "explain", case.number, "--lang", language])

    assert told.exit_code == 0, told.output
    assert all(words in told.output for words in said), told.output
    if language == "en":
        assert set(CHINESE.findall(told.output)) <= {case_of(session, case.number).title}
    one = CliRunner().invoke(app, ["policies", "explain", case.number, "--metric", "accept"])
    assert one.output.count("■") == 1


@pytest.mark.usefixtures("here")
def test_the_command_gives_json_that_adds_up(session: Session, town: Town, clock: Clock) -> None:
    case, _ = received(session, clock.now)

    told = json.loads(CliRunner().invoke(app, ["policies", "explain", case.number, "--json"]).output)

    assert [one["metric"] for one in told["promises"]] == [Metric.ACCEPT, Metric.CONTACT, Metric.RESOLVE]
    for one in told["promises"]:
        assert sum(days["minutes"] for days in one["days"]) == one["minutes_allowed"] == one["promised"]["amount"]
        assert one["days"][-1]["counted"][-1][1] == one["due_at"]


@pytest.mark.usefixtures("here", "town")
@pytest.mark.parametrize("number", ["20261123-00042-0", "x", "", "20261123-00099-4", "a\nb"])
def test_a_wrong_number_is_a_sentence_and_exit_code_1(number: str) -> None:
    for language, said in (("zh", "没有编号为"), ("en", "There is no case")):
        told = CliRunner().invoke(app, ["policies", "explain", number, "--lang", language])
        assert told.exit_code == 1
        assert said in told.output
        assert "Traceback" not in told.output
