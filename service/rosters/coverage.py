"""At which desks is nobody on duty when somebody is needed, and who is the only one there?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.areas.hours import hours_on
from service.areas.opening import opening
from service.areas.queries import area_tree
from service.areas.rules import AreaLevel, AreaTree, Place
from service.rosters.desks import ALWAYS_THERE, BY_DAY, nobody_there
from service.rosters.queries import rosters
from service.rosters.rules import ONE_DAY, Days, Span, day_span
from service.timekeeping import ZONE
from sla_policies.hours import joined

LONGEST_BREAK = timedelta(hours=2)
"""At a desk by day a gap shorter than this is a break, and is not told."""


@dataclass(frozen=True)
class Team:
    """The people who keep one desk, and when they must be there."""

    place: Place
    roles: tuple[Role, ...]
    people: tuple[Person, ...]


@dataclass(frozen=True)
class Gap:
    """Nobody of a team is on duty in this span."""

    team: Team
    span: Span


def teams(session: Session, within: Iterable[int] | None = None) -> list[Team]:
    """Return the teams of the desks in use that have anybody, the highest first; `within`: only of these areas."""
    areas = area_tree(session)
    wanted = None if within is None else set(within)
    by_place: dict[int, list[Person]] = {}
    found = select(Person).where(col(Person.is_active))
    if wanted is not None:
        found = found.where(col(Person.area_id).in_(wanted))
    for person in session.exec(found.order_by(Person.name, col(Person.id))):
        by_place.setdefault(person.area_id, []).append(person)
    places = [p for p in areas.in_use if wanted is None or p.id in wanted]
    made = (_team(place, by_place.get(place.id, [])) for place in _in_order(areas, places))
    return [team for team in made if team is not None]


def uncovered(session: Session, of: Iterable[Team], first: date, last: date, days: Days) -> list[Gap]:
    """Return when nobody is there, by team and time, with three queries whatever the number of teams."""
    of = list(of)
    everybody = [person.id or 0 for team in of for person in team.people]
    known = rosters(session, everybody, first, last, ZONE)
    found: list[Gap] = []
    for team in of:
        open_ = nobody_there(needed(team, first, last, days), (known[p.id or 0] for p in team.people), days, ZONE)
        longest = LONGEST_BREAK if team.roles == BY_DAY else timedelta(0)
        found += [Gap(team, span) for span in open_ if span[1] - span[0] >= longest]
    return found


def needed(team: Team, first: date, last: date, days: Days) -> tuple[Span, ...]:
    """Return when somebody of a team must be there: at any hour, or while the community's desk is open.

    On a public holiday a community's desk is open only where its special days say so.
    """
    dates = [first + ONE_DAY * n for n in range((last - first).days + 1)]
    if team.roles != BY_DAY:
        return joined([day_span(day, ZONE) for day in dates])
    return joined([span for day in dates for span in _open_on(team.place, day, days)])


def alone(of: Iterable[Team]) -> list[Team]:
    """Return the teams of a single person: nobody is there when that one is ill."""
    return [team for team in of if len(team.people) == 1]


def _open_on(place: Place, day: date, days: Days) -> Iterable[Span]:
    hours = hours_on(place, day)
    if day in days.off and not hours.is_special:
        return
    midnight = day_span(day, ZONE)[0]
    for begins, ends in opening(hours.hours) or ():
        yield _at(midnight, begins), _at(midnight, ends)


def _at(midnight: datetime, minutes: int) -> datetime:
    return midnight + timedelta(minutes=minutes)


def _team(place: Place, people: list[Person]) -> Team | None:
    roles = (ALWAYS_THERE[place.level],) if place.level in ALWAYS_THERE else BY_DAY
    there = tuple(person for person in people if person.role in roles)
    return Team(place, roles, there) if there and place.level is not AreaLevel.GRID else None


def _in_order(areas: AreaTree, places: Iterable[Place]) -> list[Place]:
    """Return places from the top down, each sub-district before its communities."""
    return sorted(places, key=lambda p: [above.code for above in reversed(list(areas.up_from(p.id)))])
