"""One real PostgreSQL and Valkey for the whole run, migrated once; each test works in a transaction rolled back."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session

KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
os.environ.setdefault("JIBAN_DATABASE_URL", "postgresql://not-started")
os.environ.setdefault("JIBAN_REDIS_URL", "redis://not-started")
os.environ.setdefault("JIBAN_ENCRYPTION_KEY", KEY)
os.environ.setdefault("JIBAN_INDEX_KEY", KEY[::-1].lstrip("=") + "=")

from service import database  # noqa: E402  # The settings above come first.
from service.database import connect  # noqa: E402
from service.embedded import EmbeddedServers  # noqa: E402
from service.migrations.run import migrate  # noqa: E402
from service.settings import get_settings  # noqa: E402
from tests.people import MONDAY_8, Town, build_town  # noqa: E402


@pytest.fixture(scope="session")
def servers() -> Iterator[EmbeddedServers]:
    folder = Path(tempfile.mkdtemp(prefix="jiban-test-"))
    # The server's own user (when the tests run as root) must reach the data below.
    folder.chmod(0o711)
    try:
        with EmbeddedServers(folder / "data") as running:
            os.environ["JIBAN_DATABASE_URL"] = running.database_url
            os.environ["JIBAN_REDIS_URL"] = running.redis_url
            os.environ["JIBAN_DATA_DIR"] = str(folder / "data")
            get_settings.cache_clear()
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def engine(servers: EmbeddedServers) -> Iterator[sa.Engine]:
    engine = connect(servers.database_url, pool_size=5)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.connect() as connection:
        outer = connection.begin()
        yield connection
        outer.rollback()


@pytest.fixture
def session(connection: sa.Connection, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """A session in a transaction that never commits; whatever opens one of its own gets the same connection."""
    monkeypatch.setattr(database, "get_engine", lambda: connection)
    monkeypatch.setattr("service.routing.queries._known", None)
    monkeypatch.setattr("service.areas.queries._known", None)
    monkeypatch.setattr("service.clocks.queries._installed", None)
    with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
        yield session


@pytest.fixture
def now() -> datetime:
    return MONDAY_8


@pytest.fixture
def town(session: Session) -> Town:
    built = build_town(session)
    session.commit()  # Into the test's own transaction: what a later request rolls back is not the town.
    return built
