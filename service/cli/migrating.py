"""How are other promises applied to open cases and taken back, on the command line?"""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.revising import MOST_LINES, Folder, Pack, Version, add_up, effect_told, now, read

if TYPE_CHECKING:
    from sqlmodel import Session

    from service.accounts.tables import Person
    from service.revisions.tables import Migration

NEGATIVE = 1

Login = Annotated[
    str, typer.Option("--as", metavar="LOGIN", help="Who decides this: an administrator or the district.")
]
Reason = Annotated[str, typer.Option(help="Why; it stands in the history of every case.")]
Number = Annotated[int | None, typer.Argument(metavar="ID", help="The migration; the last one if not given.")]


def migrate_cases(
    folder: Folder,
    login: Login,
    reason: Reason,
    version: Version = "",
    pack: Pack = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: the effect was seen.")] = False,  # noqa: FBT002  # A flag.
) -> None:
    """Apply other promises to the open cases on purpose: the effect is shown first, each due time is an entry."""
    from service.database import transaction
    from service.revisions.actions import begin_migration

    with transaction() as session:
        new = read(session, folder, version, pack)
        effect = add_up(session, new, 0)
        for line in effect_told(session, new, effect, is_open_only=True):
            typer.echo(line)
        if not effect.touched and not effect.refused:
            raise typer.Exit
    if not yes and not typer.confirm("Apply this to the open cases?"):
        raise typer.Exit(NEGATIVE)
    with transaction() as session:
        begun = begin_migration(session, new, reason=reason, by=person_of(session, login), now=now(session))
    _carry_out(begun.id or 0, login)


def undo(
    login: Login,
    reason: Reason,
    number: Number = None,
) -> None:
    """Put the promises back as they were before a migration; cases that changed meanwhile are told and left."""
    from service.database import transaction
    from service.revisions.actions import begin_undo

    with transaction() as session:
        found = _chosen(session, number)
        begin_undo(session, found, reason=reason, by=person_of(session, login), now=now(session))
    _carry_out(found, login)


def resume(login: Login, number: Number = None) -> None:
    """Let a migration or its taking back go on to its end, that stopped after an error or has nobody at work on it."""
    from service.database import transaction
    from service.revisions import actions
    from service.revisions.queries import at_work

    with transaction() as session:
        found = _chosen(session, number)
        working = at_work(session)
        if working is None or working.id != found:
            actions.resume(session, found, by=person_of(session, login), now=now(session))
    _carry_out(found, login)


def _chosen(session: "Session", number: int | None) -> int:
    """Return the migration that was named, or the last one."""
    from service.revisions.queries import newest_migrations

    found = number or next((m.id for m in newest_migrations(session, most=1)), None)
    if found is None:
        typer.echo("There is no migration yet.", err=True)
        raise typer.Exit(NEGATIVE)
    return found


def _carry_out(number: int, login: str) -> None:
    """Work to the end, and print what was done and what was left."""
    from service.revisions.rules import MigrationState

    done = _to_the_end(number)
    if done.state is MigrationState.UNDONE:
        typer.echo(f"Migration {number} is taken back: {done.restored} cases are as they were.")
    else:
        typer.echo(f"Migration {number}: {done.cases} cases changed, {done.moved} due times moved.")
    _print_left(done)
    if done.state is MigrationState.APPLIED:
        typer.echo(f"It can be taken back for a day: jiban policies undo {number} --as {login} --reason …")


def _to_the_end(number: int) -> "Migration":
    """Work batch by batch until the migration is through; where the worker is at it, wait for it.

    Ends with exit code 1, and why, where it was set aside.
    """
    from service.database import transaction
    from service.revisions.actions import go_on
    from service.revisions.rules import AT_WORK
    from service.revisions.tables import Migration

    while True:
        with transaction() as session:
            is_mine = go_on(session, now(session))
        with transaction() as session:
            found = session.get_one(Migration, number)
        typer.echo(f"\r{found.looked_at} of {found.total} cases", err=True, nl=False)
        if found.state not in AT_WORK:
            break
        if not is_mine:
            time.sleep(0.2)
    typer.echo("", err=True)
    if found.stopped_at:
        typer.echo(f"Migration {number} stopped: {found.stopped_because}", err=True)
        typer.echo(f"Go on: jiban policies resume {number} --as …; take back: jiban policies undo {number} …", err=True)
        raise typer.Exit(NEGATIVE)
    return found


def _print_left(done: "Migration") -> None:
    from service.cli.saying import said
    from service.database import transaction
    from service.revisions.queries import left_cases

    if not done.refused and not done.left_alone:
        return
    typer.echo(f"Left as they are: {done.refused} that cannot be counted, {done.left_alone} that changed meanwhile.")
    with transaction() as session:
        for case, left in left_cases(session, done.id or 0, most=MOST_LINES):
            typer.echo(f"  {case}: {said(left.not_undone or left.refused, left.facts)}")


def person_of(session: "Session", login: str) -> "Person":
    """Return who signs in with that name. Errors: typer.BadParameter."""
    from service.accounts.queries import person_by_login

    found = person_by_login(session, login)
    if found is None or not found.is_active:
        raise typer.BadParameter("nobody signs in with this name", param_hint="--as")
    return found
