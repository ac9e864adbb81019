"""Are the State Council's notices read as they are meant, and refused where they cannot be?"""

from datetime import date
from pathlib import Path

import pytest

from sla_policies.calendar_files import YearDays
from sla_policies.documents import DocumentInvalidError, parse_calendar
from sla_policies.notices import Notice, read_notice
from sla_policies.year_files import Origin, findings, sum_of, year_file
from tests.sentences import said

NOTICES = Path(__file__).parents[1] / "cases" / "notices"
CALENDARS = Path(__file__).parents[2] / "sla_policies" / "calendars"
YEARS = sorted(int(path.stem) for path in NOTICES.glob("*.txt"))


def notice_of(year: int) -> Notice:
    return read_notice((NOTICES / f"{year}.txt").read_text(encoding="utf-8"))


def kept(year: int) -> YearDays:
    found = parse_calendar((CALENDARS / f"{year}.yaml").read_text(encoding="utf-8"), str(year))
    assert isinstance(found, YearDays)
    return found


def weekdays(days: "tuple[date, ...] | frozenset[date]") -> set[date]:
    """Weekend days in a notice's ranges are off anyway; not every file of a year repeats them."""
    return {day for day in days if day.weekday() < 5}


def days(*texts: str) -> tuple[date, ...]:
    return tuple(date.fromisoformat(text) for text in texts)


@pytest.mark.parametrize("year", YEARS)
def test_a_whole_notice_gives_the_days_of_its_year(year: int) -> None:
    notice = notice_of(year)
    assert notice.year == year
    assert weekdays(notice.off) == weekdays(kept(year).off)
    assert set(notice.worked) == kept(year).worked


def test_a_notice_says_its_name_its_number_and_its_date() -> None:
    notice = notice_of(2010)
    assert notice.title == "国务院办公厅关于2010年部分节假日安排的通知（国办发明电〔2009〕27号）"
    assert notice.published == date(2009, 12, 7)  # written as 二○○九年十二月七日
    assert notice_of(2025).published == date(2024, 11, 12)
    assert [feast.name for feast in notice.feasts][:2] == ["元旦", "春节"]


READ = [
    # year, text, off, worked
    (2026, "1月1日至3日放假", ("2026-01-01", "2026-01-02", "2026-01-03"), ()),
    (2026, "１月１日放假。", ("2026-01-01",), ()),  # full-width digits
    (2026, "1 月 1 日 放假", ("2026-01-01",), ()),
    (2026, "五月一日放假", ("2026-05-01",), ()),
    (2026, "2月16日（八月十五）放假", ("2026-02-16",), ()),  # a lunar date in brackets says nothing
    (2026, "1月1日、2日放假，1月4日(周日)照常上班", ("2026-01-01", "2026-01-02"), ("2026-01-04",)),
    (2026, "1月1日和1月2日放假，共2天", ("2026-01-01", "2026-01-02"), ()),
    (2008, "12月31日至1月1日放假", ("2007-12-31", "2008-01-01"), ()),
    (2023, "12月31日至2023年1月1日放假", ("2022-12-31", "2023-01-01"), ()),
    (2006, "1月1日放假。12月31日（星期六）上班", ("2006-01-01",), ("2005-12-31",)),
    (2024, "2月29日放假", ("2024-02-29",), ()),
    (2026, "1月1日放假，1月3日（星期六）公休日调至1月2日", ("2026-01-01", "2026-01-02"), ("2026-01-03",)),
    (2026, "1月1日放假。1月2日起正常上班", ("2026-01-01",), ()),
    (2024, "1月1日放假。鼓励安排职工在除夕（2月9日）休息。", ("2024-01-01",), ()),  # advice is no day off
    (2025, "1月1日（周三）放假1天，不调休。", ("2025-01-01",), ()),
    (2027, "1月1日放假，与周末连休，共3天。", ("2027-01-01",), ()),
]


@pytest.mark.parametrize(("year", "text", "off", "worked"), READ)
def test_a_sentence_is_read(year: int, text: str, off: tuple[str, ...], worked: tuple[str, ...]) -> None:
    notice = read_notice(text, year=year)
    assert notice.off == days(*off)
    assert notice.worked == days(*worked)


