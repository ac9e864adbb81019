from datetime import date
from pathlib import Path

import pytest

from service.accounts.rules import Role
from service.cases.ahead import course_from
from service.cases.diagram import page
from service.cases.numbers import case_number, check_digit, is_case_number
from service.cases.rules import ENDED, MOVES, OPEN, Action, Actor, CaseStatus, Move, move_for, moves_from
from service.cases.standing import Standing, actors_of, may_see

DOCS = Path(__file__).parents[2] / "docs"


def test_the_documented_lifecycle_is_the_one_in_the_code() -> None:
    written = (DOCS / "lifecycle.md").read_text(encoding="utf-8")
    assert written == page(), "run: python -m service.cases.diagram > docs/lifecycle.md"


def test_every_status_is_open_or_ended_and_not_both() -> None:
    assert set(CaseStatus) == OPEN | ENDED
    assert not OPEN & ENDED


def test_every_open_status_has_a_way_out_for_staff() -> None:
    staff = frozenset({Actor.ASSIGNEE, Actor.SUPERVISOR})
    for status in OPEN:
        assert any(m.to not in (None, status) for m in moves_from(status, staff)), status


def test_every_status_can_be_reached() -> None:
    reached = {CaseStatus.RECEIVED, CaseStatus.ASSIGNED}
    for _ in CaseStatus:
        reached |= {m.to for m in MOVES if m.to is not None and m.from_ & reached}
    assert reached == set(CaseStatus)


def test_no_two_rows_answer_the_same_question() -> None:
    for status in CaseStatus:
        for action in Action:
            for actor in Actor:
                rows = [m for m in MOVES if m.action is action and status in m.from_ and actor in m.who]
                assert len(rows) <= 1, (status, action, actor)


@pytest.mark.parametrize(
    ("status", "action", "actor", "allowed"),
    [
        (CaseStatus.ASSIGNED, Action.ACCEPT, Actor.ASSIGNEE, True),
        (CaseStatus.ASSIGNED, Action.ACCEPT, Actor.COLLEAGUE, True),
        (CaseStatus.ASSIGNED, Action.ACCEPT, Actor.DISTRICT, False),
        (CaseStatus.ASSIGNED, Action.RESOLVE, Actor.ASSIGNEE, False),
        (CaseStatus.RESOLVED, Action.ACCEPT, Actor.ASSIGNEE, False),
        (CaseStatus.RESOLVED, Action.RATE, Actor.RESIDENT, True),
        (CaseStatus.IN_PROGRESS, Action.EXTEND, Actor.ASSIGNEE, False),
        (CaseStatus.IN_PROGRESS, Action.EXTEND, Actor.SUPERVISOR, True),
        (CaseStatus.WITHDRAWN, Action.WITHDRAW, Actor.RESIDENT, False),
        (CaseStatus.CLOSED, Action.REOPEN, Actor.SUPERVISOR, True),
    ],
)
def test_the_lifecycle_lets_each_do_what_is_theirs(
    status: CaseStatus, action: Action, actor: Actor, allowed: bool
) -> None:
    assert (move_for(status, action, {actor}) is not None) is allowed


@pytest.mark.parametrize(
    ("role", "covers", "holds", "sees"),
    [
        (Role.WORKER, True, False, True),
        (Role.WORKER, False, False, False),
        (Role.WORKER, False, True, True),
        (Role.SUPERVISOR, False, False, False),
        (Role.SUPERVISOR, True, False, True),
        (Role.ADMIN, True, False, False),
    ],
)
def test_who_may_know_of_a_case(role: Role, covers: bool, holds: bool, sees: bool) -> None:
    assert may_see(Standing(role, covers_case=covers, is_assignee=holds)) is sees


def test_an_assignee_acts_as_assignee_and_as_what_the_role_says() -> None:
    acting = actors_of(Standing(Role.HEAD, covers_case=True, is_assignee=True))
    assert acting == {Actor.ASSIGNEE, Actor.HEAD}


def test_a_number_carries_its_day_its_serial_and_a_check_digit() -> None:
    number = case_number(date(2026, 11, 23), 42)
    assert number.startswith("20261123-00042-")
    assert is_case_number(number)


@pytest.mark.parametrize(
    "text", ["", "20261123-00042", "20261123-00042-x", "abc", "2026112-00042-7", "٢٠٢٦١١٢٣-00042-1"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    assert not is_case_number(text)


def test_the_check_digit_finds_every_single_wrong_digit() -> None:
    digits = "2026112300042"
    right = check_digit(digits)
    for place, digit in enumerate(digits):
        for other in "0123456789":
            if other != digit:
                assert check_digit(digits[:place] + other + digits[place + 1 :]) != right


def actions(moves: tuple[Move, ...]) -> set[Action]:
    return {move.action for move in moves}


def test_whoever_signs_for_a_case_may_go_on_with_it_as_its_holder() -> None:
    course = course_from(CaseStatus.ASSIGNED, {Actor.COLLEAGUE})
    assert actions(course[CaseStatus.ASSIGNED]) == {Action.ACCEPT, Action.NOTE}
    assert course[CaseStatus.ACCEPTED] == moves_from(CaseStatus.ACCEPTED, {Actor.COLLEAGUE, Actor.ASSIGNEE})
    assert {Action.REPLY, Action.CONTACT, Action.RESOLVE} <= actions(course[CaseStatus.ACCEPTED])
    assert actions(course[CaseStatus.RESOLVED]) == {Action.NOTE}, "what is done is done"
    of_the_pool = course_from(CaseStatus.RECEIVED, {Actor.MEMBER})
    assert Action.REPLY in actions(of_the_pool[CaseStatus.ACCEPTED])


def test_what_lies_ahead_is_what_the_table_says_and_nothing_that_somebody_else_must_do_first() -> None:
    for status in CaseStatus:
        for actor in Actor:
            course = course_from(status, {actor})
            assert course[status] == moves_from(status, {actor})
            followed = [
                (at, move) for at, moves in course.items() for move in moves if move.action is not Action.SEPARATE
            ]
            to = {move.to or at for at, move in followed}
            assert set(course) == {status} | to
    held = course_from(CaseStatus.ACCEPTED, {Actor.ASSIGNEE})
    assert CaseStatus.PARKED not in held, "a supervisor parks"
    assert CaseStatus.CLOSED not in held
    assert actions(course_from(CaseStatus.RECEIVED, {Actor.COLLEAGUE})[CaseStatus.RECEIVED]) == {Action.NOTE}
    joined = course_from(CaseStatus.DUPLICATE, {Actor.HEAD})
    assert set(joined) == {CaseStatus.DUPLICATE}, "where it stands once it is taken apart, the table does not say"
    assert course_from(CaseStatus.CLOSED, set()) == {CaseStatus.CLOSED: ()}
