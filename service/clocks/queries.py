"""Which promise packs are there, and which clocks run on a case?"""

import re
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa
import structlog
from sqlmodel import Session, col, select

from service.clocks.tables import ClockRow, PolicyBookRow
from service.database import is_any
from service.errors import ServiceError
from service.settings import get_settings
from sla_policies.calendar_files import ROUND_THE_CLOCK
from sla_policies.clock import Clock, ClockEvent
from sla_policies.documents import FOLDER, book_from_texts, text_hash
from sla_policies.policy import INSIDE, Budget, PolicyBook, SlaPolicy
from sla_policies.reading import DocumentInvalidError
from sla_policies.versions import effective_at, read_versions
from sla_policies.work_calendar import WorkCalendar

_books: dict[str, PolicyBook] = {}
_installed: tuple[PolicyBook, ...] | None = None
"""The versions that the database names as installed, as this process learnt it last; None: it has not asked yet."""
log = structlog.get_logger("clocks")
WORKDAYS = "workdays"
"""The calendar of offices with ordinary hours, as the desks' file calls it."""
YEAR_FILE = re.compile(r"calendars/\d{4}\.yaml")


class PolicyVanishedError(ServiceError):
    """A clock names a promise pack whose text is not in the database."""

    status, code = 500, "policy-vanished"
    sentence = "The text of the promise “{hash}” is missing. Restore it from a backup."


@lru_cache
def books_in_folder() -> tuple[PolicyBook, ...]:
    """Return the versions of the promise pack in the folder, the oldest first. Errors: DocumentInvalidError."""
    settings = get_settings()
    return read_versions(settings.policies_dir or FOLDER, settings.policy_pack)


def installed_books() -> tuple[PolicyBook, ...]:
    """Return the versions of this installation's promise pack, the oldest first: as stored, else as in the folder."""
    return _installed or books_in_folder()


def notice_installed(session: Session) -> None:
    """Take over the versions that `jiban migrate` stored since this process asked last; asked every few seconds.

    A version that this process cannot read changes nothing: it works on with what it has, and says so.
    """
    global _installed  # noqa: PLW0603  # One tuple a process; replaced whole, never changed.
    stored = select(PolicyBookRow.hash).where(col(PolicyBookRow.is_installed)).order_by(PolicyBookRow.effective_from)  # type: ignore[arg-type]
    hashes = list(session.exec(stored))
    if hashes and hashes != [each.hash for each in installed_books()]:
        try:
            _installed = tuple(book(session, digest) for digest in hashes)
        except DocumentInvalidError as why:
            log.warning("stored promises not readable", problems=[str(each) for each in why.problems])


def current_book(received_at: datetime) -> PolicyBook:
    """Return the version of the promise pack for cases received at a moment."""
    return effective_at(installed_books(), received_at)


def desk_calendar(at: datetime) -> WorkCalendar:
    """Return the calendar of ordinary workdays in force at a moment; a pack without one knows no days off."""
    return _desk_calendar(current_book(at))


def newest_desk_calendar() -> WorkCalendar:
    """Return the calendar of ordinary workdays as the newest version of the pack knows it."""
    return _desk_calendar(installed_books()[-1])


def _desk_calendar(of: PolicyBook) -> WorkCalendar:
    return of.calendars.get(WORKDAYS, of.calendars[ROUND_THE_CLOCK])


def book(session: Session, digest: str) -> PolicyBook:
    """Return the promise pack with that hash, from memory or from its stored texts.

    Errors: PolicyVanishedError.
    """
    installed = next((book for book in installed_books() if book.hash == digest), None)
    if installed is not None:
        return installed
    if digest not in _books:
        row = session.get(PolicyBookRow, digest)
        if row is None:
            raise PolicyVanishedError(hash=digest)
        _books[digest] = book_from_texts(row.texts, is_stored=True)
    return _books[digest]


def unregistered(session: Session) -> list[PolicyBook]:
    """Return the installed versions whose texts are not in the database yet."""
    return [book for book in installed_books() if session.get(PolicyBookRow, book.hash) is None]


def with_todays_years(made_from: PolicyBook, now: datetime) -> PolicyBook | None:
    """Return the promise pack with the holidays of the years as they are known today; None: nothing new is known."""
    years = {name: text for name, text in current_book(now).texts.items() if YEAR_FILE.fullmatch(name)}
    texts = {**made_from.texts, **years}
    if texts == made_from.texts:
        return None
    digest = text_hash(texts)
    if digest not in _books:
        _books[digest] = book_from_texts(texts, is_stored=True)
    return _books[digest]


def policy_of(row: ClockRow, from_book: PolicyBook) -> SlaPolicy:
    """Return the policy a clock was made from."""
    return from_book.by_name[row.policy]


def as_clock(row: ClockRow, from_book: PolicyBook) -> Clock:
    """Return the clock of a row: everything is derived from its events and its pinned policy.

    The term of an order is its issuer's to say, so that it is the row that knows it.
    """
    target = policy_of(row, from_book).targets[row.metric]
    if row.metric in INSIDE:
        target = replace(target, budget=Budget(row.budget, row.kind))
    events = tuple(ClockEvent.from_json(event) for event in row.events)
    return Clock(target=target, calendar=from_book.calendars[target.calendar], events=events)


def of_case(session: Session, case_id: int) -> list[ClockRow]:
    """Return the clocks of a case, the newest instance of each metric last."""
    found = select(ClockRow).where(ClockRow.case_id == case_id).order_by(col(ClockRow.instance), col(ClockRow.id))
    return list(session.exec(found))


def of_cases(session: Session, case_ids: Collection[int]) -> dict[int, list[ClockRow]]:
    """Return what was promised to many cases by case, in one query; the times of orders are left out."""
    found: dict[int, list[ClockRow]] = {case_id: [] for case_id in case_ids}
    if found:
        of_these = sa.and_(is_any(col(ClockRow.case_id), found), col(ClockRow.metric).not_in(INSIDE))
        for row in session.exec(select(ClockRow).where(of_these).order_by(col(ClockRow.instance))):
            found[row.case_id].append(row)
    return found
