"""Who writes in a city, how often, and how much? A pool of invented residents and of texts as long as real ones."""

import json
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from service.demo.stories import GIVEN, SURNAMES
from service.secrecy import blind_index, encrypt, normalise_phone

PHONE = "0500-2{:06d}"
"""No town in China has the area code 0500."""
MOST = 250_000
A_CASE = 0.5
"""So many residents are drawn from for each case (own)."""
MEDIAN, SPREAD, LONGEST = 198, 1.06, 7_001
"""The length of a text in characters: P5 48, median 198, P95 1,130, the longest 7,001 (7,637 messages, DOMAIN 7.3)."""
COPIES = 0.069
"""The share of texts that are an exact copy of another (526 of 7,637, DOMAIN 7.3)."""
TEXTS = 1_500


@dataclass(frozen=True)
class Pool:
    """Residents as a case holds them, and what makes a short text a long one; all as COPY reads it."""

    contacts: Sequence[tuple[str, str]]
    """Encrypted contact, and the index of its telephone number."""
    ends: Sequence[tuple[int, str]]
    """How long a text becomes, and what is said behind its first words."""

    def contact(self, dice: random.Random) -> tuple[str, str]:
        """Return somebody: few write often, most once."""
        return self.contacts[int(len(self.contacts) * dice.random() ** 2)]

    def lengthened(self, text: str, dice: random.Random) -> str:
        """Return a text that begins with this one and is as long as texts are."""
        if dice.random() < COPIES:
            return text
        length, end = self.ends[int(len(self.ends) * dice.random())]
        return (text + end)[:length] if length > len(text) else text


def pool(cases: int, sentences: Sequence[str], dice: random.Random) -> Pool:
    """Return the residents of so many cases, and texts made of these sentences."""
    count = min(max(int(cases * A_CASE), 1), MOST)
    contacts = [_contact(number) for number in range(count)]
    return Pool(contacts, [_end(sentences, dice) for _ in range(TEXTS)])


def _contact(number: int) -> tuple[str, str]:
    phone = normalise_phone(PHONE.format(number))
    name = SURNAMES[number % len(SURNAMES)] + GIVEN[number // len(SURNAMES) % len(GIVEN)]
    sealed = encrypt(json.dumps({"name": name, "phone": phone, "email": ""}, ensure_ascii=False))
    return rf"\\x{sealed.hex()}", rf"\\x{blind_index(phone).hex()}"


def _end(sentences: Sequence[str], dice: random.Random) -> tuple[int, str]:
    length = min(round(MEDIAN * math.exp(dice.gauss(0, SPREAD))), LONGEST)
    said = ""
    while len(said) < length:
        said += dice.choice(sentences)
    return length, said
