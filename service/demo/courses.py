"""How does a case go on after it came in? One generator for each way, from the usual one to the late ones."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from service.accounts.rules import Role
from service.cases.rules import AT_WORK, ENDED, Action, CaseStatus
from service.demo.life import Life
from service.demo.world import Course
from sla_policies.policy import Grade, Metric

PARKED = 0.4
"""The share of complex cases that cannot be settled for now."""
PARKED_FOR = timedelta(days=60)
RATED = 0.55
"""The share of residents who say whether it helped; the others' cases close by themselves after a week."""
SATISFACTION = {"satisfied": 68, "basically": 24, "fair": 8}
MISSED = 0.1
"""The share of first calls that nobody answers."""
WRITTEN_TO = 0.4
"""The share of residents who get a word in between."""
RESOLVED_WITHIN = {
    Grade.G1: (0.06, 0.35), Grade.G2: (0.12, 0.6), Grade.G3: (0.08, 0.6), Grade.G4: (0.2, 0.7), Grade.C: (0.1, 0.7),
}  # fmt: skip
"""Which part of the promised time handling takes, from quick to slow."""


def usual(life: Life) -> Course:
    """Sign, talk, do it, all in time; some residents rate it."""
    yield from sign(life)
    yield from talk(life)
    yield from parked(life) if life.case.grade is Grade.G4 and life.world.dice.random() < PARKED else finish(life)


def parked(life: Life) -> Course:
    """Ask to park what cannot be settled for now; a supervisor grants it, and it comes back in two months."""
    yield life.later(20, 40)
    life.accept()
    until, reason = (life.now + PARKED_FOR).date().isoformat(), life.world.say("park")
    life.does(Action.REQUEST_PARKING, until=until, reason=reason)
    yield life.later(1, 4)
    supervisor = life.on_duty(Role.SUPERVISOR, life.subdistrict.id)
    life.does(Action.PARK, by=supervisor, until=until, reason=reason)
    life.look_at_promises()


def sign(life: Life) -> Course:
    """Sign in time."""
    yield life.within(Metric.ACCEPT, 0.04, 0.55)
    life.accept()


def talk(life: Life) -> Course:
    """Reach the resident in time, and tell some of them how it stands."""
    if Metric.CONTACT in life.due:
        yield life.within(Metric.CONTACT, 0.15, 0.6)
        if life.world.dice.random() < MISSED:
            life.miss()
            yield life.within(Metric.CONTACT, 0.4, 0.8)
        life.contact()
    if life.world.dice.random() < WRITTEN_TO:
        yield life.later(0.3, 3)
        life.reply()


def hand_on(life: Life) -> Course:
    """Hand what a desk that never sleeps took at night to those who work by day."""
    if not life.is_held_at_a_desk or life.case.grade in (Grade.G1, Grade.C):
        return
    yield life.world.in_office_hours(life.now + life.world.minutes(4, 15))
    other = life.worker_of(life.case.unit_id)
    if other is not None and life.case.status in AT_WORK:
        life.hand_to(other, "hand_over")
        yield life.now + life.world.minutes(3, 20)
        life.accept()


def finish(life: Life) -> Course:
    """Resolve in time; some residents rate it."""
    yield from hand_on(life)
    yield life.within(Metric.RESOLVE, *RESOLVED_WITHIN[life.case.grade])
    life.resolve()
    yield from hear(life)


def hear(life: Life) -> Course:
    """Let the resident rate a resolved case, or not."""
    if life.world.dice.random() < RATED:
        yield life.by_day(1, 50)
        if life.case.status is CaseStatus.RESOLVED:
            life.rate(life.world.dice.choices(list(SATISFACTION), weights=list(SATISFACTION.values()))[0])


def asked(life: Life) -> Course:
    """Ask the resident something first; the clock stands still until they answer."""
    yield from sign(life)
    question, answer = life.question()
    yield life.within(Metric.CONTACT, 0.2, 0.6) if Metric.CONTACT in life.due else life.later(0.5, 2)
    life.accept()
    life.does(Action.ASK, text=question)
    yield life.by_day(3, 40)
    life.resident_does(Action.ANSWER, text=answer)
    life.look_at_promises()
    yield life.later(0.5, 2)
    life.contact()
    yield from finish(life)


def given_back(life: Life) -> Course:
    """Return the case with a reason; the duty desk gives it to another."""
    yield life.within(Metric.ACCEPT, 0.05, 0.3)
    reason = life.world.dice.choice(["wrong_area", "not_our_duty", "beyond_power", "needs_several"])
    holder = life.world.known.people[life.case.assignee_id or 0]
    if holder.role is Role.WORKER:
        life.stand_in_for_the_absent()
        elsewhere = life.other_unit()
        life.does(Action.RETURN, reason=reason, text=life.world.say("return", reason))
        yield life.now + life.world.minutes(6, 40)
        other = life.worker_of(elsewhere.id)
        if other is not None:
            life.does(Action.ASSIGN, by=life.desk(), person_id=other.id, text=life.world.say("assign"))
        yield life.now + life.world.minutes(5, 25)
    life.accept()
    yield from talk(life)
    yield from finish(life)


