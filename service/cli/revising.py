"""What would other promises do, and how are they applied to open cases and taken back, on the command line?"""

import json
import time
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from service.accounts.tables import Person
    from service.revisions.tables import Migration
    from sla_policies.policy import PolicyBook
    from sla_policies.what_if import Effect

NEGATIVE, WRONG_USAGE = 1, 2
MOST_LINES = 20

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The proposed policies/ and calendars/.")]
Version = Annotated[str, typer.Option(help="The version to look at; the newest of the folder if not given.")]
Pack = Annotated[str, typer.Option(help="The promise pack; that of this installation if not given.")]
Login = Annotated[
    str, typer.Option("--as", metavar="LOGIN", help="Who decides this: an administrator or the district.")
]
Reason = Annotated[str, typer.Option(help="Why; it stands in the history of every case.")]


def diff(
    folder: Folder,
    version: Version = "",
    pack: Pack = "",
    days: Annotated[int, typer.Option(min=0, max=3650, help="How far back history is judged again.")] = 365,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,  # noqa: FBT002  # A flag.
) -> None:
    """Show what other promises would do to open cases and would have done to ended ones; nothing takes effect."""
    from service.database import transaction

    with transaction() as session:
        new = _read(session, folder, version, pack)
        effect = _effect(session, new, days)
        lines = list(_told(session, new, effect))
    typer.echo(json.dumps(effect.to_json(), ensure_ascii=False, indent=2) if as_json else "\n".join(lines))


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
        new = _read(session, folder, version, pack)
        effect = _effect(session, new, 0)
        for line in _told(session, new, effect, is_open_only=True):
            typer.echo(line)
        if not effect.touched and not effect.refused:
            raise typer.Exit
    if not yes and not typer.confirm("Apply this to the open cases?"):
        raise typer.Exit(NEGATIVE)
    with transaction() as session:
        begun = begin_migration(session, new, reason=reason, by=_person(session, login), now=_now(session))
    done = _to_the_end(begun.id or 0)
    typer.echo(f"Migration {done.id}: {done.cases} cases changed, {done.moved} due times moved.")
    _print_left(done)
    typer.echo(f"It can be taken back for a day: jiban policies undo {done.id} --as {login} --reason …")


def undo(
    login: Login,
    reason: Reason,
    number: Annotated[
        int | None, typer.Argument(metavar="ID", help="The migration; the last one if not given.")
    ] = None,
) -> None:
    """Put the promises back as they were before a migration; cases that changed meanwhile are told and left."""
    from service.database import transaction
    from service.revisions.actions import begin_undo
    from service.revisions.queries import newest_migrations

    with transaction() as session:
        found = number or next((m.id for m in newest_migrations(session, most=1)), None)
        if found is None:
            typer.echo("There is no migration to take back.", err=True)
            raise typer.Exit(NEGATIVE)
        begin_undo(session, found, reason=reason, by=_person(session, login), now=_now(session))
    done = _to_the_end(found)
    typer.echo(f"Migration {done.id} is taken back: {done.restored} cases are as they were.")
    _print_left(done)


def _read(session: "Session", folder: Path, version: str, pack: str) -> "PolicyBook":
    """Return the proposed text; with mistakes in it, print each and end with exit code 2."""
    from service.revisions.proposed import proposed
    from sla_policies.documents import DocumentInvalidError

    try:
        return proposed(session, folder, version=version, pack=pack)
    except DocumentInvalidError as why:
        for problem in why.problems:
            typer.echo(str(problem), err=True)
        raise typer.Exit(WRONG_USAGE) from why


