"""Which desks have nobody on duty at some hour, only one person, or more than they can carry?"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from service.accounts.rules import Role
from service.areas.rules import AreaLevel, Place
from service.rosters.desks import holidays_ahead, nobody_there
from service.rosters.rules import ONE_DAY, SATURDAY, Span, day_span
from service.routing.directory import Directory, Staff
from service.routing.hours import SLOTS, Hours, hours_of_slots
from service.routing.matching import Table
from service.routing.taking import desks_above

HALF_HOUR = timedelta(minutes=30)


@dataclass(frozen=True)
class Unguarded:
    """A place for which no desk above is on duty at some hours: what is urgent then waits."""

    area_id: int
    hours: Hours
    """In the coming week."""
    holidays: tuple[date, ...]
    """Coming days off on a day of the week that is usually worked, with hours without duty."""


def unguarded(known: Directory, at: datetime) -> list[Unguarded]:
    """Return the sub-districts whose desks leave hours of the coming week or of coming holidays without duty."""
    found = []
    week, holidays = _week(known, at), coming_holidays(known, at)
    coming = (min(week), min(week) + ONE_DAY * 7)
    for place in known.areas.in_use:
        if place.level is AreaLevel.SUBDISTRICT:
            people = desk_people(known, place)
            empty = _nobody_there(known, people, coming)
            bits = sum(1 << slot for slot, moment in enumerate(week) if any(a <= moment < b for a, b in empty))
            days = tuple(day for day in holidays if _nobody_there(known, people, day_span(day, known.zone)))
            if bits or days:
                found.append(Unguarded(place.id, hours_of_slots(bits), days))
    return found


def desk_people(known: Directory, place: Place) -> tuple[Staff, ...]:
    """Return who sits at the desks that take what nobody else takes in a place."""
    return tuple(person for _, people in desks_above(place.id, known) for person in people)


def coming_holidays(known: Directory, at: datetime) -> list[date]:
    """Return the days from Monday to Friday that are not worked, in the coming time."""
    today = at.astimezone(known.zone).date()
    return [day for day in holidays_ahead(known.days, today) if day.weekday() < SATURDAY]


def _week(known: Directory, at: datetime) -> list[datetime]:
    """Return the half hours of the coming seven days, from Monday 00:00 on, each at its next coming."""
    local = at.astimezone(known.zone).replace(minute=0, second=0, microsecond=0)
    monday = local.replace(hour=0) - timedelta(days=local.weekday())
    moments = (monday + HALF_HOUR * slot for slot in range(SLOTS))
    return [moment if moment >= local else moment + timedelta(days=7) for moment in moments]


def _nobody_there(known: Directory, people: tuple[Staff, ...], span: Span) -> tuple[Span, ...]:
    return nobody_there([span], (person.roster for person in people), known.days, known.zone)


def over_capacity(known: Directory, open_cases: Mapping[int, int]) -> list[tuple[int, int, int]]:
    """Return the units whose people hold as much as they can, or can hold nothing: (area, open cases, capacity)."""
    held: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for person in known.people.values():
        if person.role is not Role.ADMIN:
            held[person.area_id][0] += open_cases.get(person.id, 0)
            held[person.area_id][1] += person.capacity
    full = [(area_id, cases, capacity) for area_id, (cases, capacity) in held.items() if cases >= capacity]
    return sorted(full, key=lambda one: (one[2] - one[1], one[0]))


def single_points(known: Directory, table: Table) -> list[tuple[int, Role]]:
    """Return the units with one person in a role that lines send cases to: when that one is away, nobody is there."""
    wanted = {(rule.target_level, rule.target_role) for rule in table.version.rules if rule.target_level is not None}
    wanted |= {(AreaLevel.SUBDISTRICT, Role.TRIAGE)}
    named = {(rule.target_area_id, rule.target_role) for rule in table.version.rules if rule.target_area_id is not None}
    found = {
        (place.id, role)
        for place in known.areas.grounds
        for level, role in wanted
        if place.level is level and len(known.staff(place.id, role)) == 1
    }
    return sorted(found | {(area, role) for area, role in named if area and len(known.staff(area, role)) == 1})
