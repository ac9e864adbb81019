"""How does the engine say something to people, so that it can be said in another language too?

A sentence is an English text with {places} for facts; whoever tells it may exchange the text by its translation.
"""

from typing import Any


class SaidError(ValueError):
    """Something that cannot be, as a sentence and its facts."""

    def __init__(self, sentence: str, **facts: Any) -> None:  # noqa: ANN401  # Facts are whatever the sentence names.
        self.sentence, self.facts = sentence, facts
        super().__init__(sentence.format_map(facts))


def said_of(why: Exception) -> tuple[str, dict[str, str]]:
    """Return the sentence of an error and its facts as texts; the error's own words where it has no sentence."""
    sentence: str | None = getattr(why, "sentence", None)
    if sentence is None:
        return "{words}", {"words": str(why)}
    return sentence, {name: str(fact) for name, fact in getattr(why, "facts", {}).items()}
