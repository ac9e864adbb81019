from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from service.accounts.actions import (
    add_person,
    change_password,
    change_person,
    make_api_key,
    revoke_api_key,
    set_password,
)
from service.accounts.limits import forget_old, keep_failures, limit, network_of, record_failure
from service.accounts.queries import one_of_each_role, person_by_login
from service.accounts.rules import (
    LoginTakenError,
    PasswordTooWeakError,
    PersonDetails,
    Role,
    WrongSignInError,
)
from service.accounts.sessions import (
    person_of_api_key,
    person_of_session,
    sign_in,
    sign_out,
    sign_out_everywhere,
)
from service.accounts.tables import ApiKey, Attempt, Person, SignInSession
from service.audit.tables import AuditEntry
from service.errors import InvalidFieldsError, NotAllowedError, TooManyTriesError
from service.secrecy import PhoneInvalidError, decrypt
from tests.people import Town

PASSWORD = "correct horse battery"
REAL = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
IP = "192.0.2.7"


@pytest.fixture
def wang(session: Session, town: Town) -> Person:
    return add_person(session, details(town), login="Wang.Lei ", password=PASSWORD, by=town.admin, now=REAL)


def details(town: Town, **changes: object) -> PersonDetails:
    known: dict[str, Any] = {
        "name": "王磊",
        "role": Role.WORKER,
        "area_id": town.areas["shore"].id,
        "phone": "138 0013 8000",
    }
    return PersonDetails(**(known | changes))


def try_in(session: Session, login: str, password: str, *, now: datetime = REAL, ip: str = IP) -> str:
    """Sign in as a request does: what was noted is kept whether it succeeds or fails."""
    try:
        return sign_in(session, login, password, ip=ip, now=now)[1]
    finally:
        keep_failures(session)


def test_a_new_person_is_written_without_any_secret_in_plain_text(session: Session, wang: Person) -> None:
    stored = person_by_login(session, "wang.lei")

    assert stored is wang
    assert stored.password_hash.startswith("$argon2id$")
    assert stored.phone_encrypted is not None
    assert b"13800138000" not in stored.phone_encrypted
    assert decrypt(stored.phone_encrypted) == "13800138000"


def test_adding_somebody_is_in_the_history_without_their_name(session: Session, wang: Person, town: Town) -> None:
    entry = session.exec(
        select(AuditEntry).where(AuditEntry.subject_kind == "person", AuditEntry.subject_id == wang.id)
    ).one()

    assert (entry.action, entry.actor, entry.actor_id) == ("person.added", "staff", town.admin.id)
    assert entry.data == {"role": "worker", "area_id": wang.area_id, "is_active": True}


@pytest.mark.parametrize(
    ("changes", "login", "password", "field"),
    [
        ({}, "王磊", PASSWORD, "login"),
        ({}, "x", PASSWORD, "login"),
        ({}, "a b'; --", PASSWORD, "login"),
        ({"name": "  "}, "wang.lei", PASSWORD, "name"),
        ({"name": "王" * 61}, "wang.lei", PASSWORD, "name"),
        ({"email": "not an address"}, "wang.lei", PASSWORD, "email"),
        ({"capacity": -1}, "wang.lei", PASSWORD, "capacity"),
        ({}, "wang.lei", "short", "password"),
        ({}, "wang.lei", "x" * 129, "password"),
        ({}, "wang.lei", "wang.lei-2026", "password"),
        ({}, "wang.lei", "aaaaaaaaaaaa", "password"),
        ({}, "wang.lei", "1234567890", "password"),
    ],
)
def test_wrong_details_are_refused_field_by_field(
    session: Session, town: Town, changes: dict[str, Any], login: str, password: str, field: str
) -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        add_person(session, details(town, **changes), login=login, password=password, by=None, now=REAL)

    assert list(refused.value.fields) == [field]


def test_a_masked_phone_can_never_be_saved(session: Session, town: Town) -> None:
    with pytest.raises(PhoneInvalidError):
        add_person(
            session,
            details(town, phone="138****8000"),
            login="wang.lei",
            password=PASSWORD,
            by=None,
            now=REAL,
        )


@pytest.mark.usefixtures("wang")
def test_a_login_belongs_to_one_person(session: Session, town: Town) -> None:
    with pytest.raises(LoginTakenError) as refused:
        add_person(session, details(town), login="WANG.lei", password=PASSWORD, by=None, now=REAL)

    assert list(refused.value.fields) == ["login"]


def test_only_those_above_appoint(session: Session, town: Town) -> None:
    def add(by: Person, role: Role) -> Person:
        return add_person(session, details(town, role=role), login=f"new.{role}", password=PASSWORD, by=by, now=REAL)

    assert add(town.chen_jing, Role.WORKER).id
    for by, role in (
        (town.li_qiang, Role.WORKER),
        (town.chen_jing, Role.SUPERVISOR),
        (town.chen_jing, Role.ADMIN),
    ):
        with pytest.raises(NotAllowedError):
            add(by, role)


