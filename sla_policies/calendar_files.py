"""What do the files of a calendar folder say: the days off of each year, and the hours of each desk?"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

from sla_policies.hours import DAY, Windows, window
from sla_policies.reading import Node, Problem, Reader
from sla_policies.sentences import SaidError
from sla_policies.work_calendar import WorkCalendar, round_the_clock

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ROUND_THE_CLOCK = "round_the_clock"
MARKS = ("A", "B", "C", "D", "M", "own")
NO_MARK = "“{word}” is no known mark."
SPANS = tuple(f"{a}-{b}" for i, a in enumerate(WEEKDAYS) for b in WEEKDAYS[i + 1 :])
YEARS, BALANCES = (1990, 2100), (-10, 40)
YEAR_REQUIRED = ("year", "notice", "mark", "days")
YEAR_KEYS = (*YEAR_REQUIRED, "published", "source", "complete", "balance", "balance_reason")
FEAST_REQUIRED = ("name",)
FEAST_KEYS = (*FEAST_REQUIRED, "off", "worked")
HOURS_KEYS = ("zone", "calendars")
DESK_REQUIRED = ("title", "week", "public_holidays")
DESK_KEYS = (*DESK_REQUIRED, "dates", "breaks", "off", "source", "mark")


@dataclass(frozen=True)
class YearDays:
    """The notice for one year: days off and make-up workdays, which may lie in the December before it."""

    file: str
    year: int
    notice: str
    off: frozenset[date]
    worked: frozenset[date]
    balance: int
    complete: bool
    names: Mapping[date, tuple[str, str]]
    """Date → what it is off or worked for, in Chinese and English."""
    source: str = ""
    """Where the notice can be read."""


@dataclass(frozen=True)
class DeskHours:
    """The hours of one kind of desk."""

    name: str
    zone: ZoneInfo
    week: tuple[Windows, ...]
    dated: Mapping[date, Windows]
    breaks: Mapping[date, Windows]
    public_holidays: bool
    off: frozenset[date]
    """Days on which this desk is closed for reasons of its own."""
    title: tuple[str, str] = ("", "")
    """In Chinese and English."""


def statutory_days(year: int) -> int:
    """Return how many weekdays off the law gives more than it takes: 10, 11 from 2008, 13 from 2025 on."""
    return 13 if year >= 2025 else 11 if year >= 2008 else 10


def weekdays_gained(year: int, off: Collection[date], worked: Collection[date]) -> int:
    """Return how many weekdays off a year has more than weekend days worked."""
    return sum(d.year == year and d.weekday() < 5 for d in off) - sum(d.year == year for d in worked)


def read_year(reader: Reader, root: Node) -> YearDays:
    """Read the file of one year."""
    entries = reader.table(root, YEAR_KEYS, YEAR_REQUIRED)
    year = reader.whole(entries.get("year"), *YEARS)
    reader.day(entries.get("published"))
    reader.one_of(entries.get("mark"), MARKS, NO_MARK)
    names: dict[date, tuple[str, str]] = {}
    off: dict[date, Node] = {}
    worked: dict[date, Node] = {}
    for item in reader.items(entries.get("days")):
        feast = reader.table(item, FEAST_KEYS, FEAST_REQUIRED)
        name = reader.both(feast.get("name"))
        for found, key in ((off, "off"), (worked, "worked")):
            for day, node in reader.days(feast.get(key)):
                if day in off or day in worked:
                    mend = "A date is either off or worked, once."
                    reader.wrong(node, "{day} is named twice.", mend, day=day)
                found[day], names[day] = node, name
    _check_days(reader, year, off, worked)
    balance = statutory_days(year)
    if "balance" in entries:
        balance = reader.whole(entries["balance"], *BALANCES)
        if balance != statutory_days(year) and "balance_reason" not in entries:
            mend = "Say why in balance_reason, or remove balance."
            what = "{year} has {law} statutory days."
            reader.wrong(entries["balance"], what, mend, year=year, law=statutory_days(year))
    complete = "complete" not in entries or reader.truth(entries["complete"])
    notice = reader.text(entries.get("notice"))
    source = reader.text(entries["source"]) if "source" in entries else ""
    return YearDays(reader.file, year, notice, frozenset(off), frozenset(worked), balance, complete, names, source)


def _check_days(reader: Reader, year: int, off: Mapping[date, Node], worked: Mapping[date, Node]) -> None:
    for day, node in (*off.items(), *worked.items()):
        if day.year != year and (day.year, day.month) != (year - 1, 12):
            mend = "A notice names days of its year and the December before."
            reader.wrong(node, "{day} is not in {year}.", mend, day=day, year=year)
    for day, node in worked.items():
        if day.weekday() < 5:
            mend = "Name only Saturdays and Sundays that are worked."
            weekday = WEEKDAYS[day.weekday()].title()
            reader.wrong(node, "{day} is a {weekday}, worked anyway.", mend, day=day, weekday=weekday)


def read_hours(reader: Reader, root: Node) -> list[DeskHours]:
    """Read a file with the hours of desks."""
    entries = reader.table(root, HOURS_KEYS, HOURS_KEYS)
    zone_name = reader.text(entries.get("zone"))
    if zone_name and zone_name not in available_timezones():
        mend = "Write one like Asia/Shanghai."
        reader.wrong(entries["zone"], "There is no time zone “{zone}”.", mend, zone=zone_name)
        zone_name = ""
    zone = ZoneInfo(zone_name or "UTC")
    desks = reader.named(entries["calendars"]) if "calendars" in entries else {}
    if ROUND_THE_CLOCK in desks:
        mend = "Choose another name: this one is always there."
        reader.wrong(desks.pop(ROUND_THE_CLOCK), "The calendar round_the_clock cannot be written.", mend)
    return [_desk(reader, name, node, zone) for name, node in desks.items()]


def _desk(reader: Reader, name: str, node: Node, zone: ZoneInfo) -> DeskHours:
    entries = reader.table(node, DESK_KEYS, DESK_REQUIRED)
    title = reader.both(entries.get("title"))
    week = _week(reader, entries["week"]) if "week" in entries else ()
    dated = _by_date(reader, entries.get("dates"))
    if week and not any(week) and not any(dated.values()):
        what = "The calendar {calendar} is empty: no hour is worked."
        reader.wrong(entries["week"], what, "Give a weekday hours.", calendar=name)
    off = frozenset(day for day, _ in reader.days(entries.get("off")))
    for day in off & dated.keys():
        reader.wrong(entries["dates"], "{day} has hours and is a day off.", "Keep one of the two.", day=day)
    breaks = _by_date(reader, entries.get("breaks"))
    return DeskHours(name, zone, week, dated, breaks, reader.truth(entries.get("public_holidays")), off, title)


def _week(reader: Reader, node: Node) -> tuple[Windows, ...]:
    week: list[Windows] = [()] * 7
    for key, hours in reader.table(node, (*WEEKDAYS, *SPANS)).items():
        first, _, last = key.partition("-")
        for day in range(WEEKDAYS.index(first), WEEKDAYS.index(last or first) + 1):
            if week[day]:
                weekday, mend = WEEKDAYS[day].title(), "Keep one line for each day."
                reader.wrong(hours, "{weekday} has hours twice.", mend, weekday=weekday)
            week[day] = _windows(reader, hours)
    for name, windows, tomorrow in zip(WEEKDAYS, week, (*week[1:], week[0]), strict=True):
        night = max((closes - DAY for _, closes in windows), default=0)
        if any(opens < night for opens, _ in tomorrow):
            what, mend = (
                "The night after {weekday} overlaps the next day's hours.",
                "Close before the next morning opens.",
            )
            reader.wrong(node, what, mend, weekday=name.title())
    return tuple(week)


def _by_date(reader: Reader, node: Node | None) -> dict[date, Windows]:
    found: dict[date, Windows] = {}
    if node is not None and not isinstance(node.value, Mapping):
        reader.wrong(node, "Here a table is expected.", "Write dates with their hours.")
    for key, hours in node.value.items() if node and isinstance(node.value, Mapping) else ():
        day = reader.day(Node(hours.line, key))
        if day is not None:
            found[day] = _windows(reader, hours)
    return found


def _windows(reader: Reader, node: Node) -> Windows:
    """Read hours such as 08:30-12:00; in order, without overlap, at most one of them across midnight."""
    found = []
    for item in reader.items(node):
        opens, _, closes = reader.text(item).partition("-")
        try:
            found.append(window(opens.strip(), closes.strip()))
        except SaidError as error:
            mend = "Write hours like 08:30-12:00, or 20:00-08:00 across midnight."
            reader.wrong(item, error.sentence, mend, **error.facts)
    for earlier, later in pairwise(sorted(found)):
        if later[0] < earlier[1]:
            reader.wrong(node, "Hours of one day overlap.", "Let each window end before the next one begins.")
    return tuple(sorted(found))


def check_years(years: Collection[YearDays]) -> list[Problem]:
    """Return what is wrong between the files of the years."""
    found: list[Problem] = []

    def wrong(one: YearDays, what: str, mend: str, **facts: object) -> None:
        found.append(Problem(one.file, 1, what, mend, {name: str(fact) for name, fact in facts.items()}))

    by_year: dict[int, YearDays] = {}
    for one in sorted(years, key=lambda y: y.year):
        if one.year in by_year:
            mend = "Keep one; the other is {other}."
            wrong(one, "The year {year} has two files.", mend, year=one.year, other=by_year[one.year].file)
        by_year[one.year] = one
    off = {day for one in by_year.values() for day in one.off}
    worked = {day for one in by_year.values() for day in one.worked}
    for day in sorted(off & worked):
        one = next(one for one in by_year.values() if day in one.off)
        wrong(one, "{day} is off here and worked in another year's file.", "Compare with the notices.", day=day)
    for year, one in by_year.items():
        balance = weekdays_gained(year, off, worked)
        if one.complete and balance != one.balance:
            what = "{year} has {found} weekdays off more than weekend days worked, not {balance}."
            mend = "Compare with the notice: a day is missing or too many."
            wrong(one, what, mend, year=year, found=balance, balance=one.balance)
    for before, after in pairwise(sorted(by_year)):
        if after - before > 1:
            mend = "Add its file, or remove {before}."
            wrong(by_year[after], "The year {year} is missing.", mend, year=before + 1, before=before)
    return found


def build_calendars(desks: Collection[DeskHours], years: Collection[YearDays]) -> dict[str, WorkCalendar]:
    """Return the calendars of the desks with the public holidays of the years, and the one that never closes."""
    off = frozenset(day for one in years for day in one.off)
    worked = frozenset(day for one in years for day in one.worked)
    known = frozenset(one.year for one in years if one.complete)
    zone = next((desk.zone for desk in desks), ZoneInfo("Asia/Shanghai"))
    calendars = {ROUND_THE_CLOCK: round_the_clock(zone)}
    for desk in desks:
        public = desk.public_holidays
        calendars[desk.name] = WorkCalendar(
            desk.name,
            desk.zone,
            desk.week,
            off=frozenset((off if public else frozenset()) - desk.dated.keys() | desk.off),
            worked=(worked if public else frozenset()) - desk.off,
            dated=desk.dated,
            breaks=desk.breaks,
            known_years=known if public else None,
        )
    return calendars
