"""How does a promise as it was made stand beside the same promise of another text?"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from sla_policies.policy import CaseFacts, Metric, PolicyBook, SlaPolicy
from sla_policies.what_if import Rule, changed_steps, counts_alike, rule_of, says_alike, successor

MOST_KEPT = 100_000
"""Answers that a comparison keeps."""


class FactsRow(Protocol):
    """What a policy may ask about a case, as the row of a case or of a query gives it."""

    @property
    def grade(self) -> Any: ...  # noqa: ANN401, D102  # An enum or its text.
    @property
    def category_id(self) -> int: ...  # noqa: D102
    @property
    def area_id(self) -> int: ...  # noqa: D102
    @property
    def channel(self) -> str: ...  # noqa: D102
    @property
    def focus_groups(self) -> list[str]: ...  # noqa: D102


@dataclass
class Pair:
    """A promise as it was made and as the new text makes it; None where one does not make it."""

    old: Rule | None
    new: Rule | None

    @cached_property
    def says_alike(self) -> bool:
        """Do both say the same?"""
        return self.old is not None and self.new is not None and says_alike(self.old, self.new)

    @cached_property
    def counts_alike(self) -> bool:
        """Do both always give the same due time?"""
        return self.old is not None and self.new is not None and counts_alike(self.old, self.new)

    @cached_property
    def asks_alike(self) -> bool:
        """Is it fulfilled by the same?"""
        return self.old is None or self.new is None or self.old.target.satisfied_by == self.new.target.satisfied_by

    @cached_property
    def steps(self) -> tuple[str, ...]:
        """Which steps are heard by others, as `Effect.steps` names them."""
        if self.old is None or self.new is None:
            return ()
        where = f"{self.new.policy.name}|{self.new.target.metric}"
        found = changed_steps(self.old, self.new).items()
        return tuple(f"{where}|{step}|{','.join(heard)}|{','.join(hears)}" for step, (heard, hears) in found)


@dataclass
class Comparison:
    """A new text beside the texts that cases are pinned to; every question is answered once."""

    new: PolicyBook
    book: Callable[[str], PolicyBook]
    """The text with a hash."""
    facts: Callable[[FactsRow], CaseFacts]
    _policies: dict[tuple[Any, ...], SlaPolicy | None] = field(default_factory=dict)
    _pairs: dict[tuple[str, str, Metric, str | None], Pair] = field(default_factory=dict)

    def policy_after(self, digest: str | None, name: str | None, row: FactsRow) -> SlaPolicy | None:
        """Return the policy of a case under the new text. Errors: what `book` raises."""
        key = (digest, name, row.grade, row.category_id, row.area_id, row.channel, *row.focus_groups)
        if key not in self._policies:
            if len(self._policies) >= MOST_KEPT:
                self._policies.clear()
            old = self.book(digest) if digest else None
            self._policies[key] = successor(old, self.new, name, self.facts(row))
        return self._policies[key]

    def pair(self, digest: str, name: str, metric: Metric, after: SlaPolicy | None) -> Pair:
        """Return a promise as it was made and as the new text makes it. Errors: what `book` raises."""
        key = (digest, name, metric, after.name if after else None)
        if key not in self._pairs:
            old = self.book(digest)
            self._pairs[key] = Pair(rule_of(old, old.by_name.get(name), metric), rule_of(self.new, after, metric))
        return self._pairs[key]
