"""Faults that other engines had in what they reported: none of them may happen where ended promises are judged again.

The comparison of promises with history is the one place that counts ended promises by unit, grade and week. The number
in each name is that of `docs/sla-bugs.md`.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session

from service.cases.rules import Action
from service.cases.tables import Case
from service.feedback.actions import rate
from service.revisions.comparing import begin, scan
from sla_policies.amounts import budget
from sla_policies.documents import packaged_book
from sla_policies.policy import Metric
from tests.builders import does, received, resident_does
from tests.people import Town

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KEPT, BROKEN = (1, 0), (1, 1)


def judged(session: Session, within: str, now: datetime) -> tuple[int, int]:
    """How many ended promises of completion are judged again under another time for them, and how many more broken?"""
    kept = packaged_book()
    policies = []
    for policy in kept.policies:
        other = replace(policy.targets[Metric.RESOLVE], budget=budget(within), calendar="workdays")
        policies.append(replace(policy, targets={**policy.targets, Metric.RESOLVE: other}))
    state = begin(session, now)
    for _ in scan(session, replace(kept, policies=tuple(policies), hash="9" * 64), state):
        pass
    return state.effect.replayed, state.effect.more_breaches


def settled(session: Session, town: Town, at: datetime, later: timedelta) -> Case:
    case, _ = received(session, at)
    does(session, case, town.li_qiang, Action.ACCEPT, at + later / 4)
    does(session, case, town.li_qiang, Action.REPLY, at + later / 2, text="今天来")
    return does(session, case, town.li_qiang, Action.RESOLVE, at + later, text="修好了")


def happy(session: Session, case: Case, at: datetime) -> None:
    rate(session, case.id or 0, {"solved": "yes", "satisfaction": "satisfied"}, now=at)


def test_bug_033_what_is_solved_and_not_confirmed_yet_is_neither_waiting_nor_work(
    session: Session, town: Town, now: datetime
) -> None:
    happy(session, settled(session, town, now, 20 * HOUR), now + 6 * DAY)
    assert judged(session, "2d", now + 10 * DAY) == KEPT
    assert judged(session, "19h", now + 10 * DAY) == BROKEN


def test_bug_034_what_waited_for_the_resident_counts_in_history_as_little_as_in_the_deadline(
    session: Session, town: Town, now: datetime
) -> None:
    case, _ = received(session, now)
    does(session, case, town.li_qiang, Action.ACCEPT, now + HOUR)
    does(session, case, town.li_qiang, Action.ASK, now + 2 * HOUR, text="哪一层")
    resident_does(session, case, Action.ANSWER, now + 32 * HOUR, text="三层")
    happy(session, does(session, case, town.li_qiang, Action.RESOLVE, now + 40 * HOUR, text="好了"), now + 41 * HOUR)
    assert judged(session, "11h", now + 10 * DAY) == KEPT
    assert judged(session, "9h", now + 10 * DAY) == BROKEN


def test_bug_115_only_what_is_finished_is_measured(session: Session, town: Town, now: datetime) -> None:
    case = settled(session, town, now, 20 * HOUR)
    open_one, _ = received(session, now)
    does(session, open_one, town.li_qiang, Action.ACCEPT, now + HOUR)
    happy(session, case, now + DAY)
    assert judged(session, "19h", now + 10 * DAY) == BROKEN


@pytest.mark.parametrize("hours", [1, 2])
def test_bug_118_what_came_and_was_settled_outside_hours_is_counted(
    session: Session, town: Town, now: datetime, hours: int
) -> None:
    at_night = now + 12 * HOUR + hours * HOUR
    happy(session, settled(session, town, at_night, 2 * HOUR), at_night + DAY)
    assert judged(session, "4 working hours", now + 10 * DAY) == KEPT


def test_bug_119_history_knows_the_holidays_that_the_deadline_knows(session: Session, town: Town) -> None:
    before_the_feast = datetime(2026, 9, 30, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
    happy(session, settled(session, town, before_the_feast, 8 * DAY), before_the_feast + 9 * DAY)
    assert judged(session, "1 workday", before_the_feast + 20 * DAY) == KEPT
    assert judged(session, "7d", before_the_feast + 20 * DAY) == (0, 0)
