"""Where among the working periods of some days in a row does a moment, or an amount of working time, lie?"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate

NO_TIME = timedelta()
Period = tuple[datetime, datetime]


@dataclass(frozen=True)
class Stretch:
    """The working periods of some days in a row, added up so that a place among them is found by bisection."""

    opens: list[datetime]
    closes: list[datetime]
    sums: list[timedelta]
    """The working time before each period, and at last that of the whole stretch."""
    workdays: list[int]
    """The workdays among the days, as ordinals."""

    def until(self, at: datetime) -> timedelta:
        """Return the working time of the stretch before a moment."""
        i = bisect_left(self.opens, at) - 1
        return self.sums[i] + min(at, self.closes[i]) - self.opens[i] if i >= 0 else NO_TIME


def stretch_of(periods: Sequence[Period], workdays: Sequence[date]) -> Stretch:
    """Return the stretch with these working periods and workdays, both in order of time."""
    sums = list(accumulate((closes - opens for opens, closes in periods), initial=NO_TIME))
    ordinals = [day.toordinal() for day in workdays]
    return Stretch([opens for opens, _ in periods], [closes for _, closes in periods], sums, ordinals)
