"""Which lived case is cast when? Ended ones all through the past, open ones as young as they must be."""

import random
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate

from sqlmodel import Session

from service.demo import standing
from service.demo.arrivals import A_DAY, DAY, HOURS, DayOf, days_back, drawn
from service.demo.cases import LATEST, MONTH, deliver_the_past, from_the_start, whole_life
from service.demo.casts import Mould
from service.demo.life import Life
from service.demo.people import People
from service.demo.stories import Teller
from service.demo.town import Town
from service.demo.world import World
from service.timekeeping import ZONE

OLDER, YOUNGER, YOUNG = 110, 120, 5
"""So many cases are lived in the month, and so many in its last days, most of which are still open."""
WAITING = (standing.ignored, standing.signed_only, standing.returned, standing.transferred, standing.sent_back)
EACH, WITHIN = 6, 9
"""So many more of each kind wait for somebody, and came in within so many hours."""
MANY, LEAST = 5_000, 0.25
"""From so many cases on as much is lived as is said here; of fewer a part, at least this one."""
MARGIN = 30 * 60
"""Seconds: what falls due sooner is no mould, so that everything is well when the filling is over."""
OLDEST = 60 * DAY
"""Open cases are at most so old, where nothing falls due on them any more."""
OFTEN = 3 * DAY
"""Those that can stand longer are no more often than those that can stand so long."""
RESTING_DAYS = 3
"""Resolved cases wait for a rating: about so many days' worth of them (own)."""
SKEW = 0.8
"""The second place has this power of a half of the first one's cases, the third of a third, and so on (own)."""


def live_a_while(
    session: Session, town: Town, people: People, now: datetime, dice: random.Random, *, cases: int
) -> None:
    """Let a month pass in which most requests come in at its end, so that there are many moulds of open cases.

    For so few `cases` that hardly any mould would be cast twice, fewer are lived.
    """
    share = min(max(cases / MANY, LEAST), 1.0)
    world = World(session, people, dice, now - timedelta(days=MONTH))
    teller = Teller(town, dice)
    ages = [dice.uniform(YOUNG, MONTH - 1) for _ in range(int(OLDER * share))]
    ages += [dice.uniform(0, YOUNG) for _ in range(int(YOUNGER * share))]
    for age in ages:
        at = (now - timedelta(days=age)).astimezone(ZONE)
        at = at.replace(hour=dice.choices(range(24), weights=HOURS)[0]).astimezone(now.tzinfo)
        if at > now - LATEST:
            at -= timedelta(days=1)
        world.begin(at, whole_life(Life(world, teller.tell()), dice))
    for course in WAITING * int(EACH * share):
        world.begin(now - timedelta(hours=dice.uniform(1, WITHIN)), from_the_start(Life(world, teller.tell()), course))
    world.run(now)
    deliver_the_past(session, now)


@dataclass(frozen=True)
class Shelf:
    """Moulds, those first that lasted shortest, with how often each is drawn."""

    moulds: Sequence[Mould]
    lasted: Sequence[int]
    cumulated: Sequence[float]

    @classmethod
    def of(cls, moulds: Sequence[Mould], weights: Sequence[float]) -> "Shelf":
        """Return a shelf of these moulds."""
        ordered = sorted(zip(moulds, weights, strict=True), key=lambda pair: pair[0].lasted)
        return cls(
            [mould for mould, _ in ordered],
            [mould.lasted for mould, _ in ordered],
            list(accumulate(weight for _, weight in ordered)),
        )

    def drawn(self, dice: random.Random, age: float = float("inf")) -> Mould:
        """Return one that fits into so many seconds, at least the one that lasted shortest."""
        return self.moulds[drawn(self.cumulated, dice, max(bisect_right(self.lasted, age), 1))]


@dataclass(frozen=True)
class Plan:
    """What is cast when: on each day so many ended cases, and the ones that still stand, each at its second."""

    days: Sequence[DayOf]
    standing: dict[int, list[tuple[int, Mould]]]
    """By the midnight of their day, in seconds since 1970."""
    ended: Shelf
    until: int
    """Nothing happened later, and"""
    latest: int
    """nothing that has ended came in later."""
    open: int

    def count(self, day: DayOf) -> int:
        """Return how many cases come in on a day."""
        return day.count + len(self.standing.get(day.midnight, ()))


def planned(moulds: Sequence[Mould], cases: int, open_cases: int, now: datetime, dice: random.Random) -> Plan:
    """Return what is cast when. Errors: ValueError where too little was lived."""
    until = int(now.timestamp()) - 1
    ended = [m for m in moulds if m.is_ended and m.stands_until is None]
    standing = [m for m in moulds if m not in ended and _window(m) > 0]
    at_work, resting = [m for m in standing if not m.is_ended], [m for m in standing if m.is_ended]
    if not ended or not at_work:
        raise ValueError("too little was lived here to make a city of it: no case ended, or none is open")
    rest = min(cases // 20, RESTING_DAYS * A_DAY) if resting else 0
    spots = _spots(at_work, open_cases, until, dice) + _spots(resting, rest, until, dice)
    shelf = Shelf.of(ended, _by_place(ended))
    latest = until - shelf.lasted[0]
    days = days_back(cases - len(spots), datetime.fromtimestamp(latest, now.tzinfo), dice)
    plan = Plan(days, defaultdict(list), shelf, until, latest, open_cases)
    for received, mould in spots:
        plan.standing[_midnight(received)].append((received, mould))
    known = {day.midnight for day in days}
    others = [
        DayOf(datetime.fromtimestamp(midnight, ZONE).date(), midnight, 0, is_storm=False)
        for midnight in plan.standing
        if midnight not in known
    ]
    return replace(plan, days=sorted([*days, *others], key=lambda day: day.midnight))


def _spots(moulds: Sequence[Mould], count: int, until: int, dice: random.Random) -> list[tuple[int, Mould]]:
    """Return so many standing cases with the second at which each came in: the longer one can stand, the more."""
    if not count:
        return []
    weights = [place * min(_window(m), OFTEN) ** 0.5 for place, m in zip(_by_place(moulds), moulds, strict=True)]
    chosen = dice.choices(moulds, weights=weights, k=count)
    return [(until - m.lasted - int(dice.random() * _window(m)), m) for m in chosen]


def _window(mould: Mould) -> int:
    """Return for how many seconds a standing case stands as it does."""
    until = OLDEST + mould.lasted if mould.stands_until is None else mould.stands_until - MARGIN
    return min(until - mould.lasted, OLDEST)


def _by_place(moulds: Sequence[Mould]) -> list[float]:
    """Return a weight for each mould, so that few places have most of the cases, however many moulds each has."""
    counts = Counter(mould.area_id for mould in moulds)
    rank = {area_id: place for place, (area_id, _) in enumerate(counts.most_common(), 1)}
    return [rank[m.area_id] ** -SKEW / counts[m.area_id] for m in moulds]


def _midnight(second: int) -> int:
    day = datetime.fromtimestamp(second, ZONE).replace(hour=0, minute=0, second=0)
    return int(day.timestamp())
