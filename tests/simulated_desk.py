"""A desk through which cases pass for weeks, by different ways to choose who gets them: how fair is each?"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from heapq import heappop, heappush
from statistics import fmean
from zoneinfo import ZoneInfo

from service.accounts.rules import Away, DutyDays, DutyHours, Role
from service.areas.rules import AreaTree
from service.categories.rules import Catalogue
from service.routing.choosing import SOON, Asked, Candidate, Knows, Load, best, weigh
from service.routing.directory import Directory, Staff

ZONE = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
HOURS = (2, 1, 0, 0, 0, 0, 1, 2, 4, 6, 11, 9, 5, 5, 7, 9, 7, 7, 5, 4, 4, 4, 4, 3)
"""The share of each hour of the day, in hundredths, as measured on a Chinese board (DOMAIN 7.3)."""
WEEKDAYS = (16, 19, 19, 16, 14, 7, 9)
OFFICE = (time(8, 30), time(17, 30))
CAPACITIES = (20, 20, 20, 30, 10)
Chooser = Callable[[Sequence[Candidate]], Candidate]


@dataclass(frozen=True)
class Arrival:
    """One case: when it comes, from whom, how long it takes and when its promise runs out."""

    at: datetime
    resident: int
    takes: timedelta
    due_at: datetime


@dataclass(frozen=True)
class Fairness:
    """How evenly the load lay: over everybody's mean load for their capacity."""

    gini: float
    most_to_mean: float
    daily_most_to_mean: float
    """The same at one noon, averaged over the noons."""
    away: int
    """Cases for whom nobody of the desk had room."""
    passed: int


def a_month(seed: int, *, a_day: float, days: int = 30) -> list[Arrival]:
    """Return a month of traffic shaped by hour and weekday; a resident in ten comes again."""
    dice = random.Random(seed)
    first = datetime(2026, 11, 2, tzinfo=ZONE)
    found: list[Arrival] = []
    for number in range(days):
        day = first + number * DAY
        for _ in range(_poisson(dice, a_day * 7 * WEEKDAYS[day.weekday()] / sum(WEEKDAYS))):
            at = day + timedelta(hours=dice.choices(range(24), HOURS)[0], minutes=dice.uniform(0, 60))
            resident = dice.choice(found).resident if found and dice.random() < 0.1 else len(found)
            found.append(Arrival(at, resident, timedelta(days=dice.lognormvariate(1, 0.6)), at + 7 * DAY))
    return sorted(found, key=lambda arrival: arrival.at)


def a_team(seed: int, count: int, first: datetime, days: int) -> list[Staff]:
    """Return people with office hours, two of them at weekends, of different capacities, each away for a week."""
    dice = random.Random(seed)
    team = []
    for number in range(count):
        weekdays = (*range(5), *((5, 6) if number < 2 else ()))
        duties = tuple(DutyHours(day, *OFFICE, DutyDays.EVERY) for day in weekdays)
        away = first + dice.randrange(max(days - 7, 1)) * DAY
        capacity = CAPACITIES[number % len(CAPACITIES)]
        staff = Staff(number + 1, f"{number}", "", Role.WORKER, 1, capacity=capacity, duties=duties)
        team.append(Staff(**{**vars(staff), "absences": (Away(away, away + 7 * DAY),)}))
    return team


def ours(candidates: Sequence[Candidate]) -> Candidate:
    """Choose as the product does."""
    found = best(candidates)
    assert found is not None
    return found


def at_random(seed: int) -> Chooser:
    """Choose by dice."""
    dice = random.Random(seed)
    return lambda candidates: dice.choice(list(candidates))


def in_turn() -> Chooser:
    """Choose whoever comes after the last one."""
    last = 0

    def choose(candidates: Sequence[Candidate]) -> Candidate:
        nonlocal last
        following = sorted(candidates, key=lambda c: (c.person_id <= last, c.person_id))[0]
        last = following.person_id
        return following

    return choose


@dataclass
class Desk:
    """The team while the cases come."""

    team: list[Staff]
    choose: Chooser
    known: Directory = field(init=False)
    open_: dict[int, dict[int, Arrival]] = field(init=False)
    last: dict[int, datetime] = field(default_factory=dict)
    met: dict[int, int] = field(default_factory=dict)
    loads: dict[int, list[float]] = field(init=False)
    peaks: list[float] = field(default_factory=list)
    away: int = 0
    passed: int = 0
    _ends: list[tuple[datetime, int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        people = {p.id: p for p in self.team}
        self.known = Directory(1, ZONE, AreaTree({}), Catalogue({}), (), people)
        self.open_ = {i: {} for i in people}
        self.loads = {i: [] for i in people}

    def live(self, arrivals: Sequence[Arrival]) -> Fairness:
        """Let all cases come, and say how the load lay."""
        noons = _noons(arrivals)
        noon = next(noons)
        for number, arrival in enumerate(arrivals):
            while noon <= arrival.at:
                self._look(noon)
                noon = next(noons)
            self._finish(arrival.at)
            self._take(number, arrival)
        means = [fmean(found) for found in self.loads.values() if found]
        return Fairness(gini(means), max(means) / fmean(means), fmean(self.peaks), self.away, self.passed)

    def _take(self, number: int, arrival: Arrival) -> None:
        found = weigh(self.team, Asked(), arrival.at, self.known, self._now(arrival))
        fitting = [c for c in found if c.is_free] or [c for c in found if c.can_wait]
        if not fitting:
            self.away += 1
            return
        chosen = self.choose(fitting).person_id
        assert len(self.open_[chosen]) < self.known.people[chosen].capacity
        self.passed += 1
        self.open_[chosen][number] = arrival
        self.last[chosen], self.met[arrival.resident] = arrival.at, chosen
        heappush(self._ends, (arrival.at + arrival.takes, chosen, number))

    def _now(self, arrival: Arrival) -> dict[int, Load]:
        knows = self.met.get(arrival.resident)
        return {
            i: Load(
                len(held),
                self.last.get(i),
                sum(one.due_at < arrival.at + SOON for one in held.values()),
                Knows.RESIDENT if knows == i else Knows.NOTHING,
            )
            for i, held in self.open_.items()
        }

    def _finish(self, until: datetime) -> None:
        while self._ends and self._ends[0][0] <= until:
            _, person, number = heappop(self._ends)
            del self.open_[person][number]

    def _look(self, noon: datetime) -> None:
        self._finish(noon)
        there = [p for p in self.team if not self.known.is_absent(p, noon)]
        found = {p.id: len(self.open_[p.id]) / p.capacity for p in there}
        for person, load in found.items():
            self.loads[person].append(load)
        if found and fmean(found.values()) > 0:
            self.peaks.append(max(found.values()) / fmean(found.values()))


def gini(values: Sequence[float]) -> float:
    """Return 0 where all have the same, towards 1 where one has all."""
    ordered, total = sorted(values), sum(values)
    if not total:
        return 0.0
    ranked = sum(rank * value for rank, value in enumerate(ordered, start=1))
    return 2 * ranked / (len(ordered) * total) - (len(ordered) + 1) / len(ordered)


def _noons(arrivals: Sequence[Arrival]) -> Iterator[datetime]:
    """Yield the noons of weekdays from the eighth day on: before, the desk fills up."""
    noon = arrivals[0].at.replace(hour=12, minute=0, second=0, microsecond=0) + 7 * DAY
    while True:
        if noon.weekday() < 5:
            yield noon
        noon += DAY


def _poisson(dice: random.Random, mean: float) -> int:
    """Return how many came where so many come on average."""
    return sum(dice.random() < mean / 1000 for _ in range(1000))
