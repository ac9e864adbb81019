"""What would a change of the division touch, which are planned, and which are due?"""

from datetime import date

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.tables import Person
from service.areas.tables import Area
from service.cases.queries import within
from service.cases.rules import ENDED
from service.cases.tables import Case
from service.rezoning.rules import ChangeState, Effect
from service.rezoning.tables import AreaChange
from service.routing.catalogue import live_versions
from service.routing.tables import RoutingRule


def effect_on(session: Session, area_id: int) -> Effect:
    """Return what lies in an area or below it, and which lines of the dispatch catalogue name it."""
    subtree = within(area_id)
    here = sa.or_(col(Case.area_id).in_(subtree), col(Case.unit_id).in_(subtree))
    is_ended = col(Case.status).in_(ENDED)
    cases = sa.select(sa.func.count().filter(~is_ended), sa.func.count().filter(is_ended)).where(here)
    open_cases, ended_cases = session.execute(cases.select_from(Case)).one()
    people = sa.select(sa.func.count()).where(col(Person.area_id).in_(subtree), col(Person.is_active))
    areas = sa.select(sa.func.count()).where(col(Area.parent_id) == area_id, col(Area.is_active))
    named = sa.or_(col(RoutingRule.area_id) == area_id, col(RoutingRule.target_area_id) == area_id)
    is_live = col(RoutingRule.version_id).in_(live_versions())
    rules = sa.select(sa.func.count(sa.distinct(col(RoutingRule.line)))).where(
        named, col(RoutingRule.is_active), is_live
    )
    return Effect(open_cases, ended_cases, *(session.scalar(count) or 0 for count in (people, areas, rules)))


def changes_of_area(session: Session, area_id: int) -> list[AreaChange]:
    """Return the changes that were decided for an area or into it, the newest first."""
    concerns = sa.or_(col(AreaChange.area_id) == area_id, col(AreaChange.target_id) == area_id)
    return list(session.exec(select(AreaChange).where(concerns).order_by(col(AreaChange.id).desc()).limit(20)))


def due_change(session: Session, today: date) -> AreaChange | None:
    """Return the next change whose day has come, locked, in the order of the days; others at work are passed over."""
    due = (col(AreaChange.state) == ChangeState.PLANNED, col(AreaChange.effective_on) <= today)
    first = select(AreaChange).where(*due).order_by(col(AreaChange.effective_on), col(AreaChange.id)).limit(1)
    return session.exec(first.with_for_update(skip_locked=True)).first()
