"""How is a notice written as the file of its year, and do its days add up?"""

import json
import re
from calendar import isleap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sla_policies.calendar_files import YearDays, check_years, statutory_days, weekdays_gained
from sla_policies.documents import parse_calendar
from sla_policies.notices import Notice
from sla_policies.opening_hours import ONE_DAY
from sla_policies.reading import Problem

ENGLISH = {
    "元旦": "New Year's Day",
    "春节": "Spring Festival",
    "清明节": "Tomb-Sweeping Day",
    "劳动节": "Labour Day",
    "端午节": "Dragon Boat Festival",
    "中秋节": "Mid-Autumn Festival",
    "国庆节": "National Day",
}
ALSO_CALLED = {"“五一”": "劳动节", "“五一”国际劳动节": "劳动节", "国际劳动节": "劳动节", "“十一”": "国庆节"}
PLAIN = re.compile(r"[\w〔〕（）、/.?=&%:-]+")
"""What YAML reads as it stands, within brackets too."""


@dataclass(frozen=True)
class Origin:
    """What is not in the text of a notice: where it was read, and why its days may differ from the law."""

    source: str = ""
    mark: str = "C"
    balance_reason: str = ""


@dataclass(frozen=True)
class YearSum:
    """The days of a year, counted one by one."""

    year: int
    workdays: int
    rest_days: int
    weekdays_off: int
    weekend_worked: int

    @property
    def adds_up(self) -> bool:
        """Are they all days of the year, and as many workdays as weekdays, less those off, with those worked?"""
        days = 365 + isleap(self.year)
        weekdays = sum(_day(self.year, n).weekday() < 5 for n in range(days))
        together = self.workdays + self.rest_days
        return together == days and self.workdays == weekdays - self.weekdays_off + self.weekend_worked


def sum_of(year: int, off: Iterable[date], worked: Iterable[date]) -> YearSum:
    """Count a year's workdays, rest days, weekdays off and weekend days worked."""
    off, worked = set(off), set(worked)
    days = [_day(year, n) for n in range(365 + isleap(year))]
    workdays = sum(day not in off and (day.weekday() < 5 or day in worked) for day in days)
    weekdays_off = sum(day in off and day.weekday() < 5 for day in days)
    return YearSum(year, workdays, len(days) - workdays, weekdays_off, sum(day in worked for day in days))


def findings(notice: Notice, origin: Origin, others: Sequence[YearDays]) -> list[Problem]:
    """Return what would be wrong with the calendars of a folder, if this year were put beside the other years."""
    read = parse_calendar(year_file(notice, origin, others), f"{notice.year}.yaml")
    return check_years([*others, read] if isinstance(read, YearDays) else others)


def year_file(notice: Notice, origin: Origin, others: Sequence[YearDays] = ()) -> str:
    """Return the text of calendars/YEAR.yaml for a notice; the notice of a year after it may name its December."""
    title = notice.title or f"国务院办公厅关于{notice.year}年部分节假日安排的通知"
    off = {day for one in others for day in one.off}.union(notice.off)
    worked = {day for one in others for day in one.worked}.union(notice.worked)
    balance = weekdays_gained(notice.year, off, worked)
    lines = [
        "# yaml-language-server: $schema=../schemas/calendar.schema.json",
        f"# Days off (休) and make-up workdays (班) of {notice.year}.",
        f"year: {notice.year}",
        f"notice: {_written(title)}",
        *([f"published: {notice.published}"] if notice.published else []),
        *([f"source: {_written(origin.source)}"] if origin.source else []),
        f"mark: {origin.mark}",
    ]
    if origin.balance_reason and balance != statutory_days(notice.year):
        lines += [f"balance: {balance}", f"balance_reason: {json.dumps(origin.balance_reason, ensure_ascii=False)}"]
    lines.append("days:")
    for feast in notice.feasts:
        zh, en = names(feast.name)
        lines.append(f"  - name: {{zh: {_written(zh)}, en: {json.dumps(en, ensure_ascii=False)}}}")
        lines += [f"    off: [{', '.join(spans(feast.off))}]"] if feast.off else []
        lines += [f"    worked: [{', '.join(map(str, sorted(feast.worked)))}]"] if feast.worked else []
    return "\n".join(lines) + "\n"


def names(said: str) -> tuple[str, str]:
    """Return a feast's name in Chinese and English, as the notice has it where it is not one of the seven."""
    parts = [ALSO_CALLED.get(part, part) for part in said.split("、")]
    return "、".join(parts) or "节假日", ", ".join(ENGLISH.get(part, part) for part in parts) or "Holiday"


def spans(days: Iterable[date]) -> list[str]:
    """Return days as calendar files have them: those in a row as first..last."""
    rows: list[list[date]] = []
    for day in sorted(days):
        if rows and day - rows[-1][-1] == ONE_DAY:
            rows[-1].append(day)
        else:
            rows.append([day])
    return [f"{row[0]}..{row[-1]}" if len(row) > 1 else str(row[0]) for row in rows]


def _day(year: int, number: int) -> date:
    return date(year, 1, 1) + ONE_DAY * number


def _written(text: str) -> str:
    """Return a text as YAML takes it: as it stands where it can be misread in no way, else in quotes."""
    return text if PLAIN.fullmatch(text) and not text.endswith(":") else json.dumps(text, ensure_ascii=False)
