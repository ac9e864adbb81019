"""How often are two messages that somebody marked as one issue recognised, and how often is the answer right?

    python tests/bench/duplicate_pairs.py hot_issues.csv.gz

Columns id, title, text, time, area, cluster_ref; `cluster_ref` names the issue of those that are marked. A pair counts
when at least one of the two is marked: it is the same issue where both bear the same mark, and none where they do not.
Of two unmarked ones nobody knows. The threshold is chosen on one half of the issues and of the unmarked messages and
measured on the other half, both ways; then the thresholds of service/duplicates/rules.py are measured on each half.
"""

import argparse
import csv
import gzip
import platform
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.duplicates.rules import ALIKE, LIKELY
from service.duplicates.words import Weights, likenesses, shares_of, trace

ANYWHERE = ("", "A市")
"""What a message says of its district that names none: the whole city."""
LEARNT_FROM = 2_000
SPANS = {"at any time": None, "within 90 days": 90, "within 30 days": 30, "within 7 days": 7}
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Pairs:
    """Likeness and truth of pairs of messages."""

    likeness: NDArray[np.float32]
    same: Flags

    def at(self, threshold: float) -> tuple[float, float, float]:
        """Return precision, recall and F1 of what is at least so alike."""
        said = self.likeness >= threshold
        right = int((said & self.same).sum())
        precision, recall = right / max(int(said.sum()), 1), right / max(int(self.same.sum()), 1)
        return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)

    def best(self) -> float:
        """Return the threshold with the highest F1."""
        return float(max(np.arange(0.02, 0.6, 0.005), key=lambda one: self.at(float(one))[2]))


class Messages:
    """The messages of a file, with how like each marked one is to every other."""

    def __init__(self, rows: list[dict[str, str]]) -> None:
        self.marks = np.array([row["cluster_ref"] for row in rows])
        self.areas = np.array([row["area"] for row in rows])
        self.days = np.array([datetime.fromisoformat(row["time"]).timestamp() / 86_400 for row in rows])
        self.second = np.array([zlib.crc32(row["id"].encode()) % 2 == 1 for row in rows])
        texts = [f"{row['title']}\n{row['text']}" for row in rows]
        weights = shares_of(texts[:: max(1, len(texts) // LEARNT_FROM)]).weights
        traces = np.array([trace(row["title"], row["text"], weights) for row in rows])
        self.marked = np.flatnonzero(self.marks != "")
        self.likeness = {int(i): self._like(traces, int(i), weights) for i in self.marked}

    @staticmethod
    def _like(traces: Any, at: int, weights: Weights) -> NDArray[np.float32]:
        return likenesses(traces[at], traces, weights)

    def pairs(self, issues: list[str], *, second: bool, days: int | None) -> Pairs:
        """Return every pair with one of these issues and the unmarked messages of one half."""
        found = [*self._of(issues, second=second, days=days)]
        return Pairs(np.concatenate([a for a, _ in found]), np.concatenate([b for _, b in found]))

    def _of(self, issues: list[str], *, second: bool, days: int | None) -> Iterator[tuple[Any, Flags]]:
        there = np.isin(self.marks, issues) | ((self.marks == "") & (self.second == second))
        for at in (int(i) for i in self.marked if self.marks[i] in issues):
            counts = there & self._near(at)
            counts[[i for i in self.marked if i <= at]] = False  # Each pair once, none with itself.
            if days is not None:
                counts &= np.abs(self.days - self.days[at]) <= days
            yield self.likeness[at][counts], self.marks[counts] == self.marks[at]

    def _near(self, at: int) -> Flags:
        if self.areas[at] in ANYWHERE:
            return np.ones(len(self.areas), bool)
        return np.isin(self.areas, [self.areas[at], *ANYWHERE])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    path = parser.parse_args().file
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        messages = Messages(list(csv.DictReader(file)))
    issues = sorted({str(mark) for mark in messages.marks} - {""})
    halves = {"first": (issues[::2], False), "second": (issues[1::2], True)}
    print(f"{platform.machine()}, Python {platform.python_version()}; {len(messages.marks)} messages,")
    print(f"{len(messages.marked)} of them marked as {len(issues)} issues: {', '.join(issues)}")
    for name, days in SPANS.items():
        of = {half: messages.pairs(names, second=second, days=days) for half, (names, second) in halves.items()}
        print(f"\nPairs {name}: {' and '.join(str(int(p.same.sum())) for p in of.values())} of the same issue")
        for here, there in (("first", "second"), ("second", "first")):
            best = of[here].best()
            print(f"  chosen on the {here:<6} half {best:.3f}, on the {there:<6} {_said(of[there].at(best))}")
        for called, threshold in (("ALIKE", ALIKE), ("LIKELY", LIKELY)):
            for half, found in of.items():
                print(f"  {called:<6} {threshold:.3f} on the {half:<6} half {_said(found.at(threshold))}")


def _said(measured: tuple[float, float, float]) -> str:
    return "precision {:.3f}  recall {:.3f}  F1 {:.3f}".format(*measured)


if __name__ == "__main__":
    main()
