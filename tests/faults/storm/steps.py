"""Which steps had to be taken, and when? Told from a clock's events alone, by the pure engine and once without it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import chinese_calendar

from sla_policies.climbing import UNSAID, Climbing
from sla_policies.clock import Clock, ClockEvent
from sla_policies.documents import book_from_texts
from sla_policies.escalation import Step, step_time
from sla_policies.policy import INSIDE, Budget, PolicyBook, TimeKind

ZONE = ZoneInfo("Asia/Shanghai")


class Books:
    """The promise packs as the database keeps their texts."""

    def __init__(self, rows: list[Mapping[str, Any]]) -> None:
        self._texts = {row["hash"]: row["texts"] for row in rows}
        self.book = cache(self._book)

    def _book(self, digest: str) -> PolicyBook:
        return book_from_texts(self._texts[digest])


@dataclass(frozen=True)
class Stretch:
    """A clock between two of its events, and until when it stood so; None: it stands so still."""

    clock: Clock
    ladder: tuple[Step, ...]
    until: datetime | None
    climbing: Climbing

    def times(self) -> Iterator[tuple[Step, datetime]]:
        """Yield the steps that stand on this clock in this stretch, with their moments."""
        for step in self.ladder:
            if step.metric is self.clock.target.metric:
                at = step_time(step, self.clock)
                if at is not None and (self.clock.extensions == 0 or at > self.clock.armed_at):
                    yield step, at


def stretches(row: Mapping[str, Any], books: Books) -> list[Stretch]:
    """Return a clock's life, stretch by stretch."""
    book = books.book(row["book_hash"])
    policy = book.by_name[row["policy"]]
    target = policy.targets[next(m for m in policy.targets if m == row["metric"])]
    if row["metric"] in INSIDE:  # Its term is its issuer's to say.
        target = replace(target, budget=Budget(row["budget"], TimeKind(row["kind"])))
    events = [ClockEvent.from_json(event) for event in row["events"]]
    ends = [*(event.at for event in events[1:]), None]
    calendar = book.calendars[target.calendar]
    clocks = [Clock(target, calendar, tuple(events[: n + 1])) for n in range(len(events))]
    climbing = policy.climbing or UNSAID
    return [Stretch(clock, policy.ladder, end, climbing) for clock, end in zip(clocks, ends, strict=True)]


def by_hand(stretch: Stretch, step: Step) -> datetime | date | None:
    """Return the moment of a step without the engine, of a promise in workdays its day; None where not told here.

    Told are clocks that were never paused or extended: elapsed time by plain addition, workdays by counting the days
    of another library's calendar.
    """
    clock, offset = stretch.clock, step.offset
    start, budget = clock.events[0].at.astimezone(UTC), clock.target.budget
    if len(clock.events) > 1 or offset.workdays:
        return None
    if budget.kind is TimeKind.ELAPSED:
        promised = timedelta(minutes=budget.amount)
        if offset.percent is not None:
            return start + promised * offset.percent / 100
        return max(start + promised + timedelta(minutes=offset.minutes), start)
    if budget.kind is TimeKind.WORKDAYS and offset.percent is None and not offset.minutes and not budget.same_time:
        day, left = start.astimezone(ZONE).date(), budget.amount
        while left:
            day += timedelta(days=1)
            left -= chinese_calendar.is_workday(day)
        return day
    return None


def agrees(told: datetime | date, at: datetime) -> bool:
    """Is the moment the one told by hand, or on the day told by hand?"""
    return at == told if isinstance(told, datetime) else at.astimezone(ZONE).date() == told
