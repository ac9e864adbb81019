"""Which parts are there, whom do they wait for, and may somebody know of them?"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.areas.rules import Place
from service.cases.queries import visible_to, within
from service.cases.tables import Case
from service.categories.rules import Topic
from service.clocks.tables import ClockRow
from service.database import is_any
from service.errors import NotFoundError
from service.orders.rules import Between
from service.parts.rules import (
    OPEN,
    PartAction,
    PartMove,
    PartState,
    Party,
    Progress,
    Stands,
    moves_from,
    parties_of,
    progress,
)
from service.parts.tables import Part, Whistle
from service.routing.directory import Directory, Staff
from service.routing.standing import acting_as

MOST_LISTED = 100


class PartTab(StrEnum):
    """The lists of parts: what I must do, what others do for my cases, what I must score, and what has ended."""

    TO_DO = "to_do"
    CALLED = "called"
    TO_SCORE = "to_score"
    ENDED = "ended"


@dataclass(frozen=True)
class PartView:
    """A part with its case and its time, as somebody sees it."""

    part: Part
    case: Case
    whistle: Whistle | None
    due_at: datetime | None
    """Until when to report in, or to be done; None when it has ended."""
    parties: frozenset[Party]
    unit: Place | None
    """None: it is no longer in use."""
    person: Staff | None
    asker: Staff | None
    place: Place | None
    """Where the case lies."""
    topic: Topic | None
    may_see_case: bool

    def is_late(self, now: datetime) -> bool:
        """Is the time over in which somebody must do something?"""
        return self.due_at is not None and self.due_at < now

    @property
    def moves(self) -> tuple[PartMove, ...]:
        """Return what the reader may do now."""
        return moves_from(stands(self.part), self.parties)


def between(part: Part) -> Between:
    """Return between whom a part stands."""
    return Between(part.unit_id, part.person_id, part.asked_by_id)


def stands(part: Part) -> Stands:
    """Return where a part stands, as its rules see it."""
    return Stands(part.state, part.whistle_id is not None, part.score is not None)


def of_case(session: Session, case_id: int, person: Person, known: Directory, now: datetime) -> list[PartView]:
    """Return the parts of a case that a person sees, the oldest first."""
    found = _views(session, _wanted(person, known, now).where(col(Part.case_id) == case_id), person, known, now)
    return sorted(found, key=lambda view: view.part.id or 0)


def part_of(session: Session, part_id: int, person: Person, known: Directory, now: datetime) -> PartView:
    """Return a part, for somebody who may know of it. Errors: NotFoundError."""
    found = _views(session, _wanted(person, known, now).where(col(Part.id) == part_id), person, known, now)
    if not found:
        raise NotFoundError
    return found[0]


def listed(session: Session, person: Person, known: Directory, now: datetime) -> dict[PartTab, list[PartView]]:
    """Return the parts a person sees, by list, what runs out first on top; of those that ended the newest."""
    found: dict[PartTab, list[PartView]] = {tab: [] for tab in PartTab}
    for view in _views(session, _wanted(person, known, now).where(IS_OPEN), person, known, now):
        found[PartTab.TO_DO if Party.HELPER in view.parties else PartTab.CALLED].append(view)
    for view in _views(session, _wanted(person, known, now).where(~IS_OPEN), person, known, now):
        wants_score = any(move.action is PartAction.SCORE for move in view.moves)
        found[PartTab.TO_SCORE if wants_score else PartTab.ENDED].append(view)
    return found


def waiting_for(session: Session, person: Person, known: Directory, now: datetime) -> list[PartView]:
    """Return the parts that somebody must do, what runs out first on top."""
    mine = _wanted(person, known, now, only_called=True).where(IS_OPEN)
    return [view for view in _views(session, mine, person, known, now) if Party.HELPER in view.parties]


def by_clock(session: Session, clock_ids: Collection[int]) -> Mapping[int, Part]:
    """Return the parts on which these clocks run."""
    if not clock_ids:
        return {}
    return {part.clock_id: part for part in session.exec(select(Part).where(is_any(col(Part.clock_id), clock_ids)))}


def states_of(session: Session, case_id: int) -> list[PartState]:
    """Return where every part of a case stands."""
    return list(session.scalars(sa.select(col(Part.state)).where(col(Part.case_id) == case_id)))


def progress_of(session: Session, case_ids: Collection[int]) -> dict[int, Progress]:
    """Return how far the parts of these cases are; cases without any are left out."""
    states: dict[int, list[PartState]] = defaultdict(list)
    if case_ids:
        wanted = sa.select(col(Part.case_id), col(Part.state)).where(is_any(col(Part.case_id), case_ids))
        for case_id, state in session.execute(wanted):
            states[case_id].append(state)
    return {case_id: progress(found) for case_id, found in states.items()}


def open_of(session: Session, case_id: int) -> list[Part]:
    """Return the parts of a case that have not ended, locked."""
    found = select(Part).where(Part.case_id == case_id, col(Part.state).in_(OPEN))
    return list(session.exec(found.order_by(col(Part.id)).with_for_update()))


def carried(session: Session, person_ids: Collection[int]) -> dict[int, int]:
    """Return how many open parts each of these people has; who has none is left out."""
    held = sa.select(col(Part.person_id), sa.func.count()).where(
        col(Part.person_id).in_(person_ids), col(Part.state).in_(OPEN)
    )
    return {person or 0: count for person, count in session.execute(held.group_by(col(Part.person_id)))}


Wanted = sa.Select[Part, Case, Whistle | None, datetime | None]
IS_OPEN = col(Part.state).in_(OPEN)
LISTED: Wanted = (
    sa.select(Part, Case, Whistle, col(ClockRow.due_at))
    .join(Case, col(Case.id) == Part.case_id)
    .join(Whistle, col(Whistle.id) == Part.whistle_id, isouter=True)
    .join(ClockRow, col(ClockRow.id) == Part.clock_id)
    .order_by(sa.desc(IS_OPEN), sa.case((IS_OPEN, ClockRow.due_at)), col(Part.id).desc())
    .limit(MOST_LISTED)
)
"""Parts with cases and times, what runs out first on top and the newest of those that ended behind; built once."""


def _wanted(person: Person, known: Directory, now: datetime, *, only_called: bool = False) -> Wanted:
    """Return parts through the gate: of cases one sees, and those one is called to do, oneself or one's unit.

    Whoever stands in for somebody who is away sees what they are called to do. A part opens nothing of its case but
    what its page shows.
    """
    me = known.people.get(person.id or 0)
    acting_for = [p.id for p in known.people.values() if me and p.absences and known.acting_for(p, now) == me]
    gate: sa.ColumnElement[bool] = col(Part.person_id).in_([person.id, *acting_for])
    if person.role is not Role.ADMIN:
        gate = sa.or_(gate, col(Part.unit_id).in_(within(person.area_id)))
    if not only_called:
        gate = sa.or_(gate, visible_to(person.id or 0, person.role, person.area_id))
    return LISTED.where(gate)


def _views(session: Session, wanted: Wanted, person: Person, known: Directory, now: datetime) -> list[PartView]:
    rows = session.execute(wanted).all()
    return [_view(part, case, whistle, due, person, known, now) for part, case, whistle, due in rows]


def _view(
    part: Part,
    case: Case,
    whistle: Whistle | None,
    due: datetime | None,
    person: Person,
    known: Directory,
    now: datetime,
) -> PartView:
    me, acting = known.people.get(person.id or 0), acting_as(person, case, known)
    return PartView(
        part=part,
        case=case,
        whistle=whistle,
        due_at=due if part.state in OPEN else None,
        parties=parties_of(me, between(part), acting, known, now) if me else frozenset(),
        unit=known.areas.places.get(part.unit_id),
        person=known.people.get(part.person_id or 0),
        asker=known.people.get(part.asked_by_id),
        place=known.areas.places.get(case.area_id),
        topic=known.topics_by_id.get(case.category_id),
        may_see_case=bool(acting),
    )
