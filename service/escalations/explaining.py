"""Why are the promises of a case due when they are, and which steps were taken?"""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from service.clocks.explaining import calendar_texts
from service.clocks.queries import book
from service.escalations.queries import taken
from service.escalations.tables import Escalation
from service.handling.promises import facts_of
from service.handling.queries import CaseView, PromiseView, promises
from sla_policies.explaining import MOST_ROWS, Explanation, Taken, explain
from sla_policies.policy import INSIDE, Considered, PolicyBook, choose_policy


def explanations(
    session: Session, seen: CaseView, now: datetime, *, most_rows: int = MOST_ROWS
) -> list[tuple[PromiseView, Explanation]]:
    """Return each promise of a case and the time of each order, explained from the policy text that it is pinned to."""
    every = [*seen.promises, *promises(session, seen.case, inside=True)]
    ledger = taken(session, [one.row.id or 0 for one in every])
    found = []
    for one in every:
        its_book = book(session, one.row.book_hash)
        told = explain(
            one.clock,
            one.policy,
            now,
            names=calendar_texts(its_book).names,
            considered=() if one.row.metric in INSIDE else _considered(its_book, seen),
            taken=tuple(_taken(ledger.get(one.row.id or 0, ()))),
            instance=one.row.instance,
            most_rows=most_rows,
        )
        found.append((one, told))
    return found


def _considered(its_book: PolicyBook, seen: CaseView) -> tuple[Considered, ...]:
    return choose_policy(its_book, facts_of(seen.case, seen.known)).considered


def _taken(ledger: Iterable[Escalation]) -> Iterable[Taken]:
    return (Taken(e.step, e.arm, e.due_at, e.raised_at, e.skipped) for e in ledger)
