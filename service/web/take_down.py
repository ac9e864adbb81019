"""How does staff take down a request for a caller, for somebody at the counter, or for what they saw on patrol?"""

import secrets
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from service.accounts.tables import Person
from service.areas.rules import AreaLevel, Place
from service.categories.questions import FIELD
from service.errors import InvalidFieldsError, ServiceError
from service.handling.photos import add_first_photos
from service.intake.actions import open_case
from service.intake.forms import Channel, RequestForm, checked
from service.intake.rules import Receipt
from service.routing.directory import Directory
from service.routing.queries import directory
from service.web import words
from service.web.catalogues import Language, gettext
from service.web.deps import DbSession, Now
from service.web.error_pages import problem_of
from service.web.looking import about
from service.web.photo_forms import PhotoRoute, SentPhotos
from service.web.refused import page_with
from service.web.render import choose, language_of, page
from service.web.rereading import said_again
from service.web.resident import FIELD_AT
from service.web.topics import answers_in, name_of, topics_by_group
from service.web.worker import Working

router = APIRouter(include_in_schema=False, route_class=PhotoRoute)

CHANNELS = (Channel.PHONE, Channel.WALK_IN, Channel.PATROL)
CONTACT = "contact."
MOST_KEY = 60
NOT_ANSWERS = {"key", "kept", "name", "phone", "email", "lang", "size", "was_refused", "was_opened", "asked"}
"""Fields of the form that are no answers, or are part of the contact."""
POINT = {"lat", "lon"}
LANGUAGE_LABELS: Mapping[str, str] = {"zh": "Chinese", "en": "English"}
CHOOSE_SENTENCE = "Please choose one of the answers offered."


Group = tuple[Place, list[Place]]


class TakenDown(BaseModel):
    """What the form sends; it is checked where every request is checked. The answers to questions come beside."""

    model_config = ConfigDict(extra="allow")

    key: str = ""
    """Sent twice, it makes one case."""
    channel: str = str(Channel.PHONE)
    text: str = ""
    category: str = ""
    area: str = ""
    address: str = ""
    lat: str = ""
    lon: str = ""
    """The point that was tapped on the map, or where the device is."""
    name: str = ""
    phone: str = ""
    email: str = ""
    anonymous: bool = False
    for_whom: str = "self"
    focus_groups: list[str] = []
    language: str = "zh"
    kept: list[str] = []
    """Tokens of the photos that have come in."""
    asked: str = ""
    """The topic whose questions stand in the form."""
    lang: str = ""
    size: str = ""
    """Which button was pressed to read the page otherwise; no case is opened then."""
    was_refused: str = ""
    was_opened: str = ""
    """The case is open already: its number and code are shown again."""

    def own_key(self, person: Person) -> str | None:
        """Return the idempotency key of this form, which is the person's own."""
        return f"take-down:{person.id}:{self.key[:MOST_KEY]}" if self.key else None

    def request(self) -> RequestForm:
        """Return the request. Errors: InvalidFieldsError, its fields named as they are in the form."""
        wrong: dict[str, str] = {} if self.channel in CHANNELS else {"channel": CHOOSE_SENTENCE}
        extra = self.model_extra or {}
        answers = self.model_dump(exclude=NOT_ANSWERS | POINT | set(extra)) | {"answers": answers_in(extra)}
        answers["location"] = {"lat": self.lat, "lon": self.lon} if self.lat and self.lon else None
        contact = {"name": self.name, "phone": self.phone, "email": self.email}
        try:
            form = checked(answers | {"contact": contact})
        except InvalidFieldsError as error:
            wrong = {_in_form(name): sentence for name, sentence in error.fields.items()} | wrong
        if wrong:
            raise InvalidFieldsError(wrong)
        return form


def _in_form(name: str) -> str:
    """Return what a field is called in this form: contact.phone is phone, focus_groups.1 is focus_groups.

    What is wrong with a point is told where the resident's form tells it.
    """
    called = name if name.startswith(FIELD) else name.removeprefix(CONTACT).partition(".")[0]
    return FIELD_AT.get(called, called)


@router.get("/take-down")
def show_form(
    request: Request,
    session: DbSession,
    person: Working,
    now: Now,  # noqa: ARG001  # The page says when time is simulated.
) -> Response:
    """Show the empty form, with the place where the person works."""
    place = directory(session).areas.places.get(person.area_id)
    return _form(request, session, TakenDown(area=place.code if place else ""))


