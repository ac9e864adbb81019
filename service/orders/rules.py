"""What may be done with a supervise order, by whom, and which time runs meanwhile?

`MOVES` is the whole life of an order: the pages, the API and the tests read it from there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from service.accounts.rules import RANK, Role
from service.areas.rules import Place
from service.errors import InvalidFieldsError, ServiceError
from service.routing.directory import Directory, Staff
from sla_policies.policy import Metric

MOST_TEXT = 2000
MOST_HOURS = 30 * 24
"""The longest term: a month; what takes longer is no order but a plan (own)."""
HANDLERS = tuple(role for role in Role if role is not Role.ADMIN)
ISSUERS = frozenset({Role.SUPERVISOR, Role.DISTRICT})


class OrderState(StrEnum):
    """Where an order stands."""

    OPEN = "open"
    REPLIED = "replied"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"
    SETTLED = "settled"
    """The case was resolved meanwhile: its result is the answer."""
    LAPSED = "lapsed"
    """The case ended without a result: withdrawn, or joined to another."""


class OrderAction(StrEnum):
    """What can be done with an order."""

    REPLY = "reply"
    ACCEPT = "accept"
    SEND_BACK = "send_back"
    WITHDRAW = "withdraw"


class Party(StrEnum):
    """As whom somebody acts on an order."""

    ADDRESSEE = "addressee"
    ISSUER = "issuer"


@dataclass(frozen=True)
class OrderMove:
    """One row of the life of an order."""

    action: OrderAction
    from_: frozenset[OrderState]
    to: OrderState
    who: Party
    must_say: bool = True
    """Are words required?"""
    names_term: bool = False


S, A = OrderState, OrderAction
UNSETTLED = frozenset({S.OPEN, S.REPLIED})
MOVES: tuple[OrderMove, ...] = (
    OrderMove(A.REPLY, frozenset({S.OPEN}), S.REPLIED, Party.ADDRESSEE),
    OrderMove(A.ACCEPT, frozenset({S.REPLIED}), S.ACCEPTED, Party.ISSUER, must_say=False),
    OrderMove(A.SEND_BACK, frozenset({S.REPLIED}), S.OPEN, Party.ISSUER, names_term=True),
    OrderMove(A.WITHDRAW, UNSETTLED, S.WITHDRAWN, Party.ISSUER),
)
RUNS: Mapping[OrderState, Metric] = {S.OPEN: Metric.ORDER, S.REPLIED: Metric.VERDICT}
"""Which time runs in which state; in every other state the order has ended."""


class OrderForbiddenError(ServiceError):
    """The order stands where this cannot be done, or it is somebody else's to do."""

    status, code = 409, "order-forbidden"
    sentence = "This cannot be done with the order now. Below is how it stands."


class NoOrdersError(ServiceError):
    """The promise pack says nothing about supervise orders."""

    status, code = 409, "no-orders"
    sentence = "The promises of this installation say nothing about supervise orders. Add “orders” to the policy file."


def move_for(state: OrderState, action: OrderAction, parties: frozenset[Party]) -> OrderMove:
    """Return the row that lets one of these parties do this now. Errors: OrderForbiddenError."""
    for move in MOVES:
        if move.action is action and state in move.from_ and move.who in parties:
            return move
    raise OrderForbiddenError


def moves_from(state: OrderState, parties: frozenset[Party]) -> tuple[OrderMove, ...]:
    """Return what these parties may do now: the forms of the page."""
    return tuple(move for move in MOVES if state in move.from_ and move.who in parties)


def checked_text(raw: str, *, required: bool = True) -> str:
    """Return the words of an order or of what is said to it. Errors: InvalidFieldsError."""
    if required and not raw:
        raise InvalidFieldsError({"text": "Please answer this."})
    if len(raw) > MOST_TEXT:
        raise InvalidFieldsError({"text": "This is too long. Please keep it under 2000 characters."})
    return raw


def checked_hours(raw: Any) -> int:  # noqa: ANN401  # Whatever a client sends.
    """Return a term in hours. Errors: InvalidFieldsError."""
    text = str(raw)
    if isinstance(raw, bool) or not (text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_HOURS))):
        raise InvalidFieldsError({"hours": "Please give a whole number of hours, from 1 to 720."})
    if not 1 <= int(text) <= MOST_HOURS:
        raise InvalidFieldsError({"hours": "Please give a whole number of hours, from 1 to 720."})
    return int(text)


@dataclass(frozen=True)
class Between:
    """Between whom an order stands."""

    unit_id: int
    person_id: int | None
    issued_by_id: int


