"""What may be written down about an outside party, and may it be given a case of a place, a topic and a day?

Sources: DOMAIN 0 and 2.1 (多方参与, 双报到, 政府购买服务机制); the numbers are our own.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from service.accounts.rules import Role
from service.areas.rules import AreaTree
from service.errors import InvalidFieldsError, ServiceError

NAME_MOST = 60
NUMBER_MOST = 40
PRICES_MOST = 100
UNIT_MOST = 20
MOST_CENTS = 100_000_000
"""The dearest price of one unit: a million yuan."""
NOT_IN_HISTORY = frozenset({"contact", "phone", "email"})
"""Of these the history says only that they changed: what is appended there stays for ever."""
WRITERS = frozenset({Role.ADMIN, Role.DISTRICT, Role.SUPERVISOR, Role.HEAD})
EVERYWHERE = frozenset({Role.ADMIN, Role.DISTRICT})
_EMAIL = re.compile(r"[^@\s<>,;]{1,64}@[^@\s<>,;]+\.[^@\s<>,;.]+")
_PRICE_LINE = re.compile(r"(?P<item>[^;；]+)[;；](?P<unit>[^;；]+)[;；]\s*(?P<yuan>\d{1,7})(?:\.(?P<rest>\d{1,2}))?\s*")


class PartyKind(StrEnum):
    """志愿者, 社会组织, 在职党员, 物业企业, 购买服务."""

    VOLUNTEERS = "volunteers"
    SOCIAL = "social"
    MEMBERS = "members"
    PROPERTY = "property"
    PURCHASED = "purchased"


class Misfit(StrEnum):
    """Why a party cannot be given a case."""

    ENDED = "ended"
    NOT_YET = "not-yet"
    OVER = "over"
    AREA = "area"
    TOPIC = "topic"


class NameTakenError(InvalidFieldsError):
    """Another party has the name, by which lines of the dispatch table know it."""

    status, code = 422, "name-taken"
    sentence = "Another party has this name. Please choose another."

    def __init__(self) -> None:
        super().__init__({"name": self.sentence})


class PriceLineError(ServiceError):
    """A line of the price list cannot be read; `line` counts from 1."""

    status, code = 422, "price-line"
    sentence = "Line {line} of the price list: please write what; unit; price in yuan, such as “换灯; 盏; 35.50”."


@dataclass(frozen=True)
class Price:
    """One line of a price list."""

    item: str
    unit: str
    cents: int
    """For one unit, in hundredths of a yuan."""


@dataclass(frozen=True)
class PartyDetails:
    """What is written down about a party. Contact, phone and mail address are in plain text here."""

    name: str
    kind: PartyKind
    valid_from: date
    name_en: str = ""
    contact: str = ""
    phone: str = ""
    email: str = ""
    language: str = "zh"
    area_ids: tuple[int, ...] = ()
    """Each with everything below it."""
    categories: tuple[str, ...] = ()
    """The codes of topics, each with everything below it; none: whatever there is."""
    contract: str = ""
    valid_until: date | None = None
    """The last day; None: until it is ended."""
    prices: tuple[Price, ...] = ()
    minder_id: int | None = None
    """Who in the community minds it."""
    is_active: bool = True


@dataclass(frozen=True)
class Terms:
    """Where, for what and when a party works."""

    area_ids: Sequence[int]
    categories: Sequence[str]
    valid_from: date
    valid_until: date | None
    is_active: bool


@dataclass(frozen=True)
class Known:
    """What the fields that point elsewhere may point to."""

    areas: frozenset[int]
    """Areas in use within the writer's reach."""
    topics: frozenset[str]
    minders: frozenset[int]


def misfit(terms: Terms, area_id: int, path: Iterable[str], day: date, areas: AreaTree) -> Misfit | None:
    """Return why a party cannot be given a case of that place on that day, or None when it can.

    `path` is the topic of the case and those above it. A closed area counts as the one that took it over.
    """
    if not terms.is_active:
        return Misfit.ENDED
    if day < terms.valid_from:
        return Misfit.NOT_YET
    if terms.valid_until is not None and day > terms.valid_until:
        return Misfit.OVER
    if not any(areas.covers(areas.living(own).id, area_id) for own in terms.area_ids if own in areas.places):
        return Misfit.AREA
    if terms.categories and set(terms.categories).isdisjoint(path):
        return Misfit.TOPIC
    return None


