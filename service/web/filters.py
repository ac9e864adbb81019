"""What do templates do with a value, in the language and at the moment of who reads: times, names, money?"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from service.areas.details import level_word
from service.timekeeping import ZONE
from service.web import party_words, roster_words, timewords
from service.web.catalogues import Language, translate
from service.web.csrf import CsrfToken
from service.web.role_words import role_label, role_of


@dataclass(frozen=True)
class Reading:
    """For whom a page is drawn, and when; what filters need and macros must not have to pass on."""

    language: Language
    now: datetime
    csrf: CsrfToken


_reading: ContextVar[Reading] = ContextVar("reading")


@contextmanager
def drawn_for(reading: Reading) -> Iterator[None]:
    """Draw for this reader until the block ends."""
    token = _reading.set(reading)
    try:
        yield
    finally:
        _reading.reset(token)


def reading_now() -> Reading:
    """Return for whom the page is drawn that is being drawn."""
    return _reading.get()


def filters_in(language: Language) -> Mapping[str, Callable[..., Any]]:
    """Return the filters of the templates that speak one language."""
    return {
        "when": _when,
        "deadline": _deadline,
        "moment": lambda value: _time(value, timewords.moment(value, reading_now().now, language)),
        "day": lambda value: timewords.day(value, reading_now().now, language),
        "weekday": lambda value: timewords.weekday(value, language),
        "span": lambda length: timewords.span(length, language),
        "remaining": lambda due_at, now=None: timewords.remaining(due_at, now or reading_now().now, language),
        "sentence": lambda msgid, facts=None: translate(language, msgid, **(facts or {})),
        "called": lambda named: called_in(language, named),
        "level_word": lambda place: level_word(place.level, is_department=place.is_department),
        "role_at": lambda role, place: role_label(role, at_department=place.is_department),
        "role_of": role_of,
        "hours": roster_words.hours,
        "money": party_words.money,
        "quantity": party_words.quantity,
        "turn": lambda span: roster_words.said(span, reading_now().now, language),
        "span_value": roster_words.span_value,
        "desk": lambda place: desk_in(language, place),
    }


def called_in(language: str, named: Any) -> str:  # noqa: ANN401  # Whatever has a name in two languages.
    """Return the name of a person, an area or a category in the reader's language."""
    return str(named.name_en if language == "en" and named.name_en else named.name)


def desk_in(language: str, place: Any) -> str:  # noqa: ANN401  # An area, as a row or in the tree.
    """Return the name of an area's desk in the reader's language."""
    return str(place.desk_name_en if language == "en" and place.desk_name_en else place.desk_name)


def _when(value: datetime, *, rough: bool = False) -> Markup:
    said = timewords.when(value, reading_now().now, reading_now().language, rough=rough)
    return _time(value, said)


def _deadline(value: datetime) -> Markup:
    return _time(value, timewords.deadline(value, reading_now().now, reading_now().language))


def _time(value: datetime, said: str) -> Markup:
    moment = value.astimezone(ZONE).isoformat(timespec="minutes")
    return Markup('<time datetime="{}">{}</time>').format(moment, said)
