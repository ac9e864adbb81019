"""Does a text say a word, whatever its capitals, full-width forms and spaces?"""

import re
import unicodedata


def plain(text: str) -> str:
    """Return a text as it is compared: folded, and without space between Chinese characters."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"(?<=[^\x00-\x7f])\s+(?=[^\x00-\x7f])", "", re.sub(r"\s+", " ", folded))


def says(text: str, word: str) -> bool:
    """Does the text hold the word, both plain? One in Latin letters must stand alone."""
    return bool(re.search(rf"\b{re.escape(word)}\b", text, re.ASCII)) if word.isascii() else word in text
