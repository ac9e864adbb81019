"""What is found of a change, and whose sign-in may listen."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from service.accounts.sessions import open_session, sign_out
from service.accounts.tables import SignInSession
from service.audit.actions import record
from service.audit.queries import ENTRIES
from service.audit.rules import Entry
from service.cases.rules import Action
from service.live import queries
from service.live.queries import Watch, scopes, touched_by
from service.live.rules import Scope, Touched, concerns
from service.secrecy import token_hash
from tests.builders import counted, does, received
from tests.people import Town


def scope_of(town: Town, name: str) -> Scope:
    person = town.people[name]
    area = next(a for a in town.areas.values() if a.id == person.area_id)
    return Scope(person.id or 0, area.path)


def told(town: Town, touched: Touched) -> set[str]:
    return {name for name in town.people if concerns(touched, scope_of(town, name))}


@pytest.fixture
def watch(session: Session, town: Town) -> Watch:
    begun = Watch()
    assert begun.look(session, 0.0) == Touched(), "what was there before is not new"
    return begun


def test_a_request_is_told_to_the_desks_above_it_and_to_no_other_sub_district(
    session: Session, town: Town, now: datetime, watch: Watch
) -> None:
    received(session, now)
    found = told(town, watch.look(session, 1.0))
    assert {"li_qiang", "he_jun", "chen_jing"} <= found
    assert not {"zhao_min", "zhou_tao"} & found
    assert watch.look(session, 2.0) == Touched()


def test_whose_hands_a_case_leaves_hears_of_it(session: Session, town: Town, now: datetime, watch: Watch) -> None:
    case, _ = received(session, now)
    later = now + timedelta(minutes=5)
    watch.look(session, 1.0)
    held_by = case.assignee_id
    other = next(p for p in (town.li_qiang, town.sun_li) if p.id != held_by)
    does(session, case, town.he_jun, Action.REASSIGN, later, person_id=str(other.id))
    assert {held_by, other.id} <= watch.look(session, 2.0).people


def test_who_gave_it_away_long_ago_does_not_hear_of_it_any_more(
    session: Session, town: Town, now: datetime, watch: Watch
) -> None:
    case, _ = received(session, now)
    held_by = case.assignee_id
    other = next(p for p in (town.li_qiang, town.sun_li) if p.id != held_by)
    does(session, case, town.he_jun, Action.REASSIGN, now + timedelta(minutes=5), person_id=str(other.id))
    watch.look(session, 1.0)
    does(session, case, town.he_jun, Action.NOTE, now + timedelta(minutes=9), text="请尽快")
    assert watch.look(session, 2.0).people == {other.id}


def test_what_is_committed_out_of_order_is_found(session: Session, town: Town, now: datetime, watch: Watch) -> None:
    received(session, now)
    entries = list(session.scalars(sa.select(ENTRIES.c.id).order_by(ENTRIES.c.id)))
    late = session.execute(sa.select(ENTRIES).where(ENTRIES.c.id == entries[-1])).mappings().one()
    watch.look(session, 1.0)
    number = session.scalar(sa.text("SELECT nextval(pg_get_serial_sequence('audit_entries', 'id'))"))
    received(session, now)
    watch.look(session, 2.0)
    session.execute(ENTRIES.insert().values(dict(late) | {"id": number, "seq": late["seq"] + 1}))
    assert "chen_jing" in told(town, watch.look(session, 3.0))
    assert watch.look(session, 4.0) == Touched()


def test_what_is_no_case_concerns_nobody(session: Session, town: Town, now: datetime, watch: Watch) -> None:
    record(session, Entry("area", town.areas["shore"].id or 0, "area.changed", now, "staff"))
    assert watch.look(session, 1.0) == Touched()


def test_so_much_at_once_that_it_is_not_looked_through_concerns_everybody_once(
    session: Session, town: Town, now: datetime, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_ENTRIES", 2)
    monkeypatch.setattr(queries, "LOOKED_BACK", 1)
    for _ in range(3):
        received(session, now)
    assert watch.look(session, 1.0).is_everywhere
    assert not watch.look(session, 2.0).is_everywhere


def test_a_look_at_nothing_new_asks_once_and_nothing_asks_nobody(session: Session, watch: Watch) -> None:
    with counted(session) as sent:
        watch.look(session, 1.0)
    assert len(sent) == 1
    with counted(session) as sent:
        assert touched_by(session, []) == Touched()
    assert sent == []


def test_only_a_sign_in_that_goes_on_may_listen(session: Session, town: Town, now: datetime) -> None:
    chen, token = town.chen_jing, "x" * 43
    open_session(session, chen, now, token=token)
    key = token_hash(token)
    assert scopes(session, [key], now) == {key: scope_of(town, "chen_jing")}
    assert scopes(session, [], now) == scopes(session, [token_hash("another")], now) == {}
    assert scopes(session, [key], now + timedelta(hours=12)) == {}
    session.execute(sa.update(SignInSession).values(last_seen_at=now - timedelta(hours=2)))
    assert scopes(session, [key], now) == {}
    session.execute(sa.update(SignInSession).values(last_seen_at=now))
    assert scopes(session, [key], now)
    chen.is_active = False
    session.flush()
    assert scopes(session, [key], now) == {}
    chen.is_active = True
    session.flush()
    sign_out(session, token)
    assert scopes(session, [key], now) == {}


def test_an_administrator_has_nothing_to_listen_to(session: Session, town: Town, now: datetime) -> None:
    token = open_session(session, town.people["admin"], now)
    assert scopes(session, [token_hash(token)], now) == {}
