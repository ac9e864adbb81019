"""How is an outside party typed: areas, topics and prices one a line?"""

from datetime import date

from service.errors import InvalidFieldsError
from service.parties.queries import PartyContact, prices_of
from service.parties.rules import PartyDetails, PartyKind, Price, PriceLineError, prices_typed, prices_written
from service.parties.tables import Party
from service.routing.directory import Directory
from service.web.admin.common import FIRST_YEAR, LAST_YEAR, Text, one_of
from service.web.admin.saving import RowForm, id_typed, yes_or_no

NO_CONTACT = PartyContact("", "", "")


class PartyForm(RowForm):
    """A party as it is typed; contact, number and address are never sent back to a page."""

    name: Text = ""
    name_en: Text = ""
    kind: Text = ""
    contact: Text = ""
    phone: Text = ""
    email: Text = ""
    forget: tuple[str, ...] = ()
    """Which of the three are to be deleted."""
    language: Text = ""
    area_ids: Text = ""
    categories: Text = ""
    contract: Text = ""
    valid_from: Text = ""
    valid_until: Text = ""
    prices: Text = ""
    minder_id: Text = ""

    def details(self, known: Directory, kept: PartyContact = NO_CONTACT) -> PartyDetails:
        """Return what was typed, not yet checked; an empty contact keeps the stored one. Errors: InvalidFieldsError."""
        wrong: dict[str, str] = {}
        facts: dict[str, object] = {}
        area_ids, strange_area = _areas(self.area_ids, known)
        codes, strange_topic = _topics(self.categories, known)
        first, last = as_day(self.valid_from), as_day(self.valid_until)
        if strange_area:
            wrong["area_ids"] = "We do not know this area, or several have the name: {area}. Use its code."
            facts["area"] = strange_area
        if strange_topic:
            wrong["categories"] = "We do not know this topic: {topic}."
            facts["topic"] = strange_topic
        if first is None:
            wrong["valid_from"] = "Please give a day."
        if last is None and self.valid_until:
            wrong["valid_until"] = "Please give a day."
        prices, strange_line = _prices(self.prices)
        if strange_line:
            wrong["prices"], facts["line"] = strange_line.sentence, strange_line.facts["line"]
        if wrong or first is None:
            raise InvalidFieldsError(wrong, **facts)
        return PartyDetails(
            name=self.name,
            kind=one_of(PartyKind, self.kind, "kind"),
            valid_from=first,
            name_en=self.name_en,
            contact=self._kept("contact", self.contact, kept.name),
            phone=self._kept("phone", self.phone, kept.phone),
            email=self._kept("email", self.email, kept.email),
            language=self.language,
            area_ids=area_ids,
            categories=codes,
            contract=self.contract,
            valid_until=last,
            prices=prices,
            minder_id=id_typed(self.minder_id),
            is_active=self.in_use,
        )

    def _kept(self, name: str, typed: str, kept: str) -> str:
        return typed or ("" if name in self.forget else kept)


def form_of(party: Party, known: Directory) -> PartyForm:
    """Return a party as its form shows it."""
    places, topics = known.areas.places, known.catalogue.topics
    return PartyForm(
        name=party.name,
        name_en=party.name_en,
        kind=party.kind,
        language=party.language,
        area_ids="\n".join(f"{places[i].code} {places[i].name}" for i in party.area_ids if i in places),
        categories="\n".join(f"{code} {topics[code].name}" for code in party.categories if code in topics),
        contract=party.contract,
        valid_from=party.valid_from.isoformat(),
        valid_until=party.valid_until.isoformat() if party.valid_until else "",
        prices=prices_written(prices_of(party)),
        minder_id=str(party.minder_id or ""),
        is_active=yes_or_no(party.is_active),
    )


def as_day(text: str) -> date | None:
    """Return the day that '2026-11-24' is, or None."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None


def _areas(text: str, known: Directory) -> tuple[tuple[int, ...], str]:
    """Return the areas of the lines, each by its code or name, and the first line that names none.

    A closed area that stands by its own code stays what it is.
    """
    found: list[int] = []
    for line in _lines(text):
        first = line.split()[0]
        place = known.areas.ever_by_code.get(first) or known.areas.meant_by(line)
        if place is None:
            return (), line
        found.append(place.id)
    return tuple(dict.fromkeys(found)), ""


def _topics(text: str, known: Directory) -> tuple[tuple[str, ...], str]:
    """Return the topics of the lines, each by its code or name, and the first line that names none."""
    found: list[str] = []
    for line in _lines(text):
        topic = known.catalogue.topics.get(line.split()[0]) or known.catalogue.by_name.get(line)
        if topic is None:
            return (), line
        found.append(topic.code)
    return tuple(dict.fromkeys(found)), ""


def _prices(text: str) -> tuple[tuple[Price, ...], PriceLineError | None]:
    """Return the prices of the lines, and what is wrong with the first line that names none."""
    try:
        return prices_typed(text), None
    except PriceLineError as error:
        return (), error


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
