"""What do the texts of a promise pack say beside the promises: names of holidays, hours of desks, and what if?"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from service.clocks.queries import current_book
from service.clocks.rules import opening
from sla_policies.calendar_files import DeskHours, YearDays
from sla_policies.documents import parse_calendar
from sla_policies.explaining import Explanation, explain
from sla_policies.policy import CaseFacts, PolicyBook, PolicyChoice, choose_policy

CALENDAR_FILE = re.compile(r"calendars/.*")
MOST_BOOKS = 16


@dataclass(frozen=True)
class CalendarTexts:
    """What the calendar files of a promise pack say."""

    years: Mapping[int, YearDays]
    desks: Mapping[str, DeskHours]

    @property
    def names(self) -> dict[date, tuple[str, str]]:
        """Date → what it is off or worked for, in Chinese and English."""
        return {day: name for year in self.years.values() for day, name in year.names.items()}


_read: dict[str, CalendarTexts] = {}


def calendar_texts(book: PolicyBook) -> CalendarTexts:
    """Return what the calendar files of a promise pack say; read once for each pack."""
    found = _read.get(book.hash)
    if found is None:
        if len(_read) >= MOST_BOOKS:
            _read.clear()
        found = _read[book.hash] = _texts(book)
    return found


def _texts(book: PolicyBook) -> CalendarTexts:
    years: dict[int, YearDays] = {}
    desks: dict[str, DeskHours] = {}
    for name, text in book.texts.items():
        if CALENDAR_FILE.fullmatch(name):
            said = parse_calendar(text, name)
            if isinstance(said, YearDays):
                years[said.year] = said
            else:
                desks |= {desk.name: desk for desk in said}
    return CalendarTexts(years, desks)


def what_if(facts: CaseFacts, at: datetime) -> tuple[PolicyChoice, list[Explanation]]:
    """Return what the policy in force would promise to a case received at that time, each promise explained.

    Errors: CalendarExhaustedError for a time beyond what the calendars reach.
    """
    book = current_book(at)
    choice = choose_policy(book, facts)
    if choice.policy is None:
        return choice, []
    names = calendar_texts(book).names
    clocks = opening(choice.policy, book, at)
    return choice, [explain(clock, choice.policy, at, names=names, considered=choice.considered) for clock in clocks]
