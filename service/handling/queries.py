"""What does a resident see of a case, and what does staff see?"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import structlog
from sqlmodel import Session, select

from service.accounts.limits import limit, record_failure
from service.accounts.tables import Person
from service.areas.rules import Place
from service.attachments.queries import of_case as attachments
from service.attachments.tables import Attachment
from service.audit.queries import history
from service.cases.numbers import is_case_number
from service.cases.queries import by_number, contact_of, messages, visible_to
from service.cases.rules import Actor, Move, moves_from
from service.cases.tables import Case
from service.categories.rules import Topic
from service.clocks.actions import UNCOUNTABLE
from service.clocks.queries import as_clock, book, of_case, policy_of
from service.clocks.tables import ClockRow
from service.errors import NotFoundError, ServiceError
from service.handling.promises import newest_promised
from service.handling.proof import offered_waiver
from service.handling.proposals import offered
from service.handling.timeline import Happened, timeline
from service.intake.rules import tidy_code
from service.routing.directory import Directory, Staff
from service.routing.queries import decisions, directory
from service.routing.standing import acting_as
from service.routing.tables import RoutingDecisionRow
from service.secrecy import mask_email, mask_name, mask_phone, token_hash
from sla_policies.clock import Clock, ClockState
from sla_policies.escalation import Step, step_time
from sla_policies.policy import INSIDE, SlaPolicy

log = structlog.get_logger("handling")
WRONG_CODES_PER_CASE = 50
WRONG_CODES_PER_ADDRESS = 10
WRONG_CODES_WITHIN = timedelta(minutes=15)
"""A stranger's tries at one number shut out the stranger long before the resident."""


class WrongCodeError(ServiceError):
    """Number and code do not belong together; whether the number exists is not said."""

    status, code = 404, "wrong-code"
    sentence = "This number and this code do not belong together. Please check both on your receipt."


@dataclass(frozen=True)
class PromiseView:
    """One promise of a case, with its clock and every step of its ladder."""

    row: ClockRow
    clock: Clock
    policy: SlaPolicy

    @cached_property
    def steps(self) -> list[tuple[Step, datetime | None]]:
        """Return the steps of the ladder for this promise, each with its moment (None while paused or ended)."""
        mine = [s for s in self.policy.ladder if s.metric is self.row.metric]
        return [(s, step_time(s, self.clock)) for s in mine]


@dataclass(frozen=True)
class CaseView:
    """A case with everything that pages show of it."""

    case: Case
    place: Place
    unit: Place
    topic: Topic
    assignee: Staff | None
    promises: list[PromiseView]
    timeline: list[Happened]
    moves: tuple[Move, ...]
    """What the reader may do now."""
    known: Directory
    photos: list[Attachment]
    """Those that the reader may see, oldest first."""

    @property
    def current(self) -> list[PromiseView]:
        """Return the newest instance of each promise."""
        newest = {p.row.metric: p for p in self.promises}
        return list(newest.values())

    @property
    def next_due(self) -> PromiseView | None:
        """Return the promise that runs out next."""
        running = [p for p in self.current if p.row.state is ClockState.RUNNING and p.row.due_at is not None]
        return min(running, key=lambda p: p.row.due_at or p.row.started_at, default=None)


@dataclass(frozen=True)
class Contact:
    """How to reach the resident, as shown: masked, unless it was revealed with a reason."""

    name: str
    phone: str
    email: str


def resident_case(session: Session, number: str, code: str, *, ip: str, now: datetime) -> Case:
    """Return the case that a number and its tracking code open.

    The comparison takes as long for a wrong code as for an unknown number. `now` is real time: it limits guessing.
    Errors: WrongCodeError, TooManyTriesError.
    """
    subjects = {f"code:{number[:40]}": WRONG_CODES_PER_CASE, f"code-ip:{ip}": WRONG_CODES_PER_ADDRESS}
    for subject, most in subjects.items():
        limit(session, subject, most=most, within=WRONG_CODES_WITHIN, now=now)
    case = by_number(session, number) if is_case_number(number) else None
    kept = case.code_hash if case is not None else b"\x00" * 32
    fits = hmac.compare_digest(token_hash(tidy_code(code)), kept)
    if case is None or not fits:
        record_failure(session, *subjects, now=now)
        raise WrongCodeError
    return case


def staff_case(session: Session, number: str, person: Person) -> Case:
    """Return a case by its number, for somebody who may see it. Errors: NotFoundError."""
    if not is_case_number(number):
        raise NotFoundError
    gate = visible_to(person.id or 0, person.role, person.area_id)
    case = session.exec(select(Case).where(Case.number == number, gate)).one_or_none()
    if case is None:
        raise NotFoundError
    return case


def actors(session: Session, case: Case, person: Person) -> frozenset[Actor]:
    """Return as whom a person may act on a case they see."""
    return acting_as(person, case, directory(session))


def view(session: Session, case: Case, acting: frozenset[Actor], known: Directory | None = None) -> CaseView:
    """Return a case as the resident (acting as RESIDENT) or as staff sees it.

    `known` is the directory, where the caller has read it in this transaction.
    """
    known = known or directory(session)
    for_resident = acting == {Actor.RESIDENT}
    clocks = of_case(session, case.id or 0)
    said = messages(session, case.id or 0, public_only=for_resident)
    moves = offered(session, case, moves_from(case.status, acting), newest_promised(session, clocks))
    return CaseView(
        case=case,
        place=known.areas.places[case.area_id],
        unit=known.areas.places[case.unit_id],
        topic=known.topics_by_id[case.category_id],
        assignee=known.people.get(case.assignee_id or 0),
        promises=_readable(session, case, clocks, inside=False),
        timeline=timeline(history(session, "case", case.id or 0), said, for_resident=for_resident),
        moves=offered_waiver(session, case, known, moves),
        known=known,
        photos=attachments(session, case.id or 0, public_only=for_resident),
    )


def promises(session: Session, case: Case, *, inside: bool = False) -> list[PromiseView]:
    """Return the promises of a case, each with its clock, or what is owed inside the house: orders, parts.

    One that cannot be read is left out, and said in the log.
    """
    return _readable(session, case, of_case(session, case.id or 0), inside=inside)


def _readable(session: Session, case: Case, rows: Iterable[ClockRow], *, inside: bool) -> list[PromiseView]:
    found = []
    for row in rows:
        if (row.metric in INSIDE) is not inside:
            continue
        try:
            its_book = book(session, row.book_hash)
            found.append(PromiseView(row, as_clock(row, its_book), policy_of(row, its_book)))
        except UNCOUNTABLE:
            log.exception("promise not readable", case=case.number, clock=row.id)
    return found


def why_routed(session: Session, case: Case) -> list[RoutingDecisionRow]:
    """Return the decisions that brought the case to where it lies."""
    return decisions(session, case.id or 0)


def masked_contact(case: Case) -> Contact:
    """Return the contact as everybody sees it by default."""
    clear = contact_of(case)
    return Contact(
        name=mask_name(clear["name"]) if clear.get("name") else "",
        phone=mask_phone(clear["phone"]) if clear.get("phone") else "",
        email=mask_email(clear["email"]) if clear.get("email") else "",
    )
