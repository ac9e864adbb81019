"""Which categories are there? Groups and topics are listed, added, changed and taken out of use."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts.tables import Person
from service.categories.actions import add_category, change_category
from service.categories.details import CategoryDetails, as_keywords
from service.categories.queries import all_categories
from service.categories.tables import Category
from service.web.admin.common import (
    NOTHING_WRONG,
    Administrator,
    Refused,
    RowId,
    Text,
    admin_page,
    called,
    one_of,
)
from service.web.admin.saving import RowForm, form_page, kept_of, row_of, save, yes_or_no
from service.web.deps import DbSession, Now
from sla_policies.policy import Grade

router = APIRouter(prefix="/categories")

CATEGORIES = "/admin/categories"


class CategoryForm(RowForm):
    """A category as it is typed."""

    code: Text = ""
    name: Text = ""
    name_en: Text = ""
    parent_code: Text = ""
    grade: Text = ""
    examples: Text = ""
    keywords: Text = ""

    def details(self) -> CategoryDetails:
        """Return what was typed, not yet checked. Errors: InvalidFieldsError."""
        return CategoryDetails(
            name=self.name,
            name_en=self.name_en,
            grade=one_of(Grade, self.grade, "grade"),
            parent_code=self.parent_code or None,
            examples=self.examples,
            keywords=as_keywords(self.keywords),
            is_active=self.in_use,
        )


@router.get("")
def show_categories(request: Request, session: DbSession, by: Administrator) -> Response:
    """List the catalogue: each group with its topics."""
    return admin_page(request, by, "categories", {"categories": all_categories(session)})


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
    return _form_page(request, session, by, _form_of(category), category=category, now=now)


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
    own = category.code if category else ""
    context: dict[str, Any] = {
        "category": category,
        "groups": [
            (c.code, f"{c.code} {called(request, c)}")
            for c in all_categories(session)
            if c.parent_code is None and c.is_active and c.code != own
        ],
        "grades": [grade.value for grade in Grade],
    }
    if category is not None and now is not None:
        context |= kept_of(request, session, "category", category.id, now, refused)
    return form_page(request, by, "category", form, context, refused=refused)


def _form_of(category: Category) -> CategoryForm:
    return CategoryForm(
        code=category.code,
        name=category.name,
        name_en=category.name_en,
        parent_code=category.parent_code or "",
        grade=category.grade,
        examples=category.examples,
        keywords="、".join(category.keywords),
        is_active=yes_or_no(category.is_active),
    )
