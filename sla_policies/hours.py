"""What do the opening hours of a day mean, in seconds after its midnight?"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from sla_policies.sentences import SaidError

DAY = 86_400

Window = tuple[int, int]
"""Opening and closing in seconds after local midnight; a closing above 86,400 lies on the next date."""
Windows = tuple[Window, ...]
Edge = TypeVar("Edge", int, datetime)

CLOCK_TIME = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d))?")


def window(opens: str, closes: str) -> Window:
    """Return the window between two times of day; a closing before the opening lies on the next date.

    Errors: SaidError for what is no time of day, and for a closing of 00:00 or equal to the opening: the end of a
    day is written 24:00.
    """
    begin, end = seconds(opens), seconds(closes)
    if begin == DAY:
        what = "{opens}-{closes} opens at 24:00: write it as 00:00 of the next day."
        raise SaidError(what, opens=opens, closes=closes)
    if end in (begin, 0):
        what = "{opens}-{closes} ends where it begins, or at 00:00: the end of a day is written 24:00."
        raise SaidError(what, opens=opens, closes=closes)
    return (begin, end if end > begin else end + DAY)


def seconds(clock_time: str) -> int:
    """Return a time of day from 00:00 to 24:00 in seconds. Errors: SaidError."""
    match = CLOCK_TIME.fullmatch(clock_time.strip())
    parts = [int(part or 0) for part in match.groups()] if match else [99, 0, 0]
    found = parts[0] * 3600 + parts[1] * 60 + parts[2]
    if found > DAY:
        what = "“{time}” is no time of day: write it like 08:30; the end of a day is 24:00."
        raise SaidError(what, time=clock_time)
    return found


def joined(windows: Sequence[tuple[Edge, Edge]]) -> tuple[tuple[Edge, Edge], ...]:
    """Return the windows in order, with those that overlap or touch made one."""
    found: list[tuple[Edge, Edge]] = []
    for opens, closes in sorted(windows):
        if found and opens <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], closes))
        else:
            found.append((opens, closes))
    return tuple(found)


def without(windows: Sequence[tuple[Edge, Edge]], breaks: Sequence[tuple[Edge, Edge]]) -> tuple[tuple[Edge, Edge], ...]:
    """Return what is left of the windows when the breaks are taken out."""
    left = tuple(windows)
    for begins, ends in breaks:
        pieces = [piece for o, c in left for piece in ((o, min(c, begins)), (max(o, ends), c))]
        left = tuple((o, c) for o, c in pieces if o < c)
    return left
