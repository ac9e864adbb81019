"""What can be done from the command line?

Exit codes: 0 well, 1 a negative finding or something in the way, 2 wrong usage or settings. Each command imports
what it needs when it runs: the process that only looks after others stays small.
"""

import sys

import typer

from service.cli import (
    archiving,
    dispatching,
    dividing,
    explaining,
    filling,
    importing,
    keeping,
    learning,
    migrating,
    replaying,
    revising,
    running,
)

NEGATIVE, WRONG_USAGE = 1, 2

app = typer.Typer(
    help="Jiban 即办: 24-hour respond-on-receipt request handling.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(running.up)
app.command(hidden=True)(running.prepare)
app.command()(running.web)
app.command()(running.worker)
app.command()(running.beat)
app.command()(keeping.migrate)
app.command()(keeping.doctor)
app.command()(archiving.backup)
app.command()(archiving.restore)
app.command()(keeping.env)
keeping.seeds.command("city")(filling.seed_city)
app.add_typer(keeping.seeds, name="seed")
keeping.policies.command("explain")(explaining.explain_case)
keeping.policies.command("replay")(replaying.replay_cases)
keeping.policies.command("diff")(revising.diff)
keeping.policies.command("migrate")(migrating.migrate_cases)
keeping.policies.command("undo")(migrating.undo)
keeping.policies.command("resume")(migrating.resume)
app.add_typer(keeping.policies, name="policies")
app.add_typer(importing.calendars, name="calendars")
app.add_typer(learning.categories, name="categories")
app.add_typer(keeping.users, name="user")
app.add_typer(dividing.areas, name="areas")
app.add_typer(dispatching.routing, name="routing")
app.add_typer(keeping.clocks, name="clocks")
app.add_typer(archiving.audit, name="audit")


def main() -> None:
    """Run a command; what may be expected to go wrong is told in a sentence, never as a traceback."""
    try:
        app(prog_name="jiban")
    except _expected() as why:
        typer.echo(_told(why), err=True)
        sys.exit(_code(why))


def _expected() -> tuple[type[Exception], ...]:
    """Return the errors that have a sentence; Python asks only when something was raised."""
    from sqlalchemy.exc import InterfaceError, OperationalError

    from service.embedded.trouble import CannotRunError
    from service.errors import ServiceError
    from service.settings import SettingsInvalidError
    from sla_policies.documents import DocumentInvalidError

    return SettingsInvalidError, CannotRunError, ServiceError, DocumentInvalidError, OperationalError, InterfaceError


def _told(why: Exception) -> str:
    from sqlalchemy.exc import DBAPIError

    from service.cli.saying import problems_told
    from sla_policies.documents import DocumentInvalidError

    if isinstance(why, DocumentInvalidError):
        return "\n".join(problems_told(why))
    if isinstance(why, DBAPIError):
        cause = str(why.orig).strip().splitlines()[0]
        return f"The database cannot be used: {cause}. Is it running, and JIBAN_DATABASE_URL right?"
    fields: dict[str, str] = getattr(why, "fields", {})
    facts: dict[str, object] = getattr(why, "facts", {})
    return "\n  ".join([str(why), *(f"{name}: {sentence.format(**facts)}" for name, sentence in fields.items())])


def _code(why: Exception) -> int:
    from service.settings import SettingsInvalidError

    return WRONG_USAGE if isinstance(why, SettingsInvalidError) else NEGATIVE
