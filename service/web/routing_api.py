"""REST v1 for whoever looks after the dispatch table: who would get a case, now and at 3 in the morning?"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import AwareDatetime, Field

from service.errors import InvalidFieldsError
from service.handling.rehearsing import Rehearsal, Rehearsed, Wish, rehearse
from service.intake.forms import MOST_TEXT, Channel, FocusGroup, clean
from service.routing.choosing import Candidate
from service.routing.directory import Staff
from service.web.admin.common import FIRST_YEAR, LAST_YEAR
from service.web.admin.rules import Dispatcher
from service.web.api import Strict
from service.web.deps import DbSession, Now
from service.web.directory_shapes import AreaShape, DeskShape, Shape, TopicShape, area, desk, topic
from sla_policies.policy import Grade

router = APIRouter(prefix="/routing", tags=["dispatch"])

MOST_CODE = 60
Code = Annotated[str, Field(max_length=MOST_CODE)]


class TryBody(Strict):
    """A case that nobody sent: words as a resident writes them, or a category and a place, or both."""

    text: Annotated[str, Field(max_length=MOST_TEXT, description="Category, place and grade are found in it.")] = ""
    category: Annotated[Code, Field(description="Its code or name; without one it is guessed from the words.")] = ""
    area: Annotated[Code, Field(description="Its code or name; without one it is looked for in the words.")] = ""
    channel: Channel = Channel.WEB
    focus_groups: list[FocusGroup] = Field(default=[], max_length=len(FocusGroup))
    grade: Grade | None = Field(default=None, description="Without one it is the grade that intake gives the case.")
    at: AwareDatetime | None = Field(default=None, description="When the case comes in, with its offset; now if not.")
    draft: bool = Field(default=False, description="Ask the draft of the table instead of the version that decides.")


class PersonShape(Shape):
    """Somebody who works here."""

    id: int
    name: str
    name_en: str


class ConsideredShape(Shape):
    """Somebody who was considered."""

    person: PersonShape
    on_duty: bool
    absent: bool
    open_cases: int
    capacity: int
    why: str = Field(description="chosen, or the first thing at which they fell behind; empty while nobody is chosen.")


class PassedShape(Shape):
    """A line of the table that did not decide: its number, and why."""

    line: int
    why: str


class AnswerShape(Shape):
    """Who would get the case at one moment."""

    at: datetime
    version: int = Field(description="The version of the table that was asked.")
    line: int | None = Field(description="The number of the line that decided; null: the desk above the place did.")
    unit: AreaShape
    desk: DeskShape
    person: PersonShape | None = Field(description="null: it lies with the unit, or nobody is there.")
    because: str = Field(
        description="on-duty, named, substitute, off-duty, unit-desk, desk, desk-full, pool or nobody: how it was found"
    )
    party: str = Field(description="The outside party that the line names; empty: none.")
    misfits: list[PassedShape] = Field(description="Lines of this topic and place above it that do not fit, and why.")
    broken: list[PassedShape] = Field(description="Lines that fit and lead to nobody, and why.")
    considered: list[ConsideredShape]


class TriedShape(Shape):
    """How the request is understood, and who would get it: at its time, and at 3 in the morning after it."""

    category: TopicShape
    guessed: bool = Field(description="The category was found in the words.")
    area: AreaShape
    grade: str
    danger: bool = Field(description="Words of danger were found: a resident is shown 110, 119 and 120 first.")
    answers: list[AnswerShape]


@router.post("/try")
def try_out(body: TryBody, _by: Dispatcher, session: DbSession, now: Now) -> TriedShape:
    """Return who would get such a case, now and at 3 in the morning, and why. Nothing is written and nobody is told.

    For administrators and the district desk, as the page *Try out*. A category that others are responsible for is a
    problem of code `not-taken-here`; a draft that is not there is `no-draft`.
    """
    at = body.at or now
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise InvalidFieldsError({"at": "Please give a day and a time."})
    return _tried(
        rehearse(
            session,
            Wish(
                text=clean(body.text),
                category=clean(body.category),
                area=clean(body.area),
                channel=body.channel,
                focus_groups=body.focus_groups,
                grade=body.grade,
                at=at,
                is_of_draft=body.draft,
            ),
        )
    )


def _tried(done: Rehearsed) -> TriedShape:
    verdict = done.verdict
    return TriedShape(
        category=topic(verdict.topic),
        guessed=verdict.guessed,
        area=area(verdict.place),
        grade=done.grade,
        danger=verdict.grade.danger,
        answers=[_answer(one) for one in done.both],
    )


def _answer(one: Rehearsal) -> AnswerShape:
    decision, known = one.decision, one.known
    return AnswerShape(
        at=one.asked.at,
        version=known.table(one.asked.at).version.id,
        line=decision.rule.id if decision.rule else None,
        unit=area(decision.unit),
        desk=desk(decision.unit),
        person=_person(decision.person) if decision.person else None,
        because=decision.chosen_because,
        party=decision.rule.party if decision.rule else "",
        misfits=[PassedShape(line=line, why=why) for line, why in decision.misfits],
        broken=[PassedShape(line=line, why=why) for line, why in decision.passed_over],
        considered=[_considered(c, known.people[c.person_id]) for c in dict.fromkeys(decision.candidates)],
    )


def _person(one: Staff) -> PersonShape:
    return PersonShape(id=one.id, name=one.name, name_en=one.name_en)


def _considered(c: Candidate, person: Staff) -> ConsideredShape:
    return ConsideredShape(
        person=_person(person),
        on_duty=c.on_duty,
        absent=c.absent,
        open_cases=c.open_cases,
        capacity=c.capacity,
        why=c.why,
    )
