"""What of rosters does a first visitor find: who is good at what, a swap that waits, and one that nobody has seen?"""

from datetime import datetime, timedelta

from sqlmodel import Session

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.demo.people import READ_ENGLISH, People
from service.rosters.rules import SkillKind, Turn
from service.rosters.shifts import set_skills, turns_around
from service.rosters.swaps import SwapNotPossibleError, answer_swap, ask_swap
from service.rosters.tables import Swap
from service.routing.queries import public_holidays

WORKER = "li.qiang"
"""Whose roster a visitor sees first."""
GOOD_AT = ("A", "C", "D", "E", "F", "G", "H", "K")
"""Groups of topics that workers are good at, in turn; one in three is good at one."""
TWO_WEEKS = timedelta(days=14)


def add_rosters(session: Session, people: People, now: datetime) -> None:
    """Write skills, an open swap and an accepted one, through the product's own actions."""
    _add_skills(session, people, now)
    worker = people[WORKER]
    team = [p for p in people.values() if (p.area_id, p.role) == (worker.area_id, worker.role) and p is not worker]
    for asker in team:
        if _asked(session, asker, worker, "那天家里有事，能帮我值一下吗？", now - timedelta(hours=3)):
            break
    for other in team:
        swap = _asked(session, worker, other, "", now - timedelta(hours=20))
        if swap is not None:
            answer_swap(session, swap.id or 0, public_holidays(), accept=True, by=other, now=now - timedelta(hours=2))
            break


def _asked(session: Session, asker: Person, other: Person, words: str, at: datetime) -> Swap | None:
    """Let somebody ask for the first turn of theirs that the other one can take; None where there is none."""
    for turn in _turns(session, asker, at):
        try:
            return ask_swap(session, asker, other.id or 0, turn.span, None, public_holidays(), words=words, now=at)
        except SwapNotPossibleError:
            continue
    return None


def _turns(session: Session, person: Person, at: datetime) -> list[Turn]:
    found = turns_around(session, person.id or 0, (at, at + TWO_WEEKS), public_holidays())
    return [turn for turn in found if turn.starts_at > at + timedelta(days=1)]


def _add_skills(session: Session, people: People, now: datetime) -> None:
    admin = people["admin"]
    workers = [person for person in people.values() if person.role is Role.WORKER]
    for number, person in enumerate(workers[::3]):
        topic = (SkillKind.TOPIC, GOOD_AT[number % len(GOOD_AT)])
        set_skills(session, person, [topic], by=admin, now=now - timedelta(days=3))
    for login in READ_ENGLISH:
        set_skills(session, people[login], [(SkillKind.LANGUAGE, "en")], by=admin, now=now - timedelta(days=2))
