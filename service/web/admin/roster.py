"""When is who on duty, and who is away? The forms on the page of a person."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import Field

from service.accounts.rules import DutyHours
from service.accounts.tables import Absence, Person
from service.errors import InvalidFieldsError
from service.rosters.actions import add_absence, add_duties, end_absence, remove_duty
from service.web.admin.common import Manager, RowId, Text, as_clock, as_moment, go_to
from service.web.admin.person_page import PEOPLE, person_page, person_to_manage
from service.web.admin.saving import SwitchedForm, id_typed, save
from service.web.admin.told import WEEKDAY_LABELS
from service.web.deps import DbSession, Now

router = APIRouter(prefix="/people")


class DutyForm(SwitchedForm):
    """Duties as they are typed: the same hours on some days."""

    weekdays: Annotated[list[str], Field(default_factory=list)]
    starts: Text = ""
    ends: Text = ""

    def hours(self) -> list[DutyHours]:
        """Return the duties. Errors: InvalidFieldsError."""
        starts, ends = as_clock(self.starts, "starts"), as_clock(self.ends, "ends")
        days = {str(number): number for number in WEEKDAY_LABELS}
        if any(day not in days for day in self.weekdays):
            raise InvalidFieldsError({"weekdays": "Please choose one of the answers offered."})
        return [DutyHours(days[day], starts, ends) for day in dict.fromkeys(self.weekdays)]


class AbsenceForm(SwitchedForm):
    """An absence as it is typed."""

    starts_at: Text = ""
    ends_at: Text = ""
    substitute: Text = ""
    reason: Text = ""

    def absence(self, person: Person) -> Absence:
        """Return the absence, not yet checked. Errors: InvalidFieldsError."""
        return Absence(
            person_id=person.id or 0,
            starts_at=as_moment(self.starts_at, "starts_at"),
            ends_at=as_moment(self.ends_at, "ends_at"),
            substitute_id=id_typed(self.substitute),
            reason=self.reason,
        )


@router.get("/{person_id}")
def show_person(request: Request, session: DbSession, by: Manager, now: Now, person_id: RowId) -> Response:
    """Show somebody with their week, absences and history."""
    return person_page(request, session, by, now, person_id)


@router.post("/{person_id}/duties")
def take_duties(
    request: Request, session: DbSession, by: Manager, now: Now, person_id: RowId, form: Annotated[DutyForm, Form()]
) -> Response:
    """Add weekly duties."""

    def add() -> None:
        add_duties(session, person, form.hours(), by=by, now=now)

    person = person_to_manage(session, by, person_id)
    again = partial(person_page, request, session, by, now, person_id, "duties", form)
    return save(request, session, form, add, again=again, to=lambda _: f"{PEOPLE}/{person_id}", done="added")


@router.post("/{person_id}/duties/{duty_id}/remove")
def take_duty_away(session: DbSession, by: Manager, now: Now, person_id: RowId, duty_id: RowId) -> Response:
    """Remove one weekly duty."""
    remove_duty(session, person_to_manage(session, by, person_id), duty_id, by=by, now=now)
    return go_to(f"{PEOPLE}/{person_id}", "removed")


@router.post("/{person_id}/absences")
def take_absence(
    request: Request, session: DbSession, by: Manager, now: Now, person_id: RowId, form: Annotated[AbsenceForm, Form()]
) -> Response:
    """Note that somebody is away."""

    def add() -> None:
        add_absence(session, person, form.absence(person), by=by, now=now)

    person = person_to_manage(session, by, person_id)
    again = partial(person_page, request, session, by, now, person_id, "absences", form)
    return save(request, session, form, add, again=again, to=lambda _: f"{PEOPLE}/{person_id}", done="added")


@router.post("/{person_id}/absences/{absence_id}/end")
def take_absence_back(session: DbSession, by: Manager, now: Now, person_id: RowId, absence_id: RowId) -> Response:
    """End an absence, or take it back."""
    end_absence(session, person_to_manage(session, by, person_id), absence_id, by=by, now=now)
    return go_to(f"{PEOPLE}/{person_id}", "removed")
