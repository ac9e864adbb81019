"""Which categories are there? Groups and topics are listed, added, changed and taken out of use."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts.tables import Person
from service.categories.actions import add_category, change_category
from service.categories.queries import all_categories, depths
from service.categories.tables import Category
from service.web.admin.category_forms import KIND_LABELS, MUST_LABELS, CategoryForm, form_of
from service.web.admin.common import (
    NOTHING_WRONG,
    Administrator,
    Refused,
    RowId,
    Text,
    admin_page,
    called,
    said,
)
from service.web.admin.saving import form_page, kept_of, row_of, save
from service.web.deps import DbSession, Now
from service.web.evidence_words import EVIDENCE_LABELS
from service.web.topics import HANDLER_LABELS
from service.web.words import FOCUS_GROUP
from sla_policies.policy import Grade

router = APIRouter(prefix="/categories")

CATEGORIES = "/admin/categories"


@router.get("")
def show_categories(request: Request, session: DbSession, by: Administrator) -> Response:
    """List the catalogue: each group with its topics."""
    rows = all_categories(session)
    return admin_page(request, by, "categories", {"categories": rows, "depth": depths(rows)})


@router.get("/new")
def show_new_category(request: Request, session: DbSession, by: Administrator, group: Text = "") -> Response:
    """Show the empty form."""
    return _form_page(request, session, by, CategoryForm(parent_code=group, grade=Grade.G3))


@router.post("")
def take_new_category(
    request: Request, session: DbSession, by: Administrator, now: Now, form: Annotated[CategoryForm, Form()]
) -> Response:
    """Add a category."""

    def add() -> Category:
        return add_category(session, form.details(), code=form.code, by=by, now=now)

    again = partial(_form_page, request, session, by, form)
    return save(request, session, form, add, again=again, to=lambda added: f"{CATEGORIES}/{added.id}", done="added")


@router.get("/{category_id}")
def show_category(request: Request, session: DbSession, by: Administrator, now: Now, category_id: RowId) -> Response:
    """Show a category in its form, with its history."""
    category = row_of(session, Category, category_id)
    return _form_page(request, session, by, form_of(category), category=category, now=now)


@router.post("/{category_id}")
def take_category(
    request: Request,
    session: DbSession,
    by: Administrator,
    now: Now,
    category_id: RowId,
    form: Annotated[CategoryForm, Form()],
) -> Response:
    """Change a category."""

    def change() -> None:
        change_category(session, category_id, form.details(), by=by, now=now, seen=form.version)

    category = row_of(session, Category, category_id)
    again = partial(_form_page, request, session, by, form, category=category, now=now)
    return save(request, session, form, change, again=again, to=lambda _: f"{CATEGORIES}/{category_id}", done="changed")


def _form_page(
    request: Request,
    session: Session,
    by: Person,
    form: CategoryForm,
    refused: Refused = NOTHING_WRONG,
    *,
    category: Category | None = None,
    now: datetime | None = None,
) -> Response:
    own, rows = category.code if category else "", all_categories(session)
    deep = depths(rows)
    context: dict[str, Any] = {
        "category": category,
        "groups": [
            (c.code, "　" * deep[c.code] + f"{c.code} {called(request, c)}")
            for c in rows
            if c.is_active and c.code != own
        ],
        "grades": [grade.value for grade in Grade],
        "handlers": said_of(request, HANDLER_LABELS),
        "evidence": said_of(request, EVIDENCE_LABELS),
        "kinds": said_of(request, KIND_LABELS),
        "musts": said_of(request, MUST_LABELS),
        "focus_groups": said_of(request, FOCUS_GROUP),
        "questions": form.rows(),
    }
    if category is not None and now is not None:
        context |= kept_of(request, session, "category", category.id, now, refused)
    return form_page(request, by, "category", form, context, refused=refused)


def said_of(request: Request, labels: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return codes with their words in the reader's language, to choose from."""
    return [(code, said(request, msgid)) for code, msgid in labels.items()]
