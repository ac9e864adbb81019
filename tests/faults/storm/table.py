"""How is a round told? One line of a table, and under it what was found."""

from collections import Counter
from dataclasses import dataclass, field

COLUMNS = ("round", "seed", "faults", "cases acknowledged", "steps due", "notices", "findings")
MOST_SHOWN = 12
FEWEST = 20
"""Cases acknowledged, and steps due: with fewer a round shows nothing."""


@dataclass
class Round:
    """What one round was and showed."""

    seed: int
    faults: int = 0
    acknowledged: int = 0
    steps: int = 0
    by_hand: int = 0
    """Of the steps, how many were also told without the engine."""
    notices: int = 0
    repeats: int = 0
    """Copies beyond the first, each with the same Message-ID and a reason."""
    answers: int = 0
    unavailable: int = 0
    unheard: int = 0
    seconds: float = 0.0
    not_probed: list[str] = field(default_factory=list)
    """Which rows could not be refused or held, so that nothing had to pass by them."""
    findings: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    @property
    def is_thin(self) -> bool:
        """Did too little happen for the silence to mean anything?"""
        return not self.findings and (min(self.acknowledged, self.steps) < FEWEST or bool(self.not_probed))

    def cells(self, number: int) -> tuple[str, ...]:
        found = "thin" if self.is_thin else len(self.findings)
        return tuple(map(str, (number, self.seed, self.faults, self.acknowledged, self.steps, self.notices, found)))


def line(cells: tuple[str, ...]) -> str:
    """Return a line of a Markdown table, its cells as wide as the columns' names."""
    return f"| {' | '.join(cell.rjust(len(name)) for cell, name in zip(cells, COLUMNS, strict=True))} |"


def head() -> str:
    """Return the table's head."""
    return f"{line(COLUMNS)}\n|{'|'.join('-' * (len(name) + 1) + ':' for name in COLUMNS)}|"


def told(findings: list[str]) -> str:
    """Return the findings, a line each; of many alike only some."""
    shown = [f"  - {finding}" for finding in findings[:MOST_SHOWN]]
    more = len(findings) - len(shown)
    return "\n".join([*shown, *([f"  - … and {more} more"] if more > 0 else [])])


def summary(rounds: list[Round]) -> str:
    """Return what all rounds come to."""
    total: Counter[str] = Counter()
    for one in rounds:
        for name in ("faults", "acknowledged", "steps", "by_hand", "notices", "repeats", "answers", "unavailable"):
            total[name] += getattr(one, name)
        total["findings"] += len(one.findings)
        total["thin"] += one.is_thin
        total["unheard"] += one.unheard
    return (
        f"{len(rounds)} rounds, {total['faults']} faults: {total['acknowledged']} cases acknowledged,"
        f" {total['steps']} steps due ({total['by_hand']} of them also counted without the engine),"
        f" {total['notices']} notices arrived and {total['repeats']} copies of them a second time for a reason;"
        f" {total['answers']} answers, {total['unavailable']} of them 503, {total['unheard']} requests unheard."
        f" Findings: {total['findings']}. Thin: {total['thin']}."
    )
