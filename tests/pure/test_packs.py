"""When is what due under each packaged promise pack, across a holiday with make-up days?"""

from datetime import datetime, timedelta

import pytest

from sla_policies.clock import Clock, ClockEvent, EventKind
from sla_policies.documents import FOLDER
from sla_policies.escalation import step_time
from sla_policies.policy import Budget, Metric, PolicyBook, SlaPolicy, TimeKind
from sla_policies.versions import read_versions

PACKS: dict[str, PolicyBook] = {
    name: read_versions(FOLDER, name)[-1] for name in ("beijing", "national", "shandong", "shanghai")
}
AFTERNOON = "2026-09-24T16:00"
"""A Thursday: 25 to 27 September are off, 1 to 7 October too; Saturday 10 October is worked."""
NEW_YEAR = "2026-12-28T09:00"
"""A Monday, four days before a year whose days off are not published."""


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


def clock_of(policy: SlaPolicy, metric: Metric, start: str, book: PolicyBook) -> Clock:
    target = policy.targets[metric]
    return Clock(target, book.calendars[target.calendar], (ClockEvent(at(start), EventKind.STARTED),))


DUE = [
    # pack, grade, promise, received, due
    ("beijing", "G1", Metric.RESOLVE, AFTERNOON, "2026-09-24T18:00"),
    ("beijing", "G2", Metric.RESOLVE, AFTERNOON, "2026-09-25T16:00"),
    ("beijing", "G3", Metric.RESOLVE, AFTERNOON, "2026-10-01T16:00"),
    ("beijing", "G4", Metric.RESOLVE, AFTERNOON, "2026-10-09T16:00"),
    ("beijing", "C", Metric.RESOLVE, AFTERNOON, "2026-09-28T17:30"),
    ("beijing", "G3", Metric.ACCEPT, AFTERNOON, "2026-09-24T18:00"),
    # 28, 29, 30 September, 8 and 9 October
    ("shandong", "G3", Metric.RESOLVE, AFTERNOON, "2026-10-09T17:30"),
    ("shandong", "G4", Metric.RESOLVE, AFTERNOON, "2026-10-09T17:30"),
    # from Tuesday the 29th: 30 September, 8, 9, 10 (Saturday, made up) and 12 October
    ("shandong", "G3", Metric.RESOLVE, "2026-09-29T10:00", "2026-10-12T17:30"),
    ("shandong", "G3", Metric.RESOLVE, "2026-10-03T10:00", "2026-10-13T17:30"),
    ("shandong", "G3", Metric.HANDOVER, "2026-09-30T10:00", "2026-10-09T17:30"),
    ("shandong", "G1", Metric.RESOLVE, AFTERNOON, "2026-09-25T16:00"),
    # 28, 29, 30 September, 8 to 10, 12 to 16, 19 to 22 October
    ("shanghai", "G3", Metric.RESOLVE, AFTERNOON, "2026-10-22T17:30"),
    ("shanghai", "G4", Metric.RESOLVE, AFTERNOON, "2026-10-22T17:30"),
    # the Spring Festival of 2026: 15 to 23 February off, 14 and 28 February made up
    ("shanghai", "G3", Metric.RESOLVE, "2026-02-12T10:00", "2026-03-11T17:30"),
    ("national", "G3", Metric.RESOLVE, AFTERNOON, "2026-10-01T16:00"),
    ("national", "C", Metric.RESOLVE, "2026-09-30T16:00", "2026-10-08T17:30"),
]


@pytest.mark.parametrize(("pack", "grade", "metric", "received", "due"), DUE)
def test_the_due_time_of_a_pack_across_a_holiday(
    pack: str, grade: str, metric: Metric, received: str, due: str
) -> None:
    policy = PACKS[pack].by_name[f"{pack}-{grade}"]
    assert clock_of(policy, metric, received, PACKS[pack]).due_at == at(due)


STEPS = [
    ("beijing", "resolve-yellow", "2026-09-30T16:00"),
    ("shandong", "resolve-yellow", "2026-10-08T17:30"),
    ("shandong", "resolve-red", "2026-10-10T08:31"),  # the first working day overdue is a Saturday, made up
    ("shandong", "resolve-4h", "2026-10-10T14:00"),
    ("shanghai", "resolve-yellow", "2026-10-21T17:30"),
    ("shanghai", "resolve-red", "2026-10-22T17:30"),
]


