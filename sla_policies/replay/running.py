"""How do many cases go, one by one, and how many agree?"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sla_policies.replay.cases import BASE, Case, CaseBrokenError, read_case
from sla_policies.replay.comparing import agrees, asked
from sla_policies.replay.deadlines import deadline
from sla_policies.replay.lifecycles import lifecycle
from sla_policies.replay.workdays import notice_parse, workday, workday_count, year_balance
from sla_policies.replay.working_time import add_working_time, working_time_between

ADAPTERS: Mapping[str, Callable[[Case], dict[str, Any]]] = {
    "add_working_time": add_working_time,
    "working_time_between": working_time_between,
    "deadline": deadline,
    "lifecycle": lifecycle,
    "workday": workday,
    "workday_count": workday_count,
    "year_balance": year_balance,
    "notice_parse": notice_parse,
}
OFFERED = frozenset({"day_mode_clip_to_last_hour"})
"""Meanings of other systems that the engine has on purpose: workdays that end at close of business."""
MALFORMED = (CaseBrokenError, KeyError, TypeError, AttributeError, IndexError)
REFUSED_BY_ENGINE = (ValueError, OverflowError)


class Verdict(StrEnum):
    """How a case went."""

    PASSED = "passed"
    FAILED = "failed"
    REFUSED = "refused"


class Variant(StrEnum):
    """Which meaning cases are replayed with."""

    BASE = "base"
    """Our own: cases of another meaning are refused."""
    AS_RECORDED = "as-recorded"
    """That of each case, where the engine has it."""


@dataclass(frozen=True)
class Outcome:
    """What became of one line."""

    line: int
    verdict: Verdict
    kind: str
    case: Case | None = None
    got: Mapping[str, Any] = field(default_factory=dict)
    """What the engine said, as far as the case asks about it."""
    why: str = ""
    """Why the line cannot be replayed."""


@dataclass
class Tally:
    """How many cases of each kind went how."""

    counts: Counter[tuple[str, Verdict]] = field(default_factory=Counter)

    def note(self, outcome: Outcome) -> None:
        """Count one more."""
        self.counts[outcome.kind, outcome.verdict] += 1

    def number(self, verdict: Verdict, kind: str | None = None) -> int:
        """Return how many cases went so, of one kind or of all."""
        return sum(n for (one, went), n in self.counts.items() if went is verdict and kind in (None, one))

    @property
    def kinds(self) -> list[str]:
        """The kinds that were there, in order."""
        return sorted({kind for kind, _ in self.counts})


def replay(
    lines: Iterable[str | bytes], *, variant: Variant = Variant.BASE, skip: Collection[str] = ()
) -> Iterator[Outcome]:
    """Yield what becomes of each line, while they are read; empty lines are passed over.

    A line that is no case, and a kind that is neither known nor among those to `skip`, has failed.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _outcome(number, line, variant, skip)


def _outcome(number: int, line: str | bytes, variant: Variant, skip: Collection[str]) -> Outcome:
    try:
        case = read_case(line)
    except CaseBrokenError as why:
        return Outcome(number, Verdict.FAILED, "broken", why=str(why))
    if case.kind in skip:
        return Outcome(number, Verdict.REFUSED, case.kind, case, why="This kind is skipped.")
    if case.kind not in ADAPTERS:
        return Outcome(number, Verdict.FAILED, case.kind, case, why=f"The kind “{case.kind}” is not known.")
    if case.verdict != BASE and (variant is Variant.BASE or case.verdict not in OFFERED):
        return Outcome(number, Verdict.REFUSED, case.kind, case, why=f"Another meaning: {case.verdict}.")
    try:
        got = ADAPTERS[case.kind](case)
    except MALFORMED as why:
        said = f"“{why.args[0]}” is missing" if isinstance(why, KeyError) and why.args else str(why)
        return Outcome(number, Verdict.FAILED, case.kind, case, why=f"The case cannot be read: {said}.")
    except REFUSED_BY_ENGINE as why:
        got = {"error": True, "why": str(why)}
    verdict = Verdict.PASSED if agrees(case.expected, got) else Verdict.FAILED
    return Outcome(number, verdict, case.kind, case, asked(case.expected, got))
