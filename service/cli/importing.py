"""How does a year's holiday notice come into the calendars?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sla_policies.calendar_files import YearDays
    from sla_policies.notices import Notice

NEGATIVE = 1
IF_RIGHT = (
    "If the days are right, say why: with --balance-reason for this year,"
    " with balance and balance_reason in the file of another year."
)
THEN = "Now run jiban policies check, jiban migrate, and jiban clocks recompute."

calendars = typer.Typer(help="The days off and the hours that promises count in.", rich_markup_mode=None)


@calendars.callback(no_args_is_help=True)
def about_calendars() -> None:
    """The days off and the hours that promises count in."""


@calendars.command("import")
def import_notice(
    file: Annotated[typer.FileBinaryRead, typer.Argument(help="The text of the notice, UTF-8; - reads a pipe.")],
    year: Annotated[int | None, typer.Option(min=1990, max=2100, help="Its year, where the text does not say.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Write calendars/YEAR.yaml.")] = False,  # noqa: FBT002  # A flag.
    force: Annotated[bool, typer.Option("--force", help="Replace the file of that year.")] = False,  # noqa: FBT002  # A flag.
    source: Annotated[str, typer.Option(help="The address at which the notice can be read.")] = "",
    mark: Annotated[str, typer.Option(help="What kind of place that is: A, B, C, D, M or own.")] = "C",
    balance_reason: Annotated[str, typer.Option(help="Why the days off are not as many as the law gives.")] = "",
    folder: Annotated[Path | None, typer.Option("--dir", help="The folder with calendars/; ours if not given.")] = None,
) -> None:
    """Read the State Council's notice, print its days off (休) and make-up workdays (班), and see if they add up."""
    from service.cli.saying import print_problems
    from sla_policies.calendar_files import MARKS
    from sla_policies.documents import FOLDER, DocumentInvalidError
    from sla_policies.notices import read_notice
    from sla_policies.year_files import Origin, findings, year_file

    if mark not in MARKS:
        raise typer.BadParameter(f"must be one of {', '.join(MARKS)}", param_hint="--mark")
    notice = read_notice(_text(file), name=_name(file), year=year)
    there, origin = (folder or FOLDER) / "calendars", Origin(source, mark, balance_reason)
    _print(notice)
    years = [one for one in _years(there) if one.year != notice.year]
    wrong = findings(notice, origin, years)
    if wrong:
        print_problems(DocumentInvalidError(wrong))
        typer.echo(f"Nothing was written. {IF_RIGHT}", err=True)
        raise typer.Exit(NEGATIVE)
    if write:
        _write(there / f"{notice.year}.yaml", year_file(notice, origin, years), force=force)


def _name(file: typer.FileBinaryRead) -> str:
    """Return what a file is called in messages; a pipe need not have a name."""
    return str(getattr(file, "name", "-"))


def _text(file: typer.FileBinaryRead) -> str:
    """Return the text of the notice. Errors: DocumentInvalidError for what is no UTF-8, or too long to be one."""
    from sla_policies.documents import LARGEST_FILE, DocumentInvalidError, Problem

    content = file.read(LARGEST_FILE + 1)
    try:
        if len(content) <= LARGEST_FILE:
            return content.decode("utf-8-sig")
        what, mend = "The file is larger than 1 MB.", "Hand in the notice alone."
    except UnicodeDecodeError:
        what, mend = "The file is not UTF-8 text.", "Save it as UTF-8."
    raise DocumentInvalidError([Problem(_name(file), 1, what, mend)])


def _years(there: Path) -> "list[YearDays]":
    """Return the years that a folder has already. Errors: DocumentInvalidError, typer.BadParameter."""
    from sla_policies.calendar_files import YearDays
    from sla_policies.documents import parse_calendar

    if not there.is_dir():
        raise typer.BadParameter(f"there is no folder {there}", param_hint="--dir")
    read = [parse_calendar(path.read_text(encoding="utf-8"), path.name) for path in sorted(there.glob("*.yaml"))]
    return [one for one in read if isinstance(one, YearDays)]


def _print(notice: "Notice") -> None:
    """Print what a notice says, feast by feast, and the sum of its year."""
    from sla_policies.calendar_files import statutory_days
    from sla_policies.notice_dates import WEEKDAYS
    from sla_policies.year_files import names, spans, sum_of

    typer.echo(f"{notice.year} {notice.title}".strip())
    for feast in notice.feasts:
        made_up = ", ".join(f"{day} 星期{WEEKDAYS[day.weekday()]}" for day in sorted(feast.worked))
        typer.echo(f"  {names(feast.name)[0]}: 休 {', '.join(spans(feast.off))}" + (f"; 班 {made_up}" * bool(made_up)))
    found = sum_of(notice.year, notice.off, notice.worked)
    gained = found.weekdays_off - found.weekend_worked
    typer.echo(
        f"{found.weekdays_off} weekdays off, {found.weekend_worked} weekend days worked: {gained} days gained,"
        f" the law gives {statutory_days(notice.year)}."
    )
    typer.echo(
        f"{found.workdays} workdays and {found.rest_days} days of rest"
        f" {'are the whole year' if found.adds_up else 'do NOT add up to the year'}."
    )


def _write(path: Path, text: str, *, force: bool) -> None:
    """Write a year's file at once or not at all; one that is there is replaced only by force."""
    if path.exists() and not force:
        typer.echo(f"{path} is there already; --force replaces it.", err=True)
        raise typer.Exit(NEGATIVE)
    new = path.with_suffix(".new")
    try:
        new.write_text(text, encoding="utf-8")
        new.replace(path)
    except OSError as why:
        typer.echo(f"{path} cannot be written: {why.strerror}.", err=True)
        raise typer.Exit(NEGATIVE) from why
    typer.echo(f"{path} was written. {THEN}")
