"""Which dates does a piece of a holiday notice name, when it leaves out years and months?"""

import re
from calendar import isleap
from dataclasses import dataclass
from datetime import date, timedelta

from sla_policies.sentences import SaidError

WEEKDAYS = "一二三四五六日"
DASHES = "至到~〜—–―−-"
ONE = rf"(?:(?P<year>\d{{4}})年)?(?:(?P<month>\d{{1,2}})月)?(?P<day>\d{{1,2}})(?:日|(?=[、{DASHES}]+\d))"
DATE = re.compile(rf"{ONE}(?P<note>(?:\([^()]*\))*)")
DASH = re.compile(rf"[{DASHES}]+")
BETWEEN = re.compile(r"[、和及与,]*")
WEEKDAY = re.compile(r"(?:星期|周|礼拜)([一二三四五六日天])")
LONGEST = 31


class DateUnreadableError(SaidError):
    """A date of a notice is none, contradicts its weekday, or cannot be told from the text."""


@dataclass
class DateReader:
    """Reads dates in the order of the text; a year or month that is left out is that of the date before."""

    year: int
    """The year of the notice."""
    last: date | None = None
    within: tuple[date, ...] = ()
    """The last range: a day without a month that begins a list (其中，29日、30日…) is its day of that number."""

    def read(self, text: str) -> tuple[list[date], str]:
        """Return the dates that a text begins with, ranges written out, and what follows them.

        Errors: DateUnreadableError.
        """
        found: list[date] = []
        while match := DATE.match(text):
            if not found and not match["month"]:
                self.last = next((day for day in self.within if day.day == int(match["day"])), self.last)
            rest = text[match.end() :]
            dash = DASH.match(rest)
            until = DATE.match(rest, dash.end()) if dash else None
            if until is None:
                found.append(self._one(match))
            else:
                found += self._range(match, until)
                rest = rest[until.end() :]
            after = BETWEEN.match(rest)
            text = rest[after.end() :] if after and DATE.match(rest, after.end()) else rest
            if text is rest:
                break
        return found, text

    def _one(self, match: re.Match[str]) -> date:
        last = self.last
        if match["year"]:
            found = _date(int(match["year"]), self._month(match), int(match["day"]))
        elif match["month"]:
            days = self._years(match) if last else []
            found = min(days, key=lambda day: abs(day - (last or day)), default=self._in(match, self.year))
        else:
            found = self._in(match, last.year if last else self.year)
        return self._checked(match, found)

    def _range(self, begin: re.Match[str], end: re.Match[str]) -> list[date]:
        """Return all days of a range; without a year in the text it may begin in the December before."""
        if end["year"] and not begin["year"]:
            last = _date(int(end["year"]), int(end["month"] or 0) or self._month(begin), int(end["day"]))
            first = max(day for day in self._years(begin) if day <= last)
        else:
            first = self._one(begin)
            month = int(end["month"] or first.month)
            last = _date(int(end["year"] or first.year), month, int(end["day"]))
            if last < first and month < first.month and not end["year"]:
                first, last = self._over_the_year(begin, first, last)
        self._checked(begin, first)
        self._checked(end, last)
        if not 0 <= (last - first).days < LONGEST:
            what = "{first} to {last} is no range of 1 to {most} days."
            raise DateUnreadableError(what, first=first, last=last, most=LONGEST)
        self.within = tuple(first + timedelta(days=n) for n in range((last - first).days + 1))
        return list(self.within)

    def _over_the_year(self, begin: re.Match[str], first: date, last: date) -> tuple[date, date]:
        """Return 30 December to 1 January: the end lies in the notice's year where nothing says otherwise."""
        if begin["year"] or first.year < self.year:
            return first, _date(first.year + 1, last.month, last.day)
        return _date(first.year - 1, first.month, first.day), last

    def _years(self, match: re.Match[str]) -> list[date]:
        """Return the date in the notice's year and in those beside it, as far as it exists there."""
        month, day = self._month(match), int(match["day"])
        years = (self.year - 1, self.year, self.year + 1)
        # 29 February is no date of every year.
        return [_date(year, month, day) for year in years if (month, day) != (2, 29) or isleap(year)]

    def _in(self, match: re.Match[str], year: int) -> date:
        return _date(year, self._month(match), int(match["day"]))

    def _month(self, match: re.Match[str]) -> int:
        if match["month"]:
            return int(match["month"])
        if self.last is None:
            raise DateUnreadableError("“{date}” says no month.", date=match[0])
        return self.last.month

    def _checked(self, match: re.Match[str], found: date) -> date:
        """Return the date, which is from now on the one before; its weekday must be the one that is written."""
        for name in WEEKDAY.findall(match["note"]):
            if name.replace("天", "日") != WEEKDAYS[found.weekday()]:
                what, weekday = "{day} is a 星期{weekday}, not “{note}”.", WEEKDAYS[found.weekday()]
                raise DateUnreadableError(what, day=found, weekday=weekday, note=match["note"])
        self.last = found
        return found


def _date(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise DateUnreadableError("“{text}” is no date.", text=f"{year}-{month}-{day}") from None
