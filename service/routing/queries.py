"""What does the installation know, and how loaded is everybody?"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from threading import Lock

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.queries import absences, duty_hours
from service.accounts.rules import DutyHours
from service.accounts.tables import Duty, Person
from service.areas.queries import area_tree
from service.cases.tables import Case
from service.categories.queries import model_in_use, topics
from service.categories.rules import Catalogue
from service.clocks.queries import newest_desk_calendar
from service.rosters.queries import all_singles, all_skills
from service.rosters.rules import Days, SkillKind
from service.routing.directory import Directory, Rule, Staff
from service.routing.tables import DirectoryVersion, RoutingDecisionRow, RoutingRule
from service.timekeeping import ZONE

LOOKED_BACK = timedelta(days=7)
_lock = Lock()
_known: Directory | None = None


def directory(session: Session) -> Directory:
    """Return everything routing knows, as of now: read whole when its version moved, else from memory."""
    return directory_at(session, session.scalar(sa.select(col(DirectoryVersion.version))) or 0)


def directory_at(session: Session, version: int) -> Directory:
    """Return everything routing knows, for a caller that has just read the version with something else."""
    global _known  # noqa: PLW0603  # One snapshot a process; replaced whole, never changed.
    known = _known
    if known is None or known.version != version or known.days.off is not newest_desk_calendar().off:
        with _lock:
            known = _known = read_directory(session, version)
    return known


def last_known(session: Session) -> Directory:
    """Return the directory as this process saw it last: for naming what was decided by it a moment ago."""
    return _known or directory(session)


def read_directory(session: Session, version: int) -> Directory:
    """Read areas, categories, rules and people from the database, and which version suggests topics."""
    return Directory(
        version=version,
        zone=ZONE,
        areas=area_tree(session),
        catalogue=Catalogue(topics(session)),
        rules=tuple(_rules(session)),
        people={p.id: p for p in _people(session)},
        model_id=model_in_use(session),
        days=public_holidays(),
    )


def _rules(session: Session) -> Iterable[Rule]:
    for r in session.exec(select(RoutingRule).where(RoutingRule.is_active).order_by(col(RoutingRule.position))):
        yield Rule(
            id=r.id or 0,
            position=r.position,
            category_code=r.category_code,
            area_id=r.area_id,
            target_level=r.target_level,
            target_area_id=r.target_area_id,
            target_person_id=r.target_person_id,
            target_role=r.target_role,
        )


def _people(session: Session) -> Iterable[Staff]:
    duties: dict[int, list[DutyHours]] = defaultdict(list)
    for d in session.exec(select(Duty)):
        duties[d.person_id].append(duty_hours(d))
    away = absences(session)
    singles = all_singles(session, _still_asked_for(session))
    topics_of, languages_of = (all_skills(session, kind) for kind in (SkillKind.TOPIC, SkillKind.LANGUAGE))
    for p in session.exec(select(Person).where(Person.is_active).order_by(col(Person.id))):
        yield Staff(
            id=p.id or 0,
            name=p.name,
            name_en=p.name_en,
            role=p.role,
            area_id=p.area_id,
            language=p.language,
            email=p.email,
            capacity=p.capacity,
            duties=tuple(duties[p.id or 0]),
            absences=tuple(away.get(p.id or 0, ())),
            singles=singles.get(p.id or 0, ()),
            topics=topics_of.get(p.id or 0, frozenset()),
            languages=languages_of.get(p.id or 0, frozenset()),
        )


def _still_asked_for(session: Session) -> datetime | None:
    """Return from when on single shifts may matter: somewhat before the newest case; None: all of them."""
    newest = session.scalar(sa.select(col(Case.received_at)).order_by(col(Case.id).desc()).limit(1))
    return newest - LOOKED_BACK if newest is not None else None


def public_holidays() -> Days:
    """Return the public holidays and the days worked instead, as the newest promise pack knows them."""
    calendar = newest_desk_calendar()
    return Days(calendar.off, calendar.worked)


def decisions(session: Session, case_id: int) -> list[RoutingDecisionRow]:
    """Return the routing decisions of a case, oldest first."""
    found = select(RoutingDecisionRow).where(RoutingDecisionRow.case_id == case_id).order_by(col(RoutingDecisionRow.id))
    return list(session.exec(found))
