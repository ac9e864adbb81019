"""What did a receipt say when it was given out, and is the one that somebody shows ours?"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlmodel import Session

from service.accounts.limits import limit, record_failure
from service.audit.queries import history
from service.cases.numbers import is_case_number
from service.cases.queries import by_number
from service.cases.tables import Case
from service.errors import ServiceError
from service.handling.queries import WRONG_CODES_PER_ADDRESS, WRONG_CODES_PER_CASE, WRONG_CODES_WITHIN
from service.intake.rules import CODE_ALPHABET, Promise, Receipt, tidy_code
from service.secrecy import signature

SEAL_LENGTH = 8
"""39 bits: with the limit on tries, short enough to be read out and too many to be guessed."""


class NotOurReceiptError(ServiceError):
    """Number and check code do not belong together; whether the number exists is not said."""

    status, code = 404, "not-our-receipt"
    sentence = "This is not a receipt of ours: number and check code do not belong together."


@dataclass(frozen=True)
class Issued:
    """What a receipt promised, as it was given out; whatever happened to the case later does not change it."""

    number: str
    received_at: datetime
    desk_id: int
    promises: tuple[tuple[str, datetime], ...]
    """Each metric with its due time."""

    @property
    def check_code(self) -> str:
        """Return the signature over all of it, as short as it stands on the receipt: 'K7QM-3XNP'."""
        said = [self.number, _plain(self.received_at), str(self.desk_id)]
        said += [f"{metric} {_plain(due_at)}" for metric, due_at in self.promises]
        drawn = int.from_bytes(signature("receipt\n" + "\n".join(said)))
        signs = [CODE_ALPHABET[drawn // len(CODE_ALPHABET) ** n % len(CODE_ALPHABET)] for n in range(SEAL_LENGTH)]
        half = SEAL_LENGTH // 2
        return f"{''.join(signs[:half])}-{''.join(signs[half:])}"


def _plain(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def issued_with(receipt: Receipt) -> Issued:
    """Return what a receipt says that is being given out."""
    return Issued(receipt.number, receipt.received_at, receipt.desk_id, _promised(receipt.promises))


def issued(session: Session, case: Case) -> Issued:
    """Return what the receipt of a case said, from the first two entries of its history."""
    received, routed = history(session, "case", case.id or 0)[:2]
    promises = tuple((p["metric"], datetime.fromisoformat(p["due_at"])) for p in received["data"].get("promises", []))
    return Issued(case.number, case.received_at, routed["data"]["unit"], promises)


def genuine(session: Session, number: str, check_code: str, *, ip: str, now: datetime) -> Issued:
    """Return what the receipt with this number and check code said. `now` is real time: it limits guessing.

    Errors: NotOurReceiptError, TooManyTriesError.
    """
    subjects = {f"seal:{number[:40]}": WRONG_CODES_PER_CASE, f"seal-ip:{ip}": WRONG_CODES_PER_ADDRESS}
    for subject, most in subjects.items():
        limit(session, subject, most=most, within=WRONG_CODES_WITHIN, now=now)
    case = by_number(session, number) if is_case_number(number) else None
    found = issued(session, case) if case is not None else None
    if found is None or not hmac.compare_digest(tidy_code(found.check_code), tidy_code(check_code)):
        record_failure(session, *subjects, now=now)
        raise NotOurReceiptError
    return found


def _promised(promises: Iterable[Promise]) -> tuple[tuple[str, datetime], ...]:
    return tuple((str(promise.metric), promise.due_at) for promise in promises)
