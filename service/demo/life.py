"""What can happen to one case of the demo? A verb for each action, done by whoever would have done it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from service.accounts.rules import Role, stand_in
from service.accounts.tables import Person
from service.areas.rules import AreaLevel, Place
from service.attachments.rules import Stage
from service.cases.queries import by_number
from service.cases.rules import AT_WORK, PENDING, Action
from service.cases.tables import Case
from service.clocks.queries import of_case
from service.demo.people import ROUND_THE_CLOCK
from service.demo.pictures import photo_of
from service.demo.stories import Story, phrases
from service.demo.world import World
from service.errors import NotFoundError
from service.feedback.actions import rate
from service.handling.actions import RESIDENT, Doer, act, reveal_contact
from service.handling.photos import add_first_photos, add_photos
from service.intake.actions import open_case
from service.intake.forms import Channel
from service.routing.rules import RINGS_AT_NIGHT
from service.routing.standing import acting_as
from sla_policies.clock import ClockState
from sla_policies.policy import Metric

TAKEN_DOWN = frozenset({Channel.PHONE, Channel.WALK_IN})
"""Channels on which a member of staff writes the request down."""
NEEDS_SIGNATURE = frozenset({Action.CONTACT, Action.REPLY, Action.ASK, Action.RESOLVE, Action.EXTEND})
WITH_CAMERA = frozenset({Channel.WEB})
"""Channels on which residents send photos along."""
REVEALED = 0.25
"""The share of calls before which the number is shown in clear, with the reason in the history."""
NOTED = 0.15


@dataclass
class Life:
    """One case in the world."""

    world: World
    story: Story
    due: dict[Metric, datetime] = field(default_factory=dict)
    """The promises as they stand."""
    since: datetime | None = None
    """When they were made."""
    _case: Case | None = None

    @property
    def case(self) -> Case:
        """Return the case, after it was opened. Errors: NotFoundError."""
        if self._case is None:
            raise NotFoundError
        return self._case

    @property
    def now(self) -> datetime:
        """Return the moment at which the world is."""
        return self.world.now

    def open(self) -> None:
        """Send the request; at a window or on the phone somebody at the duty desk writes it down."""
        world = self.world
        taken_down = self.story.form.channel in TAKEN_DOWN
        desk = self.on_duty(Role.TRIAGE, self.story.place.subdistrict.id) if taken_down else None
        receipt = open_case(world.session, self.story.form, now=self.now, by=desk)
        self.due = {Metric(promise.metric): promise.due_at for promise in receipt.promises}
        self.since, self._case = self.now, by_number(world.session, receipt.number)
        seen = photo_of(self.topic_code, Stage.BEFORE) if self.story.form.channel in WITH_CAMERA else None
        if seen is not None:
            add_first_photos(world.session, receipt.number, [seen], by=desk, now=self.now)

    def look_at_promises(self) -> None:
        """Read the promises again: they were moved by an answer or an extension, or made anew."""
        rows = of_case(self.world.session, self.case.id or 0)
        self.due |= {row.metric: row.due_at for row in rows if row.state is ClockState.RUNNING and row.due_at}
        self.since = self.now

    def within(self, metric: Metric, least: float, most: float) -> datetime:
        """Return a moment at this part of a promise (1 is its end), at work if that is not too late for it.

        Nothing follows at once on what was done before: some of the time that is left passes first. What the policy
        does not promise is done some hours later.
        """
        world, start, due = self.world, self.since or self.case.received_at, self.due.get(metric)
        if due is None:
            return self.later(1, 8)
        left = max(due - self.now, timedelta(0))
        part = world.dice.uniform(least, most)
        aimed = max(start + (due - start) * part, self.now + left * world.dice.uniform(0.05, 0.2))
        at_work = world.at_work(self.case.assignee_id, aimed)
        by_day = aimed if self.case.grade in RINGS_AT_NIGHT else world.in_daytime(aimed)
        in_time = [at for at in (at_work, by_day, aimed) if at < due - world.minutes(2, 5)]
        return in_time[0] if in_time and part < 1 else at_work

    def later(self, least: float, most: float) -> datetime:
        """Return a moment so many hours from now at which the holder of the case is at work."""
        return self.world.at_work(self.case.assignee_id, self.now + self.world.minutes(least * 60, most * 60))

    def by_day(self, least: float, most: float) -> datetime:
        """Return a moment so many hours from now at which residents are awake."""
        return self.world.in_daytime(self.now + self.world.minutes(least * 60, most * 60))

    def accept(self) -> None:
        """Sign for the case, where nobody has done so."""
        self.stand_in_for_the_absent()
        if self.case.status in PENDING:
            self.does(Action.ACCEPT)

    def miss(self) -> None:
        """Try to reach the resident in vain."""
        self.does(Action.CONTACT, **self.world.dice.choice(phrases()["missed"]), result="not_reached")

    def contact(self) -> None:
        """Reach the resident, now and then after a look at the number in clear."""
        dice = self.world.dice
        if self.case.contact is not None and dice.random() < REVEALED:
            holder = self.world.staff[self.case.assignee_id or 0]
            reveal_contact(self.world.session, self.case, "电话联系诉求人", by=holder, now=self.now)
        self.does(Action.CONTACT, **dice.choice(phrases()["contact"]), result="reached")
        if dice.random() < NOTED:
            self.does(Action.NOTE, text=self.world.say("note"))

    def reply(self) -> None:
        """Tell the resident what is being done."""
        self.does(Action.REPLY, text=self.say("greet"))

    def resolve(self, *, again: bool = False) -> None:
        """Say how the matter ended."""
        done = self.story.fill(self.story.words["done"])
        text = self.story.fill(phrases()[self.story.language]["again"], done=done) if again else done
        self.photograph(Stage.AFTER)
        self.does(Action.RESOLVE, text=text)

    def photograph(self, stage: Stage) -> None:
        """Show how it looks before or after the work, where there is anything to be seen."""
        seen = photo_of(self.topic_code, stage)
        if seen is None:
            return
        self.accept()
        person = self.world.staff[self.case.assignee_id or 0]
        doer = Doer(acting_as(person, self.case, self.world.known), person)
        is_public = stage is Stage.AFTER
        add_photos(
            self.world.session, self.case.id or 0, [seen], by=doer, now=self.now, stage=stage, is_public=is_public
        )

    @property
    def topic_code(self) -> str:
        """Return the code of the topic that the case has now."""
        return self.world.known.topics_by_id[self.case.category_id].code

    def rate(self, satisfaction: str, *, solved: bool = True, words: str | None = None) -> None:
        """Let the resident say whether it helped."""
        answers = {"solved": solved, "satisfaction": satisfaction, "text": self.say(words or satisfaction)}
        self._case = rate(self.world.session, self.case.id or 0, answers, now=self.now)

    def resident_does(self, action: Action, **answers: Any) -> None:  # noqa: ANN401  # As `act` takes them.
        """Let the resident act."""
        self._case = act(self.world.session, self.case.id or 0, action, answers, by=RESIDENT, now=self.now)

    def does(self, action: Action, by: Person | None = None, **answers: Any) -> None:  # noqa: ANN401  # As `act` takes them.
        """Let a member of staff act, without one named the holder of the case, who signs for it first."""
        if by is None:
            self.stand_in_for_the_absent()
        if action in NEEDS_SIGNATURE and self.case.status in PENDING:
            self.does(Action.ACCEPT)
        person = by or self.world.staff[self.case.assignee_id or 0]
        doer = Doer(acting_as(person, self.case, self.world.known), person)
        self._case = act(self.world.session, self.case.id or 0, action, answers, by=doer, now=self.now)

    def stand_in_for_the_absent(self) -> None:
        """Let the duty desk give the case to whoever stands in for a holder who is away."""
        known, case = self.world.known, self.case
        absences = {p.id: p.absences for p in known.people.values() if p.absences}
        acting = stand_in(case.assignee_id or 0, absences, self.now)
        if acting is None or acting == case.assignee_id or case.status not in PENDING | AT_WORK:
            return
        self.hand_to(self.world.staff[acting], "cover")

    def hand_to(self, person: Person, why: str) -> None:
        """Let the duty desk give the case to somebody, unless they hold it already."""
        if person.id != self.case.assignee_id:
            text = self.world.say(why)
            self.does(Action.REASSIGN, by=self.desk(), person_id=person.id, text=text)

    @property
    def community(self) -> Place:
        """Return the community of the case, or what is known of its place."""
        return self.world.known.areas.at_level(self.case.area_id, AreaLevel.COMMUNITY)

    @property
    def subdistrict(self) -> Place:
        """Return the sub-district of the case, or the county where no more is known."""
        return self.world.known.areas.at_level(self.case.area_id, AreaLevel.SUBDISTRICT)

    def other_unit(self) -> Place:
        """Return who else might handle the case: the sub-district, or where that has it, the community."""
        return self.community if self.case.unit_id == self.subdistrict.id else self.subdistrict

    def desk(self) -> Person:
        """Return who is on duty at the desk of the sub-district, or of the county where the case lies in none."""
        at_county = self.subdistrict.level is AreaLevel.COUNTY
        return self.on_duty(Role.DISTRICT if at_county else Role.TRIAGE, self.subdistrict.id)

    def on_duty(self, role: Role, area_id: int | None) -> Person:
        """Return somebody in this role at this place, on duty if anybody is."""
        team = self.world.known.staff(area_id or 0, role)
        on_duty = [p for p in team if self.world.known.is_on_duty(p, self.now)] or team
        return self.world.staff[on_duty[0].id]

    def worker_of(self, unit_id: int) -> Person | None:
        """Return a worker of a unit who is not away and does not hold the case; None where there is none."""
        known = self.world.known
        there = [
            self.world.staff[p.id]
            for p in known.staff(unit_id, Role.WORKER)
            if p.id != self.case.assignee_id and not known.is_absent(p, self.now)
        ]
        return self.world.dice.choice(there) if there else None

    def say(self, key: str) -> str:
        """Return something that is said in the language of the request."""
        return self.story.fill(self.world.say(self.story.language, key))

    def question(self) -> tuple[str, str]:
        """Return what the desk asks and what the resident answers."""
        words: Mapping[str, Any] = self.story.words
        asked = phrases()[self.story.language]["ask"]
        ask, answer = (words["ask"], words["answer"]) if "ask" in words else self.world.dice.choice(asked)
        return self.story.fill(ask), self.story.fill(answer)

    @property
    def is_held_at_a_desk(self) -> bool:
        """Does a desk that never sleeps hold the case: is it to be handed on by day?"""
        holder = self.world.known.people.get(self.case.assignee_id or 0)
        return holder is not None and holder.role in ROUND_THE_CLOCK
