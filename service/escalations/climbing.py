"""Whom is asked next when an answer does not come, and when is the next one due?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from service.routing.directory import Staff
from sla_policies.climbing import Asked, Climbing, above, chain_of, key_of, time_of, turns, unanswered
from sla_policies.escalation import TOP
from sla_policies.policy import Budget

Reached = Callable[[str], tuple[Staff, ...]]
"""Role → who hears in its place now (`rules.reached`)."""


@dataclass(frozen=True)
class Climb:
    """What is asked of the next rung, or of the top once more, because an answer did not come."""

    key: str
    rung: str
    told: tuple[Staff, ...]
    due_at: datetime
    """When the answer should have come that did not."""
    within: Budget
    instead_of: str
    """The step of the ledger that was not answered."""


def next_climb(one: Asked, asked: Sequence[Asked], climbing: Climbing, who: Reached) -> Climb | None:
    """Return who is asked because `one`, of these steps of a clock, was not answered; None: the top was, often enough.

    The nearest superior at whom somebody new hears; a rung whose duty fell to people who were asked already is passed.
    """
    chain = chain_of(one, asked)
    heard = frozenset[int]().union(*(other.person_ids for other in chain))
    for rung in above(one):
        told = who(rung)
        if {person.id for person in told} - heard:
            return Climb(key_of(one.base, rung), rung, told, one.answer_by, _time(climbing, rung), one.key)
    if is_spent(one, asked, climbing):
        return None
    turn = turns(chain) + 1
    within = climbing.again if turn > 1 else _time(climbing, TOP)
    told = who(TOP)
    return Climb(key_of(one.base, TOP, turn), TOP, told, one.answer_by, within, one.key)


def _time(climbing: Climbing, rung: str) -> Budget:
    return time_of(climbing, rung, climbing.again)


def is_spent(one: Asked, asked: Sequence[Asked], climbing: Climbing) -> bool:
    """Was the top asked about it as often as the policy says? Then it stands in the watch until somebody answers."""
    return TOP in one.roles and turns(chain_of(one, asked)) >= climbing.rounds


def next_climb_at(asked: Sequence[Asked], climbing: Climbing) -> datetime | None:
    """Return when the first answer is missed that somebody else is asked for then; None: nothing more is asked."""
    return min((one.answer_by for one in unanswered(asked) if not is_spent(one, asked, climbing)), default=None)
