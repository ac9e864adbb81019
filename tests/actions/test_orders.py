"""Supervise orders: who may issue, answer and judge them, which time runs, and does every path lead on?"""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.tables import Absence, Person
from service.audit.queries import broken_chains, history
from service.cases.queries import messages
from service.cases.rules import Action, CaseStatus
from service.cases.tables import Case
from service.clocks.queries import current_book, of_case
from service.clocks.tables import ClockRow
from service.errors import ConflictError, InvalidFieldsError, NotAllowedError, NotFoundError, ServiceError
from service.escalations.actions import acknowledge, sweep
from service.escalations.explaining import explanations
from service.escalations.queries import of_case as escalations_of
from service.handling.actions import RESIDENT
from service.handling.queries import actors, view
from service.orders.actions import Given, act_on, default_hours, issue
from service.orders.queries import OrderTab, listed, order_of
from service.orders.rules import MOVES, RUNS, UNSETTLED, OrderAction, OrderForbiddenError, OrderState, Party
from service.orders.tables import Order
from service.outbox.tables import Notice
from service.routing.queries import directory
from service.watch.queries import alarms
from sla_policies.clock import ClockState
from sla_policies.documents import book_from_texts
from sla_policies.policy import OF_ORDERS, Grade, Metric
from tests.builders import does, received, resident_does
from tests.people import Town

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
A = OrderAction


@pytest.fixture
def at(now: datetime) -> datetime:
    """Monday, 10:00 in Shanghai: the desks are open."""
    return now + 2 * HOUR


@pytest.fixture
def case(session: Session, town: Town, at: datetime) -> Case:
    found, _ = received(session, at)
    return does(session, found, town.li_qiang, Action.ACCEPT, at)


def ordered(session: Session, case: Case, town: Town, at: datetime, **given: Any) -> Order:
    asked = {"text": "今天内派人到现场，并反馈", "to": f"person:{town.li_qiang.id}", "hours": 8} | given
    return issue(session, case.id or 0, Given(**asked), by=given.pop("by", None) or town.chen_jing, now=at)


def does_to(session: Session, order: Order, action: A, by: Person, now: datetime, **given: Any) -> Order:
    return act_on(session, order.id or 0, action, Given(**given), by=by, now=now)


def clock_of(session: Session, order: Order) -> ClockRow:
    return session.get_one(ClockRow, order.clock_id)


def told(session: Session, case: Case) -> set[tuple[str, int | None]]:
    found = session.exec(select(Notice).where(Notice.case_id == case.id, col(Notice.template).like("order%")))
    return {(n.template.removeprefix("order_"), n.person_id) for n in found}


def test_an_order_has_its_own_time_and_whom_it_went_to_is_told(
    session: Session, town: Town, case: Case, at: datetime
) -> None:
    before = (case.due_at, case.due_metric, case.status, case.version)
    order = ordered(session, case, town, at)
    clock = clock_of(session, order)
    assert (clock.metric, clock.state, clock.due_at) == (Metric.ORDER, ClockState.RUNNING, at + 8 * HOUR)
    assert (clock.budget, clock.policy) == (480, "order")
    assert told(session, case) == {("issued", town.li_qiang.id)}
    assert (case.due_at, case.due_metric, case.status, case.version) == before, "the resident's promise is another"
    (entry,) = [e for e in history(session, "case", case.id or 0) if e["action"] == "order_issued"]
    assert entry["actor_id"] == town.chen_jing.id
    assert [m.is_public for m in messages(session, case.id or 0, public_only=False) if m.text == order.text] == [False]


