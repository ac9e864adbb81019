"""How is a change of the division decided, carried out on its day, or dropped?

What is closed lies in the area that takes it over from then on. So everybody who looks after that one sees the cases
of the past, each of which keeps the area it was received for.
"""

from dataclasses import asdict, fields, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from service.accounts.tables import Person
from service.areas.actions import change_area
from service.areas.boundaries import merged
from service.areas.details import ALIASES_MOST, AreaDetails
from service.areas.importing import PATHS
from service.areas.queries import area_tree
from service.areas.tables import Area
from service.audit.actions import record, record_all
from service.audit.changes import changed, locked, one_at_a_time
from service.audit.rules import Entry
from service.cases.rules import ENDED
from service.cases.tables import Case
from service.errors import ServiceError
from service.rezoning.queries import due_change, effect_on
from service.rezoning.rules import Change, ChangeKind, ChangeState, Effect, check_change, successor_of
from service.rezoning.tables import AreaChange
from service.routing.catalogue import live_versions
from service.routing.tables import RoutingRule, RuleVersionRow
from service.timekeeping import ZONE


class NotPlannedError(ServiceError):
    """The change was carried out or dropped already."""

    status, code = 409, "not-planned"
    sentence = "This change was carried out or dropped already."


def look_ahead(session: Session, change: Change, *, now: datetime) -> Effect:
    """Return what a change would touch now. Errors: InvalidFieldsError."""
    check_change(change, area_tree(session), _day(now))
    return effect_on(session, change.area_id)


def decide(session: Session, change: Change, *, by: Person, now: datetime) -> AreaChange:
    """Decide a change; one for today is carried out at once. Errors: InvalidFieldsError."""
    one_at_a_time(session, Area)
    effect = look_ahead(session, change, now=now)
    facts = {"reason": change.reason.strip(), "name": change.name.strip(), "name_en": change.name_en.strip()}
    row = AreaChange(**asdict(change) | facts, effect=asdict(effect), by_id=by.id or 0, decided_at=now)
    session.add(row)
    session.flush()
    said = {"kind_of_change": row.kind.value, "target_id": row.target_id, "effective_on": row.effective_on.isoformat()}
    record(session, Entry("area", row.area_id, "area.decided", now, "staff", by.id, said | {"reason": row.reason}))
    if row.effective_on <= _day(now):
        _carry_out(session, row, by, now)
    return row


def drop(session: Session, change_id: int, *, by: Person, now: datetime) -> AreaChange:
    """Drop a change before its day. Errors: NotFoundError, NotPlannedError."""
    row = locked(session, AreaChange, change_id)
    locked(session, Area, row.area_id)
    if row.state is not ChangeState.PLANNED:
        raise NotPlannedError
    row.state = ChangeState.DROPPED
    session.add(row)
    session.flush()
    facts = {"kind_of_change": row.kind.value, "effective_on": row.effective_on.isoformat()}
    record(session, Entry("area", row.area_id, "area.dropped", now, "staff", by.id, facts))
    return row


def carry_out_due(session: Session, now: datetime) -> bool:
    """Carry out the next change whose day has come; what cannot be any more fails, and says why. False: none is due."""
    row = due_change(session, _day(now))
    if row is None:
        return False
    one_at_a_time(session, Area)
    by = session.get_one(Person, row.by_id)
    try:
        with session.begin_nested():
            check_change(_change(row), area_tree(session), row.effective_on)
            _carry_out(session, row, by, now)
    except ServiceError as why:
        wrong: dict[str, str] = getattr(why, "fields", {})
        row.state, row.effect = ChangeState.FAILED, {"why": [*wrong.values()] or [why.sentence]}
        session.add(row)
        session.flush()
    return True


def _change(row: AreaChange) -> Change:
    return Change(**{field.name: getattr(row, field.name) for field in fields(Change)})


def _day(now: datetime) -> date:
    return now.astimezone(ZONE).date()


def _carry_out(session: Session, row: AreaChange, by: Person, now: datetime) -> None:
    change = _change(row)
    row.effect = asdict(effect_on(session, row.area_id))
    successor = successor_of(change, area_tree(session))
    if successor is None:
        area = locked(session, Area, row.area_id)
        change_area(session, row.area_id, _new_details(area, change), by=by, now=now)
    else:
        _hand_over(session, row, successor.id, by, now)
    row.state, row.applied_at = ChangeState.APPLIED, now
    session.add(row)
    session.flush()


