"""How is an order issued, answered, judged, and ended? Its time is an ordinary clock of its case."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from service.accounts.tables import Person
from service.audit.actions import record
from service.audit.rules import Entry
from service.cases.actions import lock
from service.cases.rules import ENDED, CaseStatus, ClockEffect
from service.cases.tables import Case, CaseMessage
from service.clocks.inside import begin, end
from service.clocks.queries import book, current_book
from service.clocks.rules import Happening
from service.clocks.tables import ClockRow
from service.errors import ConflictError, NotAllowedError, NotFoundError
from service.intake.forms import clean
from service.orders.queries import between, order_of, unsettled_of
from service.orders.rules import (
    RUNS,
    NoOrdersError,
    OrderAction,
    OrderForbiddenError,
    OrderMove,
    OrderState,
    addressed,
    addressees,
    answerers,
    checked_hours,
    checked_text,
    issuers,
    may_issue,
    move_for,
    parties_of,
)
from service.orders.tables import Order
from service.outbox.actions import write
from service.outbox.messages import Recipient, ordered
from service.routing.directory import Directory, Staff
from service.routing.queries import directory
from sla_policies.policy import Metric, PolicyBook, SlaPolicy

MINUTES = 60


@dataclass(frozen=True)
class Given:
    """What a form or a program sends; each thing is checked where it is needed."""

    text: str = ""
    to: str = ""
    """`person:12` or `unit:7`."""
    hours: object = ""
    version: int | None = None
    """The version of the order that was seen."""


def default_hours(now: datetime) -> int:
    """Return the term that is offered. Errors: NoOrdersError."""
    return _orders_of(current_book(now)).targets[Metric.ORDER].budget.amount // MINUTES


def issue(session: Session, case_id: int, given: Given, *, by: Person, now: datetime) -> Order:
    """Order something on a case: its time begins, and whom it went to is told.

    Errors: NotFoundError, NotAllowedError, InvalidFieldsError, NoOrdersError; OrderForbiddenError on a case that ended.
    """
    case, known = lock(session, case_id), directory(session)
    me = known.people.get(by.id or 0)
    if me is None or not may_issue(me.role, me.area_id, (case.area_id, case.unit_id), known):
        raise NotAllowedError
    if case.status in ENDED:
        raise OrderForbiddenError
    text, hours = checked_text(clean(given.text)), checked_hours(given.hours)
    offered = addressees(me, case.area_id, case.unit_id, case.assignee_id, known)
    unit_id, person_id = addressed(offered, given.to)

    from_book = current_book(now)
    clock = begin(session, case, (_orders_of(from_book), Metric.ORDER), from_book, hours * MINUTES, now)
    order = Order(
        case_id=case_id,
        clock_id=clock.id or 0,
        text=text,
        minutes=hours * MINUTES,
        unit_id=unit_id,
        person_id=person_id,
        issued_by_id=by.id or 0,
        issued_at=now,
    )
    session.add(order)
    session.flush()
    _write(session, order, case, "order_issued", text, by=by, now=now)
    _tell(session, order, case, "issued", answerers(between(order), known, now), now, due_at=clock.due_at)
    return order


def act_on(session: Session, order_id: int, action: OrderAction, given: Given, *, by: Person, now: datetime) -> Order:
    """Answer an order, accept the answer, send it back, or take the order back.

    1. lock the case and then the order; 2. ask the table of its life; 3. end the time that ran and begin the next;
    4. keep the words; 5. tell the other side. Errors: NotFoundError, OrderForbiddenError, ConflictError,
    InvalidFieldsError.
    """
    order, case = _locked(session, order_id, by, now)
    known = directory(session)
    me = known.people.get(by.id or 0)
    if given.version is not None and given.version != order.version:
        raise ConflictError(yours=given.version, current=order.version, status=order.state)
    parties = parties_of(me, between(order), known, now) if me else frozenset()
    move = move_for(order.state, action, parties)
    text = checked_text(clean(given.text), required=move.must_say)
    if move.names_term:
        order.minutes = checked_hours(given.hours) * MINUTES

    due_at = _let_time_pass(session, order, case, move, by, now)
    order.state, order.version = move.to, order.version + 1
    if action is OrderAction.REPLY:
        order.reply, order.replied_at, order.replied_by_id, order.said = text, now, by.id, ""
    else:
        order.said = text
    if action is OrderAction.SEND_BACK:
        order.turn += 1
    order.ended_at = None if order.state in RUNS else now
    session.add(order)
    _write(session, order, case, HISTORY[action], text, by=by, now=now)
    heard = issuers(between(order), known, now) if action is OrderAction.REPLY else _who_answered(order, known, now)
    others = [person for person in heard if person.id != by.id]
    _tell(session, order, case, HISTORY[action].removeprefix("order_"), others, now, due_at=due_at)
    session.flush()
    return order


HISTORY = {
    OrderAction.REPLY: "order_replied",
    OrderAction.ACCEPT: "order_accepted",
    OrderAction.SEND_BACK: "order_sent_back",
    OrderAction.WITHDRAW: "order_withdrawn",
}
"""What the history of the case says of it; the notice and the message of the case are called alike."""


def end_with_case(session: Session, case: Case, *, by_id: int | None, now: datetime) -> None:
    """End the orders on a locked case that has ended: its result settles them, any other end lets them lapse.

    Their clocks end with the others of the case (`clocks.actions.tell`).
    """
    orders = unsettled_of(session, case.id or 0)
    if not orders:
        return
    known = directory(session)
    is_settled = case.status in (CaseStatus.RESOLVED, CaseStatus.CLOSED)
    state, what = (OrderState.SETTLED, "settled") if is_settled else (OrderState.LAPSED, "lapsed")
    for order in orders:
        order.state, order.version, order.ended_at = state, order.version + 1, now
        session.add(order)
        kind = "system" if by_id is None else "staff"
        record(session, Entry("case", case.id or 0, f"order_{what}", now, kind, by_id, {"order": order.id}))
        _tell(session, order, case, what, issuers(between(order), known, now), now)


def _locked(session: Session, order_id: int, by: Person, now: datetime) -> tuple[Order, Case]:
    """Lock the case of an order and then the order, for somebody who may know of it. Errors: NotFoundError."""
    seen = order_of(session, order_id, by, directory(session), now)
    case = lock(session, seen.case.id or 0)
    wanted = select(Order).where(Order.id == order_id).with_for_update().execution_options(populate_existing=True)
    order = session.exec(wanted).one_or_none()
    if order is None:
        raise NotFoundError
    return order, case


def _let_time_pass(
    session: Session, order: Order, case: Case, move: OrderMove, by: Person, now: datetime
) -> datetime | None:
    """End the clock that ran, and begin the one that runs in the state that follows; return when that one is due."""
    row = session.get_one(ClockRow, order.clock_id)
    effect = ClockEffect.CANCEL if move.action is OrderAction.WITHDRAW else ClockEffect.NONE
    event = "order_replied" if row.metric is Metric.ORDER else "order_decided"
    end(session, row, case, Happening(now, effect, event, f"staff:{by.id}"))
    metric = RUNS.get(move.to)
    if metric is None:
        return None
    from_book = book(session, row.book_hash)
    term = order.minutes if metric is Metric.ORDER else None
    begun = begin(session, case, (_orders_of(from_book), metric), from_book, term, now)
    order.clock_id = begun.id or 0
    return begun.due_at


def _orders_of(from_book: PolicyBook) -> SlaPolicy:
    if from_book.orders is None:
        raise NoOrdersError
    return from_book.orders


def _who_answered(order: Order, known: Directory, now: datetime) -> list[Staff]:
    """Return who hears what its issuer says: whom the order went to, and who answered it."""
    heard = {p.id: p for p in answerers(between(order), known, now)}
    replied = known.people.get(order.replied_by_id or 0)
    return list((heard | ({replied.id: replied} if replied else {})).values())


def _write(session: Session, order: Order, case: Case, what: str, text: str, *, by: Person, now: datetime) -> None:
    """Keep what was said as words of the case, and that it was done in its history."""
    if text:
        message = CaseMessage(case_id=case.id or 0, at=now, kind=what, is_public=False, person_id=by.id, text=text)
        session.add(message)
    facts = {"order": order.id, "turn": order.turn, "unit": order.unit_id}
    facts |= {"person_id": order.person_id} if order.person_id else {}
    record(session, Entry("case", case.id or 0, what, now, "staff", by.id, facts))


def _tell(
    session: Session,
    order: Order,
    case: Case,
    what: str,
    people: Iterable[Staff],
    now: datetime,
    *,
    due_at: datetime | None = None,
) -> None:
    told = [
        ordered(
            Recipient(p.language, p.email, p.id),
            case.number,
            what,
            order_id=order.id or 0,
            turn=order.version,
            due_at=due_at,
        )
        for p in people
    ]
    write(session, told, case.id or 0, now)