def test_it_is_answered_sent_back_answered_again_and_accepted(
    session: Session, town: Town, case: Case, at: datetime
) -> None:
    order = ordered(session, case, town, at)
    does_to(session, order, A.REPLY, town.li_qiang, at + HOUR, text="已联系，明天去")
    assert (order.state, clock_of(session, order).metric) == (OrderState.REPLIED, Metric.VERDICT)
    assert clock_of(session, order).due_at == at + 25 * HOUR, "the issuer has a day to judge it"
    does_to(session, order, A.SEND_BACK, town.chen_jing, at + 2 * HOUR, text="今天就去", hours="4")
    assert (order.state, order.turn) == (OrderState.OPEN, 2)
    assert clock_of(session, order).due_at == at + 6 * HOUR, "a new term, told anew"
    does_to(session, order, A.REPLY, town.li_qiang, at + 3 * HOUR, text="去过了，灯已换")
    does_to(session, order, A.ACCEPT, town.chen_jing, at + 4 * HOUR)
    assert (order.state, order.reply, order.ended_at) == (OrderState.ACCEPTED, "去过了，灯已换", at + 4 * HOUR)
    times = [(c.metric, c.instance, c.state) for c in of_case(session, case.id or 0) if c.metric in OF_ORDERS]
    assert sorted(times) == [(m, n, ClockState.SATISFIED) for m in (Metric.ORDER, Metric.VERDICT) for n in (1, 2)]
    assert told(session, case) >= {("replied", town.chen_jing.id), ("sent_back", town.li_qiang.id)}
    assert ("accepted", town.li_qiang.id) in told(session, case)
    done = [e["action"] for e in history(session, "case", case.id or 0) if e["action"].startswith("order")]
    assert done == ["order_issued", "order_replied", "order_sent_back", "order_replied", "order_accepted"]
    assert broken_chains(session) == []


def test_an_order_nobody_answers_climbs_to_the_district(session: Session, town: Town, case: Case, at: datetime) -> None:
    order = ordered(session, case, town, at, hours=2)
    for hours in range(1, 60):
        while sweep(session, at + hours * HOUR):
            pass
    steps = [e for e in escalations_of(session, case.id or 0) if e.clock_id == order.clock_id]
    heard = {e.step: set(e.person_ids) for e in steps}
    assert heard["order-75"] == {town.li_qiang.id}
    assert heard["order-due"] == {town.li_qiang.id, town.chen_jing.id, town.he_jun.id}
    assert heard["order-4h"] == {town.chen_jing.id}
    assert heard["order-4h.district_desk"] == heard["order-1d"] == {town.qian_bo.id}
    assert clock_of(session, order).breached_at == at + 2 * HOUR
    before = [e.step for e in escalations_of(session, case.id or 0) if e.clock_id == order.clock_id]
    newest = steps[-1]
    acknowledge(session, newest.id or 0, note="知道了", by=town.qian_bo, now=at + 60 * HOUR)
    for hours in range(60, 200, 5):
        sweep(session, at + hours * HOUR)
    after = [e.step for e in escalations_of(session, case.id or 0) if e.clock_id == order.clock_id]
    assert after == before, "an answer stops the climbing"
    assert order.state is OrderState.OPEN, "and not the order"


def test_an_answer_that_nobody_judges_climbs_too(session: Session, town: Town, case: Case, at: datetime) -> None:
    order = ordered(session, case, town, at)
    does_to(session, order, A.REPLY, town.li_qiang, at + HOUR, text="去过了")
    for hours in range(1, 80):
        while sweep(session, at + hours * HOUR):
            pass
    heard = {e.step: set(e.person_ids) for e in escalations_of(session, case.id or 0) if e.clock_id == order.clock_id}
    assert heard["verdict-due"] == {town.chen_jing.id}
    assert heard["verdict-1d"] == {town.qian_bo.id}


def test_to_a_unit_its_head_is_told_and_anybody_of_it_may_answer(
    session: Session, town: Town, case: Case, at: datetime
) -> None:
    order = ordered(session, case, town, at, to=f"unit:{town.areas['shore'].id}")
    assert told(session, case) == {("issued", town.he_jun.id)}
    does_to(session, order, A.REPLY, town.sun_li, at + HOUR, text="我们去过了")
    assert order.replied_by_id == town.sun_li.id
    does_to(session, order, A.ACCEPT, town.chen_jing, at + 2 * HOUR)
    assert ("accepted", town.sun_li.id) in told(session, case), "who answered hears too"


def test_whoever_stands_in_is_told_and_answers(session: Session, town: Town, case: Case, at: datetime) -> None:
    session.add(
        Absence(person_id=town.li_qiang.id or 0, starts_at=at - DAY, ends_at=at + DAY, substitute_id=town.zhao_min.id)
    )
    session.flush()
    order = ordered(session, case, town, at)
    assert told(session, case) == {("issued", town.zhao_min.id)}
    does_to(session, order, A.REPLY, town.zhao_min, at + HOUR, text="代他去了")
    assert order.state is OrderState.REPLIED


