"""How are other desks called to help with a case, and what do they and its holder do about it?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from service.accounts.tables import Person
from service.audit.actions import record
from service.audit.rules import Entry
from service.cases.actions import lock
from service.cases.rules import ENDED, ClockEffect
from service.cases.tables import Case, CaseMessage
from service.clocks.inside import begin, end
from service.clocks.queries import book
from service.clocks.rules import Happening
from service.clocks.tables import ClockRow
from service.errors import ConflictError, NotFoundError
from service.intake.forms import clean
from service.orders.rules import answerers, checked_text
from service.outbox.actions import write
from service.outbox.messages import Recipient, called
from service.parts.asked import checked_score
from service.parts.queries import between, open_of, part_of, stands
from service.parts.rules import (
    RUNS,
    PartAction,
    PartMove,
    PartState,
    WhistleReason,
    move_for,
    parties_of,
)
from service.parts.tables import Part, Whistle
from service.routing.directory import Directory, Staff
from service.routing.queries import directory
from service.routing.rules import RINGS_AT_NIGHT
from service.routing.standing import acting_as


@dataclass(frozen=True)
class Said:
    """What a form or a program sends with an action; each thing is checked where it is needed."""

    text: str = ""
    score: object = ""
    version: int | None = None
    """The version of the part that was seen."""


HISTORY = {
    PartAction.ACCEPT: "part_accepted",
    PartAction.FINISH: "part_done",
    PartAction.DECLINE: "part_declined",
    PartAction.WITHDRAW: "part_withdrawn",
    PartAction.SCORE: "part_scored",
}
"""What the history of the case says of it; the notice and the message of the case are called alike."""


def act_on(session: Session, part_id: int, action: PartAction, said: Said, *, by: Person, now: datetime) -> Part:
    """Report in for a part, finish, decline, withdraw or score it.

    1. lock the case and then the part; 2. ask the table of its life; 3. end the time that ran and begin the next;
    4. keep the words; 5. tell the other side. Errors: NotFoundError, PartForbiddenError, ConflictError,
    InvalidFieldsError.
    """
    part, case = _locked(session, part_id, by, now)
    known = directory(session)
    me = known.people.get(by.id or 0)
    if said.version is not None and said.version != part.version:
        raise ConflictError(yours=said.version, current=part.version, status=part.state)
    parties = parties_of(me, between(part), acting_as(by, case, known), known, now) if me else frozenset()
    move = move_for(stands(part), action, parties)
    text = checked_text(clean(said.text), required=move.must_say)
    score = checked_score(said.score) if action is PartAction.SCORE else None

    heard = _heard(part, case, action, known, now)
    due_at = _step(session, part, case, move, by, now)
    if score is not None:
        part.score, part.score_text, part.scored_at, part.scored_by_id = score, text, now, by.id
    elif action is PartAction.FINISH:
        part.result = text
    elif action in (PartAction.DECLINE, PartAction.WITHDRAW):
        part.said = text
    session.add(part)
    keep(session, part, case, HISTORY[action], text, by=by, now=now)
    inform(session, part, case, HISTORY[action], [p for p in heard if p.id != by.id], now, due_at=due_at)
    session.flush()
    return part


def end_with_case(session: Session, case: Case, *, by_id: int | None, now: datetime) -> None:
    """End the parts of a locked case that has ended without them: those who were called are told to stop.

    Their clocks end with the others of the case (`clocks.actions.tell`).
    """
    parts = open_of(session, case.id or 0)
    if not parts:
        return
    known = directory(session)
    kind = "system" if by_id is None else "staff"
    for part in parts:
        part.state, part.version, part.ended_at = PartState.WITHDRAWN, part.version + 1, now
        session.add(part)
        record(session, Entry("case", case.id or 0, "part_withdrawn", now, kind, by_id, _facts(part)))
        inform(session, part, case, "part_withdrawn", answerers(between(part), known, now), now)


def _locked(session: Session, part_id: int, by: Person, now: datetime) -> tuple[Part, Case]:
    """Lock the case of a part and then the part, for somebody who may know of it. Errors: NotFoundError."""
    seen = part_of(session, part_id, by, directory(session), now)
    case = lock(session, seen.case.id or 0)
    wanted = select(Part).where(Part.id == part_id).with_for_update().execution_options(populate_existing=True)
    part = session.exec(wanted).one_or_none()
    if part is None:
        raise NotFoundError
    return part, case


def _step(session: Session, part: Part, case: Case, move: PartMove, by: Person, now: datetime) -> datetime | None:
    """Let the part go on: the time that ran ends, the next begins; return when that one is due."""
    part.version += 1
    if move.to is None:
        return None
    row, action = session.get_one(ClockRow, part.clock_id), move.action
    is_kept = action in (PartAction.ACCEPT, PartAction.FINISH)
    effect = ClockEffect.NONE if is_kept else ClockEffect.CANCEL
    end(session, row, case, Happening(now, effect, HISTORY[action], f"staff:{by.id}"))
    part.state = move.to
    if action is PartAction.ACCEPT:
        part.accepted_at, part.person_id = now, by.id
    metric = RUNS.get(move.to)
    if metric is None:
        part.ended_at = now
        return None
    from_book = book(session, row.book_hash)
    begun = begin(session, case, (from_book.by_name[row.policy], metric), from_book, part.minutes, now)
    part.clock_id = begun.id or 0
    return begun.due_at


def _heard(part: Part, case: Case, action: PartAction, known: Directory, now: datetime) -> Sequence[Staff]:
    """Return who hears of it: of what helpers do the holder of the case and who called, else the helpers."""
    if action in (PartAction.WITHDRAW, PartAction.SCORE):
        return answerers(between(part), known, now)
    return leading(part, case, known, now)


def leading(part: Part, case: Case, known: Directory, at: datetime) -> tuple[Staff, ...]:
    """Return who waits for a part: the holder of the case now and who called, or who stands in for them."""
    ids = dict.fromkeys(i for i in (case.assignee_id, part.asked_by_id) if i is not None)
    there = (known.people[i] for i in ids if i in known.people)
    acting = (known.acting_for(person, at) for person in there)
    return tuple({p.id: p for p in acting if p is not None}.values())


def keep(session: Session, part: Part, case: Case, what: str, text: str, *, by: Person, now: datetime) -> None:
    """Keep what was said as words of the case, and that it was done in its history."""
    if text:
        message = CaseMessage(case_id=case.id or 0, at=now, kind=what, is_public=False, person_id=by.id, text=text)
        session.add(message)
    record(session, Entry("case", case.id or 0, what, now, "staff", by.id, _facts(part)))


def _facts(part: Part) -> dict[str, object]:
    facts: dict[str, object] = {"part": part.id, "unit": part.unit_id}
    facts |= {"person_id": part.person_id} if part.person_id else {}
    facts |= {"whistle": part.whistle_id} if part.whistle_id else {}
    return facts | ({"score": part.score} if part.score else {})


def inform(
    session: Session,
    part: Part,
    case: Case,
    what: str,
    people: Iterable[Staff],
    now: datetime,
    *,
    due_at: datetime | None = None,
    wakes: bool = False,
) -> None:
    """Tell people what became of a part; `wakes`: at night too."""
    told = [
        called(
            Recipient(p.language, p.email, p.id),
            case.number,
            what,
            part_id=part.id or 0,
            turn=part.version,
            due_at=due_at,
            wakes=wakes,
        )
        for p in people
    ]
    write(session, told, case.id or 0, now)


def wakes_for(case: Case, whistle: Whistle | None) -> bool:
    """Are those who are called told at night too? Where danger is, as everywhere, and where a whistle says so."""
    return case.grade in RINGS_AT_NIGHT or (whistle is not None and whistle.reason is WhistleReason.EMERGENCY)


def may_be_called(case: Case) -> bool:
    """Can others still be called to help with it?"""
    return case.status not in ENDED