def _effect(session: "Session", new: "PolicyBook", days: int) -> "Effect":
    """Return the effect; on a terminal the progress is shown as it is added up."""
    from service.revisions.comparing import begin, scan

    state = begin(session, _now(session), history=timedelta(days=days))
    shown = -1
    for _ in scan(session, new, state):
        percent = min(100 * state.done // max(state.total, 1), 100)
        if percent != shown:
            typer.echo(f"\r{percent:3d} % of {state.total} cases", err=True, nl=False)
            shown = percent
    typer.echo("", err=True)
    state.effect.settle()
    return state.effect


def _told(session: "Session", new: "PolicyBook", effect: "Effect", *, is_open_only: bool = False) -> Iterable[str]:
    """Yield the effect in lines."""
    yield f"“{new.name}” version {new.version}, from {new.effective_from} on"
    if effect.changes_nothing:
        yield "Nothing changes: no promise of an open case, and no judgement of an ended one."
        return
    yield f"Open cases: {effect.cases} looked at, {effect.touched} would change."
    moved = effect.earlier + effect.later
    yield f"  due times that move: {moved}; earlier {effect.earlier}, later {effect.later}"
    yield f"  overdue at once: {effect.overdue}"
    rest = {
        "by": ", ".join(f"{band} {number}" for band, number in sorted(effect.bands.items())),
        "run again that stand still": effect.started,
        "promises added": effect.added,
        "promises that end": effect.ended,
        "provisional (a year without published holidays)": effect.provisional,
        "cannot be counted and would be left": effect.refused,
    }
    yield from (f"  {label}: {number}" for label, number in rest.items() if number)
    yield from _listed("  policy", effect.policies)
    yield from _listed("  step heard by others", effect.steps)
    yield from (f"  {number}: {why}" for number, why in effect.refusals[:MOST_LINES])
    for case, metric, old, new_due in effect.most_moved[:MOST_LINES]:
        yield f"  {case} {metric}: {_local(old)} → {_local(new_due)}"
    if not is_open_only:
        yield from _history_told(session, effect)


def _history_told(session: "Session", effect: "Effect") -> Iterable[str]:
    from service.areas.queries import area_names

    yield (
        f"Ended promises judged again: {effect.replayed}; breaches more {effect.more_breaches},"
        f" fewer {effect.fewer_breaches}; cannot be told {effect.untold}"
    )
    names = {str(key): area.name for key, area in area_names(session, [int(unit) for unit in effect.units]).items()}
    for label, table in (("grade", effect.grades), ("unit", effect.units), ("week of", effect.weeks)):
        for key, (before, after) in sorted(table.items()):
            if before != after:
                yield f"  {label} {names.get(key, key) if label == 'unit' else key}: {before} → {after}"


def _listed(label: str, table: Mapping[str, int]) -> Iterable[str]:
    return (f"{label} {key}: {number}" for key, number in sorted(table.items()))


def _local(text: str) -> str:
    from datetime import datetime

    from service.timekeeping import ZONE

    return f"{datetime.fromisoformat(text).astimezone(ZONE):%Y-%m-%d %H:%M}"


def _to_the_end(number: int) -> "Migration":
    """Work batch by batch until the migration is through; where the worker is at it, wait for it."""
    from service.database import transaction
    from service.revisions.actions import go_on
    from service.revisions.rules import MigrationState
    from service.revisions.tables import Migration

    while True:
        with transaction() as session:
            is_mine = go_on(session, _now(session))
        with transaction() as session:
            found = session.get_one(Migration, number)
        typer.echo(f"\r{found.looked_at} of {found.total} cases", err=True, nl=False)
        if found.state in (MigrationState.APPLIED, MigrationState.UNDONE):
            typer.echo("", err=True)
            return found
        if not is_mine:
            time.sleep(0.2)


def _print_left(done: "Migration") -> None:
    from service.database import transaction
    from service.revisions.queries import told_cases

    if not done.refused and not done.left_alone:
        return
    typer.echo(f"Left as they are: {done.refused} that cannot be counted, {done.left_alone} that changed meanwhile.")
    with transaction() as session:
        for case, refused, not_undone in told_cases(session, done.id or 0, most=MOST_LINES):
            typer.echo(f"  {case}: {refused or not_undone}")


def _person(session: "Session", login: str) -> "Person":
    from service.accounts.queries import person_by_login

    found = person_by_login(session, login)
    if found is None or not found.is_active:
        raise typer.BadParameter("nobody signs in with this name", param_hint="--as")
    return found


def _now(session: "Session") -> "datetime":
    from service.timekeeping import read_anchor, simulated
    from service.web.deps import real_now

    return simulated(read_anchor(session), real_now())
