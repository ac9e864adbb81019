"""How is a sheet of people looked at, and taken over whole or not at all?"""

import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from service.accounts.details import changes, columns, standing
from service.accounts.passwords import NO_PASSWORD
from service.accounts.rules import Role, tidy_login
from service.accounts.tables import Absence, Duty, Person, SignInSession
from service.audit.actions import record_all
from service.audit.changes import locked, one_at_a_time
from service.audit.rules import Entry
from service.bulk import insert_all
from service.database import is_any
from service.errors import ConflictError, NotAllowedError, NotFoundError
from service.roll.duties import in_order
from service.roll.planning import plan
from service.roll.queries import ground
from service.roll.rules import Outcome, Plan, Planned
from service.roll.sheets import read_people
from service.roll.tables import PeopleFile
from service.rosters.actions import as_fact, away_fact
from service.rosters.rules import SkillKind
from service.rosters.tables import Skill
from service.secrecy import seal, unseal
from service.sheets import ImportRefusedError

FILE_LASTS = timedelta(days=1)
PEOPLE = Person.__table__  # type: ignore[attr-defined]
DUTIES = Duty.__table__  # type: ignore[attr-defined]
SKILLS = Skill.__table__  # type: ignore[attr-defined]


class ChangedMeanwhileError(ConflictError):
    """Since the sheet was looked at something changed here, so that it would do something else."""

    code = "changed-meanwhile"
    sentence = "Meanwhile something was changed here, and this sheet would do something else than you saw."


def keep_file(session: Session, name: str, content: bytes, *, by: Person, now: datetime) -> PeopleFile:
    """Keep a sheet for a day, to be looked at and taken over. Errors: what `read_people` tells."""
    seen = look_at(session, name, content, by=by, now=now)
    packed = seal(zlib.compress(content))
    kept = PeopleFile(name=name[:100], content=packed, marks=seen.marks, by_id=by.id or 0, uploaded_at=now)
    session.add(kept)
    session.flush()
    return kept


def kept_file(session: Session, file_id: int, *, by: Person, now: datetime) -> tuple[PeopleFile, bytes]:
    """Return one's own sheet with its content. Errors: NotFoundError."""
    kept = session.get(PeopleFile, file_id)
    if kept is None or kept.by_id != by.id or kept.uploaded_at < now - FILE_LASTS:
        raise NotFoundError
    return kept, zlib.decompress(unseal(kept.content))


def forget_files(session: Session, now: datetime) -> None:
    """Delete sheets that nobody took over within a day."""
    session.execute(sa.delete(PeopleFile).where(col(PeopleFile.uploaded_at) < now - FILE_LASTS))


def look_at(session: Session, name: str, content: bytes, *, by: Person, now: datetime) -> Plan:
    """Return what a sheet would do now; nothing is done. Errors: what `read_people` tells."""
    return plan(read_people(name, content), ground(session, by, now))


def take_over(session: Session, kept: PeopleFile, content: bytes, seen: str, *, by: Person, now: datetime) -> Plan:
    """Do what a sheet says, all of it or nothing; `seen` is the digest of the plan that was looked at.

    1. hold back whoever changes these people, then whoever adds some; 2. look at the sheet against the people as they
    are now; 3. write who is new, then what changed, then skills, duties and absences, then the
    history.
    Errors: NotAllowedError, ChangedMeanwhileError, ImportRefusedError, and what `read_people` tells.
    """
    sheet = read_people(kept.name, content)
    _hold_back(session, [tidy_login(row.cells.get("login", "")) for row in sheet.rows], by)
    found = plan(sheet, ground(session, by, now))
    if found.faults:
        raise ImportRefusedError(count=len(found.faults))
    if found.digest != seen:
        raise ChangedMeanwhileError(yours=0, current=0)
    ids = _write_people(session, found, now)
    _end_sign_ins(session, found)
    _write_skills(session, found, ids)
    _write_duties(session, found, ids)
    absences = _write_absences(session, found, ids)
    record_all(session, [*_entries(found, ids, absences, by, now), _summary(kept, found, by, now)])
    session.delete(kept)
    session.flush()
    session.expire_all()
    return found


def _hold_back(session: Session, logins: Sequence[str], by: Person) -> None:
    """Lock these people in the order of their numbers, then the table against new ones. Errors: NotAllowedError.

    Cases that point to them are taken in meanwhile: only who changes these people waits.
    """
    wanted = sa.or_(is_any(col(Person.login), logins), col(Person.id) == by.id)
    session.execute(sa.select(col(Person.id)).where(wanted).order_by(col(Person.id)).with_for_update(key_share=True))
    one_at_a_time(session, Person)
    now_is = locked(session, Person, by.id or 0)
    if not now_is.is_active or now_is.role not in (Role.ADMIN, Role.SUPERVISOR):
        raise NotAllowedError