REFUSED = [
    ("1月1日（周五）放假", "2026-01-01 is a 星期四"),
    ("1月1日至3日放假，共4天", "These are 3 days, not 4"),
    ("1月1日至3日放假，共三十天", "These are 3 days, not 30"),
    ("1月1日放假。1月5日上班", "2026-01-05 is no weekend day, but worked"),
    ("1月1日至3日放假。1月3日上班", "2026-01-03 is given off and worked"),
    ("1月1日至3日不放假", "“1月1日至3日不放假” cannot be read"),
    ("1月1日至3日酌情放假", "cannot be read"),
    ("元旦：1月1日放假，酌情调休两天", "“酌情调休两天” cannot be read"),
    ("元旦：1月1日、1月2日。", "neither off nor worked"),
    ("1月1日放假，1月3日公休日调至", "does not say to which days"),
    ("延长2026年春节假期至2月2日", "cannot be read"),
    ("2月30日放假", "“2026-2-30” is no date"),
    ("13月1日放假", "is no date"),
    ("3日放假", "says no month"),
    ("1月3日至1日放假", "no range of 1 to 31 days"),
    ("1月1日至3月1日放假", "no range of 1 to 31 days"),
    ("2024年1月1日放假", "2024-01-01 is not in 2026"),
    ("你好", "gives no day off"),
    ("", "gives no day off"),
]


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_what_cannot_be_read_is_refused(text: str, why: str) -> None:
    with pytest.raises(DocumentInvalidError) as refused:
        read_notice(text, year=2026)
    assert any(why in sentence for sentence in said(refused.value.problems))


def test_a_line_that_cannot_be_read_is_named_and_so_is_the_next() -> None:
    text = "一、元旦：1月1日放假。\n二、春节：2月16日酌情放假。\n三、清明节：4月5日（星期一）放假。\n祝大家节日快乐。\n"
    with pytest.raises(DocumentInvalidError) as refused:
        read_notice(text, name="notice.txt", year=2026)
    assert [(problem.file, problem.line) for problem in refused.value.problems] == [
        ("notice.txt", 2),
        ("notice.txt", 3),
    ]


def test_the_year_must_be_known_and_be_the_one_that_is_asked_for() -> None:
    with pytest.raises(DocumentInvalidError, match="does not say which year"):
        read_notice("1月1日放假")
    with pytest.raises(DocumentInvalidError, match="is about 2026, not 2025"):
        read_notice("现将2026年节假日安排通知如下：\n元旦：1月1日放假", year=2025)


@pytest.mark.parametrize("year", [2008, 2013, 2018, 2022, 2026])
def test_a_written_year_is_read_again_with_the_same_days(year: int) -> None:
    notice = notice_of(year)
    written = parse_calendar(year_file(notice, Origin(source="https://www.gov.cn/x")), "new.yaml")
    assert isinstance(written, YearDays)
    assert (written.off, written.worked) == (frozenset(notice.off), frozenset(notice.worked))
    assert written.source == "https://www.gov.cn/x"


def test_the_year_of_2026_is_written_as_it_stands_in_the_package() -> None:
    origin = Origin("https://www.gov.cn/gongbao/2025/issue_12406/202511/content_7048922.html", "B")
    assert year_file(notice_of(2026), origin) == (CALENDARS / "2026.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("year", [year for year in YEARS if year not in (2005, 2006, 2007, 2011, 2012, 2015)])
def test_the_days_of_an_ordinary_year_balance(year: int) -> None:
    others = [kept(other) for other in range(2002, 2027) if other != year]
    assert findings(notice_of(year), Origin(), others) == []


def test_a_year_that_does_not_balance_says_so_unless_there_is_a_reason() -> None:
    others = [kept(other) for other in range(2002, 2027) if other != 2015]
    (found,) = said(findings(notice_of(2015), Origin(), others))
    assert "2015 has 12 weekdays off more than weekend days worked, not 11" in found
    assert findings(notice_of(2015), Origin(balance_reason="A special notice."), others) == []


def test_a_december_day_that_breaks_the_year_before_names_that_year() -> None:
    others = [kept(other) for other in range(2002, 2026)]
    text = "元旦：1月1日至3日放假。12月27日（星期六）上班。\n劳动节：5月1日放假"
    found = said(findings(read_notice(text, year=2026), Origin(), others))
    assert any(one.startswith("2025:1: 2025 has 12") for one in found)


def test_names_that_yaml_could_misread_are_quoted() -> None:
    notice = read_notice("“迎春”节, 第一: 1月1日放假".replace(", ", "和"), year=2026)
    assert notice.off == days("2026-01-01")
    written = parse_calendar(year_file(notice, Origin(source="a: b # c")), "new.yaml")
    assert isinstance(written, YearDays)
    assert written.source == "a: b # c"


def test_the_days_of_a_year_are_counted() -> None:
    notice = notice_of(2026)
    counted = sum_of(2026, notice.off, notice.worked)
    assert (counted.workdays, counted.rest_days) == (248, 117)
    assert (counted.weekdays_off, counted.weekend_worked) == (19, 6)
    assert counted.adds_up
    assert not sum_of(2026, notice.off, days("2026-05-04", "2026-05-11")).adds_up, "a Monday cannot be made up"
