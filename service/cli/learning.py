"""How does the service learn topics from its own cases, and how good is it at them?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from service.learning.comparing import Judged

categories = typer.Typer(help="The topics, and how they are suggested.", no_args_is_help=True, rich_markup_mode=None)


@categories.command("train")
def train_model() -> None:
    """Learn topics from settled cases: those resolved or closed, and those whose topic staff changed.

    The new version takes over only if it is better than the keywords and no worse than the version in use, on cases
    that neither has seen. Runs once a day by itself.
    """
    from service.database import transaction
    from service.learning.actions import train
    from service.timekeeping import read_anchor, simulated
    from service.web.deps import real_now

    with transaction() as session:
        outcome = train(session, simulated(read_anchor(session), real_now()))
    trial = outcome.trial
    if trial is None:
        typer.echo(f"Nothing was learnt: {outcome.why_not}.")
        return
    used = "no version was in use" if trial.used is None else f"the version in use was right about {trial.used}"
    typer.echo(
        f"Version {outcome.version}: of {trial.cases} cases it had not seen it was right about {trial.new},"
        f" the keywords about {trial.keywords}; {used}."
    )
    typer.echo("It is in use now." if trial.takes_over else "It is kept, but not used: it is not better.")


@categories.command("rollback")
def go_back() -> None:
    """Go back to the version that suggested topics before, or to the keywords where there is none."""
    from service.database import transaction
    from service.learning.actions import rollback
    from service.timekeeping import read_anchor, simulated
    from service.web.deps import real_now

    with transaction() as session:
        version = rollback(session, simulated(read_anchor(session), real_now()))
    typer.echo(f"Version {version} is in use again." if version else "The keywords suggest topics again.")


@categories.command("evaluate")
def evaluate(
    file: Annotated[Path, typer.Argument(help="CSV or .csv.gz, UTF-8, with columns title, text and label.")],
    labels: Annotated[Path | None, typer.Option(help="Which code stands for which label.")] = None,
    also: Annotated[Path | None, typer.Option(help="Other labelled texts, judged and never learnt from.")] = None,
) -> None:
    """Measure suggestions on labelled texts, in five folds, beside keyword rules and a majority guess.

    A file beside the CSV, NAME.labels.yaml for NAME.csv, says which code of the catalogue stands for which label, line
    by line: "A: housing" for a whole group, "E01: housing" for one topic that differs. Codes without a line have no
    label. The shipped catalogue is used; no database is needed and nothing is changed.
    """
    from service.categories.loading import shipped_catalogue
    from service.learning.comparing import compare
    from service.learning.files import labels_beside, read_labelled, read_labels

    catalogue, given = shipped_catalogue(), read_labelled(file)
    there = {one.label for one in given.examples}
    known = read_labels(labels or labels_beside(file), catalogue, there)
    typer.echo(
        f"{file.name}: {len(given.examples)} labelled texts, {len(there)} labels;"
        f" left out: {given.without_label} rows without a label, {given.without_words} without words."
    )
    others = read_labelled(also).examples if also else []
    for one in compare(given.examples, others, catalogue, known):
        _print(one)


def _print(one: "Judged") -> None:
    typer.echo(f"\n{one.name} ({one.count} texts)")
    typer.echo(f"  accuracy {one.accuracy}, macro F1 {one.macro_f1}")
    if one.top_three is not None:
        typer.echo(f"  the right one among the first three: {one.top_three}")
    for row in one.reliability:
        typer.echo(
            f"  called {row.low:.0%} to {row.high:.0%}: {row.count:>4} texts,"
            f" {row.said:.0%} on average, right {row.right:.0%}"
        )
