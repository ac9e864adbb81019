"""How does the shipped catalogue come into an installation, with nothing lost of what it changed itself?"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sqlmodel import Session, select

from service.audit.actions import record
from service.audit.changes import changed, one_at_a_time
from service.audit.rules import Entry
from service.categories.details import CategoryDetails, columns
from service.categories.queries import as_topic
from service.categories.questions import as_questions
from service.categories.rules import Catalogue, Elsewhere, Evidence, Handler
from service.categories.tables import Category
from sla_policies.policy import Grade

FILE = Path(__file__).parent / "catalogue.yaml"
GROUP_GRADE = Grade.G3
"""A group is no topic of its own; what is known only by its group starts from the grade of most topics."""
EMPTY: Mapping[str, Any] = {
    "handler": Handler.COMMUNITY,
    "examples": "",
    "elsewhere": None,
    "evidence": Evidence.NONE,
}
"""What stands in a field that nobody has filled in; a list is then empty."""
LISTS = ("keywords", "questions", "danger_words", "care_groups")


@cache
def shipped() -> Mapping[str, Mapping[str, Any]]:
    """Return the shipped catalogue: code → columns, in its order, each followed by what lies below it."""
    groups = yaml.safe_load(FILE.read_text(encoding="utf-8"))["groups"]
    return {code: columns(details) for group in groups for code, details in _flat(group, None)}


def _flat(one: Mapping[str, Any], parent: str | None) -> Iterator[tuple[str, CategoryDetails]]:
    elsewhere = one.get("elsewhere")
    yield (
        one["code"],
        CategoryDetails(
            name=one["name"],
            name_en=one["name_en"],
            grade=Grade(one.get("grade", GROUP_GRADE)),
            parent_code=parent,
            examples=one.get("examples", ""),
            keywords=tuple(one.get("keywords", ())),
            handler=Handler(one.get("handler", Handler.COMMUNITY)),
            questions=as_questions(one.get("questions", ())),
            danger_words=tuple(one.get("danger_words", ())),
            care_groups=tuple(one.get("care_groups", ())),
            elsewhere=Elsewhere(**elsewhere) if elsewhere else None,
            evidence=Evidence(one.get("evidence", Evidence.NONE)),
        ),
    )
    for below in one.get("topics", ()):
        yield from _flat(below, one["code"])


def shipped_catalogue() -> Catalogue:
    """Return the shipped catalogue as the rules see it, for what needs no installation."""
    rows = (Category(id=number, code=code, **columns) for number, (code, columns) in enumerate(shipped().items()))
    return Catalogue({row.code: as_topic(row) for row in rows})


def load_catalogue(session: Session, now: datetime) -> int:
    """Add what the installation does not have, renew what it has not changed itself; return how many rows changed.

    The first catalogue of an installation is no change of it: only what comes later stands in the history.
    """
    one_at_a_time(session, Category)
    rows = {row.code: row for row in session.exec(select(Category))}
    is_first = not rows
    done: list[tuple[str, Category, dict[str, list[Any]]]] = []
    for position, (code, wanted) in enumerate(shipped().items()):
        row = rows.get(code)
        if row is None:
            place = position if is_first else _behind(rows.values(), wanted, position)
            row = Category(code=code, position=place, shipped=_kept(wanted), **wanted)
            rows[code] = row
            done.append(("category.added", row, changed({}, {"code": code, **wanted})))
        elif row.shipped != _kept(wanted):
            renewed = renew(row.model_dump(), row.shipped, wanted)
            done.append(("category.changed", row, changed(row.model_dump(), renewed)))
            for name, value in (renewed | {"shipped": _kept(wanted)}).items():
                setattr(row, name, value)
        session.add(row)
        session.flush()
    told = [] if is_first else [(action, row, facts) for action, row, facts in done if facts]
    record(
        session, *(Entry("category", row.id or 0, action, now, "system", None, facts) for action, row, facts in told)
    )
    return len(done)


def renew(current: Mapping[str, Any], before: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that take their shipped value: those that still are as they were shipped, or never filled in.

    A row that was never shipped and has another name is the installation's own: nothing of it changes.
    """
    if not before and current["name"] != wanted["name"]:
        return {}
    return {
        name: value
        for name, value in wanted.items()
        if name not in NOT_SHIPPED
        and (current[name] == before[name] if name in before else current[name] in ([], EMPTY.get(name, [])))
    }


NOT_SHIPPED = frozenset({"is_active"})
"""What only the installation decides."""


def _kept(wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wanted.items() if name not in NOT_SHIPPED}


def _behind(rows: Iterable[Category], wanted: Mapping[str, Any], position: int) -> int:
    """Return where a new category stands in a catalogue that is there: behind what lies in its group already."""
    beside = [row.position for row in rows if row.parent_code == wanted["parent_code"]]
    return max(beside, default=position)
