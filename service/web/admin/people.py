"""Who works here? People are listed, added, changed, and given passwords."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts.actions import add_person, change_person, may_manage, set_password
from service.accounts.links import count_without_password
from service.accounts.queries import PeopleAsk, find_people, phone_of
from service.accounts.rules import NAME_MOST, RANK, PersonDetails, Role, may_appoint
from service.accounts.tables import Person
from service.areas.queries import all_areas, subtree_ids
from service.errors import NotAllowedError
from service.routing.queries import directory
from service.web.admin.common import (
    NOTHING_WRONG,
    Manager,
    Planner,
    Refused,
    RowId,
    Text,
    TypedForm,
    admin_page,
    area_choices,
    as_id,
    as_whole,
    go_to,
    one_of,
    page_number,
    tried,
)
from service.web.admin.person_page import PEOPLE, masked_phone, person_page, person_to_manage
from service.web.admin.saving import UNKNOWN, RowForm, form_page, kept_of, save, yes_or_no
from service.web.deps import DbSession, Now

router = APIRouter(prefix="/people")

NO_NUMBER = -1
"""What no rule accepts: for a load that cannot be read."""


class PersonForm(RowForm):
    """The details of somebody as they are typed."""

    login: Text = ""
    password: str = ""
    name: Text = ""
    name_en: Text = ""
    role: Text = ""
    area_id: Text = ""
    phone: Text = ""
    forget_phone: Text = ""
    email: Text = ""
    language: Text = ""
    capacity: Text = ""

    def details(self, kept_phone: str = "") -> PersonDetails:
        """Return what was typed; an empty number keeps the one that is stored. Errors: InvalidFieldsError."""
        return PersonDetails(
            name=self.name,
            role=one_of(Role, self.role, "role"),
            area_id=as_id(self.area_id) or UNKNOWN,
            name_en=self.name_en,
            phone=self.phone or ("" if self.forget_phone else kept_phone),
            email=self.email or None,
            language=self.language,
            capacity=as_whole(self.capacity, otherwise=NO_NUMBER),
            is_active=self.in_use,
        )


class PeopleQuery(TypedForm):
    """Which people somebody wants to see, as the address says it."""

    area: Text = ""
    search: Text = ""
    role: Text = ""
    left: Text = ""
    page: Text = ""

    def ask(self) -> PeopleAsk:
        """Return what was asked for; what cannot be read asks for everything."""
        role = next((role for role in Role if role == self.role), None)
        return PeopleAsk(as_id(self.area), self.search[:NAME_MOST], role, bool(self.left), page_number(self.page))


@router.get("")
def show_people(
    request: Request, session: DbSession, by: Planner, now: Now, query: Annotated[PeopleQuery, Query()]
) -> Response:
    """List the people of an area and below it."""
    ask, known = query.ask(), directory(session)
    context = {
        "ask": ask,
        "found": find_people(session, ask, within=_reach(by)),
        "on_duty": {i for i, person in known.people.items() if known.is_on_duty(person, now)},
        "waiting": count_without_password(session, by=by),
        **_choices(request, session, by),
    }
    return admin_page(request, by, "people", context)


@router.get("/new")
def show_new_person(request: Request, session: DbSession, by: Manager, area: Text = "") -> Response:
    """Show the empty form."""
    empty = PersonForm(area_id=area, role=Role.WORKER, language="zh", capacity="20")
    return _new_page(request, session, by, empty)


@router.post("")
def take_new_person(
    request: Request, session: DbSession, by: Manager, now: Now, form: Annotated[PersonForm, Form()]
) -> Response:
    """Add somebody."""

    def add() -> Person:
        return add_person(session, form.details(), login=form.login, password=form.password, by=by, now=now)

    again = partial(_new_page, request, session, by, form)
    return save(request, session, form, add, again=again, to=lambda person: f"{PEOPLE}/{person.id}", done="added")


@router.get("/{person_id}/edit")
def show_edit(request: Request, session: DbSession, by: Manager, now: Now, person_id: RowId) -> Response:
    """Show somebody's details in a form."""
    person = person_to_manage(session, by, person_id)
    return _edit_page(request, session, by, now, person, _form_of(person))


@router.post("/{person_id}/edit")
def take_edit(
    request: Request, session: DbSession, by: Manager, now: Now, person_id: RowId, form: Annotated[PersonForm, Form()]
) -> Response:
    """Change somebody's details."""
    person = person_to_manage(session, by, person_id)

    def change() -> None:
        change_person(session, person, form.details(phone_of(person)), by=by, now=now, seen=form.version)

    again = partial(_edit_page, request, session, by, now, person, form)
    return save(request, session, form, change, again=again, to=lambda _: f"{PEOPLE}/{person_id}", done="changed")


@router.post("/{person_id}/password")
def take_password(
    request: Request, session: DbSession, by: Manager, now: Now, person_id: RowId, password: Annotated[str, Form()] = ""
) -> Response:
    """Give somebody a new password."""
    person = person_to_manage(session, by, person_id)
    done = tried(request, session, lambda: set_password(session, person, password, by=by, now=now))
    if isinstance(done, Refused):
        return person_page(request, session, by, now, person_id, refused=done)
    return go_to(f"{PEOPLE}/{person_id}", "password")


def _reach(by: Person) -> int | None:
    """Return the area whose subtree the reader looks after; None for everything."""
    return None if by.role is Role.ADMIN else by.area_id


def _choices(request: Request, session: Session, by: Person) -> dict[str, Any]:
    """Return what lists and forms choose from: the areas and the roles within the reader's reach."""
    areas = all_areas(session)
    near = subtree_ids(session, by.area_id) if by.role is not Role.ADMIN else {area.id for area in areas}
    return {
        "areas": {area.id: area for area in areas},
        "area_choices": area_choices(request, [area for area in areas if area.id in near]),
        "roles": [role for role in sorted(Role, key=RANK.__getitem__) if may_appoint(by.role, role)],
    }


def _new_page(
    request: Request, session: Session, by: Person, form: PersonForm, refused: Refused = NOTHING_WRONG
) -> Response:
    context = {"person": None, **_choices(request, session, by)}
    return form_page(request, by, "person_form", form, context, refused=refused)


def _edit_page(
    request: Request,
    session: Session,
    by: Person,
    now: datetime,
    person: Person,
    form: PersonForm,
    refused: Refused = NOTHING_WRONG,
) -> Response:
    if not may_manage(session, by, person):
        raise NotAllowedError
    context = {
        "person": person,
        "phone": masked_phone(person),
        **kept_of(request, session, "person", person.id, now, refused),
        **_choices(request, session, by),
    }
    return form_page(request, by, "person_form", form, context, refused=refused)


def _form_of(person: Person) -> PersonForm:
    return PersonForm(
        name=person.name,
        name_en=person.name_en,
        role=person.role,
        area_id=str(person.area_id),
        email=person.email or "",
        language=person.language,
        capacity=str(person.capacity),
        is_active=yes_or_no(person.is_active),
    )