def may_write(role: Role, own_area: int, area_ids: Iterable[int], areas: AreaTree) -> bool:
    """May somebody look after a party of these areas? District and administrators all, others within their own area."""
    if role in EVERYWHERE:
        return True
    return role in WRITERS and all(areas.covers(own_area, one) for one in area_ids)


def may_read(role: Role, own_area: int, area_ids: Iterable[int], areas: AreaTree) -> bool:
    """May somebody know of a party? Whoever's area holds one of its areas, or lies in one."""
    if role in EVERYWHERE:
        return True
    return any(areas.covers(own_area, one) or areas.covers(one, own_area) for one in area_ids)


def check_party(details: PartyDetails, known: Known) -> None:
    """Accept details that can be stored. Errors: InvalidFieldsError, naming each field."""
    wrong = {field: sentence for field, (is_right, sentence) in _rules(details, known).items() if not is_right}
    if wrong:
        raise InvalidFieldsError(wrong)


def _rules(details: PartyDetails, known: Known) -> Mapping[str, tuple[bool, str]]:
    too_long = "Please give a name of at most 60 characters."
    bought = details.kind is PartyKind.PURCHASED
    return {
        "name": (0 < len(details.name) <= NAME_MOST, too_long),
        "name_en": (len(details.name_en) <= NAME_MOST, too_long),
        "contact": (len(details.contact) <= NAME_MOST, too_long),
        "email": (not details.email or _EMAIL.fullmatch(details.email) is not None, "This is not a mail address."),
        "phone": (
            bool(details.phone or details.email),
            "Please give a telephone number or a mail address: the party gets its jobs by it.",
        ),
        "language": (details.language in ("zh", "en"), "Please choose one of the answers offered."),
        "area_ids": (
            bool(details.area_ids) and set(details.area_ids) <= known.areas,
            "Please choose at least one area that is in use and within your own.",
        ),
        "categories": (set(details.categories) <= known.topics, "Please choose topics of the list."),
        "contract": (
            len(details.contract) <= NUMBER_MOST and bool(details.contract or not bought),
            "Bought services need the number of their contract, of at most 40 characters.",
        ),
        "valid_until": (
            details.valid_until >= details.valid_from if details.valid_until else not bought,
            "Please give a last day that is not before the first one; bought services need one.",
        ),
        "prices": (len(details.prices) <= PRICES_MOST, "A price list has at most 100 lines."),
        "minder_id": (
            details.minder_id is None or details.minder_id in known.minders,
            "Please choose somebody who works here.",
        ),
    }


def prices_typed(text: str) -> tuple[Price, ...]:
    """Return the price list that was typed, one line for each: what; unit; yuan. Errors: PriceLineError."""
    found: list[Price] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        read = _PRICE_LINE.fullmatch(line)
        price = Price(read["item"].strip(), read["unit"].strip(), _cents(read)) if read else None
        if price is None or not _is_price(price) or any(one.item == price.item for one in found):
            raise PriceLineError(line=number)
        found.append(price)
    return tuple(found)


def _cents(read: re.Match[str]) -> int:
    return int(read["yuan"]) * 100 + int((read["rest"] or "0").ljust(2, "0"))


def _is_price(price: Price) -> bool:
    return 0 < len(price.item) <= NAME_MOST and 0 < len(price.unit) <= UNIT_MOST and price.cents <= MOST_CENTS


def prices_written(prices: Iterable[Price]) -> str:
    """Return a price list as it is typed."""
    return "\n".join(f"{p.item}; {p.unit}; {yuan(p.cents)}" for p in prices)


def yuan(cents: int) -> str:
    """Return an amount in yuan, '35.50' for 3550."""
    return f"{cents // 100}.{cents % 100:02d}"
