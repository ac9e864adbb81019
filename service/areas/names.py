"""Which names stand in a text?"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

LEAST = 2
"""Characters of the shortest name that is looked for."""


@dataclass(frozen=True)
class Named:
    """A name found in a text, and the areas it may mean."""

    name: str
    area_ids: frozenset[int]
    is_own: bool
    """It is the name of an area itself, not another name for it or an estate in it."""


def folded(text: str) -> str:
    """Return a text as it is compared: one width, one case."""
    return unicodedata.normalize("NFKC", text).casefold()


class Names:
    """All names of the areas, found by their first two characters: a text is read once, however many there are."""

    def __init__(self, own: Iterable[tuple[str, int]], other: Iterable[tuple[str, int]]) -> None:
        self._own, self._other = _gathered(own), _gathered(other)
        lengths: dict[str, set[int]] = defaultdict(set)
        for name in (*self._own, *self._other):
            lengths[name[:LEAST]].add(len(name))
        self._lengths = {start: sorted(found, reverse=True) for start, found in lengths.items()}

    def find(self, text: str) -> list[Named]:
        """Return the names that stand in the text, in its order; of names that overlap the longest counts."""
        read = folded(text)
        spans = [
            (at, at + length)
            for at in range(len(read) - LEAST + 1)
            for length in self._lengths.get(read[at : at + LEAST], ())
            if self._is_name(read, at, at + length)
        ]
        kept: list[tuple[int, int]] = []
        for start, end in sorted(spans, key=lambda span: (span[0] - span[1], span[0])):
            if all(end <= other_start or start >= other_end for other_start, other_end in kept):
                kept.append((start, end))
        return [self._named(read[start:end]) for start, end in sorted(kept)]

    def _is_name(self, read: str, start: int, end: int) -> bool:
        name = read[start:end]
        if name not in self._own and name not in self._other:
            return False
        return not (_joins(read[start - 1 : start], name[0]) or _joins(name[-1], read[end : end + 1]))

    def _named(self, name: str) -> Named:
        own = self._own.get(name)
        return Named(name, frozenset(own or self._other[name]), is_own=own is not None)


def _gathered(names: Iterable[tuple[str, int]]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for name, area_id in names:
        key = folded(name).strip()
        if len(key) >= LEAST:
            found[key].add(area_id)
    return dict(found)


def _joins(before: str, after: str) -> bool:
    """Do two characters belong to one word or number? Chinese has no word breaks; letters and digits do."""
    return all(len(c) == 1 and c.isascii() and c.isalnum() for c in (before, after))
