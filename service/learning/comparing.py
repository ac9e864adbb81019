"""How do what is learnt, the keywords and a majority guess do on the same labelled texts?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from service.categories.rules import Catalogue
from service.categories.suggesting import MOST, by_keywords
from service.learning import fitting, measuring
from service.learning.files import hints_of, label_of
from service.learning.fitting import Example


@dataclass(frozen=True)
class Judged:
    """How one way of guessing did."""

    name: str
    count: int
    accuracy: measuring.Share
    macro_f1: measuring.Share
    top_three: measuring.Share | None = None
    reliability: list[measuring.Reliable] = field(default_factory=list)


def compare(
    examples: Sequence[Example], others: Sequence[Example], catalogue: Catalogue, labels: Mapping[str, str]
) -> list[Judged]:
    """Return how each way of guessing did on the examples, in five folds; and on `others`, learnt from all examples."""
    right = [one.label for one in examples]
    most = Counter(right).most_common(1)[0][0]
    hints = hints_of(catalogue, labels)
    judged = [
        _plainly("majority guess", right, [most] * len(right)),
        _by_keywords("keyword rules", examples, most, catalogue, labels),
        _judged("what is learnt, in five folds", right, *fitting.unseen_chances(examples, hints)),
    ]
    if others:
        model = fitting.fit(examples, hints)
        chances = np.array([list(model.chances(one.title, one.text).values()) for one in others], dtype=np.float32)
        judged += [
            _by_keywords("keyword rules, other texts", others, most, catalogue, labels),
            _judged("what is learnt, other texts", [one.label for one in others], chances, list(model.labels)),
        ]
    return judged


def _plainly(name: str, right: Sequence[str], guessed: Sequence[str]) -> Judged:
    return Judged(name, len(right), measuring.accuracy(right, guessed), measuring.macro_f1(right, guessed))


def _by_keywords(
    name: str, examples: Sequence[Example], most: str, catalogue: Catalogue, labels: Mapping[str, str]
) -> Judged:
    """Judge the keywords; where they name nothing that has a label, the most frequent label is guessed."""
    guessed, said = [], []
    for one in examples:
        chances = by_keywords(catalogue, f"{one.title}\n{one.text}")
        known = [(label, chance) for code, chance in chances.items() if (label := label_of(code, labels, catalogue))]
        guessed.append(known[0][0] if known else most)
        said.append(known[0][1] if known else 0.0)
    right = [one.label for one in examples]
    rows = measuring.reliability(said, [a == b for a, b in zip(right, guessed, strict=True)])
    plain = _plainly(name, right, guessed)
    return Judged(name, plain.count, plain.accuracy, plain.macro_f1, None, rows)


def _judged(name: str, right: Sequence[str], chances: NDArray[np.float32], labels: list[str]) -> Judged:
    order = np.argsort(-chances, axis=1)[:, :MOST].tolist()
    guessed = [labels[row[0]] for row in order]
    among = [one if one in {labels[place] for place in row} else "" for one, row in zip(right, order, strict=True)]
    hits = [a == b for a, b in zip(right, guessed, strict=True)]
    plain = _plainly(name, right, guessed)
    rows = measuring.reliability(chances.max(axis=1).tolist(), hits)
    return Judged(name, plain.count, plain.accuracy, plain.macro_f1, measuring.accuracy(right, among), rows)
