"""What does the page of one person show: details, the week, absences, history?"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts.actions import may_manage
from service.accounts.passwords import NO_PASSWORD
from service.accounts.queries import (
    absences_of,
    active_people,
    covered_by,
    duty_rows,
    lies_within,
    open_cases_of,
    people_by_id,
    person_by_id,
    phone_of,
)
from service.accounts.rules import Role
from service.accounts.tables import Duty, Person
from service.areas.queries import all_areas
from service.errors import NotFoundError
from service.rosters.actions import may_plan_for
from service.rosters.coverage import teams, uncovered
from service.rosters.queries import rosters, skills_of
from service.rosters.rules import ONE_DAY, SkillKind, turns
from service.routing.directory import Directory
from service.routing.queries import directory
from service.secrecy import mask_phone
from service.timekeeping import ZONE
from service.web.admin.common import NOTHING_WRONG, Blank, Refused, TypedForm, admin_page, called, people_choices
from service.web.admin.rule_words import WEEKDAY_LABELS
from service.web.admin.told import history_of
from service.web.roster_words import ABSENCE_LABELS, DAYS_LABELS, DAYS_SHORT_LABELS, LANGUAGE_LABELS

PEOPLE = "/admin/people"
COMING = 13 * ONE_DAY
"""Two weeks with today."""


def person_to_manage(session: Session, by: Person, person_id: int) -> Person:
    """Return somebody of the area that the reader looks after. Errors: NotFoundError."""
    person = person_by_id(session, person_id)
    if person is None or not (by.role is Role.ADMIN or lies_within(session, person.area_id, by.area_id)):
        raise NotFoundError
    return person


def person_page(
    request: Request,
    session: Session,
    by: Person,
    now: datetime,
    person_id: int,
    what: str = "",
    form: TypedForm | None = None,
    refused: Refused = NOTHING_WRONG,
) -> Response:
    """Render somebody's page, with what was typed into the form for duties or for absences."""
    person = person_to_manage(session, by, person_id)
    context = {
        "person": person,
        "phone": masked_phone(person),
        "open_cases": open_cases_of(session, person_id),
        "may_change": may_manage(session, by, person),
        "is_waiting": person.is_active and person.password_hash == NO_PASSWORD,
        "may_plan": may_plan_for(session, by, person),
        "values": Blank(form.model_dump() if form else {}),
        "what": what,
        "switch_form": f"do-{what}" if what else "",
        "path": f"{PEOPLE}/{person_id}",
        **_roster(request, session, person, now),
        **_coming(session, person, now),
        **_skills(request, session, person),
        **history_of(request, session, "person", person_id, now),
    }
    return admin_page(request, by, "person", context, refused=refused)


def masked_phone(person: Person) -> str:
    """Return somebody's telephone number as it is shown, or nothing."""
    phone = phone_of(person)
    return mask_phone(phone) if phone else ""


def _roster(request: Request, session: Session, person: Person, now: datetime) -> dict[str, Any]:
    person_id = person.id or 0
    areas = {area.id or 0: area for area in all_areas(session)}
    known = directory(session)
    staff = known.people.get(person_id)
    absences = absences_of(session, person_id, since=now)
    week: dict[int, list[Duty]] = {weekday: [] for weekday in WEEKDAY_LABELS}
    for duty in duty_rows(session, person_id):
        week[duty.weekday].append(duty)
    return {
        "areas": areas,
        "week": week,
        "weekdays": WEEKDAY_LABELS,
        "days_short": DAYS_SHORT_LABELS,
        "on_duty": staff is not None and known.is_on_duty(staff, now),
        "absences": absences,
        "covers": covered_by(session, person_id, since=now),
        "substitutes": people_by_id(session, {a.substitute_id for a in absences if a.substitute_id}),
        "substitute_choices": people_choices(
            request, [p for p in active_people(session, within=team_of(areas, person)) if p.id != person_id], areas
        ),
    }


def _coming(session: Session, person: Person, now: datetime) -> dict[str, Any]:
    """Return the next two weeks: the turns, those that somebody was taken out of, and when nobody is at the desk."""
    first, known = now.astimezone(ZONE).date(), directory(session)
    last = first + COMING
    roster = rosters(session, [person.id or 0], first, last, ZONE)[person.id or 0]
    coming = [turn for turn in turns(roster, first, last, known.days, ZONE) if turn.ends_at > now]
    freed = [(s.starts_at, s.ends_at) for s in roster.singles if not s.is_on and s.ends_at > now]
    desk = [team for team in teams(session, [person.area_id]) if person.role in team.roles]
    return {
        "coming": coming,
        "freed": freed,
        "gaps": [gap for gap in uncovered(session, desk, first, last, known.days) if gap.span[1] > now],
        "kinds": ABSENCE_LABELS,
        "duty_days": DAYS_LABELS,
    }


def _skills(request: Request, session: Session, person: Person) -> dict[str, Any]:
    """Return what somebody is good at, and what there is to choose from: the groups with their topics."""
    known: Directory = directory(session)
    skills = skills_of(session, person.id or 0)
    groups = [
        (called(request, group), [(t.code, f"{t.code} {called(request, t)}") for t in (group, *(t for _, t in below))])
        for group, below in known.catalogue.groups
    ]
    return {
        "skills": [known.catalogue.topics[s.value] for s in skills if s.value in known.catalogue.topics],
        "speaks": [s.value for s in skills if s.kind is SkillKind.LANGUAGE],
        "topic_groups": groups,
        "spoken": LANGUAGE_LABELS,
    }


def team_of(areas: Mapping[int, Any], person: Person) -> int:
    """Return the area whose people may stand in: the sub-district of the person, or else everything."""
    path = [int(part) for part in areas[person.area_id].path.strip("/").split("/")]
    return path[min(1, len(path) - 1)]
