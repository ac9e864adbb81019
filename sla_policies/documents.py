"""What do the policy and calendar files say, or what is wrong with them, on which line?"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from sla_policies.calendar_files import (
    DeskHours,
    YearDays,
    build_calendars,
    check_years,
    read_hours,
    read_year,
)
from sla_policies.climbing_checks import climbing_findings
from sla_policies.policy import PolicyBook
from sla_policies.policy_checks import Finding, findings
from sla_policies.policy_files import Pack, PolicyReader
from sla_policies.reading import DocumentInvalidError, Node, Problem, Reader
from sla_policies.work_calendar import WorkCalendar

__all__ = ["DocumentInvalidError", "Problem", "book_from_texts", "packaged_book", "parse_policy", "read_book"]

LARGEST_FILE = 1_000_000
DEEPEST = 12
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
FOLDER = Path(__file__).parent
POLICY, CALENDARS = "policies/", "calendars/"


@lru_cache
def packaged_book() -> PolicyBook:
    """Return the national default that comes with the package."""
    return read_book(FOLDER / "policies" / "national.yaml", FOLDER / "calendars")


def read_book(policy_path: Path, calendars_dir: Path, *, categories: Collection[str] | None = None) -> PolicyBook:
    """Read a policy file with all calendars of a folder.

    With `categories` given, conditions must name known ones. Errors: DocumentInvalidError with every problem found.
    """
    problems: list[Problem] = []
    texts = {POLICY + policy_path.name: _text_of(policy_path, problems)}
    calendar_files = sorted(calendars_dir.glob("*.yaml"))
    if not calendar_files:
        problems.append(Problem(str(calendars_dir), 1, "There are no calendars here.", "Add files named *.yaml."))
    texts |= {CALENDARS + path.name: _text_of(path, problems) for path in calendar_files}
    if problems:
        raise DocumentInvalidError(problems)
    return book_from_texts(texts, categories=categories)


def book_from_texts(
    texts: Mapping[str, str], *, categories: Collection[str] | None = None, is_stored: bool = False
) -> PolicyBook:
    """Read a book from its texts: file name below the policies folder → text. Errors: DocumentInvalidError.

    What `is_stored` was accepted once: of a text from before ladders climbed it is not asked how they do.
    """
    texts = {name: text.replace("\r\n", "\n") for name, text in sorted(texts.items())}
    problems: list[Problem] = []
    calendars = _calendars({n: t for n, t in texts.items() if n.startswith(CALENDARS)}, problems)
    packs = {n: _pack(t, n, calendars, problems, categories) for n, t in texts.items() if n.startswith(POLICY)}
    if not is_stored and not problems:
        for name, pack in packs.items():
            _note(climbing_findings(pack), Reader(name, problems))
    if len(packs) != 1:
        facts = {"count": str(len(packs))}
        problems.append(Problem(POLICY, 1, "There are {count} policy files.", "A book has exactly one.", facts))
    if problems:
        raise DocumentInvalidError(problems)
    (pack,) = packs.values()
    return _book(pack, calendars, texts)


def parse_policy(
    text: str, name: str, calendars: Mapping[str, WorkCalendar], *, categories: Collection[str] | None = None
) -> PolicyBook:
    """Read one policy file against calendars that are there already. Errors: DocumentInvalidError."""
    problems: list[Problem] = []
    pack = _pack(text, name, calendars, problems, categories)
    if not problems:
        _note(climbing_findings(pack), Reader(name, problems))
    if problems:
        raise DocumentInvalidError(problems)
    return _book(pack, calendars, {POLICY + name: text})


def parse_calendar(text: str, name: str) -> YearDays | list[DeskHours]:
    """Read one calendar file: the days off of a year, or the hours of desks. Errors: DocumentInvalidError."""
    problems: list[Problem] = []
    found = _calendar_file(text, name, problems)
    if problems:
        raise DocumentInvalidError(problems)
    return found


def text_hash(texts: Mapping[str, str]) -> str:
    """Return the SHA-256 of texts with their names, whatever the order and the line ends."""
    digest = hashlib.sha256()
    for name, text in sorted(texts.items()):
        digest.update(f"{name}\0{text.replace(chr(13), '')}\0".encode())
    return digest.hexdigest()


def _book(pack: Pack, calendars: Mapping[str, WorkCalendar], texts: Mapping[str, str]) -> PolicyBook:
    return PolicyBook(
        name=pack.name,
        version=pack.version,
        effective_from=pack.effective_from,
        policies=pack.policies,
        calendars=calendars,
        hash=text_hash(texts),
        texts=texts,
        raises=pack.raises,
        title_zh=pack.title[0],
        title_en=pack.title[1],
        effective_until=pack.effective_until,
        orders=pack.orders,
        parts=pack.parts,
    )


def _pack(
    text: str,
    name: str,
    calendars: Mapping[str, WorkCalendar],
    problems: list[Problem],
    categories: Collection[str] | None,
) -> Pack:
    reader = PolicyReader(name, problems)
    reader.known_categories = categories
    before = len(problems)
    pack = reader.pack(yaml_tree(text, reader))
    if len(problems) == before:
        _note(findings(pack, calendars), reader)
    return pack


def _note(found: Iterable[Finding], reader: Reader) -> None:
    for node, what, mend, facts in found:
        reader.wrong(node, what, mend, **facts)


def _calendars(texts: Mapping[str, str], problems: list[Problem]) -> Mapping[str, WorkCalendar]:
    desks: list[DeskHours] = []
    years: list[YearDays] = []
    for name, text in texts.items():
        found = _calendar_file(text, name, problems)
        if isinstance(found, YearDays):
            years.append(found)
        else:
            for desk in found:
                if any(desk.name == other.name for other in desks):
                    what, facts = "The calendar {calendar} is written twice.", {"calendar": desk.name}
                    problems.append(Problem(name, 1, what, "Keep one of them.", facts))
                desks.append(desk)
    problems += check_years(years)
    return {} if problems else build_calendars(desks, years)


def _calendar_file(text: str, name: str, problems: list[Problem]) -> YearDays | list[DeskHours]:
    reader = Reader(name, problems)
    root = yaml_tree(text, reader)
    is_year = isinstance(root.value, Mapping) and "year" in root.value
    return read_year(reader, root) if is_year else read_hours(reader, root)


def _text_of(path: Path, problems: list[Problem]) -> str:
    try:
        if path.stat().st_size <= LARGEST_FILE:
            return path.read_text(encoding="utf-8")
        problems.append(Problem(str(path), 1, "The file is larger than 1 MB.", "Split it, or remove what is too much."))
    except UnicodeDecodeError:
        problems.append(Problem(str(path), 1, "The file is not UTF-8 text.", "Save it as UTF-8."))
    except OSError as error:
        what, facts = "The file cannot be read: {why}.", {"why": str(error.strerror)}
        problems.append(Problem(str(path), 1, what, "Check name and rights.", facts))
    return ""


def yaml_tree(text: str, reader: Reader) -> Node:
    """Return the values of a YAML text with their lines; every scalar stays the text that was written.

    Aliases, anchors, tags, second documents, duplicate keys and deep nesting are problems: none is needed here, and
    each can make a small file mean something large or something else.
    """
    if len(text) > LARGEST_FILE:
        reader.wrong(Node(1), "The file is larger than 1 MB.", "Split it, or remove what is too much.")
        return Node(1)
    try:
        events = iter(yaml.parse(text, Loader=LOADER))
        roots = [_node(next(events), events, reader, 0) for event in events if _is(event, yaml.DocumentStartEvent)]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error).splitlines()[0]
        at = Node(mark.line + 1 if mark else 1)
        reader.wrong(at, "This is no YAML: {why}.", "Check indents and quotes.", why=what)
        return Node(1)
    if len(roots) != 1:
        mend = "Write exactly one, without --- lines."
        reader.wrong(Node(1), "The file holds {count} documents.", mend, count=len(roots))
    return roots[0] if roots else Node(1)


def _is(event: Any, kind: Any) -> bool:  # noqa: ANN401  # PyYAML's events have no types.
    return isinstance(event, kind)


def _node(event: Any, events: Iterator[Any], reader: Reader, depth: int) -> Node:  # noqa: ANN401  # As above.
    """Return the value that begins with an event, reading its parts from those that follow."""
    line = event.start_mark.line + 1
    at = Node(line)
    if depth > DEEPEST:
        raise yaml.composer.ComposerError(None, None, f"more than {DEEPEST} levels deep", event.start_mark)
    if _is(event, yaml.AliasEvent) or event.anchor:
        reader.wrong(at, "References (& and *) are not read here.", "Write the value out.")
    if getattr(event, "tag", None):
        reader.wrong(at, "Tags ({tag}) are not read here.", "Write the plain value.", tag=event.tag)
    if _is(event, yaml.SequenceStartEvent):
        items = []
        while not _is(part := next(events), yaml.SequenceEndEvent):
            items.append(_node(part, events, reader, depth + 1))
        return Node(line, tuple(items))
    if _is(event, yaml.MappingStartEvent):
        entries: dict[str, Node] = {}
        while not _is(part := next(events), yaml.MappingEndEvent):
            key = _node(part, events, reader, depth + 1)
            value = _node(next(events), events, reader, depth + 1)
            if not isinstance(key.value, str):
                reader.wrong(key, "A key must be a plain text.", "Write key: value.")
            elif key.value in entries:
                reader.wrong(key, "The key “{key}” is there twice.", "Keep one of them.", key=key.value)
            else:
                entries[key.value] = Node(key.line, value.value)
        return Node(line, entries)
    return Node(line, getattr(event, "value", ""))
