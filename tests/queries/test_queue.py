"""The queue comes in the order in which cases run out, page by page, from an index; its numbers count all of it."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from service.cases.rules import Action
from service.cases.tables import Case
from service.escalations.lists import cases_listed, unanswered_listed
from service.escalations.rules import Which
from service.handling.queues import Ask, Tab, queue
from tests.builders import as_in_a_city, counted, does, explained, received
from tests.people import Town

HOUR = timedelta(hours=1)


@pytest.fixture
def at(now: datetime) -> datetime:
    return now + 2 * HOUR


def test_pages_show_every_case_once_those_that_stand_still_last(session: Session, town: Town, at: datetime) -> None:
    made = [received(session, at + n // 2 * HOUR)[0] for n in range(9)]
    made[2].due_at = made[7].due_at = None
    session.flush()
    seen: list[Case] = []
    cursor: str | None = None
    while cursor is not None or not seen:
        found = queue(session, town.chen_jing, Ask(mine=False, cursor=cursor, most=2), at)
        assert found.counts[Tab.ALL] == 9
        seen += found.cases
        cursor = found.next_cursor
    far = datetime.max.replace(tzinfo=at.tzinfo)
    assert [(c.due_at or far, c.id) for c in seen] == sorted((c.due_at or far, c.id) for c in made)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("路灯", 1),
        ("LAMP", 1),
        ("lamp", 1),
        ("湖滨路12号", 1),
        ("100%", 1),
        ("%", 1),
        ("_", 0),
        ("\\", 0),
        ("没有这个", 0),
    ],
)
def test_words_are_found_whatever_their_capitals(
    session: Session, town: Town, at: datetime, words: str, found: int
) -> None:
    received(session, at, text="路灯坏了 Street Lamp 100% dark", address="湖滨路12号")
    received(session, at, text="垃圾没有人清运")
    assert queue(session, town.chen_jing, Ask(mine=False, search=words), at).counts[Tab.ALL] == found


def test_a_whole_number_finds_its_case(session: Session, town: Town, at: datetime) -> None:
    case, _ = received(session, at)
    received(session, at)
    found = queue(session, town.chen_jing, Ask(mine=False, search=f" {case.number} "), at)
    assert [c.id for c in found.cases] == [case.id]


def test_a_queue_asks_twice_however_long_it_is(session: Session, town: Town, at: datetime) -> None:
    def asked() -> int:
        with counted(session) as sent:
            queue(session, town.chen_jing, Ask(mine=False), at)
        return len(sent)

    received(session, at)
    for_one = asked()
    for _ in range(15):
        received(session, at)
    assert asked() == for_one == 2


def test_lists_come_in_the_order_of_their_index(session: Session, town: Town, at: datetime) -> None:
    """Nothing is sorted: PostgreSQL finds the index by its expression, which query and index must say alike."""
    case, _ = received(session, at)
    does(session, case, next(p for p in (town.li_qiang, town.sun_li) if p.id == case.assignee_id), Action.ACCEPT, at)
    session.execute(sa.text("SET LOCAL enable_seqscan = off"))
    session.execute(sa.text("SET LOCAL enable_sort = off"))
    session.execute(sa.text("SET LOCAL enable_bitmapscan = off"))
    as_in_a_city(session, "cases", "escalations")
    for look, index in (
        (lambda: queue(session, town.li_qiang, Ask(), at), "ix_cases_queue"),
        (lambda: queue(session, town.chen_jing, Ask(mine=False), at), "ix_cases_open_due"),
        (lambda: cases_listed(session, town.chen_jing, Which.OPEN, at), "ix_cases_open_due"),
        (lambda: cases_listed(session, town.chen_jing, Which.UNASSIGNED, at), "ix_cases_unassigned"),
        (lambda: unanswered_listed(session, town.chen_jing), "ix_escalations_waits"),
    ):
        with explained(session) as plans:
            look()
        assert any(index in plan and "Sort" not in plan for plan in plans), (index, plans)
