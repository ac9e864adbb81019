"""Faults that other engines had with clocks and pauses: none of them may happen here.

The number in each name is that of `docs/sla-bugs.md`, which says for every fault where it is tested, or why it cannot
occur.
"""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from service.cases.rules import ClockEffect
from service.clocks.rules import Happening, after, may_begin, recounted
from sla_policies.clock import Clock, ClockEvent, ClockState, EventKind
from sla_policies.documents import DocumentInvalidError, packaged_book, parse_policy
from sla_policies.policy import Budget, CaseFacts, Grade, Metric, SlaPolicy, Target, TimeKind, choose_policy
from sla_policies.policy_files import EVENTS
from sla_policies.work_calendar import WorkCalendar

ROOT = Path(__file__).parents[2]
SHANGHAI = ZoneInfo("Asia/Shanghai")
BOOK = packaged_book()
DESK = BOOK.calendars["workdays"]
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
K, S = EventKind, ClockState
TEXT = (ROOT / "sla_policies" / "policies" / "national.yaml").read_text(encoding="utf-8")
EVERY_EVENT = frozenset.union(*EVENTS.values()) | {"note_added", "reassigned", "step_taken", "auto_reply"}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


MONDAY = at("2026-11-23 10:00")


def running(
    metric: Metric = Metric.RESOLVE,
    within: Budget = Budget(240, TimeKind.WORKING),  # noqa: B008  # A frozen value.
    start: datetime = MONDAY,
    calendar: WorkCalendar = DESK,
) -> Clock:
    """A promise of four working hours from Monday 10:00 that waits for the resident, if it may wait."""
    pausable = metric in (Metric.RESOLVE, Metric.NEXT_REPLY)
    pauses_for = frozenset({"waiting_for_resident"} if pausable else set())
    target = Target(metric, within, "workdays", EVENTS[metric], pauses_for)
    return Clock(target, calendar, (ClockEvent(start, K.STARTED),))


def happens(event: str = "", effect: ClockEffect = ClockEffect.NONE, *, later: timedelta = HOUR) -> Happening:
    pauses_for = "waiting_for_resident" if effect is ClockEffect.PAUSE else ""
    return Happening(MONDAY + later, effect, event, "staff:1", pauses_for)


def waiting(later: timedelta = HOUR) -> Clock:
    return after(running(), happens("question_asked", ClockEffect.PAUSE, later=later))


def test_bug_001_the_next_reply_begins_only_after_contact_and_hides_nothing() -> None:
    assert not may_begin(Metric.NEXT_REPLY, [(Metric.CONTACT, S.RUNNING), (Metric.RESOLVE, S.RUNNING)])
    assert may_begin(Metric.NEXT_REPLY, [(Metric.CONTACT, S.SATISFIED), (Metric.RESOLVE, S.RUNNING)])


def test_bug_002_a_second_message_does_not_begin_a_second_clock() -> None:
    heard = (Metric.CONTACT, S.SATISFIED)
    for waiting in (S.RUNNING, S.PAUSED):
        assert not may_begin(Metric.NEXT_REPLY, [heard, (Metric.NEXT_REPLY, waiting)])
    assert may_begin(Metric.NEXT_REPLY, [heard, (Metric.NEXT_REPLY, S.SATISFIED)])


def test_bug_003_the_first_reply_settles_contact_and_not_only_the_second() -> None:
    settled = after(running(Metric.CONTACT), happens("public_reply"))
    assert (settled.state, settled.ended_at) == (S.SATISFIED, MONDAY + HOUR)


@pytest.mark.parametrize("metric", list(Metric))
def test_bug_004_exactly_what_the_policy_names_settles_a_promise(metric: Metric) -> None:
    settles = {e for e in EVERY_EVENT if after(running(metric), happens(e)).state is S.SATISFIED}
    assert settles == EVENTS[metric]


