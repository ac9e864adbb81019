"""Who hears when a step of the ladder is taken, and does its condition hold?"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from service.accounts.rules import RANK, Role, stand_in
from service.areas.rules import AreaLevel
from service.routing.directory import Directory, Staff
from sla_policies.escalation import Step

HANDLER = "handler"
RUNGS: tuple[tuple[str, AreaLevel, tuple[Role, ...]], ...] = (
    ("community_duty", AreaLevel.COMMUNITY, (Role.WORKER, Role.HEAD)),
    ("community_head", AreaLevel.COMMUNITY, (Role.HEAD,)),
    ("subdistrict_desk", AreaLevel.SUBDISTRICT, (Role.TRIAGE,)),
    ("subdistrict_supervisor", AreaLevel.SUBDISTRICT, (Role.SUPERVISOR,)),
    ("district_desk", AreaLevel.COUNTY, (Role.DISTRICT,)),
)
"""The rungs of the ladder from the street up: at which level of the division, and which roles there."""
DUTY_ONLY = frozenset({"community_duty", "subdistrict_desk"})
"""Rungs on which only those on duty are meant, as long as somebody is."""


@dataclass(frozen=True)
class Held:
    """Where a case lies and who holds it."""

    area_id: int
    unit_id: int
    assignee_id: int | None


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


def recipients(step: Step, held: Held, directory: Directory, at: datetime) -> tuple[Staff, ...]:
    """Return who hears of a step, resolved now: a missing or absent rung passes it to the next one up."""
    heard: dict[int, Staff] = {}
    for role in step.to:
        for person in _rung(role, held, directory, at):
            heard[person.id] = person
    return tuple(heard.values())


def _rung(role: str, held: Held, directory: Directory, at: datetime) -> tuple[Staff, ...]:
    if role == HANDLER:
        handler = _present([held.assignee_id], directory, at)
        return handler or _from(0, held, directory, at)
    return _from([name for name, _, _ in RUNGS].index(role), held, directory, at)


def _from(index: int, held: Held, directory: Directory, at: datetime) -> tuple[Staff, ...]:
    """Return who stands on that rung or, where nobody does, on the next one above that has somebody."""
    for name, level, roles in RUNGS[index:]:
        place = directory.areas.at_level(held.unit_id, level)
        if place.level is not level:
            continue
        there = _present([p.id for p in directory.staff(place.id, *roles)], directory, at)
        on_duty = tuple(p for p in there if directory.is_on_duty(p, at))
        chosen = on_duty or there if name in DUTY_ONLY else there
        if chosen:
            return chosen
    return ()


def _present(person_ids: Collection[int | None], directory: Directory, at: datetime) -> tuple[Staff, ...]:
    """Return these people, or who stands in for those who are away."""
    absences = {p.id: p.absences for p in directory.people.values()}
    known = [i for i in person_ids if i is not None and i in directory.people]
    acting = dict.fromkeys(stand_in(i, absences, at) for i in known)
    return tuple(directory.people[i] for i in acting if i is not None and i in directory.people)
