"""How do somebody's weekly duties stand in one cell of a sheet, and what does such a cell say?"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import time
from itertools import combinations

from service.accounts.rules import DutyDays, DutyHours
from service.rosters.rules import overlap
from service.rosters.week import (
    DAYS,
    MINUTES_A_DAY,
    HoursUnreadableError,
    clock,
    days_in,
    days_text,
    hours_in,
    parts_in,
)

Duties = frozenset[DutyHours]
MOST = 50
"""Nobody has more duties in a week."""
SAID = 40
"""So many characters of what stands in a cell are told again."""
WORDS: Mapping[DutyDays, Mapping[str, str]] = {
    DutyDays.WORKDAYS: {"en": "workdays", "zh": "工作日"},
    DutyDays.EVERY: {"en": "every week", "zh": "每周"},
    DutyDays.HOLIDAYS: {"en": "holidays", "zh": "节假日"},
}
"""On which of its days a duty is done, and how that is written."""
USUAL: Mapping[DutyDays, frozenset[int]] = {
    DutyDays.WORKDAYS: frozenset(range(5)),
    DutyDays.EVERY: frozenset(range(DAYS)),
    DutyDays.HOLIDAYS: frozenset(range(DAYS)),
}
"""The days that are meant where none is named."""
BETWEEN: Mapping[str, str] = {"en": "; ", "zh": "；"}
_WORD = re.compile(
    r"(?:(?P<workdays>workdays?|工作日)|(?P<every>every week|weekly|每周)"
    r"|(?P<holidays>(?:public )?holidays?|(?:法定)?节假日))\s*(?P<days>.*)",
    re.IGNORECASE | re.DOTALL,
)
UNREADABLE = (
    "“{said}” cannot be read. Write duties as “workdays 08:30-17:30; every week Sat,Sun 20:00-08:00; "
    "holidays Mon-Sun 09:00-12:00”."
)
OVERLAP = "Two of these duties overlap: “{first}” and “{second}”."
TOO_MANY = "Nobody has more than {most} duties in a week."


class DutiesInvalidError(ValueError):
    """A cell does not say which duties somebody has; `sentence` is a message id."""

    def __init__(self, sentence: str, **facts: object) -> None:
        super().__init__(sentence)
        self.sentence, self.facts = sentence, facts


def read_duties(text: str) -> Duties:
    """Return the duties of 'workdays 08:30-17:30; every week Sat 22:00-06:00', or of the same in Chinese.

    A part without days means Monday to Friday on workdays, else the whole week. Each has to say which of them: on
    workdays, every week with public holidays, or only on public holidays. Errors: DutiesInvalidError.
    """
    found: list[tuple[DutyHours, str]] = []
    for part in parts_in(text):
        found += [(duty, part[:SAID]) for duty in _part(part)]
        if len(found) > MOST:
            raise DutiesInvalidError(TOO_MANY, most=MOST)
    for (one, first), (other, second) in combinations(found, 2):
        if overlap(one, other):
            raise DutiesInvalidError(OVERLAP, first=first, second=second)
    return frozenset(duty for duty, _ in found)


def _part(text: str) -> list[DutyHours]:
    try:
        named, span = hours_in(text)
        word = _WORD.fullmatch(named)
        if word is None or span is None:
            raise DutiesInvalidError(UNREADABLE, said=text[:SAID])
        on = next(kind for kind in DutyDays if word[kind.value] is not None)
        days = days_in(word["days"]) if word["days"] else USUAL[on]
    except HoursUnreadableError as why:
        raise DutiesInvalidError(UNREADABLE, said=text[:SAID]) from why
    return [DutyHours(day, _time(span[0]), _time(span[1]), on) for day in sorted(days)]


def written(duties: Iterable[DutyHours], language: str) -> str:
    """Return how duties stand in a cell; `read_duties` reads the same out of it."""
    days: dict[tuple[DutyDays, time, time], set[int]] = defaultdict(set)
    for duty in duties:
        days[duty.days, duty.starts, duty.ends].add(duty.weekday)
    parts = []
    for on, starts, ends in sorted(days, key=lambda one: (list(WORDS).index(one[0]), one[1], one[2])):
        of = days[on, starts, ends]
        named = "" if of == USUAL[on] else f" {days_text(of, language)}"
        end = _minutes(ends) or MINUTES_A_DAY
        parts.append(f"{WORDS[on][language]}{named} {clock(_minutes(starts))}-{clock(end)}")
    return BETWEEN[language].join(parts)


def in_order(duties: Iterable[DutyHours]) -> list[DutyHours]:
    """Return duties by weekday and time."""
    return sorted(duties, key=lambda duty: (duty.weekday, duty.starts, duty.days))


def _time(minutes: int) -> time:
    return time(minutes % MINUTES_A_DAY // 60, minutes % 60)


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute
