"""Do the laws of the clocks hold for any calendar, start, amount and pause, against a slow oracle of its own?"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sla_policies.clock import Clock, ClockEvent, ClockState, EventKind
from sla_policies.escalation import Offset, Step, next_action_at, step_time, steps_due
from sla_policies.policy import Budget, Metric, Target, TimeKind
from sla_policies.work_calendar import WorkCalendar, round_the_clock

settings.register_profile(
    "laws", max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
settings.load_profile("laws")

QUARTER, NOTHING, DAY = timedelta(minutes=15), timedelta(), timedelta(days=1)
MONDAY = date(2026, 3, 23)
"""A week before the clocks of Europe change, so that some examples live through it."""
ZONES = [ZoneInfo(name) for name in ("Asia/Shanghai", "Europe/Berlin", "Asia/Kathmandu")]


@dataclass(frozen=True)
class Hours:
    """A calendar in plain words, from which the engine's calendar and the oracle are made apart from each other."""

    zone: ZoneInfo
    week: tuple[tuple[tuple[int, int], ...], ...]
    """Quarters of an hour after midnight; a closing above 96 lies on the next date."""
    off: frozenset[date]
    worked: frozenset[date]
    dated: dict[date, tuple[tuple[int, int], ...]]

    def calendar(self) -> WorkCalendar:
        """The engine's calendar."""

        def seconds(windows: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
            return tuple((a * 900, b * 900) for a, b in windows)

        return WorkCalendar(
            "any",
            self.zone,
            tuple(map(seconds, self.week)),
            off=self.off,
            worked=self.worked,
            dated={day: seconds(windows) for day, windows in self.dated.items()},
        )

    def windows(self, day: date) -> tuple[tuple[int, int], ...]:
        """The oracle's hours that begin on a date."""
        if day in self.off:
            return ()
        if day in self.dated:
            return self.dated[day]
        if day in self.worked:
            return next((w for w in self.week if w), ())
        return self.week[day.weekday()]

    def is_open(self, quarter: datetime) -> bool:
        """The oracle: is the quarter of an hour that begins at this instant worked, by the clock on the wall?"""
        wall = quarter.astimezone(self.zone)
        now = wall.hour * 4 + wall.minute // 15
        own = any(opens <= now < closes for opens, closes in self.windows(wall.date()))
        if own or wall.date() in self.off or wall.date() in self.dated:
            return own
        return any(now < closes - 96 for _, closes in self.windows(wall.date() - DAY))

    def worked_between(self, start: datetime, end: datetime) -> timedelta:
        """The oracle: quarter by quarter, how much is worked?"""
        total, at = NOTHING, start
        while at < end:
            total += QUARTER if self.is_open(at) else NOTHING
            at += QUARTER
        return total

    def after(self, start: datetime, amount: timedelta) -> datetime:
        """The oracle: quarter by quarter, when has so much been worked?"""
        at = start
        while amount > NOTHING or not self.is_open(at):
            if self.is_open(at):
                amount -= QUARTER
                if amount == NOTHING:
                    return at + QUARTER
            at += QUARTER
        return at


def _windows(edges: list[int]) -> tuple[tuple[int, int], ...]:
    return tuple(zip(edges[::2], edges[1::2], strict=False))


# Edges keep away from 02:00-03:00, where a wall clock shows some quarters twice or never.
EDGES = st.lists(st.sampled_from([0, 4, *range(16, 97)]), min_size=2, max_size=6, unique=True).map(sorted)
DAYTIME = EDGES.map(_windows)
NIGHT = st.tuples(st.integers(60, 95), st.sampled_from([*range(100, 105), *range(108, 121)])).map(lambda w: (w,))
WINDOWS = st.one_of(DAYTIME, DAYTIME, NIGHT, st.just(()), st.just(((0, 96),)))
DATES = st.integers(-3, 25).map(lambda n: MONDAY + DAY * n)


@st.composite
def any_hours(draw: st.DrawFn) -> Hours:
    """Any calendar with some working time in each week."""
    week = draw(st.tuples(*[WINDOWS] * 6, DAYTIME))
    off = draw(st.frozensets(DATES, max_size=5))
    worked = draw(st.frozensets(DATES, max_size=3)) - off
    dated = draw(st.dictionaries(DATES, WINDOWS, max_size=3))
    return Hours(draw(st.sampled_from(ZONES)), week, off, worked, dated)


HOURS = any_hours()
INSTANTS = st.integers(0, 96 * 12).map(lambda n: datetime.combine(MONDAY, time(), UTC) + QUARTER * n)
AMOUNTS = st.integers(0, 100).map(lambda n: QUARTER * n)
EXACT = st.timedeltas(NOTHING, timedelta(hours=40))
EXACT_INSTANTS = st.timedeltas(NOTHING, timedelta(days=12)).map(lambda d: datetime.combine(MONDAY, time(), UTC) + d)


@given(HOURS, INSTANTS, AMOUNTS)
def test_add_agrees_with_the_oracle(hours: Hours, start: datetime, amount: timedelta) -> None:
    assert hours.calendar().add(start, amount) == hours.after(start, amount)


@given(HOURS, INSTANTS, INSTANTS)
def test_between_agrees_with_the_oracle(hours: Hours, start: datetime, end: datetime) -> None:
    assert hours.calendar().between(start, end) == hours.worked_between(start, end)


@given(HOURS, INSTANTS)
def test_is_working_agrees_with_the_oracle(hours: Hours, at: datetime) -> None:
    assert hours.calendar().is_working(at) == hours.is_open(at)


@given(HOURS, EXACT_INSTANTS, EXACT)
def test_what_is_added_lies_between(hours: Hours, start: datetime, amount: timedelta) -> None:
    calendar = hours.calendar()
    assert calendar.between(start, calendar.add(start, amount)) == amount


@given(HOURS, EXACT_INSTANTS, EXACT)
def test_what_is_subtracted_lies_between(hours: Hours, end: datetime, amount: timedelta) -> None:
    calendar = hours.calendar()
    start = calendar.subtract(end, amount)
    assert start <= end
    assert calendar.between(start, end) == amount


@given(HOURS, EXACT_INSTANTS, EXACT, EXACT)
def test_more_time_is_never_earlier(hours: Hours, start: datetime, one: timedelta, more: timedelta) -> None:
    calendar = hours.calendar()
    assert calendar.add(start, one) <= calendar.add(start, one + more)
    assert calendar.add(start, one) <= calendar.add(start + more, one)


@given(HOURS, EXACT_INSTANTS, EXACT, EXACT)
def test_time_is_additive(hours: Hours, start: datetime, one: timedelta, two: timedelta) -> None:
    assume(two > NOTHING)
    calendar = hours.calendar()
    assert calendar.add(calendar.add(start, one), two) == calendar.add(start, one + two)


@given(HOURS, EXACT_INSTANTS, EXACT, EXACT)
def test_a_span_is_the_sum_of_its_parts(hours: Hours, start: datetime, one: timedelta, two: timedelta) -> None:
    calendar = hours.calendar()
    middle, end = start + one, start + one + two
    assert calendar.between(start, middle) + calendar.between(middle, end) == calendar.between(start, end)


@given(HOURS, EXACT_INSTANTS, st.integers(1, 15))
def test_workdays_agree_with_a_walk_over_the_wall_calendar(hours: Hours, start: datetime, days: int) -> None:
    day, left = start.astimezone(hours.zone).date(), days
    while left:
        day += DAY
        left -= bool(hours.windows(day))
    due = hours.calendar().add_workdays(start, days)
    midnight = datetime.combine(day, time(), hours.zone).astimezone(UTC)
    tomorrow = datetime.combine(day + DAY, time(), hours.zone).astimezone(UTC)
    assert midnight < due <= tomorrow
    assert hours.worked_between(due, tomorrow) == NOTHING
    assert hours.is_open(due - QUARTER)


@given(st.sampled_from(ZONES), EXACT_INSTANTS, st.timedeltas(NOTHING, timedelta(days=60)))
def test_round_the_clock_is_plain_time(zone: ZoneInfo, start: datetime, amount: timedelta) -> None:
    assert round_the_clock(zone).add(start, amount) == start + amount
    assert round_the_clock(zone).between(start, start + amount) == amount


REASON = "waiting_for_resident"
KINDS = st.sampled_from([TimeKind.ELAPSED, TimeKind.WORKING, TimeKind.WORKDAYS])


@st.composite
def any_clock(draw: st.DrawFn) -> Clock:
    """A running clock of any kind with up to three pauses that are over."""
    kind = draw(KINDS)
    amount = draw(st.integers(1, 8) if kind is TimeKind.WORKDAYS else st.integers(1, 60 * 40))
    target = Target(Metric.RESOLVE, Budget(amount, kind), pauses_for=frozenset({REASON}))
    at = draw(EXACT_INSTANTS)
    events = [ClockEvent(at, EventKind.STARTED)]
    for _ in range(draw(st.integers(0, 3))):
        for event in (EventKind.PAUSED, EventKind.RESUMED):
            at += draw(EXACT)
            events.append(ClockEvent(at, event, REASON))
    return Clock(target, draw(HOURS).calendar(), tuple(events))


def own_time(clock: Clock) -> WorkCalendar:
    elapsed = clock.target.budget.kind is TimeKind.ELAPSED
    return round_the_clock(clock.calendar.zone) if elapsed else clock.calendar


@given(any_clock(), EXACT, EXACT)
def test_a_pause_moves_the_due_time_by_exactly_its_own_time(clock: Clock, wait: timedelta, length: timedelta) -> None:
    begin = clock.events[-1].at + wait
    paused = clock.with_event(ClockEvent(begin, EventKind.PAUSED, REASON))
    resumed = paused.with_event(ClockEvent(begin + length, EventKind.RESUMED))
    due = clock.due_at
    assert due is not None
    cost = own_time(clock).between(begin, begin + length)
    if begin > due:
        assert resumed.due_at == due
    else:
        assert resumed.due_at == (own_time(clock).add(due, cost) if cost else due)


@given(any_clock(), EXACT)
def test_what_has_passed_and_what_is_left_make_the_whole(clock: Clock, wait: timedelta) -> None:
    now = clock.events[-1].at + wait
    assert clock.elapsed(now) + clock.remaining(now) == clock.allowance
    assert clock.elapsed(now) >= NOTHING


@given(any_clock(), EXACT)
def test_a_clock_is_broken_exactly_when_its_due_time_is_over(clock: Clock, wait: timedelta) -> None:
    now = clock.events[-1].at + wait
    due = clock.due_at
    assert due is not None
    assert clock.breached_at(now) == (due if now > due else None)
    ended = clock.with_event(ClockEvent(now, EventKind.SATISFIED))
    assert ended.breached_at(now + timedelta(days=400)) == clock.breached_at(now)


@given(any_clock(), EXACT, EXACT)
def test_nothing_changes_while_a_clock_is_paused(clock: Clock, wait: timedelta, later: timedelta) -> None:
    begin = clock.events[-1].at + wait
    paused = clock.with_event(ClockEvent(begin, EventKind.PAUSED, REASON))
    assert paused.state is ClockState.PAUSED
    assert paused.due_at is None
    assert paused.remaining(begin) == paused.remaining(begin + later)
    assert paused.breached_at(begin) == paused.breached_at(begin + later)


@given(any_clock())
def test_a_clock_survives_being_stored(clock: Clock) -> None:
    stored = tuple(ClockEvent.from_json(event.to_json()) for event in clock.events)
    assert Clock(clock.target, clock.calendar, stored).due_at == clock.due_at


OFFSETS = st.one_of(
    st.integers(1, 400).map(lambda n: Offset(percent=n)),
    st.integers(1, 3000).map(lambda n: Offset(minutes=-n)),
    st.integers(0, 6000).map(lambda n: Offset(minutes=n)),
    st.integers(-3, 6).map(lambda n: Offset(workdays=n)),
)


@st.composite
def any_ladder(draw: st.DrawFn) -> tuple[Step, ...]:
    """Some steps, of this promise and of another."""
    metrics = st.sampled_from([Metric.RESOLVE, Metric.RESOLVE, Metric.ACCEPT])
    places = draw(st.lists(st.tuples(OFFSETS, metrics), max_size=6))
    return tuple(Step(f"s{n}", metric, at, ("handler",), "remind") for n, (at, metric) in enumerate(places))


@given(any_clock(), OFFSETS)
def test_a_warning_is_not_after_the_due_time_and_no_step_before_the_start(clock: Clock, offset: Offset) -> None:
    moment = step_time(Step("s", Metric.RESOLVE, offset, ("handler",), "remind"), clock)
    assert moment is not None
    assert clock.due_at is not None
    assert moment >= clock.started_at
    early = offset.minutes < 0 or offset.workdays < 0 or (offset.percent or 100) < 100
    late = offset.minutes > 0 or offset.workdays > 0 or (offset.percent or 100) > 100
    assert moment <= clock.due_at if early else True
    assert moment >= clock.due_at if late else True


def sweep_at(clock: Clock, ladder: tuple[Step, ...], moments: list[datetime]) -> list[tuple[str, datetime]]:
    """What a sweeper writes that looks at these moments: the key and the date of each step."""
    ledger: list[tuple[str, datetime]] = []
    for now in sorted(moments):
        fired = frozenset(key for key, _ in ledger)
        due = steps_due(clock, ladder, fired, now)
        ledger += [(each.step.key, each.due_at) for each in due]
        after = next_action_at(clock, ladder, frozenset(key for key, _ in ledger))
        assert after is None or after > now
    return ledger


@given(any_clock(), any_ladder(), st.lists(EXACT_INSTANTS, max_size=6))
def test_every_step_is_taken_once_and_in_order_whenever_somebody_looks(
    clock: Clock, ladder: tuple[Step, ...], moments: list[datetime]
) -> None:
    end = datetime.combine(MONDAY, time(), UTC) + timedelta(days=90)
    often, once = sweep_at(clock, ladder, [*moments, *moments, end]), sweep_at(clock, ladder, [end])
    assert often == once
    assert [at for _, at in once] == sorted(at for _, at in once)
    assert sorted(key for key, _ in once) == sorted({s.key for s in ladder if s.metric is Metric.RESOLVE})
