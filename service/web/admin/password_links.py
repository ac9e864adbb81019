"""How do people who have no password yet get the links by which they choose one?"""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts.links import LINK_LASTS, make_links, without_password
from service.accounts.tables import Person
from service.areas.queries import area_names
from service.errors import NotFoundError
from service.roll.exporting import SheetKind
from service.settings import get_settings
from service.web.admin.common import Manager, Text, TypedForm, admin_page, as_id, called, said
from service.web.admin.people_files import LINKS, MEDIA
from service.web.admin.person_page import PEOPLE
from service.web.deps import DbSession, Now, real_now
from service.written_sheets import as_xlsx

router = APIRouter(prefix="/people/links")

FIRST = "/sign-in/first"
MOST_SHOWN = 200
"""So many links stand on a page; more come as a sheet only."""
HEADING_LABELS = {"name": "Person", "login": "Sign-in name", "area": "Place of work", "link": "Link"}


class LinksForm(TypedForm):
    """Whose links are wanted, and how."""

    person: Text = ""
    how: Text = ""


@router.get("")
def show_links(request: Request, session: DbSession, by: Manager, now: Now) -> Response:  # noqa: ARG001  # The page says when time is simulated.
    """Say who has no password yet, and offer to make their links."""
    return _page(request, session, by, [])


@router.post("")
def take_links(
    request: Request, session: DbSession, by: Manager, now: Now, form: Annotated[LinksForm, Form()]
) -> Response:
    """Make the links of all, or of one, and show them this once."""
    only = (as_id(form.person) or 0) if form.person else None
    made = make_links(session, by=by, now=now, real=real_now(), only=only)
    if not made:
        raise NotFoundError
    areas = area_names(session, {person.area_id for person, _ in made})
    rows = [
        {
            "name": called(request, person),
            "login": person.login,
            "area": called(request, areas[person.area_id]),
            "link": f"{get_settings().public_url}{FIRST}?key={token}&lang={person.language}",
        }
        for person, token in made
    ]
    if form.how != SheetKind.XLSX and len(rows) <= MOST_SHOWN:
        return _page(request, session, by, rows)
    heads = {name: said(request, label) for name, label in HEADING_LABELS.items()}
    headers = {"Content-Disposition": 'attachment; filename="links.xlsx"'}
    return Response(as_xlsx(heads, rows, title="links"), media_type=MEDIA[SheetKind.XLSX], headers=headers)


def _page(request: Request, session: Session, by: Person, rows: list[dict[str, str]]) -> Response:
    waiting = without_password(session, by=by)
    context = {
        "rows": rows,
        "waiting": waiting[:MOST_SHOWN],
        "count": len(waiting),
        "most": MOST_SHOWN,
        "areas": area_names(session, {person.area_id for person in waiting[:MOST_SHOWN]}),
        "days": LINK_LASTS.days,
        "people_at": PEOPLE,
        "links_at": LINKS,
    }
    return admin_page(request, by, "password_links", context)
