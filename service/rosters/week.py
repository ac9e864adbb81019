"""How are days of the week and hours of a day written, and read back, in English or Chinese?"""

import re
from collections.abc import Iterable, Mapping

DAYS, MINUTES_A_DAY = 7, 1_440
DAY_NAMES: Mapping[str, tuple[str, ...]] = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
}
_SIGNS: Mapping[str, tuple[str, str]] = {"en": ("-", ","), "zh": ("至", "、")}
"""What stands from one day to another, and between days."""
_OTHER_NAMES = (
    ("mo", "tu", "we", "th", "fr", "sa", "su"),
    ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"),
    ("", "", "", "", "", "", "周天"),
    ("", "", "", "", "", "", "星期天"),
)
_DAY = {
    name.casefold(): day for names in (*DAY_NAMES.values(), *_OTHER_NAMES) for day, name in enumerate(names) if name
}
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*[-–—~至]\s*(\d{1,2}):(\d{2})")
_FROM_TO = re.compile(r"\s*[-–—~至]\s*")


class HoursUnreadableError(ValueError):
    """Hours of the week cannot be read, or two parts of them overlap; the text is a message id."""


def unreadable() -> HoursUnreadableError:
    """Return what is told of hours that cannot be read."""
    return HoursUnreadableError("These hours cannot be read. Write them as “Mon-Fri 08:30-17:30; Sat 09:00-12:00”.")


def parts_in(text: str) -> list[str]:
    """Return the parts of hours of the week, which a semicolon or a new line divides."""
    return [part.strip() for part in re.split(r"[;；\n]+", text) if part.strip()]


def hours_in(text: str) -> tuple[str, tuple[int, int] | None]:
    """Return what a part says beside its hours, and these in minutes of the day on which they begin.

    The end may lie in the next day; None: it names no hours. Errors: HoursUnreadableError.
    """
    span = _SPAN.search(text)
    if span is None:
        return text.strip(), None
    hour, minute, to_hour, to_minute = (int(number) for number in span.groups())
    starts, ends = hour * 60 + minute, to_hour * 60 + to_minute
    if minute > 59 or to_minute > 59 or starts >= MINUTES_A_DAY or ends > MINUTES_A_DAY:
        raise unreadable()
    named = (text[: span.start()] + text[span.end() :]).strip()
    return named, (starts, ends if ends > starts else ends + MINUTES_A_DAY)


def days_in(text: str) -> frozenset[int]:
    """Return the days that a text names, Monday is 0: 'Mon-Fri', '周一、周三'. Errors: HoursUnreadableError."""
    found: set[int] = set()
    for named in re.split(r"[,，、\s]+", text):
        ends = [_DAY.get(end.casefold()) for end in _FROM_TO.split(named)]
        first, last = ends[0], ends[-1]
        if first is None or last is None or len(ends) > 2:
            raise unreadable()
        found |= {(first + ahead) % DAYS for ahead in range((last - first) % DAYS + 1)}
    return frozenset(found)


def days_text(days: Iterable[int], language: str = "en") -> str:
    """Return 'Mon-Fri' or 'Mon,Wed'; days in a row from three on are written from-to."""
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    names, (from_to, between) = DAY_NAMES[language], _SIGNS[language]
    said = (
        [f"{names[run[0]]}{from_to}{names[run[-1]]}"] if len(run) > 2 else [names[day] for day in run] for run in runs
    )
    return between.join(name for told in said for name in told)


def clock(minutes: int) -> str:
    """Return a time of day as it is written; the end of a day is 24:00."""
    wrapped = minutes if minutes <= MINUTES_A_DAY else minutes - MINUTES_A_DAY
    return f"{wrapped // 60:02d}:{wrapped % 60:02d}"
