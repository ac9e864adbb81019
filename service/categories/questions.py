"""What else is asked about a topic, and which answers can be taken?"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from service.errors import InvalidFieldsError

ANSWER_MOST = 200
FIELD = "answers."
"""What the field of an answer begins with, in errors and in forms."""
YES, NO = "yes", "no"
SAID = {YES: ("是", "Yes"), NO: ("否", "No")}
_NUMBER = re.compile(r"[0-9]{1,9}([.][0-9]{1,3})?")


class QuestionKind(StrEnum):
    """How a question is answered."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    YES_NO = "yes_no"
    CHOICE = "choice"


@dataclass(frozen=True)
class Option:
    """One answer that can be chosen; its Chinese words are its value."""

    zh: str
    en: str


@dataclass(frozen=True)
class Question:
    """One further question of a topic, asked when a request is sent and kept with the case."""

    key: str
    zh: str
    en: str
    kind: QuestionKind = QuestionKind.TEXT
    options: tuple[Option, ...] = ()
    required: bool = False
    danger: bool = False
    """The answer yes makes the case an emergency."""

    def called(self, language: str) -> str:
        """Return the question in that language."""
        return self.en if language == "en" and self.en else self.zh


@dataclass(frozen=True)
class Answer:
    """One answer as it is kept with the case: the question as it was asked then, and what was said."""

    key: str
    zh: str
    en: str
    said: str
    said_en: str
    danger: bool = field(default=False)


def as_questions(stored: Iterable[Mapping[str, Any]]) -> tuple[Question, ...]:
    """Return the questions of a row or of a file. Errors: KeyError, TypeError and ValueError where they are none."""
    return tuple(
        Question(
            **{
                **one,
                "kind": QuestionKind(one.get("kind", QuestionKind.TEXT)),
                "options": tuple(Option(**option) for option in one.get("options", ())),
            }
        )
        for one in stored
    )


def as_rows(questions: Iterable[Question]) -> list[dict[str, Any]]:
    """Return questions as they are stored."""
    return [asdict(one) | {"options": [asdict(option) for option in one.options]} for one in questions]


def as_answers(stored: Iterable[Mapping[str, Any]]) -> tuple[Answer, ...]:
    """Return the answers that are kept with a case."""
    return tuple(Answer(**one) for one in stored)


def check_answers(questions: Iterable[Question], given: Mapping[str, str], *, ask: bool) -> tuple[Answer, ...]:
    """Return the answers in the order of the questions; `ask` refuses where a required one is missing.

    Errors: InvalidFieldsError, its fields named answers.KEY.
    """
    wanted = {one.key: one for one in questions}
    wrong = {f"{FIELD}{key}": "This question is not asked here." for key in given if key not in wanted}
    found: list[Answer] = []
    for key, question in wanted.items():
        said = given.get(key, "").strip()
        fault = _fault(question, said, ask=ask)
        if fault is not None:
            wrong[f"{FIELD}{key}"] = fault
        elif said:
            found.append(_kept(question, said))
    if wrong:
        raise InvalidFieldsError(wrong)
    return tuple(found)


def _fault(question: Question, said: str, *, ask: bool) -> str | None:
    """Return what is wrong with an answer, or None."""
    if not said:
        return "Please answer this question." if ask and question.required else None
    match question.kind:
        case QuestionKind.TEXT:
            return "Please answer in at most 200 characters." if len(said) > ANSWER_MOST else None
        case QuestionKind.NUMBER:
            return None if _NUMBER.fullmatch(said) else "Please give a number, such as 3 or 2.5."
        case QuestionKind.DATE:
            return None if _is_date(said) else "Please give a day, such as 2026-11-24."
        case QuestionKind.YES_NO:
            return None if said in SAID else "Please choose one of the answers offered."
        case QuestionKind.CHOICE:
            known = {option.zh for option in question.options}
            return None if said in known else "Please choose one of the answers offered."


def _is_date(said: str) -> bool:
    try:
        return date.fromisoformat(said).isoformat() == said
    except ValueError:
        return False


def _kept(question: Question, said: str) -> Answer:
    zh, en = SAID.get(said, (said, said)) if question.kind is QuestionKind.YES_NO else (said, said)
    if question.kind is QuestionKind.CHOICE:
        en = next(option.en for option in question.options if option.zh == said) or said
    return Answer(question.key, question.zh, question.en, zh, en, danger=question.danger and said == YES)
