"""Who is offered when somebody calls others to a case? Those near it first; a program may call anybody."""

from dataclasses import dataclass

from service.accounts.rules import RANK, Role
from service.areas.rules import AreaLevel, Place
from service.parts.asked import HELPERS
from service.routing.directory import Directory, Staff

DESKS = (AreaLevel.SUBDISTRICT, AreaLevel.COUNTY)
"""Where different roles are different desks."""


@dataclass(frozen=True)
class Offer:
    """A unit that can be called, the desks in it, and its people."""

    unit: Place
    roles: tuple[Role, ...]
    people: tuple[Staff, ...]


@dataclass(frozen=True)
class Offers:
    """Whom to call: the units around the case with their people, departments and others as a whole."""

    near: list[Offer]
    departments: list[Place]
    others: list[Place]


def offered(area_id: int, unit_id: int, holder_id: int | None, known: Directory) -> Offers:
    """Return who can be called to a case that lies in one area and is with a unit, whoever holds it."""
    areas = known.areas
    line = [p for one in (unit_id, area_id) for p in areas.up_from(areas.living(one).id)]
    near = [offer for p in dict.fromkeys(line) if (offer := _offer(p, holder_id, known))]
    there = {offer.unit.id for offer in near}
    around = {p.id for p in line}
    others = [
        p
        for p in sorted(areas.in_use, key=lambda p: p.code)
        if p.id not in there and p.level is not AreaLevel.GRID and p.parent_id in around and known.staff(p.id, *HELPERS)
    ]
    return Offers(near, [p for p in others if p.is_department], [p for p in others if not p.is_department])


def _offer(unit: Place, holder_id: int | None, known: Directory) -> Offer | None:
    people = sorted(
        (p for p in known.staff(unit.id, *HELPERS) if p.id != holder_id), key=lambda p: (RANK[p.role], p.id)
    )
    roles = tuple(dict.fromkeys(p.role for p in people)) if unit.level in DESKS else ()
    return Offer(unit, roles if len(roles) > 1 else (), tuple(people)) if people else None
