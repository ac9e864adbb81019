"""Which commands look after an installation?"""

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.running import DataDir

if TYPE_CHECKING:
    from sqlmodel import Session

    from service.areas.tables import Area

NEGATIVE = 1
RECOMPUTED_AT_ONCE = 200

seeds = typer.Typer(help="Write data to look at.", no_args_is_help=True, rich_markup_mode=None)
policies = typer.Typer(help="The promises and calendars.", no_args_is_help=True, rich_markup_mode=None)
clocks = typer.Typer(help="The promises that run.", no_args_is_help=True, rich_markup_mode=None)
users = typer.Typer(help="The people who work here.", no_args_is_help=True, rich_markup_mode=None)


def migrate() -> None:
    """Bring the database to the newest migration, and the promises into it; two at once take turns."""
    from service.cli.preparing import bring_up_to_date

    bring_up_to_date()
    typer.echo("The database is at the newest migration, and holds the promises.")


def doctor() -> None:
    """Check settings, database, broker, policies, calendars, disk and clocks."""
    from service.cli.doctor import Verdict, examine

    verdicts = set()
    for finding in examine():
        typer.echo(str(finding))
        verdicts.add(finding.verdict)
    if Verdict.FAIL in verdicts:
        raise typer.Exit(NEGATIVE)


def env(data_dir: DataDir = None) -> None:
    """Print the settings of what `up` runs, secrets included: eval "$(jiban env)" lets other commands work on it."""
    from service.embedded.folder import DataFolder, default_data_dir
    from service.embedded.servers import environment, kept_ports

    folder = DataFolder(data_dir or default_data_dir())
    settings = environment(folder.path, folder.kept_secrets(), kept_ports(folder))
    for name, value in settings.items():
        typer.echo(f"export {name}={shlex.quote(value)}")


@seeds.callback()
def seed() -> None:
    """Write data to look at."""


@seeds.command("demo")
def seed_demo() -> None:
    """Write an invented county with its people and a month of cases; a second time changes nothing."""
    from service.cli import preparing

    typer.echo("The demo was written." if preparing.seed_demo() else "The demo is there already.")
    typer.echo(preparing.sign_ins())


@policies.callback()
def about_policies() -> None:
    """The promises and calendars."""


@policies.command("check")
def check_policies(
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="A folder with policies/ and calendars/; ours if not given.")
    ] = None,
) -> None:
    """Read every policy file with its calendars, and say what is wrong in which line."""
    from service.cli.saying import print_problems
    from sla_policies.documents import FOLDER, DocumentInvalidError
    from sla_policies.versions import pack_names, read_versions

    folder = folder or FOLDER
    packs = pack_names(folder / "policies")
    if not packs:
        typer.echo(f"There is no policies/*.yaml in {folder}.", err=True)
        raise typer.Exit(NEGATIVE)
    is_good, categories = True, _known_categories()
    for pack in packs:
        try:
            books = read_versions(folder, pack, categories=categories)
        except DocumentInvalidError as why:
            is_good = False
            print_problems(why, to_stderr=False)
        else:
            for book in books:
                since = f"from {book.effective_from} on"
                typer.echo(f"“{pack}” version {book.version} {since}, {len(book.policies)} policies, well")
    if not is_good:
        raise typer.Exit(NEGATIVE)


def _known_categories() -> frozenset[str] | None:
    """Return the codes of the database's topics; None, and a line that says so, where it cannot be asked."""
    from sqlalchemy.exc import SQLAlchemyError

    from service.categories.queries import topics
    from service.database import transaction
    from service.settings import SettingsInvalidError

    try:
        with transaction() as session:
            return frozenset(topics(session)) or None
    except (SettingsInvalidError, SQLAlchemyError):
        typer.echo("The database cannot be asked for its topics: their codes are not checked.", err=True)
        return None


@policies.command("schema")
def print_schema(
    which: Annotated[str, typer.Argument(metavar="policy|calendar", help="The schema of which files.")] = "policy",
) -> None:
    """Print the JSON Schema of policy or calendar files, for editors."""
    from sla_policies.schema import calendar_schema, policy_schema

    schemas = {"policy": policy_schema, "calendar": calendar_schema}
    if which not in schemas:
        raise typer.BadParameter("must be policy or calendar", param_hint="policy|calendar")
    typer.echo(json.dumps(schemas[which](), ensure_ascii=False, indent=2))


@clocks.callback()
def about_clocks() -> None:
    """The promises that run."""


@clocks.command("recompute")
def recompute() -> None:
    """Count promises again whose years' holidays were published or corrected; each change is in the history."""
    from service.clocks.recounting import recompute as count_again
    from service.database import transaction
    from service.timekeeping import read_anchor, simulated
    from service.web.deps import real_now

    counted, batch = 0, -1
    while batch:
        with transaction() as session:
            now = simulated(read_anchor(session), real_now())
            batch = count_again(session, now, most=RECOMPUTED_AT_ONCE)
        counted += batch
    typer.echo(f"Promises counted again: {counted}.")


@users.callback()
def user() -> None:
    """The people who work here."""


@users.command("add")
def add_user(
    login: Annotated[str, typer.Argument(help="The name to sign in with.")],
    name: Annotated[str, typer.Option(help="The person's name.")],
    role: Annotated[str, typer.Option(help="worker, head, triage, supervisor, district or admin.")],
    area: Annotated[str, typer.Option(help="The code or the name of the place they work for.")],
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from a pipe.")] = False,  # noqa: FBT002  # A flag.
) -> None:
    """Add somebody who may sign in; asks for the password."""
    from service.accounts.actions import add_person
    from service.accounts.rules import PersonDetails, Role
    from service.database import transaction
    from service.web.deps import real_now

    if role not in set(Role):
        raise typer.BadParameter(f"must be one of {', '.join(Role)}", param_hint="--role")
    password = sys.stdin.readline().rstrip("\n") if password_stdin else _asked_password()
    with transaction() as session:
        details = PersonDetails(name=name, role=Role(role), area_id=_area(session, area).id or 0)
        add_person(session, details, login=login, password=password, by=None, now=real_now())
    typer.echo(f"{login} may sign in.")


def _asked_password() -> str:
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def _area(session: "Session", wanted: str) -> "Area":
    """Return the area with that code, or the only one with that name. Errors: typer.BadParameter."""
    from service.areas.queries import all_areas

    areas = all_areas(session)
    found = [a for a in areas if a.code == wanted] or [a for a in areas if wanted in (a.name, a.name_en)]
    if len(found) == 1:
        return found[0]
    if found:
        raise typer.BadParameter(f"several are called so: {', '.join(a.code for a in found)}", param_hint="--area")
    raise typer.BadParameter("there is no area with that code or name", param_hint="--area")
