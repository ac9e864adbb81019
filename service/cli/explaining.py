"""Why is a case due when it is, told on the command line?"""

import json
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from datetime import datetime

    from service.cases.tables import Case
    from service.web.catalogues import Language
    from service.web.explained import Told
    from sla_policies.explaining import Explanation

NEGATIVE = 1
NOT_FOUND = {
    "zh": "没有编号为 {number} 的工单。请核对编号，例如 20261123-00042-7。",
    "en": "There is no case {number}. Please check the number; one looks like 20261123-00042-7.",
}
NOTHING = {"zh": "这件工单没有这样的时限承诺。", "en": "Nothing of the kind is promised on this case."}
HEADS = {
    "zh": ("计入的时间", "合计", "没有按时完成时通知谁", "比较过的规定"),
    "en": ("Which time was counted", "Together", "Who hears when it is not kept", "Which promises were considered"),
}


def explain_case(
    number: Annotated[str, typer.Argument(help="The number of the case.")],
    metric: Annotated[
        str | None, typer.Option(help="Only accept, contact, next_reply, resolve or handover; all if not given.")
    ] = None,
    lang: Annotated[Literal["zh", "en"], typer.Option(help="The language.")] = "zh",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of sentences.")] = False,  # noqa: FBT002  # A flag.
) -> None:
    """Tell why every promise of a case is due when it is: which rule, which days, what moved it, who hears."""
    from service.cases.numbers import is_case_number
    from service.cases.queries import by_number
    from service.database import transaction
    from service.escalations.explaining import explanations
    from service.handling.queries import view
    from service.timekeeping import read_anchor, simulated
    from service.web.deps import real_now
    from sla_policies.policy import Metric

    if metric is not None and metric not in list(Metric):
        raise typer.BadParameter(f"must be one of {', '.join(Metric)}", param_hint="--metric")
    with transaction() as session:
        case = by_number(session, number) if is_case_number(number) else None
        if case is None:
            typer.echo(NOT_FOUND[lang].format(number=number), err=True)
            raise typer.Exit(NEGATIVE)
        now = simulated(read_anchor(session), real_now())
        found = [why for _, why in explanations(session, view(session, case, frozenset()), now)]
        wanted = [why for why in found if metric in (None, why.clock.target.metric)]
        if as_json:
            typer.echo(_json(case, wanted, now))
        else:
            _print(case, wanted, now, lang)


def _print(case: "Case", wanted: "list[Explanation]", now: "datetime", language: "Language") -> None:
    from service.web.catalogues import gettext
    from service.web.explained import tell
    from service.web.words import words

    typer.echo(f"{case.number} · {case.title} · {gettext(language, words.grade[case.grade])}")
    if not wanted:
        typer.echo(NOTHING[language])
    for why in wanted:
        typer.echo("")
        _print_one(tell(why, now, language), HEADS[language])


def _print_one(told: "Told", heads: tuple[str, ...]) -> None:
    counted, together, ladder, considered = heads
    typer.echo(f"■ {told.heading}")
    for sentence in told.sentences:
        typer.echo(f"  {sentence}")
    typer.echo(f"  {counted}")
    for row in told.rows:
        note = f" ({row.note})" if row.note else ""
        typer.echo(f"    {row.date} | {row.kind}{note} | {row.hours} | {row.counted}")
    typer.echo(f"    {together}: {told.total}")
    if told.steps:
        typer.echo(f"  {ladder}")
    for step in told.steps:
        typer.echo(f"    {step.at} | {step.title} | {step.who} | {step.state}")
    typer.echo(f"  {considered}")
    for matched, title, why in told.considered:
        typer.echo(f"    {'✓' if matched else '–'} {title}: {why}")


def _json(case: "Case", wanted: "list[Explanation]", now: "datetime") -> str:
    from sla_policies.explaining_values import plain_values

    promises = [plain_values(why, now) for why in wanted]
    return json.dumps({"number": case.number, "grade": case.grade, "promises": promises}, ensure_ascii=False, indent=2)
