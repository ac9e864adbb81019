"""Who is there when a sheet of people is looked at, and whom may the reader change?"""

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from service.accounts.details import details_of
from service.accounts.queries import all_duties, open_cases_by_person
from service.accounts.rules import Away, PersonDetails, Role, may_appoint
from service.accounts.tables import Absence, Person
from service.areas.queries import area_tree, subtree_ids
from service.categories.queries import topics
from service.roll.duties import Duties, written
from service.roll.rules import Ground, Known, Reach
from service.rosters.queries import all_skills
from service.rosters.rules import SkillKind
from service.secrecy import signature

MARK_LENGTH = 12
NOBODY: frozenset[str] = frozenset()
NO_DUTY: Duties = frozenset()


def ground(session: Session, by: Person, now: datetime) -> Ground:
    """Return what the rows of a sheet may name, as it is now, for the one who imports or exports it."""
    near = None if by.role is Role.ADMIN else frozenset(subtree_ids(session, by.area_id))
    cases, away = open_cases_by_person(session), _absences(session, now)
    skills, speaks = (all_skills(session, kind) for kind in (SkillKind.TOPIC, SkillKind.LANGUAGE))
    weeks = {person_id: frozenset(duties) for person_id, duties in all_duties(session).items()}
    people = {}
    for person in session.exec(select(Person).execution_options(populate_existing=True)):
        person_id, details = person.id or 0, details_of(person)
        known, spoken = skills.get(person_id, NOBODY), speaks.get(person_id, NOBODY)
        people[person.login] = Known(
            person_id,
            person.login,
            details,
            mark_of(person.login, details, known, spoken, weeks.get(person_id, NO_DUTY)),
            _reach(by.role, details, near),
            known,
            spoken,
            weeks.get(person_id, NO_DUTY),
            cases.get(person_id, 0),
            away.get(person_id, ()),
        )
    return Ground(people, area_tree(session), frozenset(topics(session)), by.id or 0, by.role, now, near)


def mark_of(login: str, details: PersonDetails, known: frozenset[str], spoken: frozenset[str], duties: Duties) -> str:
    """Return a short text that is another one when any of this is; keyed, so that it gives nothing away."""
    said = json.dumps([login, vars(details), sorted(known), sorted(spoken), written(duties, "en")], ensure_ascii=False)
    return signature(f"roll:{said}").hex()[:MARK_LENGTH]


def _reach(role: Role, details: PersonDetails, near: frozenset[int] | None) -> Reach:
    if near is not None and details.area_id not in near:
        return Reach.FAR
    return Reach.OURS if may_appoint(role, details.role) else Reach.NEAR


def _absences(session: Session, now: datetime) -> Mapping[int, tuple[Away, ...]]:
    found: dict[int, list[Away]] = defaultdict(list)
    coming = select(Absence).where(col(Absence.ends_at) > now).order_by(col(Absence.starts_at))
    for absence in session.exec(coming):
        found[absence.person_id].append(Away(absence.starts_at, absence.ends_at, absence.substitute_id))
    return {person_id: tuple(away) for person_id, away in found.items()}
