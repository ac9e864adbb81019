"""Which cases and ended promises can another text touch at all? Only those are read one by one."""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col

from service.cases.tables import Case
from service.clocks.queries import book
from service.clocks.tables import ClockRow, PolicyBookRow
from sla_policies.policy import INSIDE, Metric, PolicyBook
from sla_policies.what_if import Rule, chooses_alike, counts_alike, rule_of, says_alike

CASES = Case.__table__  # type: ignore[attr-defined]
CLOCKS = ClockRow.__table__  # type: ignore[attr-defined]
OF_CASES = CLOCKS.c.metric.not_in(INSIDE)
"""What was promised to a case, and no order on it."""
Key = tuple[str, str, Metric]
"""A promise as it was made: the hash of its text, its policy, and what is promised."""


@dataclass(frozen=True)
class Concerned:
    """What differs between the texts that cases are pinned to and another one."""

    policies: frozenset[tuple[str, str]]
    """(text, policy) of which any promise differs."""
    rules: dict[Key, tuple[Rule, Rule | None]]
    """Promises whose due time differs: as they were made, and as they would be; None: not any more."""
    books: frozenset[str]
    """Texts under which cases were given policies in another way: every case of them may be touched."""

    def cases(self) -> sa.ColumnElement[bool]:
        """Return the condition for rows of cases: they have a promise that differs, or none yet."""
        key = sa.tuple_(CLOCKS.c.book_hash, CLOCKS.c.policy)
        differs = sa.or_(CLOCKS.c.book_hash.in_(sorted(self.books)), key.in_(sorted(self.policies)))
        return sa.or_(CASES.c.policy.is_(None), sa.exists().where(CLOCKS.c.case_id == CASES.c.id, OF_CASES, differs))

    def promises(self) -> sa.ColumnElement[bool]:
        """Return the condition for rows of clocks: they may be judged in another way."""
        key = sa.tuple_(CLOCKS.c.book_hash, CLOCKS.c.policy, CLOCKS.c.metric)
        return sa.and_(OF_CASES, sa.or_(CLOCKS.c.book_hash.in_(sorted(self.books)), key.in_(sorted(self.rules))))

    @property
    def judges_alike(self) -> bool:
        """Would every ended promise be judged as it was?"""
        return not self.rules and not self.books


def concerned(session: Session, new: PolicyBook) -> Concerned:
    """Return what a new text can touch, compared with every text that is kept. Errors: DocumentInvalidError."""
    policies: set[tuple[str, str]] = set()
    rules: dict[Key, tuple[Rule, Rule | None]] = {}
    books: set[str] = set()
    for digest in session.scalars(sa.select(col(PolicyBookRow.hash))):
        old = book(session, digest)
        if not chooses_alike(old, new):
            books.add(digest)
            continue
        for name, metric, before, after in _pairs(old, new):
            if before is None or after is None or not (says_alike(before, after) and counts_alike(before, after)):
                policies.add((digest, name))
            if before is not None and (after is None or not counts_alike(before, after)):
                rules[digest, name, metric] = before, after
    return Concerned(frozenset(policies), rules, frozenset(books))


def _pairs(old: PolicyBook, new: PolicyBook) -> Iterator[tuple[str, Metric, Rule | None, Rule | None]]:
    """Yield every promise of either text: its policy, what it is, as it was and as it would be."""
    for policy in old.policies:
        successor = new.by_name[policy.name]
        for metric in {**policy.targets, **successor.targets}:
            yield policy.name, metric, rule_of(old, policy, metric), rule_of(new, successor, metric)
