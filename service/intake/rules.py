"""What is decided when a request comes in: place, topic, grade, promise, desk, and the words of the receipt."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.areas.locating import OutsideAreaError, locate_point, locate_text
from service.areas.rules import AreaLevel, Place
from service.categories.questions import Answer, check_answers
from service.categories.rules import SOMETHING_ELSE, Topic, answered
from service.categories.suggesting import Suggestions
from service.errors import InvalidFieldsError, ServiceError
from service.intake.forms import RequestForm
from service.routing.directory import Directory
from sla_policies.policy import CaseFacts, GradeDecision, PolicyBook, PolicyChoice, choose_policy, raise_grade

CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without the signs that are mistaken for one another: 0 O, 1 I L."""
CODE_LENGTH = 10
"""49 bits: with the limit on tries, guessing one takes longer than any case lives."""


class KeyUsedError(ServiceError):
    """The idempotency key came with another body before."""

    status, code = 422, "idempotency-key-used"
    sentence = "This request key was used for a different request. Please send this one with a new key."


class NotTakenHereError(ServiceError):
    """The law gives such matters to others. `where` says to whom, in the language of the request."""

    status, code = 422, "not-taken-here"
    sentence = "We cannot take this here: {where}."


class RoutingDirectoryEmptyError(ServiceError):
    """No area is known: the installation is not set up."""

    status, code = 503, "not-set-up"
    sentence = "This service is not set up yet: no area is known."


@dataclass(frozen=True)
class Promise:
    """One promise as it is told: which, until when, how much of which time."""

    metric: str
    due_at: datetime
    budget: int
    kind: str


@dataclass(frozen=True)
class Receipt:
    """What the resident holds: everything they need to follow the request."""

    number: str
    tracking_code: str
    status: str
    received_at: datetime
    category: str
    area: str
    desk_id: int
    promises: tuple[Promise, ...]
    danger: bool
    """Words of danger were found: call 110, 119 or 120 first."""


@dataclass(frozen=True)
class Verdict:
    """Everything about a request that follows from rules alone."""

    place: Place
    topic: Topic
    guessed: bool
    guesses: Suggestions
    answers: tuple[Answer, ...]
    grade: GradeDecision
    choice: PolicyChoice


def judge(form: RequestForm, directory: Directory, guesses: Suggestions, book: PolicyBook, now: datetime) -> Verdict:
    """Decide place, topic, grade and promise. Errors: InvalidFieldsError, OutsideAreaError, NotTakenHereError."""
    place = place_of(form, directory)
    topic, guessed = topic_of(form, directory, guesses)
    groups = frozenset(str(group) for group in form.focus_groups)
    answers = check_answers(directory.catalogue.questions(topic.code), form.answers, ask=not guessed)
    raises = directory.catalogue.raises(topic.code, answers)
    text, facts_of = f"{form.title or ''}\n{form.text}", groups | answered(answers)
    grade = raise_grade(book, topic.grade, text, topic.code, facts_of, raises)
    facts = CaseFacts(
        grade=grade.grade,
        category=topic.code,
        group=directory.catalogue.path(topic.code)[-1],
        area_codes=tuple(p.code for p in directory.areas.up_from(place.id)),
        channel=form.channel,
        focus_groups=groups,
        received_at=now,
    )
    return Verdict(place, topic, guessed, guesses, answers, grade, choose_policy(book, facts))


def place_of(form: RequestForm, directory: Directory) -> Place:
    """Return the area of a request: as chosen, else where the point lies, else as named in the address or text.

    A point within the chosen area says more precisely where in it. What cannot be told from any of them belongs to the
    whole county, whose desk finds out.
    """
    areas = directory.areas
    if not areas.places:
        raise RoutingDirectoryEmptyError
    at = form.location.wgs84() if form.location is not None else None
    found = locate_point(areas, lat=at[0], lon=at[1]) if at is not None else None
    if form.area is not None:
        chosen = areas.meant_by(form.area)
        if chosen is None:
            raise InvalidFieldsError({"area": "We do not know this area. Please choose one from the list."})
        return found.place if found is not None and areas.covers(chosen.id, found.place.id) else chosen
    if at is not None:
        if found is None:
            raise OutsideAreaError
        return found.place
    named = locate_text(areas, form.address) or locate_text(areas, form.text)
    return named.place if named else next(p for p in areas.in_use if p.level is AreaLevel.COUNTY)


def topic_of(form: RequestForm, directory: Directory, guesses: Suggestions) -> tuple[Topic, bool]:
    """Return the topic as chosen, or a guess from the words (then the second is True).

    Errors: InvalidFieldsError, NotTakenHereError.
    """
    topics = directory.catalogue.topics
    if form.category is not None:
        topic = topics.get(form.category) or directory.catalogue.by_name.get(form.category)
        if topic is None or not topic.is_active:
            raise InvalidFieldsError({"category": "We do not know this topic. Please choose one from the list."})
        elsewhere = directory.catalogue.elsewhere(topic.code)
        if elsewhere is not None and not elsewhere.taken:
            raise NotTakenHereError(where=elsewhere.said(form.language).rstrip(".。"))
        return topic, False
    return guesses.best or topics[SOMETHING_ELSE], True


def new_code() -> str:
    """Return a fresh tracking code."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def tidy_code(code: str) -> str:
    """Return a tracking code as it was given out, whatever spaces, hyphens and small letters it was typed with."""
    return "".join(c for c in code.upper() if c in CODE_ALPHABET)[: CODE_LENGTH + 1]


def body_hash(form: RequestForm) -> bytes:
    """Return what tells one body from another under the same idempotency key."""
    return hashlib.sha256(canonical(form.model_dump(mode="json")).encode()).digest()


def canonical(value: Any) -> str:  # noqa: ANN401  # Any JSON value.
    """Return a text that is equal for equal values, whatever their order in objects and sets."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key!r}:{canonical(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(sorted(canonical(item) for item in value)) + "]"
    return repr(value)
