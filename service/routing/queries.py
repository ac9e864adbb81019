"""What does the installation know, and how loaded is everybody?"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.queries import absences, all_duties
from service.accounts.tables import Person
from service.areas.queries import area_tree
from service.cases.tables import Case
from service.categories.queries import model_in_use, topics
from service.categories.rules import Catalogue
from service.clocks.queries import newest_desk_calendar
from service.rosters.queries import all_singles, all_skills
from service.rosters.rules import Days, SkillKind
from service.routing.directory import EVER, Directory, Rule, Staff
from service.routing.hours import read_hours
from service.routing.matching import RuleVersion
from service.routing.tables import DirectoryVersion, RoutingDecisionRow, RoutingRule, RuleVersionRow
from service.routing.versions import VersionState
from service.timekeeping import ZONE
from sla_policies.policy import Grade

LINES = RoutingRule.__table__  # type: ignore[attr-defined]
NO_VERSION = RuleVersion(0, EVER, ())
"""Stands for a table that nobody has written."""

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
    first, *later = _versions(session) or [NO_VERSION]
    return Directory(
        version=version,
        zone=ZONE,
        areas=area_tree(session),
        catalogue=Catalogue(topics(session)),
        rules=first.rules,
        people={p.id: p for p in _people(session)},
        model_id=model_in_use(session),
        days=public_holidays(),
        rules_version=first.id,
        later=tuple(later),
    )


def _versions(session: Session) -> list[RuleVersion]:
    """Return the versions that decide or will decide, the earliest first, each with its lines in use."""
    is_live = col(RuleVersionRow.state) == VersionState.PUBLISHED
    live = select(RuleVersionRow).where(is_live).order_by(col(RuleVersionRow.effective_at), col(RuleVersionRow.id))
    rows = session.exec(live.execution_options(populate_existing=True)).all()
    lines: dict[int, list[Rule]] = defaultdict(list)
    columns = [column for column in LINES.c if column.name not in ("id", "note", "is_active")]
    of_them = (LINES.c.version_id.in_([row.id for row in rows]), LINES.c.is_active)
    for line in session.execute(sa.select(*columns).where(*of_them).order_by(LINES.c.position)):
        lines[line.version_id].append(as_rule(line))
    return [RuleVersion(row.id or 0, row.effective_at, tuple(lines[row.id or 0])) for row in rows if row.effective_at]


def as_rule(row: Any) -> Rule:  # noqa: ANN401  # A row of the table, or the columns of one.
    """Return a line as the rules see it."""
    return Rule(
        id=row.line,
        position=row.position,
        category_code=row.category_code,
        area_id=row.area_id,
        target_level=row.target_level,
        target_area_id=row.target_area_id,
        target_person_id=row.target_person_id,
        target_role=row.target_role,
        hours=hours_of(row.hours),
        channels=frozenset(row.channels),
        focus_groups=frozenset(row.focus_groups),
        grades=frozenset(Grade(grade) for grade in row.grades),
        is_pool=row.is_pool,
        party=row.party,
    )


hours_of = lru_cache(read_hours)
"""Reads hours; many lines have the same."""


def _people(session: Session) -> Iterable[Staff]:
    duties, away = all_duties(session), absences(session)
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
            duties=tuple(duties.get(p.id or 0, ())),
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
