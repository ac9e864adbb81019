"""What may a resident send? Checked field by field; nothing else is accepted."""

import re
import unicodedata
from enum import StrEnum
from textwrap import shorten
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from service.areas.datum import Datum, to_wgs84
from service.categories.questions import ANSWER_MOST
from service.errors import InvalidFieldsError
from service.secrecy import PhoneInvalidError, normalise_phone

MOST_TEXT = 10_000
"""Characters. The longest real message of ten years had 7,001 (DOMAIN 7.3)."""
MOST_TITLE = 100
MOST_ADDRESS = 300
TITLE_FROM_TEXT = 30
TITLE_FROM_WORDS = 60
"""Characters of a title made from the text: Chinese signs, and letters of other languages up to a whole word."""
KEPT_CONTROLS = "\n\t"
EMAIL = re.compile(r"[^@\s<>\"',;]{1,64}@[^@\s<>\"',;]{1,190}\.[^@\s<>\"',;.]{1,63}")


class Channel(StrEnum):
    """Where a request came from (受理渠道)."""

    WEB = "web"
    KIOSK = "kiosk"
    PHONE = "phone"
    WALK_IN = "walk_in"
    API = "api"
    OPEN311 = "open311"
    PATROL = "patrol"


class ForWhom(StrEnum):
    """For whom somebody asks (filed for)."""

    SELF = "self"
    PARENT = "parent"
    CHILD = "child"
    NEIGHBOUR = "neighbour"
    OTHER = "other"


class FocusGroup(StrEnum):
    """重点人群: people to whom the plan gives special care."""

    ELDERLY = "elderly"
    ELDERLY_ALONE = "elderly_alone"
    DISABLED = "disabled"
    MINOR = "minor"
    CHILD_ALONE = "child_alone"
    HARDSHIP = "hardship"


def clean(text: str) -> str:
    """Return the text composed (NFC), with \\n for line ends, and without control characters or outer white space."""
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept = (c for c in composed if c in KEPT_CONTROLS or unicodedata.category(c) not in ("Cc", "Cs"))
    return "".join(kept).strip()


def _cleaned(value: Any) -> Any:  # noqa: ANN401  # Whatever a client sends; pydantic refuses what is no text.
    return clean(value) if isinstance(value, str) else value


def _email(value: str) -> str:
    if value and not EMAIL.fullmatch(value):
        raise PydanticCustomError("email", "This is not a mail address.")
    return value


def _phone(value: str) -> str:
    if not value:
        return value
    try:
        return normalise_phone(value)
    except PhoneInvalidError as why:
        raise PydanticCustomError("phone", "{sentence}", {"sentence": why.sentence}) from why


def _empty_is_none(value: Any) -> Any:  # noqa: ANN401  # See _cleaned.
    cleaned = _cleaned(value)
    return None if cleaned == "" else cleaned


Text = Annotated[str, BeforeValidator(_cleaned)]
Title = Annotated[Annotated[str, Field(max_length=MOST_TITLE)] | None, BeforeValidator(_empty_is_none)]
Code = Annotated[Annotated[str, Field(max_length=60)] | None, BeforeValidator(_empty_is_none)]

AnswerKey = Annotated[str, Field(max_length=30)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Location(_Form):
    """A point in degrees, of WGS 84 unless its datum says otherwise."""

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    datum: Datum = Datum.WGS84

    def wgs84(self) -> tuple[float, float]:
        """Return latitude and longitude as they are stored."""
        return to_wgs84(self.lat, self.lon, self.datum)


class Contact(_Form):
    """How to reach the resident; all of it is encrypted at rest."""

    name: Annotated[Text, Field(max_length=60)] = ""
    phone: Annotated[Text, Field(max_length=30), AfterValidator(_phone)] = ""
    email: Annotated[Text, Field(max_length=254), AfterValidator(_email)] = ""


class RequestForm(_Form):
    """One request as it is sent."""

    text: Annotated[Text, Field(min_length=1, max_length=MOST_TEXT)]
    title: Title = None
    category: Code = None
    """A code or name of the catalogue; without one it is guessed from the words."""
    answers: Annotated[dict[AnswerKey, Annotated[Text, Field(max_length=ANSWER_MOST)]], Field(max_length=20)] = {}
    """Answers to the further questions of the topic, by their key; see GET /api/v1/categories."""
    area: Code = None
    """The code or the name of an area."""
    location: Location | None = None
    address: Annotated[Text, Field(max_length=MOST_ADDRESS)] = ""
    contact: Contact = Contact()
    anonymous: bool = False
    for_whom: ForWhom = ForWhom.SELF
    focus_groups: Annotated[frozenset[FocusGroup], Field(max_length=6)] = frozenset()
    channel: Channel = Channel.API
    language: Annotated[str, Field(pattern="^(zh|en)$")] = "zh"

    def headline(self) -> str:
        """Return the title, or the beginning of the text where none was given."""
        if self.title:
            return self.title
        sentence = re.split(r"[。！？!?\n]", self.text, maxsplit=1)[0].strip() or self.text
        if not sentence.isascii():
            return sentence[:TITLE_FROM_TEXT]
        return shorten(sentence, TITLE_FROM_WORDS, placeholder="…") or sentence[:TITLE_FROM_TEXT]


SENTENCES = {
    "missing": "Please write something here.",
    "string_too_short": "Please write something here.",
    "too_short": "Please write something here.",
    "string_too_long": "This is too long. Please write less.",
    "too_long": "This is too long. Please write less.",
    "string_type": "Please write this in words.",
    "extra_forbidden": "This field is not known.",
    "enum": "Please choose one of the answers offered.",
}
OTHER_SENTENCE = "This answer cannot be used. Please check it."


def checked(answers: dict[str, Any]) -> RequestForm:
    """Return the form. Errors: InvalidFieldsError with a sentence for each field."""
    try:
        return RequestForm.model_validate(answers)
    except ValidationError as wrong:
        raise InvalidFieldsError(sentences(wrong.errors())) from wrong


def sentences(errors: list[Any]) -> dict[str, str]:
    """Return pydantic's errors as {field: message id}; our own validators bring their sentence along."""
    own = ("email", "phone")
    return {
        ".".join(str(part) for part in e["loc"]): e["msg"]
        if e["type"] in own
        else SENTENCES.get(e["type"], OTHER_SENTENCE)
        for e in errors
    }