def parties_of(person: Staff, order: Between, known: Directory, at: datetime) -> frozenset[Party]:
    """Return as whom somebody acts on an order: its addressee, its issuer, or nobody.

    For the addressee answers whoever stands in for them, and of their unit those who stand at least as high; for the
    issuer judges whoever stands at least as high and has the issuer's area. Nobody judges their own answer: where both
    would be the same, they are the issuer.
    """
    if person.id == order.issued_by_id or _may_judge(person, order, known):
        return frozenset({Party.ISSUER})
    return frozenset({Party.ADDRESSEE}) if is_addressee(person, order, known, at) else frozenset()


def _may_judge(person: Staff, order: Between, known: Directory) -> bool:
    issuer = known.people.get(order.issued_by_id)
    if person.role not in ISSUERS or person.id == order.person_id:
        return False
    if issuer is None:
        return known.areas.covers(person.area_id, order.unit_id)
    return RANK[person.role] >= RANK[issuer.role] and known.areas.covers(person.area_id, issuer.area_id)


def is_addressee(person: Staff, order: Between, known: Directory, at: datetime) -> bool:
    """Was it asked of somebody: of them, of whom they stand in for, or of their unit, if they stand as high there?"""
    addressee = known.people.get(order.person_id or 0)
    if addressee is not None and known.acting_for(addressee, at) == person:
        return True
    is_of_unit = person.area_id == order.unit_id and person.role is not Role.ADMIN
    return is_of_unit and (addressee is None or RANK[person.role] >= RANK[addressee.role])


def answerers(order: Between, known: Directory, at: datetime) -> tuple[Staff, ...]:
    """Return who must answer an order now: its addressee or who stands in; of a unit its head, else all of it."""
    addressee = known.people.get(order.person_id or 0)
    person = known.acting_for(addressee, at) if addressee else None
    if person is not None:
        return (person,)
    there = [p for p in known.staff(order.unit_id, *HANDLERS) if not known.is_absent(p, at)]
    highest = max((RANK[p.role] for p in there), default=0)
    at_its_head = tuple(p for p in there if p.role is not Role.WORKER and RANK[p.role] == highest)
    return at_its_head or tuple(there)


def issuers(order: Between, known: Directory, at: datetime) -> tuple[Staff, ...]:
    """Return who judges the answer to an order now: its issuer or who stands in, else whoever may judge it."""
    issuer = known.people.get(order.issued_by_id)
    person = known.acting_for(issuer, at) if issuer else None
    if person is not None:
        return (person,)
    others = (p for p in known.people.values() if not known.is_absent(p, at))
    return tuple(p for p in others if _may_judge(p, order, known))


def may_issue(role: Role, area_id: int, of_case: Iterable[int], known: Directory) -> bool:
    """May somebody in this role of that area issue an order on a case that lies in, or with, these areas?"""
    return role in ISSUERS and any(known.areas.covers(area_id, one) for one in of_case)


@dataclass(frozen=True)
class Addressees:
    """A unit that an order may go to, and the people there who may get it."""

    unit: Place
    people: tuple[Staff, ...]


def addressees(by: Staff, area_id: int, unit_id: int, holder_id: int | None, known: Directory) -> list[Addressees]:
    """Return who may be ordered something on a case, the responsible unit first: nobody orders their superior.

    Offered are the unit that holds the case, the holder's own, and the communities and sub-district above its place.
    """
    holder = known.people.get(holder_id or 0)
    places = [unit_id, *([holder.area_id] if holder else []), *(p.id for p in known.areas.up_from(area_id))]
    found = []
    for place_id in dict.fromkeys(known.areas.living(p).id for p in places):
        below = [p for p in known.staff(place_id, *RANK) if RANK[p.role] < RANK[by.role] and p.id != by.id]
        if below and known.areas.covers(by.area_id, place_id):
            ordered = sorted(below, key=lambda p: (p.id != holder_id, -RANK[p.role], p.id))
            found.append(Addressees(known.areas.places[place_id], tuple(ordered)))
    return found


def addressed(offered: Iterable[Addressees], raw: str) -> tuple[int, int | None]:
    """Return unit and person of an answer like `unit:7` or `person:12`. Errors: InvalidFieldsError."""
    for one in offered:
        if raw == f"unit:{one.unit.id}":
            return one.unit.id, None
        for person in one.people:
            if raw == f"person:{person.id}":
                return one.unit.id, person.id
    raise InvalidFieldsError({"to": "Please choose one of the answers offered."})
