"""What does a resident need to tell us something? The start page, one form, and a receipt."""

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlmodel import Session

from service.cases.numbers import is_case_number
from service.categories.questions import FIELD
from service.categories.suggesting import suggest
from service.errors import InvalidFieldsError, ServiceError
from service.handling.once import new_key
from service.handling.photos import add_first_photos
from service.intake.actions import MOST_KEY, open_case
from service.intake.forms import Channel, RequestForm
from service.intake.rules import KeyUsedError
from service.routing.queries import directory
from service.web import near
from service.web.catalogues import Language, translate
from service.web.choices import choices
from service.web.deps import DbSession, Now, maybe_person, product_now, reader_of
from service.web.error_pages import FIELD_SENTENCES, Problem, problem_of
from service.web.letting_in import let_in
from service.web.looking import CHOOSE_SENTENCE, TOPICS, Look, carried, look_of
from service.web.photo_forms import PhotoRoute, Sent, SentPhotos
from service.web.receipt import to_receipt
from service.web.refused import page_with
from service.web.render import choose, language_of, page
from service.web.topics import answers_in

router = APIRouter(
    include_in_schema=False, dependencies=[Depends(maybe_person), Depends(product_now)], route_class=PhotoRoute
)
"""Every page knows who reads it, if somebody is signed in, and says so when time is simulated."""

SAME_AS: Mapping[str, str] = {"too_long": "string_too_long", "too_short": "string_too_short"}
"""What pydantic calls the length of a text that was cleaned before it was measured."""
FIELD_AT: Mapping[str, str] = {"location": "address"}
"""Where the page tells what is wrong with a field that it does not show."""
FOR_GOING_BACK = "private, no-cache"
"""Whoever goes back after sending finds the form they sent, with its key: sent once more, it makes no second case."""
AFTER_SENTENCE = "About my earlier request {number}:"


class SentBeforeError(ServiceError):
    """The form was sent before with other words: its key has a receipt already."""

    status, code = 422, "sent-before"
    sentence = "You have sent this form already, with other words. To send this as a further request, press the button."


class Typed(BaseModel):
    """What the form sends, as it was typed; it is checked by intake. The answers to questions come beside."""

    model_config = ConfigDict(extra="allow")

    text: str = ""
    category: str = ""
    area: str = ""
    address: str = ""
    lat: str = ""
    lon: str = ""
    """Where the device is, when its owner pressed the button for it."""
    for_whom: str = "self"
    focus_groups: list[str] = []
    name: str = ""
    phone: str = ""
    email: str = ""
    anonymous: str = ""
    kept: list[str] = []
    """Tokens of the photos that have come in."""
    key: str = ""
    join: str = ""
    """The answer whether somebody near has told the same: see web.near."""
    was_near: str = ""
    """What neighbours have told was shown, and is shown again in another language."""
    asked: str = ""
    """What was shown between the form and now: see web.looking."""
    back: str = ""
    """Pressed to change what was typed before."""
    lang: str = ""
    size: str = ""
    """Which button was pressed to read the form otherwise; nothing is sent then."""
    was_refused: str = ""
    """The form told what is wrong, and tells it again in another language."""
    later: str = ""
    """Kept on a telephone until the line was back: nobody is there to be asked more, and a program reads the answer."""
    homepage: str = ""
    """Hidden from people; who fills it in is a program."""

    def request(self, language: Language, *, channel: Channel = Channel.WEB) -> RequestForm:
        """Return the request. Errors: InvalidFieldsError, its sentences in the reader's language."""
        answers = self.model_dump(include={"text", "category", "area", "address", "for_whom", "focus_groups"})
        contact = self.model_dump(include={"name", "phone", "email"})
        about: dict[str, Any] = {
            "anonymous": bool(self.anonymous),
            "channel": channel,
            "language": language,
            "location": {"lat": self.lat, "lon": self.lon} if self.lat and self.lon else None,
        }
        about |= {"answers": answers_in(self.model_extra or {})}
        try:
            return RequestForm.model_validate(answers | {"contact": contact} | about)
        except ValidationError as wrong:
            raise InvalidFieldsError(_sentences(wrong, language)) from wrong


def _sentences(wrong: ValidationError, language: Language) -> dict[str, str]:
    """Return what is wrong with each field of the page, in the reader's language."""
    found: dict[str, str] = {}
    for error in wrong.errors():
        first, *rest = (str(part) for part in error["loc"])
        msgid = FIELD_SENTENCES.get(SAME_AS.get(error["type"], error["type"]), error["msg"])
        named = ".".join((first, *rest[:1])) if first == "answers" else first
        found[FIELD_AT.get(first) or (rest[0] if first == "contact" else named)] = translate(
            language, msgid, **error.get("ctx", {})
        )
    return found


@router.get("/")
def show_home(request: Request) -> Response:
    """Show the two things a resident may want, and whom to call."""
    return page(request, "resident/home.html")