REFUSED = [
    # who issues it, what is asked, and what is refused
    ("li_qiang", {}, NotAllowedError),
    ("he_jun", {}, NotAllowedError),
    ("wu_dan", {}, NotAllowedError),
    ("zhou_tao", {}, NotAllowedError),
    ("chen_jing", {"text": "  "}, InvalidFieldsError),
    ("chen_jing", {"text": "话" * 2001}, InvalidFieldsError),
    ("chen_jing", {"hours": 0}, InvalidFieldsError),
    ("chen_jing", {"hours": 721}, InvalidFieldsError),
    ("chen_jing", {"hours": "８"}, InvalidFieldsError),
    ("chen_jing", {"hours": True}, InvalidFieldsError),
    ("chen_jing", {"hours": "1.5"}, InvalidFieldsError),
    ("chen_jing", {"hours": ""}, InvalidFieldsError),
    ("chen_jing", {"hours": "9" * 5000}, InvalidFieldsError),
    ("chen_jing", {"to": ""}, InvalidFieldsError),
    ("chen_jing", {"to": "person:999999999"}, InvalidFieldsError),
    ("chen_jing", {"to": "<b>"}, InvalidFieldsError),
]


@pytest.mark.parametrize(("who", "given", "error"), REFUSED)
def test_what_is_no_order_is_refused(
    session: Session, town: Town, case: Case, at: datetime, who: str, given: dict[str, Any], error: type[ServiceError]
) -> None:
    asked = {"text": "去", "to": f"person:{town.li_qiang.id}", "hours": "8"} | given
    with pytest.raises(error):
        issue(session, case.id or 0, Given(**asked), by=town.people[who], now=at)
    assert session.scalar(sa.select(sa.func.count()).select_from(Order)) == 0


def test_nobody_orders_a_superior_themselves_or_somebody_elsewhere(
    session: Session, town: Town, case: Case, at: datetime
) -> None:
    for to in (town.qian_bo, town.chen_jing, town.zhou_tao, town.zhao_min, town.admin):
        with pytest.raises(InvalidFieldsError):
            ordered(session, case, town, at, to=f"person:{to.id}")
    assert ordered(session, case, town, at, to=f"person:{town.wu_dan.id}").person_id == town.wu_dan.id
    whole = issue(session, case.id or 0, Given("督办", f"person:{town.chen_jing.id}", 4), by=town.qian_bo, now=at)
    assert whole.unit_id == town.areas["lake"].id, "the district orders the supervisor"


def test_there_is_no_order_on_a_case_that_has_ended(session: Session, town: Town, case: Case, at: datetime) -> None:
    does(session, case, town.li_qiang, Action.RESOLVE, at, text="修好了")
    with pytest.raises(OrderForbiddenError):
        ordered(session, case, town, at + HOUR)


FORBIDDEN = [
    # in which state, who, what
    (OrderState.OPEN, "chen_jing", A.REPLY),
    (OrderState.OPEN, "li_qiang", A.ACCEPT),
    (OrderState.OPEN, "li_qiang", A.WITHDRAW),
    (OrderState.OPEN, "chen_jing", A.ACCEPT),
    (OrderState.OPEN, "sun_li", A.ACCEPT),
    (OrderState.OPEN, "wu_dan", A.REPLY),
    (OrderState.REPLIED, "li_qiang", A.REPLY),
    (OrderState.REPLIED, "li_qiang", A.ACCEPT),
    (OrderState.REPLIED, "he_jun", A.SEND_BACK),
    (OrderState.ACCEPTED, "chen_jing", A.WITHDRAW),
    (OrderState.ACCEPTED, "li_qiang", A.REPLY),
]


@pytest.mark.parametrize(("state", "who", "action"), FORBIDDEN)
def test_what_is_not_theirs_to_do_or_too_late_is_refused(
    session: Session, town: Town, case: Case, at: datetime, state: OrderState, who: str, action: A
) -> None:
    order = ordered(session, case, town, at)
    if state is not OrderState.OPEN:
        does_to(session, order, A.REPLY, town.li_qiang, at, text="好")
    if state is OrderState.ACCEPTED:
        does_to(session, order, A.ACCEPT, town.chen_jing, at)
    with pytest.raises(OrderForbiddenError):
        does_to(session, order, action, town.people[who], at + HOUR, text="话", hours="4")
    assert order.state is state


def test_an_order_elsewhere_does_not_exist(session: Session, town: Town, case: Case, at: datetime) -> None:
    order = ordered(session, case, town, at)
    for stranger in (town.zhou_tao, town.zhao_min, town.admin):
        with pytest.raises(NotFoundError):
            order_of(session, order.id or 0, stranger, directory(session), at)
        with pytest.raises(NotFoundError):
            does_to(session, order, A.REPLY, stranger, at, text="话")