@router.post("/take-down")
def take_request(
    request: Request,
    session: DbSession,
    person: Working,
    now: Now,
    typed: Annotated[TakenDown, Form()],
    sent: SentPhotos,
) -> Response:
    """Open the case and show number and code to read out, which stand nowhere else.

    The answer is the page itself: to send it again opens nothing, and shows the same number and code.
    """
    typed = typed.model_copy(update={"kept": sent.tokens})
    if choose(request, lang=typed.lang, size=typed.size) and not typed.was_opened:
        error = said_again(session, typed.request, was_refused=typed.was_refused)
        return _form(request, session, typed, error)
    if _asks_more(session, typed):
        return _form(request, session, typed)
    try:
        with session.begin_nested():
            with sent.checked(language_of(request)):
                form = typed.request()
            receipt = open_case(session, form, now=now, key=typed.own_key(person), by=person)
            add_first_photos(session, receipt.number, sent.photos, by=person, now=now)
    except ServiceError as error:
        return _form(request, session, typed, error)
    return page(request, "worker/taken_down.html", _receipt_facts(session, receipt, typed, person), status=201)


def _asks_more(session: Session, typed: TakenDown) -> bool:
    """Does the chosen topic ask what the form has not asked yet?"""
    catalogue = directory(session).catalogue
    return (
        typed.category in catalogue.topics
        and typed.asked != typed.category
        and bool(catalogue.questions(typed.category))
    )


def _form(request: Request, session: Session, typed: TakenDown, error: ServiceError | None = None) -> Response:
    """Show the form with what is wrong on top and beside its field, and everything typed."""
    known, language = directory(session), language_of(request)
    problem, topic = problem_of(request, error) if error else None, known.catalogue.topics.get(typed.category)
    facts = {
        "typed": typed,
        "look": about(known.catalogue, topic, typed.model_dump(), language) if topic else None,
        "switch_form": "do-take-down",
        "key": secrets.token_urlsafe(16),
        "problem": problem,
        "channels": _options({str(channel): words.CHANNEL[channel] for channel in CHANNELS}, language),
        "languages": _options(LANGUAGE_LABELS, language),
        "for_whom": _options(words.FOR_WHOM, language),
        "focus_groups": _options(words.FOCUS_GROUP, language),
        "topics": topics_by_group(known.catalogue, language),
        "areas": _grouped(areas_by_place(known), language),
    }
    return page_with(request, "worker/take_down.html", facts, problem)


def _options(table: Mapping[str, str], language: Language) -> list[tuple[str, str]]:
    return [(code, gettext(language, msgid)) for code, msgid in table.items()]


def _grouped(groups: Sequence[Group], language: Language) -> list[tuple[str, list[tuple[str, str]]]]:
    return [(name_of(top, language), [(one.code, name_of(one, language)) for one in below]) for top, below in groups]


def areas_by_place(known: Directory) -> list[tuple[Place, list[Place]]]:
    """Return the communities under their sub-districts, and each sub-district for what is known no better."""
    places = sorted(known.areas.grounds, key=lambda p: p.code)
    tops = [p for p in places if p.level in (AreaLevel.COUNTY, AreaLevel.SUBDISTRICT)]
    return [
        (top, [top, *(p for p in places if p.parent_id == top.id and p.level is AreaLevel.COMMUNITY)]) for top in tops
    ]


def _receipt_facts(session: Session, receipt: Receipt, typed: TakenDown, person: Person) -> dict[str, Any]:
    known = directory(session)
    place, desk = known.areas.ever_by_code[receipt.area], known.areas.places[receipt.desk_id]
    half = len(receipt.tracking_code) // 2
    return {
        "receipt": receipt,
        "code": f"{receipt.tracking_code[:half]} {receipt.tracking_code[half:]}",
        "place": place,
        "desk": desk,
        "topic": known.catalogue.topics[receipt.category],
        "may_open": any(known.areas.covers(person.area_id, area_id) for area_id in (place.id, desk.id)),
        "sent": typed.model_dump(exclude={"lang", "size", "was_opened"}) | {"was_opened": "yes"},
        "switch_form": "do-show-again",
        "is_named": bool(typed.name or typed.phone),
    }
