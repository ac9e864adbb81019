"""How does a resident come to be written to about a case? With an address left later, by whoever reads it."""

import json
from datetime import datetime, timedelta

from pydantic import ValidationError
from sqlmodel import Session

from service.accounts.limits import limit, record_failure
from service.audit.actions import record
from service.audit.rules import Entry
from service.cases.actions import lock
from service.cases.queries import by_number, contact_of
from service.cases.rules import ENDED, CaseStatus
from service.cases.tables import Case
from service.delivery.proofs import FOLLOW, named_by
from service.errors import InvalidFieldsError, ServiceError
from service.intake.forms import Contact
from service.outbox import messages
from service.outbox.actions import write
from service.outbox.messages import Recipient
from service.outbox.tables import Notice
from service.secrecy import blind_index, decrypt, encrypt

COUNTS_FOR = timedelta(days=2)
MOST_LETTERS, WITHIN = 3, timedelta(days=1)
"""So many letters a case: nobody is flooded by whoever holds its code (own)."""


class FollowLinkOverError(ServiceError):
    """The link is not ours, is over, or its case has ended."""

    status, code = 404, "follow-link-over"
    sentence = "This link does not count any more. Open your request with its number and code and ask again."


def may_follow(case: Case) -> bool:
    """May an address be left? Not where nothing more will happen, nor where nobody was to know who asks."""
    return not case.is_anonymous and case.status not in ENDED - {CaseStatus.RESOLVED}


def ask_to_follow(session: Session, case: Case, email: str, language: str, *, now: datetime, real: datetime) -> None:
    """Send a letter to the address, which counts only when its reader says so (`follow`).

    `real` limits, `now` dates. Errors: InvalidFieldsError, TooManyTriesError.
    """
    try:
        address = Contact(email=email).email
    except ValidationError as wrong:
        raise InvalidFieldsError({"email": "This is not a mail address."}) from wrong
    if not address:
        raise InvalidFieldsError({"email": "Please give your mail address."})
    if not may_follow(case):
        raise InvalidFieldsError({"email": "We do not write about this request any more."})
    limit(session, f"follow:{case.number}", most=MOST_LETTERS, within=WITHIN, now=real)
    record_failure(session, f"follow:{case.number}", now=real)
    to = Recipient(language, email=address)
    letter = messages.follow(to, case.number, at=now, until=now + COUNTS_FOR)
    write(session, [letter], case.id, now)


def follower_of(session: Session, token: str, now: datetime) -> tuple[Case, str]:
    """Return the case that a link is about, and the address it was sent to. Errors: FollowLinkOverError."""
    notice = session.get(Notice, named_by(token, FOLLOW) or 0)
    if notice is None or notice.template != messages.FOLLOW or notice.address is None:
        raise FollowLinkOverError
    case = by_number(session, str(notice.facts["number"]))
    is_over = datetime.fromisoformat(str(notice.facts["follow_until"])) < now
    if case is None or is_over or not may_follow(case):
        raise FollowLinkOverError
    return case, decrypt(notice.address)


def follow(session: Session, token: str, *, now: datetime) -> Case:
    """Write to the address of a link from now on; pressed again it changes nothing. Errors: FollowLinkOverError."""
    seen, email = follower_of(session, token, now)
    case = lock(session, seen.id or 0)
    contact = contact_of(case)
    if contact.get("email") == email:
        return case
    case.contact = encrypt(json.dumps({"name": "", "phone": ""} | contact | {"email": email}, ensure_ascii=False))
    case.mail_index = blind_index(email)
    session.add(case)
    record(session, Entry("case", case.id or 0, "mail_left", now, "resident"))
    return case
