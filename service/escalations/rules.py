"""Who hears when a step of the ladder is taken, and does its condition hold?"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from service.accounts.rules import RANK, Role
from service.areas.rules import AreaLevel
from service.routing.directory import Directory, Staff
from sla_policies.escalation import OWN_ROLES, Step


class Which(StrEnum):
    """The lists behind the numbers of the board."""

    BREACHED = "breached"
    SOON = "soon"
    UNACKNOWLEDGED = "unacknowledged"
    UNASSIGNED = "unassigned"
    OPEN = "open"


RUNGS: tuple[tuple[str, AreaLevel, tuple[Role, ...]], ...] = (
    ("community_duty", AreaLevel.COMMUNITY, (Role.WORKER, Role.HEAD)),
    ("community_head", AreaLevel.COMMUNITY, (Role.HEAD,)),
    ("subdistrict_desk", AreaLevel.SUBDISTRICT, (Role.TRIAGE,)),
    ("subdistrict_supervisor", AreaLevel.SUBDISTRICT, (Role.SUPERVISOR,)),
    ("district_desk", AreaLevel.COUNTY, (Role.DISTRICT,)),
)
"""The rungs of the ladder from the street up: at which level of the division, and which roles there."""
RUNG = {name: (level, roles) for name, level, roles in RUNGS}
DESK, ABOVE_DESK = "subdistrict_desk", ("subdistrict_supervisor", "district_desk")
FALLS_TO: Mapping[str, tuple[str, ...]] = {
    "nobody": (DESK, *ABOVE_DESK),
    "handler": ("community_duty", "community_head", DESK, *ABOVE_DESK),
    "community_duty": ("community_head", DESK, *ABOVE_DESK),
    "community_head": (DESK, *ABOVE_DESK),
    "subdistrict_desk": ABOVE_DESK,
    "subdistrict_supervisor": (DESK, "district_desk"),
    "district_desk": (DESK, "subdistrict_supervisor"),
}
"""Who hears where nobody of a role is there, in this order: a missing superior is the duty desk's to stand in for.

"nobody" stands for the holder of a case that nobody holds.
"""
DUTY_ONLY = frozenset({"community_duty", "subdistrict_desk"})
"""Rungs on which only those on duty are meant, as long as somebody is."""


@dataclass(frozen=True)
class Held:
    """Where a case lies and who holds it."""

    area_id: int
    unit_id: int
    assignee_id: int | None
    addressee_ids: tuple[int, ...] = ()
    """Of an order or a part: who must answer, or do it."""
    issuer_ids: tuple[int, ...] = ()
    """Of an order: who must judge the answer; of a part: who waits for it."""

    def own(self, role: str) -> tuple[int, ...]:
        """Return who must keep the promise themselves, in one of their roles."""
        holder = () if self.assignee_id is None else (self.assignee_id,)
        return {"handler": holder, "addressee": self.addressee_ids, "issuer": self.issuer_ids}[role]


@dataclass(frozen=True)
class Standing:
    """What the conditions of a step may ask about a case."""

    contacted: bool
    acknowledged: bool
    """Somebody has answered an escalation of this clock, since its deadline stands as it does."""


def holds(step: Step, standing: Standing) -> bool:
    """Is the step to be taken? Its `unless` names what makes it unnecessary."""
    facts: Mapping[str, bool] = {"contacted": standing.contacted, "acknowledged": standing.acknowledged}
    return not any(facts[name] for name in step.unless)


def may_answer(role: Role, *, was_told: bool, rungs: Collection[str]) -> bool:
    """May somebody of this role, who sees the case, answer an escalation to these rungs?

    Who was told may, and whoever stands at least as high: nobody answers for their superior.
    """
    return was_told or not above(role) & set(rungs)


def above(role: Role) -> frozenset[str]:
    """Return the rungs on which somebody stands who is higher than this role."""
    return frozenset(name for name, _, roles in RUNGS if max(RANK[r] for r in roles) > RANK[role])


def recipients(roles: Iterable[str], held: Held, directory: Directory, at: datetime) -> tuple[Staff, ...]:
    """Return who hears of what these roles are asked, resolved now.

    Where nobody of a role is there, it falls to the duty desk and then to whoever stands above, up to the district.
    """
    heard: dict[int, Staff] = {}
    for role in roles:
        for person in reached(role, held, directory, at):
            heard[person.id] = person
    return tuple(heard.values())


def reached(role: str, held: Held, directory: Directory, at: datetime) -> tuple[Staff, ...]:
    """Return who hears in the place of a role; nobody only where the whole line and the administrators are missing."""
    if role in OWN_ROLES:
        own = held.own(role)
        people, line = _present(own, directory, at), FALLS_TO["handler" if own else "nobody"]
    else:
        people, line = _on_rung(role, held, directory, at), FALLS_TO[role]
    return (
        people
        or next(filter(None, (_on_rung(name, held, directory, at) for name in line)), ())
        or _last(held, directory)
    )


def _on_rung(name: str, held: Held, directory: Directory, at: datetime) -> tuple[Staff, ...]:
    """Return who stands on a rung now, or stands in there: on a duty desk those on duty, as long as somebody is."""
    level, roles = RUNG[name]
    place = directory.areas.at_level(held.unit_id, level)
    if place.level is not level:
        return ()
    there = _present([p.id for p in directory.staff(place.id, *roles)], directory, at)
    on_duty = tuple(p for p in there if directory.is_on_duty(p, at))
    return on_duty or there if name in DUTY_ONLY else there


def _last(held: Held, directory: Directory) -> tuple[Staff, ...]:
    """Return whom it is left to when nobody is there: the district though they are away, else the administrators."""
    top = directory.areas.root(held.unit_id).id
    for role in (Role.DISTRICT, Role.ADMIN):
        found = tuple(p for p in directory.people.values() if p.role is role and directory.areas.covers(top, p.area_id))
        if found:
            return found
    return ()


def _present(person_ids: Collection[int], directory: Directory, at: datetime) -> tuple[Staff, ...]:
    """Return these people, or who stands in for those who are away."""
    known = (directory.people[i] for i in person_ids if i in directory.people)
    acting = (directory.acting_for(person, at) for person in known)
    return tuple({person.id: person for person in acting if person is not None}.values())
