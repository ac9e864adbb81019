"""Who among several people gets a case? On duty, skill, continuity, load, idle time, in this order."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from service.routing.directory import Directory, Staff

SOON = timedelta(hours=24)
"""What runs out within it weighs twice: it is what somebody must do first."""
MOST_SOON = 200
"""No more than so many are counted of it: a person has room for fewer, and a desk with thousands is full anyway."""
REMEMBERED = timedelta(days=180)
"""So long somebody counts as knowing a resident."""


class Knows(StrEnum):
    """What somebody who may get a case knows of it already."""

    MATTER = "matter"
    """They had a case of this topic, from this resident or at this very address."""
    RESIDENT = "resident"
    """They had another case of this resident."""
    NOTHING = ""


@dataclass(frozen=True)
class Load:
    """What a person holds now, and what they know of the case in question."""

    open_cases: int = 0
    last_assigned_at: datetime | None = None
    runs_out_soon: int = 0
    """How many of the open cases have a promise that runs out within SOON, or has run out."""
    knows: Knows = Knows.NOTHING


NO_LOAD = Load()


@dataclass(frozen=True)
class Candidate:
    """One person who was considered."""

    person_id: int
    on_duty: bool
    absent: bool
    open_cases: int
    capacity: int
    last_assigned_at: datetime | None
    runs_out_soon: int = 0
    skills: int = 0
    """How much of what the case asks for they are good at: its topic, its language."""
    knows: Knows = Knows.NOTHING
    why: str = ""
    """Why it is them ("chosen") or not: the first criterion at which they fell behind. "" while nobody is chosen."""

    @property
    def has_room(self) -> bool:
        """Do they hold less than they can? A capacity of nothing has room for nothing."""
        return self.open_cases < self.capacity

    @property
    def is_free(self) -> bool:
        """Can they begin now?"""
        return self.on_duty and not self.absent and self.has_room

    @property
    def can_wait(self) -> bool:
        """Can the case wait for them until they are back on duty?"""
        return not self.absent and self.has_room

    @property
    def load(self) -> float:
        """Return what they hold for their capacity; what runs out soon counts twice."""
        return (self.open_cases + self.runs_out_soon) / max(self.capacity, 1)


@dataclass(frozen=True)
class Asked:
    """What of a case matters for the choice: the topic with those above it, and the resident's language."""

    topics: frozenset[str] = frozenset()
    language: str = "zh"


CRITERIA: tuple[tuple[str, Callable[[Candidate], float]], ...] = (
    ("skill", lambda c: -c.skills),
    ("continuity", lambda c: -(Knows.NOTHING, Knows.RESIDENT, Knows.MATTER).index(c.knows)),
    ("load", lambda c: c.load),
    ("idle", lambda c: c.last_assigned_at.timestamp() if c.last_assigned_at else float("-inf")),
    ("order", lambda c: c.person_id),
)
"""What is compared among those who can take a case, in this order; the lowest wins. The last one is never a tie."""


def weigh(
    people: Iterable[Staff], asked: Asked, at: datetime, directory: Directory, loads: Mapping[int, Load]
) -> tuple[Candidate, ...]:
    """Return what speaks for and against each of these people, in the order given."""
    return tuple(_weighed(p, asked, at, directory, loads.get(p.id, NO_LOAD)) for p in people)


def best(candidates: Iterable[Candidate]) -> Candidate | None:
    """Return the first by CRITERIA; None where there is nobody."""
    return min(candidates, key=lambda c: tuple(of(c) for _, of in CRITERIA), default=None)


def explained(candidates: Iterable[Candidate], chosen: Candidate | None) -> tuple[Candidate, ...]:
    """Return the candidates, each with why it is them or not."""
    return tuple(replace(c, why=_why(c, chosen)) for c in candidates)


def _weighed(person: Staff, asked: Asked, at: datetime, directory: Directory, load: Load) -> Candidate:
    speaks = asked.language in person.languages
    return Candidate(
        person_id=person.id,
        on_duty=directory.is_on_duty(person, at),
        absent=directory.is_absent(person, at),
        open_cases=load.open_cases,
        capacity=person.capacity,
        last_assigned_at=load.last_assigned_at,
        runs_out_soon=load.runs_out_soon,
        skills=speaks + (not person.topics.isdisjoint(asked.topics)),
        knows=load.knows,
    )


def _why(c: Candidate, chosen: Candidate | None) -> str:
    if chosen is not None and c.person_id == chosen.person_id:
        return "chosen"
    if c.absent:
        return "away"
    if not c.has_room:
        return "full"
    if chosen is None or (chosen.on_duty and not c.on_duty):
        return "off-duty"
    return next((name for name, of in CRITERIA if of(c) > of(chosen)), "desk")
