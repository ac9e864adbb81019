"""What may be done with the job of an outside party, by which side, by when, and what does it cost?

`MOVES` is the whole life of a job: the pages, the API and the tests read it from there. Our own, after R9.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from service.cases.rules import AT_WORK, PARKED, Actor, CaseStatus
from service.errors import InvalidFieldsError, ServiceError

MOST_TEXT = 2000
MOST_PLACE = 200
MOST_HOURS = 30 * 24
"""The longest term: a month."""
USUAL_HOURS = 48
CHECK_SHARE = 5
"""One part in so many of what is left of the worker's promise is kept for checking what was done."""
LINK_OUTLIVES = timedelta(days=3)
"""So long after its due time a link still counts: who is late must be able to say so."""
MOST_QUANTITY = 100_000
MAY_GIVE = frozenset({Actor.ASSIGNEE, Actor.HEAD, Actor.TRIAGE, Actor.SUPERVISOR})
MAY_BE_GIVEN = AT_WORK | PARKED
"""Statuses in which somebody has signed for the case, and answers for it and for the job."""


class JobState(StrEnum):
    """Where a job stands."""

    OPEN = "open"
    TAKEN = "taken"
    REPORTED = "reported"
    """Done, says the party; the worker has to look."""
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    """The case ended before."""


class JobAction(StrEnum):
    """What can be done with a job."""

    TAKE = "take"
    REFUSE = "refuse"
    REPORT = "report"
    APPROVE = "approve"
    SEND_BACK = "send_back"
    WITHDRAW = "withdraw"
    RENEW = "renew"
    """Send the link anew: earlier ones end."""


class Side(StrEnum):
    """Who acts on a job."""

    PARTY = "party"
    WORKER = "worker"


@dataclass(frozen=True)
class JobMove:
    """One row of the life of a job. `to` None: it stays where it is."""

    action: JobAction
    from_: frozenset[JobState]
    to: JobState | None
    who: Side
    must_say: bool = True
    """Are words required?"""
    names_term: bool = False


S, A = JobState, JobAction
WITH_PARTY = frozenset({S.OPEN, S.TAKEN})
UNSETTLED = WITH_PARTY | {S.REPORTED}
MOVES: tuple[JobMove, ...] = (
    JobMove(A.TAKE, frozenset({S.OPEN}), S.TAKEN, Side.PARTY, must_say=False),
    JobMove(A.REPORT, WITH_PARTY, S.REPORTED, Side.PARTY),
    JobMove(A.REFUSE, WITH_PARTY, S.REFUSED, Side.PARTY),
    JobMove(A.APPROVE, frozenset({S.REPORTED}), S.APPROVED, Side.WORKER, must_say=False),
    JobMove(A.SEND_BACK, frozenset({S.REPORTED}), S.TAKEN, Side.WORKER, names_term=True),
    JobMove(A.RENEW, WITH_PARTY, None, Side.WORKER, must_say=False),
    JobMove(A.WITHDRAW, UNSETTLED, S.WITHDRAWN, Side.WORKER),
)


class JobForbiddenError(ServiceError):
    """The job stands where this cannot be done, or it is not theirs to do."""

    status, code = 409, "job-forbidden"
    sentence = "This cannot be done with the job now. Below is how it stands."


class NotSignedForError(ServiceError):
    """A job is given by somebody who holds a case at work."""

    status, code = 409, "not-signed-for"
    sentence = "A job can be given once the case is signed for, and until it ends: the case is “{status}”."


class LinkForgedError(ServiceError):
    """Nobody here has signed this link."""

    status, code = 404, "link-forged"
    sentence = "This link is not one of ours, or not the whole of it. Open it once more from the message."


class LinkNeededError(ServiceError):
    """The browser has not shown a link to this job, or too long ago."""

    status, code = 403, "link-needed"
    sentence = "Please open the link from your message once more, and then send this again."


class LinkOverError(ServiceError):
    """The time of a link is over, a newer one was sent, or the job has ended."""

    status, code = 410, "link-over"
    sentence = "This link no longer counts. If the job is still yours, ask the community for a new link."


