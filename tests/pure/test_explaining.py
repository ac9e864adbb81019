"""Does the explanation of a due time add up, stay short, and say what kind of day each date was?"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sla_policies.clock import Clock, ClockEvent, EventKind
from sla_policies.counted_days import DayKind, Days, kind_of_day
from sla_policies.documents import packaged_book
from sla_policies.escalation import Offset, Step
from sla_policies.explaining import Explanation, Taken, explain
from sla_policies.policy import Budget, Grade, Metric, SlaPolicy, Target, TimeKind
from tests.pure.test_laws import EXACT, EXACT_INSTANTS, HOURS, Hours

SHANGHAI = ZoneInfo("Asia/Shanghai")
WORKDAYS = packaged_book().calendars["workdays"]
NAMES = {date(2026, 10, 1): ("国庆节", "National Day"), date(2026, 10, 10): ("国庆节", "National Day")}
K = EventKind
LADDER = (
    Step("half", Metric.RESOLVE, Offset(percent=50), ("handler",), "remind"),
    Step("due", Metric.RESOLVE, Offset(), ("community_head",), "red_card"),
    Step("signed", Metric.ACCEPT, Offset(), ("handler",), "remind"),
)
POLICY = SlaPolicy("any", Grade.G3, "一般", "Ordinary", "", "", {}, LADDER)


def at(day: str, clock: str = "10:00") -> datetime:
    return datetime.fromisoformat(f"2026-{day}T{clock}").replace(tzinfo=SHANGHAI)


def clock_of(budget: Budget, *events: ClockEvent, most: Budget | None = None) -> Clock:
    pauses = frozenset({"waiting_for_resident"})
    return Clock(Target(Metric.RESOLVE, budget, "workdays", pauses_for=pauses, pause_at_most=most), WORKDAYS, events)


def started(day: str, clock: str = "10:00") -> ClockEvent:
    return ClockEvent(at(day, clock), K.STARTED)


def paused(day: str, clock: str = "10:00") -> ClockEvent:
    return ClockEvent(at(day, clock), K.PAUSED, "waiting_for_resident")


def told(clock: Clock, now: datetime | None = None, most_rows: int = 400, taken: tuple[Taken, ...] = ()) -> Explanation:
    return explain(clock, POLICY, now or clock.started_at, names=NAMES, most_rows=most_rows, taken=taken)


def written(days: Days) -> str:
    """Return a row in short: its dates, kinds, hours and hours counted."""
    hours = " ".join("-".join(f"{edge.astimezone(SHANGHAI):%H:%M}" for edge in span) for span in days.spans)
    kinds = ",".join(f"{number} {kind}" for kind, number in days.kinds.items())
    return f"{days.first:%m-%d}..{days.last:%m-%d} {kinds} {hours} = {days.counted.total_seconds() / 3600:g}"


@st.composite
def clocks(draw: st.DrawFn) -> Clock:
    """Any clock in any calendar, with pauses, perhaps with a maximum, and perhaps extended."""
    hours: Hours = draw(HOURS)
    kind = draw(st.sampled_from(list(TimeKind)))
    amount = draw(st.integers(1, 7)) if kind is TimeKind.WORKDAYS else draw(st.integers(1, 3_000))
    most = draw(st.none() | st.integers(1, 2_000).map(lambda n: Budget(n, TimeKind.ELAPSED)))
    target = Target(Metric.RESOLVE, Budget(amount, kind), pauses_for=frozenset({"x"}), pause_at_most=most)
    events = [ClockEvent(draw(EXACT_INSTANTS), K.STARTED)]
    clock = Clock(target, hours.calendar(), tuple(events))
    for _ in range(draw(st.integers(0, 3))):
        for step in (K.PAUSED, K.RESUMED):
            clock = clock.with_event(ClockEvent(clock.events[-1].at + draw(EXACT), step, "x"))
    last = clock.events[-1].at
    if draw(st.booleans()) and clock.breached_at(last) is None:
        clock = clock.with_event(ClockEvent(last, K.EXTENDED, extra=Budget(draw(st.integers(1, 5)), kind)))
    return clock


@given(clocks(), st.integers(3, 40))
def test_what_is_counted_adds_up_to_the_promise_and_ends_when_it_is_due(clock: Clock, most_rows: int) -> None:
    now = clock.events[-1].at
    found = told(clock, now, most_rows)

    assert found.counted == clock.allowance
    last = found.days[-1]
    edges = [closes for _, closes in last.spans] + [p.costs_until for p in found.pauses if p.costs and last.paused]
    assert max(edges) == clock.due_at == found.until
    assert sum((p.costs for p in found.pauses), timedelta()) == sum((d.paused for d in found.days), timedelta())
    if clock.target.budget.kind is TimeKind.WORKDAYS:
        assert sum(d.workdays for d in found.days) == clock.target.budget.amount + clock.extended_by
    dates = [(d.first, d.last) for d in found.days]
    assert all(later[0] - earlier[1] == timedelta(days=1) for earlier, later in pairwise(dates)), "told once each"


@given(clocks(), EXACT)
def test_a_clock_that_stands_still_tells_what_it_has_used_and_what_is_left(clock: Clock, later: timedelta) -> None:
    last = clock.events[-1].at
    assume(clock.breached_at(last + later) is None)
    still = clock.with_event(ClockEvent(last + later, K.PAUSED, "x"))

    now = last + later + timedelta(hours=1)
    assume(still.breached_at(now) is None)
    found = told(still, now)

    assert found.clock.due_at is None
    assert found.counted + still.remaining(now) == still.allowance


@pytest.mark.parametrize(
    ("budget", "most_rows", "rows"),
    [
        (Budget(10 * 365 * 1_440, TimeKind.ELAPSED), 12, 3),
        (Budget(10 * 365 * 1_440, TimeKind.ELAPSED), 400, 3),
        (Budget(15, TimeKind.WORKDAYS), 12, 8),
        (Budget(15, TimeKind.WORKDAYS), 40, 22),
        (Budget(2_500, TimeKind.WORKDAYS), 40, 13),
        (Budget(2_500, TimeKind.WORKDAYS), 400, 118),
    ],
)
def test_long_spans_are_told_in_few_rows(budget: Budget, most_rows: int, rows: int) -> None:
    clock = clock_of(budget, started("11-23"))
    found = told(clock, most_rows=most_rows)

    assert len(found.days) == rows
    assert found.counted == clock.allowance


def test_every_kind_of_day_has_its_name_and_its_hours() -> None:
    found = told(clock_of(Budget(30 * 60, TimeKind.WORKING), started("09-30", "16:00")))

    assert [written(d) for d in found.days][:3] == [
        "09-30..09-30 1 workday 16:00-17:30 = 1.5",
        "10-01..10-01 1 holiday  = 0",
        "10-02..10-02 1 holiday  = 0",
    ]
    assert [written(d) for d in found.days][-3:] == [
        "10-10..10-10 1 makeup 08:30-12:00 13:30-17:30 = 7.5",
        "10-11..10-11 1 rest  = 0",
        "10-12..10-12 1 workday 08:30-12:00 13:30-16:00 = 6",
    ]
    assert found.days[1].name == ("国庆节", "National Day")


def test_the_first_day_of_workdays_is_not_counted() -> None:
    found = told(clock_of(Budget(2, TimeKind.WORKDAYS), started("11-27")))

    assert [(f"{d.first:%m-%d}", d.workdays) for d in found.days] == [
        ("11-27", 0), ("11-28", 0), ("11-29", 0), ("11-30", 1), ("12-01", 1),
    ]  # fmt: skip


def test_a_pause_says_what_it_costs_and_where_the_policy_cuts_it() -> None:
    clock = clock_of(
        Budget(24 * 60, TimeKind.ELAPSED),
        *(started("11-23"), paused("11-23", "12:00"), ClockEvent(at("11-24", "18:00"), K.RESUMED)),
        most=Budget(24 * 60, TimeKind.ELAPSED),
    )
    (pause,) = told(clock, at("11-24", "19:00")).pauses

    assert pause.ends == at("11-24", "18:00")
    assert pause.costs_until == at("11-24", "12:00")
    assert pause.costs == timedelta(hours=24)
    assert pause.reason == "waiting_for_resident"


def test_a_pause_that_begins_too_late_costs_nothing() -> None:
    clock = clock_of(Budget(60, TimeKind.ELAPSED), started("11-23"), paused("11-23", "12:00"))
    found = told(clock, at("11-23", "15:00"))

    assert found.until == at("11-23", "11:00")
    assert found.breached_at == at("11-23", "11:00")
    assert found.pauses[0].costs == timedelta()


def test_an_extension_says_the_due_times_before_and_after() -> None:
    extra = ClockEvent(at("11-23", "11:00"), K.EXTENDED, extra=Budget(120, TimeKind.ELAPSED))
    (found,) = told(clock_of(Budget(120, TimeKind.ELAPSED), started("11-23"), extra)).extensions

    assert (found.old, found.new) == (at("11-23", "12:00"), at("11-23", "14:00"))


def test_a_due_time_in_an_unpublished_year_says_which_year() -> None:
    near, far = (clock_of(Budget(n, TimeKind.WORKDAYS), started("11-02")) for n in (5, 60))

    assert told(near).unpublished_years == ()
    assert told(far).unpublished_years == (2027,)
    assert told(far).days[-1].is_assumed
    assert told(clock_of(Budget(400 * 1_440, TimeKind.ELAPSED), started("11-02"))).unpublished_years == ()


def test_steps_have_their_moments_and_say_whether_they_were_taken() -> None:
    taken = Taken("half", 0, at("11-23", "11:00"), at("11-23", "11:01"), skipped=False)
    clock = clock_of(Budget(120, TimeKind.ELAPSED), started("11-23"))
    half, due = told(clock, at("11-23", "11:05"), taken=(taken,)).steps

    assert (half.taken, half.at) == (taken, at("11-23", "11:00"))
    assert (due.taken, due.at) == (None, at("11-23", "12:00"))
    early = clock.with_event(ClockEvent(at("11-23", "11:05"), K.EXTENDED, extra=Budget(600, TimeKind.ELAPSED)))
    assert told(early, taken=(taken,)).steps[0].taken is None, "the extension has armed it again"
    late = clock.with_event(ClockEvent(at("11-23", "11:05"), K.EXTENDED, extra=Budget(2, TimeKind.ELAPSED)))
    assert told(late, taken=(taken,)).steps[0].taken is taken
    done = clock.with_event(ClockEvent(at("11-23", "11:30"), K.SATISFIED))
    assert [one.at for one in told(done, taken=(taken,)).steps] == [at("11-23", "11:00"), at("11-23", "12:00")]


def test_a_pause_without_working_time_leaves_a_due_time_at_closing() -> None:
    lunch = (paused("11-23", "12:10"), ClockEvent(at("11-23", "13:00"), K.RESUMED))
    clock = clock_of(Budget(450, TimeKind.WORKING), started("11-23", "08:30"), *lunch)

    assert clock.due_at == at("11-23", "17:30")
    assert clock.due_at.tzinfo is UTC


def test_a_day_off_with_hours_of_its_own_is_told_as_the_calendar_counts_it() -> None:
    day = date(2026, 11, 25)
    both = replace(WORKDAYS, off=frozenset({day}), dated={day: ((32_400, 36_000),)})
    assert not both.is_workday(day)
    assert kind_of_day(both, day) is DayKind.HOLIDAY
