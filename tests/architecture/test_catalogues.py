"""Every sentence that a person may read exists in both languages. English is the message id itself."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.extract import extract
from jinja2.ext import babel_extract

from service.web.catalogues import LANGUAGES, LOCALES, catalogue, catalogue_files, messages_in
from service.web.render import TEMPLATES

SERVICE = TEMPLATES.parent.parent
SAID = {"_": None, "gettext": None, "ngettext": (1, 2)}
SENTENCE = re.compile(r"[A-Z“\"{].*\s.*[.?!:]", re.DOTALL)
ENGINE = SERVICE.parent / "sla_policies"
NOT_OF_THE_LINTER = {"schema.py"}
"""Descriptions for editors, in English."""
NOT_FOR_READERS = {"cli.py", "settings.py", "embedded.py", "datafolder.py", "processes.py", "logs.py"}
"""These speak to whoever runs the program, in English."""
NOT_PAGES = {"demo", "migrations", "cli", "embedded", "backup"}
"""Rooms whose sentences stand on no page: the demo's own words, and what speaks to whoever starts the servers."""
NOT_SAID_KEYWORDS = {"description", "documentation", "help", "summary", "note"}
"""Arguments that describe the API or a row."""
ATTRIBUTES = {"required", "checked", "selected", "disabled", "autofocus"}
"""Attributes without a value, where a macro writes them by themselves."""
TABLES = re.compile(r"[A-Z_]*(LABELS|SENTENCES?)")
WORDS = {("web", "words.py"), ("web", "course_words.py")}
OTHERS = tuple(language for language in LANGUAGES if language != "en")


def in_templates() -> Iterator[tuple[str, str]]:
    options = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
    for path in sorted(TEMPLATES.rglob("*.html")):
        with path.open("rb") as file:
            for line, said, _, _ in extract(babel_extract, file, SAID, options=options):
                msgid = said if isinstance(said, str) else said[0]
                yield msgid, f"{path.relative_to(SERVICE)}:{line}"


def in_python() -> Iterator[tuple[str, str]]:
    for path in sorted(SERVICE.rglob("*.py")):
        parts = path.relative_to(SERVICE).parts
        if path.name in NOT_FOR_READERS or NOT_PAGES & set(parts):
            continue
        for node in _said(ast.parse(path.read_text("utf-8")), is_table=parts in WORDS):
            yield node.value, f"{'/'.join(parts)}:{node.lineno}"


def _said(tree: ast.AST, *, is_table: bool = False) -> Iterator[ast.Constant]:
    """Yield the sentences, and whatever stands in a table of labels or is the label of a link."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # A docstring.
        if isinstance(node, ast.JoinedStr):
            continue
        if isinstance(node, ast.keyword) and node.arg in NOT_SAID_KEYWORDS:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SENTENCE.fullmatch(node.value):
            yield node
            continue
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Link":
            yield from (a for a in node.args[1:2] if isinstance(a, ast.Constant))
            continue
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Dict):
            yield from _in_table(node, node.value, is_table=is_table)
            continue
        yield from _said(node, is_table=is_table)


def _in_table(node: ast.Assign | ast.AnnAssign, table: ast.Dict, *, is_table: bool) -> Iterator[ast.Constant]:
    target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
    if is_table or (isinstance(target, ast.Name) and TABLES.fullmatch(target.id)):
        for value in table.values:
            last = value.elts[-1] if isinstance(value, ast.Tuple) else value
            if isinstance(last, ast.Constant) and isinstance(last.value, str):
                yield last
    else:
        yield from _said(table)


def in_the_engine() -> Iterator[tuple[str, str]]:
    """Yield what the linter and the clocks may say of a file or a case."""
    for path in sorted(ENGINE.glob("*.py")):
        if path.name not in NOT_OF_THE_LINTER:
            for node in _said(ast.parse(path.read_text("utf-8"))):
                yield node.value, f"sla_policies/{path.name}:{node.lineno}"


SAID_ANYWHERE = [*in_templates(), *in_python(), *in_the_engine()]


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_is_translated(language: str) -> None:
    known = catalogue(language)
    missing = sorted({f"{where}: {msgid!r}" for msgid, where in SAID_ANYWHERE if msgid not in known})

    assert not missing, f"Not in locales/{language}:\n" + "\n".join(missing)


@pytest.mark.parametrize("language", OTHERS)
def test_a_sentence_has_one_translation(language: str) -> None:
    found: dict[str, dict[tuple[str, ...], str]] = {}
    for path in catalogue_files(language):
        for msgid, forms in messages_in(path, language):
            found.setdefault(msgid, {})[forms] = path.name
    differing = [f"{msgid!r}: {forms}" for msgid, forms in found.items() if len(forms) > 1]

    assert not differing, "These differ; give the English another wording:\n" + "\n".join(differing)


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_names_the_same_facts(language: str) -> None:
    wrong = [
        f"{msgid!r} and {form!r}"
        for msgid, forms in catalogue(language).items()
        for form in forms
        if facts_in(form) != facts_in(msgid)
    ]

    assert not wrong, "These name different facts:\n" + "\n".join(wrong)


def facts_in(text: str) -> set[str]:
    braces = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    return braces | set(re.findall(r"%\((\w+)\)", text))


@pytest.mark.parametrize("language", OTHERS)
def test_every_translation_is_of_something_that_is_said(language: str) -> None:
    said = {msgid for msgid, _ in SAID_ANYWHERE}
    unused = sorted(set(catalogue(language)) - said)

    assert not unused, f"Nobody says these of locales/{language} any more:\n" + "\n".join(unused)


def test_a_number_stands_apart_from_the_chinese_words_before_it() -> None:
    close = re.compile(r"[\u4e00-\u9fff](?:\{|%\()(?:wait|amount|hours|left|costs|num|count|days|most|least)\b")
    wrong = [text for texts in catalogue("zh").values() for text in texts if close.search(text)]

    assert not wrong, "A space is missing before the number:\n" + "\n".join(wrong)


def test_no_template_has_words_outside_the_catalogues() -> None:
    culprits = [
        f"{path.relative_to(SERVICE)}: {words!r}"
        for path in sorted(TEMPLATES.rglob("*.html"))
        for words in words_outside(path.read_text("utf-8"))
    ]

    assert not culprits, "Wrap these in _():\n" + "\n".join(culprits)


def words_outside(template: str) -> list[str]:
    """Return what is left of a template without tags, expressions and comments, where it has letters."""
    bare = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<!--.*?-->", " ", template, flags=re.DOTALL)
    bare = re.sub(r"<[^<>]*>|[\w-]+=\"[^\"]*\"", "\n", bare)
    lines = (line.strip() for line in bare.splitlines())
    return [line for line in lines if re.search(r"[A-Za-z\u4e00-\u9fff]", line) and line not in ATTRIBUTES]


def test_no_catalogue_is_compiled_or_empty() -> None:
    files = [path.relative_to(LOCALES) for path in Path(LOCALES).rglob("*") if path.is_file()]

    assert files
    assert {path.suffix for path in files} == {".po"}
