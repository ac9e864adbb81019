"""The people as a sheet: out and in again, whole or not at all, and each change in the history."""

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO
from time import perf_counter

import pytest
import sqlalchemy as sa
from openpyxl import load_workbook
from sqlmodel import Session, select

from service.accounts.actions import change_person
from service.accounts.details import details_of
from service.accounts.links import LINK_LASTS, make_links, person_of_link, use_link, without_password
from service.accounts.passwords import NO_PASSWORD, matches
from service.accounts.queries import person_by_login, phone_of
from service.accounts.rules import PasswordTooWeakError, Role
from service.accounts.sessions import open_session
from service.accounts.tables import Absence, PasswordLink, Person, SignInSession
from service.audit.queries import broken_chains, history
from service.errors import InvalidFieldsError, NotAllowedError, NotFoundError
from service.roll.exporting import SheetKind, write_people
from service.roll.importing import (
    ChangedMeanwhileError,
    forget_files,
    keep_file,
    kept_file,
    look_at,
    take_over,
)
from service.roll.rules import Outcome, Plan
from service.roll.tables import PeopleFile
from service.rosters.queries import skills_of
from service.routing.queries import directory
from service.secrecy import encrypt
from service.sheets import ImportRefusedError
from tests.people import Town

NEW = "login,name,role,area,phone,email,capacity,skills,speaks\n"
REAL = datetime(2026, 11, 30, tzinfo=UTC)


def take(session: Session, text: str | bytes, by: Person, now: datetime, name: str = "people.csv") -> Plan:
    content = text.encode() if isinstance(text, str) else text
    kept = keep_file(session, name, content, by=by, now=now)
    return take_over(session, kept, content, look_at(session, name, content, by=by, now=now).digest, by=by, now=now)


def somebody(session: Session, login: str) -> Person:
    session.expire_all()
    person = person_by_login(session, login)
    assert person is not None
    return person


def actions(session: Session, person: Person) -> list[str]:
    return [entry["action"] for entry in history(session, "person", person.id or 0)]


def cells(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(content.decode("utf-8-sig"))))


def test_new_people_come_without_a_password_and_with_a_history(session: Session, town: Town, now: datetime) -> None:
    line = "lin.mei,林梅,worker,990101001001,+1 415 555 0100,lin@example.org,25,C03、C05,en\n"
    take(session, NEW + line, town.admin, now)
    new = somebody(session, "lin.mei")
    assert (new.name, new.role, new.area_id, new.capacity) == ("林梅", Role.WORKER, town.areas["shore"].id, 25)
    assert (phone_of(new), new.password_hash) == ("+14155550100", NO_PASSWORD)
    assert [(s.kind.value, s.value) for s in skills_of(session, new.id or 0)] == [
        ("topic", "C03"),
        ("topic", "C05"),
        ("language", "en"),
    ]
    assert actions(session, new) == ["person.added", "skills.changed"]
    assert "林梅" not in str(history(session, "person", new.id or 0))
    assert directory(session).people[new.id or 0].capacity == 25
    assert actions(session, town.admin)[-1] == "people.imported"
    assert not broken_chains(session)


def test_a_change_is_kept_as_one_made_on_the_page(session: Session, town: Town, now: datetime) -> None:
    open_session(session, town.li_qiang, now)
    open_session(session, town.sun_li, now)
    take(
        session,
        "login,role,capacity,phone,skills\nli.qiang,head,30,138 0013 8000,C03\nsun.li,,31,,\n",
        town.admin,
        now,
    )
    li = somebody(session, "li.qiang")
    first, second = history(session, "person", li.id or 0)
    assert first["data"] == {"role": ["worker", "head"], "phone": [], "capacity": [20, 30]}
    assert (second["action"], second["data"]) == ("skills.changed", {"skills": [[], ["C03"]]})
    assert (first["actor_id"], phone_of(li)) == (town.admin.id, "13800138000")
    signed_in = session.exec(select(SignInSession.person_id)).all()
    assert signed_in == [town.sun_li.id]
    assert somebody(session, "sun.li").email == "sun_li@example.org"
    assert not broken_chains(session)


def test_with_one_bad_row_nothing_is_taken_over(session: Session, town: Town, now: datetime) -> None:
    before = session.scalar(sa.select(sa.func.count()).select_from(Person))
    bad = "lin.mei,林梅,worker,990101001001,,,,,\nli.qiang,李强,worker,NOWHERE,,,,,\n"
    with pytest.raises(ImportRefusedError):
        take(session, NEW + bad, town.admin, now)
    assert session.scalar(sa.select(sa.func.count()).select_from(Person)) == before


def test_nobody_is_deleted_by_leaving_a_row_out(session: Session, town: Town, now: datetime) -> None:
    take(session, "login,capacity\nli.qiang,3\n", town.admin, now)
    assert all(person.is_active for person in session.exec(select(Person)))


