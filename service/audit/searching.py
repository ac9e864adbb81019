"""Which entries of the history does somebody look for, page by page, and do those follow from the ones before them?"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from service.audit.queries import ENTRIES
from service.audit.rules import START, follows
from service.audit.tables import CASE, IS_BY_PARTY, IS_REVEALED, IS_SETTING
from service.errors import BadCursorError

COUNTED = 1000
"""So many entries are counted; of more it is said that there are more."""
MOST_ID = 2**63 - 1
_IS_SETTING = sa.literal_column(IS_SETTING, sa.Boolean())
_MOMENT = "%Y%m%dT%H%M%S.%f"


class Sort(StrEnum):
    """What kind of entries is meant, besides those of one kind of subject."""

    SETTINGS = ""
    """All but those of cases."""
    CASES = CASE
    REVEALED = "revealed"
    """The contact of a resident was looked at."""
    ALL = "all"


@dataclass(frozen=True)
class Sought:
    """What somebody looks for; what is None does not matter."""

    kind: str = Sort.SETTINGS
    """A `Sort`, or a kind of subject."""
    actor: str | None = None
    """'staff', 'resident', 'party' or 'system'."""
    people: Collection[int] | None = None
    """Who did it."""
    subjects: Collection[tuple[str, int]] | None = None
    """What it was done to: kind and id."""
    since: datetime | None = None
    until: datetime | None = None
    """The first moment that is not meant any more."""


@dataclass(frozen=True)
class Found:
    """A page of entries as rows, the newest first, with where the next one begins, and how many there are in all."""

    rows: list[dict[str, Any]]
    next_cursor: str | None
    count: int
    """At most `COUNTED` + 1."""


def search(session: Session, sought: Sought, *, cursor: str = "", most: int) -> Found:
    """Return a page of entries. Errors: BadCursorError."""
    wanted = [*_conditions(sought)]
    order = (ENTRIES.c.at, ENTRIES.c.id)
    newest = sa.select(ENTRIES).where(*wanted, _before(cursor)).order_by(*(column.desc() for column in order))
    rows = [dict(row) for row in session.execute(newest.limit(most + 1)).mappings()]
    some = sa.select(ENTRIES.c.id).where(*wanted).limit(COUNTED + 1).subquery()
    count = session.scalar(sa.select(sa.func.count()).select_from(some)) or 0
    return Found(rows[:most], _cursor(rows[most - 1]) if len(rows) > most else None, count)


def unchained(session: Session, rows: Sequence[Mapping[str, Any]]) -> set[int]:
    """Return the ids of those rows that were changed, or whose entry before them was changed or is missing."""
    before = [(row["subject_kind"], row["subject_id"], row["seq"] - 1) for row in rows]
    place = (ENTRIES.c.subject_kind, ENTRIES.c.subject_id, ENTRIES.c.seq)
    found = session.execute(sa.select(*place, ENTRIES.c.hash).where(sa.tuple_(*place).in_(before)))
    hashes: dict[tuple[str, int, int], bytes] = {(kind, subject, seq): digest for kind, subject, seq, digest in found}
    return {
        row["id"]
        for row, key in zip(rows, before, strict=True)
        if not follows(row, START if key[2] == 0 else hashes.get(key))
    }


def _conditions(sought: Sought) -> list[sa.ColumnElement[bool]]:
    """Return the conditions; those of the partial indexes stand as their indexes say them."""
    kinds: Mapping[str, sa.ColumnElement[bool] | None] = {
        Sort.SETTINGS: _IS_SETTING,
        Sort.REVEALED: sa.literal_column(IS_REVEALED, sa.Boolean()),
        Sort.CASES: ENTRIES.c.subject_kind == CASE,
        Sort.ALL: None,
    }
    of_kind = kinds.get(sought.kind, sa.and_(_IS_SETTING, ENTRIES.c.subject_kind == sought.kind))
    wanted = {
        "kind": None if sought.subjects is not None and sought.kind == Sort.SETTINGS else of_kind,
        "actor": _by(sought.actor),
        "people": None if sought.people is None else ENTRIES.c.actor_id.in_(sought.people),
        "subjects": None if sought.subjects is None else _is_one_of(sought.subjects),
        "since": None if sought.since is None else ENTRIES.c.at >= sought.since,
        "until": None if sought.until is None else ENTRIES.c.at < sought.until,
    }
    return [condition for condition in wanted.values() if condition is not None]


def _by(actor: str | None) -> sa.ColumnElement[bool] | None:
    if actor == "party":
        return sa.literal_column(IS_BY_PARTY, sa.Boolean())
    return None if actor is None else ENTRIES.c.actor == actor


def _is_one_of(subjects: Collection[tuple[str, int]]) -> sa.ColumnElement[bool]:
    return sa.tuple_(ENTRIES.c.subject_kind, ENTRIES.c.subject_id).in_(list(subjects))


def _cursor(row: Mapping[str, Any]) -> str:
    return f"{row['at'].astimezone(UTC):{_MOMENT}}-{row['id']}"


def _before(cursor: str) -> sa.ColumnElement[bool]:
    if not cursor:
        return sa.true()
    try:
        moment, row_id = cursor.split("-")
        place = (datetime.strptime(moment, _MOMENT).replace(tzinfo=UTC), int(row_id))
    except ValueError as why:
        raise BadCursorError from why
    if not 0 <= place[1] <= MOST_ID:
        raise BadCursorError
    return sa.tuple_(ENTRIES.c.at, ENTRIES.c.id) < sa.tuple_(*(sa.literal(part) for part in place))
