"""How are the lines of the dispatch catalogue added, changed, ordered and deleted?"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.queries import person_by_id
from service.accounts.tables import Person
from service.areas.queries import area_by_id
from service.audit.actions import record
from service.audit.changes import changed, expect, locked, one_at_a_time
from service.audit.rules import Entry
from service.categories.queries import category_by_code
from service.routing.details import Pointed, RuleDetails, check_rule, columns
from service.routing.tables import RoutingRule

APART = 10
"""Positions are this far apart."""


def add_rule(session: Session, details: RuleDetails, *, by: Person, now: datetime) -> RoutingRule:
    """Add a line, above the first one that takes everything: below it, it would never be reached.

    Errors: InvalidFieldsError.
    """
    one_at_a_time(session, RoutingRule)
    check_rule(details, _pointed(session, details))

    ordered = in_order(session)
    place = next((i for i, rule in enumerate(ordered) if _takes_all(rule)), len(ordered))
    rule = RoutingRule(position=_last(ordered) + APART, **columns(details))
    session.add(rule)
    session.flush()
    _write_order(session, [*ordered[:place], rule, *ordered[place:]])
    facts = changed({}, columns(details) | {"place": place + 1})
    record(session, Entry("rule", rule.id or 0, "rule.added", now, "staff", by.id, facts))
    return rule


def change_rule(
    session: Session, rule_id: int, details: RuleDetails, *, by: Person, now: datetime, seen: int | None = None
) -> RoutingRule:
    """Let a line say something else. Errors: NotFoundError, ConflictError, InvalidFieldsError."""
    rule = locked(session, RoutingRule, rule_id)
    expect(session, "rule", rule_id, seen)
    check_rule(details, _pointed(session, details))

    facts = changed(rule.model_dump(), columns(details))
    if not facts:
        return rule
    for name, value in columns(details).items():
        setattr(rule, name, value)
    session.add(rule)
    session.flush()
    record(session, Entry("rule", rule_id, "rule.changed", now, "staff", by.id, facts))
    return rule


def move_rule(session: Session, rule_id: int, direction: Literal["up", "down"], *, by: Person, now: datetime) -> None:
    """Let a line and its neighbour change places; the first stays first and the last stays last.

    Errors: NotFoundError.
    """
    one_at_a_time(session, RoutingRule)
    rule = locked(session, RoutingRule, rule_id)
    ordered = in_order(session)
    here = next(i for i, other in enumerate(ordered) if other.id == rule_id)
    there = here + (-1 if direction == "up" else 1)
    if not 0 <= there < len(ordered):
        return
    ordered[here], ordered[there] = ordered[there], ordered[here]
    _write_order(session, ordered)
    facts = {"place": [here + 1, there + 1]}
    record(session, Entry("rule", rule.id or 0, "rule.moved", now, "staff", by.id, facts))


def delete_rule(session: Session, rule_id: int, *, by: Person, now: datetime) -> None:
    """Delete a line; decisions made by it keep its number. Errors: NotFoundError."""
    one_at_a_time(session, RoutingRule)
    rule = locked(session, RoutingRule, rule_id)
    was = {name: [value, None] for name, value in rule.model_dump(exclude={"id", "position"}).items() if value}
    record(session, Entry("rule", rule_id, "rule.deleted", now, "staff", by.id, was))
    session.delete(rule)
    session.flush()


def in_order(session: Session) -> list[RoutingRule]:
    """Return every line, also those out of use, the one that is asked first on top."""
    ordered = select(RoutingRule).order_by(col(RoutingRule.position))
    return list(session.exec(ordered.execution_options(populate_existing=True)))


def _takes_all(rule: RoutingRule) -> bool:
    return rule.is_active and rule.category_code is None and rule.area_id is None


def _last(ordered: Sequence[RoutingRule]) -> int:
    return ordered[-1].position if ordered else 0


def _write_order(session: Session, ordered: Sequence[RoutingRule]) -> None:
    """Write positions APART from each other, in two steps: no two lines may have one position at any moment."""
    position = col(RoutingRule.position)
    unsynced = {"synchronize_session": False}
    session.execute(sa.update(RoutingRule).values(position=-position - 1), execution_options=unsynced)
    places = {rule.id: number * APART for number, rule in enumerate(ordered, start=1)}
    placed = sa.case(places, value=col(RoutingRule.id))
    session.execute(sa.update(RoutingRule).values(position=placed), execution_options=unsynced)
    for rule in ordered:
        session.refresh(rule)


def _pointed(session: Session, details: RuleDetails) -> Pointed:
    def is_open(area_id: int | None) -> bool:
        area = area_by_id(session, area_id) if area_id is not None else None
        return area_id is None or (area is not None and area.is_active)

    to = details.target_person_id
    person = person_by_id(session, to) if to is not None else None
    code = details.category_code
    return Pointed(
        category_known=code is None or category_by_code(session, code) is not None,
        area_open=is_open(details.area_id),
        target_area_open=is_open(details.target_area_id),
        target_person_here=to is None or (person is not None and person.is_active),
    )
