"""Which orders are there, whom do they wait for, and may somebody know of them?"""

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
from service.clocks.tables import ClockRow
from service.database import is_any
from service.errors import NotFoundError
from service.orders.rules import UNSETTLED, Between, OrderState, Party, parties_of
from service.orders.tables import Order
from service.routing.directory import Directory, Staff

MOST_LISTED = 100


class OrderTab(StrEnum):
    """The lists of orders: what I must answer, what I must judge, what runs elsewhere, and what has ended."""

    TO_ANSWER = "to_answer"
    TO_JUDGE = "to_judge"
    RUNNING = "running"
    ENDED = "ended"


@dataclass(frozen=True)
class OrderView:
    """An order with its case and its time, as somebody sees it."""

    order: Order
    case: Case
    due_at: datetime | None
    """Until when the addressee answers, or the issuer judges; None when it has ended."""
    parties: frozenset[Party]
    unit: Place | None
    """None: it is no longer in use."""
    person: Staff | None
    issuer: Staff | None
    replied_by: Staff | None
    may_see_case: bool

    def is_late(self, now: datetime) -> bool:
        """Is the time over in which somebody must do something?"""
        return self.due_at is not None and self.due_at < now


def between(order: Order) -> Between:
    """Return between whom an order stands."""
    return Between(order.unit_id, order.person_id, order.issued_by_id)


def of_case(session: Session, case_id: int, person: Person, known: Directory, now: datetime) -> list[OrderView]:
    """Return the orders on a case that a person sees, the newest first."""
    return _views(session, _wanted(person, known, now).where(col(Order.case_id) == case_id), person, known, now)


def order_of(session: Session, order_id: int, person: Person, known: Directory, now: datetime) -> OrderView:
    """Return an order, for somebody who may know of it. Errors: NotFoundError."""
    found = _views(session, _wanted(person, known, now).where(col(Order.id) == order_id), person, known, now)
    if not found:
        raise NotFoundError
    return found[0]


def listed(session: Session, person: Person, known: Directory, now: datetime) -> dict[OrderTab, list[OrderView]]:
    """Return the orders a person sees, by list, what runs out first on top; of those that ended the newest."""
    found: dict[OrderTab, list[OrderView]] = {tab: [] for tab in OrderTab}
    for view in _views(session, _wanted(person, known, now).where(IS_OPEN), person, known, now):
        found[_tab(view)].append(view)
    found[OrderTab.ENDED] = _views(session, _wanted(person, known, now).where(~IS_OPEN), person, known, now)
    return found


def waiting_for(session: Session, person: Person, known: Directory, now: datetime) -> list[OrderView]:
    """Return the orders that somebody must answer, what runs out first on top."""
    is_open = col(Order.state) == OrderState.OPEN
    views = _views(session, _wanted(person, known, now).where(is_open), person, known, now)
    return [view for view in views if Party.ADDRESSEE in view.parties]


def _tab(view: OrderView) -> OrderTab:
    if view.order.state is OrderState.OPEN and Party.ADDRESSEE in view.parties:
        return OrderTab.TO_ANSWER
    if view.order.state is OrderState.REPLIED and Party.ISSUER in view.parties:
        return OrderTab.TO_JUDGE
    return OrderTab.RUNNING


def by_clock(session: Session, clock_ids: Collection[int]) -> Mapping[int, Order]:
    """Return the orders on which these clocks run."""
    if not clock_ids:
        return {}
    return {
        order.clock_id: order for order in session.exec(select(Order).where(is_any(col(Order.clock_id), clock_ids)))
    }


def unsettled_of(session: Session, case_id: int) -> list[Order]:
    """Return the orders on a case that have not ended, locked."""
    found = select(Order).where(Order.case_id == case_id, col(Order.state).in_(UNSETTLED))
    return list(session.exec(found.order_by(col(Order.id)).with_for_update()))


Wanted = sa.Select[Order, Case, datetime | None]
IS_OPEN = col(Order.state).in_(UNSETTLED)
LISTED: Wanted = (
    sa.select(Order, Case, col(ClockRow.due_at))
    .join(Case, col(Case.id) == Order.case_id)
    .join(ClockRow, col(ClockRow.id) == Order.clock_id)
    .order_by(sa.desc(IS_OPEN), sa.case((IS_OPEN, ClockRow.due_at)), col(Order.id).desc())
    .limit(MOST_LISTED)
)
"""Orders with cases and times, what runs out first on top and the newest of those that ended behind; built once."""


def _wanted(person: Person, known: Directory, now: datetime) -> Wanted:
    """Return orders through the gate: of cases one sees, what was ordered of oneself or one's unit, or by oneself.

    Whoever stands in for somebody who is away sees what was ordered of them.
    """
    me = known.people.get(person.id or 0)
    acting_for = [p.id for p in known.people.values() if me and known.acting_for(p, now) == me]
    mine = sa.or_(col(Order.person_id).in_([person.id, *acting_for]), col(Order.issued_by_id) == person.id)
    if person.role is not Role.ADMIN:
        mine = sa.or_(mine, col(Order.unit_id).in_(within(person.area_id)))
    return LISTED.where(sa.or_(visible_to(person.id or 0, person.role, person.area_id), mine))


def _views(session: Session, wanted: Wanted, person: Person, known: Directory, now: datetime) -> list[OrderView]:
    rows = session.execute(wanted).all()
    seen = visible_to(person.id or 0, person.role, person.area_id)
    case_ids = {case.id for _, case, _ in rows}
    may_see = set(session.scalars(sa.select(col(Case.id)).where(col(Case.id).in_(case_ids), seen))) if rows else set()
    return [_view(order, case, due, person, known, now, may_see=case.id in may_see) for order, case, due in rows]


def _view(
    order: Order, case: Case, due: datetime | None, person: Person, known: Directory, now: datetime, *, may_see: bool
) -> OrderView:
    me = known.people.get(person.id or 0)
    return OrderView(
        order=order,
        case=case,
        due_at=due if order.state in UNSETTLED else None,
        parties=parties_of(me, between(order), known, now) if me else frozenset(),
        unit=known.areas.places.get(order.unit_id),
        person=known.people.get(order.person_id or 0),
        issuer=known.people.get(order.issued_by_id),
        replied_by=known.people.get(order.replied_by_id or 0),
        may_see_case=may_see,
    )
