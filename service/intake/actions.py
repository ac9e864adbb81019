"""How does a request become a case? Everything is decided by rules, then written in one statement."""

import hmac
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from service.accounts.tables import Person
from service.assignments.actions import decision_row
from service.assignments.queries import loads
from service.audit.actions import rows_after
from service.audit.rules import Entry
from service.cases.actions import new_row
from service.cases.rules import case_number
from service.clocks.queries import current_book
from service.clocks.rules import new_row as clock_row
from service.clocks.rules import opening, runs_out_next
from service.intake.forms import RequestForm
from service.intake.rules import KeyUsedError, Promise, Receipt, Verdict, body_hash, judge, new_code
from service.intake.tables import IdempotencyKey
from service.intake.statements import BEGIN_DAY, GATHER, OPEN_CASE, parameters
from service.outbox import messages
from service.outbox.actions import rows as notice_rows
from service.routing.queries import ZONE, directory
from service.routing.rules import RINGS_AT_NIGHT, Directory, Request, RoutingDecision, candidates_of, route
from service.secrecy import blind_index, decrypt, encrypt, token_hash

KEY_LASTS = timedelta(hours=24)
MOST_KEY = 200


@dataclass(frozen=True)
class _Ticket:
    """What was drawn for one case before anything was decided."""

    case_id: int
    number: str
    code: str


def open_case(
    session: Session, form: RequestForm, *, now: datetime, key: str | None = None, by: Person | None = None
) -> Receipt:
    """Take in a request and return its receipt; the same key and body get the same receipt for a day.

    1. gather: the directory, the promise pack, a number, what the key stands for; 2. decide: place, topic, grade,
    promise, desk; 3. apply: one statement. `by` took it down on the resident's behalf.
    Errors: InvalidFieldsError, OutsideAreaError, KeyUsedError.
    """
    try:
        with session.begin_nested() if key else session.no_autoflush:
            return _open(session, form, now=now, key=key, by=by)
    except IntegrityError:
        # Two requests with one key arrived together, and the other one has written the answer by now; or the key was
        # used more than a day ago, and its old answer is in the way.
        if key is None:
            raise
        forget_keys(session, now)
        return _open(session, form, now=now, key=key, by=by)


def _open(session: Session, form: RequestForm, *, now: datetime, key: str | None, by: Person | None) -> Receipt:
    known = directory(session)
    key_hash = token_hash(f"idempotency:{key}") if key else None
    digest = body_hash(form)
    drawn = _gather(session, key_hash, now)
    if isinstance(drawn, tuple):
        return _answer_again(drawn, digest)

    book = current_book()
    verdict = judge(form, known, book, now)
    asked = Request(verdict.topic.code, verdict.place.id, verdict.grade.grade, now)
    decision = route(asked, known, loads(session, candidates_of(asked, known)))
    policy = verdict.choice.policy
    clocks = opening(policy, book, now) if policy else []

    clock_rows = [clock_row(clock, policy, book, instance=1) for clock in clocks] if policy else []
    due = runs_out_next((row["metric"], row["state"], row["due_at"]) for row in clock_rows)
    case = _case_row(drawn, form, verdict, decision, due, now, by)
    receipt = _receipt(drawn, form, verdict, decision, clock_rows, case)
    rows = _rows(drawn, form, verdict, decision, case, known, now, by)
    rows["clocks"] = [row | {"case_id": drawn.case_id} for row in clock_rows]
    rows["idempotency_keys"] = _key_rows(drawn, key_hash, digest, receipt, now)
    session.execute(OPEN_CASE, parameters(rows))
    return receipt


def forget_keys(session: Session, now: datetime) -> None:
    """Drop the answers to keys that are older than a day."""
    session.execute(sa.delete(IdempotencyKey).where(col(IdempotencyKey.created_at) <= now - KEY_LASTS))


def _gather(session: Session, key_hash: bytes | None, now: datetime) -> _Ticket | tuple[bytes, bytes]:
    """Draw a number, or return (body hash, answer) when the key was answered before."""
    day = now.astimezone(ZONE).date()
    row = session.execute(
        GATHER, {"day": day.isoformat(), "key_hash": key_hash, "since": now - KEY_LASTS}
    ).one()
    if row.answer is not None:
        return row.body_hash, row.answer
    first = row.first
    if first is None:
        first = session.execute(BEGIN_DAY, {"day": day.isoformat(), "first": row.serial}).scalar_one()
    serial = row.serial - first + 1
    if serial < 1:
        # The day's first number was drawn by a request that overtook this one: draw again, behind it.
        return _gather(session, key_hash, now)
    return _Ticket(row.id, case_number(day, serial), new_code())


def _answer_again(known: tuple[bytes, bytes], digest: bytes) -> Receipt:
    body, answer = known
    if not hmac.compare_digest(body, digest):
        raise KeyUsedError
    facts = json.loads(decrypt(answer))
    facts["received_at"] = datetime.fromisoformat(facts["received_at"])
    facts["promises"] = tuple(
        Promise(**(p | {"due_at": datetime.fromisoformat(p["due_at"])})) for p in facts["promises"]
    )
    return Receipt(**facts)


