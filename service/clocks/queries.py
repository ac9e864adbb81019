"""Which promise packs are there, and which clocks run on a case?"""

from collections.abc import Collection
from functools import lru_cache

from sqlmodel import Session, col, select

from service.clocks.tables import ClockRow, PolicyBookRow
from service.errors import ServiceError
from service.settings import get_settings
from sla_policies.clock import Clock, ClockEvent
from sla_policies.documents import book_from_texts, packaged_book, read_book
from sla_policies.policy import PolicyBook, SlaPolicy

_books: dict[str, PolicyBook] = {}


class PolicyVanishedError(ServiceError):
    """A clock names a promise pack whose text is not in the database."""

    status, code = 500, "policy-vanished"
    sentence = "The text of the promise “{hash}” is missing. Restore it from a backup."


@lru_cache
def current_book() -> PolicyBook:
    """Return the promise pack that new cases get in this process."""
    folder = get_settings().policies_dir
    if folder is None:
        return packaged_book()
    return read_book(folder / "policies" / "national.yaml", folder / "calendars")


def book(session: Session, digest: str) -> PolicyBook:
    """Return the promise pack with that hash, from memory or from its stored texts.

    Errors: PolicyVanishedError.
    """
    if digest == current_book().hash:
        return current_book()
    if digest not in _books:
        row = session.get(PolicyBookRow, digest)
        if row is None:
            raise PolicyVanishedError(hash=digest)
        _books[digest] = book_from_texts(row.texts)
    return _books[digest]


def policy_of(row: ClockRow, from_book: PolicyBook) -> SlaPolicy:
    """Return the policy a clock was made from."""
    return from_book.by_name[row.policy]


def as_clock(row: ClockRow, from_book: PolicyBook) -> Clock:
    """Return the clock of a row: everything is derived from its events and its pinned policy."""
    target = policy_of(row, from_book).targets[row.metric]
    events = tuple(ClockEvent.from_json(event) for event in row.events)
    return Clock(target=target, calendar=from_book.calendars[target.calendar], events=events)


def of_case(session: Session, case_id: int) -> list[ClockRow]:
    """Return the clocks of a case, the newest instance of each metric last."""
    found = select(ClockRow).where(ClockRow.case_id == case_id).order_by(col(ClockRow.instance), col(ClockRow.id))
    return list(session.exec(found))


def of_cases(session: Session, case_ids: Collection[int]) -> dict[int, list[ClockRow]]:
    """Return the clocks of many cases by case, in one query."""
    found: dict[int, list[ClockRow]] = {case_id: [] for case_id in case_ids}
    if found:
        wanted = select(ClockRow).where(col(ClockRow.case_id).in_(found)).order_by(col(ClockRow.instance))
        for row in session.exec(wanted):
            found[row.case_id].append(row)
    return found
