"""Does every migration go down and up again, on an empty database and on one with cases?"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import Session, SQLModel, col

from service.cases.rules import Action
from service.cases.tables import Case
from service.clocks.tables import ClockRow
from service.database import connect
from service.embedded import EmbeddedServers
from service.escalations.actions import sweep
from service.handling.tables import Proposal
from service.migrations.run import config, migrate
from service.orders.actions import Given, act_on, issue
from service.orders.rules import OrderAction
from service.outbox.rules import NoticeState
from service.outbox.tables import Notice
from service.parts.actions import Said
from service.parts.actions import act_on as act_on_part
from service.parts.calling import Ask, Blow, ask, blow
from service.parts.rules import PartAction
from sla_policies.policy import INSIDE
from tests.builders import does, received
from tests.parties import a_job, a_party
from tests.people import build_town

HOUR = timedelta(hours=1)
GONE = {
    *(
        "area_changes",
        "area_files",
        "areas_version",
        "proposals",
        "policy_what_ifs",
        "policy_migrations",
        "policy_migration_cases",
    ),
    *("channels", "notice_wishes", "unsubscribed", "caught"),
    "category_models",
    *("rule_versions", "rule_proposals"),
    *("parties", "party_jobs"),
    "address_proofs",
    "done_forms",
    *("standard_texts", "saved_filters", "saved_lists"),
    *("supervise_orders", "case_parts", "whistles"),
    *("case_joins", "case_traces", "word_shares", "hot_issues"),
    *("people_files", "password_links"),
    *("swaps", "shifts", "skills", "roster_feeds"),
}
"""Tables that the first migration does not know: their rows go with them on the way down."""
STEPS_OF = "SELECT DISTINCT metric FROM escalations e JOIN clocks k ON k.id = e.clock_id"


@pytest.fixture
def own(servers: EmbeddedServers, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    """A database of its own at the newest migration."""
    base = connect(servers.database_url)
    with base.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("DROP DATABASE IF EXISTS down_and_up"))
        connection.execute(sa.text("CREATE DATABASE down_and_up"))
    base.dispose()
    monkeypatch.setattr("service.routing.queries._known", None)
    url = sa.make_url(servers.database_url).set(database="down_and_up").render_as_string(hide_password=False)
    engine = connect(url)
    migrate(engine)
    yield engine
    engine.dispose()


def steps() -> list[str]:
    """The migrations, the newest first."""
    return [script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()]


def go(engine: sa.Engine, where: str) -> None:
    with engine.connect() as connection:
        move = command.upgrade if where == "head" else command.downgrade
        move(config(connection), where)
        connection.commit()


def differences(engine: sa.Engine) -> list[object]:
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), SQLModel.metadata))


def counted(engine: sa.Engine) -> dict[str, int]:
    """How many rows each table has that stands now."""
    with engine.connect() as connection:
        there = set(sa.inspect(connection).get_table_names()) - {"alembic_version"}
        return {name: connection.scalar(sa.text(f"SELECT count(*) FROM {name}")) or 0 for name in sorted(there)}


def seed(engine: sa.Engine, now: datetime) -> None:
    """Write what the younger migrations know: a parked case, a proposal, a dropped notice, a clock set aside."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        town = build_town(session)
        hard, _ = received(session, now)
        does(session, hard, town.li_qiang, Action.ACCEPT, now)
        does(session, hard, town.chen_jing, Action.REGRADE, now, grade="G4", reason="涉及三个部门")
        does(session, hard, town.li_qiang, Action.REQUEST_PARKING, now, until="2026-12-10", reason="等资金")
        does(session, hard, town.chen_jing, Action.PARK, now, until="2026-12-10", reason="等资金")
        received(session, now)
        session.execute(sa.update(Notice).values(state=NoticeState.DROPPED))
        session.execute(sa.update(ClockRow).values(failures=2, next_action_at=now + HOUR))


