"""What may be written down about a category, and what stands in the way of changing it?"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from service.categories.questions import Question, QuestionKind, as_rows
from service.categories.rules import SOMETHING_ELSE, Elsewhere, Evidence, Handler, Topic
from service.errors import InvalidFieldsError
from sla_policies.policy import Grade

NAME_MOST = 60
EXAMPLES_MOST = 300
KEYWORDS_MOST = 60
KEYWORD_MOST = 30
QUESTIONS_MOST = 8
QUESTION_MOST = 100
ELSEWHERE_MOST = 300
_CODE = re.compile(r"[A-Z][0-9]{0,7}")
_KEY = re.compile(r"[a-z][a-z0-9_]{0,29}")
_PHONE = re.compile(r"[0-9+ -]{0,20}")
_BETWEEN_WORDS = re.compile(r"[,，、;；\n]+")


@dataclass(frozen=True)
class CategoryDetails:
    """What is written down about a category, beside its code. Without a parent it is a group."""

    name: str
    name_en: str
    grade: Grade
    parent_code: str | None = None
    examples: str = ""
    keywords: tuple[str, ...] = ()
    is_active: bool = True
    handler: Handler = Handler.COMMUNITY
    questions: tuple[Question, ...] = ()
    danger_words: tuple[str, ...] = ()
    care_groups: tuple[str, ...] = ()
    elsewhere: Elsewhere | None = None
    evidence: Evidence = Evidence.NONE


def check_category(
    code: str, details: CategoryDetails, known: Mapping[str, Topic], *, code_fault: str | None = None
) -> None:
    """Accept details that can be stored; `known` are all categories by code.

    Errors: InvalidFieldsError, naming each field.
    """
    faults = {
        "code": code_fault,
        "name": _wrong_name(details.name),
        "name_en": _wrong_name(details.name_en),
        "parent_code": _wrong_parent(code, details, known),
        "examples": "Please keep the examples under 300 characters." if len(details.examples) > EXAMPLES_MOST else None,
        "keywords": _wrong_keywords(details.keywords),
        "is_active": _wrong_end(code, details, known),
        "danger_words": _wrong_keywords(details.danger_words),
        "questions": _wrong_questions(details.questions),
        "elsewhere": _wrong_elsewhere(code, details.elsewhere),
    }
    wrong = {field: fault for field, fault in faults.items() if fault}
    if wrong:
        raise InvalidFieldsError(wrong, below=len(_active_below(code, known)))


def new_code_fault(code: str, known: Mapping[str, Topic]) -> str | None:
    """Return what is wrong with a new code, or None."""
    if not _CODE.fullmatch(code):
        return "A code is a capital letter, followed by up to seven digits, such as A or A03."
    return "Another category has this code. Please choose another." if code in known else None


def as_keywords(text: str) -> tuple[str, ...]:
    """Return the words of '路灯、路面' in their order, each once."""
    words = (word.strip() for word in _BETWEEN_WORDS.split(text))
    return tuple(dict.fromkeys(word for word in words if word))


def columns(details: CategoryDetails) -> dict[str, Any]:
    """Return the columns that the details fill, tidied."""
    return {
        "name": details.name.strip(),
        "name_en": details.name_en.strip(),
        "parent_code": details.parent_code,
        "grade": details.grade,
        "examples": details.examples.strip(),
        "keywords": list(details.keywords),
        "is_active": details.is_active,
        "handler": details.handler,
        "questions": as_rows(details.questions),
        "danger_words": list(details.danger_words),
        "care_groups": list(details.care_groups),
        "elsewhere": asdict(details.elsewhere) if details.elsewhere else None,
        "evidence": details.evidence,
    }


def _wrong_name(name: str) -> str | None:
    if not name.strip():
        return "Please write something here."
    return "Please give a name of at most 60 characters." if len(name.strip()) > NAME_MOST else None


def _wrong_keywords(words: tuple[str, ...]) -> str | None:
    if len(words) > KEYWORDS_MOST or any(len(word) > KEYWORD_MOST for word in words):
        return "Please give at most 60 keywords, each of at most 30 characters."
    return None


def _wrong_questions(questions: tuple[Question, ...]) -> str | None:
    if len(questions) > QUESTIONS_MOST or len({one.key for one in questions}) < len(questions):
        return "Please ask at most eight questions, each of them once."
    if not all(_KEY.fullmatch(one.key) and one.zh and one.en for one in questions):
        return "Please write every question in Chinese and in English."
    texts = [text for q in questions for text in (q.zh, q.en, *(w for o in q.options for w in (o.zh, o.en)))]
    if any(len(text) > QUESTION_MOST for text in texts):
        return "Please keep every question and every answer under 100 characters."
    bare = [one for one in questions if (one.kind is QuestionKind.CHOICE) != bool(len(one.options) > 1)]
    return (
        "Please give at least two answers to a question with answers to choose from, and none to others."
        if bare
        else None
    )


def _wrong_elsewhere(code: str, elsewhere: Elsewhere | None) -> str | None:
    if elsewhere is None:
        return None
    if not (elsewhere.zh and elsewhere.en) or max(len(elsewhere.zh), len(elsewhere.en)) > ELSEWHERE_MOST:
        return "Please say in Chinese and in English where to go, each in at most 300 characters."
    if not _PHONE.fullmatch(elsewhere.phone):
        return "Please give a telephone number, such as 110."
    return "This category takes what fits nowhere else." if code == SOMETHING_ELSE and not elsewhere.taken else None


def _wrong_parent(code: str, details: CategoryDetails, known: Mapping[str, Topic]) -> str | None:
    if details.parent_code is None:
        return None
    parent = known.get(details.parent_code)
    if parent is None:
        return "This category is not known. Please choose one of the list."
    if code in _up_from(parent, known):
        return "A category cannot lie in itself or in one below it."
    if details.is_active and not parent.is_active:
        return "The category above is not in use. Please put it into use first, or choose another."
    return None


def _wrong_end(code: str, details: CategoryDetails, known: Mapping[str, Topic]) -> str | None:
    if details.is_active or code not in known:
        return None
    if code == SOMETHING_ELSE:
        return "This category stays in use: it takes what fits nowhere else."
    if _active_below(code, known):
        return "Categories in use below this one: {below}. Please take them out of use first."
    return None


def _active_below(code: str, known: Mapping[str, Topic]) -> list[Topic]:
    return [topic for topic in known.values() if topic.parent_code == code and topic.is_active]


def _up_from(topic: Topic | None, known: Mapping[str, Topic]) -> list[str]:
    found: list[str] = []
    while topic is not None and topic.code not in found:
        found.append(topic.code)
        topic = known.get(topic.parent_code) if topic.parent_code else None
    return found