def move_for(state: JobState, action: JobAction, side: Side) -> JobMove:
    """Return the row that lets this side do this now. Errors: JobForbiddenError."""
    for move in MOVES:
        if move.action is action and state in move.from_ and move.who is side:
            return move
    raise JobForbiddenError


def moves_from(state: JobState, side: Side) -> tuple[JobMove, ...]:
    """Return what a side may do now: the forms of its page."""
    return tuple(move for move in MOVES if state in move.from_ and move.who is side)


def check_may_give(status: CaseStatus, acting: Iterable[Actor]) -> None:
    """Refuse a job on a case that nobody has signed for. Errors: NotSignedForError, JobForbiddenError."""
    if MAY_GIVE.isdisjoint(acting):
        raise JobForbiddenError
    if status not in MAY_BE_GIVEN:
        raise NotSignedForError(status=status)


def due_for(given_at: datetime, hours: int, promise_due: datetime | None) -> datetime:
    """Return by when the party must be done: so many hours on, and never later than the worker's own promise allows.

    A fifth of what is left of that promise is kept for checking. Where no promise runs, or it has run out already,
    the hours alone count.
    """
    wanted = given_at + timedelta(hours=hours)
    if promise_due is None or promise_due <= given_at:
        return wanted
    return min(wanted, promise_due - (promise_due - given_at) / CHECK_SHARE)


def link_until(due_at: datetime) -> datetime:
    """Return until when a link to a job counts, in whole seconds."""
    return (due_at + LINK_OUTLIVES).replace(microsecond=0)


def checked_words(raw: str, *, required: bool = True, field: str = "text", most: int = MOST_TEXT) -> str:
    """Return words of a job. Errors: InvalidFieldsError."""
    if required and not raw:
        raise InvalidFieldsError({field: "Please write something here."})
    if len(raw) > most:
        too_long = "This is too long. Please keep it under {max_length} characters."
        raise InvalidFieldsError({field: too_long}, max_length=most)
    return raw


def checked_hours(raw: Any) -> int:  # noqa: ANN401  # Whatever a client sends.
    """Return a term in hours. Errors: InvalidFieldsError."""
    text = str(raw)
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_HOURS))
    if isinstance(raw, bool) or not is_number or not 1 <= int(text) <= MOST_HOURS:
        raise InvalidFieldsError({"hours": "Please give a whole number of hours, from 1 to 720."})
    return int(text)


def quantity_typed(raw: str) -> int | None:
    """Return an amount in hundredths, '2.5' as 250, '' as 0; None where it cannot be read."""
    whole, _, rest = raw.partition(".")
    digits = whole + rest
    if not raw:
        return 0
    if not (digits.isascii() and digits.isdecimal() and whole) or len(rest) > 2 or len(whole) > len(str(MOST_QUANTITY)):
        return None
    hundredths = int(whole) * 100 + int(rest.ljust(2, "0") or "0")
    return hundredths if hundredths <= MOST_QUANTITY * 100 else None


def costs_of(prices: Sequence[Mapping[str, Any]], quantities: Mapping[int, str]) -> list[dict[str, Any]]:
    """Return what a job cost, a line for each price that was used: item, unit, cents, hundredths, cost in cents.

    `quantities` are what was typed, by the place of the price, counted from 0. Half a cent counts as one.
    Errors: InvalidFieldsError, naming `quantity-N`.
    """
    wrong, lines = {}, []
    for place, typed in sorted(quantities.items()):
        hundredths = quantity_typed(typed.strip())
        if hundredths is None or not 0 <= place < len(prices):
            wrong[f"quantity-{place}"] = "Please give a number such as 2 or 2.5, of at most 100000."
        elif hundredths:
            cost = (hundredths * int(prices[place]["cents"]) + 50) // 100
            lines.append({**prices[place], "hundredths": hundredths, "cost": cost})
    if wrong:
        raise InvalidFieldsError(wrong)
    return lines


def total_of(costs: Iterable[Mapping[str, Any]]) -> int:
    """Return the sum of the lines, in cents."""
    return sum(int(line["cost"]) for line in costs)
