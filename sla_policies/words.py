"""Does a text say a word, whatever its capitals, full-width forms and spaces?"""

import re
import unicodedata
from functools import lru_cache


def plain(text: str) -> str:
    """Return a text as it is compared: folded, and without space between Chinese characters."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"(?<=[^\x00-\x7f])\s+(?=[^\x00-\x7f])", "", re.sub(r"\s+", " ", folded))


@lru_cache(maxsize=4096)
def plain_word(word: str) -> str:
    """Return a word of a rule as it is compared; there are few, and every text is asked for each."""
    return plain(word)


def says(text: str, word: str) -> bool:
    """Does the text hold the word, both plain? One in Latin letters must stand alone."""
    return bool(re.search(rf"\b{re.escape(word)}\b", text, re.ASCII)) if word.isascii() else word in text
