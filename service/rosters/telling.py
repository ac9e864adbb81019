"""Who is told of a swap of shifts?"""

from datetime import datetime

from sqlmodel import Session

from service.accounts.queries import people_at
from service.accounts.rules import may_plan
from service.accounts.tables import Person
from service.areas.queries import area_tree
from service.outbox.actions import write
from service.outbox.messages import Message, Recipient, swap
from service.rosters.rules import SwapState
from service.rosters.tables import Swap


def tell_asked(session: Session, of: Swap, asker: Person, other: Person, now: datetime) -> None:
    """Tell a colleague what is asked of them."""
    write(session, [_message(other, "asked", of, asker)], None, now)


def tell_answered(session: Session, of: Swap, asker: Person, other: Person, now: datetime) -> None:
    """Tell the asker of the answer, and of an accepted swap whoever plans their roster."""
    told = [_message(asker, of.state.value, of, other)]
    if of.state is SwapState.ACCEPTED:
        told += [_message(person, "to_see", of, other) for person in planners(session, asker)]
    write(session, told, None, now)


def planners(session: Session, of: Person) -> list[Person]:
    """Return who plans somebody's roster: those who may at their own desk, or else at the nearest one above."""
    for place in area_tree(session).up_from(of.area_id):
        there = [p for p in people_at(session, [place.id]) if may_plan(p.role, of.role) and p.id != of.id]
        if there:
            return there
    return []


def _message(to: Person, what: str, of: Swap, about: Person) -> Message:
    name = about.name_en if to.language == "en" and about.name_en else about.name
    recipient = Recipient(to.language, to.email, to.id)
    return swap(recipient, what, of.id or 0, name, (of.starts_at, of.ends_at))
