"""REST v1: the same actions as the pages, for programs. Described at /api/v1/docs."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from service.areas.datum import Datum, to_wgs84
from service.cases.rules import Action
from service.cases.tables import Case
from service.categories.suggesting import suggest
from service.database import autocommit
from service.feedback.actions import rate
from service.handling.actions import RESIDENT, act
from service.handling.queries import (
    resident_case,
    view,
)
from service.intake.actions import MOST_KEY, open_case
from service.intake.forms import MOST_TEXT, MOST_TITLE, RequestForm, clean
from service.routing.queries import directory, last_known
from service.settings import get_settings
from service.web import directory_shapes, shapes
from service.web.deps import DbSession, Now, client_address, real_now
from service.web.places import Latitude, Longitude, look
from service.web.places import Words as Address

router = APIRouter(prefix="/api/v1")

Number = str


class Strict(BaseModel):
    """A body in which every field is known."""

    model_config = ConfigDict(extra="forbid")


class Coded(Strict):
    """A body with the tracking code; it may stand in the query instead."""

    code: Annotated[str, Field(max_length=40)] = ""


class Words(Coded):
    """Something the resident says."""

    text: Annotated[str, Field(max_length=20_000)] = ""


class SuggestBody(Strict):
    """The words that a topic is suggested for."""

    text: Annotated[str, Field(max_length=MOST_TEXT)]
    title: Annotated[str, Field(max_length=MOST_TITLE)] = ""


class RatingBody(Words):
    """What the resident says of the outcome."""

    solved: bool
    satisfaction: str


def case_of_resident(session: Session, number: str, code: str, request: Request) -> Case:
    """Return the case a number and code open. See `resident_case`."""
    return resident_case(session, number, code, ip=client_address(request), now=real_now())


@router.get("/areas", tags=["residents"])
def read_areas(session: DbSession) -> directory_shapes.AreasShape:
    """Return the areas that a request can lie in, from the county down."""
    return directory_shapes.AreasShape(items=[directory_shapes.area(p) for p in directory(session).areas.grounds])


@router.get("/areas/locate", tags=["residents"])
def locate(
    request: Request,
    session: DbSession,
    now: Now,
    lat: Latitude = None,
    lon: Longitude = None,
    text: Address = "",
    datum: Datum = Datum.WGS84,
) -> directory_shapes.LocatedShape:
    """Return the area that a point lies in, or that the words of an address name, and whose desk that is.

    Outside of every area the answer is a problem of code `outside-area`, with where to go; for words that name none
    `place-not-named`. Limited in rate.
    """
    found = look(session, request, lat=lat, lon=lon, text=text, datum=datum)
    at = to_wgs84(lat, lon, datum) if lat is not None and lon is not None else None
    return directory_shapes.located(found, directory(session).areas, now, at=at)


@router.get("/categories", tags=["residents"])
def read_categories(session: DbSession) -> directory_shapes.CategoriesShape:
    """Return the topics of the catalogue, with what is asked about each and where else to go."""
    known = directory(session).catalogue
    topics = (t for t in known.topics.values() if t.is_active and t.parent_code)
    return directory_shapes.CategoriesShape(items=[directory_shapes.category(t, known) for t in topics])


@router.post("/cases", status_code=201, tags=["residents"], response_model=shapes.ReceiptShape)
def create_case(
    form: RequestForm,
    session: DbSession,
    now: Now,
    idempotency_key: Annotated[str | None, Header(max_length=MOST_KEY)] = None,
) -> Response:
    """Take in a request. The same Idempotency-Key and body get the same answer for eight days."""
    autocommit(session)
    receipt = open_case(session, form, now=now, key=idempotency_key or None)
    session.commit()  # In this thread: it gives the connection back.
    shape = shapes.receipt(receipt, last_known(session), get_settings().public_url)
    # Written here: FastAPI would check the shape again, in another thread, with every request.
    return Response(shape.model_dump_json(), 201, media_type="application/json")


@router.post("/categories/suggest", tags=["residents"])
def suggest_categories(body: SuggestBody, session: DbSession) -> directory_shapes.SuggestionsShape:
    """Return up to three topics that a text is most likely about. `ask`: none is sure enough to be taken unasked."""
    known = directory(session)
    return directory_shapes.suggestions(
        suggest(session, known.catalogue, known.model_id, title=clean(body.title), text=clean(body.text))
    )


@router.get("/cases/{number}", tags=["residents"])
def read_case(
    number: Number, request: Request, session: DbSession, now: Now, code: Annotated[str, Query(max_length=40)] = ""
) -> shapes.PublicCase:
    """Return a case to whoever holds its number and tracking code."""
    case = case_of_resident(session, number, code, request)
    return shapes.public_case(view(session, case, RESIDENT.actors), now)


@router.post("/cases/{number}/messages", status_code=201, tags=["residents"])
def add_message(
    number: Number, body: Words, request: Request, session: DbSession, now: Now, code: str | None = None
) -> shapes.PublicCase:
    """Add information, or answer the desk's question (which resumes the clock)."""
    return _resident_act(session, number, code or body.code, Action.ANSWER, {"text": body.text}, request, now)


@router.post("/cases/{number}/urge", tags=["residents"])
def urge(
    number: Number, body: Words, request: Request, session: DbSession, now: Now, code: str | None = None
) -> shapes.PublicCase:
    """Urge the desk (催办); limited in rate, and counted."""
    return _resident_act(session, number, code or body.code, Action.URGE, {"text": body.text}, request, now)


@router.post("/cases/{number}/withdraw", tags=["residents"])
def withdraw(
    number: Number, body: Words, request: Request, session: DbSession, now: Now, code: str | None = None
) -> shapes.PublicCase:
    """Withdraw the request."""
    return _resident_act(session, number, code or body.code, Action.WITHDRAW, {"text": body.text}, request, now)


@router.post("/cases/{number}/reopen", tags=["residents"])
def reopen(
    number: Number, body: Words, request: Request, session: DbSession, now: Now, code: str | None = None
) -> shapes.PublicCase:
    """Have an ended case taken up again: within 30 days of its closing, and not more than twice."""
    return _resident_act(session, number, code or body.code, Action.REOPEN, {"reason": body.text}, request, now)


@router.post("/cases/{number}/rating", tags=["residents"])
def rate_case(
    number: Number, body: RatingBody, request: Request, session: DbSession, now: Now, code: str | None = None
) -> shapes.PublicCase:
    """Rate the outcome: not solved or dissatisfied sends the case back once."""
    case = case_of_resident(session, number, code or body.code, request)
    answers = {"solved": body.solved, "satisfaction": body.satisfaction, "text": body.text}
    case = rate(session, case.id or 0, answers, now=now)
    return shapes.public_case(view(session, case, RESIDENT.actors), now)


def _resident_act(
    session: Session,
    number: str,
    code: str,
    action: Action,
    answers: dict[str, Any],
    request: Request,
    now: Now,
) -> shapes.PublicCase:
    case = case_of_resident(session, number, code, request)
    case = act(session, case.id or 0, action, answers, by=RESIDENT, now=now)
    return shapes.public_case(view(session, case, RESIDENT.actors), now)
