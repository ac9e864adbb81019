"""How does a month pass in the demo? Everything happens in the order of its moment, through the product's own actions.

A course is a generator: it does something, yields the moment of its next step, and goes on when that moment comes.
What has not come by the end is simply still to be done. Between two steps the sweeps run, as they would have.
"""

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from sqlmodel import Session, col, select

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.clocks.actions import oldest_due
from service.demo.people import People
from service.demo.stories import phrases
from service.escalations.actions import acknowledge, sweep
from service.escalations.tables import Escalation
from service.feedback.actions import close_silent
from service.routing.directory import Directory
from service.routing.queries import directory
from service.timekeeping import ZONE
from sla_policies.escalation import TOP

Course = Iterator[datetime]
MINUTE = timedelta(minutes=1)
LOOK_EVERY = timedelta(minutes=20)
LONGEST_LOOK = timedelta(days=4)
MORNING, NIGHT = 7, 22
"""Between these hours residents are awake."""
OPENS, CLOSES = 8, 18
"""Between these hours the desks by day are open."""
CLOSE_EVERY = timedelta(hours=6)
ANSWERED = 0.85
"""The share of escalations that somebody acknowledges."""
ANSWER_AFTER = (12, 150)
"""Minutes until an escalation is acknowledged."""
TOP_ANSWERS_AFTER = (8, 25)
"""Minutes until the district has answered, which always does: otherwise the watch would call."""


@dataclass
class World:
    """The town while its month passes."""

    session: Session
    people: People
    dice: random.Random
    now: datetime
    known: Directory = field(init=False)
    staff: dict[int, Person] = field(init=False)
    left_alone: set[int] = field(default_factory=set)
    """Cases whose escalations nobody acknowledges."""
    _waiting: list[tuple[datetime, int, Course]] = field(default_factory=list)
    _serial: Iterator[int] = field(default_factory=count)
    _seen: int = 0
    """The newest escalation that somebody was asked to acknowledge."""

    def __post_init__(self) -> None:
        """Read what routing knows, once: the town does not change while its month passes."""
        self.known = directory(self.session)
        self.staff = {person.id or 0: person for person in self.people.values()}
        self.begin(self.now, self._close_the_silent())

    def begin(self, at: datetime, course: Course) -> None:
        """Let a course start at a moment."""
        heapq.heappush(self._waiting, (at, next(self._serial), course))

    def run(self, until: datetime) -> None:
        """Let everything happen up to a moment, in order: what falls due is swept before the next step is taken."""
        while self._waiting:
            following = min(self._waiting[0][0], until)
            due = oldest_due(self.session)
            if due is not None and due < following:
                self._sweep(due, following)
            elif self._waiting[0][0] <= until:
                self._take_step()
            else:
                break
        self.now = until

    def _take_step(self) -> None:
        self.now, _, course = heapq.heappop(self._waiting)
        following = next(course, None)
        if following is not None:
            self.begin(max(following, self.now + self.minutes(1, 3)), course)

    def _sweep(self, due: datetime, until: datetime) -> None:
        """Sweep within the minute in which a clock falls due, as the scheduled worker would have done."""
        self.now = max(self.now, min(until, due.replace(second=0, microsecond=0) + MINUTE))
        sweep(self.session, self.now)
        if oldest_due(self.session) == due:
            raise RuntimeError(f"a sweep at {self.now} left a clock that was due at {due}")
        self._ask_for_answers()

    def _ask_for_answers(self) -> None:
        asked = select(Escalation).where(col(Escalation.id) > self._seen, col(Escalation.needs_acknowledgement))
        for escalation in self.session.exec(asked.order_by(col(Escalation.id))):
            self._seen = escalation.id or 0
            heard = [self.staff[i] for i in escalation.person_ids if self.staff[i].role is not Role.WORKER]
            if heard and TOP in escalation.roles:
                there = [p for p in heard if self.known.is_on_duty(self.known.people[p.id or 0], self.now)] or heard
                self.begin(self.now, self._answer(escalation.id or 0, self.dice.choice(there), TOP_ANSWERS_AFTER))
            elif heard and escalation.case_id not in self.left_alone and self.dice.random() < ANSWERED:
                self.begin(self.now, self._answer(escalation.id or 0, self.dice.choice(heard), ANSWER_AFTER))

    def _answer(self, escalation_id: int, person: Person, after: tuple[float, float]) -> Course:
        yield self.at_work(person.id, self.now + self.minutes(*after))
        acknowledge(self.session, escalation_id, note=self.say("acknowledge"), by=person, now=self.now)

    def _close_the_silent(self) -> Course:
        while True:
            close_silent(self.session, self.now, most=100)
            yield self.now + CLOSE_EVERY

    def at_work(self, person_id: int | None, at: datetime) -> datetime:
        """Return `at`, or soon after the moment at which the person's next duty begins; `at` where none comes."""
        person, moment = self.known.people.get(person_id or 0), at
        while person is not None and moment < at + LONGEST_LOOK:
            if self.known.is_on_duty(person, moment):
                # What waited for the morning is not all done at its first minute.
                spread = moment if moment == at else moment + self.minutes(0, 160)
                return spread if self.known.is_on_duty(person, spread) else moment
            moment += LOOK_EVERY
        return at

    def in_daytime(self, at: datetime) -> datetime:
        """Return `at`, or the next morning where people are asleep: residents answer by day."""
        return self._between(MORNING, NIGHT, at)

    def in_office_hours(self, at: datetime) -> datetime:
        """Return `at`, or the next morning where the desks by day are closed."""
        return self._between(OPENS, CLOSES, at)

    def _between(self, first: int, last: int, at: datetime) -> datetime:
        hour = at.astimezone(ZONE).hour
        return at if first <= hour < last else at + timedelta(hours=(first - hour) % 24) + self.minutes(0, 60)

    def minutes(self, least: float, most: float) -> timedelta:
        """Return some time between so many minutes, to the second."""
        return timedelta(seconds=round(self.dice.uniform(least * 60, most * 60)))

    def say(self, *keys: str) -> str:
        """Return one of the sentences that the phrase book has under these keys."""
        found = phrases()
        for key in keys:
            found = found[key]
        return str(self.dice.choice(list(found)))
