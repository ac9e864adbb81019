"""Who hears when: at the right moment, in order, once, and never before the start or after the end?"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from service.accounts.rules import Role
from service.escalations.rules import may_answer
from sla_policies.amounts import offset
from sla_policies.clock import Clock, ClockEvent, EventKind
from sla_policies.documents import packaged_book
from sla_policies.escalation import Offset, Step, earlier, next_action_at, step_time, steps_due
from sla_policies.hours import window
from sla_policies.policy import Budget, Grade, Metric, Target, TimeKind
from sla_policies.work_calendar import WorkCalendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
BOOK = packaged_book()
DESK = BOOK.calendars["workdays"]
EIGHT_TO_SIX = WorkCalendar("office", SHANGHAI, ((window("08:00", "18:00"),),) * 5 + ((), ()))
K = EventKind
NOTHING: frozenset[str] = frozenset()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def step(where: str, metric: Metric = Metric.RESOLVE, key: str = "") -> Step:
    return Step(key or where, metric, offset(where), ("handler",), "remind")


def clock(budget: Budget, start: str, *events: ClockEvent, calendar: WorkCalendar = DESK) -> Clock:
    target = Target(Metric.RESOLVE, budget, pauses_for=frozenset({"waiting_for_resident"}))
    return Clock(target, calendar, (ClockEvent(at(start), K.STARTED), *events))


def paused(moment: str) -> ClockEvent:
    return ClockEvent(at(moment), K.PAUSED, "waiting_for_resident", "staff:1")


def resumed(moment: str) -> ClockEvent:
    return ClockEvent(at(moment), K.RESUMED)


DAY_AND_NIGHT, HOURS, DAYS = TimeKind.ELAPSED, TimeKind.WORKING, TimeKind.WORKDAYS
A_WEEK = Budget(7 * 1440, DAY_AND_NIGHT)
FOUR_HOURS = Budget(240, HOURS)
FIVE_DAYS = Budget(5, DAYS)

MOMENTS = [
    # a week from Monday 16:30, day and night, in the calendar of the desk
    (A_WEEK, "2026-11-23 16:30", "50 %", "2026-11-27 04:30"),  # half: Friday, early
    (A_WEEK, "2026-11-23 16:30", "before 2h", "2026-11-30 14:30"),
    (A_WEEK, "2026-11-23 16:30", "before 1 workday", "2026-11-27 16:30"),  # Friday, not Sunday
    (A_WEEK, "2026-11-23 16:30", "due", "2026-11-30 16:30"),
    (A_WEEK, "2026-11-23 16:30", "after 4h", "2026-11-30 20:30"),
    (A_WEEK, "2026-11-23 16:30", "after 1d", "2026-12-01 16:30"),
    (A_WEEK, "2026-11-23 16:30", "after 1 workday", "2026-12-01 16:30"),
    (A_WEEK, "2026-11-23 16:30", "200 %", "2026-12-07 16:30"),
    (A_WEEK, "2026-11-22 10:00", "before 1 workday", "2026-11-27 10:00"),  # due on a Sunday -> Friday
    # four working hours from Monday 16:30: due on Tuesday 11:30
    (FOUR_HOURS, "2026-11-23 16:30", "50 %", "2026-11-24 09:30"),
    (FOUR_HOURS, "2026-11-23 16:30", "25 %", "2026-11-23 17:30"),  # exactly at closing stays there
    (FOUR_HOURS, "2026-11-23 16:30", "before 2h", "2026-11-24 09:30"),
    (FOUR_HOURS, "2026-11-23 16:30", "before 200h", "2026-11-23 16:30"),  # never before the start
    (FOUR_HOURS, "2026-11-23 16:30", "before 1 workday", "2026-11-23 16:30"),
    (FOUR_HOURS, "2026-11-23 16:30", "after 4h", "2026-11-24 17:00"),
    (FOUR_HOURS, "2026-11-27 16:30", "after 4h", "2026-11-30 17:00"),  # Friday -> Monday
    # five workdays from Monday: due on the next Monday at closing
    (FIVE_DAYS, "2026-11-23 10:00", "before 1 workday", "2026-11-27 17:30"),
    (FIVE_DAYS, "2026-11-23 10:00", "before 4h", "2026-11-30 13:30"),  # working hours
    (FIVE_DAYS, "2026-11-23 10:00", "after 1 workday", "2026-12-02 08:30"),  # Tuesday at closing -> Wednesday morning
]


@pytest.mark.parametrize(("budget", "start", "where", "moment"), MOMENTS)
def test_the_moment_of_a_step(budget: Budget, start: str, where: str, moment: str) -> None:
    assert step_time(step(where), clock(budget, start)) == at(moment)


def test_a_step_before_the_due_time_is_walked_back_over_the_night() -> None:
    running = clock(FOUR_HOURS, "2026-11-23 17:00", calendar=EIGHT_TO_SIX)  # due on Tuesday 11:00
    assert step_time(step("before 1h"), running) == at("2026-11-24 10:00")


def test_a_pause_moves_the_steps_that_come_after_it_and_no_other() -> None:
    running = clock(FOUR_HOURS, "2026-11-23 13:30", paused("2026-11-23 15:00"), resumed("2026-11-23 16:00"))
    assert step_time(step("25 %"), running) == at("2026-11-23 14:30")
    assert step_time(step("50 %"), running) == at("2026-11-23 16:30")
    assert step_time(step("due"), running) == at("2026-11-24 09:30")


def test_a_pause_after_the_breach_moves_the_steps_behind_it_and_not_the_due_time() -> None:
    running = clock(FOUR_HOURS, "2026-11-23 13:30", paused("2026-11-24 09:00"), resumed("2026-11-24 11:00"))
    assert step_time(step("due"), running) == at("2026-11-23 17:30")
    assert step_time(step("after 1h"), running) == at("2026-11-24 11:30")


@pytest.mark.parametrize("end", [K.SATISFIED, K.CANCELLED])
def test_a_clock_that_is_over_takes_what_fell_due_before_and_nothing_else(end: EventKind) -> None:
    ended = clock(FOUR_HOURS, "2026-11-23 13:30", ClockEvent(at("2026-11-23 17:30"), end))
    ladder = (step("50 %"), step("75 %"), step("due"), step("after 1 workday"))
    (half, more) = steps_due(ended, ladder, NOTHING, at("2026-12-30 10:00"))
    assert (half.step.key, half.due_at) == ("50 %", at("2026-11-23 15:30"))
    assert more.step.key == "75 %", "answered at the due time itself is in time"
    assert steps_due(ended, ladder, frozenset({"50 %", "75 %"}), at("2026-12-30 10:00")) == ()


@pytest.mark.parametrize("end", [K.SATISFIED, K.CANCELLED])
def test_a_clock_that_is_over_keeps_its_breach_and_asks_for_no_further_look(end: EventKind) -> None:
    ended = clock(FOUR_HOURS, "2026-11-23 13:30", ClockEvent(at("2026-11-25 10:00"), end))
    ladder = (step("50 %"), step("due"), step("after 1 workday"))
    assert next_action_at(ended, ladder, NOTHING) is None
    assert ended.breached_at(at("2026-12-30 10:00")) == at("2026-11-23 17:30")


def test_a_paused_clock_takes_only_what_fell_due_before_and_so_it_does_when_it_goes_on() -> None:
    ladder = (step("50 %"), step("due"))
    sleeping = clock(FOUR_HOURS, "2026-11-23 13:30", paused("2026-11-23 16:00"))
    (early,) = steps_due(sleeping, ladder, NOTHING, at("2026-11-25 10:00"))
    assert (early.step.key, early.due_at) == ("50 %", at("2026-11-23 15:30"))
    assert steps_due(sleeping, ladder, frozenset({"50 %"}), at("2026-11-25 10:00")) == ()
    assert next_action_at(sleeping, ladder, NOTHING) is None
    awake = sleeping.with_event(resumed("2026-11-25 10:00"))
    (late,) = steps_due(awake, ladder, NOTHING, at("2026-11-25 10:00"))
    assert (late.step.key, late.due_at) == ("50 %", at("2026-11-23 15:30"))


def test_after_an_outage_every_step_is_taken_in_order_and_dated_by_its_own_time() -> None:
    running = clock(FOUR_HOURS, "2026-11-23 13:30")
    ladder = (step("after 1h"), step("due"), step("50 %"), step("after 1 workday"))
    due = steps_due(running, ladder, NOTHING, at("2026-11-24 10:00"))
    assert [d.step.key for d in due] == ["50 %", "due", "after 1h"]
    assert [d.due_at for d in due] == [at("2026-11-23 15:30"), at("2026-11-23 17:30"), at("2026-11-24 09:30")]


def test_a_step_that_was_taken_is_not_taken_again() -> None:
    running = clock(FOUR_HOURS, "2026-11-23 13:30")
    ladder = (step("50 %"), step("due"))
    now = at("2026-11-23 16:00")
    (first,) = steps_due(running, ladder, NOTHING, now)
    fired = frozenset({first.step.key})
    assert steps_due(running, ladder, fired, now) == ()
    assert next_action_at(running, ladder, fired) == at("2026-11-23 17:30")
    assert next_action_at(running, ladder, fired | {"due"}) is None


def test_a_step_is_due_at_its_moment_and_not_before() -> None:
    running = clock(FOUR_HOURS, "2026-11-23 13:30")
    moment = at("2026-11-23 17:30")
    assert steps_due(running, (step("due"),), NOTHING, moment - timedelta(seconds=1)) == ()
    assert len(steps_due(running, (step("due"),), NOTHING, moment)) == 1


def test_each_promise_has_its_own_steps() -> None:
    running = clock(FOUR_HOURS, "2026-11-23 13:30")
    ladder = (step("50 %", Metric.ACCEPT, "a"), step("50 %", Metric.RESOLVE, "b"))
    assert [d.step.key for d in steps_due(running, ladder, NOTHING, at("2026-12-01 10:00"))] == ["b"]


def test_steps_of_one_moment_keep_the_order_of_the_ladder() -> None:
    running = clock(FOUR_HOURS, "2026-11-23 13:30")
    ladder = (step("100 %", key="b"), step("due", key="a"))
    assert [d.step.key for d in steps_due(running, ladder, NOTHING, at("2026-12-01 10:00"))] == ["b", "a"]


def test_a_step_at_the_moment_of_the_extension_itself_is_not_armed_again() -> None:
    more = Budget(120, DAY_AND_NIGHT)
    running = clock(
        Budget(240, DAY_AND_NIGHT), "2026-11-23 10:00", ClockEvent(at("2026-11-23 13:00"), K.EXTENDED, extra=more)
    )
    half = step("50 %")
    assert step_time(half, running) == at("2026-11-23 13:00")
    assert steps_due(running, (half,), NOTHING, at("2026-11-23 15:00")) == ()


def test_an_extension_arms_only_the_steps_that_lie_beyond_it() -> None:
    extension = ClockEvent(at("2026-11-29 10:00"), K.EXTENDED, "parts", "staff:9", A_WEEK)
    running = clock(A_WEEK, "2026-11-23 16:30", extension)
    ladder = (step("25 %"), step("50 %"), step("before 1 workday"), step("due"))
    keys = [d.step.key for d in steps_due(running, ladder, NOTHING, at("2026-12-31 10:00"))]
    assert keys == ["50 %", "before 1 workday", "due"]  # 25 % of two weeks lay before the extension


def test_what_fell_due_before_an_extension_belongs_to_the_deadline_of_that_time() -> None:
    first = ClockEvent(at("2026-11-29 10:00"), K.EXTENDED, "parts", "staff:9", A_WEEK)
    second = ClockEvent(at("2026-12-02 10:00"), K.EXTENDED, "parts", "staff:9", A_WEEK)
    running = clock(A_WEEK, "2026-11-23 16:30", first, second)
    ladder = (step("25 %"), step("50 %"), step("due"))
    found = [
        [(d.step.key, d.due_at) for d in steps_due(before, ladder, NOTHING, until)]
        for before, until in earlier(running)
    ]
    assert found == [
        [("25 %", at("2026-11-25 10:30")), ("50 %", at("2026-11-27 04:30"))],
        [("50 %", at("2026-11-30 16:30"))],
    ]
    assert list(earlier(clock(A_WEEK, "2026-11-23 16:30"))) == []


def test_what_fell_due_before_a_pause_is_due_at_its_own_moment() -> None:
    """The pause moves the deadline, and with it what comes a workday before; by then it had come already."""
    stood = ClockEvent(at("2026-11-30 14:00"), K.PAUSED, "waiting_for_resident")
    went_on = ClockEvent(at("2026-12-04 14:00"), K.RESUMED, "answered")
    running = clock(A_WEEK, "2026-11-23 16:30", stood, went_on)
    warning = (step("before 1 workday"),)
    ((before, until), (_, later)) = earlier(running)
    assert [d.due_at for d in steps_due(before, warning, NOTHING, until)] == [at("2026-11-27 16:30")]
    assert (until, later) == tuple(e.at - timedelta.resolution for e in (stood, went_on))


OFFSETS = [
    ("80 %", Offset(percent=80)),
    ("80%", Offset(percent=80)),
    ("100 %", Offset()),
    ("due", Offset()),
    ("before 2h", Offset(minutes=-120)),
    ("after 30m", Offset(minutes=30)),
    ("after 1d", Offset(minutes=1440)),
    ("before 1 workday", Offset(workdays=-1)),
    ("after 2 workdays", Offset(workdays=2)),
]


@pytest.mark.parametrize(("text", "meant"), OFFSETS)
def test_the_place_of_a_step_is_written_in_words(text: str, meant: Offset) -> None:
    assert offset(text) == meant
    assert offset(str(meant)) == meant


@pytest.mark.parametrize(
    "text",
    ["", "soon", "0 %", "1001 %", "-5 %", "before", "before 0h", "after 2 working hours", "2h", "after 2", "due 1h"],
)
def test_a_place_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="“"):
        offset(text)


@pytest.mark.parametrize("policy", BOOK.policies, ids=lambda p: p.name)
def test_every_promise_of_the_national_pack_climbs_to_the_district(policy) -> None:  # noqa: ANN001
    for target in policy.targets.values():
        running = Clock(target, BOOK.calendars[target.calendar], (ClockEvent(at("2026-11-23 16:30"), K.STARTED),))
        due = steps_due(running, policy.ladder, NOTHING, at("2026-12-31 10:00"))
        assert due[-1].step.to == ("district_desk",)
        assert any(d.due_at == running.due_at for d in due)
        assert [d.due_at for d in due] == sorted(d.due_at for d in due)


def test_an_ordinary_case_climbs_as_the_ladder_says() -> None:
    policy = BOOK.by_name["national-G3"]
    target = policy.targets[Metric.CONTACT]
    running = Clock(target, BOOK.calendars[target.calendar], (ClockEvent(at("2026-11-23 16:30"), K.STARTED),))
    due = steps_due(running, policy.ladder, NOTHING, at("2026-12-31 10:00"))
    assert [(d.step.act, d.step.to, d.due_at) for d in due] == [
        ("remind", ("handler",), at("2026-11-24 11:42")),
        ("call_out", ("community_head",), at("2026-11-24 16:30")),
        ("red_card", ("subdistrict_supervisor",), at("2026-11-24 17:30")),
        ("climb", ("district_desk",), at("2026-11-24 20:30")),
    ]


def test_only_the_urgent_grades_wake_people() -> None:
    waking = {policy.grade for policy in BOOK.policies for step_ in policy.ladder if step_.wakes}
    assert waking == {Grade.G1, Grade.G2}


@pytest.mark.parametrize(
    ("role", "rung", "may"),
    [
        (Role.WORKER, "community_duty", False),  # a head stands there too
        (Role.HEAD, "community_head", True),
        (Role.HEAD, "subdistrict_supervisor", False),
        (Role.SUPERVISOR, "subdistrict_supervisor", True),
        (Role.SUPERVISOR, "community_head", True),
        (Role.SUPERVISOR, "district_desk", False),
        (Role.DISTRICT, "district_desk", True),
    ],
)
def test_nobody_answers_for_their_superior(role: Role, rung: str, may: bool) -> None:
    assert may_answer(role, was_told=False, rungs=[rung]) is may
    assert may_answer(role, was_told=True, rungs=[rung])
