"""How are the lines of the dispatch catalogue changed and ordered? In a draft, which decides nothing before its day."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from service.accounts.queries import person_by_id
from service.accounts.tables import Person
from service.areas.queries import area_by_id
from service.audit.actions import record
from service.audit.changes import changed, expect, one_at_a_time
from service.audit.rules import Entry
from service.bulk import insert_all
from service.categories.queries import category_by_code
from service.errors import ConflictError, NotAllowedError, NotFoundError
from service.routing.catalogue import LINES, draft, line_in, lines_in, newest
from service.routing.details import SAYS, Pointed, RuleDetails, check_rule, columns
from service.routing.tables import RoutingRule, RuleVersionRow
from service.routing.versions import DISPATCHERS, Line, VersionState

AT_ONCE = 5_000


class NoDraftError(ConflictError):
    """The draft was published or dropped meanwhile."""

    status, code = 409, "no-draft"
    sentence = "There is no draft any more: it was published or dropped a moment ago. Please begin a new one."


def begin_draft(session: Session, *, by: Person, now: datetime) -> RuleVersionRow:
    """Return the draft that is there, or begin one with the lines of the newest version. Errors: NotAllowedError."""
    take_turn(session, by)
    return draft(session) or copy_newest(session, by=by, now=now)


def copy_newest(session: Session, *, by: Person, now: datetime, effective_at: datetime | None = None) -> RuleVersionRow:
    """Begin a version with the lines of the newest one, as a draft, or to be published within this transaction.

    The caller holds the others back.
    """
    base, state = newest(session), VersionState.DRAFT if effective_at is None else VersionState.PUBLISHED
    begun = RuleVersionRow(state=state, effective_at=effective_at, based_on_id=base.id, begun_at=now, begun_by_id=by.id)
    session.add(begun)
    session.flush()
    names = ("line", "position", *SAYS)
    lines = sa.select(sa.literal(begun.id), *(LINES.c[name] for name in names)).where(LINES.c.version_id == base.id)
    session.execute(sa.insert(LINES).from_select(("version_id", *names), lines))
    record(session, Entry("rule_version", begun.id or 0, "version.begun", now, "staff", by.id, {"based_on": base.id}))
    return begun


def take_turn(session: Session, by: Person) -> None:
    """Hold back everybody else who changes the dispatch catalogue. Errors: NotAllowedError."""
    if by.role not in DISPATCHERS:
        raise NotAllowedError
    one_at_a_time(session, RuleVersionRow)


def held_draft(session: Session, by: Person) -> RuleVersionRow:
    """Return the draft, while nobody else can change it. Errors: NotAllowedError, NoDraftError."""
    take_turn(session, by)
    found = draft(session)
    if found is None:
        raise NoDraftError(yours=0, current=0)
    return found


def add_line(
    session: Session, details: RuleDetails, *, by: Person, now: datetime, above: int | None = None
) -> RoutingRule:
    """Add a line to the draft, above the line with that number, else above the first that takes everything.

    Below such a line it would never be reached. Errors: InvalidFieldsError, NotAllowedError.
    """
    check_rule(details, pointed(session, details))
    version = begin_draft(session, by=by, now=now)
    return insert_line(session, version, details, by=by, now=now, above=above)


def insert_line(
    session: Session, version: RuleVersionRow, details: RuleDetails, *, by: Person, now: datetime, above: int | None
) -> RoutingRule:
    """Write a checked line into a version that is not published yet; see `add_line`."""
    ordered = lines_in(session, version.id or 0)
    takes = (i for i, line in enumerate(ordered) if line.line == above) if above else ()
    place = next(iter(takes), next((i for i, line in enumerate(ordered) if takes_all(line)), len(ordered)))
    last = ordered[-1].position if ordered else 0
    line = RoutingRule(version_id=version.id or 0, position=last + 1, **columns(details))
    session.add(line)
    session.flush()
    session.refresh(line)
    put_in_order(session, [*ordered[:place], line, *ordered[place:]])
    facts = changed({}, columns(details) | {"place": place + 1})
    record(session, _entry(line, "rule.added", facts, by, now))
    return line


def change_line(
    session: Session, number: int, details: RuleDetails, *, by: Person, now: datetime, seen: int | None = None
) -> RoutingRule:
    """Let a line of the draft say something else; without a draft, one is begun.

    Errors: NotFoundError, ConflictError, InvalidFieldsError, NotAllowedError.
    """
    version = begin_draft(session, by=by, now=now)
    line = _line(session, version, number)
    expect(session, "rule", number, seen)
    check_rule(details, pointed(session, details))

    facts = changed({name: getattr(line, name) for name in SAYS}, columns(details))
    if not facts:
        return line
    for name, value in columns(details).items():
        setattr(line, name, value)
    session.add(line)
    session.flush()
    record(session, _entry(line, "rule.changed", facts, by, now))
    return line


def move_line(session: Session, number: int, place: int, *, by: Person, now: datetime) -> None:
    """Put a line of the draft at a place, counted from 1; beyond the ends, at the end.

    Errors: NotFoundError, NotAllowedError.
    """
    version = begin_draft(session, by=by, now=now)
    ordered = lines_in(session, version.id or 0)
    line = _line(session, version, number)
    here = ordered.index(line)
    there = min(max(place, 1), len(ordered)) - 1
    if here == there:
        return
    ordered.insert(there, ordered.pop(here))
    put_in_order(session, ordered)
    record(session, _entry(line, "rule.moved", {"place": [here + 1, there + 1]}, by, now))


def remove_line(session: Session, number: int, *, by: Person, now: datetime) -> None:
    """Take a line out of the draft; decisions made by it keep its number. Errors: NotFoundError, NotAllowedError."""
    version = begin_draft(session, by=by, now=now)
    line = _line(session, version, number)
    was = {name: [getattr(line, name), None] for name in SAYS if getattr(line, name)}
    record(session, _entry(line, "rule.deleted", was, by, now))
    session.delete(line)
    session.flush()


def write_lines(session: Session, version: RuleVersionRow, lines: Sequence[Line]) -> None:
    """Let a version that is not published say exactly this; a line with the number 0 gets a new one."""
    session.execute(sa.delete(RoutingRule).where(LINES.c.version_id == version.id))
    session.expire_all()
    fresh = sum(not line.number for line in lines)
    numbers = iter(session.scalars(_NEXT, {"count": fresh}).all())
    rows = [
        {"version_id": version.id, "line": line.number or next(numbers), "position": place} | dict(line.says)
        for place, line in enumerate(lines, start=1)
    ]
    for start in range(0, len(rows), AT_ONCE):
        insert_all(session, LINES, rows[start : start + AT_ONCE])


_NEXT = sa.text("SELECT nextval('routing_lines') FROM generate_series(1, :count)")


def put_in_order(session: Session, ordered: Sequence[RoutingRule]) -> None:
    """Write the places of these lines, which are all of their version."""
    ids = [line.id for line in ordered]
    session.execute(_ORDER, {"ids": ids})
    for line in ordered:
        session.expire(line, ["position"])


_ORDER = sa.text(
    "UPDATE routing_rules SET position = wanted.place"
    " FROM unnest(CAST(:ids AS bigint[])) WITH ORDINALITY AS wanted(id, place)"
    " WHERE routing_rules.id = wanted.id AND routing_rules.position <> wanted.place"
)


def takes_all(line: RoutingRule) -> bool:
    """Does the line fit every case?"""
    conditions = (line.category_code, line.area_id, line.hours, line.channels, line.focus_groups, line.grades)
    return line.is_active and not any(conditions)


def _line(session: Session, version: RuleVersionRow, number: int) -> RoutingRule:
    found = line_in(session, version.id or 0, number)
    if found is None:
        raise NotFoundError
    return found


def _entry(line: RoutingRule, action: str, facts: Mapping[str, Any], by: Person, now: datetime) -> Entry:
    return Entry("rule", line.line or 0, action, now, "staff", by.id, {"version": line.version_id, **facts})


def pointed(session: Session, details: RuleDetails) -> Pointed:
    """Return whether what a line names is there."""

    def is_open(area_id: int | None, *, to_be_given: bool = False) -> bool:
        """No case lies in a department; to one it is given."""
        area = area_by_id(session, area_id) if area_id is not None else None
        return area_id is None or (area is not None and area.is_active and (to_be_given or not area.is_department))

    to = details.target_person_id
    person = person_by_id(session, to) if to is not None else None
    code = details.category_code
    return Pointed(
        category_known=code is None or category_by_code(session, code) is not None,
        area_open=is_open(details.area_id),
        target_area_open=is_open(details.target_area_id, to_be_given=True),
        target_person_here=to is None or (person is not None and person.is_active),
    )
