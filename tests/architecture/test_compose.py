"""The compose file starts the commands of the command line, with secrets that have no defaults."""

import re
from pathlib import Path
from typing import Any

import click
import pytest
import typer.main
import yaml

from service.cli import app
from service.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
OURS = {name: service for name, service in COMPOSE["services"].items() if service["image"] == "jiban"}
SECRETS = ("JIBAN_DATABASE_URL", "JIBAN_REDIS_URL", "JIBAN_ENCRYPTION_KEY", "JIBAN_INDEX_KEY")


def parsed(words: list[str]) -> click.Context:
    """Parse a command line as the program does, without running it."""
    program = typer.main.get_command(app)
    context = program.make_context("jiban", list(words))
    name, command, rest = program.resolve_command(context, [*context._protected_args, *context.args])
    return command.make_context(name, rest, parent=context)


@pytest.mark.parametrize("name", OURS)
def test_every_command_of_the_compose_file_is_one_of_the_command_line(name: str) -> None:
    assert parsed(OURS[name]["command"]).info_name == name


def test_the_image_starts_the_command_line() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    words = {line.split(" ", 1)[0]: yaml.safe_load(line.split(" ", 1)[1]) for line in lines if line.endswith('"]')}
    assert words["ENTRYPOINT"] == ["jiban"]
    assert parsed(words["CMD"]).info_name == "web"
    assert any(line.startswith("USER ") and line != "USER root" for line in lines)


def test_the_same_processes_run_as_on_one_machine() -> None:
    assert set(COMPOSE["services"]) == {"web", "worker", "beat", "migrate", "postgres", "valkey"}
    assert all("healthcheck" in service for service in COMPOSE["services"].values())


@pytest.mark.parametrize("name", OURS)
def test_secrets_come_from_the_environment_and_have_no_default(name: str) -> None:
    given = OURS[name]["environment"]
    for secret in SECRETS:
        assert re.search(r"\$\{\w+:\?[^}]+\}", given[secret]), secret
    known = {f"JIBAN_{field.upper()}" for field in Settings.model_fields}
    assert set(given) <= known


def test_the_image_holds_every_package_of_the_project() -> None:
    copied = re.findall(r"^COPY (\w+) \1$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    assert set(copied) == {"service", "workers", "sla_policies"}
    assert all(f"!{name}\n" in allowed for name in copied)
