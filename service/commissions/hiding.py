"""Does a text say who asked, or how to reach them? What a party reads must not (DOMAIN 1.7, P1, P2)."""

import re
import unicodedata
from collections.abc import Mapping

from service.errors import InvalidFieldsError
from service.secrecy import fold

HIDDEN = "＊＊"
SHORTEST, SHORTEST_LATIN = 2, 4
"""A single sign, or a few letters, stand in other words as often as for a name."""
TITLES = ("女士", "先生", "阿姨", "叔叔", "大爷", "大妈", "大姐", "大哥", "奶奶", "爷爷", "师傅", "老师", "某")
"""How somebody is called by the family name alone."""
_NUMBERS = re.compile(
    r"""(?<!\d)(?:\+?86[ -]?)?1[3-9]\d(?:[ -]?\d){8}(?!\d)   # a mobile phone, with or without gaps
      | (?<!\d)0\d{2,3}[ -]?[2-9]\d{6,7}(?!\d)               # a land line with its area code
      | (?<!\d)\d{17}[\dXx](?!\d)                            # an identity card
      | [\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+                    # a mail address
    """,
    re.VERBOSE,
)


def hidden(text: str, contact: Mapping[str, str]) -> str:
    """Return a text without the name and contact of whoever asked, and without any number by which people are reached.

    Full-width digits are read as plain ones, so the text comes back in compatible forms where that was needed.
    """
    plain = text if _says_nothing(text, contact) else unicodedata.normalize("NFKC", text)
    for value in _own(contact):
        plain = re.sub(r"\s*".join(map(re.escape, value)), HIDDEN, plain, flags=re.IGNORECASE)
    return _NUMBERS.sub(HIDDEN, plain)


def check_hidden(texts: Mapping[str, str], contact: Mapping[str, str]) -> None:
    """Refuse texts that say who asked or how people are reached. Errors: InvalidFieldsError, naming each field."""
    wrong = {
        field: "Please leave out who asked, telephone numbers and mail addresses: the party must not know them."
        for field, text in texts.items()
        if not _says_nothing(text, contact)
    }
    if wrong:
        raise InvalidFieldsError(wrong)


def _says_nothing(text: str, contact: Mapping[str, str]) -> bool:
    folded = fold(text)
    if any(fold(value) in folded for value in _own(contact)):
        return False
    return _NUMBERS.search(unicodedata.normalize("NFKC", text)) is None


def _own(contact: Mapping[str, str]) -> list[str]:
    """Return what of a contact may stand in a text, without its gaps: also the family name with a title."""
    name, phone, email = ("".join(contact.get(part, "").split()) for part in ("name", "phone", "email"))
    titled = [name[0] + title for title in TITLES] if name and not name.isascii() else []
    return [v for v in (name, phone, email, *titled) if len(v) >= (SHORTEST_LATIN if v.isascii() else SHORTEST)]
