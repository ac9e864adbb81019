"""Whom does a change concern, which entries of the history are new, and how often is somebody told?

Time is in seconds of a clock that only ever goes forward.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

LATE_WITHIN = 30.0
"""Entries get their number before they are committed: one may come to light so long after a higher one."""
LEAST_PAUSE, LONGEST_PAUSE = 2.0, 10.0
LOOKS_A_SECOND = 10
"""So many pages of one process are sent to look again within a second, at most."""


@dataclass(frozen=True)
class Scope:
    """What somebody may know of: the cases in their hands, and those of an area and of everything below it."""

    person_id: int
    path: str
    """The path of their area; see areas.tables."""


@dataclass(frozen=True)
class Touched:
    """Where something changed, and in whose hands."""

    paths: frozenset[str] = frozenset()
    people: frozenset[int] = frozenset()
    is_everywhere: bool = False
    """So much changed at once that nobody asked where."""


def concerns(touched: Touched, scope: Scope) -> bool:
    """Does it concern somebody with that scope?"""
    return (
        touched.is_everywhere
        or scope.person_id in touched.people
        or any(path.startswith(scope.path) for path in touched.paths)
    )


def pause_after(listeners: int) -> float:
    """Return for how long nobody is told again: the longer the more listen, never longer than pages used to wait.

    Each who is told looks again. So many people never cost more than when each of their pages asked every ten seconds.
    """
    return min(LONGEST_PAUSE, max(LEAST_PAUSE, listeners / LOOKS_A_SECOND))


@dataclass
class Window:
    """Which of the newest entries were noticed; what is committed out of order is noticed too."""

    floor: int
    """Up to here nobody looks again."""
    noticed: dict[int, float] = field(default_factory=dict)
    """Entry → when it was noticed."""

    def fresh(self, ids: Iterable[int], at: float) -> list[int]:
        """Return those of the entries above the floor that were not noticed before, and raise the floor."""
        new = [entry for entry in ids if entry not in self.noticed]
        self.noticed |= dict.fromkeys(new, at)
        self.floor = max([self.floor, *(entry for entry, since in self.noticed.items() if at - since >= LATE_WITHIN)])
        self.noticed = {entry: since for entry, since in self.noticed.items() if entry > self.floor}
        return new