def test_bug_010_a_reply_never_settles_the_result() -> None:
    for policy in BOOK.policies:
        if Metric.RESOLVE in policy.targets:
            assert policy.targets[Metric.RESOLVE].satisfied_by == {"resolved"}, policy.name


def test_bug_011_a_policy_that_promises_nothing_is_chosen_on_purpose_and_is_no_error() -> None:
    nothing = replace(BOOK.policies[0], targets={}, match=replace(BOOK.policies[0].match, grades=frozenset({"C"})))
    choice = choose_policy(replace(BOOK, policies=(nothing, *BOOK.policies)), facts(Grade.C))
    assert choice.policy is None
    assert choice.considered[0].matched


def facts(grade: Grade) -> CaseFacts:
    return CaseFacts(grade, "M03", "M", ("110101",), "web", frozenset(), MONDAY)


def default() -> SlaPolicy:
    (only,) = [policy for policy in BOOK.policies if policy.is_default]
    return only


def test_bug_012_without_exactly_one_default_a_pack_is_refused_and_it_takes_what_no_other_takes() -> None:
    with pytest.raises(DocumentInvalidError, match="There is no default policy"):
        parse_policy(TEXT.replace("default: true", "default: false"), "none.yaml", BOOK.calendars)
    lonely = replace(BOOK, policies=tuple(p for p in BOOK.policies if p.is_default))
    assert all(choose_policy(lonely, facts(grade)).policy == default() for grade in Grade)


def test_bug_013_a_second_catch_all_is_refused() -> None:
    text = re.sub(r"    when: \{grades: \[[^]]*\]\}\n", "", TEXT, count=1)
    assert text != TEXT
    with pytest.raises(DocumentInvalidError, match="matches every case without being the default"):
        parse_policy(text, "two.yaml", BOOK.calendars)


def test_bug_017_what_has_passed_on_a_day_off_is_nothing_and_not_a_day() -> None:
    sunday = running(start=at("2026-11-29 09:00"))
    assert sunday.elapsed(at("2026-11-30 08:30")) == timedelta()
    assert sunday.elapsed(at("2026-11-30 09:00")) == 30 * MINUTE
    assert sunday.breached_at(sunday.due_at or MONDAY) is None


def test_bug_023_what_staff_do_moves_no_deadline() -> None:
    for event in ("note_added", "reassigned", "public_reply", "contact_logged"):
        assert after(running(), happens(event)) == running(), event


def test_bug_024_a_pause_costs_working_time_and_never_moves_the_start_into_the_night() -> None:
    paused = after(waiting(7 * HOUR), happens("answered", ClockEffect.RESUME, later=23 * HOUR))
    assert paused.started_at == MONDAY
    assert paused.paused(at("2026-11-25 09:00")) == 60 * MINUTE  # 17:00-17:30 and 08:30-09:00
    assert paused.due_at == at("2026-11-23 15:30")  # the pause began after the due time of the four hours


def test_bug_025_a_pause_is_counted_once_however_often_the_clock_is_written_and_read() -> None:
    paused = after(waiting(), happens("answered", ClockEffect.RESUME, later=2 * HOUR))
    once = paused.due_at
    for _ in range(3):
        paused = replace(paused, events=tuple(ClockEvent.from_json(event.to_json()) for event in paused.events))
    assert paused.due_at == once == at("2026-11-23 16:30")


def test_bug_026_while_it_is_said_to_stand_still_it_stands_still() -> None:
    later = MONDAY + timedelta(days=30)
    assert waiting().state is S.PAUSED
    assert waiting().due_at is None
    assert waiting().remaining(later) == waiting().remaining(MONDAY + HOUR) == 3 * HOUR


def test_bug_027_what_was_broken_before_the_pause_stays_broken() -> None:
    late = waiting(timedelta(hours=6))
    assert late.state is S.PAUSED
    assert late.breached_at(MONDAY + timedelta(days=3)) == at("2026-11-23 15:30")


