"""What do written opening hours say: usual ones, and those of single days?"""

import re
from datetime import date, timedelta

LEAST_OPEN = timedelta(hours=8)
"""A desk should be open this long on each day (DOMAIN 3: 8 小时工作制)."""
MINUTES_A_DAY = 24 * 60
_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*(?:-|–|—|~|至|to)\s*(\d{1,2}):(\d{2})")
_BETWEEN_HOURS = re.compile(r"[,，、;；\n]+")
CLOSED = "–"
"""How a day on which nobody is there is stored."""
_CLOSED_WORDS = frozenset({"closed", "休", "休息", "闭", "关闭", "不开放", "-", "—", CLOSED})
_LINE = re.compile(r"(\d{4}-\d{2}-\d{2})\s*[::]?\s+(.+)")
MOST_DAYS = 366


def opening(hours: str) -> tuple[tuple[int, int], ...] | None:
    """Return the spans of '08:30–12:00, 13:30–18:00' in minutes of the day; None when it cannot be read.

    A span that ends at or before its start goes on after midnight.
    """
    spans: list[tuple[int, int]] = []
    for part in _BETWEEN_HOURS.split(hours.strip()):
        found = _HOURS.fullmatch(part.strip())
        if found is None:
            return None
        hour, minute, to_hour, to_minute = (int(number) for number in found.groups())
        starts, ends = hour * 60 + minute, to_hour * 60 + to_minute
        if minute > 59 or to_minute > 59 or starts >= MINUTES_A_DAY or ends > MINUTES_A_DAY:
            return None
        spans.append((starts, ends if ends > starts else ends + MINUTES_A_DAY))
    return tuple(spans)


def tidy_hours(hours: str) -> str:
    """Return opening hours as they are stored: '08:30–12:00, 13:30–18:00'; what cannot be read stays as it is."""
    spans = opening(hours)
    if spans is None:
        return hours.strip()
    return ", ".join(f"{_clock(starts)}–{_clock(ends)}" for starts, ends in spans)


def _clock(minutes: int) -> str:
    wrapped = minutes if minutes <= MINUTES_A_DAY else minutes - MINUTES_A_DAY
    return f"{wrapped // 60:02d}:{wrapped % 60:02d}"


def open_for(hours: str) -> timedelta | None:
    """Return how long a day the desk is open, overlaps counted once; None when no hours are given."""
    spans = opening(hours) if hours else None
    if not spans:
        return None
    minutes = {minute % MINUTES_A_DAY for starts, ends in spans for minute in range(starts, ends)}
    return timedelta(minutes=len(minutes))


def is_open_too_little(hours: str) -> bool:
    """Is the desk open for less than eight hours a day, or does nobody know?"""
    length = open_for(hours)
    return length is None or length < LEAST_OPEN


def special_days(text: str) -> dict[date, str] | None:
    """Return the hours of special days, CLOSED where nobody is there, from lines like '2026-10-01 closed'.

    None when a line cannot be read or a day stands twice.
    """
    found: dict[date, str] = {}
    for line in filter(None, (part.strip() for part in text.splitlines())):
        parts = _LINE.fullmatch(line)
        try:
            day = date.fromisoformat(parts[1]) if parts else None
        except ValueError:
            day = None
        if parts is None or day is None or day in found or len(found) == MOST_DAYS:
            return None
        is_closed = parts[2].strip().casefold() in _CLOSED_WORDS
        if not is_closed and opening(parts[2]) is None:
            return None
        found[day] = CLOSED if is_closed else parts[2].strip()
    return found


def tidy_days(text: str) -> str:
    """Return special days as they are stored, one a line in their order; what cannot be read stays as it is."""
    days = special_days(text)
    if days is None:
        return text.strip()
    return "\n".join(f"{day} {hours if hours == CLOSED else tidy_hours(hours)}" for day, hours in sorted(days.items()))