def test_who_saw_another_version_changes_nothing(session: Session, town: Town, case: Case, at: datetime) -> None:
    order = ordered(session, case, town, at)
    does_to(session, order, A.REPLY, town.li_qiang, at, text="好", version=1)
    with pytest.raises(ConflictError):
        does_to(session, order, A.WITHDRAW, town.chen_jing, at, text="不用了", version=1)
    assert order.state is OrderState.REPLIED


def test_the_result_of_the_case_settles_its_orders_and_their_issuer_is_told(
    session: Session, town: Town, case: Case, at: datetime
) -> None:
    first, second = ordered(session, case, town, at), ordered(session, case, town, at)
    does_to(session, second, A.REPLY, town.li_qiang, at, text="好")
    does(session, case, town.li_qiang, Action.RESOLVE, at + HOUR, text="修好了")
    assert {first.state, second.state} == {OrderState.SETTLED}
    assert ("settled", town.chen_jing.id) in told(session, case)
    live = [c for c in of_case(session, case.id or 0) if c.state in (ClockState.RUNNING, ClockState.PAUSED)]
    assert live == []
    assert sweep(session, at + 30 * DAY) == 0
    does(session, case, town.chen_jing, Action.REOPEN, at + DAY, reason="没修好")
    assert first.state is OrderState.SETTLED


def test_a_case_that_is_withdrawn_lets_its_orders_lapse(session: Session, town: Town, case: Case, at: datetime) -> None:
    order = ordered(session, case, town, at)
    resident_does(session, case, Action.WITHDRAW, at + HOUR)
    assert (order.state, clock_of(session, order).state) == (OrderState.LAPSED, ClockState.CANCELLED)
    assert sweep(session, at + 30 * DAY) == 0


def test_taking_it_back_ends_its_time(session: Session, town: Town, case: Case, at: datetime) -> None:
    order = ordered(session, case, town, at)
    does_to(session, order, A.WITHDRAW, town.qian_bo, at + HOUR, text="已当面说明")
    assert (order.state, clock_of(session, order).state) == (OrderState.WITHDRAWN, ClockState.CANCELLED)
    assert ("withdrawn", town.li_qiang.id) in told(session, case), "by a superior of its issuer, too"


def test_whatever_happens_to_the_case_the_order_keeps_its_time(
    session: Session, town: Town, case: Case, at: datetime
) -> None:
    order = ordered(session, case, town, at)
    due = clock_of(session, order).due_at
    does(session, case, town.chen_jing, Action.REGRADE, at + HOUR, grade=Grade.G1, reason="危险")
    does(session, case, town.li_qiang, Action.ASK, at + HOUR, text="哪一盏？")
    assert (clock_of(session, order).due_at, clock_of(session, order).state) == (due, ClockState.RUNNING)
    assert case.due_metric not in OF_ORDERS
    does(session, case, town.chen_jing, Action.REASSIGN, at + 2 * HOUR, person_id=town.sun_li.id)
    assert order.person_id == town.li_qiang.id, "it went to a person, and stays theirs"


def test_a_resident_reads_that_somebody_watches_and_nothing_else(
    session: Session, town: Town, case: Case, at: datetime
) -> None:
    order = ordered(session, case, town, at, text="内部要求：别再拖", hours=1)
    sweep(session, at + 2 * HOUR)
    does_to(session, order, A.REPLY, town.li_qiang, at + 3 * HOUR, text="内部反馈")
    seen = view(session, case, RESIDENT.actors)
    lines = [line for line in seen.timeline if line.at > at or line.what == "order_issued"]
    assert [line.what for line in lines if "order" in line.what] == ["order_issued"]
    assert not any(line.facts.get("metric") in OF_ORDERS for line in seen.timeline)
    assert "内部" not in repr(seen.timeline)
    assert not {one.row.metric for one in seen.promises} & OF_ORDERS


def test_the_time_of_an_order_is_explained(session: Session, town: Town, case: Case, at: datetime) -> None:
    ordered(session, case, town, at)
    seen = view(session, case, actors(session, case, town.chen_jing))
    told_of = {one.row.metric: why for one, why in explanations(session, seen, at)}
    why = told_of[Metric.ORDER]
    assert (why.clock.target.budget.amount, why.clock.due_at) == (480, at + 8 * HOUR)
    assert [step.step.key for step in why.steps] == ["order-75", "order-due", "order-4h", "order-1d"]


