"""How does one version of the dispatch catalogue differ from another, which decides when, and who may change it?"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from service.accounts.rules import Role

DISPATCHERS = frozenset({Role.DISTRICT, Role.ADMIN})
"""Who looks after the dispatch catalogue, and decides about disputes."""
KEPT_READY = timedelta(days=1)
"""So long after it was superseded a version is still at hand in every process."""
REASON_LEAST, REASON_MOST = 4, 500


class VersionState(StrEnum):
    """Where a version stands, as it is stored."""

    DRAFT = "draft"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    """Published, and a later one took its place long ago."""
    DROPPED = "dropped"


class Standing(StrEnum):
    """Where a version stands at a moment, as it is shown."""

    DRAFT = "draft"
    PLANNED = "planned"
    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"
    DROPPED = "dropped"


class ProposalState(StrEnum):
    """What became of a proposal."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"


@dataclass(frozen=True)
class Line:
    """One line by its number, with everything it says; the place in the table is where it stands in a list."""

    number: int
    says: Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """How a later table differs from an earlier one."""

    added: tuple[Line, ...]
    removed: tuple[Line, ...]
    changed: tuple[tuple[Line, Line], ...]
    moved: tuple[Line, ...]
    """Lines that stand elsewhere among those that both tables have; as few as possible are named."""

    @property
    def counts(self) -> dict[str, int]:
        """Return how many lines of each kind there are."""
        names = ("added", "changed", "moved", "removed")
        return {name: len(getattr(self, name)) for name in names}

    @property
    def is_none(self) -> bool:
        """Do both tables say the same?"""
        return not any(self.counts.values())


def compare(old: Sequence[Line], new: Sequence[Line]) -> Difference:
    """Return how `new` differs from `old`."""
    before, after = {line.number: line for line in old}, {line.number: line for line in new}
    return Difference(
        added=tuple(line for line in new if line.number not in before),
        removed=tuple(line for line in old if line.number not in after),
        changed=tuple(
            (before[line.number], line)
            for line in new
            if line.number in before and before[line.number].says != line.says
        ),
        moved=tuple(after[number] for number in _moved([*before], [*after])),
    )


def _moved(old: Sequence[int], new: Sequence[int]) -> list[int]:
    """Return which of the common lines left the order of the others: those off the longest row still in order."""
    place = {number: i for i, number in enumerate(old)}
    common = [number for number in new if number in place]
    tails: list[int] = []
    ends: list[int] = []
    above: dict[int, int | None] = {}
    for number in common:
        at = bisect_left(tails, place[number])
        above[number] = ends[at - 1] if at else None
        tails[at : at + 1], ends[at : at + 1] = [place[number]], [number]
    kept: set[int] = set()
    at_end: int | None = ends[-1] if ends else None
    while at_end is not None:
        kept.add(at_end)
        at_end = above[at_end]
    return [number for number in common if number not in kept]


def carried_over(base: Sequence[Line], draft: Sequence[Line], newest: Sequence[Line]) -> list[Line]:
    """Return `newest` with what `draft` changed about `base`: where both changed a line, the draft's counts.

    A line that the draft added or moved stands below the one that it stands below there.
    """
    mine = compare(base, draft)
    says = {line.number: line for _, line in mine.changed}
    elsewhere = {line.number for line in (*mine.added, *mine.moved)}
    gone = {line.number for line in mine.removed}
    left = {line.number for line in newest}
    result = [says.get(line.number, line) for line in newest if line.number not in gone | elsewhere]
    for i, line in enumerate(draft):
        if line.number in elsewhere and (line.number in left or line in mine.added):
            above = next((other.number for other in reversed(draft[:i])), None)
            at = next((n for n, other in enumerate(result, start=1) if other.number == above), 0)
            result.insert(at, line)
    return result


@dataclass(frozen=True)
class Dated:
    """A version as it is judged: which, in what state, from when on."""

    id: int
    state: VersionState
    effective_at: datetime | None


def in_force(versions: Iterable[Dated], at: datetime) -> Dated | None:
    """Return the version that decides at a moment: the last that began, and of two at one moment the later made."""
    begun = [v for v in published(versions) if v.effective_at is not None and v.effective_at <= at]
    return begun[-1] if begun else None


def published(versions: Iterable[Dated]) -> list[Dated]:
    """Return the versions that decide or decided or will, the earliest first."""
    ever = [v for v in versions if v.state in (VersionState.PUBLISHED, VersionState.SUPERSEDED) and v.effective_at]
    return sorted(ever, key=lambda v: (v.effective_at, v.id))


def standing(version: Dated, deciding: Dated | None, at: datetime) -> Standing:
    """Return where a version stands at a moment, when `deciding` is the one in force then."""
    if version.state is VersionState.DRAFT:
        return Standing.DRAFT
    if version.state is VersionState.DROPPED:
        return Standing.DROPPED
    if version.effective_at is not None and version.effective_at > at:
        return Standing.PLANNED
    return Standing.IN_FORCE if deciding is not None and deciding.id == version.id else Standing.SUPERSEDED
