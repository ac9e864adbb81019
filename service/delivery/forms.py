"""May a channel, or a person's wishes, be like this? Pure checks, with a sentence for what is wrong."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import time
from urllib.parse import urlsplit

from service.delivery.postman import SERVICES
from service.errors import InvalidFieldsError
from service.outbox.rules import QUIET_FROM, QUIET_TO, Channel, Wishes

MOST_NAME, MOST_ADDRESS = 60, 2000
LEAST_SECRET, MOST_SECRET = 16, 200
NOON = time(12)
KINDS = (Channel.WEBHOOK, Channel.APPRISE)
"""What can be set up; mail and the reader's own page are there by themselves."""
PLACES = ("{phone}", "{login}", "{public_url}")


@dataclass(frozen=True)
class ChannelDetails:
    """A channel as it is wanted; an empty `address` or `secret` keeps the one there is."""

    name: str
    kind: Channel
    address: str
    secret: str
    name_en: str = ""
    is_usual: bool = False
    is_active: bool = True


def check_channel(details: ChannelDetails, *, is_new: bool) -> None:
    """Errors: InvalidFieldsError. Whether the service takes the address is found out by a test notice."""
    wrong: dict[str, str] = {}
    if not 0 < len(details.name) <= MOST_NAME or len(details.name_en) > MOST_NAME:
        wrong["name"] = "Please give a name of at most 60 characters."
    if details.kind not in KINDS:
        wrong["kind"] = "Please choose one of the answers offered."
    if (details.address or is_new) and not _is_address(details):
        wrong["address"] = (
            "A webhook needs an address that begins with https:// (or http://)."
            if details.kind is Channel.WEBHOOK
            else "This is no address of a service that is offered, such as wecombot://KEY."
        )
    is_secret_asked = details.kind is Channel.WEBHOOK and (bool(details.secret) or is_new)
    if is_secret_asked and not LEAST_SECRET <= len(details.secret) <= MOST_SECRET:
        wrong["secret"] = "Please give a secret of 16 to 200 characters."  # noqa: S105  # A sentence.
    if wrong:
        raise InvalidFieldsError(wrong)


def _is_address(details: ChannelDetails) -> bool:
    address = details.address.replace("{public_url}", "http://here")
    if len(address) > MOST_ADDRESS or any(sign.isspace() or not sign.isprintable() for sign in address):
        return False
    try:
        parts = urlsplit(address)
        has_host = bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False
    if details.kind is Channel.WEBHOOK:
        return parts.scheme in ("http", "https") and has_host and "@" not in parts.netloc
    return parts.scheme in SERVICES and len(address) > len(parts.scheme + "://")


def check_wishes(wishes: Wishes, offered: Collection[str]) -> None:
    """Errors: InvalidFieldsError. Nights are quiet for everybody: one may only make them longer."""
    wrong: dict[str, str] = {}
    if len(set(wishes.channels)) != len(wishes.channels) or not set(wishes.channels) <= set(offered):
        wrong["first"] = "Please choose each channel once, among those offered."
    if not NOON <= wishes.quiet_from <= QUIET_FROM:
        wrong["quiet_from"] = "Quiet hours may begin between 12:00 and 22:00."
    if not QUIET_TO <= wishes.quiet_to < NOON:
        wrong["quiet_to"] = "Quiet hours may end between 07:00 and 11:59."
    if wrong:
        raise InvalidFieldsError(wrong)


def masked_address(kind: Channel, address: str) -> str:
    """Return what may be shown of an address: never a path, a query or what a service takes as its keys."""
    scheme, _, rest = address.partition("://")
    if kind is not Channel.WEBHOOK:
        return f"{scheme}://****"
    if rest == address or address.startswith("{public_url}"):
        return address
    return f"{scheme}://{rest.partition('/')[0].partition('?')[0]}/****"