@pytest.mark.parametrize(("pack", "key", "moment"), STEPS)
def test_when_a_card_is_shown(pack: str, key: str, moment: str) -> None:
    policy = PACKS[pack].by_name[f"{pack}-G3"]
    step = next(step for step in policy.ladder if step.key == key)
    assert step_time(step, clock_of(policy, Metric.RESOLVE, AFTERNOON, PACKS[pack])) == at(moment)


@pytest.mark.parametrize("pack", PACKS)
def test_a_due_time_in_a_year_that_is_not_published_is_provisional(pack: str) -> None:
    policy = PACKS[pack].by_name[f"{pack}-C"]
    assert clock_of(policy, Metric.RESOLVE, NEW_YEAR, PACKS[pack]).is_provisional
    assert not clock_of(policy, Metric.RESOLVE, AFTERNOON, PACKS[pack]).is_provisional


@pytest.mark.parametrize(("pack", "grade"), [("shandong", "G3"), ("shandong", "G4"), ("shanghai", "G3")])
def test_workdays_that_end_in_the_next_year_are_provisional_and_day_and_night_is_not(pack: str, grade: str) -> None:
    policy = PACKS[pack].by_name[f"{pack}-{grade}"]
    assert clock_of(policy, Metric.RESOLVE, NEW_YEAR, PACKS[pack]).is_provisional
    assert not clock_of(policy, Metric.CONTACT, NEW_YEAR, PACKS[pack]).is_provisional


NUMBERS = [
    # what the source says, with the mark it has there; the weaker one where it has two
    ("beijing", "G1", Budget(2 * 60, TimeKind.ELAPSED), "C"),
    ("beijing", "G2", Budget(24 * 60, TimeKind.ELAPSED), "C"),
    ("beijing", "G3", Budget(7 * 1440, TimeKind.ELAPSED), "C"),
    ("beijing", "G4", Budget(15 * 1440, TimeKind.ELAPSED), "C"),
    ("shandong", "G3", Budget(5, TimeKind.WORKDAYS), "B"),
    ("shandong", "G4", Budget(5, TimeKind.WORKDAYS), "B"),
    ("shanghai", "G3", Budget(15, TimeKind.WORKDAYS), "C"),
    ("shanghai", "G4", Budget(15, TimeKind.WORKDAYS), "C"),
]


@pytest.mark.parametrize(("pack", "grade", "budget", "mark"), NUMBERS)
def test_a_number_that_has_a_source_carries_its_mark(pack: str, grade: str, budget: Budget, mark: str) -> None:
    target = PACKS[pack].by_name[f"{pack}-{grade}"].targets[Metric.RESOLVE]
    assert (target.budget, target.mark) == (budget, mark)


def test_all_that_has_no_source_is_marked_as_our_own() -> None:
    sourced = {(pack, grade) for pack, grade, _, _ in NUMBERS}
    for pack in ("beijing", "shandong", "shanghai"):
        for policy in PACKS[pack].policies:
            for metric, target in policy.targets.items():
                if metric is not Metric.RESOLVE or (pack, policy.grade) not in sourced:
                    assert target.mark == "own", (policy.name, metric)


def test_hard_cases_of_shandong_may_take_ten_working_days_more() -> None:
    policy = PACKS["shandong"].by_name["shandong-G4"]
    assert (policy.extensions, policy.extension_at_most) == (1, Budget(10, TimeKind.WORKDAYS))
    more = ClockEvent(at("2026-10-09T10:00"), EventKind.EXTENDED, extra=policy.extension_at_most)
    assert clock_of(policy, Metric.RESOLVE, AFTERNOON, PACKS["shandong"]).with_event(more).due_at == at(
        "2026-10-22T17:30"
    )
    assert PACKS["shandong"].by_name["shandong-G3"].extensions == 0


@pytest.mark.parametrize("pack", PACKS)
def test_no_step_of_a_pack_comes_before_the_case_or_a_year_after_it(pack: str) -> None:
    for policy in PACKS[pack].policies:
        for step in policy.ladder:
            clock = clock_of(policy, step.metric, AFTERNOON, PACKS[pack])
            moment = step_time(step, clock)
            assert moment is not None
            assert at(AFTERNOON) < moment < at(AFTERNOON) + timedelta(days=365), (policy.name, step.key)
