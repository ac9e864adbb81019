"""Which days does a holiday notice of the State Council give off, and which weekend days does it have worked?

The notices (国务院办公厅关于…节假日安排的通知) have been worded in many ways since 2001. Each piece of a sentence must
be one that is known here; whatever names a date or speaks of days off in other words is refused with its line: a day
too few or too many would move promises. Sentences of courtesy, and the advice to take annual leave, say nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from sla_policies.notice_dates import DATE, DateReader, DateUnreadableError
from sla_policies.notice_words import (
    ADVICE,
    COUNT,
    HEADING,
    MOVED,
    NO_WORDS,
    NUMBERED,
    OFF,
    OPENING,
    SIGNED,
    TELLING,
    TITLE,
    WORK_AGAIN,
    WORKED,
    YEAR_OF,
    in_digits,
    length,
    pieces,
    plain,
    signed,
    with_weekends,
)
from sla_policies.reading import DocumentInvalidError, Problem


@dataclass
class Feast:
    """The days that a notice gives for one feast."""

    name: str
    off: list[date] = field(default_factory=list)
    worked: list[date] = field(default_factory=list)
    moved: list[date] = field(default_factory=list)
    """Weekend days whose rest is moved (调至): worked, unless they are days off themselves."""
    latest: list[date] = field(default_factory=list)
    """The days of the last phrase, which a count after it is about."""
    joins_weekend: bool = False
    """Is it said to be one with the weekend (与周末连休)? Then a count may be about that too."""


@dataclass(frozen=True)
class Notice:
    """What a notice says."""

    year: int
    title: str
    """Its name with its number in brackets; "" where the text has none."""
    published: date | None
    feasts: tuple[Feast, ...]

    @property
    def off(self) -> tuple[date, ...]:
        """All days off, in order."""
        return tuple(sorted({day for feast in self.feasts for day in feast.off}))

    @property
    def worked(self) -> tuple[date, ...]:
        """All weekend days that are worked, in order."""
        return tuple(sorted({day for feast in self.feasts for day in feast.worked}))


def read_notice(text: str, *, name: str = "notice", year: int | None = None) -> Notice:
    """Read a notice, or a part of one. `year` is needed only where the text does not say it.

    Errors: DocumentInvalidError with every line that could not be read.
    """
    lines = [plain(line) for line in text.splitlines()]
    whole = "".join(lines)
    said = YEAR_OF.search(whole)
    if said and year not in (None, int(said[1])):
        what, mend = "The notice is about {found}, not {year}.", "Leave --year out, or take the other notice."
        _refuse(name, what, mend, found=said[1], year=year)
    if year is None and said is None:
        _refuse(name, "The text does not say which year it is about.", "Say it with --year.")
    reading = Reading(name, year or int(said[1] if said else 0))
    for number, line in enumerate(lines, 1):
        reading.line(number, line)
    feasts = reading.finished()
    title, numbered = TITLE.search(whole), NUMBERED.search(whole)
    full = (title[0] if title else "") + (f"（{numbered[0]}）" if title and numbered else "")
    return Notice(reading.year, full, signed(lines), feasts)


COMPARE = "Compare with the notice."


@dataclass
class Reading:
    """A notice while it is read, line by line."""

    name: str
    year: int
    feasts: list[Feast] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    at: dict[date, int] = field(default_factory=dict)
    """Where each date was first given."""
    dates: DateReader = field(init=False)
    is_listed: bool = False
    """Does the present line belong to the list of feasts?"""
    waiting: list[date] = field(default_factory=list)
    """Dates whose verb has not come yet."""

    def __post_init__(self) -> None:
        self.dates = DateReader(self.year)

    def line(self, number: int, line: str) -> None:
        """Read one line; what is wrong in it is noted."""
        if SIGNED.fullmatch(line) or TITLE.search(line):
            return
        heading = HEADING.match(line)
        self.is_listed = heading is not None
        if heading:
            self.feasts.append(Feast(heading["name"] or heading["plain"]))
            self.dates, line = DateReader(self.year), line[heading.end() :]
        for sentence in line.split("。"):
            try:
                self._sentence(sentence, number)
            except DateUnreadableError as why:
                self.waiting = []
                self._wrong(number, why.sentence, "Compare “{said}” with the notice.", **why.facts, said=sentence)

    def finished(self) -> tuple[Feast, ...]:
        """Return the feasts with their days. Errors: DocumentInvalidError."""
        off = {day for feast in self.feasts for day in feast.off}
        for feast in self.feasts:
            feast.worked += [day for day in feast.moved if day not in off and day not in feast.worked]
            for day in feast.worked:
                if day in off:
                    self._wrong(self.at[day], "{day} is given off and worked.", COMPARE, day=day)
                elif day.weekday() < 5:
                    self._wrong(self.at[day], "{day} is no weekend day, but worked.", COMPARE, day=day)
        if not off and not self.problems:
            self._wrong(1, "The text gives no day off.", "Hand in the notice itself.")
        if self.problems:
            raise DocumentInvalidError(self.problems)
        return tuple(feast for feast in self.feasts if feast.off or feast.worked)

    def _sentence(self, sentence: str, number: int) -> None:
        if ADVICE.match(OPENING.sub("", sentence, count=1)):
            return
        for piece in pieces(sentence):
            self._piece(piece[length(OPENING, piece) :], piece, number)
        if self.waiting:
            self.waiting = []
            raise DateUnreadableError("The dates at its end are neither off nor worked.")

    def _piece(self, said: str, piece: str, number: int) -> None:
        """Take one piece between commas: dates with what becomes of them, or a count of days."""
        days, tail = self.dates.read(said)
        tail = re.sub(r"\([^()]*\)", "", tail)
        if "与周末连休" in tail:
            self._feast.joins_weekend = True
        self.waiting += days
        if self.waiting and not tail:
            return
        if self.waiting and (moved := MOVED.match(tail)):
            self._moved(tail[moved.end() :], piece, number)
        elif self.waiting and OFF.fullmatch(tail):
            self._off(self._taken(number))
            self._counted(tail)
        elif self.waiting and WORKED.fullmatch(tail):
            self._feast.worked += [day for day in self._taken(number) if day not in self._feast.worked]
        elif self.waiting and WORK_AGAIN.fullmatch(tail):
            self.waiting = []
        elif not self.waiting and COUNT.fullmatch(tail):
            self._counted(tail)
        elif not NO_WORDS.fullmatch(tail) and (self.waiting or self._is_about_days(piece)):
            mend = "Say it as 1月1日至3日放假, or 1月4日(星期日)上班."
            self._wrong(number, "“{piece}” cannot be read.", mend, piece=piece)
            self.waiting = []

    def _is_about_days(self, piece: str) -> bool:
        """Does a piece that cannot be read matter? The courtesies before and after the list of feasts do not."""
        named = DATE.search(piece)
        return bool(named and "日" in named[0]) or bool(self.is_listed and TELLING.search(piece))

    def _moved(self, to: str, piece: str, number: int) -> None:
        """Take a day of rest that is moved to another day."""
        self._feast.moved += self._taken(number)
        days, tail = self.dates.read(to)
        if not days or (tail and not OFF.fullmatch(tail)):
            what = "“{piece}” does not say to which days the rest is moved."
            self._wrong(number, what, COMPARE, piece=piece)
        self.waiting = days
        self._off(self._taken(number))

    def _taken(self, number: int) -> list[date]:
        days, self.waiting = self.waiting, []
        for day in days:
            self.at.setdefault(day, number)
            if day.year != self.year and (day.year, day.month) != (self.year - 1, 12):
                mend = "A notice names its year and the December before."
                self._wrong(number, "{day} is not in {year}.", mend, day=day, year=self.year)
        return days

    def _off(self, days: list[date]) -> None:
        self._feast.off += [day for day in days if day not in self._feast.off]
        self._feast.latest = days

    def _counted(self, tail: str) -> None:
        """Compare a number of days with the days: those of the last phrase, of the feast, or with its weekend."""
        feast = self._feast
        for written in COUNT.findall(tail):
            told = in_digits(written)
            days = with_weekends(feast.off) if feast.joins_weekend else feast.off
            if told not in (len(feast.latest), len(days)):
                what = "These are {count} days, not {told}."
                raise DateUnreadableError(what, count=len(feast.latest), told=told)

    @property
    def _feast(self) -> Feast:
        if not self.feasts:
            self.feasts.append(Feast(""))
        return self.feasts[-1]

    def _wrong(self, number: int, what: str, mend: str, **facts: object) -> None:
        self.problems.append(_problem(self.name, number, what, mend, facts))


def _problem(name: str, line: int, what: str, mend: str, facts: Mapping[str, object]) -> Problem:
    return Problem(name, line, what, mend, {key: str(fact) for key, fact in facts.items()})


def _refuse(name: str, what: str, mend: str, **facts: object) -> None:
    raise DocumentInvalidError([_problem(name, 1, what, mend, facts)])