def _case_row(
    ticket: _Ticket,
    form: RequestForm,
    verdict: Verdict,
    decision: RoutingDecision,
    due: tuple[datetime, str] | None,
    now: datetime,
    by: Person | None,
) -> dict[str, Any]:
    contact = form.contact.model_dump() if not form.anonymous else {}
    point = form.location
    return new_row(
        assignee_id=decision.person.id if decision.person else None,
        received_at=now,
        id=ticket.case_id,
        number=ticket.number,
        code_hash=token_hash(ticket.code),
        channel=form.channel,
        title=form.headline(),
        text=form.text,
        category_id=verdict.topic.id,
        grade=verdict.grade.grade,
        area_id=verdict.place.id,
        address=form.address,
        lat=point.lat if point else None,
        lon=point.lon if point else None,
        contact=encrypt(json.dumps(contact, ensure_ascii=False)) if any(contact.values()) else None,
        phone_index=blind_index(contact["phone"]) if contact.get("phone") else None,
        is_anonymous=form.anonymous,
        for_whom=form.for_whom,
        focus_groups=sorted(form.focus_groups),
        language=form.language,
        unit_id=decision.unit.id,
        taken_by_id=by.id if by else None,
        policy=verdict.choice.policy.name if verdict.choice.policy else None,
        due_at=due[0] if due else None,
        due_metric=due[1] if due else None,
        urged=0,
        urged_at=None,
        returned=0,
        reopened=0,
        duplicate_of_id=None,
        resolved_at=None,
        closed_at=None,
    )


def _receipt(
    ticket: _Ticket,
    form: RequestForm,
    verdict: Verdict,
    decision: RoutingDecision,
    clock_rows: list[dict[str, Any]],
    case: dict[str, Any],
) -> Receipt:
    del form
    return Receipt(
        number=ticket.number,
        tracking_code=ticket.code,
        status=case["status"],
        received_at=case["received_at"],
        category=verdict.topic.code,
        area=verdict.place.code,
        desk_id=decision.unit.id,
        promises=tuple(Promise(r["metric"], r["due_at"], r["budget"], r["kind"]) for r in clock_rows),
        danger=verdict.grade.danger,
    )


def _rows(
    ticket: _Ticket,
    form: RequestForm,
    verdict: Verdict,
    decision: RoutingDecision,
    case: dict[str, Any],
    known: Directory,
    now: datetime,
    by: Person | None,
) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of everything that belongs to the case but its clocks."""
    person = decision.person
    unit_id, person_id = decision.unit.id, person.id if person else None
    told = [messages.receipt(_resident(form), ticket.number, _desk(decision, form.language), case["due_at"])]
    if person is not None:
        to = messages.Recipient(person.language, person.email, person.id)
        topic = verdict.topic.name if person.language == "zh" else verdict.topic.name_en
        wakes = verdict.grade.grade in RINGS_AT_NIGHT
        told.append(messages.assigned(to, ticket.number, topic, case["due_at"], turn=1, wakes=wakes))
    return {
        "cases": [case],
        "assignments": [
            {
                "case_id": ticket.case_id,
                "unit_id": unit_id,
                "person_id": person_id,
                "why": "routed",
                "by_id": None,
                "started_at": now,
                "ended_at": None,
            }
        ],
        "workloads": [{"person_id": person_id, "open_cases": 1, "last_assigned_at": now}] if person else [],
        "routing_decisions": [{"case_id": ticket.case_id, "at": now} | decision_row(decision)],
        "audit_entries": rows_after(_history(ticket, form, verdict, decision, now, by), {}),
        "notices": notice_rows(told, ticket.case_id, now),
    }


def _history(
    ticket: _Ticket,
    form: RequestForm,
    verdict: Verdict,
    decision: RoutingDecision,
    now: datetime,
    by: Person | None,
) -> list[Entry]:
    """Return the first two entries of the case: how it came in, and where it went and why."""
    grade, choice = verdict.grade, verdict.choice
    received = {
        "number": ticket.number,
        "channel": str(form.channel),
        "category": verdict.topic.code,
        "guessed": verdict.guessed,
        "grade": str(grade.grade),
        "grade_words": list(grade.words),
        "grade_why": {"zh": grade.why_zh, "en": grade.why_en},
        "policy": choice.policy.name if choice.policy else None,
        "policy_why": [
            {"name": c.name, "matched": c.matched, "zh": c.why_zh, "en": c.why_en} for c in choice.considered
        ],
    }
    routed = {
        "unit": decision.unit.id,
        "person": decision.person.id if decision.person else None,
        "because": decision.chosen_because,
    }
    by_staff = {"actor": "staff", "actor_id": by.id} if by else {"actor": "resident"}
    return [
        Entry("case", ticket.case_id, "received", now, data=received, **by_staff),  # type: ignore[arg-type]
        Entry("case", ticket.case_id, "routed", now, "system", data=routed),
    ]


def _key_rows(
    ticket: _Ticket, key_hash: bytes | None, digest: bytes, receipt: Receipt, now: datetime
) -> list[dict[str, Any]]:
    if key_hash is None:
        return []
    answer = json.dumps(asdict(receipt), default=lambda moment: moment.isoformat())
    return [
        {
            "key_hash": key_hash,
            "body_hash": digest,
            "case_id": ticket.case_id,
            "answer": encrypt(answer),
            "created_at": now,
        }
    ]


def _resident(form: RequestForm) -> messages.Recipient:
    return messages.Recipient(form.language, None if form.anonymous else form.contact.email or None)


def _desk(decision: RoutingDecision, language: str) -> str:
    return decision.unit.desk_name if language == "zh" else decision.unit.desk_name_en
