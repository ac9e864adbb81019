"""What is a resident shown between the form and the receipt? Topics to choose from, where else to go, what is asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from service.categories.questions import FIELD
from service.categories.rules import Catalogue, Elsewhere, Topic
from service.categories.suggesting import Suggestions
from service.web.catalogues import Language
from service.web.topics import Asked, answers_in, asked_of, named_elsewhere, something_else

TOPICS = "topics"
"""Stands in the field `asked` when topics were offered; else it holds the topic whose questions were asked."""
NOT_CARRIED = frozenset({"asked", "lang", "size", "was_refused", "homepage", "csrf", "back"})
CHOOSE_SENTENCE = "Please choose one of these, or go back and choose from the whole list."


@dataclass(frozen=True)
class Look:
    """One more look before a request is sent."""

    asked: str
    suggested: list[Topic] = field(default_factory=list)
    chosen: str = ""
    topic: Topic | None = None
    questions: list[Asked] = field(default_factory=list)
    elsewhere: list[tuple[Topic, Elsewhere]] = field(default_factory=list)

    @property
    def is_taken(self) -> bool:
        """May the request be sent from here? Not where its topic is not ours to take."""
        return self.topic is None or all(where.taken for _, where in self.elsewhere)


def look_of(
    catalogue: Catalogue, fields: Mapping[str, Any], guesses: Suggestions, *, language: Language
) -> Look | None:
    """Return what is shown before this form is sent; None: nothing more, it can be sent.

    Without a topic: those suggested, the first one chosen already where the guess is sure. With one: where else to
    go with it, and its questions, once.
    """
    suggested = [one.topic for one in guesses.items]
    code, asked = str(fields.get("category", "")), str(fields.get("asked", ""))
    if not code:
        if not suggested:
            return None
        last = something_else(catalogue)
        offered = suggested if last is None or last in suggested else [*suggested, last]
        text = str(fields.get("text", ""))
        return Look(
            TOPICS, offered, "" if guesses.ask else suggested[0].code, elsewhere=named_elsewhere(catalogue, text)
        )
    topic = catalogue.topics.get(code)
    if topic is None or not topic.is_active or asked == code:
        return None
    return about(catalogue, topic, fields, language)


def about(catalogue: Catalogue, topic: Topic, fields: Mapping[str, Any], language: Language) -> Look | None:
    """Return what a topic says and asks before a request about it is sent; None: nothing."""
    where = catalogue.elsewhere(topic.code)
    questions = asked_of(catalogue.questions(topic.code), answers_in(fields), language)
    if where is None and not questions:
        return None
    return Look(topic.code, topic=topic, questions=questions, elsewhere=[(topic, where)] if where else [])


def carried(fields: Mapping[str, Any], look: Look) -> list[tuple[str, str]]:
    """Return the fields of the form that travel on unseen, each as often as it was sent."""
    seen = NOT_CARRIED | {one.name for one in look.questions} | ({"category"} if look.asked == TOPICS else set())
    return [
        (name, str(one))
        for name, value in fields.items()
        if name not in seen and (look.topic is not None or not name.startswith(FIELD))
        for one in (value if isinstance(value, list) else [value])
        if one != ""
    ]
