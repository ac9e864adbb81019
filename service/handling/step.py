"""Who acts on a case, and what do the parts of one action share?"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from service.accounts.tables import Person
from service.assignments.actions import Loads
from service.cases.rules import Actor, Move
from service.cases.tables import Case
from service.clocks.rules import Change
from service.handling.hanging import Hanging
from service.handling.rules import Given
from service.routing.directory import Directory
from sla_policies.policy import Budget


@dataclass(frozen=True)
class Doer:
    """Who acts on a case: a member of staff, the resident (no person) or the system."""

    actors: frozenset[Actor]
    person: Person | None = None

    @property
    def kind(self) -> str:
        """Return 'staff', 'resident' or 'system', as the history calls them."""
        if self.person is not None:
            return "staff"
        return "system" if Actor.SYSTEM in self.actors else "resident"

    @property
    def id(self) -> int | None:
        """Return the person's id, or None."""
        return self.person.id if self.person else None


@dataclass
class Step:
    """One action under way: everything the parts of it need."""

    session: Session
    case: Case
    move: Move
    given: Given
    by: Doer
    now: datetime
    known: Directory
    """The directory as of this action."""
    hanging: Hanging
    """What hung on the case before."""
    notes: dict[str, Any]
    """What goes into the history beside the answers."""
    unit_before: int
    loads: Loads = field(default_factory=Counter)
    changes: list[Change] = field(default_factory=list)
    """Due times that moved."""
    extra: Budget | None = None

    @property
    def actor(self) -> str:
        """Return who acts, as the clocks note it."""
        return f"{self.by.kind}:{self.by.id or ''}"
