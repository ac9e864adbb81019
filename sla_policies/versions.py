"""Which version of a promise pack holds on a day, and do its versions follow each other without overlap or gap?"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from sla_policies.calendar_files import ROUND_THE_CLOCK
from sla_policies.documents import POLICY, read_book
from sla_policies.policy import PolicyBook
from sla_policies.reading import KNOWN_ARE, DocumentInvalidError, Problem

ONE_DAY = timedelta(days=1)


def pack_names(policies_dir: Path) -> list[str]:
    """Return the names of the packs of a folder: what stands before the first dot of a file's name."""
    return sorted({path.name.split(".")[0] for path in policies_dir.glob("*.yaml")})


def read_versions(folder: Path, pack: str, *, categories: Collection[str] | None = None) -> tuple[PolicyBook, ...]:
    """Read all versions of a pack, `policies/PACK.yaml` and `policies/PACK.*.yaml`, with the calendars of the folder.

    The oldest comes first. Errors: DocumentInvalidError with everything that is wrong in any of them or between them.
    """
    policies_dir = folder / "policies"
    paths = sorted(path for path in policies_dir.glob("*.yaml") if path.name.split(".")[0] == pack)
    problems: list[Problem] = []
    if not paths:
        facts = {"pack": pack, "known": ", ".join(pack_names(policies_dir)) or "—"}
        problems.append(Problem(str(policies_dir), 1, "There is no promise pack {pack}.", KNOWN_ARE, facts))
    books = []
    for path in paths:
        try:
            books.append(read_book(path, folder / "calendars", categories=categories))
        except DocumentInvalidError as why:
            problems += why.problems
    books.sort(key=lambda book: book.effective_from)
    problems += [problem for book in books for problem in _misnamed(book, pack)]
    if problems or len(books) < len(paths):
        raise DocumentInvalidError(set(problems))
    if problems := list(_between(books)):
        raise DocumentInvalidError(problems)
    return tuple(books)


def effective_at(books: Sequence[PolicyBook], at: datetime) -> PolicyBook:
    """Return the version that holds at a moment, by the date in the calendars' zone.

    Before the first version that one holds already: a case never waits for a promise. Errors: ValueError for a naive
    time.
    """
    day = books[0].calendars[ROUND_THE_CLOCK].date_of(at)
    return next((book for book in reversed(books) if book.effective_from <= day), books[0])


def _misnamed(book: PolicyBook, pack: str) -> Iterator[Problem]:
    if book.name != pack:
        what = "The file of {pack} holds the pack {other}."
        mend = "Call the file {other}.yaml or {other}.{version}.yaml, or write name: {pack}."
        facts = {"pack": pack, "other": book.name, "version": book.version}
        yield Problem(_file(book), _line(book, "name"), what, mend, facts)


def _between(books: Sequence[PolicyBook]) -> Iterator[Problem]:
    """Yield what is wrong between versions: told at the later one, or at the last one's end."""
    for before, after in pairwise(books):
        at = (_file(after), _line(after, "effective_from"))
        ends = before.effective_until
        if before.version == after.version:
            what, facts = "{file} is version {version} too.", {"file": _file(before), "version": before.version}
            yield Problem(_file(after), _line(after, "version"), what, "Give each text its own version.", facts)
        if before.effective_from == after.effective_from or (ends and ends >= after.effective_from):
            what = "The versions {before} and {after} overlap on {day}."
            facts = {"before": before.version, "after": after.version, "day": str(after.effective_from)}
            yield Problem(*at, what, "Let the earlier one end the day before this one begins.", facts)
        elif ends and ends + ONE_DAY < after.effective_from:
            what = "No version holds from {first} to {last}."
            facts = {"first": str(ends + ONE_DAY), "last": str(after.effective_from - ONE_DAY)}
            yield Problem(*at, what, "Let one begin the day after the other ends, or remove effective_until.", facts)
    if books[-1].effective_until:
        what, facts = "No version holds after {last}.", {"last": str(books[-1].effective_until)}
        mend = "Remove effective_until: a version ends by itself where the next begins."
        yield Problem(_file(books[-1]), _line(books[-1], "effective_until"), what, mend, facts)


def _file(book: PolicyBook) -> str:
    return next(name for name in book.texts if name.startswith(POLICY))


def _line(book: PolicyBook, key: str) -> int:
    """Return the line on which a key of the file stands; 1 for one that is not written at the beginning of a line."""
    lines = book.texts[_file(book)].splitlines()
    return next((number for number, line in enumerate(lines, 1) if line.startswith(f"{key}:")), 1)
