"""What does a resident hold after they told us something, and how does somebody see that it is ours?"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

import segno
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlmodel import Session

from service.cases.queries import by_number
from service.errors import ServiceError, TooManyTriesError
from service.handling.actions import RESIDENT
from service.handling.queries import view
from service.handling.receipts import Issued, NotOurReceiptError, genuine, issued
from service.intake.rules import Receipt
from service.routing.queries import directory
from service.settings import get_settings
from service.web import resident_words as telling
from service.web import timewords
from service.web.catalogues import Language
from service.web.deps import DbSession, Now, client_address, maybe_person, product_now, real_now
from service.web.error_pages import problem_of
from service.web.filters import desk_in
from service.web.near import together
from service.web.places import desk_hours
from service.web.render import language_of, page
from service.web.sealed import Seal

router = APIRouter(include_in_schema=False, dependencies=[Depends(maybe_person), Depends(product_now)])
"""Every page knows who reads it, if somebody is signed in, and says so when time is simulated."""

RECEIPT = Seal("jiban_receipt", lasts=timedelta(hours=2))
RECEIPT_PATH, CHECK_PATH = "/receipt", "/check"
CASE = Seal("jiban_case", lasts=timedelta(hours=12))
"""That this browser has shown the code of a case."""

Short = Annotated[str, Query(max_length=200)]


@router.get(RECEIPT_PATH)
def show_receipt(request: Request, session: DbSession, now: Now) -> Response:
    """Show the receipt to the browser that sent the request."""
    facts = RECEIPT.read(request, RECEIPT_PATH)
    case = by_number(session, facts["number"]) if facts else None
    if facts is None or case is None:
        return RedirectResponse("/track", 303)
    seen, said = view(session, case, RESIDENT.actors), issued(session, case)
    about = facts | {"view": seen, "promises": telling.promises(seen, now), "telling": telling, "lasts": RECEIPT.lasts}
    about |= {"together": together(session, case, seen.known)}
    about |= {"hours": desk_hours(seen.known.areas, seen.unit.id, now)}
    about |= {"qr": qr_code(track_url(case.number)), "check_url": get_settings().public_url + CHECK_PATH}
    return page(request, "resident/receipt.html", about | _told(session, said, now, language_of(request)))


@router.post(RECEIPT_PATH)
def drop_receipt(request: Request) -> Response:
    """Forget the receipt and the way to its case: somebody else may use this device."""
    facts = RECEIPT.read(request, RECEIPT_PATH)
    response = RedirectResponse("/", 303)
    RECEIPT.drop(response, RECEIPT_PATH)
    if facts is not None:
        CASE.drop(response, case_path(facts["number"]))
    return response


@router.get(CHECK_PATH)
def check_receipt(request: Request, session: DbSession, now: Now, number: Short = "", seal: Short = "") -> Response:
    """Say whether a receipt is ours, and what it said when it was given out; without a number, ask for it."""
    asked: dict[str, Any] = {"number": number, "seal": seal, "said": None, "problem": None}
    if not number and not seal:
        return page(request, "resident/check.html", asked)
    try:
        said = genuine(session, tidy_number(number), seal, ip=client_address(request), now=real_now())
    except (NotOurReceiptError, TooManyTriesError) as error:
        return _not_ours(request, asked, error)
    return page(request, "resident/check.html", asked | _told(session, said, now, language_of(request)))


def case_path(number: str) -> str:
    """Return the address of a case for its resident."""
    return f"/track/{number}"


def track_url(number: str) -> str:
    """Return the whole address at which somebody with the code follows a case."""
    return f"{get_settings().public_url}/track?number={number}"


def qr_code(address: str) -> str:
    """Return a QR code as the address of a picture, black on white, with its quiet zone."""
    return segno.make(address, error="m", micro=False).svg_data_uri(light="#fff")


def to_receipt(receipt: Receipt, *, is_told: bool = False) -> Response:
    """Go to the receipt, neither its code nor its number in the address; or tell both to the telephone that asks."""
    said = {"to": RECEIPT_PATH, "number": receipt.number, "code": receipt.tracking_code}
    response = JSONResponse(said) if is_told else RedirectResponse(RECEIPT_PATH, 303)
    facts = {"number": receipt.number, "code": receipt.tracking_code, "danger": receipt.danger}
    RECEIPT.put(response, RECEIPT_PATH, facts)
    CASE.put(response, case_path(receipt.number), {})
    return response


WIDE_DIGITS = {ord("０") + n: ord("0") + n for n in range(10)}
LEAST_DIGITS = len("20261123") + len("00042") + len("7")


def tidy_number(text: str) -> str:
    """Return a case number as it was given out, in whatever width and with whatever spaces it was typed."""
    plain = text.translate(WIDE_DIGITS)
    digits = "".join(c for c in plain if c.isascii() and c.isdecimal())
    if len(digits) < LEAST_DIGITS or any(c.isalpha() for c in plain):
        return text.strip()
    return f"{digits[:8]}-{digits[8:-1]}-{digits[-1]}"


def _told(session: Session, said: Issued, now: datetime, language: Language) -> dict[str, Any]:
    """Return what a receipt said, with dates that are still right when the paper is read."""
    place = directory(session).areas.places[said.desk_id]
    return {
        "said": said,
        "desk_then": desk_in(language, place),
        "received": timewords.moment(said.received_at, now, language),
        "promised": [(metric, timewords.moment(due_at, now, language)) for metric, due_at in said.promises],
    }


def _not_ours(request: Request, asked: Mapping[str, Any], error: ServiceError) -> Response:
    problem = problem_of(request, error)
    response = page(request, "resident/check.html", {**asked, "problem": problem}, status=problem.status)
    response.headers.update(problem.headers)
    return response