def seed_what_has_time_of_its_own(engine: sa.Engine, now: datetime) -> None:
    """Write an order, a part and a whistle whose steps were taken, a party's job, and a case joined to another."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        town = build_town(session)
        case, _ = received(session, now)
        does(session, case, town.li_qiang, Action.ACCEPT, now)
        order = Given("今天内派人到现场", f"person:{town.li_qiang.id}", 4)
        answered, _ = (issue(session, case.id or 0, order, by=town.chen_jing, now=now) for _ in range(2))
        act_on(session, answered.id or 0, OrderAction.REPLY, Given("已派人"), by=town.li_qiang, now=now)
        hill = f"unit:{town.areas['hill'].id}"
        (part,) = ask(session, case.id or 0, [Ask(to=hill, text="请看电缆", hours=4)], by=town.li_qiang, now=now)
        act_on_part(session, part.id or 0, PartAction.ACCEPT, Said(), by=town.people["zhao_min"], now=now)
        place = {"place": "湖滨路 3 号", "minutes": 30, "text": "路面塌陷", "hours": 4, "to": [hill]}
        blow(session, case.id or 0, Blow(reason="emergency", **place), by=town.he_jun, now=now)
        a_job(session, case, a_party(session, town, now), town.li_qiang, now)
        again, _ = received(session, now)
        does(session, again, town.chen_jing, Action.DUPLICATE, now, number=case.number)
        session.flush()
        while sweep(session, now + 240 * HOUR):
            pass


def test_every_migration_goes_down_and_up_again_on_an_empty_database(own: sa.Engine) -> None:
    for below in steps()[1:]:
        go(own, below)
        go(own, "head")
        assert differences(own) == [], below
    go(own, "base")
    assert counted(own) == {}
    go(own, "head")
    assert differences(own) == []


def test_every_migration_goes_down_and_up_again_with_the_rows_of_cases(own: sa.Engine, now: datetime) -> None:
    seed(own, now + 2 * HOUR)
    before = counted(own)
    assert min(before[name] for name in ("cases", "clocks", "proposals", "notices", "policy_books")) > 0
    for below in steps()[1:]:
        go(own, below)
    first = counted(own)
    assert {name: n for name, n in before.items() if name not in GONE} == {
        name: n for name, n in first.items() if name not in GONE
    }
    with own.connect() as connection:
        states = set(connection.scalars(sa.text("SELECT state FROM notices")))
        statuses = set(connection.scalars(sa.text("SELECT status FROM cases")))
    assert (states, statuses) == ({"given_up"}, {"in_progress", "assigned"})

    go(own, "head")
    assert differences(own) == []
    after = counted(own)
    assert {name for name in before if before[name] != after[name]} <= GONE
    with Session(own) as session:
        assert session.scalars(sa.select(Case.parked_until).where(col(Case.parked_until).is_not(None))).all() == []
        assert session.scalar(sa.select(sa.func.count()).select_from(Proposal)) == 0
        assert set(session.scalars(sa.select(ClockRow.failures))) == {0}


def test_times_of_orders_parts_and_jobs_go_down_with_them(own: sa.Engine, now: datetime) -> None:
    seed_what_has_time_of_its_own(own, now + 2 * HOUR)
    before = counted(own)
    assert min(before[name] for name in ("supervise_orders", "case_parts", "whistles", "party_jobs", "case_joins")) > 0
    with own.connect() as connection:
        assert set(connection.scalars(sa.text(STEPS_OF))) >= set(INSIDE)
    for below in steps()[1:]:
        go(own, below)
    first = counted(own)
    assert (first["cases"], first["audit_entries"]) == (before["cases"], before["audit_entries"])

    go(own, "head")
    assert differences(own) == []
    with own.connect() as connection:
        metrics = set(connection.scalars(sa.text("SELECT metric FROM clocks")))
        assert metrics == {"accept", "contact", "resolve"}
        assert set(connection.scalars(sa.text(STEPS_OF))) <= metrics
    assert counted(own)["escalations"] > 0
