"""How do people say a time? Today 14:30, tomorrow morning, 3 h 20 min left.

Times come in with any zone and are said in that of the installation.
"""

import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from babel.dates import format_date

from service.timekeeping import ZONE

SOON = timedelta(hours=4)
"""What is due within this time is shown as soon, where nobody says otherwise."""
DAY, HOUR, MINUTE = 86_400, 3_600, 60
_LOCALES: Mapping[str, str] = {"zh": "zh_CN", "en": "en_GB"}
_NEAR: Mapping[str, Mapping[int, str]] = {
    "zh": {-1: "昨天", 0: "今天", 1: "明天"},
    "en": {-1: "yesterday", 0: "today", 1: "tomorrow"},
}
_DATE: Mapping[str, str] = {"zh": "M月d日 EEE", "en": "EEE d MMM"}
_DATE_AND_YEAR: Mapping[str, str] = {"zh": "y年M月d日 EEE", "en": "EEE d MMM y"}
_COMMA: Mapping[str, str] = {"zh": " ", "en": ", "}
_PARTS_OF_THE_DAY: Mapping[str, tuple[tuple[int, str], ...]] = {
    "zh": ((5, "凌晨"), (8, "早上"), (11, "上午"), (13, "中午"), (18, "下午"), (24, "晚上")),
    "en": ((5, " early morning"), (12, " morning"), (18, " afternoon"), (24, " evening")),
}


def when(value: datetime, now: datetime, language: str, *, rough: bool = False) -> str:
    """Return 今天 14:30, or 11月25日 周三 14:30 for days that have no name of their own.

    `rough` says the part of the day instead of the minute: 明天上午, 'tomorrow morning'.
    """
    there, days = _there(value, now)
    near = _NEAR[language].get(days)
    day = near or _date(there, now, language)
    if rough:
        part = _part_of_the_day(there, language)
        return "this" + part if near == "today" else day + part
    return f"{day}{' ' if near else _COMMA[language]}{there:%H:%M}"


def deadline(value: datetime, now: datetime, language: str) -> str:
    """Return the time with its weekday, always: 明天 周三 14:30, 'tomorrow, Wed 14:30'."""
    there, days = _there(value, now)
    near = _NEAR[language].get(days)
    if near is None:
        return when(value, now, language)
    return f"{near}{_COMMA[language]}{_said(there.date(), 'EEE', language)} {there:%H:%M}"


def moment(value: datetime, now: datetime, language: str) -> str:
    """Return the date with its weekday and the time, whatever day it is: for what is printed, or compared."""
    there, _ = _there(value, now)
    return f"{_date(there, now, language)}{_COMMA[language]}{there:%H:%M}"


def day(value: date, now: datetime, language: str) -> str:
    """Return a date with its weekday, and with its year unless that is this year: 11月23日 周一."""
    return _date(datetime.combine(value, time(), ZONE), now, language)


def weekday(value: date, language: str) -> str:
    """Return the day of the week of a date: 周三, 'Wed'."""
    return format_date(value, "EEE", locale=_LOCALES[language])


def hours(length: timedelta, language: str) -> str:
    """Return a length of time in hours, minutes and seconds, exactly: 14 小时 30 分, '168 h'."""
    seconds = round(length.total_seconds())
    units = ("小时", "分" if seconds >= HOUR else "分钟", "秒") if language == "zh" else ("h", "min", "s")
    parts = zip((seconds // HOUR, seconds % HOUR // MINUTE, seconds % MINUTE), units, strict=True)
    said = " ".join(f"{number:,} {unit}" for number, unit in parts if number)
    return said if said else f"0 {units[0]}"


def span(length: timedelta, language: str, *, units: int = 2) -> str:
    """Return the largest units of a length of time, rounded down: 3 小时 20 分, '2 d 4 h'. Three reach the minute."""
    seconds = int(abs(length.total_seconds()))
    days, hours, minutes = seconds // DAY, seconds % DAY // HOUR, seconds % HOUR // MINUTE
    if language == "zh":
        parts = [(days, "天"), (hours, "小时"), (minutes, "分" if hours else "分钟")]
        nothing = "不到 1 分钟"
    else:
        parts = [(days, "d"), (hours, "h"), (minutes, "min")]
        nothing = "less than 1 min"
    first = next((i for i, (number, _) in enumerate(parts) if number), None)
    if first is None:
        return nothing
    return " ".join(f"{number} {unit}" for number, unit in parts[first : first + units] if number)


def wait(length: timedelta, language: str) -> str:
    """Return how long to wait, never less than it takes: to the minute, rounded up; below one minute to the second."""
    seconds = math.ceil(length.total_seconds())
    if seconds < MINUTE:
        return hours(timedelta(seconds=seconds), language)
    return span(timedelta(minutes=math.ceil(seconds / MINUTE)), language, units=3)


def remaining(due_at: datetime, now: datetime, language: str) -> str:
    """Return 还剩 3 小时 20 分 before the deadline, and from it on 已超时 2 天 4 小时 59 分.

    What is left is rounded down, so that no promise looks longer than it is; what is over is said to the minute.
    """
    left = due_at - now
    is_left = left > timedelta(0)
    said = span(left, language, units=2 if is_left else 3)
    if language == "zh":
        space = " " if said[0].isdigit() else ""
        return f"{'还剩' if is_left else '已超时'}{space}{said}"
    return f"{said} left" if is_left else f"{said} overdue"


def time_state(due_at: datetime | None, now: datetime, state: str = "running", soon: timedelta | None = None) -> str:
    """Return how a promise is shown: what `state` says, and while it runs in_time, soon or overdue."""
    if state != "running" or due_at is None:
        return "cancelled" if state == "running" else state
    if due_at <= now:
        return "overdue"
    return "soon" if due_at - now <= (SOON if soon is None else soon) else "in_time"


def from_minute(value: datetime) -> datetime:
    """Return the first full minute from which on something is possible: said without seconds, it is true."""
    begun = value.replace(second=0, microsecond=0)
    return begun if begun == value else begun + timedelta(minutes=1)


def _there(value: datetime, now: datetime) -> tuple[datetime, int]:
    """Return the time in the installation's zone and how many calendar days it lies ahead."""
    there = value.astimezone(ZONE)
    return there, (there.date() - now.astimezone(ZONE).date()).days


def _date(there: datetime, now: datetime, language: str) -> str:
    same_year = there.year == now.astimezone(ZONE).year
    pattern = (_DATE if same_year else _DATE_AND_YEAR)[language]
    return _said(there.date(), pattern, language)


@lru_cache(maxsize=1000)
def _said(day: date, pattern: str, language: str) -> str:
    """Return a day as Babel says it, which looks its locale up anew each time: a list says few days very often."""
    return format_date(day, pattern, locale=_LOCALES[language])


def _part_of_the_day(there: datetime, language: str) -> str:
    return next(words for before, words in _PARTS_OF_THE_DAY[language] if there.hour < before)
