"""What is known of the people when a sheet is looked at, and what would become of each row?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import Any

from service.accounts.rules import Away, PersonDetails, Role
from service.areas.rules import AreaLevel, AreaTree, Place
from service.roll.duties import Duties
from service.roll.sheets import LANGUAGE_BY_WORD
from service.rosters.desks import DESKS
from service.rosters.rules import SPOKEN
from service.secrecy import fold
from service.sheets import Told

BELONGS: Mapping[Role, AreaLevel] = {Role.HEAD: AreaLevel.COMMUNITY, **{role: level for level, role in DESKS}}
"""At which level dispatch and the ladder look for a role; workers and administrators work anywhere."""


class Reach(StrEnum):
    """How near somebody is to the one who imports."""

    OURS = "ours"
    NEAR = "near"
    """In the same area, but not theirs to change."""
    FAR = "far"
    """Elsewhere: nothing may be told of them."""


class Outcome(StrEnum):
    """What would become of a row."""

    REFUSED = "refused"
    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True)
class Known:
    """Somebody who is there already."""

    id: int
    login: str
    details: PersonDetails
    mark: str
    """Another one as soon as anything that a sheet says of them is different."""
    reach: Reach = Reach.OURS
    topics: frozenset[str] = frozenset()
    speaks: frozenset[str] = frozenset()
    duties: Duties = frozenset()
    """The weekly ones."""
    open_cases: int = 0
    absences: tuple[Away, ...] = ()
    """Those that are not over."""

    @property
    def is_administrator(self) -> bool:
        """May they look after everybody, now?"""
        return _is_administrator(self.details)


@dataclass(frozen=True)
class Ground:
    """What rows may name, and who imports them."""

    people: Mapping[str, Known]
    """Everybody by login, also those who have left."""
    areas: AreaTree
    topics: frozenset[str]
    by_id: int
    by_role: Role
    now: datetime
    near: frozenset[int] | None = None
    """The areas that the one who imports looks after; None: all."""

    @cached_property
    def words(self) -> Mapping[str, Mapping[str, str]]:
        """Return what may stand among the skills and the languages, folded, and what it means."""
        tongues = {word: code for word, code in LANGUAGE_BY_WORD.items() if code in SPOKEN}
        return {"skills": {fold(code): code for code in self.topics}, "speaks": tongues}


@dataclass
class Planned:
    """One row, and what would become of it."""

    row: int
    login: str
    name: str
    was: Known | None = None
    details: PersonDetails | None = None
    topics: frozenset[str] = frozenset()
    speaks: frozenset[str] = frozenset()
    duties: Duties = frozenset()
    absence: Away | None = None
    """One to be noted."""
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    """Column → before and after."""
    faults: list[Told] = field(default_factory=list)

    @property
    def outcome(self) -> Outcome:
        """Return what would become of it."""
        if self.faults:
            return Outcome.REFUSED
        if self.was is None:
            return Outcome.NEW
        return Outcome.CHANGED if self.changes else Outcome.SAME

    @property
    def keeps_administrator(self) -> bool:
        """Would they be an administrator afterwards?"""
        return self.details is not None and _is_administrator(self.details)

    @property
    def mark(self) -> str:
        """Return the mark of the person as they are; nothing for somebody new."""
        return self.was.mark if self.was else ""


@dataclass(frozen=True)
class Plan:
    """What a sheet would do. With any fault, nothing of it is done."""

    rows: tuple[Planned, ...]
    left_out: tuple[str, ...] = ()
    """What stands above columns that are not known."""

    @property
    def faults(self) -> list[Told]:
        """Return what is wrong, row by row."""
        return [told for one in self.rows for told in one.faults]

    def of(self, outcome: Outcome) -> list[Planned]:
        """Return the rows of which this would become."""
        return [one for one in self.rows if one.outcome is outcome]

    @property
    def digest(self) -> str:
        """Return what is another text as soon as any row would do something else than before."""
        seen = [(one.row, one.login, one.outcome.value, one.mark) for one in self.rows]
        return sha256(repr(seen).encode()).hexdigest()[:32]

    @property
    def marks(self) -> dict[str, str]:
        """Return the marks of everybody named, as they are now."""
        return {one.login: one.mark for one in self.rows}


def belongs(role: Role, place: Place | None) -> bool:
    """Is it the level at which somebody in this role is looked for? An area nobody knows is told elsewhere."""
    return place is None or role not in BELONGS or place.level is BELONGS[role]


def _is_administrator(details: PersonDetails) -> bool:
    return details.role is Role.ADMIN and details.is_active
