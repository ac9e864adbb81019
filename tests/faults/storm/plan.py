"""Which fault strikes when? A plan is a pure function of its seed, so that a round can be played again."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

MONDAY_8 = datetime(2026, 11, 23, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
BEGINNINGS = tuple(MONDAY_8 + timedelta(hours=hours) for hours in (0, 9.5, 15.8, 24.25, 33, 40.75))
"""When a round may begin: few moments, since each needs a county of its own; morning, evening and night of two days."""
SENDERS_LOSE = frozenset({"kill worker", "kill beat", "kill postgres", "cut database", "disk full"})
"""After these a notice may have been sent and not recorded: the same notice may arrive once more."""

WITH_RESIDENTS = (
    "kill web", "kill worker", "kill postgres", "kill valkey", "slow disk", "cut database", "stop postgres", "stop web",
    "flush broker", "second worker", "cut database",
)  # fmt: skip
"""Struck while residents write, on a clock slow enough that an Idempotency-Key outlives every outage."""
WITH_DEADLINES = (
    "kill worker", "kill beat", "kill postgres", "kill valkey", "second beat", "second worker", "cut database",
    "stop worker", "stop beat", "stop valkey", "flush broker", "disk full", "crowd of orders", "crowd of orders",
    "write again",
)  # fmt: skip
"""Struck while the ladder is climbed, days passing in seconds."""

AFTER_ALL = 4
"""Faults in every round beside the plan: the end in between, the refused row, the held rows, and a second beat."""


@dataclass(frozen=True)
class Strike:
    """One fault: seconds after the beginning of its phase, which one, and for how many seconds (where it lasts)."""

    at: float
    fault: str
    lasts: float


@dataclass(frozen=True)
class Form:
    """How long a round is, in real seconds, and how much is going on in it."""

    with_residents: float
    with_deadlines: float
    residents: int
    more: int
    """How many faults strike in each phase besides one of each kind."""
    with_month: bool = True
    """Does the county have a month of cases behind it?"""


SHORT = Form(with_residents=7, with_deadlines=9, residents=3, more=0, with_month=False)
LONG = Form(with_residents=20, with_deadlines=24, residents=4, more=4)
RESIDENTS_SPEED, DEADLINES_SPEED = 600, 28_800
"""The day of an Idempotency-Key lasts 144 seconds; then a week passes in 21."""


@dataclass(frozen=True)
class Plan:
    """A round before it is played."""

    seed: int
    at: datetime
    """What the simulated clock shows at the start."""
    with_residents: tuple[Strike, ...]
    with_deadlines: tuple[Strike, ...]
    leaves_politely: bool
    """Between the two phases all processes are ended: asked to, or by kill -9 of the one that holds them."""

    @property
    def faults(self) -> int:
        return len(self.with_residents) + len(self.with_deadlines) + AFTER_ALL


def planned(seed: int, form: Form) -> Plan:
    """Return the plan of a seed."""
    dice = random.Random(seed)
    return Plan(
        seed,
        dice.choice(BEGINNINGS),
        _strikes(dice, WITH_RESIDENTS, form.with_residents, form.more),
        _strikes(dice, WITH_DEADLINES, form.with_deadlines, form.more),
        dice.random() < 0.5,
    )


def _strikes(dice: random.Random, kinds: tuple[str, ...], seconds: float, more: int) -> tuple[Strike, ...]:
    """Return every kind once and some twice, in any order, evenly over the phase but for its first and last second."""
    faults = [*kinds, *dice.sample(kinds, more)]
    dice.shuffle(faults)
    slot = (seconds - 2) / len(faults)
    return tuple(
        Strike(round(1 + n * slot + dice.uniform(0, slot), 2), fault, round(dice.uniform(1, 3.5), 2))
        for n, fault in enumerate(faults)
    )
