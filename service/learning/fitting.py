"""How are weights found from texts whose label is known? The one place that uses scikit-learn, loaded when it runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.categories.grams import counts
from service.categories.model import Model, as_chances

FOLDS, INNER_FOLDS = 5, 4
STRENGTH = 0.5
"""How closely weights follow the texts (C of the support vector machine)."""
HINT_WEIGHS = 0.5
"""What the catalogue's own words of a topic count for, beside a text that staff settled."""
FEWEST_TEXTS, MOST_IDS = 2, 60_000
"""What stands in one text alone says nothing of others; beyond so many numbers the rarest are left out."""
SHARPNESSES = np.geomspace(0.5, 20, 60)
SEED = 20260101


@dataclass(frozen=True)
class Example:
    """A text and the label it belongs to."""

    title: str
    text: str
    label: str


Examples = Sequence[Example]


def fit(examples: Examples, hints: Examples = ()) -> Model:
    """Return a calibrated model of at least two labels: its sharpness is found on texts that it had not seen.

    `hints` are words of a label that nobody wrote, such as its keywords.
    """
    return fit_with(examples, hints, *unseen_scores(examples, hints, folds=INNER_FOLDS))


def fit_with(examples: Examples, hints: Examples, scores: NDArray[np.float32], labels: list[str]) -> Model:
    """Return the model of all examples, its sharpness found on what `unseen_scores` gave for them."""
    return _fit(examples, hints, _sharpness(scores, labels, [one.label for one in examples]))


def unseen_chances(examples: Examples, hints: Examples = ()) -> tuple[NDArray[np.float32], list[str]]:
    """Return for each example the chances of each label by a calibrated model that had not seen it, in five folds."""
    labels = sorted({one.label for one in [*examples, *hints]})
    found = np.zeros((len(examples), len(labels)), dtype=np.float32)
    for held in folds_of([one.label for one in examples], FOLDS):
        model = fit([one for one, is_held in zip(examples, held, strict=True) if not is_held], hints)
        places = [labels.index(label) for label in model.labels]
        for row in np.flatnonzero(held).tolist():
            chances = model.chances(examples[row].title, examples[row].text)
            found[row, places] = list(chances.values())
    return found, labels


def unseen_scores(examples: Examples, hints: Examples, *, folds: int) -> tuple[NDArray[np.float32], list[str]]:
    """Return for each example the scores of each label by a model that had not seen it."""
    labels = sorted({one.label for one in [*examples, *hints]})
    found = np.full((len(examples), len(labels)), -1.0, dtype=np.float32)
    for held in folds_of([one.label for one in examples], folds):
        model = _fit([one for one, is_held in zip(examples, held, strict=True) if not is_held], hints, 1.0)
        places = [labels.index(label) for label in model.labels]
        for row in np.flatnonzero(held).tolist():
            found[row, places] = model.scores(*counts(examples[row].title, examples[row].text))
    return found, labels


def folds_of(labels: Sequence[str], folds: int) -> list[NDArray[np.bool_]]:
    """Return which texts are held back in each fold: every label is spread evenly, always the same way."""
    order = np.random.default_rng(SEED).permutation(len(labels))
    order = order[np.argsort(np.array(labels)[order], kind="stable")]
    fold = np.empty(len(labels), dtype=int)
    fold[order] = np.arange(len(labels)) % folds
    return [fold == number for number in range(folds)]


def _fit(examples: Examples, hints: Examples, sharpness: float) -> Model:
    from sklearn.svm import LinearSVC

    every = [*examples, *hints]
    matrix, ids, rarity = _matrix(every)
    learner = LinearSVC(C=STRENGTH, class_weight="balanced", random_state=0)
    weighs = np.concatenate([np.ones(len(examples)), np.full(len(hints), HINT_WEIGHS)])
    learner.fit(matrix, [one.label for one in every], sample_weight=weighs)
    weights, bias = learner.coef_.T, learner.intercept_
    if len(learner.classes_) == 2:
        weights, bias = np.hstack([-weights, weights]), np.concatenate([-bias, bias])
    labels = tuple(str(label) for label in learner.classes_)
    return Model(labels, ids, weights.astype(np.float16), bias.astype(np.float32), rarity.astype(np.float16), sharpness)


def _matrix(every: Examples) -> tuple[Any, NDArray[np.int32], NDArray[np.float32]]:
    """Return one row of length 1 for each text, the numbers that count as columns, and how much each counts."""
    from scipy.sparse import csr_matrix

    rows = [counts(one.title, one.text) for one in every]
    every_id, seen = np.unique(np.concatenate([ids for ids, _ in rows]), return_counts=True)
    fewest = max(FEWEST_TEXTS, int(np.sort(seen)[-MOST_IDS:][0]))
    known, seen = every_id[seen >= fewest], seen[seen >= fewest]
    rarity = (1 + np.log((1 + len(rows)) / (1 + seen))).astype(np.float32)
    columns, values, starts = [], [], [0]
    for ids, said in rows:
        _, there, column = np.intersect1d(ids, known, assume_unique=True, return_indices=True)
        weighed = said[there] * rarity[column]
        columns.append(column)
        values.append(weighed / (np.linalg.norm(weighed) or 1))
        starts.append(starts[-1] + len(column))
    matrix = csr_matrix((np.concatenate(values), np.concatenate(columns), starts), shape=(len(rows), len(known)))
    return matrix, known.astype(np.int32), rarity


def _sharpness(scores: NDArray[np.float32], labels: list[str], right: list[str]) -> float:
    """Return the sharpness under which what was right was least surprising."""
    places, rows = [labels.index(label) for label in right], np.arange(len(right))
    surprise = [-np.log(as_chances(scores, s)[rows, places] + 1e-9).mean() for s in SHARPNESSES]
    return float(SHARPNESSES[int(np.argmin(surprise))])
