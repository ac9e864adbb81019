"""What did somebody want to do to a case that others changed meanwhile, in words to be laid beside what they did?"""

from collections.abc import Mapping

from service.cases.rules import MOVES, Field
from service.routing.directory import Directory
from service.web.catalogues import Language, gettext
from service.web.filters import called_in
from service.web.worker_forms import Question, Tried, forms_of


def typed_in_words(tried: Tried, known: Directory, language: Language) -> list[tuple[str, str]]:
    """Return what was typed into a form as labels and words, also where the case does not offer its action any more."""
    moves = tuple(move for move in MOVES if move.action == tried.action)
    questions = {question.name: question for form in forms_of(moves, tried) for question in form.questions}
    return [
        (gettext(language, question.label), _said(question, known, language))
        for question in questions.values()
        if question.value.strip()
    ]


def _said(question: Question, known: Directory, language: Language) -> str:
    """Return the answer to a question in words; what cannot be read stays as it was typed."""
    if question.value in question.options:
        return gettext(language, question.options[question.value])
    named = _named(known).get(question.name, {}).get(question.value)
    return called_in(language, named) if named is not None else question.value


def _named(known: Directory) -> Mapping[str, Mapping[str, object]]:
    places = {str(key): place for key, place in known.areas.places.items()}
    people = {str(key): person for key, person in known.people.items()}
    return {Field.PERSON: people, Field.UNIT: places, Field.AREA: places, Field.CATEGORY: known.catalogue.topics}
