"""Which cases of one area and week are about the same matter, each like at least one other of its group?"""

from collections.abc import Iterable, Sequence

import numpy as np

from service.duplicates.rules import LESS_FOR_TOPIC, LIKELY
from service.duplicates.words import Trace, Weights, among


def groups(
    traces: Trace, topics: Sequence[int], joined: Iterable[tuple[int, int]], weights: Weights
) -> list[list[int]]:
    """Return groups of places in `traces`, each of at least two: what is likely the same, and what was joined."""
    leader = list(range(len(traces)))

    def lead(at: int) -> int:
        while leader[at] != at:
            leader[at] = leader[leader[at]]
            at = leader[at]
        return at

    for one, other in joined:
        leader[lead(max(one, other))] = lead(min(one, other))
    of_topic = np.array(topics)
    least = np.where(of_topic[:, None] == of_topic[None, :], LIKELY * LESS_FOR_TOPIC, LIKELY)
    for at, after in zip(*np.nonzero(np.triu(among(traces, weights) >= least, 1)), strict=True):
        one, other = sorted((lead(int(at)), lead(int(after))))
        leader[other] = one
    found: dict[int, list[int]] = {}
    for at in range(len(traces)):
        found.setdefault(lead(at), []).append(at)
    return [members for members in found.values() if len(members) > 1]
