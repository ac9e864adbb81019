"""How do areas come from a file and go into one, and change on a date, on the command line?"""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from service.areas.datum import Datum
    from service.areas.planned import Plan
    from service.rezoning.rules import ChangeKind
    from service.sheets import Told

NEGATIVE = 1
MOST_LINES = 50

areas = typer.Typer(help="The areas and their desks.", no_args_is_help=True, rich_markup_mode=None)
Login = Annotated[str, typer.Option("--as", metavar="LOGIN", help="Who does this: an administrator.")]
DatumName = Annotated[str, typer.Option(help="What coordinates are measured in: wgs84, or gcj02 (Chinese maps).")]


@areas.callback()
def about_areas() -> None:
    """The areas and their desks."""


@areas.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A sheet (CSV, XLSX) or a map (GeoJSON).")],
    apply: Annotated[bool, typer.Option("--apply", help="Take it over; otherwise it is only looked at.")] = False,  # noqa: FBT002  # A flag.
    login: Login = "",
    datum: DatumName = "wgs84",
) -> None:
    """Show what a file with areas would change, each bad row with its number; with --apply take it over whole."""
    from service.areas.importing import look_at, take_over
    from service.cli.migrating import person_of
    from service.cli.revising import now
    from service.database import transaction

    content, measured = file.read_bytes(), _datum(datum)
    with transaction() as session:
        seen = look_at(session, file.name, content, measured)
        for line in _lines(seen):
            typer.echo(line)
        if seen.faults:
            typer.echo(f"Nothing was taken over: {len(seen.faults)} mistakes.", err=True)
            raise typer.Exit(NEGATIVE)
        if not apply:
            typer.echo("Nothing was taken over yet: --apply does it.")
            return
        take_over(session, file.name, content, measured, by=person_of(session, login), now=now(session))
    typer.echo("It was taken over.")


@areas.command("export")
def export_file(
    file: Annotated[Path, typer.Argument(help="Where to write the sheet (CSV, UTF-8).")],
) -> None:
    """Write all areas into a sheet that can be imported again; formulas of spreadsheets are made harmless."""
    from service.areas.exporting import areas_as_csv
    from service.database import transaction

    with transaction() as session:
        file.write_bytes(areas_as_csv(session))
    typer.echo(f"{file} was written.")


@areas.command("locate")
def locate(
    text: Annotated[str, typer.Argument(help="The words of an address; or give --lat and --lon.")] = "",
    lat: Annotated[float | None, typer.Option(min=-90, max=90)] = None,
    lon: Annotated[float | None, typer.Option(min=-180, max=180)] = None,
    datum: DatumName = "wgs84",
) -> None:
    """Say in which area a place lies, how sure that is, and what else it may be."""
    from service.areas.locating import located
    from service.areas.queries import area_tree
    from service.database import transaction

    with transaction() as session:
        known = area_tree(session)
        found = located(known, lat=lat, lon=lon, text=text, datum=_datum(datum))
    typer.echo(f"{found.place.code} {found.place.name} ({found.confidence:.0%})")
    for guess in found.alternatives:
        typer.echo(f"  or {guess.place.code} {guess.place.name} ({guess.confidence:.0%})")


def _datum(name: str) -> "Datum":
    from service.areas.datum import Datum

    try:
        return Datum(name)
    except ValueError as unknown:
        raise typer.BadParameter("must be wgs84 or gcj02", param_hint="--datum") from unknown


def _lines(seen: "Plan") -> list[str]:
    told = [
        f"{len(seen.added)} new, {len(seen.changed)} changed, {seen.unchanged} as they are, {seen.left_out} left out."
    ]
    told += [f"row {one.row}, {one.column}: {_said(one)}" for one in seen.faults[:MOST_LINES]]
    told += [f"row {one.row}, {one.column}: (notice) {_said(one)}" for one in seen.notices[:MOST_LINES]]
    return told


def _said(one: "Told") -> str:
    return one.sentence.format(**one.facts)


@areas.command("change")
def change_area(
    kind: Annotated[str, typer.Argument(help="rename, move, merge or close.")],
    code: Annotated[str, typer.Argument(help="The code of the area.")],
    login: Login,
    reason: Annotated[str, typer.Option(help="Why; it stands in the history.")],
    on: Annotated[str, typer.Option(metavar="DAY", help="The day from which it counts, such as 2026-12-01.")],
    into: Annotated[str, typer.Option(metavar="CODE", help="Where it moves to, or what takes it over.")] = "",
    names: Annotated[str, typer.Option(metavar="ZH/EN", help="Its new names, such as 湖光社区/Huguang.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: the effect was seen.")] = False,  # noqa: FBT002  # A flag.
) -> None:
    """Show what a change of the division touches, and decide it; on its day it is carried out by itself."""
    from service.areas.queries import area_tree
    from service.cli.migrating import person_of
    from service.cli.revising import now
    from service.database import transaction
    from service.rezoning.actions import decide, look_ahead
    from service.rezoning.rules import Change

    with transaction() as session:
        person_of(session, login)
        ids = {place.code: place.id for place in area_tree(session).places.values()}
        name, _, name_en = names.partition("/")
        change = Change(_kind(kind), ids.get(code, 0), ids.get(into), name, name_en, reason, _day(on))
        effect = look_ahead(session, change, now=now(session))
    typer.echo(
        f"{effect.open_cases} open and {effect.ended_cases} ended cases, {effect.people} people,"
        f" {effect.areas} areas below, {effect.rules} lines of the dispatch catalogue."
    )
    if not yes and not typer.confirm("Decide this?"):
        raise typer.Exit(NEGATIVE)
    with transaction() as session:  # Nothing was held while somebody made up their mind; the effect is looked at again.
        decided = decide(session, change, by=person_of(session, login), now=now(session))
        typer.echo(f"Change {decided.id}: {decided.state.value}, from {decided.effective_on} on.")


def _kind(name: str) -> "ChangeKind":
    from service.rezoning.rules import ChangeKind

    try:
        return ChangeKind(name)
    except ValueError as unknown:
        raise typer.BadParameter("must be rename, move, merge or close", param_hint="KIND") from unknown


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as wrong:
        raise typer.BadParameter("must be a day such as 2026-12-01", param_hint="--on") from wrong
