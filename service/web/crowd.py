"""When do more people ask than one process can answer? Then who comes next is told so at once, and waits for nothing.

Little's law: with so many requests under way and so many answered a second, a newcomer waits the one by the other.
"""

import time
from collections import deque
from collections.abc import Callable

FEW = 16
"""So many under way are no crowd, however long they take."""
MOST = 256
"""So many under way are always one."""
GRACE = 0.5
"""Seconds for which a crowd may last before anybody is sent away: most are over by then."""
LONGEST_WAIT, LONGEST_WAIT_OF_A_POLL = 0.55, 0.3
"""Seconds, as a middle: the slowest of a hundred waits nearly twice as long, and that shall be less than one.

A page that asks again by itself is sent away first: nobody waits for it.
"""
COUNTED_OVER = 1.0
"""Seconds over which answers are counted."""


class Crowd:
    """The requests of one process that have arrived and are not answered yet. For the thread of the event loop only."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._answered: deque[float] = deque()
        self._crowded_since: float | None = None
        self.under_way = 0

    def come(self) -> None:
        """Count a request that has arrived whole: who is still sending keeps nobody busy."""
        self.under_way += 1
        if self.under_way > FEW and self._crowded_since is None:
            self._crowded_since = self._clock()

    def go(self) -> None:
        """Count one that is answered: its first bytes leave."""
        self.under_way -= 1
        if self.under_way <= FEW:
            self._crowded_since = None
            self._answered.clear()
        elif self._crowded_since is not None:
            self._answered.append(self._clock())

    def is_too_large(self, *, for_a_poll: bool = False) -> bool:
        """Would one more wait too long?"""
        if self._crowded_since is None or self.under_way >= MOST:
            return self.under_way >= MOST
        now = self._clock()
        seconds = min(now - self._crowded_since, COUNTED_OVER)
        if seconds < GRACE:
            return False
        while self._answered and self._answered[0] < now - seconds:
            self._answered.popleft()
        longest = LONGEST_WAIT_OF_A_POLL if for_a_poll else LONGEST_WAIT
        return self.under_way > longest * len(self._answered) / seconds
