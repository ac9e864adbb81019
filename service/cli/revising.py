"""What would other promises do to open and ended cases, told on the command line?"""

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from sla_policies.policy import PolicyBook
    from sla_policies.what_if import Effect

WRONG_USAGE = 2
MOST_LINES = 20

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The proposed policies/ and calendars/.")]
Version = Annotated[str, typer.Option(help="The version to look at; the newest of the folder if not given.")]
Pack = Annotated[str, typer.Option(help="The promise pack; that of this installation if not given.")]


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
        new = read(session, folder, version, pack)
        effect = add_up(session, new, days)
        lines = list(effect_told(session, new, effect))
    typer.echo(json.dumps(effect.to_json(), ensure_ascii=False, indent=2) if as_json else "\n".join(lines))


def read(session: "Session", folder: Path, version: str, pack: str) -> "PolicyBook":
    """Return the proposed text; with mistakes in it, print each and end with exit code 2."""
    from service.cli.saying import print_problems
    from service.revisions.proposed import proposed
    from sla_policies.documents import DocumentInvalidError

    try:
        return proposed(session, folder, version=version, pack=pack)
    except DocumentInvalidError as why:
        print_problems(why)
        raise typer.Exit(WRONG_USAGE) from why


def add_up(session: "Session", new: "PolicyBook", days: int) -> "Effect":
    """Return the effect; on a terminal the progress is shown as it is added up."""
    from service.revisions.comparing import begin, scan

    state = begin(session, now(session), history=timedelta(days=days))
    shown = -1
    for _ in scan(session, new, state):
        percent = min(100 * state.done // max(state.total, 1), 100)
        if percent != shown:
            typer.echo(f"\r{percent:3d} % of {state.total} cases", err=True, nl=False)
            shown = percent
    typer.echo("", err=True)
    state.effect.settle()
    return state.effect


def effect_told(
    session: "Session", new: "PolicyBook", effect: "Effect", *, is_open_only: bool = False
) -> Iterable[str]:
    """Yield the effect in lines."""
    from service.cli.saying import said

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
    yield from (f"  {number}: {said(why, facts)}" for number, why, facts in effect.refusals[:MOST_LINES])
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


def now(session: "Session") -> "datetime":
    """Return the moment of the product, which may be simulated."""
    from service.timekeeping import read_anchor, simulated
    from service.web.deps import real_now

    return simulated(read_anchor(session), real_now())
