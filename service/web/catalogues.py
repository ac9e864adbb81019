"""What is a sentence called in the reader's language?

Message ids are the English sentences, so English needs no catalogue. The others are the *.po files of
locales/<language>/LC_MESSAGES/, read at start and merged in memory.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from babel.messages.pofile import read_po

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
DEFAULT: Language = "zh"
HTML_LANG: Mapping[str, str] = {"zh": "zh-CN", "en": "en"}
NAMES: Mapping[str, str] = {"zh": "中文", "en": "English"}
LOCALES = Path(__file__).parent / "locales"


@lru_cache
def catalogue(language: str) -> Mapping[str, tuple[str, ...]]:
    """Return the forms of each translated sentence, one per plural; empty for English.

    Where two files translate one sentence in two ways the first file wins; a test names them.
    """
    found: dict[str, tuple[str, ...]] = {}
    for path in catalogue_files(language):
        for msgid, forms in messages_in(path, language):
            found.setdefault(msgid, forms)
    return MappingProxyType(found)


def catalogue_files(language: str) -> list[Path]:
    """Return the catalogues of a language, in the order of their names."""
    return sorted((LOCALES / language / "LC_MESSAGES").glob("*.po"))


def messages_in(path: Path, language: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return the sentences of one catalogue that have a translation, and its forms."""
    with path.open("rb") as file:
        messages = read_po(file, locale=language, abort_invalid=True)
    return [
        (m.id[0] if isinstance(m.id, (tuple, list)) else m.id, _forms(m.string))
        for m in messages
        if m.id and m.string and not m.fuzzy
    ]


def _forms(string: Any) -> tuple[str, ...]:  # noqa: ANN401  # Babel gives a text or a sequence of texts.
    return (string,) if isinstance(string, str) else tuple(string)


def as_language(text: str | None) -> Language | None:
    """Return the language of that name, or None when we do not speak it."""
    return next((language for language in LANGUAGES if language == text), None)


def gettext(language: str, msgid: str) -> str:
    """Return the sentence in the language, as it is when it has no translation."""
    forms = catalogue(language).get(msgid)
    return forms[0] if forms else msgid


def ngettext(language: str, singular: str, plural: str, number: int) -> str:
    """Return the form of the sentence for a number; Chinese has one form, English two."""
    forms = catalogue(language).get(singular)
    if forms:
        return forms[0] if number == 1 else forms[-1]
    return singular if number == 1 else plural


def translate(language: str, msgid: str, /, **facts: Any) -> str:  # noqa: ANN401  # Whatever the sentence names.
    """Return the sentence in the language with its {facts} filled in; a missing fact stays visible."""
    return gettext(language, msgid).format_map(_Forgiving(facts))


class _Forgiving(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return f"({key})"
