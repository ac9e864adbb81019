"""Which three topics is a text most likely about, and how sure may one be?"""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from sqlmodel import Session

from service.categories.model import Model, from_bytes
from service.categories.rules import SOMETHING_ELSE, Catalogue, Topic
from service.categories.tables import CategoryModel

MOST = 3
ASK_BELOW = 0.8
"""Below this confidence the resident is asked."""
LEAST = 0.01
"""What is less likely is not worth showing."""
KEYWORDS_AT_BEST = 0.65
"""Keywords alone were right so often where they named one topic only (docs/categories.md); they never stop asking."""

_lock = Lock()
_loaded: tuple[int, Model] | None = None


@dataclass(frozen=True)
class Suggestion:
    """A topic and how likely it is, from 0 to 1."""

    topic: Topic
    confidence: float


@dataclass(frozen=True)
class Suggestions:
    """The topics a text is most likely about, best first."""

    items: tuple[Suggestion, ...] = ()
    model_id: int | None = None
    """The version that said so; None: the keywords."""

    @property
    def ask(self) -> bool:
        """Is the best too unsure to be taken without asking?"""
        return not self.items or self.items[0].confidence < ASK_BELOW

    @property
    def best(self) -> Topic | None:
        """Return the most likely topic, if any is likely at all."""
        return self.items[0].topic if self.items else None


def suggest(session: Session, catalogue: Catalogue, model_id: int | None, *, title: str, text: str) -> Suggestions:
    """Return up to three topics in use: by the model with that number, else by their keywords.

    Only topics whose requests we take; the database is asked once for each version.
    """
    if not (title.strip() or text.strip()):
        return Suggestions()
    model = _model(session, model_id) if model_id is not None else None
    chances = model.chances(title, text) if model is not None else by_keywords(catalogue, f"{title}\n{text}")
    fitting = {code: chance for code, chance in chances.items() if _is_offered(catalogue, code)}
    whole = sum(fitting.values()) if model is not None else 1.0
    best = sorted(fitting, key=lambda code: (-fitting[code], code))[:MOST]
    items = (Suggestion(catalogue.topics[code], round(fitting[code] / whole, 2)) for code in best)
    return Suggestions(tuple(one for one in items if one.confidence >= LEAST), model_id if model is not None else None)


def by_keywords(catalogue: Catalogue, text: str) -> Mapping[str, float]:
    """Return how likely each topic is by its keywords alone: its share of all the letters that were found."""
    named = catalogue.named_in(text)
    whole = sum(named.values())
    return {code: KEYWORDS_AT_BEST * letters / whole for code, letters in named.items()}


def _is_offered(catalogue: Catalogue, code: str) -> bool:
    topic = catalogue.topics.get(code)
    if topic is None or not topic.is_active or code == SOMETHING_ELSE:
        return False
    elsewhere = catalogue.elsewhere(code)
    return elsewhere is None or elsewhere.taken


def _model(session: Session, model_id: int) -> Model | None:
    """Return a version, read once by each process; None where it is gone."""
    global _loaded  # noqa: PLW0603  # One version a process; replaced whole, never changed.
    known = _loaded
    if known is None or known[0] != model_id:
        with _lock:
            row = session.get(CategoryModel, model_id)
            if row is None:
                return None
            known = _loaded = (model_id, from_bytes(row.weights))
            session.expunge(row)
    return known[1]
