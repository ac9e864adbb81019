"""What do the rules know of places, topics, people and the lines of the dispatch catalogue?"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from service.accounts.rules import Away, DutyHours, Role, stand_in
from service.areas.rules import AreaTree
from service.categories.rules import Catalogue, Topic
from service.rosters.rules import ORDINARY, Days, Roster, Single, is_on_duty
from service.routing.matching import Rule, RuleVersion, Table

__all__ = ["Directory", "Rule", "Staff"]

EVER = datetime.min.replace(tzinfo=UTC)
"""From when on the first version decides, whatever its date: no case is without a table."""


@dataclass(frozen=True)
class Staff:
    """One member of staff as the rules see them."""

    id: int
    name: str
    name_en: str
    role: Role
    area_id: int
    language: str = "zh"
    email: str | None = None
    capacity: int = 20
    duties: tuple[DutyHours, ...] = ()
    absences: tuple[Away, ...] = ()
    singles: tuple[Single, ...] = ()
    topics: frozenset[str] = frozenset()
    """The codes of what they are good at, each with everything below it."""
    languages: frozenset[str] = frozenset()
    """What they speak beside Chinese."""

    @cached_property
    def roster(self) -> Roster:
        """Return everything that says when they are on duty."""
        return Roster(self.duties, self.singles, self.absences)


@dataclass(frozen=True)
class Directory:
    """Everything routing and escalation need to know, as of one version."""

    version: int
    zone: ZoneInfo
    areas: AreaTree
    catalogue: Catalogue
    rules: tuple[Rule, ...]
    """The lines of the dispatch catalogue, of the first version that may still decide."""
    people: Mapping[int, Staff]
    model_id: int | None = None
    """The version that suggests topics; None: their keywords do."""
    days: Days = ORDINARY
    """The public holidays, and the days that are worked instead."""
    rules_version: int = 0
    """The number of the version that `rules` are of."""
    later: tuple[RuleVersion, ...] = ()
    """Versions that take the place of `rules`, the one that does so first on top."""

    @cached_property
    def topics_by_id(self) -> Mapping[int, Topic]:
        """Return the categories by their row."""
        return {t.id: t for t in self.catalogue.topics.values()}

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """Return the versions of the dispatch catalogue, each arranged once, the earliest first."""
        first = RuleVersion(self.rules_version, EVER, self.rules)
        return tuple(Table(version, self.areas, self.catalogue) for version in (first, *self.later))

    def table(self, at: datetime) -> Table:
        """Return the version of the dispatch catalogue that decides at a moment."""
        if not self.later:
            return self.tables[0]
        return next(table for table in reversed(self.tables) if table.version.effective_at <= at)

    @cached_property
    def _staff(self) -> Mapping[int, tuple[Staff, ...]]:
        """Return the people of each area, by id."""
        found: dict[int, list[Staff]] = defaultdict(list)
        for person in self.people.values():
            found[person.area_id].append(person)
        return {area_id: tuple(people) for area_id, people in found.items()}

    def staff(self, area_id: int, *roles: Role) -> tuple[Staff, ...]:
        """Return the people whose own area is `area_id` and who have one of the roles, by id."""
        return tuple(p for p in self._staff.get(area_id, ()) if p.role in roles)

    def is_on_duty(self, person: Staff, at: datetime) -> bool:
        """Is the person at work at that moment?"""
        return is_on_duty(person.roster, at, self.days, self.zone)

    def is_absent(self, person: Staff, at: datetime) -> bool:
        """Is the person on leave at that moment, whatever the roster says?"""
        return any(away.covers(at) for away in person.absences)

    def acting_for(self, person: Staff, at: datetime) -> Staff | None:
        """Return who acts for somebody: themselves, or while they are away whoever stands in for them."""
        return self.people.get(stand_in(person.id, self._absences, at) or 0)

    @cached_property
    def _absences(self) -> Mapping[int, tuple[Away, ...]]:
        return {p.id: p.absences for p in self.people.values() if p.absences}
