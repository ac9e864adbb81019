"""Which cases of one area and week are about the same matter, each like at least one other of its group?"""

from collections.abc import Iterable, Sequence

import numpy as np

from service.duplicates.rules import LESS_FOR_TOPIC, LIKELY
from service.duplicates.words import Trace, Weights, likenesses


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
    for at in range(len(traces) - 1):
        least = np.where(of_topic[at + 1 :] == of_topic[at], LIKELY * LESS_FOR_TOPIC, LIKELY)
        for after in np.flatnonzero(likenesses(traces[at], traces[at + 1 :], weights) >= least):
            one, other = sorted((lead(at), lead(at + 1 + int(after))))
            leader[other] = one
    found: dict[int, list[int]] = {}
    for at in range(len(traces)):
        found.setdefault(lead(at), []).append(at)
    return [members for members in found.values() if len(members) > 1]
