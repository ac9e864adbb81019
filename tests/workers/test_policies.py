"""Do the workers add up comparisons and carry migrations to their end, and rest when there is nothing to do?"""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from service.revisions.actions import begin_migration
from service.revisions.comparing import ask
from service.revisions.rules import MigrationState
from sla_policies.documents import book_from_texts, packaged_book
from tests.builders import received
from tests.people import Town
from workers import policies


@pytest.fixture(autouse=True)
def at_nine(monkeypatch: pytest.MonkeyPatch, session: Session, now: datetime) -> None:
    monkeypatch.setattr(policies, "now", lambda: now + timedelta(hours=1))


def test_without_anything_asked_they_rest(session: Session, town: Town) -> None:
    session.commit()
    assert policies.compare() is False
    assert policies.migrate() == 0


def test_what_was_asked_and_decided_is_carried_to_its_end(session: Session, town: Town, now: datetime) -> None:
    received(session, now)
    texts = dict(packaged_book().texts)
    name = "policies/national.yaml"
    new = book_from_texts(texts | {name: texts[name].replace("        within: 7d", "        within: 5d")})
    asked = ask(session, new, by=town.admin, now=now)
    begun = begin_migration(session, new, reason="区里的新规定", by=town.admin, now=now)
    session.commit()
    assert policies.compare() is True
    assert policies.migrate() == 1
    session.expire_all()
    assert (asked.finished_at is not None, asked.effect["touched"]) == (True, 1)
    assert (begun.state, begun.moved) == (MigrationState.APPLIED, 1)
    assert policies.migrate() == 0
