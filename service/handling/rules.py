"""Is what somebody sent with an action complete and sensible?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from service.cases.numbers import is_case_number
from service.cases.rules import Action, Field, Move, Satisfaction
from service.errors import InvalidFieldsError, ServiceError
from service.intake.forms import MOST_ADDRESS, MOST_TEXT, clean
from service.timekeeping import ZONE
from sla_policies.policy import Grade

MOST_DIGITS = 20
MOST_DAYS = 15
"""The longest extension any pack allows, in days (DOMAIN 3.1); the policy may allow less."""


class ContactKind(StrEnum):
    """How a worker tried to reach the resident."""

    CALL = "call"
    SMS = "sms"
    VISIT = "visit"
    WECHAT = "wechat"
    THROUGH = "through"
    """Through somebody: family, a neighbour, the head of the building."""


class ContactResult(StrEnum):
    """What came of it; only a reached resident was contacted."""

    REACHED = "reached"
    NOT_REACHED = "not_reached"
    WRONG_NUMBER = "wrong_number"
    CALL_AGAIN = "call_again"
    """Not now: they, or whoever answered, asked to be called again."""


class ReturnReason(StrEnum):
    """Why a desk gives a case back (退单): each needs an explanation beside it."""

    WRONG_AREA = "wrong_area"
    NOT_OUR_DUTY = "not_our_duty"
    BEYOND_POWER = "beyond_power"
    NEEDS_SEVERAL = "needs_several"


class ReturnsUsedUpError(ServiceError):
    """The case was returned as often as the policy allows: the assignment is binding."""

    status, code = 409, "returns-used-up"
    sentence = "This case has been returned {returned} times already. The third assignment is binding."


class AssignmentBindingError(ServiceError):
    """The case was given by force, because nobody had signed for it: it cannot be given back."""

    status, code = 409, "assignment-binding"
    sentence = (
        "Nobody had signed for this case, so it was assigned by force. It cannot be returned; it can be handed on."
    )


class TooManyExtensionsError(ServiceError):
    """The policy allows no further extension, or not so long a one."""

    status, code = 409, "extension-not-allowed"
    sentence = "The policy allows {most} extension(s) of at most {days} day(s) in all for this case."


class ExtensionTooLateError(TooManyExtensionsError):
    """The promise was missed already, or stands still: an extension comes before."""

    code = "extension-too-late"
    sentence = "More time can only be given while the time for completion runs and before it is over."


class NeedsDistrictError(ServiceError):
    """A second extension is the district's to grant."""

    status, code = 403, "needs-district"
    sentence = "This case has been given more time already. Only the district may give more."


class ParkingNotAllowedError(ServiceError):
    """The policy knows no parking for this kind of case, or nothing runs that could stand still."""

    status, code = 409, "parking-not-allowed"
    sentence = "The policy of this case does not allow parking."


class AskedAlreadyError(ServiceError):
    """Something asked before still waits for its decision."""

    status, code = 409, "asked-already"
    sentence = "A decision has been asked for already. Please wait for it."


class NothingAskedError(ServiceError):
    """There is nothing to refuse."""

    status, code = 409, "nothing-asked"
    sentence = "Nothing waits for a decision here any more."


class NothingLackingError(ServiceError):
    """There is nothing to do without: the topic asks for no photo, or it is there."""

    status, code = 409, "nothing-lacking"
    sentence = "This case lacks no photo that its topic asks for."


SAME_WORDS_WITHIN = timedelta(minutes=10)
"""The same words within this time are one form sent twice, not something said twice (own)."""
LONGEST_PARKING = timedelta(days=90)
"""After so long a parked case is looked at again at the latest (DOMAIN 3.4; own)."""
MOST_RETURNS = 2
"""After two returns the sub-district names who must handle it (DOMAIN 3.4; own)."""

REASONS: Mapping[Action, type[StrEnum]] = {Action.RETURN: ReturnReason}
"""Actions whose reason is one of a list; for the others it is free text."""