def passed_on(life: Life) -> Course:
    """Transfer the case to another unit: from a community to its sub-district, else to the community."""
    yield life.within(Metric.ACCEPT, 0.05, 0.35)
    life.does(Action.TRANSFER, by=life.desk(), unit_id=life.other_unit().id, text=life.world.say("transfer"))
    yield life.now + life.world.minutes(5, 40)
    life.accept()
    yield from talk(life)
    yield from finish(life)


def given_to_another(life: Life) -> Course:
    """Reassign the case within its unit after it was signed for."""
    yield from sign(life)
    yield life.now + life.world.minutes(10, 60)
    other = life.worker_of(life.case.unit_id)
    if other is not None:
        life.hand_to(other, "reassign")
        yield life.now + life.world.minutes(5, 30)
        life.accept()
    yield from talk(life)
    yield from finish(life)


def extended(life: Life) -> Course:
    """Ask for more time before it runs out, and keep the new promise."""
    yield from sign(life)
    yield from talk(life)
    if life.case.grade in (Grade.G1, Grade.C):
        yield from finish(life)
        return
    yield life.within(Metric.RESOLVE, 0.7, 0.9)
    life.accept()
    supervisor = life.on_duty(Role.SUPERVISOR, life.subdistrict.id)
    days = 2 if life.case.grade is Grade.G2 else life.world.dice.choice([3, 5, 7])
    life.does(Action.EXTEND, by=supervisor, days=days, reason=life.world.say("extend"))
    life.look_at_promises()
    yield life.within(Metric.RESOLVE, 0.3, 0.8)
    life.resolve()
    yield from hear(life)


def withdrawn(life: Life) -> Course:
    """Let the resident take the request back."""
    yield from sign(life)
    yield from talk(life)
    yield life.by_day(0.5, 20)
    life.resident_does(Action.WITHDRAW, text=life.say("withdraw"))


def urged(life: Life) -> Course:
    """Let the resident lose patience before it is done."""
    yield from sign(life)
    yield from talk(life)
    yield life.by_day(5, 30)
    life.resident_does(Action.URGE, text=life.say("urge"))
    yield life.later(0.2, 1)
    life.reply()
    yield from finish(life)


def reopened(life: Life) -> Course:
    """Rate it as not solved: the case goes back to its handler for a second time."""
    yield from sign(life)
    yield from talk(life)
    yield life.within(Metric.RESOLVE, *RESOLVED_WITHIN[life.case.grade])
    life.resolve()
    yield life.by_day(2, 30)
    life.rate("dissatisfied", solved=False, words="unhappy")
    life.look_at_promises()
    yield from sign(life)
    yield from talk(life)
    yield life.within(Metric.RESOLVE, 0.1, 0.5)
    life.resolve(again=True)
    yield life.by_day(4, 40)
    life.rate("basically")


def signed_late(life: Life) -> Course:
    """Sign after the promised time: the community and then the duty desk are told."""
    yield life.within(Metric.ACCEPT, 1.1, 2.6)
    life.accept()
    yield from talk(life)
    yield from finish(life)


def called_late(life: Life) -> Course:
    """Call after the promised time: the case climbs, and somebody above takes note."""
    if Metric.CONTACT not in life.due:
        yield from signed_late(life)
        return
    yield from sign(life)
    yield life.within(Metric.CONTACT, 1.05, 1.35)
    life.contact()
    life.does(Action.NOTE, text=life.world.say("late"))
    yield from finish(life)


def done_late(life: Life) -> Course:
    """Resolve after the promised time, and say so."""
    yield from sign(life)
    yield from talk(life)
    yield life.within(Metric.RESOLVE, 1.03, 1.3)
    life.resolve()
    yield life.by_day(2, 40)
    life.rate("fair")


def twin_of(first: Life) -> Callable[[Life], Course]:
    """Return the course of a second request about the same matter: it joins the first, unless that has ended."""

    def joined(life: Life) -> Course:
        yield life.now + life.world.minutes(10, 60)
        if first.case.status in ENDED:
            yield from usual(life)
            return
        life.does(Action.DUPLICATE, by=life.desk(), number=first.case.number, text=life.say("duplicate"))

    return joined


SHARES: Mapping[Callable[[Life], Course], float] = {
    usual: 56, asked: 9, given_back: 5, passed_on: 3, given_to_another: 4, extended: 3, withdrawn: 3, urged: 4,
    reopened: 4, signed_late: 2.5, called_late: 3, done_late: 3,
}  # fmt: skip
"""How often a case goes which way."""