def test_what_was_changed_since_it_was_looked_at_is_told_and_not_overwritten(
    session: Session, town: Town, now: datetime
) -> None:
    content = b"login,capacity\nli.qiang,33\nsun.li,33\n"
    kept = keep_file(session, "p.csv", content, by=town.admin, now=now)
    seen = look_at(session, "p.csv", content, by=town.admin, now=now)
    li = town.li_qiang
    change_person(session, li, replace(details_of(li), capacity=44), by=town.admin, now=now)
    with pytest.raises(ChangedMeanwhileError), session.begin_nested():
        take_over(session, kept, content, seen.digest, by=town.admin, now=now)
    assert somebody(session, "li.qiang").capacity == 44
    again = look_at(session, "p.csv", content, by=town.admin, now=now)
    kept = session.exec(select(PeopleFile)).one()
    assert [one.login for one in again.rows if one.mark != kept.marks[one.login]] == ["li.qiang"]
    take_over(session, kept, content, again.digest, by=town.admin, now=now)
    assert somebody(session, "li.qiang").capacity == 33


def test_a_sheet_written_before_somebody_was_changed_does_not_overwrite_it(
    session: Session, town: Town, now: datetime
) -> None:
    content = write_people(session, SheetKind.CSV, "en", "list", by=town.admin, now=now)
    li = town.li_qiang
    change_person(session, li, replace(details_of(li), capacity=44), by=town.admin, now=now)
    seen = look_at(session, "p.csv", content, by=town.admin, now=now)
    assert [(told.column, seen.rows[told.row - 2].login) for told in seen.faults] == [("version", "li.qiang")]
    assert len(seen.of(Outcome.SAME)) == len(seen.rows) - 1


@pytest.mark.parametrize("kind", list(SheetKind))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_written_is_read_again_as_it_was(
    session: Session, town: Town, now: datetime, kind: SheetKind, language: str
) -> None:
    li = town.li_qiang
    li.name, li.name_en, li.phone_encrypted = "=cmd|' /C calc'!A0", "@home", encrypt("+14155550100")
    session.add(li)
    session.add(
        Absence(
            person_id=li.id or 0,
            starts_at=now + timedelta(hours=3),
            ends_at=now + timedelta(days=3, hours=16),
            substitute_id=town.sun_li.id,
        )
    )
    session.flush()
    week = "工作日 08:30-17:30；每周 周六 22:00-06:00"
    take(session, f"login,skills,speaks,duties\nli.qiang,C03,en,{week}\n", town.admin, now)
    content = write_people(session, kind, language, "list", by=town.admin, now=now)
    seen = look_at(session, f"people.{kind}", content, by=town.admin, now=now)
    assert seen.faults == []
    assert len(seen.of(Outcome.SAME)) == len(seen.rows) == len(town.people)
    if kind is SheetKind.CSV:
        text = content.decode("utf-8-sig")
        assert "'=cmd" in text
        assert ",=" not in text
        assert ",@" not in text
    else:
        types = {cell.data_type for row in load_workbook(BytesIO(content)).active.iter_rows() for cell in row}
        assert "f" not in types


def test_contacts_are_written_for_a_reason_only_and_it_is_noted(session: Session, town: Town, now: datetime) -> None:
    town.li_qiang.phone_encrypted = encrypt("13800138000")
    session.add(town.li_qiang)
    session.flush()
    without = write_people(session, SheetKind.CSV, "en", None, by=town.admin, now=now)
    assert "13800138000" not in without.decode()
    assert "@example.org" not in without.decode()
    assert look_at(session, "p.csv", without, by=town.admin, now=now).of(Outcome.CHANGED) == []
    with pytest.raises(InvalidFieldsError):
        write_people(session, SheetKind.CSV, "en", " ", by=town.admin, now=now)
    whole = write_people(session, SheetKind.CSV, "en", "号码核对", by=town.admin, now=now)
    assert "13800138000" in whole.decode()
    notes = [(e["action"], e["data"].get("contacts_for")) for e in history(session, "person", town.admin.id or 0)]
    assert notes == [("people.exported", None), ("people.exported", "号码核对")]


def test_a_supervisor_gets_and_changes_their_own_people_only(session: Session, town: Town, now: datetime) -> None:
    rows = cells(write_people(session, SheetKind.CSV, "en", None, by=town.chen_jing, now=now))
    assert {row["login"] for row in rows} == {"li.qiang", "sun.li", "zhao.min", "he.jun", "wu.dan"}
    take(session, "login,capacity\nli.qiang,7\n", town.chen_jing, now)
    for other in ("zhou.tao", "chen.jing", "admin"):
        with pytest.raises(ImportRefusedError):
            take(session, f"login,capacity\n{other},7\n", town.chen_jing, now)
    assert somebody(session, "li.qiang").capacity == 7
    assert somebody(session, "zhou.tao").capacity == 20


