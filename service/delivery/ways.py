"""By which channels can a notice reach its reader, at which addresses, and how is it unsubscribed from?"""

from collections.abc import Mapping
from urllib.parse import quote

from service.accounts.tables import Person
from service.delivery.queries import Context
from service.outbox.messages import MAY_BE_STOPPED, TRIAL
from service.outbox.reasons import Reason
from service.outbox.rules import Channel, route
from service.outbox.tables import ChannelRow, Notice
from service.secrecy import decrypt, signature
from service.settings import Settings


class CannotBeToldError(Exception):
    """A notice that no channel and no further try could deliver; the message says why."""


def ways_of(notice: Notice, known: Context, settings: Settings) -> list[str]:
    """Return the channels by which a notice can reach its reader, in order. Errors: CannotBeToldError."""
    mails = settings.smtp_url is not None or settings.demo
    if notice.party_id is not None or notice.phone is not None:
        return ways_outside(notice, known.channels, mails=mails)
    if notice.person_id is None:
        return [Channel.MAIL if mails and notice.address else Channel.LOG]
    person = known.people.get(notice.person_id)
    if person is None or not person.is_active:
        raise CannotBeToldError(Reason.RECIPIENT_GONE)
    if notice.template == TRIAL:
        return [str(notice.channel_id)] if str(notice.channel_id) in known.channels else []
    usual = [Channel.MAIL.value, *(key for key, row in known.channels.items() if row.is_usual)]
    return route(known.wishes_for(person.id), usual, reachable(person, known.channels, mails=mails))


def reachable(person: Person, channels: Mapping[str, ChannelRow], *, mails: bool) -> list[str]:
    """Return the channels by which somebody can be reached."""
    found = [Channel.MAIL.value] if mails and person.email else []
    active = (key for key, row in channels.items() if row.is_active)
    return found + [key for key in active if person.phone_encrypted or "{phone}" not in decrypt(channels[key].address)]


def ways_outside(notice: Notice, channels: Mapping[str, ChannelRow], *, mails: bool) -> list[str]:
    """Return the channels by which somebody outside is reached: mail, then those that go to a telephone number.

    They have no pages of their own here, so that without either there is none.
    """
    found = [Channel.MAIL.value] if mails and notice.address else []
    by_phone = (key for key, row in channels.items() if row.is_active and "{phone}" in decrypt(row.address))
    return found + (list(by_phone) if notice.phone else [])


def filled(address: str, person: Person | None, phone_sealed: bytes | None, settings: Settings) -> str:
    """Return a channel's address with what stands for its reader; `phone_sealed` is the reader's number."""
    phone = decrypt(phone_sealed) if phone_sealed and "{phone}" in address else ""
    own = {
        "{public_url}": settings.public_url,
        "{login}": quote(person.login if person else "", safe=""),
        "{phone}": quote(phone, safe=""),
    }
    for name, value in own.items():
        address = address.replace(name, value)
    return address


def stop_address(notice: Notice, settings: Settings) -> str:
    """Return the address at which a resident unsubscribes from a notice; "" where they may not."""
    number = str(notice.facts.get("number", ""))
    if notice.template not in MAY_BE_STOPPED or notice.person_id is not None or not number:
        return ""
    return f"{settings.public_url}/notices/stop/{number}/{stop_token(number)}"


def stop_token(number: str) -> str:
    """Return what proves that somebody got a notice about a case."""
    return signature(f"stop:{number}").hex()[:32]
