"""May a resident urge once more by now, or have the case taken up again?"""

import math
from datetime import datetime, timedelta

from service.errors import ServiceError

REOPEN_WITHIN = timedelta(days=30)
"""How long after the closing its resident may have a case taken up again: a repair that fails shows it by then;
what comes later has another cause, and is owed a promise and a record of its own (own)."""
MOST_REOPENINGS = 2
"""However a case came back: what two more handlings did not settle needs somebody new to look at it (own)."""
URGE_AGAIN_AFTER = timedelta(hours=4)
"""How long an urge stands before the resident may urge again (own)."""


class UrgedAlreadyError(ServiceError):
    """The resident urged a short while ago; the desk knows."""

    status, code = 429, "urged-already"
    sentence = "You urged this a short while ago, and the desk was told. You can urge again in {wait}."


class ReopeningOverError(ServiceError):
    """The case was closed too long ago to be taken up again by its resident."""

    status, code = 409, "reopening-over"
    sentence = (
        "This was closed more than {days} days ago and cannot be taken up again. "
        "Please send a new request and name this one in it, or call the desk."
    )


class ReopenedOftenError(ServiceError):
    """The case was taken up again as often as a resident may ask for it."""

    status, code = 409, "reopened-often"
    sentence = (
        "This was taken up again {most} times already. "
        "Please send a new request and name this one in it, or call the desk."
    )


def urging_refused(urged_at: datetime | None, now: datetime) -> ServiceError | None:
    """Return why the resident may not urge again yet, or None: they may. `urged_at` is when they did so last."""
    if urged_at is None or now >= urged_at + URGE_AGAIN_AFTER:
        return None
    return UrgedAlreadyError(retry_after=math.ceil((urged_at + URGE_AGAIN_AFTER - now).total_seconds()))


def reopening_refused(closed_at: datetime | None, reopened: int, now: datetime) -> ServiceError | None:
    """Return why the resident may not have a case taken up again, or None: they may.

    `closed_at` is None while the case waits for its rating; `reopened` is how often the case came back before.
    """
    if reopened >= MOST_REOPENINGS:
        return ReopenedOftenError(most=MOST_REOPENINGS)
    if closed_at is not None and now > closed_at + REOPEN_WITHIN:
        return ReopeningOverError(days=REOPEN_WITHIN.days)
    return None
