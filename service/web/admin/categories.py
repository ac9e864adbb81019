"""Which categories are there? Groups and topics are listed, added, changed and taken out of use."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts.tables import Person
from service.audit.changes import version_of
from service.categories.actions import add_category, change_category
from service.categories.details import CategoryDetails, as_keywords
from service.categories.queries import all_categories
from service.categories.tables import Category
from service.errors import NotFoundError
from service.web.admin.common import (
    NOTHING_WRONG,
    Administrator,
    Refused,
    RowId,
    Text,
    TypedForm,
    admin_page,
    as_whole,
    called,
    go_to,
    one_of,
    tried,
)
from service.web.admin.told import history_of, meanwhile
from service.web.deps import DbSession, Now
from sla_policies.policy import Grade

router = APIRouter(prefix="/categories")

CATEGORIES = "/admin/categories"
IN_USE = "yes"


class CategoryForm(TypedForm):
    """A category as it is typed."""

    code: Text = ""
    name: Text = ""
    name_en: Text = ""
    parent_code: Text = ""
    grade: Text = ""
    examples: Text = ""
    keywords: Text = ""
    is_active: Text = IN_USE
    seen: Text = ""

    def details(self) -> CategoryDetails:
        """Return what was typed, not yet checked. Errors: InvalidFieldsError."""
        return CategoryDetails(
            name=self.name,
            name_en=self.name_en,
            grade=one_of(Grade, self.grade, "grade"),
            parent_code=self.parent_code or None,
            examples=self.examples,
            keywords=as_keywords(self.keywords),
            is_active=self.is_active == IN_USE,
        )


@router.get("")
def show_categories(request: Request, session: DbSession, by: Administrator, now: Now) -> Response:  # noqa: ARG001  # The page says when time is simulated.
    """List the catalogue: each group with its topics."""
    return admin_page(request, by, "categories", {"categories": all_categories(session)})


@router.get("/new")
def show_new_category(
    request: Request,
    session: DbSession,
    by: Administrator,
    now: Now,  # noqa: ARG001  # As above.
    group: Text = "",
) -> Response:
    """Show the empty form."""
    return _form_page(request, session, by, CategoryForm(parent_code=group, grade=Grade.G3))


@router.post("")
def take_new_category(
    request: Request, session: DbSession, by: Administrator, now: Now, form: Annotated[CategoryForm, Form()]
) -> Response:
    """Add a category."""
    done = tried(request, session, lambda: add_category(session, form.details(), code=form.code, by=by, now=now))
    if isinstance(done, Refused):
        return _form_page(request, session, by, form, refused=done)
    return go_to(f"{CATEGORIES}/{done.id}", "added")


@router.get("/{category_id}")
def show_category(request: Request, session: DbSession, by: Administrator, now: Now, category_id: RowId) -> Response:
    """Show a category in its form, with its history."""
    category = _category(session, category_id)
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
    seen = as_whole(form.seen, otherwise=0)
    done = tried(
        request, session, lambda: change_category(session, category_id, form.details(), by=by, now=now, seen=seen)
    )
    if isinstance(done, Refused):
        kept = _category(session, category_id)
        return _form_page(request, session, by, form, category=kept, now=now, refused=done)
    return go_to(f"{CATEGORIES}/{category_id}", "changed")


def _category(session: Session, category_id: int) -> Category:
    category = session.get(Category, category_id)
    if category is None:
        raise NotFoundError
    return category


def _form_page(
    request: Request,
    session: Session,
    by: Person,
    form: CategoryForm,
    *,
    category: Category | None = None,
    now: datetime | None = None,
    refused: Refused = NOTHING_WRONG,
) -> Response:
    own = category.code if category else ""
    context: dict[str, Any] = {
        "values": form.model_dump(),
        "category": category,
        "groups": [
            (c.code, f"{c.code} {called(request, c)}")
            for c in all_categories(session)
            if c.parent_code is None and c.is_active and c.code != own
        ],
        "grades": [grade.value for grade in Grade],
    }
    if category is not None and now is not None:
        subject = category.id or 0
        context |= {
            "version": version_of(session, "category", subject),
            "meanwhile": meanwhile(request, session, "category", subject, now, refused.seen),
            **history_of(request, session, "category", subject, now),
        }
    return admin_page(request, by, "category", context, refused=refused)


def _form_of(category: Category) -> CategoryForm:
    return CategoryForm(
        code=category.code,
        name=category.name,
        name_en=category.name_en,
        parent_code=category.parent_code or "",
        grade=category.grade,
        examples=category.examples,
        keywords="、".join(category.keywords),
        is_active=IN_USE if category.is_active else "no",
    )
