"""A card lies on a case from the moment it is given until its promise is kept, cancelled or extended."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from service.cases.rules import Action
from service.cases.tables import Case
from service.clocks.queries import of_case
from service.escalations.actions import sweep
from service.escalations.cards import cards_of
from tests.builders import counted, does, received
from tests.people import Town

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def case(session: Session, town: Town, now: datetime) -> Case:
    """A case at work whose resident has heard from somebody: what may run out is the time for completion."""
    opened, _ = received(session, now)
    does(session, opened, town.li_qiang, Action.ACCEPT, now + HOUR)
    return does(session, opened, town.li_qiang, Action.REPLY, now + HOUR, text="在联系")


def resolve_due(session: Session, case: Case) -> datetime:
    due = next(row.due_at for row in of_case(session, case.id or 0) if row.metric == "resolve")
    assert due is not None
    return due


def card(session: Session, case: Case) -> str | None:
    return cards_of(session, [case.id or 0]).get(case.id or 0)


def test_first_a_yellow_card_and_then_a_red_one(session: Session, town: Town, case: Case) -> None:
    due = resolve_due(session, case)
    assert card(session, case) is None
    sweep(session, due - HOUR)
    assert card(session, case) == "yellow_card"
    sweep(session, due + HOUR)
    assert card(session, case) == "red_card"


def test_more_time_takes_a_card_away_until_it_runs_out_too(session: Session, town: Town, case: Case) -> None:
    due = resolve_due(session, case)
    sweep(session, due - HOUR)
    does(session, case, town.chen_jing, Action.EXTEND, due - HOUR, days="3", reason="等配件")
    sweep(session, due - HOUR)
    assert card(session, case) is None
    sweep(session, resolve_due(session, case) + HOUR)
    assert card(session, case) == "red_card"


def test_what_is_settled_has_no_card(session: Session, town: Town, case: Case) -> None:
    due = resolve_due(session, case)
    sweep(session, due + HOUR)
    does(session, case, town.li_qiang, Action.RESOLVE, due + 2 * HOUR, text="已修好")
    assert card(session, case) is None


def test_a_step_that_was_not_needed_gave_no_card(session: Session, town: Town, now: datetime) -> None:
    """The contact ladder spares a worker who has answered; nothing else of this case is late."""
    opened, _ = received(session, now)
    sweep(session, now + 2 * HOUR)
    assert card(session, opened) is None


def test_the_cards_of_a_list_are_found_at_once(session: Session, town: Town, case: Case) -> None:
    second, _ = received(session, case.received_at)
    sweep(session, resolve_due(session, case) + 30 * DAY)
    with counted(session) as sent:
        found = cards_of(session, [case.id or 0, second.id or 0])
    assert (len(sent), set(found)) == (1, {case.id, second.id})
    with counted(session) as sent:
        assert cards_of(session, []) == {}
    assert sent == []
