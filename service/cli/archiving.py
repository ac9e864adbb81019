"""Which commands keep everything for a bad day, bring it back, and see whether the history is whole?"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from service.cli.running import DataDir

NEGATIVE = 1

audit = typer.Typer(help="The history of every case.", no_args_is_help=True, rich_markup_mode=None)


@contextmanager
def installation(data_dir: Path | None, *, alone: bool = False) -> Iterator[None]:
    """Let the block work on the servers that JIBAN_DATABASE_URL names, or else on those of a data folder.

    Where `up` runs on the folder its servers are used, unless the block must be `alone`; else they run for the block.
    """
    from service.embedded.folder import DataFolder, default_data_dir
    from service.embedded.servers import EmbeddedServers, environment, kept_ports
    from service.embedded.trouble import CannotRunError

    if "JIBAN_DATABASE_URL" in os.environ:
        yield
        return
    folder = DataFolder(data_dir or default_data_dir())
    if not alone and not (folder.path / "postgres").exists():
        raise CannotRunError(
            f"There is no database in {folder.path}. Name its folder with --data-dir, or set JIBAN_DATABASE_URL."
        )
    if not alone and folder.is_held():
        os.environ.update(environment(folder.path, folder.kept_secrets(), kept_ports(folder)))
        yield
        return
    with EmbeddedServers(folder.path, say=lambda line: typer.echo(line, err=True)) as servers:
        os.environ.update(servers.environment)
        yield


def backup(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="The new file; named by the time here.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Write database and attachments into one file while everything runs. Keys and settings are not in it."""
    from service.backup.actions import back_up
    from service.backup.archive import WITHOUT
    from service.settings import get_settings
    from service.web.deps import real_now

    target = file or Path(f"jiban-{real_now():%Y%m%dT%H%M%SZ}.tar")
    with installation(data_dir):
        made = back_up(get_settings(), target, real_now())
    size = target.stat().st_size / 1e6
    rows = f"{made.rows.get('cases', 0):,} cases, {sum(made.rows.values()):,} rows"
    typer.echo(f"{target}: {rows}, {len(made.attachments):,} attachments, {size:,.1f} MB.\n{WITHOUT}")
    for name in made.missing:
        typer.echo(f"Not in it: the attachment {name} is missing in the data folder, or was changed there.", err=True)
    if made.missing:
        raise typer.Exit(NEGATIVE)


def restore(
    file: Annotated[Path, typer.Argument(help="What `jiban backup` wrote.")],
    data_dir: DataDir = None,
    replace: Annotated[bool, typer.Option("--replace", help="Lose what is in the database now.")] = False,  # noqa: FBT002  # A flag.
    other_keys: Annotated[  # noqa: FBT002  # A flag.
        bool, typer.Option("--other-keys", help="Give up the contacts: the keys they need are lost.")
    ] = False,
) -> None:
    """Put what `jiban backup` wrote in place of the database, all or nothing. Web, worker and beat must be stopped."""
    from service.backup.actions import restore as bring_back
    from service.cli.preparing import bring_up_to_date
    from service.settings import get_settings

    with installation(data_dir, alone=True):
        held = bring_back(get_settings(), file, replace=replace, other_keys=other_keys, migrate=bring_up_to_date)
    typer.echo(
        f"Restored as of {held.made_at}: {held.rows.get('cases', 0):,} cases, {sum(held.rows.values()):,} rows,"
        f" {len(held.attachments):,} attachments. Look at its history: jiban audit verify"
    )
    for name in held.missing:
        typer.echo(f"The attachment {name} was missing already when the archive was made.", err=True)


@audit.callback()
def about_audit() -> None:
    """The history of every case."""


@audit.command("verify")
def verify(data_dir: DataDir = None) -> None:
    """Follow the chain of every history, entry by entry, and name each that was changed or has a gap."""
    from service.audit.queries import chains
    from service.cases.queries import numbers_of, without_history
    from service.database import transaction

    with installation(data_dir), transaction() as session:
        whole = chains(session)
        numbers = numbers_of(session, [subject for kind, subject, _ in whole.broken if kind == "case"])
        silent = without_history(session)
    for kind, subject, entry in whole.broken:
        name = f" ({numbers[subject]})" if kind == "case" and subject in numbers else ""
        typer.echo(f"{kind} {subject}{name}: entry {entry} does not follow from the one before it")
    for number in silent:
        typer.echo(f"case {number}: it has no history")
    count = f"{whole.subjects:,} histories with {whole.entries:,} entries"
    if whole.broken or silent:
        typer.echo(f"{count}; broken: {len(whole.broken) + len(silent):,}.", err=True)
        raise typer.Exit(NEGATIVE)
    typer.echo(f"{count}, all whole.")
