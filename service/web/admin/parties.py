"""Which outside parties are there, what may they do, and how well do they do it?"""

from datetime import date, datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts.queries import active_people, people_by_id
from service.accounts.rules import Role
from service.accounts.tables import Person
from service.areas.queries import all_areas
from service.commissions.queries import counted_by_party
from service.errors import NotAllowedError
from service.insight.parties import Period, performance
from service.parties.actions import add_party, change_party
from service.parties.queries import contact_of, parties_for, party_for, prices_of
from service.parties.rules import EVERYWHERE, PartyKind, may_write
from service.parties.tables import Party
from service.routing.directory import Directory
from service.routing.queries import directory
from service.secrecy import mask_email, mask_name, mask_phone
from service.timekeeping import ZONE
from service.web.admin.common import NOTHING_WRONG, Planner, Refused, RowId, Text, admin_page, called, people_choices
from service.web.admin.party_forms import PartyForm, as_day, form_of
from service.web.admin.saving import form_page, kept_of, save
from service.web.deps import DbSession, Now

router = APIRouter(prefix="/parties")

PARTIES = "/admin/parties"


@router.get("")
def show_parties(request: Request, session: DbSession, by: Planner, now: Now) -> Response:
    """List the parties that the reader may know of."""
    known = directory(session)
    context = {
        "rows": parties_for(session, by, known.areas),
        "running": counted_by_party(session),
        "places": known.areas.places,
        "today": _today(now),
        "may_add": may_write(by.role, by.area_id, (), known.areas),
    }
    return admin_page(request, by, "parties", context)


@router.get("/new")
def show_new_party(request: Request, session: DbSession, by: Planner, now: Now) -> Response:
    """Show the empty form."""
    empty = PartyForm(kind=PartyKind.PROPERTY, language="zh", valid_from=_today(now).isoformat())
    return _form_page(request, session, by, now, empty)


@router.post("")
def take_new_party(
    request: Request, session: DbSession, by: Planner, now: Now, form: Annotated[PartyForm, Form()]
) -> Response:
    """Add a party."""
    known = directory(session)

    def add() -> Party:
        return add_party(session, form.details(known), by=by, now=now)

    again = partial(_form_page, request, session, by, now, form)
    return save(request, session, form, add, again=again, to=lambda party: f"{PARTIES}/{party.id}", done="added")


@router.get("/{party_id}")
def show_party(request: Request, session: DbSession, by: Planner, now: Now, party_id: RowId) -> Response:
    """Show a party in its form, with its history; who may not change it reads it."""
    known = directory(session)
    party = party_for(session, party_id, by, known.areas)
    if may_write(by.role, by.area_id, party.area_ids, known.areas):
        return _form_page(request, session, by, now, form_of(party, known), party=party)
    return admin_page(request, by, "party_read", _about(request, session, party, known))


@router.post("/{party_id}")
def take_party(
    request: Request,
    session: DbSession,
    by: Planner,
    now: Now,
    party_id: RowId,
    form: Annotated[PartyForm, Form()],
) -> Response:
    """Change a party."""
    known = directory(session)
    party = party_for(session, party_id, by, known.areas)
    if not may_write(by.role, by.area_id, party.area_ids, known.areas):
        raise NotAllowedError

    def change() -> Party:
        return change_party(
            session, party_id, form.details(known, contact_of(party)), by=by, now=now, seen=form.version
        )

    again = partial(_form_page, request, session, by, now, form, party=party)
    return save(request, session, form, change, again=again, to=lambda _: f"{PARTIES}/{party_id}", done="changed")


@router.get("/{party_id}/performance")
def show_performance(
    request: Request, session: DbSession, by: Planner, now: Now, party_id: RowId, first: Text = "", last: Text = ""
) -> Response:
    """Show how a party did in a period; without a choice, or one that makes no sense, from New Year to today."""
    party = party_for(session, party_id, by, directory(session).areas)
    today = _today(now)
    begin, end = as_day(first) or today.replace(month=1, day=1), as_day(last) or today
    is_sensible = begin <= end
    period = Period(begin, end) if is_sensible else Period(today.replace(month=1, day=1), today)
    context = {"party": party, "period": period, "is_sensible": is_sensible}
    return admin_page(request, by, "party_performance", context | {"seen": performance(session, party_id, period)})


def _today(now: datetime) -> date:
    return now.astimezone(ZONE).date()


def _about(request: Request, session: Session, party: Party, known: Directory) -> dict[str, Any]:
    """Return what is read of a party; its contact is masked."""
    contact = contact_of(party)
    topics = known.catalogue.topics
    minders = people_by_id(session, {party.minder_id or 0})
    return {
        "party": party,
        "contact": mask_name(contact.name) if contact.name else "",
        "phone": mask_phone(contact.phone) if contact.phone else "",
        "email": mask_email(contact.email) if contact.email else "",
        "areas": [called(request, known.areas.places[i]) for i in party.area_ids if i in known.areas.places],
        "topics": [f"{c} {called(request, topics[c])}" for c in party.categories if c in topics],
        "prices": prices_of(party),
        "minder": minders.get(party.minder_id or 0),
    }


def _form_page(
    request: Request,
    session: Session,
    by: Person,
    now: datetime,
    form: PartyForm,
    refused: Refused = NOTHING_WRONG,
    *,
    party: Party | None = None,
) -> Response:
    known = directory(session)
    if not may_write(by.role, by.area_id, (), known.areas):
        raise NotAllowedError
    areas = {area.id or 0: area for area in all_areas(session)}
    near = None if by.role in EVERYWHERE else by.area_id
    people = [person for person in active_people(session, within=near) if person.role is not Role.ADMIN]
    context: dict[str, Any] = {"party": None, "contact": "", "phone": "", "email": ""}
    context["minders"] = people_choices(request, people, areas)
    if party is not None:
        context |= _about(request, session, party, known)
        context |= kept_of(request, session, "party", party.id, now, refused)
    return form_page(request, by, "party", form, context, refused=refused)
