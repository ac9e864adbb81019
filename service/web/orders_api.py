"""REST v1 for supervise orders: which wait for whom, and what is done with them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from service.handling.queries import staff_case
from service.orders.actions import Given, act_on, issue
from service.orders.queries import OrderTab, OrderView, listed, order_of
from service.orders.rules import MOST_HOURS, MOST_TEXT, OrderAction
from service.routing.queries import directory
from service.web.api import Number, Strict
from service.web.deps import CurrentPerson, DbSession, Now
from service.web.directory_shapes import Shape

router = APIRouter(prefix="/api/v1", tags=["orders"])

OrderId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Text = Annotated[str, Field(max_length=MOST_TEXT)]
Hours = Annotated[int, Field(ge=1, le=MOST_HOURS)]


class NewOrder(Strict):
    """An order before it is issued, to a person or a unit; without either to whoever holds the case, else its unit."""

    text: Text
    hours: Hours
    person_id: Annotated[int | None, Field(ge=1)] = None
    unit_id: Annotated[int | None, Field(ge=1)] = None


class OrderBody(Strict):
    """What is said with an action; `hours` is the new term of an order that is sent back."""

    text: Text = ""
    hours: Hours | None = None
    version: Annotated[int | None, Field(ge=1)] = None


class OrderShape(Shape):
    """One supervise order."""

    id: int
    number: str
    state: str
    version: int
    turn: int
    text: str
    hours: int
    due_at: datetime | None
    unit_id: int
    person_id: int | None
    issued_by_id: int
    issued_at: datetime
    reply: str
    replied_at: datetime | None
    said: str
    ended_at: datetime | None
    i_am: list[str]
    """As whom the reader acts on it: addressee or issuer."""


class OrdersShape(Shape):
    """The orders that somebody sees, list by list; 100 of each kind at most."""

    to_answer: list[OrderShape]
    to_judge: list[OrderShape]
    running: list[OrderShape]
    ended: list[OrderShape]


@router.get("/orders")
def read_orders(person: CurrentPerson, session: DbSession, now: Now) -> OrdersShape:
    """Return the orders that wait for the reader, that run elsewhere in their area, and that have ended."""
    lists = listed(session, person, directory(session), now)
    return OrdersShape(**{str(tab): [shown(view) for view in lists[tab]] for tab in OrderTab})


@router.get("/orders/{order_id}")
def read_order(order_id: OrderId, person: CurrentPerson, session: DbSession, now: Now) -> OrderShape:
    """Return one order."""
    return shown(order_of(session, order_id, person, directory(session), now))


@router.post("/cases/{number}/orders", status_code=201)
def issue_order(number: Number, body: NewOrder, person: CurrentPerson, session: DbSession, now: Now) -> OrderShape:
    """Issue an order on a case: its time begins, and whoever must answer it is told."""
    case = staff_case(session, number, person)
    to_holder = body.person_id is None and body.unit_id is None
    person_id = case.assignee_id if to_holder else body.person_id
    to = f"person:{person_id}" if person_id else f"unit:{body.unit_id or case.unit_id}"
    order = issue(session, case.id or 0, Given(body.text, to, body.hours), by=person, now=now)
    return shown(order_of(session, order.id or 0, person, directory(session), now))


@router.post("/orders/{order_id}/{action}")
def act_on_order(
    order_id: OrderId, action: OrderAction, body: OrderBody, person: CurrentPerson, session: DbSession, now: Now
) -> OrderShape:
    """Answer an order, accept the answer, send it back, or take the order back."""
    given = Given(body.text, hours=body.hours or "", version=body.version)
    act_on(session, order_id, action, given, by=person, now=now)
    return shown(order_of(session, order_id, person, directory(session), now))


def shown(view: OrderView) -> OrderShape:
    """Return the shape of an order."""
    order = view.order
    told = {
        "number": view.case.number,
        "hours": order.minutes // 60,
        "due_at": view.due_at,
        "i_am": sorted(view.parties),
    }
    same = {name: getattr(order, name) for name in OrderShape.model_fields if name not in told}
    return OrderShape.model_validate(told | same)
