"""How is a database filled to the size of a city, to measure on?"""

from typing import Annotated

import typer

NEGATIVE = 1
MOST = 5_000_000
LEAST = 100
OPEN_DAYS = 5
"""As much as comes in within so many days is open (own), but at most a quarter of all."""


def seed_city(
    cases: Annotated[int, typer.Option("--cases", min=LEAST, max=MOST, help="So many cases are added.")],
    open_cases: Annotated[int | None, typer.Option("--open", min=1, help="So many of them are open.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same number makes the same city.")] = 20260101,
    yes: Annotated[bool, typer.Option("--yes", help="Also where there are real cases.")] = False,  # noqa: FBT002  # A flag.
) -> None:
    """Fill the database with years of cases of an invented county, each a lived one at another time.

    Web, worker and beat wait, and may give up, until it is done.
    """
    from service.cli import preparing
    from service.database import get_engine
    from service.demo.arrivals import A_DAY
    from service.demo.city import TRACKING_CODE
    from service.demo.filling import tidy_up

    open_cases = min(OPEN_DAYS * A_DAY, cases // 4) if open_cases is None else open_cases
    if open_cases > cases // 2:
        raise typer.BadParameter("at most half of the cases can be open", param_hint="--open")
    real = preparing.real_cases()
    if real and not yes:
        typer.echo(
            f"There are {real:,} real cases here, where no invented city belongs. Use --yes if it does.",
            err=True,
        )
        raise typer.Exit(NEGATIVE)
    made = preparing.seed_city(cases, open_cases=open_cases, seed=seed)
    tidy_up(get_engine())
    typer.echo(
        f"{made.cases:,} cases of {made.days:,} days were written, {made.open:,} of them open."
        f" Every one is tracked by the code {TRACKING_CODE}."
    )
    typer.echo(preparing.sign_ins())
