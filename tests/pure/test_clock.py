"""Does a clock keep its promise: due when, paused how, broken or not, whenever somebody looks?"""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sla_policies.clock import Clock, ClockEvent, ClockEventError, ClockState, EventKind
from sla_policies.documents import packaged_book
from sla_policies.policy import Budget, Metric, Target, TimeKind
from sla_policies.work_calendar import round_the_clock

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
DESK = packaged_book().calendars["workdays"]
ALWAYS = round_the_clock(SHANGHAI)
ELAPSED, WORKING, WORKDAYS = TimeKind.ELAPSED, TimeKind.WORKING, TimeKind.WORKDAYS
K = EventKind
BUDGETS = {"m": (1, ELAPSED), "h": (60, ELAPSED), "d": (1440, ELAPSED), "wh": (60, WORKING), "wd": (1, WORKDAYS)}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def budget(text: str) -> Budget:
    """24 h, 8 wh (working hours) or 5 wd (workdays)."""
    amount, unit = text.split()
    size, kind = BUDGETS[unit]
    return Budget(int(amount) * size, kind)


def clock(within: str, *events: tuple[str, EventKind], most: str = "") -> Clock:
    """A clock that may pause for the resident, with its events."""
    target = Target(
        Metric.RESOLVE,
        budget(within),
        pauses_for=frozenset({"waiting_for_resident"}),
        pause_at_most=budget(most) if most else None,
    )
    return Clock(target, DESK, tuple(event(*each) for each in events))


def event(moment: str, kind: EventKind, extra: str = "") -> ClockEvent:
    reason = "waiting_for_resident" if kind is K.PAUSED else ""
    return ClockEvent(at(moment), kind, reason, "staff:1", budget(extra) if extra else None)


MONDAY = ("2026-11-23 16:30", K.STARTED)

DUE = [
    # Monday 16:30, and …
    ("30 m", [MONDAY], "2026-11-23 17:00"),
    ("24 h", [MONDAY], "2026-11-24 16:30"),  # day and night
    ("7 d", [MONDAY], "2026-11-30 16:30"),  # the same time next Monday
    ("2 wh", [MONDAY], "2026-11-24 09:30"),  # Tuesday morning
    ("1 wd", [MONDAY], "2026-11-24 17:30"),  # Tuesday's close
    ("5 wd", [("2026-09-28 10:00", K.STARTED)], "2026-10-10 17:30"),  # over National Day to the make-up Saturday
    # a pause of one hour at night costs day-and-night time, and no working time
    ("24 h", [MONDAY, ("2026-11-23 20:00", K.PAUSED), ("2026-11-23 21:00", K.RESUMED)], "2026-11-24 17:30"),
    ("2 wh", [MONDAY, ("2026-11-23 20:00", K.PAUSED), ("2026-11-23 21:00", K.RESUMED)], "2026-11-24 09:30"),
    # a pause over a weekend costs the working hours of Friday and Monday only
    ("8 wh", [MONDAY, ("2026-11-27 16:30", K.PAUSED)], "paused"),
    ("35 wh", [MONDAY, ("2026-11-27 16:30", K.PAUSED), ("2026-11-30 09:30", K.RESUMED)], "2026-11-30 16:00"),
    # workdays: the paused working time is added to close of business
    ("1 wd", [MONDAY, ("2026-11-24 09:00", K.PAUSED), ("2026-11-24 11:00", K.RESUMED)], "2026-11-25 10:30"),
    # two pauses, seconds kept
    (
        "1 h",
        [
            MONDAY,
            ("2026-11-23 16:30:10", K.PAUSED),
            ("2026-11-23 16:30:25", K.RESUMED),
            ("2026-11-23 16:31:00", K.PAUSED),
            ("2026-11-23 16:31:02", K.RESUMED),
        ],
        "2026-11-23 17:30:17",
    ),
    # a pause that begins at the due time still moves it; one that begins later does not
    ("1 h", [MONDAY, ("2026-11-23 17:30", K.PAUSED), ("2026-11-23 18:00", K.RESUMED)], "2026-11-23 18:00"),
    ("1 h", [MONDAY, ("2026-11-23 17:31", K.PAUSED), ("2026-11-23 18:00", K.RESUMED)], "2026-11-23 17:30"),
    # satisfied: the due time it had; cancelled: none
    ("1 h", [MONDAY, ("2026-11-23 17:00", K.SATISFIED)], "2026-11-23 17:30"),
    ("1 h", [MONDAY, ("2026-11-23 17:00", K.CANCELLED)], "paused"),
]


