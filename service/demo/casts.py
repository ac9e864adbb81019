"""What does a case look like that stands for thousands? All that belongs to it, as the text COPY reads, with holes.

Its number, its id, the ids of its clocks and every moment in it, in columns and inside JSON, are holes. A cast lies
some time earlier or later. Its history is chained anew, by the same hash as every other.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import SQLModel

from service.audit.rules import START

NULL = r"\N"
AUDIT = ("subject_kind", "subject_id", "seq", "at", "actor_id", "actor", "action", "data", "prev_hash", "hash")
"""The columns of a history's rows, in their order."""
NUMBER, ID, CLOCKS = 0, 1, 2
"""Where the values of a cast stand: number, id, the ids of its clocks, and behind them its moments and dates."""

Values = Sequence[Any]


@dataclass(frozen=True)
class Text:
    """A text with holes, as %-format, and which values go in."""

    form: str
    pick: Callable[[Values], tuple[Any, ...]] | None

    def filled(self, values: Values) -> str:
        """Return the text of one cast."""
        return self.form % self.pick(values) if self.pick else self.form


@dataclass(frozen=True)
class Happening:
    """An entry of the history with holes; its data stand in the hash as they stand in the row."""

    at: int
    """Which of the values its moment is, to the second;"""
    fraction: str
    """and the rest of it: '.123456+00:00'."""
    data: Text
    by: str
    """What the hash has between moment and data, and"""
    by_row: str
    """what the row has there."""


@dataclass(frozen=True)
class Mould:
    """One case that was lived, ready to be cast."""

    area_id: int
    is_ended: bool
    """Has it ended, whether it may be taken up again or not?"""
    is_chinese: bool
    is_reachable: bool
    """Has its resident left a number to call?"""
    point: tuple[float, float] | None
    text: str
    """As COPY writes it."""
    clocks: int
    lasted: int
    """Seconds from its receipt to the last thing that happened to it: a cast is at least so old."""
    stands_until: int | None
    """Seconds from its receipt to the next thing that happens by itself: a cast is younger. None: nothing will."""
    moments: tuple[int, ...]
    """Every moment in it, in seconds after its receipt;"""
    dates: tuple[int, ...]
    """and every day, as its midnight."""
    rest: Text
    """The columns of the case that are not its OWN."""
    parts: tuple[tuple[type[SQLModel], Text], ...]
    entries: tuple[Happening, ...]

    def history(self, values: Values) -> str:
        """Return the rows of a cast's history, chained as `audit.rules.entry_hash` does."""
        previous, shown, rows, case_id = START, START.hex(), [], values[ID]
        for seq, entry in enumerate(self.entries, 1):
            data = entry.data.filled(values) if entry.data.pick else entry.data.form
            at = values[entry.at] + entry.fraction
            said = f'["case",{case_id},{seq},"{at}{entry.by}{data}]'
            previous = hashlib.sha256(previous + said.encode()).digest()
            before, shown = shown, previous.hex()
            escaped = data.replace("\\", "\\\\") if "\\" in data else data
            rows.append(f"case\t{case_id}\t{seq}\t{at}{entry.by_row}{escaped}\t\\\\x{before}\t\\\\x{shown}\n")
        return "".join(rows)
