"""What can go wrong, in words for people: every expected failure of an action is one of these.

Each error carries its HTTP status, a stable code and a sentence (a gettext message id, in English). The web
renders them in one place, as a page or as RFC 9457 problem JSON, in the reader's language.
"""

from typing import Any


class ServiceError(Exception):
    """An expected failure: `status` for HTTP, `code` for programs, `sentence` for people, `facts` to fill it."""

    status = 400
    code = "bad-request"
    sentence = "That request could not be understood."

    def __init__(self, **facts: Any) -> None:  # noqa: ANN401  # Facts are whatever the sentence names.
        self.facts = facts
        super().__init__(self.sentence.format_map(_Forgiving(facts)))


class _Forgiving(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return f"({key})"


class NotFoundError(ServiceError):
    """There is no such thing, or the reader may not know of it: both look the same."""

    status, code = 404, "not-found"
    sentence = "There is nothing here, or it is not yours to see."


class NotAllowedError(ServiceError):
    """The reader may see the thing but not do this to it."""

    status, code = 403, "not-allowed"
    sentence = "You may not do that."


class InvalidFieldsError(ServiceError):
    """Fields are missing or wrong. `fields` maps a field's name to a sentence (a message id)."""

    status, code = 422, "invalid-fields"
    sentence = "Some answers are missing or wrong. What you typed is kept."

    def __init__(self, fields: dict[str, str], **facts: Any) -> None:  # noqa: ANN401
        self.fields = fields
        super().__init__(**facts)


class BadCursorError(InvalidFieldsError):
    """A page of a list was asked for with something that is no cursor."""

    def __init__(self) -> None:
        super().__init__({"cursor": "This is not a place in the list. Please start from its beginning."})


class ConflictError(ServiceError):
    """Somebody else changed the thing first. `facts` hold `yours` and `current`."""

    status, code = 409, "conflict"
    sentence = "Somebody changed this a moment ago. Both versions are shown; nothing of yours was lost."


class TooManyTriesError(ServiceError):
    """Over a limit; `retry_after` is in seconds."""

    status, code = 429, "too-many-tries"
    sentence = "That was tried too often. Please try again in {wait}."
