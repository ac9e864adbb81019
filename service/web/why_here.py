"""Why does a case lie where it lies? Every decision of the routing, with the lines it asked, in the reader's words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from sqlmodel import Session

from service.routing.catalogue import lines_named
from service.routing.directory import Directory
from service.routing.tables import RoutingDecisionRow, RoutingRule
from service.web.admin.lines import Line, Names, line
from service.web.words import BROKEN_RULE, MISFIT


@dataclass(frozen=True)
class Passed:
    """A line that did not decide: its number, why (a message id), and what it says, where that is still known."""

    number: int
    why: str
    line: Line | None


@dataclass(frozen=True)
class Why:
    """One decision with the lines that it asked."""

    row: RoutingDecisionRow
    line: Line | None
    """The one that decided."""
    passed: list[Passed]


def why_here(request: Request, session: Session, rows: Sequence[RoutingDecisionRow], known: Directory) -> list[Why]:
    """Return the decisions of a case, oldest first, as a page tells them."""
    found = lines_named(session, {key for row in rows for key in _named(row)})
    named = Names(known.areas.places, known.people, known.catalogue.topics)

    def said(row: RoutingDecisionRow, number: int | None) -> Line | None:
        rule: RoutingRule | None = found.get((row.rule_version or 0, number or 0))
        return line(request, rule, named) if rule is not None else None

    return [
        Why(
            row,
            said(row, row.rule_id),
            [Passed(number, why, said(row, number)) for number, why in _passed(row.reasons)],
        )
        for row in rows
    ]


def _named(row: RoutingDecisionRow) -> list[tuple[int, int]]:
    numbers = [number for number, _ in _passed(row.reasons)]
    return [(row.rule_version, number) for number in (*numbers, row.rule_id) if row.rule_version and number]


def _passed(reasons: Mapping[str, Any]) -> list[tuple[int, str]]:
    misfits = [(one["rule"], MISFIT.get(one["why"], one["why"])) for one in reasons.get("misfits", ())]
    broken = [(one["rule"], BROKEN_RULE.get(one["why"], one["why"])) for one in reasons["passed_over"]]
    return [*misfits, *broken]
