"""How does the dispatch table go into a file and come from one, and what does it leave open, on the command line?"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from service.routing.coverage import Gap, TableCoverage
    from service.routing.directory import Directory
    from service.routing.importing import Plan

NEGATIVE, WRONG_USAGE = 1, 2
MOST_LINES = 50

routing = typer.Typer(help="The dispatch table.", no_args_is_help=True, rich_markup_mode=None)


@routing.callback()
def about_routing() -> None:
    """The dispatch table: from and into files, and what it leaves open."""


@routing.command("export")
def export_file(
    file: Annotated[Path, typer.Argument(help="Where to write: .csv, .xlsx, .yaml or .yml.")],
    version: Annotated[int, typer.Option(help="The version; the one in force if not given.")] = 0,
) -> None:
    """Write a version of the table so that it can be imported again; no cell of a sheet is run."""
    from service.cli.revising import now
    from service.database import transaction
    from service.routing.catalogue import deciding
    from service.routing.importing import as_rows
    from service.routing.sheets import as_csv, as_xlsx, as_yaml
    from service.routing.tables import RuleVersionRow

    writers = {".csv": as_csv, ".xlsx": as_xlsx, ".yaml": as_yaml, ".yml": as_yaml}
    write = writers.get(file.suffix.lower())
    if write is None:
        raise typer.BadParameter("must end with .csv, .xlsx, .yaml or .yml", param_hint="FILE")
    with transaction() as session:
        row = session.get(RuleVersionRow, version) if version else deciding(session, now(session))
        if row is None:
            raise typer.BadParameter("there is no such version", param_hint="--version")
        rows = as_rows(session, row)
        file.write_bytes(write(rows))
    typer.echo(f"{len(rows)} lines of version {row.id} were written to {file}.")


@routing.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A sheet (CSV, XLSX) or YAML.")],
    login: Annotated[str, typer.Option("--as", metavar="LOGIN", help="Who does this: district or administrator.")],
    publish_because: Annotated[str, typer.Option("--publish", metavar="WHY", help="Publish it at once.")] = "",
) -> None:
    """Write a whole table into the draft, or nothing: each bad row is named. The draft is published on its page."""
    from service.cli.migrating import person_of
    from service.cli.revising import now
    from service.database import transaction
    from service.routing.importing import look_at, take_over
    from service.routing.publishing import publish

    content = file.read_bytes()
    with transaction() as session:
        seen = look_at(session, file.name, content)
        _tell(seen)
        if seen.faults:
            raise typer.Exit(NEGATIVE)
        by, at = person_of(session, login), now(session)
        take_over(session, file.name, content, by=by, now=at)
        if publish_because:
            made = publish(session, publish_because, None, by=by, now=at)
            typer.echo(f"Version {made.id} decides from now on.")
    if not publish_because:
        typer.echo("It stands in the draft; it decides nothing before it is published.")


@routing.command("check")
def check(
    file: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="A sheet (CSV, XLSX) or YAML.")
    ] = None,
) -> None:
    """Check a file, each bad row with its number; without one, the table in force: dead lines, gaps, desks."""
    from service.database import transaction
    from service.routing.importing import look_at

    if file is None:
        coverage()
        return
    with transaction() as session:
        seen = look_at(session, file.name, file.read_bytes())
    _tell(seen)
    if seen.faults:
        raise typer.Exit(NEGATIVE)


@routing.command("coverage")
def coverage() -> None:
    """Prove that every category in every area has somebody at every hour; exit with 1 where that is not so."""
    from service.cli.revising import now
    from service.database import transaction

    with transaction() as session:
        lines, is_whole = examined(session, now(session))
    for line in lines:
        typer.echo(line)
    if not is_whole:
        raise typer.Exit(NEGATIVE)


def examined(session: "Session", at: "datetime") -> tuple[list[str], bool]:
    """Return what is to be said of the table and the desks, and whether nothing of it must be mended."""
    from service.assignments.queries import loads
    from service.routing.coverage import cover
    from service.routing.desks import over_capacity, single_points, unguarded
    from service.routing.queries import directory

    known = directory(session)
    found, desks = cover(known, at), unguarded(known, at)
    held = {person: load.open_cases for person, load in loads(session, list(known.people)).items()}
    full, single = over_capacity(known, held), single_points(known, known.table(at))
    whole = f"{found.pairs:,} pairs of category and area at 168 hours, in {found.classes:,} classes"
    lines = [f"Version {known.table(at).version.id}: {whole}: {len(found.open_gaps)} gaps."]
    lines += [f"GAP   {_gap(known, gap)}" for gap in found.open_gaps[:MOST_LINES]]
    lines += list(_dead(found))
    for one in desks[:MOST_LINES]:
        holidays = f"; holidays: {', '.join(day.isoformat() for day in one.holidays)}" if one.holidays else ""
        lines.append(f"DUTY  {known.areas.places[one.area_id].name}: nobody on duty {one.hours.text()}{holidays}")
    names = [f"{known.areas.places[area].name} ({cases}/{capacity})" for area, cases, capacity in full[:MOST_LINES]]
    lines += [f"FULL  {len(full)} units at or over their full load: {', '.join(names)}"] if full else []
    lines += [f"ONE   {len(single)} units with one person in a role that lines send to"] if single else []
    return lines, not found.open_gaps and not desks


def _dead(found: "TableCoverage") -> Iterator[str]:
    for idle in found.idle[:MOST_LINES]:
        by = f" by {', '.join(map(str, idle.by))}" if idle.by else ""
        yield f"DEAD  line {idle.line} takes nothing: {idle.why}{by}"
    for broken in found.broken[:MOST_LINES]:
        yield f"GONE  line {broken.line} leads to nobody in {broken.areas} areas: {broken.why}"


def _gap(known: "Directory", gap: "Gap") -> str:
    places = ", ".join(known.areas.places[area_id].name for area_id in gap.examples)
    topics = ", ".join(gap.topics[:8]) + (" …" if len(gap.topics) > 8 else "")
    kind = f", such as {gap.kind.grade} {gap.kind.channel} {gap.kind.focus_group}".rstrip() if gap.kind else ""
    hours = gap.hours.text() or f"on holidays {gap.holiday_hours.text()}"
    return f"{topics} in {gap.areas} areas ({places}), {hours}{kind}: {gap.why}"


def _tell(seen: "Plan") -> None:
    for one in seen.faults[:MOST_LINES]:
        typer.echo(f"row {one.row}, {one.column}: {one.sentence.format(**one.facts)}")
    for one in seen.notices[:MOST_LINES]:
        typer.echo(f"row {one.row}, {one.column}: (notice) {one.sentence.format(**one.facts)}")
    if seen.faults:
        typer.echo(f"Nothing was taken over: {len(seen.faults)} mistakes.", err=True)
        return
    counts = ", ".join(f"{count} {name}" for name, count in seen.differs.counts.items())
    typer.echo(f"{len(seen.lines)} lines: {counts}.")
