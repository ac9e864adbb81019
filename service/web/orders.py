"""How is something ordered on a case, answered and judged, on pages?"""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlmodel import Session

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.cases.numbers import is_case_number
from service.cases.tables import Case
from service.errors import NotAllowedError, NotFoundError, ServiceError
from service.escalations.decisions import may_order
from service.handling.queries import staff_case
from service.orders.actions import Given, act_on, default_hours, issue
from service.orders.queries import OrderTab, OrderView, listed, order_of
from service.orders.rules import OrderAction, addressees, moves_from
from service.routing.queries import directory
from service.web.deps import DbSession, Now, require_role
from service.web.refused import done_or_again, form_page
from service.web.render import page
from service.web.sign_in import own_page

router = APIRouter(include_in_schema=False)

ORDERS = "/orders"
MOST_DIGITS = 9
TERMS = (2, 4, 8, 24, 48, 72, 168)
"""Terms that are offered, in hours."""
TAB_LABELS: Mapping[OrderTab, str] = {
    OrderTab.TO_ANSWER: "To be answered by me",
    OrderTab.TO_JUDGE: "To be judged by me",
    OrderTab.RUNNING: "With others",
    OrderTab.ENDED: "Ended",
}
EMPTY_SENTENCES: Mapping[OrderTab, str] = {
    OrderTab.TO_ANSWER: "Nothing has been ordered that you must answer.",
    OrderTab.TO_JUDGE: "No answer waits for your judgement.",
    OrderTab.RUNNING: "No order runs with anybody else.",
    OrderTab.ENDED: "No order has ended yet.",
}
DONE_SENTENCES: Mapping[str, str] = {
    "issue": "The order is issued. Whoever must answer it has been told, and its time runs.",
    "reply": "Your answer is there. Whoever issued the order has been told.",
    "accept": "You have accepted the answer. The order is done.",
    "send_back": "It is sent back, with a new term. Whoever must answer it has been told.",
    "withdraw": "The order is taken back.",
}
Working = Annotated[Person, Depends(require_role(Role.WORKER, Role.HEAD, Role.TRIAGE, Role.SUPERVISOR, Role.DISTRICT))]
OrderId = Annotated[int, Path(ge=1, le=2**63 - 1)]


class OrderAnswers(BaseModel):
    """What the form of an order sends; it is checked where it is done."""

    to: str = ""
    text: str = ""
    hours: str = ""
    version: str = ""
    next: str = ""
    lang: str = ""
    size: str = ""
    was_refused: str = ""

    def given(self) -> Given:
        """Return the answers for the action; a version that is none was not seen."""
        is_number = self.version.isascii() and self.version.isdecimal() and len(self.version) <= MOST_DIGITS
        return Given(self.text, self.to, self.hours, int(self.version) if is_number else None)


@router.get("/orders")
def show_orders(
    request: Request,
    session: DbSession,
    person: Working,
    now: Now,
    tab: Annotated[str, Query(max_length=20)] = "",
    done: str = "",
) -> Response:
    """Show the orders that somebody sees, list by list; without a choice the first that is not empty."""
    lists = listed(session, person, directory(session), now)
    if tab and tab not in list(OrderTab):
        raise NotFoundError
    shown = OrderTab(tab) if tab else next((name for name in OrderTab if lists[name]), OrderTab.TO_ANSWER)
    facts = {"lists": lists, "tab": shown, "labels": TAB_LABELS, "empty": EMPTY_SENTENCES[shown]}
    return page(request, "orders/list.html", facts | {"done": DONE_SENTENCES.get(done, "")})


@router.get("/orders/new/{number}")
def show_new(
    request: Request,
    session: DbSession,
    person: Working,
    now: Now,
    number: str,
    next: str = "",  # noqa: A002  # The name in the address.
) -> Response:
    """Show the form that issues an order on a case."""
    return _new_page(request, session, _case(session, number, person), person, now, OrderAnswers(next=next))


