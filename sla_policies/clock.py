"""How does one promise stand: running, paused or over, due when, and was it broken?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property

from sla_policies.clock_events import NEXT, ClockEvent, ClockEventError, ClockState, EventKind
from sla_policies.policy import Budget, Target, TimeKind
from sla_policies.stretches import NO_TIME
from sla_policies.work_calendar import WorkCalendar, as_utc, round_the_clock

__all__ = ["END_OF_TIME", "Clock", "ClockEvent", "ClockEventError", "ClockState", "EventKind"]

END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC)
K, S = EventKind, ClockState


@dataclass(frozen=True)
class Clock:
    """One running promise. All it says follows from its target, its calendar and its events, and from nothing else.

    A pause costs only time of the promise's own kind: working time where the budget is in working time or workdays. A
    pause that begins after the due time moves nothing: the breach stays. What a pause costs beyond the policy's
    maximum counts as running time.
    """

    target: Target
    calendar: WorkCalendar
    events: tuple[ClockEvent, ...]

    def __post_init__(self) -> None:
        state, last = None, None
        for event in self.events:
            state, last = self._next(state, last, event), as_utc(event.at)
        if state is None:
            raise ClockEventError("A clock begins with the event that started it.")

    def with_event(self, event: ClockEvent) -> Clock:
        """Return the clock after one more event.

        Errors: ClockEventError when it cannot have happened: out of order, paused twice, a reason to pause that the
        policy does not name, an extension asked for after the time ran out.
        """
        after = replace(self, events=(*self.events, event))
        if event.kind is K.EXTENDED and (due := self.breached_at(event.at)) is not None:
            what = "The time ran out at {due}: an extension must be asked for before."
            raise ClockEventError(what, due=due.isoformat())
        return after

    def _next(self, state: ClockState | None, last: datetime | None, event: ClockEvent) -> ClockState:
        """Return the state after an event, or refuse it."""
        if (state, event.kind) not in NEXT:
            what = "A clock that is {state} cannot be {event}."
            raise ClockEventError(what, state=state or "not started", event=event.kind)
        if last is not None and as_utc(event.at) < last:
            what = "{event} at {at} lies before the event of {last}."
            raise ClockEventError(what, event=event.kind, at=event.at.isoformat(), last=last.isoformat())
        if event.kind is K.PAUSED and event.reason not in self.target.pauses_for:
            what = "The policy does not let “{reason}” pause the promise {promise}."
            raise ClockEventError(what, reason=event.reason, promise=self.target.metric)
        if event.kind is K.EXTENDED:
            kind = self.target.budget.kind
            if event.extra is None or event.extra.kind is not kind or event.extra.amount == 0:
                raise ClockEventError("An extension of this promise says how much {kind} time it adds.", kind=kind)
        return NEXT[state, event.kind]

    @cached_property
    def state(self) -> ClockState:
        """How the clock stands after its last event."""
        kind = next(e.kind for e in reversed(self.events) if e.kind is not K.EXTENDED)
        return S.RUNNING if kind in (K.STARTED, K.RESUMED) else S(kind)

    @property
    def last_run(self) -> tuple[Clock, datetime | None]:
        """The clock as it last ran, and when it stopped; itself and None while it runs."""
        stood, stopped_at = self, None
        while stood.state is not S.RUNNING:
            stood, stopped_at = replace(stood, events=stood.events[:-1]), as_utc(stood.events[-1].at)
        return stood, stopped_at

    @property
    def started_at(self) -> datetime:
        """When the promise began to count."""
        return as_utc(self.events[0].at)

    @property
    def ended_at(self) -> datetime | None:
        """When it was satisfied or cancelled."""
        return as_utc(self.events[-1].at) if self.state in (S.SATISFIED, S.CANCELLED) else None

    @property
    def extensions(self) -> int:
        """How often it was extended."""
        return sum(event.kind is K.EXTENDED for event in self.events)

    @property
    def extended_by(self) -> int:
        """How much all extensions added together, in the unit of the budget."""
        return sum(event.extra.amount for event in self.events if event.extra)

    @property
    def armed_at(self) -> datetime:
        """Since when the present deadline stands: the last extension, or the start."""
        return max(as_utc(e.at) for e in self.events if e.kind in (K.STARTED, K.EXTENDED))

    @cached_property
    def due_at(self) -> datetime | None:
        """When it is due; None while paused, and when cancelled. A satisfied clock keeps the due time it had."""
        return None if self.state in (S.PAUSED, S.CANCELLED) else self._due(self.started_at)

    @property
    def paused_until(self) -> datetime | None:
        """When the present pause reaches the policy's maximum; None when not paused, or without a maximum."""
        if self.state is not S.PAUSED or self.target.pause_at_most is None:
            return None
        return list(self.pauses(END_OF_TIME))[-1][1]

    @cached_property
    def allowance(self) -> timedelta:
        """All the time the promise has, extensions included, in its own kind of time."""
        return self.time.between(self.started_at, self.undisturbed)

    def elapsed(self, now: datetime) -> timedelta:
        """Return how much of its own time has passed until `now` or its end, without the pauses."""
        return self.time.between(self.started_at, self._until(now)) - self.paused(now)

    def remaining(self, now: datetime) -> timedelta:
        """Return how much of its own time is left; negative when overdue, standing still while paused."""
        return self.allowance - self.elapsed(now)

    def paused(self, now: datetime) -> timedelta:
        """Return how much of its own time the pauses cost until `now` or its end."""
        until = self._until(now)
        return sum((self.time.between(a, min(b, until)) for a, b in self.pauses(until)), NO_TIME)

    def breached_at(self, now: datetime) -> datetime | None:
        """Return the due time that was missed, or None: judged by time stamps, whenever somebody looks.

        Satisfied exactly at the due time is in time.
        """
        until = self._until(now)
        due = self._due(until)
        return due if until > due else None

    @property
    def is_provisional(self) -> bool:
        """May the due time still change because it touches days whose holidays are not published?"""
        if self.target.budget.kind is TimeKind.ELAPSED:
            return False
        return self.calendar.is_provisional(self.started_at, self._due(self.started_at))

    def after(self, at: datetime, budget: Budget) -> datetime:
        """Return when a budget that starts at `at` runs out, in this clock's calendar."""
        if budget.kind is TimeKind.WORKDAYS:
            days = self.calendar.shift_workdays if budget.same_time else self.calendar.add_workdays
            return days(at, budget.amount)
        return self._calendar(budget.kind).add(at, timedelta(minutes=budget.amount))

    def spent_at(self, amount: timedelta) -> datetime:
        """Return when that much of its own time has passed, counted from the start."""
        return self._past_pauses(self.time.add(self.started_at, amount), self.started_at)

    def shifted(self, by: timedelta) -> datetime:
        """Return when so much of its own time is left before the due time (negative), or has passed since."""
        time = self.time
        base = time.add(self.undisturbed, by) if by > NO_TIME else time.subtract(self.undisturbed, -by)
        return self._past_pauses(max(base, self.started_at), self.started_at)

    @property
    def time(self) -> WorkCalendar:
        """The calendar that this clock's own time passes in."""
        return self._calendar(self.target.budget.kind)

    def _calendar(self, kind: TimeKind) -> WorkCalendar:
        return round_the_clock(self.calendar.zone) if kind is TimeKind.ELAPSED else self.calendar

    @cached_property
    def undisturbed(self) -> datetime:
        """The due time with its extensions, as if nothing had paused it."""
        budget = self.target.budget
        return self.after(self.started_at, replace(budget, amount=budget.amount + self.extended_by))

    def _due(self, now: datetime) -> datetime:
        """Return the due time, a pause that has not ended costing what it has cost until `now`."""
        return self._past_pauses(self.undisturbed, now)

    def _past_pauses(self, moment: datetime, now: datetime) -> datetime:
        """Return the moment, moved by every pause that began before it or at it."""
        for begin, end in self.pauses(now):
            if begin > moment:
                break
            cost = self.time.between(begin, end)
            moment = self.time.add(moment, cost) if cost else moment
        return moment

    def _until(self, now: datetime) -> datetime:
        return min(as_utc(now), self.ended_at) if self.ended_at else as_utc(now)

    def pauses(self, now: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield begin and end of each pause as far as it counts; one that has not ended counts until `now`."""
        most, begin = self.target.pause_at_most, None
        left = None if most is None else timedelta(minutes=most.amount)
        for event in (*self.events, None):
            if event and event.kind is K.PAUSED:
                begin = as_utc(event.at)
            elif begin and (event is None or event.kind is not K.EXTENDED):
                end = as_utc(event.at) if event else max(begin, as_utc(now))
                if most is not None and left is not None:
                    calendar = self._calendar(most.kind)
                    end = min(end, calendar.add(begin, left)) if left else begin
                    left -= calendar.between(begin, end)
                yield begin, end
                begin = None
