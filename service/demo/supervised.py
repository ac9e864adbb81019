"""Which cases of the demo did a supervisor order something on, and what became of it?"""

from collections.abc import Mapping
from datetime import timedelta

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.demo.life import Life
from service.demo.standing import in_hand, stuck
from service.demo.world import Course
from service.orders.actions import Given, act_on, issue
from service.orders.rules import OrderAction
from service.orders.tables import Order

WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "order": "此件久拖未决，请今天内到现场，并把处理结果和下一步安排报给我。",
        "reply": "已到现场，施工方答应明天完工，我每天去看一次。",
        "back": "只有口头答应不够，请拿到书面完工时间，并先把现场围好。",
        "again": "书面完工时间已拿到，现场已围挡，照片在工单里。",
        "accept": "可以，按这个时间盯住。",
        "withdraw": "已当面说明情况，不用书面反馈了。",
    },
    "en": {
        "order": "This has taken too long. Go there today, and tell me what comes of it and what follows.",
        "reply": "We have been there. They promise to finish tomorrow; I look every day.",
        "back": "A promise is not enough. Get a date in writing, and fence the place off first.",
        "again": "There is a date in writing, the place is fenced off, and the photos are with the case.",
        "accept": "Good. Keep an eye on that date.",
        "withdraw": "We have talked about it. No written answer is needed any more.",
    },
}


def ordered(life: Life) -> Course:
    """Get stuck; the supervisor has just ordered something, and it has not been answered yet."""
    yield from stuck(life)
    yield life.case.received_at + timedelta(days=8, hours=22)
    _issue(life, hours=24)


def left_unanswered(life: Life) -> Course:
    """Get stuck; what was ordered was not answered, and climbs."""
    yield from stuck(life)
    yield life.case.received_at + timedelta(days=3)
    _issue(life, hours=4)
    life.world.left_alone.add(life.case.id or 0)


def answered(life: Life) -> Course:
    """Get stuck; what was ordered is answered and waits for the supervisor."""
    yield from stuck(life)
    yield life.case.received_at + timedelta(days=7, hours=22)
    order = _issue(life, hours=8)
    yield life.now + life.world.minutes(200, 300)
    _says(life, order, OrderAction.REPLY, "reply", by=_addressee(life, order))


def sent_back(life: Life) -> Course:
    """Be at work; the first answer was not enough."""
    yield from in_hand(life)
    yield life.case.received_at + timedelta(days=2, hours=12)
    order = _issue(life, hours=8)
    yield life.now + life.world.minutes(100, 150)
    _says(life, order, OrderAction.REPLY, "reply", by=_addressee(life, order))
    yield life.now + life.world.minutes(60, 90)
    _says(life, order, OrderAction.SEND_BACK, "back", by=_issuer(life, order), hours=24)


def done(life: Life) -> Course:
    """Be at work; one order was taken back, another is done."""
    yield from in_hand(life)
    yield life.now + life.world.minutes(60, 90)
    order = _issue(life, hours=8)
    yield life.now + life.world.minutes(20, 40)
    _says(life, order, OrderAction.WITHDRAW, "withdraw", by=_issuer(life, order))
    order = _issue(life, hours=24)
    yield life.now + life.world.minutes(200, 300)
    _says(life, order, OrderAction.REPLY, "again", by=_addressee(life, order))
    yield life.now + life.world.minutes(40, 60)
    _says(life, order, OrderAction.ACCEPT, "accept", by=_issuer(life, order))


def _issue(life: Life, *, hours: int) -> Order:
    """Let the supervisor order something of whoever holds the case, where that is somebody below them."""
    case, by = life.case, life.on_duty(Role.SUPERVISOR, life.subdistrict.id)
    holder = life.world.known.people.get(case.assignee_id or 0)
    to_holder = holder is not None and holder.role in (Role.WORKER, Role.HEAD, Role.TRIAGE)
    to = f"person:{case.assignee_id}" if to_holder else f"unit:{case.unit_id}"
    given = Given(WORDS[life.story.language]["order"], to, hours)
    return issue(life.world.session, case.id or 0, given, by=by, now=life.now)


def _says(life: Life, order: Order, action: OrderAction, words: str, *, by: Person, hours: int = 0) -> None:
    given = Given(WORDS[life.story.language][words], hours=hours or "")
    act_on(life.world.session, order.id or 0, action, given, by=by, now=life.now)


def _addressee(life: Life, order: Order) -> Person:
    """Return who answers: whom it went to, or whoever stands in; of a unit anybody."""
    known = life.world.known
    to = known.people.get(order.person_id or 0) or next(iter(known.staff(order.unit_id, Role.WORKER, Role.TRIAGE)))
    acting = known.acting_for(to, life.now) or to
    return life.world.staff[acting.id]


def _issuer(life: Life, order: Order) -> Person:
    return life.world.staff[order.issued_by_id]