@pytest.mark.parametrize(
    ("event", "effect", "state"),
    [
        ("answered", ClockEffect.RESUME, S.RUNNING),
        ("contact_logged", ClockEffect.RESUME, S.RUNNING),
        ("resolved", ClockEffect.NONE, S.SATISFIED),
        ("withdrawn", ClockEffect.CANCEL, S.CANCELLED),
        ("joined", ClockEffect.CANCEL, S.CANCELLED),
    ],
)
def test_bug_028_whatever_ends_the_waiting_ends_the_pause(event: str, effect: ClockEffect, state: ClockState) -> None:
    assert after(waiting(), happens(event, effect, later=2 * HOUR)).state is state


def test_bug_030_another_policy_keeps_the_pause_that_was() -> None:
    paused = after(waiting(), happens("answered", ClockEffect.RESUME, later=2 * HOUR))
    other = replace(paused.target, budget=Budget(300, TimeKind.WORKING))
    moved = recounted(paused, other, DESK)
    assert moved.paused(MONDAY + 3 * HOUR) == paused.paused(MONDAY + 3 * HOUR) == 60 * MINUTE
    assert moved.due_at == at("2026-11-23 17:30")


def test_bug_031_waiting_over_a_weekend_adds_no_weekend_to_workdays() -> None:
    friday = running(within=Budget(2, TimeKind.WORKDAYS), start=at("2026-11-27 10:00"))
    asked = friday.with_event(ClockEvent(at("2026-11-27 18:00"), K.PAUSED, "waiting_for_resident"))
    answered = asked.with_event(ClockEvent(at("2026-11-30 08:00"), K.RESUMED))
    assert answered.due_at == friday.due_at == at("2026-12-01 17:30")


def test_bug_032_what_stands_still_is_not_due() -> None:
    assert waiting().due_at is None
    assert waiting().breached_at(MONDAY + timedelta(days=90)) is None


def test_bug_034_what_is_reported_is_what_the_deadline_counts() -> None:
    paused = after(waiting(), happens("answered", ClockEffect.RESUME, later=2 * HOUR))
    due = paused.due_at
    assert due is not None
    assert paused.elapsed(due) == paused.allowance
    assert paused.remaining(due) == timedelta()


def test_bug_038_pauses_follow_from_reasons_and_all_of_the_past_counts() -> None:
    twice = running()
    for begin in (1, 2, 3):
        later = timedelta(minutes=20 * begin)
        twice = after(twice, happens("question_asked", ClockEffect.PAUSE, later=later))
        twice = after(twice, happens("answered", ClockEffect.RESUME, later=later + 10 * MINUTE))
    assert twice.paused(MONDAY + 2 * HOUR) == 30 * MINUTE
    assert twice.due_at == at("2026-11-23 16:00")


def test_bug_078_no_promise_is_kept_by_a_machine() -> None:
    by_people = {"accepted", "resolved", "public_reply", "contact_logged", "question_asked"}
    named = {event for policy in BOOK.policies for target in policy.targets.values() for event in target.satisfied_by}
    assert named <= by_people
    assert after(running(Metric.CONTACT), happens("step_taken")) == running(Metric.CONTACT)


def test_bug_115_what_is_measured_lies_between_two_events_and_an_open_exchange_has_no_result() -> None:
    answered = after(running(Metric.NEXT_REPLY), happens("public_reply"))
    assert answered.elapsed(MONDAY + 9 * HOUR) == answered.elapsed(MONDAY + timedelta(days=9)) == HOUR
    assert (answered.started_at, answered.ended_at) == (MONDAY, MONDAY + HOUR)
    assert running(Metric.NEXT_REPLY).ended_at is None


def test_bug_117_a_breach_is_dated_by_the_due_time_whenever_it_is_seen() -> None:
    due = at("2026-11-23 15:30")
    seen = {running().breached_at(due + late) for late in (MINUTE, timedelta(days=1), timedelta(days=400))}
    assert seen == {due}


