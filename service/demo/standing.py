"""How does a case that stands open now go on, up to the point at which it is to be seen?"""

from service.accounts.rules import Role
from service.attachments.rules import Stage
from service.cases.rules import Action
from service.demo.courses import sign, talk
from service.demo.life import Life
from service.demo.world import Course


def ignored(life: Life) -> Course:
    """Do nothing: the case climbs to the district, and nobody answers."""
    life.world.left_alone.add(life.case.id or 0)
    yield from ()


def signed_only(life: Life) -> Course:
    """Sign, and nothing more."""
    life.world.left_alone.add(life.case.id or 0)
    yield life.now + life.world.minutes(3, 9)
    life.accept()


def stuck(life: Life) -> Course:
    """Sign, call, write, and then nothing more."""
    yield from sign(life)
    yield from talk(life)


def in_hand(life: Life) -> Course:
    """Sign and call at once; the rest is to come."""
    yield life.now + life.world.minutes(3, 8)
    life.accept()
    life.photograph(Stage.BEFORE)
    yield life.now + life.world.minutes(4, 12)
    life.contact()


def waiting(life: Life) -> Course:
    """Sign, and ask the resident something that is not answered."""
    question, _ = life.question()
    yield life.now + life.world.minutes(3, 8)
    life.accept()
    yield life.now + life.world.minutes(4, 12)
    life.does(Action.ASK, text=question)


def returned(life: Life) -> Course:
    """Return the case; the duty desk has not decided yet."""
    yield life.now + life.world.minutes(4, 15)
    if life.world.known.people[life.case.assignee_id or 0].role is Role.TRIAGE:
        other = life.worker_of(life.community.id)
        if other is not None:
            life.hand_to(other, "reassign")
    life.does(Action.RETURN, reason="not_our_duty", text=life.world.say("return", "not_our_duty"))


def transferred(life: Life) -> Course:
    """Transfer the case to the sub-district, which has not signed yet."""
    yield life.now + life.world.minutes(4, 15)
    life.does(Action.TRANSFER, by=life.desk(), unit_id=life.subdistrict.id, text=life.world.say("transfer"))


def sent_back(life: Life) -> Course:
    """Resolve quickly; the resident is not satisfied, and the case has just come back."""
    yield from in_hand(life)
    yield life.now + life.world.minutes(40, 90)
    life.resolve()
    yield life.now + life.world.minutes(30, 60)
    life.rate("dissatisfied", solved=False, words="unhappy")


def done(life: Life) -> Course:
    """Resolve quickly; the resident has not said anything yet."""
    yield from in_hand(life)
    yield life.now + life.world.minutes(40, 90)
    life.resolve()
