"""Which days of a year are worked, which are not, and what for?"""

from calendar import Calendar
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from babel.dates import format_date, get_day_names

from service.clocks.explaining import CalendarTexts
from service.errors import ServiceError
from service.web.catalogues import Language
from service.web.policy_pages import LOCALES
from sla_policies.calendar_files import YearDays


class YearUnknownError(ServiceError):
    """There is no calendar for that year."""

    status, code = 404, "year-unknown"
    sentence = "There is no calendar for this year. There are those from {first} to {last}."


@dataclass(frozen=True)
class DayCell:
    """One date of the year; mark is "off", "worked" or nothing (an ordinary day of the week)."""

    day: date
    mark: str
    name: str


@dataclass(frozen=True)
class Month:
    """One month: its weeks from Monday on (None: a day of another month), and what is special about it in words."""

    title: str
    weeks: list[list[DayCell | None]]
    special: list[tuple[str, str, str]]
    """Dates, mark, name."""


@dataclass(frozen=True)
class Year:
    """A year as it is worked."""

    year: int
    notice: YearDays | None
    is_provisional: bool
    """No notice is published for it, or only a part of it."""
    december_may_move: bool
    before: int | None
    after: int | None
    weekdays: list[str]
    months: list[Month]


def year_told(texts: CalendarTexts, typed: str, language: Language) -> Year:
    """Return the year of that number. Errors: YearUnknownError.

    The year after the last known one is told too, by its ordinary weeks, and as provisional.
    """
    first, last = min(texts.years), max(texts.years) + 1
    if not (typed.isascii() and typed.isdecimal() and len(typed) == 4 and first <= int(typed) <= last):
        raise YearUnknownError(first=first, last=last)
    year = int(typed)
    notice = texts.years.get(year)
    next_ = texts.years.get(year + 1)
    weekdays = get_day_names("abbreviated", locale=LOCALES[language])
    return Year(
        year=year,
        notice=notice,
        is_provisional=notice is None or not notice.complete,
        december_may_move=next_ is None or not next_.complete,
        before=year - 1 if year > first else None,
        after=year + 1 if year < last else None,
        weekdays=[weekdays[n] for n in range(7)],
        months=[_month(texts, year, month, language) for month in range(1, 13)],
    )


def _month(texts: CalendarTexts, year: int, month: int, language: Language) -> Month:
    weeks = [
        [_cell(texts, day, language) if day.month == month else None for day in week]
        for week in Calendar().monthdatescalendar(year, month)
    ]
    cells = [cell for week in weeks for cell in week if cell is not None]
    title = format_date(date(year, month, 1), "LLLL", locale=LOCALES[language])
    return Month(title, weeks, list(_special(cells, language)))


def _cell(texts: CalendarTexts, day: date, language: Language) -> DayCell:
    off = any(day in year.off for year in texts.years.values())
    worked = any(day in year.worked for year in texts.years.values())
    name = texts.names.get(day, ("", ""))[1 if language == "en" else 0]
    return DayCell(day, "off" if off else "worked" if worked else "", name)


def _special(cells: Iterable[DayCell], language: Language) -> Iterator[tuple[str, str, str]]:
    """Yield runs of dates with the same mark and name."""
    for (mark, name), group in groupby(cells, lambda cell: (cell.mark, cell.name)):
        days = [cell.day for cell in group]
        if mark:
            ends = days[:1] if len(days) == 1 else [days[0], days[-1]]
            pattern = "M月d日" if language == "zh" else "d MMM"
            yield "–".join(format_date(day, pattern, locale=LOCALES[language]) for day in ends), mark, name