def test_nobody_changes_somebody_above_them_into_somebody_below(session: Session, town: Town) -> None:
    with pytest.raises(NotAllowedError):
        change_person(session, town.admin, details(town, role=Role.WORKER), by=town.chen_jing, now=REAL)


def test_signing_in_gives_a_token_that_is_not_stored(session: Session, wang: Person) -> None:
    token = try_in(session, " WANG.lei", PASSWORD)

    row = session.exec(select(SignInSession)).one()
    assert token.encode() not in row.token_hash
    assert person_of_session(session, token, now=REAL) is wang
    assert person_of_session(session, token + "x", now=REAL) is None


@pytest.mark.usefixtures("wang")
@pytest.mark.parametrize(("login", "password"), [("wang.lei", "wrong password"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_sign_in_says_the_same_whatever_was_wrong(session: Session, login: str, password: str) -> None:
    with pytest.raises(WrongSignInError) as refused:
        try_in(session, login, password)

    assert refused.value.sentence == WrongSignInError.sentence


def test_somebody_who_left_cannot_sign_in_and_is_signed_out(session: Session, wang: Person, town: Town) -> None:
    token = try_in(session, "wang.lei", PASSWORD)
    key = make_api_key(session, wang, "script", by=wang, now=REAL)[1]

    change_person(session, wang, details(town, is_active=False), by=town.admin, now=REAL)

    assert person_of_session(session, token, now=REAL) is None
    assert person_of_api_key(session, key, now=REAL) is None
    with pytest.raises(WrongSignInError):
        try_in(session, "wang.lei", PASSWORD)


@pytest.mark.usefixtures("wang")
def test_after_five_failures_even_the_right_password_must_wait(session: Session) -> None:
    for minute in range(5):
        with pytest.raises(WrongSignInError):
            try_in(session, "wang.lei", "wrong password", now=REAL + timedelta(minutes=minute))

    with pytest.raises(TooManyTriesError) as refused:
        try_in(session, "wang.lei", PASSWORD, now=REAL + timedelta(minutes=5))

    assert refused.value.facts["retry_after"] == 10 * 60
    assert try_in(session, "wang.lei", PASSWORD, now=REAL + timedelta(minutes=15))


@pytest.mark.usefixtures("wang")
def test_signing_in_clears_the_failures(session: Session) -> None:
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(WrongSignInError):
                try_in(session, "wang.lei", "wrong password")
        assert try_in(session, "wang.lei", PASSWORD)


@pytest.mark.usefixtures("wang")
def test_a_stranger_elsewhere_does_not_lock_somebody_out(session: Session) -> None:
    for _ in range(5):
        with pytest.raises(WrongSignInError):
            try_in(session, "wang.lei", "wrong password", ip="203.0.113.5")

    assert try_in(session, "wang.lei", PASSWORD)
    with pytest.raises(TooManyTriesError):
        try_in(session, "wang.lei", PASSWORD, ip="203.0.113.5")


@pytest.mark.usefixtures("wang")
def test_fifty_failures_from_everywhere_hold_up_a_login(session: Session) -> None:
    for number in range(50):
        with pytest.raises(WrongSignInError):
            try_in(session, "wang.lei", "wrong password", ip=f"203.0.113.{number}")

    with pytest.raises(TooManyTriesError) as refused:
        try_in(session, "wang.lei", PASSWORD)
    assert refused.value.facts["retry_after"] == 15 * 60
    with pytest.raises(WrongSignInError):
        try_in(session, "li.qiang", "wrong password")


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
    ],
)
def test_an_address_is_what_a_client_cannot_leave_at_will(ip: str, network: str) -> None:
    assert network_of(ip) == network


@pytest.mark.usefixtures("town")
def test_one_address_cannot_try_many_logins(session: Session) -> None:
    for number in range(20):
        with pytest.raises(WrongSignInError):
            try_in(session, f"guess.{number}", "wrong password")

    with pytest.raises(TooManyTriesError):
        try_in(session, "li.qiang", PASSWORD)
    with pytest.raises(WrongSignInError):
        try_in(session, "li.qiang", PASSWORD, ip="192.0.2.9")


def test_a_failure_outlives_the_rollback_of_its_request(session: Session) -> None:
    record_failure(session, "code:1", now=REAL)
    session.rollback()
    keep_failures(session)

    with pytest.raises(TooManyTriesError):
        limit(session, "code:1", most=1, within=timedelta(minutes=1), now=REAL)
    limit(session, "code:1", most=1, within=timedelta(minutes=1), now=REAL + timedelta(minutes=1))
    limit(session, "code:2", most=1, within=timedelta(minutes=1), now=REAL)


@pytest.mark.usefixtures("wang")
def test_a_page_that_refreshes_itself_keeps_no_session_alive(session: Session) -> None:
    token = try_in(session, "wang.lei", PASSWORD)
    for minutes in range(10, 120, 10):
        polled_at = REAL + timedelta(minutes=minutes)
        assert person_of_session(session, token, now=polled_at, is_activity=False)

    assert person_of_session(session, token, now=REAL + timedelta(hours=2), is_activity=False) is None


@pytest.mark.usefixtures("wang")
def test_a_session_ends_after_two_idle_hours(session: Session) -> None:
    token = try_in(session, "wang.lei", PASSWORD)

    assert person_of_session(session, token, now=REAL + timedelta(minutes=119))
    assert person_of_session(session, token, now=REAL + timedelta(minutes=238))
    assert person_of_session(session, token, now=REAL + timedelta(minutes=358)) is None


@pytest.mark.usefixtures("wang")
def test_a_session_ends_after_twelve_hours_however_busy(session: Session) -> None:
    token = try_in(session, "wang.lei", PASSWORD)

    for hour in range(12):
        assert person_of_session(session, token, now=REAL + timedelta(hours=hour))
    assert person_of_session(session, token, now=REAL + timedelta(hours=12)) is None


def test_signing_out_ends_one_session_or_all(session: Session, wang: Person) -> None:
    first, second, third = (try_in(session, "wang.lei", PASSWORD) for _ in range(3))

    sign_out(session, first)
    assert person_of_session(session, first, now=REAL) is None
    assert person_of_session(session, second, now=REAL)

    sign_out_everywhere(session, wang, except_token=third)
    assert person_of_session(session, second, now=REAL) is None
    assert person_of_session(session, third, now=REAL)


def test_changing_the_password_needs_the_old_one_and_keeps_only_this_session(session: Session, wang: Person) -> None:
    here, elsewhere = (try_in(session, "wang.lei", PASSWORD) for _ in range(2))
    with pytest.raises(WrongSignInError):
        change_password(session, wang, current="guessed it", new="another long one", token=here, now=REAL)
    with pytest.raises(PasswordTooWeakError):
        change_password(session, wang, current=PASSWORD, new="short", token=here, now=REAL)

    change_password(session, wang, current=PASSWORD, new="another long one", token=here, now=REAL)

    assert person_of_session(session, here, now=REAL) is wang
    assert person_of_session(session, elsewhere, now=REAL) is None
    assert try_in(session, "wang.lei", "another long one")
    with pytest.raises(WrongSignInError):
        try_in(session, "wang.lei", PASSWORD)


def test_a_worker_cannot_set_the_password_of_a_colleague(session: Session, wang: Person, town: Town) -> None:
    with pytest.raises(NotAllowedError):
        set_password(session, wang, "another long one", by=town.li_qiang, now=REAL)


def test_an_api_key_works_until_it_is_revoked_or_over(session: Session, wang: Person) -> None:
    row, key = make_api_key(session, wang, " nightly export ", by=wang, now=REAL, lasts=timedelta(days=30))

    assert key.startswith("jiban_")
    assert row.name == "nightly export"
    assert key.encode() not in session.exec(select(ApiKey)).one().key_hash
    assert person_of_api_key(session, key, now=REAL + timedelta(days=29)) is wang
    assert person_of_api_key(session, key, now=REAL + timedelta(days=30)) is None
    assert person_of_api_key(session, key + "x", now=REAL) is None

    revoke_api_key(session, row, now=REAL)
    session.flush()
    assert person_of_api_key(session, key, now=REAL) is None


def test_a_session_token_is_no_api_key_and_the_other_way_round(session: Session, wang: Person) -> None:
    token = try_in(session, "wang.lei", PASSWORD)
    key = make_api_key(session, wang, "script", by=wang, now=REAL)[1]

    assert person_of_api_key(session, token, now=REAL) is None
    assert person_of_session(session, key, now=REAL) is None


def test_old_tries_and_sessions_are_forgotten(session: Session, wang: Person) -> None:
    with pytest.raises(WrongSignInError):
        try_in(session, "wang.lei", "wrong password", now=REAL - timedelta(days=2))
    try_in(session, "wang.lei", PASSWORD, now=REAL - timedelta(days=1), ip="192.0.2.8")
    kept = try_in(session, "wang.lei", PASSWORD)

    forget_old(session, now=REAL)

    assert session.exec(select(Attempt)).all() == []
    assert len(session.exec(select(SignInSession)).all()) == 1
    assert person_of_session(session, kept, now=REAL) is wang


def test_the_sign_in_page_of_a_demo_shows_one_person_of_each_role(session: Session, wang: Person, town: Town) -> None:
    shown = one_of_each_role(session)

    assert [person.role for person in shown] == sorted({person.role for person in shown}, key=list(Role).index)
    assert town.li_qiang in shown
    assert wang not in shown


def test_the_database_itself_refuses_a_login_in_capitals(session: Session, wang: Person) -> None:
    wang.login = "Wang"
    session.add(wang)
    with pytest.raises(Exception, match="ck_people_login"):
        session.flush()
    session.rollback()
    assert session.exec(select(Person).where(col(Person.login) == "Wang")).first() is None
