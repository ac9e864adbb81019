"""How does a request become a case? Everything is decided by rules, then written in one statement."""

import hmac
import json
from collections.abc import Collection, Mapping
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from service.accounts.tables import Person
from service.assignments.queries import Matter, loads_for
from service.cases.numbers import case_number
from service.categories.suggesting import suggest
from service.clocks.queries import current_book
from service.clocks.rules import new_row, opening
from service.database import savepoint
from service.intake.forms import RequestForm
from service.intake.rows import Decided, Ticket, key_rows, phone_index_of, receipt, rows
from service.intake.rules import KeyUsedError, Promise, Receipt, Verdict, body_hash, judge, new_code
from service.intake.statements import BEGIN_DAY, GATHER, OPEN_CASE, parameters
from service.intake.tables import IdempotencyKey
from service.routing.directory import Directory
from service.routing.queries import directory_at
from service.routing.rules import Request, RoutingDecision, candidates_of, route
from service.secrecy import decrypt, token_hash
from service.timekeeping import ZONE

KEY_LASTS = timedelta(days=8)
"""Longer than a telephone keeps a request that it could not send: see web/static/offline/store.js."""
MOST_KEY = 200


def open_case(
    session: Session, form: RequestForm, *, now: datetime, key: str | None = None, by: Person | None = None
) -> Receipt:
    """Take in a request and return its receipt; the same key and body get the same receipt for eight days.

    1. gather: a number, what the key stands for, the directory, the promise pack; 2. decide: place, topic, grade,
    promise, desk; 3. apply: one statement. `by` took it down on the resident's behalf.
    Errors: InvalidFieldsError, OutsideAreaError, KeyUsedError.
    """
    try:
        with savepoint(session) if key else nullcontext():
            return _open(session, form, now=now, key=key, by=by)
    except IntegrityError:
        # Two requests with one key arrived together, and the other one has written the answer by now; or the key
        # is over, and its old answer is in the way.
        if key is None:
            raise
        forget_keys(session, now)
        return _open(session, form, now=now, key=key, by=by)


def _open(session: Session, form: RequestForm, *, now: datetime, key: str | None, by: Person | None) -> Receipt:
    book = current_book(now)
    key_hash = token_hash(f"idempotency:{key}") if key else None
    digest = body_hash(form)
    drawn = _gather(session, key_hash, now)
    known = directory_at(session, drawn.directory_version)
    if drawn.answer is not None:
        return _answer_again(drawn.body_hash, drawn.answer, digest)

    ticket = _ticket(session, drawn, key_hash, now)
    guesses = suggest(session, known.catalogue, known.model_id, title=form.title or "", text=form.text)
    verdict = judge(form, known, guesses, book, now)
    policy = verdict.choice.policy
    clocks = [new_row(c, policy, book, instance=1) for c in opening(policy, book, now)] if policy else []

    full: set[int] = set()
    while True:
        decision = _decision(session, form, verdict, known, now, full)
        decided = Decided(ticket, form, verdict, decision, clocks, now, by)
        answer = receipt(decided)
        keys = {"idempotency_keys": key_rows(decided, key_hash, digest, answer)}
        if _is_written(session, parameters(rows(decided) | keys, decision.most)):
            return answer
        # Others have filled them up meanwhile. Each turn takes one out, and the last desk is never full.
        full.add(decided.assignee_id or 0)


def _is_written(session: Session, written: Mapping[str, Any]) -> bool:
    """Write a case; False where its holder is full. The lock on their load is not kept: who waits, waits in order."""
    with savepoint(session) as opened:
        is_written = bool(session.execute(OPEN_CASE, written).scalar_one())
        if not is_written and opened is not None:
            opened.rollback()
    return is_written


def _decision(
    session: Session, form: RequestForm, verdict: Verdict, known: Directory, now: datetime, full: Collection[int]
) -> RoutingDecision:
    """Decide who gets it, with what everybody holds at this moment; `full`: who has turned out to have no room."""
    groups = frozenset(map(str, form.focus_groups))
    topic, grade = verdict.topic.code, verdict.grade.grade
    asked = Request(topic, verdict.place.id, grade, now, form.language, str(form.channel), groups)
    matter = Matter(verdict.topic.id, verdict.place.id, form.address, phone_index_of(form))
    held = loads_for(session, candidates_of(asked, known), matter, now)
    held |= {i: replace(held[i], open_cases=max(held[i].open_cases, known.people[i].capacity)) for i in full}
    return route(asked, known, held)


def was_answered(session: Session, key: str, now: datetime) -> bool:
    """Was a request with that key taken in already, so that the same one gets the same receipt?"""
    mine = (
        col(IdempotencyKey.key_hash) == token_hash(f"idempotency:{key}"),
        col(IdempotencyKey.created_at) > now - KEY_LASTS,
    )
    return session.scalar(sa.select(sa.exists().where(*mine))) or False


def forget_keys(session: Session, now: datetime) -> None:
    """Drop the answers to keys that are over."""
    session.execute(sa.delete(IdempotencyKey).where(col(IdempotencyKey.created_at) <= now - KEY_LASTS))


def _gather(session: Session, key_hash: bytes | None, now: datetime) -> sa.Row[Any]:
    """Draw a number, and read what else must be known before anything is decided."""
    day = now.astimezone(ZONE).date().isoformat()
    return session.execute(GATHER, {"day": day, "key_hash": key_hash, "since": now - KEY_LASTS}).one()


def _ticket(session: Session, drawn: sa.Row[Any], key_hash: bytes | None, now: datetime) -> Ticket:
    """Return the case's number of the day and its secret code."""
    day, first = now.astimezone(ZONE).date(), drawn.first
    if first is None:
        first = session.execute(BEGIN_DAY, {"day": day.isoformat(), "first": drawn.serial}).scalar_one()
    serial = drawn.serial - first + 1
    if serial < 1:
        # The day's first number was drawn by a request that overtook this one: draw again, behind it.
        return _ticket(session, _gather(session, key_hash, now), key_hash, now)
    return Ticket(drawn.id, case_number(day, serial), new_code())


def _answer_again(body: bytes, answer: bytes, digest: bytes) -> Receipt:
    if not hmac.compare_digest(body, digest):
        raise KeyUsedError
    facts = json.loads(decrypt(answer))
    facts["received_at"] = datetime.fromisoformat(facts["received_at"])
    facts["promises"] = tuple(
        Promise(**(p | {"due_at": datetime.fromisoformat(p["due_at"])})) for p in facts["promises"]
    )
    return Receipt(**facts)