@router.get("/submit")
def show_form(
    request: Request,
    session: DbSession,
    after: Annotated[str, Query(max_length=40)] = "",
    area: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Show the form; `after` is the number of an earlier request that it goes on from, `area` the code of a place."""
    text = translate(language_of(request), AFTER_SENTENCE, number=after) + "\n" if is_case_number(after) else ""
    response = _form(request, session, Typed(key=new_key(), text=text, area=area))
    if reader_of(request) is None:
        response.headers["Cache-Control"] = FOR_GOING_BACK
    return response


@router.post("/submit")
def take_request(
    request: Request, session: DbSession, now: Now, typed: Annotated[Typed, Form()], sent: SentPhotos
) -> Response:
    """Take in a request and go to its receipt; the same form sent twice gets the same one."""
    typed = typed.model_copy(update={"kept": sent.tokens})
    if choose(request, lang=typed.lang, size=typed.size):
        return _again(request, session, typed, sent, now)
    if typed.back:
        return _form(request, session, typed.model_copy(update={"asked": "", "join": ""}))
    try:
        with sent.checked(language_of(request)):
            form = typed.request(language_of(request))
        look = None if typed.later else _look(request, session, typed)
        if look is not None:
            return _looking(request, typed, look)
        key = typed.key[:MOST_KEY]
        is_looked = not typed.later and (typed.join or near.may_look(session, request))
        offered = near.offers(session, form, key, now) if is_looked else []
        if near.is_asked(offered, typed.join):
            return near.ask(request, offered, typed.model_dump())
        let_in(session, request, typed.homepage)
        with session.begin_nested() if sent.photos else nullcontext():
            receipt = open_case(session, form, now=now, key=key or None)
            add_first_photos(session, receipt.number, sent.photos, by=None, now=now)
        near.join_offered(session, receipt, offered, typed.join, now)
    except KeyUsedError:
        if typed.later:
            raise
        return _form(request, session, typed.model_copy(update={"key": new_key()}), SentBeforeError())
    except ServiceError as error:
        if typed.later:
            raise
        return _told(request, session, typed, error)
    return to_receipt(receipt, is_told=bool(typed.later))


def _look(request: Request, session: Session, typed: Typed) -> Look | None:
    """Return what is shown before this is sent, or None."""
    known = directory(session)
    guesses = suggest(session, known.catalogue, known.model_id, title="", text=typed.text)
    return look_of(known.catalogue, typed.model_dump(), guesses, language=language_of(request))


def _looking(request: Request, typed: Typed, look: Look, problem: Problem | None = None) -> Response:
    errors = dict(problem.fields) if problem else {}
    if look.asked == TOPICS == typed.asked:
        errors["category"] = translate(language_of(request), CHOOSE_SENTENCE)
    fields = {"look": look, "carried": carried(typed.model_dump(), look), "errors": errors, "switch_form": "tell"}
    return page(request, "resident/look.html", fields, status=422 if errors else 200)


def _again(request: Request, session: Session, typed: Typed, sent: Sent, now: Now) -> Response:
    """Show the page that was read, in another language or size: the form, or what comes after it."""
    look = _look(request, session, typed.model_copy(update={"asked": ""})) if typed.asked else None
    if look is not None:
        return _looking(request, typed.model_copy(update={"asked": ""}), look)
    if typed.was_near:
        found = near.offers(session, typed.request(language_of(request)), typed.key[:MOST_KEY], now)
        return near.ask(request, found, typed.model_dump())
    return _form(request, session, typed, _wrong_again(request, typed, sent))


def _told(request: Request, session: Session, typed: Typed, error: ServiceError) -> Response:
    """Show what was wrong where it can be mended: beside the questions, or in the form."""
    wrong = error.fields if isinstance(error, InvalidFieldsError) else {}
    look = _look(request, session, typed.model_copy(update={"asked": ""}))
    if wrong and look is not None and all(name.startswith(FIELD) for name in wrong):
        return _looking(request, typed, look, problem_of(request, error))
    return _form(request, session, typed.model_copy(update={"asked": ""}), error)


def _wrong_again(request: Request, typed: Typed, sent: Sent) -> ServiceError | None:
    """Return what is wrong with the fields, where the form had told so before, and with photos that just came in."""
    try:
        with sent.checked(language_of(request)):
            if typed.was_refused:
                typed.request(language_of(request))
    except InvalidFieldsError as error:
        return error
    return None


def _form(request: Request, session: Session, typed: Typed, error: ServiceError | None = None) -> Response:
    problem = problem_of(request, error) if error else None
    facts: Mapping[str, Any] = {
        "typed": typed,
        "problem": problem,
        "errors": problem.fields if problem else {},
        "switch_form": "tell",
        "choices": choices(session, language_of(request)),
    }
    return page_with(request, "resident/submit.html", facts, problem)