def test_each_sees_in_which_list_it_waits_for_them(session: Session, town: Town, case: Case, at: datetime) -> None:
    order = ordered(session, case, town, at)

    def tab(person: Person) -> list[str]:
        found = listed(session, person, directory(session), at)
        return [str(name) for name, views in found.items() if order.id in {v.order.id for v in views}]

    assert tab(town.li_qiang) == [OrderTab.TO_ANSWER]
    assert tab(town.chen_jing) == [OrderTab.RUNNING]
    assert tab(town.zhou_tao) == []
    does_to(session, order, A.REPLY, town.li_qiang, at, text="好")
    assert (tab(town.li_qiang), tab(town.chen_jing)) == ([OrderTab.RUNNING], [OrderTab.TO_JUDGE])
    does_to(session, order, A.ACCEPT, town.chen_jing, at)
    assert (tab(town.li_qiang), tab(town.chen_jing)) == ([OrderTab.ENDED], [OrderTab.ENDED])


def test_a_pack_that_knows_no_orders_says_so(
    session: Session, town: Town, case: Case, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = current_book(at)
    text = book.texts["policies/national.yaml"]
    start = text.index("# A supervise order")
    texts = {**book.texts, "policies/national.yaml": text[:start] + text[text.index("raises:\n", start) :]}
    texts["policies/national.yaml"] = _without_ladder(texts["policies/national.yaml"])
    without = book_from_texts(texts)
    assert default_hours(at) == 24
    monkeypatch.setattr("service.orders.actions.current_book", lambda _at: without)
    with pytest.raises(ServiceError) as refused:
        ordered(session, case, town, at)
    assert refused.value.code == "no-orders"


def _without_ladder(text: str) -> str:
    start = text.index("  order:\n    - step: order-75")
    text = text[:start] + text[text.index("# Who was asked", start) :]
    start = text.index("  order:\n    community_head")
    return text[:start] + text[text.index("raises:\n", start) :]


def test_an_open_order_without_a_time_is_an_alarm(session: Session, town: Town, case: Case, at: datetime) -> None:
    order = ordered(session, case, town, at)
    assert "order-without-clock" not in {a.check for a in alarms(session, at)}
    clock = clock_of(session, order)
    clock.state = ClockState.SATISFIED
    session.add(clock)
    session.flush()
    assert "order-without-clock" in {a.check for a in alarms(session, at)}


def test_no_state_of_an_order_is_a_dead_end() -> None:
    """From every state that has not ended somebody may go on, a time runs whose ladder ends at the district."""
    assert set(RUNS) == UNSETTLED
    book = current_book(datetime.fromisoformat("2026-11-23T00:00+08:00"))
    assert book.orders is not None
    reached, todo = set(), {OrderState.OPEN}
    while todo:
        state = todo.pop()
        reached.add(state)
        leaving = [move for move in MOVES if state in move.from_]
        todo |= {move.to for move in leaving} - reached
        if state in UNSETTLED:
            waits_for = Party.ADDRESSEE if RUNS[state] is Metric.ORDER else Party.ISSUER
            assert any(move.who is waits_for for move in leaving), state
            last = [step for step in book.orders.ladder if step.metric is RUNS[state]][-1]
            assert "district_desk" in last.to, state
            assert last.asks, state
        else:
            assert leaving == [], state
    assert reached | {OrderState.SETTLED, OrderState.LAPSED} == set(OrderState)


@pytest.mark.parametrize("ending", [Action.RESOLVE, Action.WITHDRAW])
@pytest.mark.parametrize("state", sorted(UNSETTLED))
def test_the_end_of_the_case_ends_an_order_from_every_state(
    session: Session, town: Town, case: Case, at: datetime, state: OrderState, ending: Action
) -> None:
    order = ordered(session, case, town, at)
    if state is OrderState.REPLIED:
        does_to(session, order, A.REPLY, town.li_qiang, at, text="好")
    if ending is Action.RESOLVE:
        does(session, case, town.li_qiang, ending, at + HOUR, text="修好了")
    else:
        resident_does(session, case, ending, at + HOUR)
    assert order.state not in UNSETTLED
    assert clock_of(session, order).state not in (ClockState.RUNNING, ClockState.PAUSED)
    assert case.status is not CaseStatus.ACCEPTED
