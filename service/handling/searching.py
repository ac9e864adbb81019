"""What does somebody mean who types words into the search of the queue: a number, a telephone, a place, or words?"""

import re
from dataclasses import dataclass
from enum import StrEnum
from unicodedata import normalize

import sqlalchemy as sa
from sqlmodel import col

from service.areas.names import folded
from service.areas.rules import AreaTree
from service.cases.numbers import is_case_number
from service.cases.tables import Case
from service.secrecy import PhoneInvalidError, blind_index, normalise_phone

LEAST_DIGITS = 11
"""A mobile number has so many; fewer digits may be a part of a case's number or of an address."""
DASHES = str.maketrans("‐‑‒–—－", "------")
_NUMBER_LIKE = re.compile(r"\+?\d[\d\s().,/_-]{4,}\d")
_MOBILE = re.compile(r"1[3-9]\d{9}")


class SearchKind(StrEnum):
    """How the words of a search were understood."""

    NUMBER = "number"
    PHONE = "phone"
    PLACE = "place"
    WORDS = "words"


@dataclass(frozen=True)
class Search:
    """One search: what is looked for, and among what."""

    kind: SearchKind
    text: str = ""
    area_ids: tuple[int, ...] = ()

    def condition(self) -> sa.ColumnElement[bool]:
        """Return which cases fit; whoever asks adds which of them they may see.

        A number, a telephone and a place are found by an index of their own. Words are looked for in what the scope
        of the reader leaves, which the indexes of open cases find. Words that are the same in capitals (Chinese,
        digits) are looked for as they stand: PostgreSQL would first write every text in small letters, which takes
        twice as long.
        """
        if self.kind is SearchKind.NUMBER:
            return col(Case.number) == self.text
        if self.kind is SearchKind.PHONE:
            return col(Case.phone_index) == blind_index(self.text)
        if self.kind is SearchKind.PLACE:
            return col(Case.area_id).in_(self.area_ids)
        part = "%" + self.text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_") + "%"
        columns = [col(column) for column in (Case.number, Case.title, Case.text, Case.address)]
        if part.upper() == part.lower():
            return sa.or_(*(column.like(part, escape="\\") for column in columns))
        return sa.or_(*(column.ilike(part, escape="\\") for column in columns))


def search_for(text: str, areas: AreaTree) -> Search:
    """Return how the words are understood: the whole number of a case, a telephone, the name of an area, else words.

    The name of an estate is words: the address says more precisely where it is than the area it lies in.
    """
    plain = "".join(normalize("NFKC", text).translate(DASHES).split())
    if is_case_number(plain):
        return Search(SearchKind.NUMBER, plain)
    if sum(c.isdecimal() for c in plain) >= LEAST_DIGITS:
        try:
            return Search(SearchKind.PHONE, normalise_phone(plain))
        except PhoneInvalidError:
            return Search(SearchKind.WORDS, text)
    named = areas.names.find(text)
    if len(named) == 1 and named[0].is_own and named[0].name == folded(text).strip():
        inside = (i for area_id in sorted(named[0].area_ids) for i in (area_id, *areas.down_from(area_id)))
        return Search(SearchKind.PLACE, text, tuple(dict.fromkeys(inside)))
    return Search(SearchKind.WORDS, text)


def names_a_telephone(text: str) -> bool:
    """Does a telephone number stand in the words? The number of a case is none, though its digits may look like one."""
    plain = normalize("NFKC", text).translate(DASHES)
    for found in _NUMBER_LIKE.findall(plain):
        bare = "".join(found.split())
        if is_case_number(bare):
            continue
        if _MOBILE.search("".join(c for c in bare if c.isdecimal())):
            return True
        try:
            normalise_phone(bare)
        except PhoneInvalidError:
            continue
        return True
    return False