@dataclass(frozen=True)
class Given:
    """The checked fields of one action; what was not given is empty."""

    text: str = ""
    kind: str = ""
    result: str = ""
    reason: str = ""
    person_id: int | None = None
    unit_id: int | None = None
    number: str = ""
    days: int = 0
    until: str = ""
    """A day, as ISO writes it."""
    grade: Grade | None = None
    category: str = ""
    """The code of a topic."""
    area_id: int | None = None
    address: str = ""
    reroute: bool | None = None
    again_at: str = ""
    """A moment, as ISO writes it, in UTC."""
    solved: bool | None = None
    satisfaction: Satisfaction | None = None


def checked(move: Move, answers: Mapping[str, Any]) -> Given:
    """Return the fields of an action, each checked. Errors: InvalidFieldsError with a sentence for each."""
    wrong: dict[str, str] = {}
    found: dict[str, Any] = {}
    for field in (*move.required, *move.optional):
        raw = answers.get(field)
        raw = clean(raw) if isinstance(raw, str) else raw
        if raw is None or raw == "":
            if field in move.required:
                wrong[field] = "Please answer this."
            continue
        try:
            found[field] = _read(field, raw, move.action)
        except (ValueError, TypeError) as why:
            wrong[field] = str(why) or "Please choose one of the answers offered."
    unknown = set(answers) - {*move.required, *move.optional}
    wrong |= dict.fromkeys(sorted(unknown), "This field is not known.")
    if wrong:
        raise InvalidFieldsError(wrong)
    return Given(**found)


def _read(field: Field, raw: Any, action: Action) -> Any:  # noqa: ANN401  # Whatever a client sends.
    if field in (Field.PERSON, Field.UNIT, Field.AREA, Field.DAYS):
        return _days(raw) if field is Field.DAYS else _whole_number(raw, most=2**62)
    if field in (Field.SOLVED, Field.REROUTE):
        return _yes_or_no(raw)
    if field is Field.NUMBER and not is_case_number(str(raw)):
        raise ValueError("This is not a case number. Please check the digits.")
    choices: type[StrEnum] | None = {
        Field.KIND: ContactKind,
        Field.RESULT: ContactResult,
        Field.SATISFACTION: Satisfaction,
        Field.REASON: REASONS.get(action),
        Field.GRADE: Grade,
    }.get(field)
    if choices is not None:
        if raw not in [str(choice) for choice in choices]:
            raise ValueError("Please choose one of the answers offered.")
        return choices(raw)
    if not isinstance(raw, str):
        raise TypeError("Please write this in words.")
    if field in (Field.UNTIL, Field.AGAIN):
        return _day(raw) if field is Field.UNTIL else _moment(raw)
    if field is Field.ADDRESS and len(raw) > MOST_ADDRESS:
        raise ValueError("This is too long. Please keep it under 300 characters.")
    if len(raw) > MOST_TEXT:
        raise ValueError("This is too long. Please keep it under 10000 characters.")
    return raw


def _whole_number(raw: Any, *, most: int) -> int:  # noqa: ANN401  # See _read.
    if (
        isinstance(raw, bool)
        or len(str(raw)) > MOST_DIGITS
        or not str(raw).isascii()
        or not str(raw).isdecimal()
        or not 1 <= int(raw) <= most
    ):
        raise ValueError("Please choose one of the answers offered.")
    return int(raw)


def _days(raw: Any) -> int:  # noqa: ANN401  # See _read.
    try:
        return _whole_number(raw, most=MOST_DAYS)
    except ValueError as why:
        raise ValueError("Please give a whole number of days, from 1 to 15.") from why


def _day(raw: str) -> str:
    try:
        return date.fromisoformat(raw).isoformat()
    except ValueError as why:
        raise ValueError("Please give a day, like 2026-12-31.") from why


def _moment(raw: str) -> str:
    try:
        moment = datetime.fromisoformat(raw)
        there = moment if moment.tzinfo else moment.replace(tzinfo=ZONE)
        return there.astimezone(UTC).isoformat()
    except (ValueError, OverflowError) as why:
        raise ValueError("Please give a day and a time.") from why


def _yes_or_no(raw: Any) -> bool:  # noqa: ANN401  # See _read.
    if raw in (True, "yes", "true"):
        return True
    if raw in (False, "no", "false"):
        return False
    raise ValueError("Please choose one of the answers offered.")
