"""Has every kind of mistake that the linter knows a test, and does no file keep it busy for long?"""

import ast
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import sla_policies
from sla_policies.documents import DocumentInvalidError, parse_calendar, parse_policy
from tests.pure import test_documents as documents
from tests.pure import test_policy_versions as versions
from tests.pure.test_documents import BOOK, DESKS, POLICY, YEAR

FOLDER = Path(sla_policies.__file__).parent
LINTERS = ("calendar_files", "policy_files", "policy_checks", "documents", "reading", "versions", "amounts", "hours")
SENTENCE = re.compile(r"[A-Z“{].*\s.*[.?]")
ELSEWHERE = {
    # told by tests that give the linter other things than a table of replacements
    "The file is not UTF-8 text.",
    "The file is larger than 1 MB.",
    "The file cannot be read: {why}.",
    "There are no calendars here.",
    "The file holds {count} documents.",
    "This list has {count} items.",
    "Here are {count} names.",
    "{policy} stands after the default {default}: a policy that is never reached.",
    # how these, and versions that do not fit together, are mended
    "Save it as UTF-8.",
    "Split it, or remove what is too much.",
    "Check name and rights.",
    "Add files named *.yaml.",
    "At most {most} can be read at once.",
    "Write names with their values.",
    "Call the file {other}.yaml or {other}.{version}.yaml, or write name: {pack}.",
    "Let one begin the day after the other ends, or remove effective_until.",
    "Let the earlier one end the day before this one begins.",
    "Remove effective_until: a version ends by itself where the next begins.",
}


def kinds() -> Iterator[str]:
    """Every sentence of the linters, of what is wrong and of how to mend it."""
    for name in LINTERS:
        tree = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
        words = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # What documents the code.
        for node in ast.walk(tree):
            is_text = isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in words
            if is_text and SENTENCE.fullmatch(node.value):
                yield node.value


def told() -> set[str]:
    """What the tables of mistakes make the linter say."""
    tables = [*documents.POLICY_MISTAKES, *documents.YAML_MISTAKES, *documents.CALENDAR_MISTAKES]
    said: set[str] = set()
    for mistake in tables:
        calendar = mistake in documents.CALENDAR_MISTAKES
        right, (written, instead) = (mistake[0], mistake[1:3]) if calendar else (POLICY, mistake[:2])
        try:
            text = right.replace(written, instead, 1)
            if calendar:
                parse_calendar(text, "x.yaml")
            else:
                parse_policy(text, "x.yaml", BOOK.calendars, categories=["C03", "B01"])
        except DocumentInvalidError as refused:
            said |= {str(problem) for problem in refused.problems}
    for more, _ in documents.BETWEEN_FILES:
        said |= set(documents.problems_of_texts(**more))
    return said | {what for _, what in versions.BETWEEN} | {"There is no promise pack smal."}


def test_every_kind_of_mistake_has_a_test() -> None:
    known, said = set(kinds()) - ELSEWHERE, told()
    untold = [kind for kind in known if not any(re.search(pattern(kind), one.replace("\n", " ")) for one in said)]
    assert untold == []
    assert len(known | ELSEWHERE) >= 120


def pattern(kind: str) -> str:
    """What a sentence looks like with any facts."""
    return re.sub(r"\\\{\w+\\\}", ".*", re.escape(kind))


NAMED_IN_THE_PLAN = [
    "is no known category",
    "is never reached",
    "a second default",
    "Hours of one day overlap",
    "more than a year away",
    "a yellow card after the promise is broken",
    "is empty: no hour is worked",
    "is no known role",
    "is missing",
]


@pytest.mark.parametrize("what", NAMED_IN_THE_PLAN)
def test_the_mistakes_that_matter_most_are_told(what: str) -> None:
    assert any(what in said for said in told())


def many(count: int, line: str) -> str:
    return "".join(line.format(n=n) for n in range(count))


def policy(text: str) -> object:
    return parse_policy(text, "x.yaml", BOOK.calendars)


def calendar(text: str) -> object:
    return parse_calendar(text, "x.yaml")


RULE = POLICY[POLICY.index("  - name: question") : POLICY.index("  - name: rest")]
FLOODS: list[tuple[str, Callable[[str], object], str, str]] = [
    ("unknown keys", policy, many(60_000, "key{n}: x\n"), "is not known here"),
    ("one key, again and again", policy, "name: x\n" * 100_000, "is there twice"),
    ("words", policy, POLICY.replace("[漏气]", f"[{many(100_000, 'w{n}, ')}last]"), "This list has 100001 items."),
    ("equal words", policy, POLICY.replace("[漏气]", f"[{many(200_000, 'ww, ')}last]"), "This list has 200001 items."),
    ("rules", policy, POLICY.replace("  - name: rest", RULE * 900 + "  - name: rest"), "This list has 902 items."),
    ("ladders", policy, POLICY + "ladders:\n" + many(50_000, "  l{n}: []\n"), "is there twice"),
    (
        "names",
        policy,
        POLICY.replace("ladders:\n", "ladders:\n" + many(50_000, "  l{n}: []\n")),
        "Here are 50001 names.",
    ),
    ("one endless key", policy, "k" * 900_000 + ": x\n", "This is no YAML"),
    ("one endless word", policy, POLICY.replace("grade: C", f"grade: {'C' * 900_000}"), "empty or too long"),
    ("brackets", policy, "[" * 900_000, "levels deep"),
    (
        "dates",
        calendar,
        YEAR.replace("[2026-05-01]", f"[{many(35_000, '2026-05-01..2026-05-31, ')}x]"),
        "This list has",
    ),
    ("hours", calendar, DESKS.replace('"08:30-12:00"', many(50_000, '"0:00-0:01", ') + '"1:00-2:00"'), "This list has"),
    ("desks", calendar, DESKS + many(20_000, "  d{n}: {{}}\n"), "Here are 20001 names."),
]


@pytest.mark.parametrize(("read", "text", "what"), [flood[1:] for flood in FLOODS], ids=[flood[0] for flood in FLOODS])
def test_a_flood_is_refused_in_a_sentence_and_soon(read: Callable[[str], object], text: str, what: str) -> None:
    assert len(text) <= 2_000_000
    begun = time.process_time()
    with pytest.raises(DocumentInvalidError) as refused:
        read(text)
    assert time.process_time() - begun < 8, "seconds; the reading alone of a megabyte takes about one"
    assert any(what in str(problem) for problem in refused.value.problems), refused.value.problems[:3]
    assert len(refused.value.problems) <= 200
    assert max(len(str(problem)) for problem in refused.value.problems) < 2_500


def test_the_longest_file_that_is_right_is_checked_soon() -> None:
    rules = "".join(
        RULE.replace("question", f"rule-{n}").replace("{grades: [C]}", f"{{areas: [a{n}]}}") for n in range(498)
    )
    begun = time.process_time()
    policy(POLICY.replace("  - name: rest", rules + "  - name: rest"))
    assert time.process_time() - begun < 8


FAR_AWAY = ["0001-01-01", "9999-12-31"]


@pytest.mark.parametrize("day", FAR_AWAY)
def test_a_year_far_away_is_refused_for_holidays_and_harmless_as_a_beginning(day: str) -> None:
    assert policy(POLICY.replace("effective_from: 2026-01-01", f"effective_from: {day}"))
    with pytest.raises(DocumentInvalidError, match="is not in 2026"):
        calendar(YEAR.replace("2026-05-01", day))
