"""What is written for one request? Every row of the case and of what belongs to it, from what was decided."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from service.accounts.tables import Person
from service.assignments.actions import decision_row
from service.audit.actions import rows_after
from service.audit.rules import Entry
from service.cases.actions import first_status, new_row
from service.clocks.rules import runs_out_next
from service.intake.forms import RequestForm
from service.intake.rules import Promise, Receipt, Verdict
from service.outbox import messages
from service.outbox.actions import rows as notice_rows
from service.routing.rules import RINGS_AT_NIGHT, RoutingDecision
from service.secrecy import blind_index, encrypt, token_hash


@dataclass(frozen=True)
class Ticket:
    """What was drawn for one case before anything was decided."""

    case_id: int
    number: str
    code: str


@dataclass(frozen=True)
class Decided:
    """One request with everything that was decided about it."""

    ticket: Ticket
    form: RequestForm
    verdict: Verdict
    decision: RoutingDecision
    clocks: list[dict[str, Any]]
    """The rows of its clocks, without the case."""
    now: datetime
    by: Person | None
    """The member of staff who took it down, if any."""

    @property
    def due(self) -> tuple[datetime, str] | None:
        """Return what runs out first: when, and which promise."""
        return runs_out_next((row["metric"], row["state"], row["due_at"]) for row in self.clocks)

    @property
    def assignee_id(self) -> int | None:
        """Return the person who answers for it from now on, if there is one."""
        return self.decision.person.id if self.decision.person else None

    @property
    def case_id(self) -> int:
        """Return the id that was drawn for the case."""
        return self.ticket.case_id


def rows(of: Decided) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each table, by table; the answer to an idempotency key is left to the caller."""
    person = of.decision.person
    return {
        "cases": [case_row(of)],
        "assignments": [_assignment(of)],
        "workloads": [{"person_id": person.id, "open_cases": 1, "last_assigned_at": of.now}] if person else [],
        "routing_decisions": [{"case_id": of.case_id, "at": of.now} | decision_row(of.decision)],
        "clocks": [row | {"case_id": of.case_id} for row in of.clocks],
        "audit_entries": rows_after(_history(of), {}),
        "notices": notice_rows(_messages(of), of.case_id, of.now),
    }


def case_row(of: Decided) -> dict[str, Any]:
    """Return the row of the case."""
    form, verdict, due = of.form, of.verdict, of.due
    contact = form.contact.model_dump() if not form.anonymous else {}
    lat, lon = form.location.wgs84() if form.location else (None, None)
    return new_row(
        assignee_id=of.assignee_id,
        received_at=of.now,
        id=of.case_id,
        number=of.ticket.number,
        code_hash=token_hash(of.ticket.code),
        channel=form.channel,
        title=form.headline(),
        text=form.text,
        category_id=verdict.topic.id,
        grade=verdict.grade.grade,
        area_id=verdict.place.id,
        address=form.address,
        lat=lat,
        lon=lon,
        contact=encrypt(json.dumps(contact, ensure_ascii=False)) if any(contact.values()) else None,
        phone_index=phone_index_of(form),
        mail_index=mail_index_of(form),
        is_anonymous=form.anonymous,
        for_whom=form.for_whom,
        focus_groups=sorted(form.focus_groups),
        answers=[asdict(answer) for answer in verdict.answers],
        language=form.language,
        unit_id=of.decision.unit.id,
        taken_by_id=of.by.id if of.by else None,
        policy=verdict.choice.policy.name if verdict.choice.policy else None,
        due_at=due[0] if due else None,
        due_metric=due[1] if due else None,
        **NOTHING_YET,
    )


def phone_index_of(form: RequestForm) -> bytes | None:
    """Return by what a caller is found again; None for whoever leaves no number or wants to stay unknown."""
    phone = None if form.anonymous else form.contact.phone
    return blind_index(phone) if phone else None


def mail_index_of(form: RequestForm) -> bytes | None:
    """Return by what somebody finds their own requests; None for whoever leaves no mail address or stays unknown."""
    email = None if form.anonymous else form.contact.email
    return blind_index(email) if email else None


