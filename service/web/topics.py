"""Which topics can be chosen, what must be said about one before a request is sent, and what is asked?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from service.categories.questions import FIELD, SAID, Question, QuestionKind
from service.categories.rules import SOMETHING_ELSE, Catalogue, Elsewhere, Topic
from service.web.catalogues import Language

Options = list[tuple[str, str]]
HANDLER_LABELS: Mapping[str, str] = {
    "community": "The community",
    "subdistrict": "The sub-district",
    "department": "A department",
    "property": "The property manager",
    "utility": "The utility company",
    "supervision": "Supervision",
}
"""Who usually handles a topic."""
MOST_ELSEWHERE = 2
"""More places to go would not be read."""


def name_of(named: Any, language: Language) -> str:  # noqa: ANN401  # Whatever has a name in two languages.
    """Return a name in the reader's language."""
    return str(named.name_en if language == "en" and named.name_en else named.name)


def topics_by_group(catalogue: Catalogue, language: Language) -> list[tuple[str, Options]]:
    """Return the topics to choose from, by group, each set in by its level; a group without any stands for itself."""
    return [
        (
            name_of(group, language),
            [(t.code, "　" * (depth - 1) + name_of(t, language)) for depth, t in below]
            or [(group.code, name_of(group, language))],
        )
        for group, below in catalogue.groups
    ]


@dataclass(frozen=True)
class Asked:
    """A further question as a form asks it."""

    name: str
    label: str
    kind: QuestionKind
    options: Options
    required: bool
    value: str = ""


def asked_of(questions: Iterable[Question], typed: Mapping[str, str], language: Language) -> list[Asked]:
    """Return the questions of a topic as a form asks them, with what was answered."""
    return [
        Asked(
            name=f"{FIELD}{one.key}",
            label=one.called(language),
            kind=one.kind,
            options=_options(one, language),
            required=one.required,
            value=typed.get(one.key, ""),
        )
        for one in questions
    ]


def _options(question: Question, language: Language) -> Options:
    if question.kind is QuestionKind.YES_NO:
        return [(code, said[language == "en"]) for code, said in SAID.items()]
    return [(option.zh, option.en if language == "en" else option.zh) for option in question.options]


def answers_in(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return the answers among the fields of a form, by the key of their question."""
    return {name.removeprefix(FIELD): str(value) for name, value in fields.items() if name.startswith(FIELD) and value}


def named_elsewhere(catalogue: Catalogue, text: str) -> list[tuple[Topic, Elsewhere]]:
    """Return the topics that send people elsewhere, first of all, and whose keywords stand in the text."""
    found = [catalogue.topics[code] for code in catalogue.named_in(text)]
    return [(topic, topic.elsewhere) for topic in found if topic.elsewhere is not None][:MOST_ELSEWHERE]


def something_else(catalogue: Catalogue) -> Topic | None:
    """Return the topic of what fits nowhere, if the installation has it."""
    return catalogue.topics.get(SOMETHING_ELSE)
