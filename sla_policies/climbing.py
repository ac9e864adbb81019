"""Who hears next when somebody who was asked does not answer in time, and when has everybody been asked?"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sla_policies.escalation import ROLES, SUPERIORS, TOP
from sla_policies.promises import Budget, TimeKind

OFTENEST_AGAIN = 30
"""Minutes; more often nobody can answer, and nobody reads it any more."""
MOST_ROUNDS = 20
"""So often at most the top hears of one thing; then it stands in the watch until somebody answers."""
A_DAY = Budget(1_440, TimeKind.ELAPSED)
JOINT = "."
"""Stands in the key of a step that climbed, `contact-1h.district_desk`; no name of a step holds it."""


@dataclass(frozen=True)
class Climbing:
    """How long each rung has to answer what it was asked, and how often the top hears of it again."""

    within: Mapping[str, Budget] = field(default_factory=dict)
    """Rung → time; a rung that is not named has as long as the step that was not answered."""
    again: Budget = A_DAY
    """So long after the top was asked, and did not answer, it is asked again."""
    rounds: int = 3
    """So often the top is asked in all."""
    source: str = "own"
    mark: str = "own"


UNSAID = Climbing()
"""How a ladder climbs of whose climbing its file, an older one, says nothing."""


@dataclass(frozen=True)
class Asked:
    """A step of the ledger that asks for an answer: whom, by when, and when it was given."""

    key: str
    roles: tuple[str, ...]
    raised_at: datetime
    answer_by: datetime
    answered_at: datetime | None = None
    person_ids: frozenset[int] = frozenset()

    @property
    def base(self) -> str:
        """Return the step of the policy file that this one goes back to."""
        return base_of(self.key)

    @property
    def rank(self) -> int:
        """Return how high it stands: the place among ROLES of the highest role that was asked."""
        return max(ROLES.index(role) for role in self.roles)


def base_of(key: str) -> str:
    """Return the name in the policy file of a step of the ledger."""
    return key.partition(JOINT)[0]


def key_of(base: str, rung: str, turn: int = 1) -> str:
    """Return the key under which a rung is asked about a step: `contact-1h.district_desk`, the second time `….2`."""
    return f"{base}{JOINT}{rung}" + (f"{JOINT}{turn}" if turn > 1 else "")


def turn_of(key: str) -> int:
    """Return for which time the same people are asked under a key."""
    *_, last = key.split(JOINT)
    return int(last) if JOINT in key and last.isdecimal() else 1


def unanswered(asked: Sequence[Asked]) -> list[Asked]:
    """Return what waits for an answer and climbs without one, of the ledger of one clock, oldest first.

    Whoever stands at least as high answers for it by answering since, and takes it over by being asked later.
    """
    return [one for n, one in enumerate(asked) if one.answered_at is None and not _is_with_others(one, n, asked)]


def _is_with_others(one: Asked, place: int, asked: Sequence[Asked]) -> bool:
    return any(
        other.rank >= one.rank and (n > place or (other.answered_at is not None and other.answered_at >= one.raised_at))
        for n, other in enumerate(asked)
        if n != place
    )


def above(one: Asked) -> tuple[str, ...]:
    """Return the superiors who may be asked when one is not answered, the nearest first."""
    return tuple(rung for rung in SUPERIORS if ROLES.index(rung) > one.rank)


def chain_of(one: Asked, asked: Iterable[Asked]) -> list[Asked]:
    """Return everything that was asked about the same step."""
    return [other for other in asked if other.base == one.base]


def turns(chain: Collection[Asked]) -> int:
    """Return how often the top was asked."""
    return sum(TOP in one.roles for one in chain)


def time_of(climbing: Climbing, rung: str, otherwise: Budget) -> Budget:
    """Return how long a rung has to answer."""
    return climbing.within.get(rung, otherwise)