@pytest.mark.parametrize(("within", "events", "due"), DUE)
def test_when_a_promise_is_due(within: str, events: list[tuple[str, EventKind]], due: str) -> None:
    assert clock(within, *events).due_at == (None if due == "paused" else at(due))


def test_an_extension_adds_to_the_due_time() -> None:
    extended = clock("7 d", MONDAY).with_event(event("2026-11-28 10:00", K.EXTENDED, "7 d"))
    assert extended.due_at == at("2026-12-07 16:30")
    assert (extended.extensions, extended.extended_by) == (1, 7 * 1440)


def test_workdays_are_extended_by_workdays() -> None:
    extended = clock("1 wd", MONDAY).with_event(event("2026-11-24 10:00", K.EXTENDED, "2 wd"))
    assert extended.due_at == at("2026-11-26 17:30")


def test_an_extension_after_a_pause_gives_no_time_away() -> None:
    paused = clock("1 wd", MONDAY, ("2026-11-24 09:00", K.PAUSED), ("2026-11-24 11:00", K.RESUMED))
    assert paused.with_event(event("2026-11-24 12:00", K.EXTENDED, "2 wd")).due_at == at("2026-11-27 10:30")


def test_while_paused_the_rest_stands_still() -> None:
    paused = clock("4 h", MONDAY, ("2026-11-23 17:30", K.PAUSED))
    assert paused.state is ClockState.PAUSED
    assert paused.due_at is None
    assert paused.remaining(at("2026-11-23 17:30")) == paused.remaining(at("2026-12-23 17:30")) == 3 * HOUR
    assert paused.elapsed(at("2026-12-23 17:30")) == HOUR


def test_the_past_can_be_asked_about_without_what_came_later() -> None:
    resumed = clock("4 h", MONDAY, ("2026-11-23 17:30", K.PAUSED), ("2026-11-23 19:30", K.RESUMED))
    assert resumed.paused(at("2026-11-23 18:30")) == HOUR
    assert resumed.elapsed(at("2026-11-23 18:30")) == HOUR
    assert resumed.paused(at("2026-11-23 17:00")) == 0 * HOUR


STANDING = [
    # within, looked at, elapsed, remaining
    ("24 h", "2026-11-23 18:30", 2 * HOUR, 22 * HOUR),
    ("24 h", "2026-11-24 18:30", 26 * HOUR, -2 * HOUR),
    ("2 wh", "2026-11-24 06:00", HOUR, HOUR),  # at night nothing passes
    ("2 wh", "2026-11-24 10:30", 3 * HOUR, -HOUR),
    ("1 wd", "2026-11-24 16:30", 7.5 * HOUR, HOUR),
    ("24 h", "2026-11-23 16:00", 0 * HOUR, 24 * HOUR),  # looked at before it began
]


@pytest.mark.parametrize(("within", "now", "elapsed", "remaining"), STANDING)
def test_how_a_clock_stands(within: str, now: str, elapsed: timedelta, remaining: timedelta) -> None:
    running = clock(within, MONDAY)
    assert (running.elapsed(at(now)), running.remaining(at(now))) == (elapsed, remaining)


BREACHES = [
    # events after Monday 16:30 + 1 h, looked at, missed
    ([], "2026-11-23 17:30", False),  # exactly at the due time it is not late yet
    ([], "2026-11-23 17:30:01", True),
    ([("2026-11-23 17:30", K.SATISFIED)], "2026-12-01 10:00", False),  # exactly in time, seen a week later
    ([("2026-11-23 17:31", K.SATISFIED)], "2026-12-01 10:00", True),  # a minute late between two looks
    ([("2026-11-23 17:31", K.CANCELLED)], "2026-12-01 10:00", True),  # withdrawn after it was broken
    ([("2026-11-23 17:00", K.CANCELLED)], "2026-12-01 10:00", False),
    ([("2026-11-23 17:00", K.PAUSED)], "2026-12-01 10:00", False),  # paused in time
    ([("2026-11-23 17:45", K.PAUSED)], "2026-12-01 10:00", True),  # broken, then paused
    ([("2026-11-23 17:00", K.PAUSED), ("2026-11-24 17:00", K.SATISFIED)], "2026-12-01 10:00", False),
]


