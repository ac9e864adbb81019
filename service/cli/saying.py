"""In which language does the command line say what is wrong with files and cases?

Chinese where the terminal's language is (LC_ALL, LC_MESSAGES or LANG begins with zh), English everywhere else.
"""

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from sla_policies.reading import DocumentInvalidError


def said(sentence: str, facts: Mapping[str, str]) -> str:
    """Return a sentence with its facts in the terminal's language."""
    from service.web.catalogues import translate

    return translate(_language(), sentence, **facts)


def problems_told(why: "DocumentInvalidError") -> Iterator[str]:
    """Yield a line for everything that is wrong in files: where, what, and how to mend it."""
    for each in why.problems:
        yield f"{each.file}:{each.line}: {said(each.what, each.facts)} {said(each.mend, each.facts)}"


def print_problems(why: "DocumentInvalidError", *, to_stderr: bool = True) -> None:
    """Print everything that is wrong in files."""
    for line in problems_told(why):
        typer.echo(line, err=to_stderr)


def _language() -> str:
    chosen = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return "zh" if chosen.startswith("zh") else "en"
