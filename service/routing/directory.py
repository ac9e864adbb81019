"""What do the rules know of places, topics, people and the lines of the dispatch catalogue?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from service.accounts.rules import Away, DutyHours, Role, stand_in
from service.areas.rules import AreaLevel, AreaTree
from service.categories.rules import Catalogue, Topic
from service.rosters.rules import ORDINARY, Days, Roster, Single, is_on_duty


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
class Rule:
    """One line of the dispatch catalogue as the rules see it."""

    id: int
    position: int
    category_code: str | None = None
    area_id: int | None = None
    target_level: AreaLevel | None = None
    target_area_id: int | None = None
    target_person_id: int | None = None
    target_role: Role = Role.WORKER


@dataclass(frozen=True)
class Directory:
    """Everything routing and escalation need to know, as of one version."""

    version: int
    zone: ZoneInfo
    areas: AreaTree
    catalogue: Catalogue
    rules: tuple[Rule, ...]
    people: Mapping[int, Staff]
    model_id: int | None = None
    """The version that suggests topics; None: their keywords do."""
    days: Days = ORDINARY
    """The public holidays, and the days that are worked instead."""

    @cached_property
    def topics_by_id(self) -> Mapping[int, Topic]:
        """Return the categories by their row."""
        return {t.id: t for t in self.catalogue.topics.values()}

    def staff(self, area_id: int, *roles: Role) -> tuple[Staff, ...]:
        """Return the people whose own area is `area_id` and who have one of the roles, by id."""
        return tuple(p for p in self.people.values() if p.area_id == area_id and p.role in roles)

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
