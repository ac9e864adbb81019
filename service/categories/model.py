"""How likely is each topic, by what was learnt? Plain numpy: nothing that learns is needed to serve."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.categories.grams import Ids, Values, counts

FORMAT = 1


@dataclass(frozen=True)
class Model:
    """One line of weights for each number of grams.counts that counts, one column for each label."""

    labels: tuple[str, ...]
    ids: NDArray[np.int32]
    """The numbers that count, ascending."""
    weights: NDArray[np.float16]
    bias: NDArray[np.float32]
    rarity: NDArray[np.float16]
    """What a number counts for: the rarer among the texts learnt from, the more."""
    sharpness: float
    """How sure its scores are, so that what it calls 90 % is right nine times in ten."""

    def chances(self, title: str, text: str) -> dict[str, float]:
        """Return the chance of each label, from 0 to 1; together they are 1."""
        scores = self.scores(*counts(title, text))
        return dict(zip(self.labels, as_chances(scores, self.sharpness).tolist(), strict=True))

    def scores(self, ids: Ids, values: Values) -> NDArray[np.float32]:
        """Return one score for each label."""
        lines = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        is_known = self.ids[lines] == ids
        lines = lines[is_known]
        weighed = values[is_known] * self.rarity[lines].astype(np.float32)
        length = float(np.linalg.norm(weighed)) or 1.0
        found: NDArray[np.float32] = (weighed / length) @ self.weights[lines].astype(np.float32) + self.bias
        return found

    def to_bytes(self) -> bytes:
        """Return the model as it is kept in the database."""
        file = io.BytesIO()
        np.savez_compressed(
            file,
            format=np.array(FORMAT),
            labels=np.array(self.labels, dtype=np.str_),
            ids=self.ids,
            weights=self.weights,
            bias=self.bias,
            rarity=self.rarity,
            sharpness=np.array(self.sharpness),
        )
        return file.getvalue()


def from_bytes(kept: bytes) -> Model:
    """Return a model that was kept; it holds numbers and labels, and nothing of it is ever run.

    Errors: ValueError, KeyError or OSError where it is none of this version's.
    """
    with np.load(io.BytesIO(kept), allow_pickle=False) as file:
        labels, weights = tuple(str(one) for one in file["labels"]), file["weights"]
        if int(file["format"]) != FORMAT or weights.shape != (len(file["ids"]), len(labels)):
            raise ValueError("the model is of another version")
        return Model(labels, file["ids"], weights, file["bias"], file["rarity"], float(file["sharpness"]))


def as_chances(scores: NDArray[np.float32], sharpness: float) -> NDArray[np.float32]:
    """Return the scores of each row as chances that add up to 1."""
    sharp = scores * np.float32(sharpness)
    powers: NDArray[np.float32] = np.exp(sharp - sharp.max(axis=-1, keepdims=True))
    chances: NDArray[np.float32] = powers / powers.sum(axis=-1, keepdims=True)
    return chances
