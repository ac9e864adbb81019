import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from service.watch.queries import Alarm
from service.web import health


def test_a_migrated_database_is_ready(client: TestClient) -> None:
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


def test_a_database_that_lacks_a_migration_is_not_ready(
    client: TestClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "is_current", lambda connection: connection is None)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert "jiban migrate" in answer.json()["reason"]
    assert session.is_active


def test_a_quiet_service_is_healthy_and_says_its_time(client: TestClient) -> None:
    answer = client.get("/healthz")

    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert answer.json()["alarms"] == []


def test_what_must_never_be_true_is_told_with_its_remedy(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    alarm = Alarm("notice-stuck", 3, "Look at the outbox: is the mail server reachable?")
    monkeypatch.setattr(health, "alarms", lambda session, now: [alarm] if session and now else [])

    answer = client.get("/healthz")

    assert answer.status_code == 503
    assert answer.json()["alarms"][0]["count"] == 3


def test_metrics_are_counted(client: TestClient) -> None:
    client.get("/readyz")

    assert 'route="/readyz"' in client.get("/metrics").text