@pytest.mark.parametrize(("events", "now", "missed"), BREACHES)
def test_a_breach_is_judged_by_time_stamps(events: list[tuple[str, EventKind]], now: str, missed: bool) -> None:
    assert clock("1 h", MONDAY, *events).breached_at(at(now)) == (at("2026-11-23 17:30") if missed else None)


def test_a_pause_costs_at_most_its_maximum() -> None:
    paused = clock("4 h", MONDAY, ("2026-11-23 17:30", K.PAUSED), most="1 d")
    assert paused.paused_until == at("2026-11-24 17:30")
    assert paused.breached_at(at("2026-11-24 20:30")) is None  # 3 hours were left when it paused
    assert paused.breached_at(at("2026-11-24 20:31")) == at("2026-11-24 20:30")
    resumed = paused.with_event(event("2026-12-23 10:00", K.RESUMED))
    assert resumed.due_at == at("2026-11-24 20:30")
    assert resumed.paused(at("2026-12-23 10:00")) == 24 * HOUR


def test_the_maximum_is_for_all_pauses_together() -> None:
    twice = clock(
        "4 h",
        MONDAY,
        ("2026-11-23 17:00", K.PAUSED),
        ("2026-11-24 09:00", K.RESUMED),
        ("2026-11-24 10:00", K.PAUSED),
        most="1 d",
    )
    assert twice.paused_until == at("2026-11-24 18:00")
    assert clock("4 h", MONDAY, ("2026-11-23 17:00", K.PAUSED)).paused_until is None
    assert clock("4 h", MONDAY).paused_until is None


def test_a_pause_costs_nothing_more_when_its_maximum_is_used_up_also_at_night() -> None:
    used_up = clock(
        "24 h",
        MONDAY,
        ("2026-11-23 16:30", K.PAUSED),
        ("2026-11-23 17:30", K.RESUMED),
        ("2026-11-23 20:00", K.PAUSED),
        ("2026-11-23 23:00", K.RESUMED),
        most="1 wh",
    )
    assert used_up.due_at == at("2026-11-24 17:30")
    assert used_up.paused(at("2026-11-24 10:00")) == HOUR


def test_the_longest_pause_is_not_told_in_workdays() -> None:
    with pytest.raises(ValueError, match="told in hours"):
        Target(Metric.RESOLVE, budget("4 h"), pause_at_most=budget("2 wd"))


IMPOSSIBLE = [
    ([], "begins with the event that started it"),
    ([("2026-11-23 16:30", K.PAUSED)], "not started cannot be paused"),
    ([MONDAY, MONDAY], "running cannot be started"),
    ([MONDAY, ("2026-11-23 17:00", K.PAUSED), ("2026-11-23 17:10", K.PAUSED)], "paused cannot be paused"),
    ([MONDAY, ("2026-11-23 17:00", K.RESUMED)], "running cannot be resumed"),
    ([MONDAY, ("2026-11-23 16:00", K.PAUSED)], "lies before"),
    ([MONDAY, ("2026-11-23 17:00", K.SATISFIED), ("2026-11-23 17:10", K.PAUSED)], "satisfied cannot be paused"),
    ([MONDAY, ("2026-11-23 17:00", K.CANCELLED), ("2026-11-23 17:10", K.SATISFIED)], "cancelled cannot be satisfied"),
    ([MONDAY, ("2026-11-23 17:00", K.EXTENDED)], "says how much elapsed time"),
    ([MONDAY, ("2026-11-23 17:00", K.EXTENDED, "2 wd")], "says how much elapsed time"),
    ([MONDAY, ("2026-11-23 17:00", K.EXTENDED, "0 h")], "says how much elapsed time"),
]


@pytest.mark.parametrize(("events", "why"), IMPOSSIBLE)
def test_what_cannot_have_happened_is_refused(events: list[tuple[str, EventKind]], why: str) -> None:
    with pytest.raises(ClockEventError, match=why):
        clock("1 h", *events)


