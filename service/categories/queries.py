"""Which categories are there, as rows?"""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.categories.questions import as_questions
from service.categories.rules import Elsewhere, Topic
from service.categories.tables import Category, CategoryModel


def all_categories(session: Session) -> list[Category]:
    """Return every category in the order of the catalogue, each followed by those below it."""
    rows = session.exec(select(Category).order_by(col(Category.position), Category.code)).all()
    ordered: list[Category] = []
    waiting = [row for row in reversed(rows) if row.parent_code is None]
    while waiting:
        row = waiting.pop()
        ordered.append(row)
        waiting.extend(below for below in reversed(rows) if below.parent_code == row.code)
    return ordered


def depths(rows: Iterable[Category]) -> dict[str, int]:
    """Return how deep each category lies, by code: 0 for a group. The rows come as all_categories gives them."""
    found: dict[str, int] = {}
    for row in rows:
        found[row.code] = found.get(row.parent_code or "", -1) + 1
    return found


def category_by_code(session: Session, code: str) -> Category | None:
    """Return the category with that code, also one that is out of use."""
    return session.exec(select(Category).where(Category.code == code)).one_or_none()


def topics(session: Session) -> dict[str, Topic]:
    """Return every category by code as the rules see it, in the order of the catalogue."""
    return {c.code: as_topic(c) for c in session.exec(select(Category).order_by(col(Category.position), Category.code))}


def as_topic(row: Category) -> Topic:
    """Return a row as the rules see it."""
    return Topic(
        id=row.id or 0,
        code=row.code,
        parent_code=row.parent_code,
        name=row.name,
        name_en=row.name_en,
        grade=row.grade,
        keywords=tuple(row.keywords),
        is_active=row.is_active,
        examples=row.examples,
        questions=as_questions(row.questions),
        danger_words=tuple(row.danger_words),
        care_groups=tuple(row.care_groups),
        elsewhere=Elsewhere(**row.elsewhere) if row.elsewhere else None,
        evidence=row.evidence,
    )


def model_in_use(session: Session) -> int | None:
    """Return the number of the version that suggests topics; None: the keywords do."""
    return session.scalar(sa.select(col(CategoryModel.id)).where(col(CategoryModel.is_in_use)))


def last_position(session: Session) -> int:
    """Return the position of the last category, -1 when there is none."""
    found = session.scalar(sa.select(sa.func.max(Category.position)))
    return -1 if found is None else int(found)
