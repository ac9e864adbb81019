"""How many deadlines a second and core does the engine find, beside a library of the kind and a plain walk over days?

    python tests/bench/clock.py [--seconds 2]

One process on one core, the same starts for all: every 97 minutes of the weeks around the National Day of 2026, whose
Sundays before and Saturday after are worked. Each runs once before it is measured. All must find the same moments.
"""

import argparse
import platform
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from itertools import cycle, islice
from time import process_time
from zoneinfo import ZoneInfo

import businesstimedelta
import pytz

from sla_policies.clock import Clock, ClockEvent, EventKind
from sla_policies.documents import packaged_book
from sla_policies.policy import Budget, Metric, Target, TimeKind
from sla_policies.work_calendar import round_the_clock

Deadline = Callable[[datetime], datetime]
ZONE = ZoneInfo("Asia/Shanghai")
DESK = packaged_book().calendars["workdays"]
FIRST = datetime(2026, 9, 21, tzinfo=UTC)
STARTS = [FIRST + timedelta(minutes=97 * n) for n in range(400)]
HOURS = ((8.5, 12.0), (13.5, 17.5))
WORKING, DAYS, ELAPSED = timedelta(hours=30), 15, timedelta(hours=24)
TARGET = 50_000


def is_workday(day: date) -> bool:
    """Return what the calendar's files say of a day, for those who know no make-up days."""
    return day in DESK.worked or (day.weekday() < 5 and day not in DESK.off)


class Walk:
    """What most programs do: from midnight to midnight, window by window, in local time."""

    @staticmethod
    def elapsed(start: datetime) -> datetime:
        """The same as any datetime: nothing to walk."""
        return start + ELAPSED

    @staticmethod
    def working(start: datetime) -> datetime:
        """Take the windows of each day until the time is spent."""
        at, left = start.astimezone(ZONE), WORKING
        while True:
            midnight = datetime(at.year, at.month, at.day, tzinfo=ZONE)
            for opens, closes in HOURS if is_workday(at.date()) else ():
                begin, end = max(at, midnight + timedelta(hours=opens)), midnight + timedelta(hours=closes)
                if begin < end and end - begin >= left:
                    return begin + left
                left -= max(end - begin, timedelta())
            at = midnight + timedelta(days=1)

    @staticmethod
    def workdays(start: datetime) -> datetime:
        """Count days that are worked; the last one ends with business hours."""
        day, left = start.astimezone(ZONE).date(), DAYS
        while left:
            day += timedelta(days=1)
            left -= is_workday(day)
        return datetime(day.year, day.month, day.day, 17, 30, tzinfo=ZONE)


def library() -> Deadline:
    """Return the working time of businesstimedelta; it knows no make-up days, so these get rules of their own."""
    zone, days = pytz.timezone(str(ZONE)), [date(2026, 9, 1) + timedelta(days=n) for n in range(120)]
    shut = {day for day in days if not is_workday(day)}
    rules = [
        businesstimedelta.WorkDayRule(start_time=opens, end_time=closes, working_days=list(range(7)), tz=zone)
        for opens, closes in (((time_of(a), time_of(b))) for a, b in HOURS)
    ]
    one = businesstimedelta.Rules([*rules, businesstimedelta.HolidayRule(shut, tz=zone)])
    span = businesstimedelta.BusinessTimeDelta(one, hours=int(WORKING.total_seconds()) // 3600)
    return lambda start: start + span


def time_of(hours: float) -> time:
    """Return a time of day from hours after midnight."""
    return time(int(hours), round(hours % 1 * 60))


def of_clock(budget: Budget, calendar: str = "workdays") -> Deadline:
    """Return the due time of a whole promise: target, calendar and the event that started it."""
    target = Target(Metric.RESOLVE, budget, calendar)
    desk = DESK if calendar == "workdays" else round_the_clock(ZONE)

    def due(start: datetime) -> datetime:
        at = Clock(target, desk, (ClockEvent(start, EventKind.STARTED),)).due_at
        assert at is not None
        return at

    return due


def rate(find: Deadline, seconds: float) -> float:
    """Return how many deadlines a second of processor time were found, after one warm-up over all starts."""
    for start in STARTS:
        find(start)
    found, starts, begun = 0, cycle(STARTS), process_time()
    while (spent := process_time() - begun) < seconds:
        for start in islice(starts, 20):
            find(start)
        found += 20
    return found / spent


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0)
    seconds = parser.parse_args().seconds
    around = round_the_clock(ZONE)
    kinds: dict[str, dict[str, Deadline | None]] = {
        "24 h, day and night": {
            "calendar": lambda s: around.add(s, ELAPSED),
            "whole clock": of_clock(Budget(24 * 60, TimeKind.ELAPSED), "round_the_clock"),
            "walk": Walk.elapsed,
        },
        "30 working hours over the holiday": {
            "calendar": lambda s: DESK.add(s, WORKING),
            "whole clock": of_clock(Budget(30 * 60, TimeKind.WORKING)),
            "walk": Walk.working,
            "businesstimedelta": library(),
        },
        "15 workdays": {
            "calendar": lambda s: DESK.add_workdays(s, DAYS),
            "whole clock": of_clock(Budget(DAYS, TimeKind.WORKDAYS)),
            "walk": Walk.workdays,
        },
    }
    print(f"Python {platform.python_version()}, one core of {platform.machine()}; deadlines a second")
    print(f"{'':36}{'calendar':>12}{'whole clock':>12}{'walk':>12}{'businesstimedelta':>20}   target {TARGET:,}")
    for name, finders in kinds.items():
        for start in STARTS:
            moments = {find(start).astimezone(UTC) for find in finders.values() if find}
            assert len(moments) == 1, (name, start, moments)
        row = {who: rate(find, seconds) for who, find in finders.items() if find}
        cells = [f"{row[who]:,.0f}" if who in row else "—" for who in ("calendar", "whole clock", "walk")]
        last = f"{row['businesstimedelta']:,.0f}" if "businesstimedelta" in row else "—"
        verdict = "met" if row["calendar"] > TARGET else "MISSED"
        print(f"{name:36}" + "".join(f"{cell:>12}" for cell in cells) + f"{last:>20}   {verdict}")


if __name__ == "__main__":
    main()
