"""What stands in a file, on which line, and what is wrong with it?"""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
LONGEST_TEXT = 2_000
MOST_DAYS_OFF_AT_ONCE = 31
MOST_ITEMS = 500
"""Entries of one list or table of names: checks that compare each with each stay quick."""
MOST_TOLD, LONGEST_TOLD = 200, 300
"""Problems told at once, and characters of one fact: a broken file must not become a flood."""
KNOWN_ARE = "Known are: {known}."
NO_NAME, NAMES_ARE = "“{name}” cannot be a name.", "Use letters, digits, - and _, a letter first."
NO_TRUTH = "“{word}” is no known truth value."


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a file, and how to mend it."""

    file: str
    line: int
    what: str
    """A sentence with {places} for facts, which another language may say in its own words."""
    mend: str
    """The same: how it is made right."""
    facts: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what.format_map(self.facts)} {self.mend.format_map(self.facts)}"


class DocumentInvalidError(ValueError):
    """Files that cannot be used, with everything that is wrong in them."""

    def __init__(self, problems: Collection[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.file, p.line)))
        super().__init__("\n".join(map(str, self.problems)))


def in_language(said: str, language: str) -> str:
    """Return the line of a text (`Reader.said`) in 'zh' or 'en', or the only line there is."""
    chinese, _, english = said.partition("\n")
    return english or chinese if language == "en" else chinese


@dataclass(frozen=True)
class Node:
    """One value of a file with its line: a text, a list or a table. What a text means is decided by its reader."""

    line: int
    value: "str | tuple[Node, ...] | Mapping[str, Node]" = ""


@dataclass
class Reader:
    """Reads values out of one file and notes everything that is wrong, going on as well as it can."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, node: Node, what: str, mend: str, **facts: object) -> None:
        """Note a problem at the line of a node: both sentences with the facts that they name."""
        if len(self.problems) < MOST_TOLD:
            told = {name: _shortened(str(fact)) for name, fact in facts.items()}
            self.problems.append(Problem(self.file, node.line, what, mend, told))

    def table(self, node: Node, allowed: Collection[str], required: Collection[str] = ()) -> dict[str, Node]:
        """Return the entries of a table; keys that are not allowed or missing are problems."""
        if not isinstance(node.value, Mapping):
            keys = ", ".join(sorted(allowed))
            self.wrong(node, "Here a table is expected.", "Write keys with values: {keys}.", keys=keys)
            return {}
        entries = dict(node.value)
        for key in [key for key in entries if key not in allowed][:MOST_TOLD]:
            mend, known = _instead(key, allowed)
            self.wrong(entries.pop(key), "The key “{key}” is not known here.", mend, key=key, known=known)
        for key in required:
            if key not in entries:
                self.wrong(node, "“{key}” is missing.", "Add the key {key}.", key=key)
        return entries

    def named(self, node: Node) -> dict[str, Node]:
        """Return the entries of a table whose keys are names of the writer's own choice."""
        if not isinstance(node.value, Mapping):
            self.wrong(node, "Here a table is expected.", "Write names with their values.")
            return {}
        if len(node.value) > MOST_ITEMS:
            what, mend = "Here are {count} names.", "At most {most} can be read at once."
            self.wrong(node, what, mend, count=len(node.value), most=MOST_ITEMS)
            return {}
        for key, entry in node.value.items():
            if not NAME.fullmatch(key):
                self.wrong(entry, NO_NAME, NAMES_ARE, name=key)
        return dict(node.value)

    def items(self, node: Node | None) -> Iterator[Node]:
        """Yield the items of a list; a single value is a list of one."""
        if node is None:
            return
        if isinstance(node.value, tuple):
            if len(node.value) > MOST_ITEMS:
                what, mend = "This list has {count} items.", "At most {most} can be read at once."
                self.wrong(node, what, mend, count=len(node.value), most=MOST_ITEMS)
            yield from node.value[:MOST_ITEMS]
        else:
            yield node

    def text(self, node: Node | None) -> str:
        """Return a text that says something; "" where it is missing (which `table` has noted)."""
        if node is None:
            return ""
        if not isinstance(node.value, str):
            self.wrong(node, "Here a text is expected.", "Write one value on this line.")
            return ""
        if not node.value.strip() or len(node.value) > LONGEST_TEXT:
            self.wrong(node, "This text is empty or too long.", "Write 1 to {most} characters.", most=LONGEST_TEXT)
            return ""
        return node.value.strip()

    def both(self, node: Node | None) -> tuple[str, str]:
        """Return a text in Chinese and in English."""
        if node is None:
            return ("", "")
        entries = self.table(node, ("zh", "en"), ("zh", "en"))
        return (self.text(entries.get("zh")), self.text(entries.get("en")))

    def said(self, node: Node | None) -> str:
        """Return a text that may be written in one language or in both: then a Chinese line, and an English one."""
        if node is not None and isinstance(node.value, Mapping):
            return "\n".join(" ".join(text.split()) for text in self.both(node))
        return " ".join(self.text(node).split())

    def name(self, node: Node | None) -> str:
        """Return a name: letters, digits, - and _."""
        text = self.text(node)
        if node and text and not NAME.fullmatch(text):
            self.wrong(node, NO_NAME, NAMES_ARE, name=text)
        return text

    def words(self, node: Node | None) -> tuple[str, ...]:
        """Return a list of texts, each once."""
        found: list[str] = []
        for item in self.items(node):
            word = self.text(item)
            if word in found:
                self.wrong(item, "“{word}” is listed twice.", "Remove one of them.", word=word)
            elif word:
                found.append(word)
        return tuple(found)

    def one_of(self, node: Node | None, choices: Collection[str], what: str, **facts: object) -> str:
        """Return a text that is one of the choices; "" when it is not: `what` says so of the {word}."""
        word = self.text(node)
        if node and word and word not in choices:
            mend, known = _instead(word, choices)
            self.wrong(node, what, mend, word=word, known=known, **facts)
            return ""
        return word

    def some_of(self, node: Node | None, choices: Collection[str], what: str, **facts: object) -> frozenset[str]:
        """Return a list of texts that are all among the choices."""
        self.words(node)
        return frozenset(self.one_of(item, choices, what, **facts) for item in self.items(node)) - {""}

    def whole(self, node: Node | None, least: int, most: int) -> int:
        """Return a whole number between `least` and `most`; `least` where it is none."""
        text = self.text(node)
        if re.fullmatch(r"-?\d{1,9}", text) and least <= int(text) <= most:
            return int(text)
        if node and text:
            what = "“{text}” is no whole number from {least} to {most}."
            self.wrong(node, what, "Write one in digits.", text=text, least=least, most=most)
        return least

    def truth(self, node: Node | None) -> bool:
        """Return a yes or no; no where nothing is said."""
        return node is not None and self.one_of(node, ("true", "false"), NO_TRUTH) == "true"

    def day(self, node: Node | None) -> date | None:
        """Return a date written as 2026-10-01."""
        text = self.text(node)
        try:
            return date.fromisoformat(text) if len(text) == len("2026-10-01") else _no_date(text)
        except ValueError:
            if node and text:
                self.wrong(node, "“{text}” is no date.", "Write it like 2026-10-01.", text=text)
            return None

    def days(self, node: Node | None) -> list[tuple[date, Node]]:
        """Return dates, each with its node; `2026-10-01..2026-10-07` stands for all from the first to the last."""
        found: list[tuple[date, Node]] = []
        for item in self.items(node):
            first_text, _, last_text = self.text(item).partition("..")
            first = self.day(Node(item.line, first_text.strip()))
            last = self.day(Node(item.line, last_text.strip())) if last_text else first
            if first is None or last is None:
                continue
            if not 0 <= (last - first).days < MOST_DAYS_OFF_AT_ONCE:
                what = "{first}..{last} ends before it begins, or is very long."
                self.wrong(item, what, "Write first..last.", first=first, last=last)
                continue
            found += [(first + timedelta(days=n), item) for n in range((last - first).days + 1)]
        return found


def _no_date(text: str) -> date | None:
    raise ValueError(text)


def _instead(word: str, choices: Collection[str]) -> tuple[str, str]:
    """Return how to mend a word that is not known, and the fact {known} of that sentence."""
    close = difflib.get_close_matches(word[:LONGEST_TOLD], choices, n=1)
    return ("Did you mean “{known}”?", close[0]) if close else (KNOWN_ARE, ", ".join(sorted(choices)))


def _shortened(fact: str) -> str:
    return fact if len(fact) <= LONGEST_TOLD else f"{fact[:LONGEST_TOLD]}…"