def _write_people(session: Session, found: Plan, now: datetime) -> dict[str, int]:
    """Write who is new and what changed, and return everybody's number by login."""
    ids = {one.login: one.was.id for one in found.rows if one.was}
    new = [
        columns(one.details) | {"login": one.login, "password_hash": NO_PASSWORD, "created_at": now}
        for one in found.of(Outcome.NEW)
        if one.details
    ]
    insert_all(session, PEOPLE, new)
    made = sa.select(PEOPLE.c.id, PEOPLE.c.login).where(is_any(PEOPLE.c.login, [row["login"] for row in new]))
    ids |= {row.login: row.id for row in session.execute(made)}
    rows = [
        columns(one.details) | {"own_id": ids[one.login]}
        for one in found.of(Outcome.CHANGED)
        if one.details and one.was and one.details != one.was.details
    ]
    if rows:
        names = [name for name in rows[0] if name != "own_id"]
        written = sa.update(PEOPLE).where(PEOPLE.c.id == sa.bindparam("own_id"))
        session.connection().execute(written.values({name: sa.bindparam(name) for name in names}), rows)
    return ids


def _end_sign_ins(session: Session, found: Plan) -> None:
    """Sign out whoever leaves or changes role, as on the page."""
    gone = [
        one.was.id
        for one in found.of(Outcome.CHANGED)
        if one.was and one.details and (not one.details.is_active or one.details.role is not one.was.details.role)
    ]
    session.execute(sa.delete(SignInSession).where(is_any(col(SignInSession.person_id), gone)))


def _write_skills(session: Session, found: Plan, ids: dict[str, int]) -> None:
    changed = [one for one in found.rows if {"skills", "speaks"} & set(one.changes)]
    session.execute(sa.delete(Skill).where(is_any(col(Skill.person_id), [ids[one.login] for one in changed])))
    insert_all(session, SKILLS, [row for one in changed for row in _skill_rows(one, ids[one.login])])


def _skill_rows(one: Planned, person_id: int) -> Iterator[dict[str, Any]]:
    for kind, values in ((SkillKind.TOPIC, one.topics), (SkillKind.LANGUAGE, one.speaks)):
        yield from ({"person_id": person_id, "kind": kind.value, "value": value} for value in sorted(values))


def _write_duties(session: Session, found: Plan, ids: dict[str, int]) -> None:
    changed = [one for one in found.rows if "duties" in one.changes]
    session.execute(sa.delete(Duty).where(is_any(col(Duty.person_id), [ids[one.login] for one in changed])))
    insert_all(session, DUTIES, [{"person_id": ids[one.login], **vars(d)} for one in changed for d in one.duties])


def _write_absences(session: Session, found: Plan, ids: dict[str, int]) -> dict[str, Absence]:
    """Note the absences, and return them by login."""
    noted = {one.login: Absence(person_id=ids[one.login], **vars(one.absence)) for one in found.rows if one.absence}
    session.add_all(noted.values())
    session.flush()
    return noted


def _entries(
    found: Plan, ids: dict[str, int], absences: dict[str, Absence], by: Person, now: datetime
) -> Iterator[Entry]:
    """Yield what the history says of each person, as it does of a change made on their page."""
    for one in (*found.of(Outcome.NEW), *found.of(Outcome.CHANGED)):
        said: list[tuple[str, dict[str, Any]]] = []
        if one.details is not None and one.was is None:
            said.append(("person.added", standing(one.details)))
        elif one.details is not None and one.was is not None and one.details != one.was.details:
            said.append(("person.changed", changes(one.was.details, one.details)))
        skills: dict[str, Any] = {name: list(one.changes[name]) for name in ("skills", "speaks") if name in one.changes}
        if skills:
            said.append(("skills.changed", skills))
        said += _said_of_duties(one)
        if one.login in absences:
            said.append(("absence.added", {"absence": [None, away_fact(absences[one.login])]}))
        for action, facts in said:
            yield Entry("person", ids[one.login], action, now, "staff", by.id, facts)


def _said_of_duties(one: Planned) -> Iterator[tuple[str, dict[str, Any]]]:
    before, after = one.changes.get("duties", (one.duties, one.duties))
    yield from (("duty.removed", {"duty": [as_fact(duty), None]}) for duty in in_order(before - after))
    yield from (("duty.added", {"duty": [None, as_fact(duty)]}) for duty in in_order(after - before))


def _summary(kept: PeopleFile, found: Plan, by: Person, now: datetime) -> Entry:
    facts = {
        "file": kept.name,
        "people_added": len(found.of(Outcome.NEW)),
        "people_changed": len(found.of(Outcome.CHANGED)),
    }
    return Entry("person", by.id or 0, "people.imported", now, "staff", by.id, facts)