def test_bug_118_nothing_passed_is_a_value() -> None:
    at_night = running(start=at("2026-11-23 19:00"))
    settled = at_night.with_event(ClockEvent(at("2026-11-24 06:00"), K.SATISFIED))
    assert settled.elapsed(at("2026-11-30 10:00")) == timedelta()
    assert settled.breached_at(at("2026-11-30 10:00")) is None


def test_bug_120_another_policy_counts_from_receipt() -> None:
    stricter = replace(running().target, budget=Budget(60, TimeKind.WORKING))
    assert recounted(running(), stricter, DESK).due_at == MONDAY + HOUR


def test_bug_121_a_breach_outlives_the_end_of_its_clock() -> None:
    for event, effect in (("resolved", ClockEffect.NONE), ("withdrawn", ClockEffect.CANCEL)):
        ended = after(running(), happens(event, effect, later=timedelta(days=1)))
        assert ended.breached_at(MONDAY + timedelta(days=400)) == at("2026-11-23 15:30"), event


def test_bug_122_a_due_time_that_moved_into_the_future_is_not_overdue() -> None:
    later = replace(running().target, budget=Budget(5, TimeKind.WORKDAYS))
    assert recounted(running(), later, DESK).breached_at(at("2026-11-24 10:00")) is None


def test_bug_128_the_edges_of_a_pause_are_exact_to_the_second() -> None:
    paused = after(waiting(timedelta(seconds=61)), happens("answered", ClockEffect.RESUME, later=timedelta(seconds=75)))
    assert paused.due_at == at("2026-11-23 15:30:14")


@pytest.mark.parametrize("metric", [Metric.CONTACT, Metric.RESOLVE])
def test_bug_129_every_promise_counts_with_the_same_time(metric: Metric) -> None:
    clock = running(metric)
    assert clock.due_at == at("2026-11-23 15:30")
    assert clock.elapsed(at("2026-11-23 14:00")) == 150 * MINUTE


def test_bug_131_pauses_of_one_minute_on_one_day_do_not_overwrite_each_other() -> None:
    clock = running()
    for start in (0, 20, 40):
        pause = timedelta(hours=1, seconds=start)
        clock = after(clock, happens("question_asked", ClockEffect.PAUSE, later=pause))
        clock = after(clock, happens("answered", ClockEffect.RESUME, later=pause + timedelta(seconds=10)))
    assert clock.paused(MONDAY + 2 * HOUR) == timedelta(seconds=30)


def test_bug_132_a_pause_that_has_not_ended_counts_until_now() -> None:
    assert waiting().paused(MONDAY + 90 * MINUTE) == 30 * MINUTE
    assert waiting().elapsed(MONDAY + 90 * MINUTE) == HOUR


def test_bug_140_late_between_two_looks_is_late_and_in_time_but_seen_late_is_in_time() -> None:
    due = at("2026-11-23 15:30")
    for settled, missed in ((due, None), (due + MINUTE, due)):
        clock = running().with_event(ClockEvent(settled, K.SATISFIED))
        assert clock.breached_at(due + timedelta(days=9)) == missed


def test_every_fault_is_answered_by_a_test_that_is_there_or_by_a_reason() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", (ROOT / "docs" / "sla-bugs.md").read_text(encoding="utf-8"), re.M)
    assert [int(number) for number, _ in rows] == list(range(1, 144))
    sources: dict[str, str] = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        sources[path.stem] = sources.get(path.stem, "") + path.read_text(encoding="utf-8")
    for number, answer in rows:
        for module, name in re.findall(r"`(test_\w+)::(test_\w+)`", answer):
            assert f"def {name}(" in sources[module], (number, module, name)
        own = [name for text in sources.values() for name in re.findall(rf"def (test_bug_{int(number):03}_\w+)", text)]
        assert all(f"::{name}`" in answer for name in own), (number, own)
        assert "`test_" in answer or len(answer) > 20, number
