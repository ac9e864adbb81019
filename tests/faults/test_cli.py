"""Whoever mistypes, forgets a setting or finds a port taken gets a sentence and an exit code, never a traceback."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session
from typer.testing import CliRunner

import sla_policies
from service.accounts.queries import person_by_login
from service.accounts.rules import Role
from service.cli import app
from service.database import connect
from service.embedded import EmbeddedServers
from tests.people import Town

RUN = CliRunner()
BARE = {name: value for name, value in os.environ.items() if not name.startswith("JIBAN_")}
EVERY = (
    *("up", "web", "worker", "beat", "migrate", "doctor", "env", "seed", "seed demo", "user", "user add"),
    *("policies", "policies check", "policies explain", "policies schema", "policies replay"),
    *("policies diff", "policies migrate", "policies undo"),
    *("calendars", "calendars import"),
    *("backup", "restore", "audit", "audit verify"),
)


def jiban(*words: str, env: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "service.cli", *words],
        env=env or BARE, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("words", EVERY)
def test_every_command_explains_itself(words: str) -> None:
    told = RUN.invoke(app, [*words.split(), "--help"], prog_name="jiban")
    assert told.exit_code == 0
    assert f"Usage: jiban {words}" in told.output
    assert len(told.output.splitlines()) > 3


@pytest.mark.parametrize("word", ["web", "worker", "beat", "migrate"])
def test_missing_settings_are_named_and_stop_the_start(word: str) -> None:
    done = jiban(word)
    assert done.returncode == 2
    assert "JIBAN_ENCRYPTION_KEY: Field required" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--at", "tomorrow"], "must be a time such as"),
        (["--at", "2026-11-23T08:00"], "must say its offset"),
        (["--speed", "0"], "must be a number above 0"),
        (["--speed", "-5"], "must be a number above 0"),
        (["--speed", "inf"], "must be a number above 0"),
        (["--port", "70000"], "'--port': Input should be less than"),
        (["--web-workers", "0"], "'--web-workers': Input should be greater than"),
    ],
)
def test_wrong_usage_is_refused_before_anything_starts(words: list[str], why: str, tmp_path: Path) -> None:
    told = RUN.invoke(app, ["up", "--data-dir", str(tmp_path / "data"), *words])
    assert told.exit_code == 2
    assert why in told.output
    assert not (tmp_path / "data").exists()


def test_a_port_in_use_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        done = jiban("up", "--port", str(port), "--data-dir", str(tmp_path / "data"))
    assert done.returncode == 1
    assert done.stderr.startswith(f"Port {port} on 127.0.0.1 cannot be taken: Address already in use. ")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "data").exists()


def test_a_database_that_is_away_is_told_in_a_sentence(servers: EmbeddedServers) -> None:
    away = {**BARE, **servers.environment, "JIBAN_DATABASE_URL": "postgresql://jiban@127.0.0.1:9/jiban"}
    migrated, examined = jiban("migrate", env=away), jiban("doctor", env=away)
    assert migrated.returncode == examined.returncode == 1
    assert "The database cannot be used" in migrated.stderr
    assert "fail  database" in examined.stdout
    assert "Traceback" not in migrated.stderr + examined.stderr


@pytest.fixture
def installation(servers: EmbeddedServers) -> Iterator[dict[str, str]]:
    """Settings with a database of its own: what a command writes there stays."""
    base = connect(servers.database_url)
    with base.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("CREATE DATABASE commands"))
        url = base.url.set(database="commands").render_as_string(hide_password=False)
        yield {**BARE, **servers.environment, "JIBAN_DATABASE_URL": url}
        connection.execute(sa.text("DROP DATABASE commands WITH (FORCE)"))
    base.dispose()


def test_the_doctor_finds_a_migrated_installation_well(installation: dict[str, str]) -> None:
    jiban("migrate", env=installation)
    examined = jiban("doctor", env=installation)
    assert examined.returncode == 0, examined.stdout
    assert "fail" not in examined.stdout


def test_two_that_migrate_at_once_take_turns(installation: dict[str, str]) -> None:
    command = [sys.executable, "-m", "service.cli", "migrate"]
    both = [subprocess.Popen(command, env=installation) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]


def test_the_settings_of_an_installation_can_be_handed_to_a_shell(servers: EmbeddedServers) -> None:
    told = RUN.invoke(app, ["env", "--data-dir", str(servers.folder.path)])
    lines = dict(line.removeprefix("export ").split("=", 1) for line in told.output.splitlines())
    assert {name: value.strip("'") for name, value in lines.items()} == servers.environment


def test_an_installation_that_is_not_there_has_no_settings(tmp_path: Path) -> None:
    done = jiban("env", "--data-dir", str(tmp_path))
    assert done.returncode == 1
    assert "secrets.json" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_person_is_added_with_a_password_from_a_pipe(session: Session, town: Town) -> None:
    words = ["user", "add", "new.person", "--name", "新人", "--role", "worker", "--area", town.areas["shore"].code]
    told = RUN.invoke(app, [*words, "--password-stdin"], input="lantern-over-river-7\n")
    assert told.exit_code == 0, told.output
    added = person_by_login(session, "new.person")
    assert added is not None
    assert added.role is Role.WORKER
    assert "lantern" not in told.output


# The command rolls back what is here the test's own transaction.
@pytest.mark.filterwarnings("ignore:transaction already deassociated")
@pytest.mark.usefixtures("session", "town")
@pytest.mark.parametrize(
    ("role", "area", "why"), [("king", "1", "must be one of worker, head"), ("worker", "nowhere", "no area with that")]
)
def test_a_person_without_a_role_or_place_is_refused(role: str, area: str, why: str) -> None:
    words = ["user", "add", "new.person", "--name", "新人", "--role", role, "--area", area, "--password-stdin"]
    told = RUN.invoke(app, words, input="lantern-over-river-7\n")
    assert told.exit_code == 2
    assert why in told.output


def test_our_policies_are_well() -> None:
    told = RUN.invoke(app, ["policies", "check"])
    assert told.exit_code == 0, told.output


@pytest.mark.parametrize("which", ["policy", "calendar"])
def test_the_schema_for_editors_is_printed(which: str) -> None:
    told = RUN.invoke(app, ["policies", "schema", which])
    kept = Path(sla_policies.__file__).parent / "schemas" / f"{which}.schema.json"
    assert told.output == kept.read_text(encoding="utf-8")


def test_a_schema_of_something_else_is_refused() -> None:
    assert RUN.invoke(app, ["policies", "schema", "weather"]).exit_code == 2


def test_a_policy_with_a_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    ours = Path(sla_policies.__file__).parent
    shutil.copytree(ours / "calendars", tmp_path / "calendars")
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "ours.yaml").write_text("name: ours\nversion: [\n")
    told = RUN.invoke(app, ["policies", "check", str(tmp_path)])
    assert told.exit_code == 1
    assert "ours.yaml:" in told.output
    assert "Traceback" not in told.output


def test_a_folder_without_policies_is_told(tmp_path: Path) -> None:
    told = RUN.invoke(app, ["policies", "check", str(tmp_path)])
    assert told.exit_code == 1
    assert "no policies" in told.output


def test_a_start_that_is_broken_off_ends_well_and_leaves_nothing_running(folder: Path) -> None:
    command = [sys.executable, "-m", "service.cli", "up", "--port", "0", "--data-dir", str(folder / "data")]
    with subprocess.Popen(command, env=BARE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as up:
        assert up.stdout is not None
        assert "Making a database" in up.stdout.readline()
        up.send_signal(signal.SIGTERM)
        said = up.stdout.read()
        assert up.wait(60) == 0, said
    assert said.splitlines()[-1] == "Stopped."
    with EmbeddedServers(folder / "data") as servers:
        assert servers.postgres.is_running
