"""How good are guesses, and how sure may one be of that?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

RESAMPLED = 1_000
SEED = 20260101
BOUNDS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Where the rows of a reliability table begin and end."""


@dataclass(frozen=True)
class Share:
    """A measure from 0 to 1 with its 95 % confidence interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return '0.757 [0.71, 0.80]'."""
        return f"{self.value:.3f} [{self.low:.2f}, {self.high:.2f}]"


@dataclass(frozen=True)
class Reliable:
    """How often guesses of one range of confidence were right."""

    low: float
    high: float
    count: int
    said: float
    """The mean of what was said."""
    right: float
    """The share that was right."""


def accuracy(right: Sequence[str], guessed: Sequence[str]) -> Share:
    """Return the share of guesses that are right."""
    hits = np.array([a == b for a, b in zip(right, guessed, strict=True)], dtype=float)
    return _share(lambda rows: float(hits[rows].mean()), len(hits))


def macro_f1(right: Sequence[str], guessed: Sequence[str]) -> Share:
    """Return the mean over the labels of F1, the harmonic mean of precision and recall."""
    labels = sorted(set(right))
    a, b = np.array([labels.index(one) for one in right]), np.array([_place(labels, one) for one in guessed])
    return _share(lambda rows: _f1(a[rows], b[rows], len(labels)), len(a))


def reliability(chances: Sequence[float], hits: Sequence[bool]) -> list[Reliable]:
    """Return how often guesses were right, by how sure they were; ranges without any are left out."""
    said, right = np.array(chances), np.array(hits, dtype=float)
    found = []
    for low, high in pairwise(BOUNDS):
        there = (said >= low) & ((said < high) | ((high == BOUNDS[-1]) & (said <= high)))
        if there.any():
            found.append(Reliable(low, high, int(there.sum()), float(said[there].mean()), float(right[there].mean())))
    return found


def _place(labels: list[str], label: str) -> int:
    return labels.index(label) if label in labels else len(labels)


def _f1(right: NDArray[np.int64], guessed: NDArray[np.int64], labels: int) -> float:
    hits = np.bincount(right[right == guessed], minlength=labels)[:labels]
    there = np.bincount(right, minlength=labels)[:labels]
    named = np.bincount(guessed, minlength=labels + 1)[:labels]
    is_known = there + named > 0
    return float((2 * hits[is_known] / (there + named)[is_known]).mean())


def _share(measure: Callable[[NDArray[np.int64]], float], count: int) -> Share:
    """Return a measure of all rows, and of rows drawn again and again (the percentile bootstrap)."""
    dice, every = np.random.default_rng(SEED), np.arange(count)
    drawn = [measure(dice.integers(0, count, count)) for _ in range(RESAMPLED)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Share(measure(every), float(low), float(high))