def _new_details(area: Area, change: Change) -> AreaDetails:
    """Return the details of a renamed or moved area; by its former names an address is still found."""
    facts: dict[str, Any] = {field.name: getattr(area, field.name) for field in fields(AreaDetails)}
    now = AreaDetails(**facts | {"aliases": tuple(area.aliases)})
    if change.kind is ChangeKind.MOVE:
        return replace(now, parent_id=change.target_id)
    name, name_en = change.name.strip(), change.name_en.strip()
    former = dict.fromkeys((*area.aliases, area.name, area.name_en))
    return replace(
        now,
        name=name,
        name_en=name_en,
        desk_name=area.desk_name.replace(area.name, name),
        desk_name_en=area.desk_name_en.replace(area.name_en, name_en),
        aliases=tuple(alias for alias in former if alias not in (name, name_en))[:ALIASES_MOST],
    )


def _hand_over(session: Session, row: AreaChange, to: int, by: Person, now: datetime) -> None:
    """Close an area and hand over what it holds: people, lines of the catalogue, open cases, and what lies below."""
    area, successor = locked(session, Area, row.area_id), locked(session, Area, to)
    entries = [
        *_people(session, area, to, by, now),
        *_rules(session, row, to, by, now),
        *_cases(session, area, to, now),
        *_below(session, area, to, by, now),
    ]
    after: dict[str, Any] = {"parent_id": to, "is_active": False, "closed_on": row.effective_on}
    facts: dict[str, Any] = changed(area.model_dump(), after) | {"closed_on": [None, row.effective_on.isoformat()]}
    entries.append(Entry("area", row.area_id, "area.changed", now, "staff", by.id, facts))
    aliases = [*dict.fromkeys((*successor.aliases, area.name, area.name_en, *area.aliases))][:ALIASES_MOST]
    taken: dict[str, Any] = {"aliases": aliases}
    if row.kind is ChangeKind.MERGE:
        taken["boundary"] = merged(successor.boundary, area.boundary) or successor.boundary
    told = {name: [] if name == "boundary" else both for name, both in changed(successor.model_dump(), taken).items()}
    entries.append(Entry("area", to, "area.changed", now, "staff", by.id, told))
    for one, values in ((area, after), (successor, taken)):
        for name, value in values.items():
            setattr(one, name, value)
        session.add(one)
    session.flush()
    session.execute(PATHS)
    record_all(session, entries)
    session.expire_all()


def _people(session: Session, area: Area, to: int, by: Person, now: datetime) -> list[Entry]:
    moving = sa.update(Person).where(col(Person.area_id) == area.id).values(area_id=to).returning(col(Person.id))
    facts = {"area_id": [area.id, to]}
    return [Entry("person", i, "person.changed", now, "staff", by.id, facts) for i in _done(session, moving)]


def _rules(session: Session, row: AreaChange, to: int, by: Person, now: datetime) -> list[Entry]:
    """Point lines to the area that takes over; one for a closed area alone ends, where it would spread to all above."""
    one_at_a_time(session, RuleVersionRow)
    is_live = col(RoutingRule.version_id).in_(live_versions())
    entries = []
    for name in ("target_area_id", "area_id"):
        column = getattr(RoutingRule, name)
        ends = name == "area_id" and row.kind is ChangeKind.CLOSE
        values: dict[str, Any] = {"is_active": False} if ends else {name: to}
        facts = {"is_active": [True, False]} if ends else {name: [row.area_id, to]}
        change = sa.update(RoutingRule).where(col(column) == row.area_id, col(RoutingRule.is_active), is_live)
        lines = sorted({*_done(session, change.values(**values).returning(col(RoutingRule.line)))})
        entries += [Entry("rule", line, "rule.changed", now, "staff", by.id, facts) for line in lines]
    return entries


def _cases(session: Session, area: Area, to: int, now: datetime) -> list[Entry]:
    """Make the desk that takes over responsible for open cases: holder, status and promises stay as they are."""
    is_here = (col(Case.unit_id) == area.id, col(Case.status).not_in(ENDED))
    values = {"unit_id": to, "version": Case.version + 1, "updated_at": now}
    moving = sa.update(Case).where(*is_here).values(**values).returning(col(Case.id))
    facts = {"unit": to, "from": area.id}
    return [Entry("case", i, "rezoned", now, "system", None, facts) for i in _done(session, moving)]


def _below(session: Session, area: Area, to: int, by: Person, now: datetime) -> list[Entry]:
    moving = sa.update(Area).where(col(Area.parent_id) == area.id).values(parent_id=to).returning(col(Area.id))
    facts = {"parent_id": [area.id, to]}
    entries = [Entry("area", i, "area.changed", now, "staff", by.id, facts) for i in _done(session, moving)]
    on_duty = sa.update(Area).where(col(Area.duty_area_id) == area.id)
    session.execute(
        on_duty.values(duty_area_id=sa.func.nullif(sa.literal(to), col(Area.id))), execution_options=UNSYNCED
    )
    return entries


UNSYNCED = {"synchronize_session": False}


def _done(session: Session, change: Any) -> list[int]:  # noqa: ANN401  # An update that returns ids.
    return list(session.execute(change, execution_options=UNSYNCED).scalars())