def test_whoever_may_not_appoint_anybody_any_more_takes_nothing_over(
    session: Session, town: Town, now: datetime
) -> None:
    content = b"login,capacity\nli.qiang,33\n"
    kept = keep_file(session, "p.csv", content, by=town.admin, now=now)
    seen = look_at(session, "p.csv", content, by=town.admin, now=now)
    session.execute(sa.update(Person).where(sa.text("login = 'admin'")).values(is_active=False))
    with pytest.raises(NotAllowedError):
        take_over(session, kept, content, seen.digest, by=town.admin, now=now)


def test_a_sheet_is_for_the_one_who_sent_it_and_for_a_day(session: Session, town: Town, now: datetime) -> None:
    content = b"login,phone\nli.qiang,13800138000\n"
    kept = keep_file(session, "p.csv", content, by=town.admin, now=now)
    assert b"13800138000" not in kept.content
    assert kept_file(session, kept.id or 0, by=town.admin, now=now)[1] == content
    with pytest.raises(NotFoundError):
        kept_file(session, kept.id or 0, by=town.chen_jing, now=now)
    later = now + timedelta(hours=25)
    with pytest.raises(NotFoundError):
        kept_file(session, kept.id or 0, by=town.admin, now=later)
    forget_files(session, later)
    assert session.exec(select(PeopleFile)).all() == []
    take(session, content, town.admin, now)
    assert session.exec(select(PeopleFile)).all() == []


def test_an_absence_is_noted_from_a_sheet(session: Session, town: Town, now: datetime) -> None:
    take(session, "login,away_from,away_until,substitute\nli.qiang,2026-12-01,2026-12-05,sun.li\n", town.admin, now)
    (away,) = session.exec(select(Absence)).all()
    assert (away.person_id, away.substitute_id) == (town.li_qiang.id, town.sun_li.id)
    assert (away.ends_at - away.starts_at).days == 5
    assert actions(session, town.li_qiang) == ["absence.added"]


def test_ten_thousand_people_are_taken_over_in_seconds(session: Session, town: Town, now: datetime) -> None:
    lines = [f"p{n:05d},甲{n},worker,990101001001,139{n:08d},p{n}@example.org,30,C03,\n" for n in range(10_000)]
    began = perf_counter()
    seen = take(session, NEW + "".join(lines), town.admin, now)
    took = perf_counter() - began
    assert len(seen.of(Outcome.NEW)) == 10_000
    began = perf_counter()
    changed = take(session, NEW + "".join(line.replace(",30,", ",31,") for line in lines), town.admin, now)
    assert len(changed.of(Outcome.CHANGED)) == 10_000
    assert max(took, perf_counter() - began) < 60, "three looks and the writing, on a machine that is busy"
    assert somebody(session, "p09999").capacity == 31
    made = make_links(session, by=town.admin, now=now, real=REAL)
    assert len({token for _, token in made}) == 10_000 + len(town.people)


def test_somebody_new_chooses_a_password_by_a_link_once(session: Session, town: Town, now: datetime) -> None:
    waiting = without_password(session, by=town.chen_jing)
    assert {person.login for person in waiting} == {"li.qiang", "sun.li", "zhao.min", "he.jun", "wu.dan"}
    made = {person.login: token for person, token in make_links(session, by=town.chen_jing, now=now, real=REAL)}
    assert len(made) == 5
    assert actions(session, town.li_qiang) == ["password-link.made"]
    token = made["li.qiang"]
    assert person_of_link(session, token, real=REAL).login == "li.qiang"
    with pytest.raises(PasswordTooWeakError), session.begin_nested():
        use_link(session, token, "short", now=now, real=REAL)
    use_link(session, token, "correct horse battery", now=now, real=REAL)
    assert matches("correct horse battery", somebody(session, "li.qiang").password_hash)[0]
    for wrong in (token, "", "x"):
        with pytest.raises(NotFoundError):
            use_link(session, wrong, "correct horse battery", now=now, real=REAL)
    assert "li.qiang" not in {person.login for person in without_password(session, by=town.admin)}
    assert not broken_chains(session)


def test_a_link_ends_by_time_by_a_newer_one_and_when_somebody_leaves(
    session: Session, town: Town, now: datetime
) -> None:
    ((_, first),) = make_links(session, by=town.admin, now=now, real=REAL, only=town.li_qiang.id)
    ((_, second),) = make_links(session, by=town.admin, now=now, real=REAL, only=town.li_qiang.id)
    assert session.exec(select(PasswordLink)).one().person_id == town.li_qiang.id
    for token, real in ((first, REAL), (second, REAL + LINK_LASTS)):
        with pytest.raises(NotFoundError):
            person_of_link(session, token, real=real)
    assert person_of_link(session, second, real=REAL + LINK_LASTS - timedelta(minutes=1)).id == town.li_qiang.id
    session.execute(sa.update(Person).where(sa.text("login = 'li.qiang'")).values(is_active=False))
    with pytest.raises(NotFoundError):
        person_of_link(session, second, real=REAL)
    for far in (town.qian_bo.id, town.zhou_tao.id, 0):
        with pytest.raises(NotFoundError):
            make_links(session, by=town.chen_jing, now=now, real=REAL, only=far)
