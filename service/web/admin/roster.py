"""When is who on duty, who is away, who is good at what? The forms on the page of a person."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import Field

from service.accounts.rules import AbsenceKind, DutyDays, DutyHours
from service.accounts.tables import Absence, Person
from service.errors import InvalidFieldsError
from service.rosters.actions import add_absence, add_duties, end_absence, remove_duty
from service.rosters.rules import SkillKind, Span
from service.rosters.shifts import add_shift, set_skills, take_off
from service.routing.queries import directory, public_holidays
from service.web.admin.common import Planner, RowId, Text, as_clock, as_moment, go_to, one_of
from service.web.admin.person_page import PEOPLE, person_page, person_to_manage
from service.web.admin.rule_words import WEEKDAY_LABELS
from service.web.admin.saving import SwitchedForm, id_typed, save
from service.web.deps import DbSession, Now
from service.web.roster_words import span_typed

router = APIRouter(prefix="/people")


class DutyForm(SwitchedForm):
    """Duties as they are typed: the same hours on some days."""

    weekdays: Annotated[list[str], Field(default_factory=list)]
    starts: Text = ""
    ends: Text = ""
    days: Text = DutyDays.EVERY.value

    def hours(self) -> list[DutyHours]:
        """Return the duties. Errors: InvalidFieldsError."""
        starts, ends = as_clock(self.starts, "starts"), as_clock(self.ends, "ends")
        if self.starts.startswith("24"):
            raise InvalidFieldsError({"starts": "A duty that begins at 24:00 begins at 00:00 of the next day."})
        weekdays = {str(number): number for number in WEEKDAY_LABELS}
        if any(day not in weekdays for day in self.weekdays):
            raise InvalidFieldsError({"weekdays": "Please choose one of the answers offered."})
        days = one_of(DutyDays, self.days, "days")
        return [DutyHours(weekdays[day], starts, ends, days) for day in dict.fromkeys(self.weekdays)]


class AbsenceForm(SwitchedForm):
    """An absence as it is typed."""

    starts_at: Text = ""
    ends_at: Text = ""
    substitute: Text = ""
    kind: Text = AbsenceKind.OTHER.value
    reason: Text = ""

    def absence(self, person: Person) -> Absence:
        """Return the absence, not yet checked. Errors: InvalidFieldsError."""
        return Absence(
            person_id=person.id or 0,
            starts_at=as_moment(self.starts_at, "starts_at"),
            ends_at=as_moment(self.ends_at, "ends_at"),
            substitute_id=id_typed(self.substitute),
            kind=one_of(AbsenceKind, self.kind, "kind"),
            reason=self.reason,
        )


class ShiftForm(SwitchedForm):
    """A single shift as it is typed."""

    shift_starts: Text = ""
    shift_ends: Text = ""

    def span(self) -> Span:
        """Return when it is. Errors: InvalidFieldsError."""
        return as_moment(self.shift_starts, "shift_starts"), as_moment(self.shift_ends, "shift_ends")


class SkillForm(SwitchedForm):
    """What somebody is good at, as it is chosen."""

    topics: Annotated[list[str], Field(default_factory=list)]
    languages: Annotated[list[str], Field(default_factory=list)]

    def wanted(self) -> list[tuple[SkillKind, str]]:
        """Return topics and languages, not yet checked."""
        topics = [(SkillKind.TOPIC, code) for code in self.topics]
        return topics + [(SkillKind.LANGUAGE, code) for code in self.languages]


@router.get("/{person_id}")
def show_person(request: Request, session: DbSession, by: Planner, now: Now, person_id: RowId) -> Response:
    """Show somebody with their week, absences and history."""
    return person_page(request, session, by, now, person_id)


@router.post("/{person_id}/duties")
def take_duties(
    request: Request, session: DbSession, by: Planner, now: Now, person_id: RowId, form: Annotated[DutyForm, Form()]
) -> Response:
    """Add weekly duties."""

    def add() -> None:
        add_duties(session, person, form.hours(), by=by, now=now)

    person = person_to_manage(session, by, person_id)
    again = partial(person_page, request, session, by, now, person_id, "duties", form)
    return save(request, session, form, add, again=again, to=lambda _: f"{PEOPLE}/{person_id}", done="added")


@router.post("/{person_id}/duties/{duty_id}/remove")
def take_duty_away(session: DbSession, by: Planner, now: Now, person_id: RowId, duty_id: RowId) -> Response:
    """Remove one weekly duty."""
    remove_duty(session, person_to_manage(session, by, person_id), duty_id, by=by, now=now)
    return go_to(f"{PEOPLE}/{person_id}", "removed")


@router.post("/{person_id}/absences")
def take_absence(
    request: Request, session: DbSession, by: Planner, now: Now, person_id: RowId, form: Annotated[AbsenceForm, Form()]
) -> Response:
    """Note that somebody is away."""

    def add() -> None:
        add_absence(session, person, form.absence(person), by=by, now=now)

    person = person_to_manage(session, by, person_id)
    again = partial(person_page, request, session, by, now, person_id, "absences", form)
    return save(request, session, form, add, again=again, to=lambda _: f"{PEOPLE}/{person_id}", done="added")


@router.post("/{person_id}/absences/{absence_id}/end")
def take_absence_back(session: DbSession, by: Planner, now: Now, person_id: RowId, absence_id: RowId) -> Response:
    """End an absence, or take it back."""
    end_absence(session, person_to_manage(session, by, person_id), absence_id, by=by, now=now)
    return go_to(f"{PEOPLE}/{person_id}", "removed")


@router.post("/{person_id}/shifts")
def take_shift(
    request: Request, session: DbSession, by: Planner, now: Now, person_id: RowId, form: Annotated[ShiftForm, Form()]
) -> Response:
    """Add a single shift."""

    def add() -> None:
        span = form.span()
        try:
            add_shift(session, person, span, public_holidays(), by=by, now=now)
        except InvalidFieldsError as wrong:
            named = {"starts_at": "shift_starts", "ends_at": "shift_ends"}
            raise InvalidFieldsError({named[name]: said for name, said in wrong.fields.items()}) from wrong

    person = person_to_manage(session, by, person_id)
    again = partial(person_page, request, session, by, now, person_id, "shifts", form)
    return save(request, session, form, add, again=again, to=lambda _: f"{PEOPLE}/{person_id}", done="added")


@router.post("/{person_id}/shifts/off")
def take_shift_off(
    session: DbSession, by: Planner, now: Now, person_id: RowId, span: Annotated[str, Form()] = ""
) -> Response:
    """Take somebody out of one turn."""
    person = person_to_manage(session, by, person_id)
    take_off(session, person, span_typed(span), public_holidays(), by=by, now=now)
    return go_to(f"{PEOPLE}/{person_id}", "removed")


@router.post("/{person_id}/shifts/back")
def take_shift_back(
    session: DbSession, by: Planner, now: Now, person_id: RowId, span: Annotated[str, Form()] = ""
) -> Response:
    """Let somebody do what they were taken out of."""
    person = person_to_manage(session, by, person_id)
    add_shift(session, person, span_typed(span), public_holidays(), by=by, now=now)
    return go_to(f"{PEOPLE}/{person_id}", "added")


@router.post("/{person_id}/skills")
def take_skills(
    request: Request, session: DbSession, by: Planner, now: Now, person_id: RowId, form: Annotated[SkillForm, Form()]
) -> Response:
    """Note what somebody is good at."""

    def change() -> None:
        known = directory(session).catalogue.topics
        if any(code not in known for code in form.topics):
            raise InvalidFieldsError({"topics": "Please choose one of the answers offered."})
        set_skills(session, person, form.wanted(), by=by, now=now)

    person = person_to_manage(session, by, person_id)
    again = partial(person_page, request, session, by, now, person_id, "skills", form)
    return save(request, session, form, change, again=again, to=lambda _: f"{PEOPLE}/{person_id}", done="changed")
