"""Does the engine still give the results of recorded cases, told on the command line?"""

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sla_policies.replay import Outcome, Tally

NEGATIVE = 1


def replay_cases(
    file: Annotated[typer.FileBinaryRead, typer.Argument(help="Cases, one JSON object a line; - reads a pipe.")],
    variant: Annotated[
        str, typer.Option(help="base, or as-recorded: also cases of another meaning, where the engine has it.")
    ] = "base",
    skip: Annotated[list[str] | None, typer.Option(help="A kind of case to leave out; may be given again.")] = None,
) -> None:
    """Run recorded cases through the engine; print each that differs, the numbers of each kind, and their sum."""
    from sla_policies.replay import Tally, Variant, Verdict, replay

    if variant not in set(Variant):
        raise typer.BadParameter(f"must be one of {', '.join(Variant)}", param_hint="--variant")
    tally = Tally()
    for outcome in replay(file, variant=Variant(variant), skip=skip or ()):
        tally.note(outcome)
        if outcome.verdict is Verdict.FAILED:
            typer.echo(_failure(outcome))
    _print_kinds(tally)
    typer.echo(_numbers(tally))
    if tally.number(Verdict.FAILED):
        raise typer.Exit(NEGATIVE)


def _failure(outcome: "Outcome") -> str:
    """Return one line: which case, what was given, what was expected, and what came."""
    case, where = outcome.case, f"line {outcome.line}"
    if case is None:
        return f"{where}: {outcome.why}"
    if outcome.why:
        return f"{case.id} ({where}, {case.kind}): {outcome.why}"
    given, expected, got = (json.dumps(said, ensure_ascii=False) for said in (case.input, case.expected, outcome.got))
    return f"{case.id} ({where}, {case.kind}): given {given} expected {expected} got {got}"


def _print_kinds(tally: "Tally") -> None:
    width = max(map(len, tally.kinds), default=0)
    for kind in tally.kinds:
        typer.echo(f"{kind:<{width}}  {_numbers(tally, kind)}")


def _numbers(tally: "Tally", kind: str | None = None) -> str:
    from sla_policies.replay import Verdict

    return ", ".join(f"{tally.number(verdict, kind)} {verdict}" for verdict in Verdict)