@router.post("/orders/new/{number}")
def take_new(
    request: Request,
    session: DbSession,
    person: Working,
    now: Now,
    number: str,
    answers: Annotated[OrderAnswers, Form()],
) -> Response:
    """Issue an order; when refused, show the form with everything typed."""
    case = _case(session, number, person)

    def do() -> None:
        issue(session, case.id or 0, answers.given(), by=person, now=now)

    def again(error: ServiceError | None) -> Response:
        return _new_page(request, session, case, person, now, answers, error)

    return done_or_again(request, session, answers, do, again, _back(answers, "issue", f"/cases/{case.number}"))


@router.get("/orders/{order_id}")
def show_order(
    request: Request, session: DbSession, person: Working, now: Now, order_id: OrderId, done: str = ""
) -> Response:
    """Show one order with what may be done about it."""
    seen = order_of(session, order_id, person, directory(session), now)
    return _order_page(request, seen, OrderAnswers(), done=done)


@router.post("/orders/{order_id}/{action}")
def take_action(
    request: Request,
    session: DbSession,
    person: Working,
    now: Now,
    order_id: OrderId,
    action: str,
    answers: Annotated[OrderAnswers, Form()],
) -> Response:
    """Answer an order, judge the answer, or take the order back; when refused, show it as it stands now."""
    if action not in list(OrderAction):
        raise NotFoundError
    order_of(session, order_id, person, directory(session), now)

    def do() -> None:
        act_on(session, order_id, OrderAction(action), answers.given(), by=person, now=now)

    def again(error: ServiceError | None) -> Response:
        seen = order_of(session, order_id, person, directory(session), now)
        return _order_page(request, seen, answers, tried=action, error=error)

    return done_or_again(request, session, answers, do, again, _back(answers, action, f"{ORDERS}/{order_id}"))


def _back(answers: OrderAnswers, what: str, usual: str) -> str:
    """Return where it was begun, told what was done."""
    to = own_page(answers.next, usual)
    return f"{to}{'&' if '?' in to else '?'}{urlencode({'done': what})}"


def _case(session: Session, number: str, person: Person) -> Case:
    """Return a case on which somebody may order something. Errors: NotFoundError, NotAllowedError."""
    if not is_case_number(number):
        raise NotFoundError
    return staff_case(session, number, person)


def _new_page(
    request: Request,
    session: Session,
    case: Case,
    person: Person,
    now: Now,
    answers: OrderAnswers,
    error: ServiceError | None = None,
) -> Response:
    known = directory(session)
    me = known.people.get(person.id or 0)
    if me is None or not may_order(case, person, known):
        raise NotAllowedError
    facts = {
        "case": case,
        "place": known.areas.places.get(case.area_id),
        "holder": known.people.get(case.assignee_id or 0),
        "offered": addressees(me, case.area_id, case.unit_id, case.assignee_id, known),
        "terms": TERMS,
        "usual": default_hours(now),
        "path": f"{ORDERS}/new/{case.number}?{urlencode({'next': own_page(answers.next, f'/cases/{case.number}')})}",
        "switch_form": "do-issue",
        "next": own_page(answers.next, f"/cases/{case.number}"),
    }
    return form_page(request, "orders/new.html", facts, typed=answers, tried="issue", error=error)


def _order_page(
    request: Request,
    seen: OrderView,
    answers: OrderAnswers,
    *,
    tried: str = "",
    error: ServiceError | None = None,
    done: str = "",
) -> Response:
    moves = moves_from(seen.order.state, seen.parties)
    first = next((move.action for move in moves if move.action == tried), moves[0].action if moves else "")
    facts: dict[str, Any] = {
        "row": seen,
        "moves": moves,
        "terms": TERMS,
        "path": f"{ORDERS}/{seen.order.id}",
        "switch_form": f"do-{first}" if first else "",
        "next": own_page(answers.next, f"{ORDERS}/{seen.order.id}"),
        "done": DONE_SENTENCES.get(done, ""),
    }
    return form_page(request, "orders/order.html", facts, typed=answers, tried=tried, error=error)
