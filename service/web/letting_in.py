"""Does a person send this, and not too often? Asked of every form by which anybody may send us a request."""

from datetime import timedelta

from fastapi import Request
from sqlmodel import Session

from service.accounts.limits import limit, record_failure
from service.errors import ServiceError
from service.web.deps import client_address, real_now

MOST_REQUESTS = 30
REQUESTS_WITHIN = timedelta(hours=1)
"""One address may stand for a whole building: more than anybody needs, and too few for a flood."""


class ProbablyNoPersonError(ServiceError):
    """The field that people do not see was filled in."""

    status, code = 422, "no-person"
    sentence = "Please press the button once more. Nothing was lost; this keeps programs out that fill in forms."


def let_in(session: Session, request: Request, homepage: str) -> None:
    """Keep programs out, which fill in the field that people do not see, and floods.

    Errors: ProbablyNoPersonError, TooManyTriesError.
    """
    if homepage:
        raise ProbablyNoPersonError
    subject = f"submit:{client_address(request)}"
    limit(session, subject, most=MOST_REQUESTS, within=REQUESTS_WITHIN, now=real_now())
    record_failure(session, subject, now=real_now())