NOTHING_YET: dict[str, Any] = {
    "urged": 0,
    "urged_at": None,
    "returned": 0,
    "reopened": 0,
    "duplicate_of_id": None,
    "parked_until": None,
    "call_again_at": None,
    "resolved_at": None,
    "closed_at": None,
}
"""What has not happened to a case that has just come in."""


def receipt(of: Decided) -> Receipt:
    """Return what the resident holds."""
    return Receipt(
        number=of.ticket.number,
        tracking_code=of.ticket.code,
        status=first_status(of.assignee_id),
        received_at=of.now,
        category=of.verdict.topic.code,
        area=of.verdict.place.code,
        desk_id=of.decision.unit.id,
        promises=tuple(Promise(r["metric"], r["due_at"], r["budget"], r["kind"]) for r in of.clocks),
        danger=of.verdict.grade.danger,
    )


def key_rows(of: Decided, key_hash: bytes | None, digest: bytes, answer: Receipt) -> list[dict[str, Any]]:
    """Return the row that answers a repeated key, or none without a key."""
    if key_hash is None:
        return []
    text = json.dumps(asdict(answer), default=lambda moment: moment.isoformat())
    return [
        {
            "key_hash": key_hash,
            "body_hash": digest,
            "case_id": of.case_id,
            "answer": encrypt(text),
            "created_at": of.now,
        }
    ]


def _assignment(of: Decided) -> dict[str, Any]:
    return {
        "case_id": of.case_id,
        "unit_id": of.decision.unit.id,
        "person_id": of.decision.person.id if of.decision.person else None,
        "why": "routed",
        "by_id": None,
        "started_at": of.now,
        "ended_at": None,
    }


def _messages(of: Decided) -> list[messages.Message]:
    """Return the notices: the resident's receipt, and the worker's new case."""
    form, unit, person, due_at = of.form, of.decision.unit, of.decision.person, of.due[0] if of.due else None
    resident = messages.Recipient(form.language, None if form.anonymous else form.contact.email or None)
    desk = unit.desk_name if form.language == "zh" else unit.desk_name_en
    told = [messages.receipt(resident, of.ticket.number, desk, due_at)]
    if person is not None:
        to = messages.Recipient(person.language, person.email, person.id)
        topic = of.verdict.topic.name if person.language == "zh" else of.verdict.topic.name_en
        wakes = of.verdict.grade.grade in RINGS_AT_NIGHT
        told.append(messages.assigned(to, of.ticket.number, topic, due_at, turn=1, wakes=wakes))
    return told


def _history(of: Decided) -> list[Entry]:
    """Return the first two entries of the case: how it came in, and where it went and why."""
    grade, choice, person = of.verdict.grade, of.verdict.choice, of.decision.person
    received = {
        "number": of.ticket.number,
        "channel": str(of.form.channel),
        "category": of.verdict.topic.code,
        "guessed": of.verdict.guessed,
        "suggested": [{"category": one.topic.code, "confidence": one.confidence} for one in of.verdict.guesses.items],
        "model": of.verdict.guesses.model_id,
        "grade": str(grade.grade),
        "grade_words": list(grade.words),
        "grade_why": {"zh": grade.why_zh, "en": grade.why_en},
        "policy": choice.policy.name if choice.policy else None,
        "policy_why": [
            {"name": c.name, "matched": c.matched, "zh": c.why_zh, "en": c.why_en} for c in choice.considered
        ],
        "promises": [{"metric": str(row["metric"]), "due_at": row["due_at"].isoformat()} for row in of.clocks],
    }
    routed = {
        "unit": of.decision.unit.id,
        "person": person.id if person else None,
        "because": of.decision.chosen_because,
    }
    actor, actor_id = ("staff", of.by.id) if of.by else ("resident", None)
    return [
        Entry("case", of.case_id, "received", of.now, actor, actor_id, received),
        Entry("case", of.case_id, "routed", of.now, "system", None, routed),
    ]