def test_only_the_reasons_of_the_policy_pause() -> None:
    running = clock("1 h", MONDAY)
    with pytest.raises(ClockEventError, match="“lunch” pause the promise resolve"):
        running.with_event(ClockEvent(at("2026-11-23 17:00"), K.PAUSED, "lunch"))
    contact = replace(running, target=replace(running.target, metric=Metric.CONTACT, pauses_for=frozenset()))
    with pytest.raises(ClockEventError, match="pause the promise contact"):
        contact.with_event(event("2026-11-23 17:00", K.PAUSED))


def test_an_extension_must_be_asked_for_in_time() -> None:
    running = clock("1 h", MONDAY)
    assert running.with_event(event("2026-11-23 17:30", K.EXTENDED, "1 h")).due_at == at("2026-11-23 18:30")
    with pytest.raises(ClockEventError, match="must be asked for before"):
        running.with_event(event("2026-11-23 17:31", K.EXTENDED, "1 h"))


def test_a_paused_clock_may_be_extended_and_then_goes_on() -> None:
    paused = clock("4 h", MONDAY, ("2026-11-23 17:30", K.PAUSED))
    extended = paused.with_event(event("2026-11-24 10:00", K.EXTENDED, "1 h"))
    assert extended.state is ClockState.PAUSED
    assert extended.remaining(at("2026-11-24 12:00")) == 4 * HOUR
    assert extended.with_event(event("2026-11-24 12:00", K.RESUMED)).due_at == at("2026-11-24 16:00")


def test_naive_times_are_refused() -> None:
    naive = datetime(2026, 11, 23, 10)  # noqa: DTZ001  # This is what is refused.
    with pytest.raises(ValueError, match="has no time zone"):
        clock("1 h", MONDAY).remaining(naive)
    with pytest.raises(ValueError, match="has no time zone"):
        ClockEvent(naive, K.STARTED).to_json()


EVENTS = [
    event("2026-11-23 16:30", K.STARTED),
    event("2026-11-23 16:30:01.5", K.PAUSED),
    event("2026-11-24 10:00", K.EXTENDED, "2 wd"),
    ClockEvent(at("2026-11-24 10:00"), K.EXTENDED, "needs a part", "staff:9", Budget(2, WORKDAYS, same_time=True)),
]


@pytest.mark.parametrize("one", EVENTS)
def test_an_event_survives_being_stored(one: ClockEvent) -> None:
    assert ClockEvent.from_json(one.to_json()) == one


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"at": "yesterday", "kind": "started"},
        {"at": "2026-11-23T16:30:00", "kind": "started"},
        {"at": "2026-11-23T16:30:00+08:00", "kind": "forgotten"},
        {"at": "2026-11-23T16:30:00+08:00", "kind": "extended", "extra": {"amount": -1, "kind": "elapsed"}},
        {"at": "2026-11-23T16:30:00+08:00", "kind": "extended", "extra": {"much": 1}},
        {"at": 5, "kind": "started"},
        [],
    ],
)
def test_an_event_that_was_edited_by_hand_is_refused(value: object) -> None:
    with pytest.raises(ClockEventError, match="This is no clock event"):
        ClockEvent.from_json(value)  # type: ignore[arg-type]


def test_a_negative_budget_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be negative"):
        Budget(-1, ELAPSED)


def test_a_due_time_in_an_unpublished_year_is_provisional() -> None:
    started = ("2026-11-23 16:30", K.STARTED)
    assert not clock("2 wd", started).is_provisional
    assert clock("60 wd", started).is_provisional
    assert not clock("60 d", started).is_provisional  # day and night depend on no holiday


def test_what_starts_now_runs_out_in_the_calendar_of_the_clock() -> None:
    running = clock("1 wd", MONDAY)
    assert running.after(at("2026-11-23 17:00"), budget("60 m")) == at("2026-11-23 18:00")
    assert running.after(at("2026-11-23 17:00"), budget("1 wh")) == at("2026-11-24 09:00")
    assert running.after(at("2026-11-23 17:00"), budget("1 wd")) == at("2026-11-24 17:30")
    assert running.after(at("2026-11-23 17:00"), Budget(1, WORKDAYS, same_time=True)) == at("2026-11-24 17:00")


def test_elapsed_time_ignores_the_hours_of_the_calendar() -> None:
    assert clock("24 h", MONDAY).due_at == replace(clock("24 h", MONDAY), calendar=ALWAYS).due_at
    assert clock("24 h", MONDAY).paused(at("2026-11-24 10:00")) == 0 * MINUTE
