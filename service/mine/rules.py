"""To which address may a code be sent, how long does it count, and how often may one be asked for or guessed?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from pydantic import ValidationError

from service.errors import InvalidFieldsError, ServiceError
from service.intake.forms import Contact

LASTS = timedelta(minutes=30)
"""A mail may take some minutes, and is read on another device."""
WITHIN = timedelta(hours=1)
ASKED_PER_ADDRESS = 5
ASKED_PER_CLIENT = 20
"""One network address may stand for a whole building."""
GUESSES_PER_ADDRESS = 8
GUESSES_PER_CLIENT = 40


class NoProofError(ServiceError):
    """The code or link is wrong, used already or too old; which of these is not said."""

    status, code = 404, "no-proof"
    sentence = "This code is wrong, has been used already, or is more than half an hour old."


@dataclass(frozen=True)
class Address:
    """Where somebody can be reached: one of the two."""

    email: str = ""
    phone: str = ""

    @property
    def text(self) -> str:
        """Return the one that was given."""
        return self.email or self.phone


def read_address(typed: str, *, phones: bool) -> Address:
    """Return the address that was typed. `phones`: short messages can be sent. Errors: InvalidFieldsError."""
    kind = "email" if "@" in typed or not phones else "phone"
    try:
        contact = Contact(**{kind: typed})
    except ValidationError:
        contact = Contact()
    address = Address(contact.email, contact.phone)
    if not address.text:
        sentence = (
            "Please give a mail address, or a telephone number with 11 digits."
            if phones
            else "Please give a mail address, such as name@example.cn."
        )
        raise InvalidFieldsError({"address": sentence})
    return address


def asking_limits(index: bytes, network: str) -> Mapping[str, int]:
    """Return the subjects that asking for a code counts against, each with how many it may reach within `WITHIN`."""
    return {f"mine:{index.hex()}": ASKED_PER_ADDRESS, f"mine-ip:{network}": ASKED_PER_CLIENT}


def guessing_limits(index: bytes, network: str) -> Mapping[str, int]:
    """Return the subjects that a wrong code counts against."""
    return {f"mine-code:{index.hex()}": GUESSES_PER_ADDRESS, f"mine-code-ip:{network}": GUESSES_PER_CLIENT}
