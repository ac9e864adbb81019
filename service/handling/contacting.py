"""What does a logged contact amount to: does it keep a promise, and when is the resident to be called again?"""

from datetime import datetime, timedelta

from service.cases.rules import Field
from service.errors import InvalidFieldsError
from service.handling.rules import ContactResult, Given

LONGEST_WAIT = timedelta(days=60)
"""Nobody remembers a call that is further away (own)."""


def counts_as_contact(result: str) -> bool:
    """Does it keep what a policy promises of contact? Whoever was spoken to was reached, by whatever way; nobody else.

    What is no contact has no result, and counts as the policy says.
    """
    return result in ("", ContactResult.REACHED)


def call_again_at(given: Given, now: datetime) -> datetime | None:
    """Return when the resident is to be called again after this contact, or None.

    Errors: InvalidFieldsError where words or the time are missing, or the time is past or too far away.
    """
    wrong: dict[str, str] = {}
    if given.result == ContactResult.REACHED and not given.text:
        wrong[Field.TEXT] = "Please write what was said."
    if given.result == ContactResult.CALL_AGAIN and not given.again_at:
        wrong[Field.AGAIN] = "Please say when to call again."
    again = datetime.fromisoformat(given.again_at) if given.again_at else None
    if again is not None and not now < again <= now + LONGEST_WAIT:
        wrong[Field.AGAIN] = "Please give a time that is still to come, within the next 60 days."
    if wrong:
        raise InvalidFieldsError(wrong)
    return again
