"""What is promised on a case, and what moves it: another grade or topic, and a pause that is over?"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlmodel import Session

from service.areas.rules import Place
from service.audit.queries import history
from service.cases.actions import allowed, move
from service.cases.rules import MOVES, STANDS_STILL, Action, Actor
from service.cases.tables import Case
from service.categories.questions import as_answers
from service.categories.rules import Topic, answered
from service.clocks.actions import UNCOUNTABLE, note_next, wake
from service.clocks.queries import as_clock, book, current_book, of_case, of_cases, policy_of
from service.clocks.recounting import recount
from service.clocks.rules import Change, Happening
from service.clocks.tables import ClockRow
from service.errors import InvalidFieldsError
from service.handling.contacting import counts_as_contact
from service.handling.leeway import Promised
from service.routing.directory import Directory
from sla_policies.clock import ClockState
from sla_policies.policy import INSIDE, CaseFacts, Grade, Metric, PolicyBook, choose_policy, raise_grade


def resolve_clock(session: Session, case: Case) -> Promised | None:
    """Return the newest promise of the result; None when none was made, or it cannot be read now."""
    return newest_promised(session, of_case(session, case.id or 0))


def resolve_clocks(session: Session, case_ids: Collection[int]) -> dict[int, Promised | None]:
    """Return the newest promise of the result of many cases, in one query."""
    return {case_id: newest_promised(session, rows) for case_id, rows in of_cases(session, case_ids).items()}


def newest_promised(session: Session, rows: Iterable[ClockRow]) -> Promised | None:
    """Return the newest promise of the result among the clocks of a case, as `resolve_clock` does."""
    of_result = [row for row in rows if row.metric is Metric.RESOLVE]
    if not of_result:
        return None
    try:
        its_book = book(session, of_result[-1].book_hash)
        return Promised(as_clock(of_result[-1], its_book), policy_of(of_result[-1], its_book))
    except UNCOUNTABLE:  # The log and the watch name it already; nothing can be asked of it meanwhile.
        return None


def regrade(
    session: Session, case: Case, grade: Grade, known: Directory, what: Happening
) -> tuple[list[Change], dict[str, str | None]]:
    """Give a locked case another grade: the policy is chosen again, and every promise counts from receipt.

    Chosen from the promise pack the case was received under. Errors: InvalidFieldsError when it has that grade.
    """
    if case.grade is grade:
        raise InvalidFieldsError({"grade": "The case has this grade already."})
    notes = {"old_grade": str(case.grade), "old_policy": case.policy}
    case.grade = grade
    changes = _promised_anew(session, case, known, what)
    return changes, notes | {"policy": case.policy}


def recategorise(
    session: Session, case: Case, topic: Topic, known: Directory, what: Happening
) -> tuple[list[Change], dict[str, str | None]]:
    """Give a locked case another topic: its grade and policy are what they would have been under it from receipt on.

    Chosen from the promise pack the case was received under. Errors: InvalidFieldsError when it has that topic.
    """
    if case.category_id == topic.id:
        raise InvalidFieldsError({"category": "The case has this topic already."})
    old = known.topics_by_id[case.category_id].code
    notes = {"old_category": old, "old_grade": str(case.grade), "old_policy": case.policy}
    groups = frozenset(case.focus_groups)
    answers, text = as_answers(case.answers), f"{case.title}\n{case.text}"
    raises, given = known.catalogue.raises(topic.code, answers), groups | answered(answers)
    raised = raise_grade(pinned_book(session, case), topic.grade, text, topic.code, given, raises)
    case.category_id, case.grade = topic.id, raised.grade
    changes = _promised_anew(session, case, known, what)
    return changes, notes | {"grade": str(case.grade), "policy": case.policy}


def relocate(
    session: Session, case: Case, place: Place, address: str, known: Directory, what: Happening
) -> tuple[list[Change], dict[str, Any]]:
    """Say where a locked case lies; its promises are those of that place, from receipt on. What it was found by goes.

    Errors: InvalidFieldsError when it lies there already.
    """
    if (case.area_id, case.address) == (place.id, address):
        raise InvalidFieldsError({"area_id": "The case lies there already."})
    notes = {"old_area": case.area_id, "old_policy": case.policy}
    case.area_id, case.address, case.lat, case.lon = place.id, address, None, None
    changes = _promised_anew(session, case, known, what)
    return changes, notes | {"policy": case.policy}


def pinned_book(session: Session, case: Case) -> PolicyBook:
    """Return the promise pack that a case was received under."""
    rows = [row for row in of_case(session, case.id or 0) if row.metric not in INSIDE]
    # What runs knows corrected years; what has ended keeps the ones it was judged by.
    newest = next((row for row in reversed(rows) if row.ended_at is None), rows[-1] if rows else None)
    return book(session, newest.book_hash) if newest else current_book(case.received_at)


def _promised_anew(session: Session, case: Case, known: Directory, what: Happening) -> list[Change]:
    """Choose the policy again for a case as it stands now, and count its promises from receipt."""
    from_book = pinned_book(session, case)
    choice = choose_policy(from_book, facts_of(case, known))
    return recount(session, case, choice.policy, from_book, what, past_of(session, case.id or 0))


def facts_of(case: Case, known: Directory) -> CaseFacts:
    """Return what a policy may ask about a case as it stands."""
    topic = known.topics_by_id[case.category_id]
    return CaseFacts(
        grade=case.grade,
        category=topic.code,
        group=known.catalogue.path(topic.code)[-1],
        area_codes=tuple(place.code for place in known.areas.up_from(case.area_id)),
        channel=case.channel,
        focus_groups=frozenset(case.focus_groups),
        received_at=case.received_at,
    )


def past_of(session: Session, case_id: int) -> list[tuple[datetime, str]]:
    """Return what happened to a case that may keep a promise, oldest first."""
    events = {str(step.action): step.event for step in MOVES if step.event}
    return [
        (entry["at"], events[entry["action"]])
        for entry in history(session, "case", case_id)
        if entry["action"] in events and counts_as_contact(entry["data"].get("result", ""))
    ]


def end_pause(session: Session, row: ClockRow, case: Case, now: datetime) -> tuple[list[Change], bool]:
    """Let a clock of a locked case run again whose pause is over; say what moved, and whether the case is back at work.

    The clock runs from the moment the pause was over, whenever that is noticed. The case is at work again when
    nothing of it stands still any more.
    """
    changes = wake(session, row, case)
    rows = of_case(session, case.id or 0)
    note_next(case, rows)
    is_back = case.status in STANDS_STILL and all(one.state is not ClockState.PAUSED for one in rows)
    if is_back:
        move(session, case, allowed(case, Action.RESUME, frozenset({Actor.SYSTEM})), now=now)
    return changes, is_back
