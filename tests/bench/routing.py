"""How many decisions a second does one process take with a city's table, and how long does its proof of coverage take?

    python tests/bench/routing.py [--rules 5000] [--areas 8000] [--people 2000] [--seconds 5]

Synthetic: a county of sub-districts of 20 communities each, a desk round the clock in each of them and a worker in
as many communities as there are people; 14 groups of 4 topics; a table of which a third names hours, channels, groups
or grades, and in which the last line takes everything. Requests are drawn beforehand: any topic, area, hour of a week.
Loading is not measured: a process reads the table once for each version. Beside the time on the clock stands the time
that the process had a processor, which other work on the machine does not lengthen.
"""

import argparse
import platform
import random
import resource
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from time import perf_counter, process_time
from zoneinfo import ZoneInfo

from service.accounts.rules import DutyHours, Role
from service.areas.rules import AreaLevel, AreaTree, Place
from service.categories.rules import Catalogue, Topic
from service.routing.choosing import Load
from service.routing.coverage import cover
from service.routing.desks import single_points, unguarded
from service.routing.details import CHANNELS, FOCUS_GROUPS
from service.routing.directory import Directory, Rule, Staff
from service.routing.hours import read_hours
from service.routing.rules import Request, candidates_of, route
from sla_policies.policy import Grade

TARGET, COVERAGE_TARGET = 5_000, 10.0
NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
DAYS = tuple(DutyHours(day, time(8, 30), time(17, 30)) for day in range(5))
ALWAYS = tuple(DutyHours(day, time(0), time(0)) for day in range(7))
COMMUNITIES = 20
SOME_HOURS = tuple(read_hours(text) for text in ("night", "holiday", "workday 08:30-17:30", "Sat-Sun 09:00-17:00"))


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, default=5_000)
    parser.add_argument("--areas", type=int, default=8_000)
    parser.add_argument("--people", type=int, default=2_000)
    parser.add_argument("--seconds", type=float, default=5)
    asked = parser.parse_args()
    known = city(asked.rules, asked.areas, asked.people)
    print(f"{machine()}; Python {platform.python_version()}, one process")
    print(f"{len(known.rules):,} lines, {len(known.areas.places):,} areas, {len(known.people):,} people\n")
    decisions(known, asked.seconds)
    coverage(known)
    print(f"\nMost memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def machine() -> str:
    """Return the processor and how many of it there are."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    models = [line.split(":", 1)[1].strip() for line in info.splitlines() if line.startswith("model name")]
    return f"{models[0] if models else platform.processor()} × {max(len(models), 1)}"


def decisions(known: Directory, seconds: float) -> None:
    """Print how long it takes to arrange the table, and how many decisions a second are taken with it."""
    begun = perf_counter()
    table = known.table(NOW)
    first = route(Request("T00", next(iter(known.areas.places)), Grade.G3, NOW), known, {})
    assert first.person is not None
    print(f"Table arranged and first decision: {(perf_counter() - begun) * 1000:.0f} ms")
    dice = random.Random(5)
    asked, loads = requests(known, 50_000, dice), {i: Load(dice.randrange(15)) for i in known.people}
    done, begun, busy, because = 0, perf_counter(), process_time(), Counter[str]()
    times: list[float] = []
    while perf_counter() - begun < seconds:
        for one in asked[done % len(asked) : done % len(asked) + 500]:
            started = perf_counter()
            because[route(one, known, loads).chosen_because] += 1
            times.append(perf_counter() - started)
        done += 500
    busy = process_time() - busy
    times.sort()
    rate = done / sum(times)
    p99 = times[len(times) * 99 // 100] * 1e6
    print(f"route: {rate:,.0f} decisions a second (target above {TARGET:,}), p99 {p99:.0f} µs")
    print(f"       {done / busy:,.0f} for each second of a processor")
    print(f"       {', '.join(f'{why} {n / done:.0%}' for why, n in because.most_common())}")
    begun = perf_counter()
    for one in asked[:5_000]:
        candidates_of(one, known)
    print(f"candidates_of: {5_000 / (perf_counter() - begun):,.0f} a second")
    assert len(table.version.rules) == len(known.rules)


def coverage(known: Directory) -> None:
    """Print how long the proof takes that every topic in every area has somebody at every hour."""
    fresh = Directory(2, known.zone, AreaTree(known.areas.places), known.catalogue, known.rules, known.people)
    begun, busy = perf_counter(), process_time()
    found = cover(fresh, NOW)
    table = perf_counter() - begun
    desks, single = unguarded(fresh, NOW), single_points(fresh, fresh.table(NOW))
    whole, busy = perf_counter() - begun, process_time() - busy
    print(f"coverage: {whole:.2f} s (target below {COVERAGE_TARGET:.0f}), of it the table {table:.2f} s")
    print(f"          {busy:.2f} s of a processor")
    print(f"          {found.pairs:,} pairs of topic and area × 168 hours stood in {found.classes:,} classes")
    print(
        f"          {len(found.gaps)} gaps, {len(found.idle)} idle lines, {len(found.broken)} broken in places,"
        f" {len(desks)} desks unguarded, {len(single)} single points"
    )


def city(rules: int, areas: int, people: int) -> Directory:
    """Return a county with a desk in each sub-district, and a table for it."""
    dice = random.Random(7)
    places = {1: place(1, None, AreaLevel.COUNTY)}
    while len(places) < areas:
        above = len(places) + 1
        places[above] = place(above, 1, AreaLevel.SUBDISTRICT)
        for number in range(above + 1, min(above + 1 + COMMUNITIES, areas + 1)):
            places[number] = place(number, above, AreaLevel.COMMUNITY)
    topics = {}
    for group in range(14):
        topics[f"T{group:02d}"] = Topic(len(topics) + 1, f"T{group:02d}", None, "", "", Grade.G3)
        for below in range(4):
            code = f"T{group:02d}{below}"
            topics[code] = Topic(len(topics) + 1, code, f"T{group:02d}", "", "", dice.choice(list(Grade)))
    staff = everybody(places, people)
    lines = tuple(table_of(rules, topics, places, staff, dice))
    return Directory(1, ZoneInfo("Asia/Shanghai"), AreaTree(places), Catalogue(topics), lines, staff)


def place(number: int, parent: int | None, level: AreaLevel) -> Place:
    """Return an area."""
    return Place(number, parent, level, f"{number:06d}", f"区{number}", f"Area {number}", "", "")


def everybody(places: dict[int, Place], people: int) -> dict[int, Staff]:
    """Return a district desk, a triage desk in each sub-district, and workers in communities."""
    found = [Staff(1, "", "", Role.DISTRICT, 1, duties=ALWAYS)]
    by_level = {level: [p.id for p in places.values() if p.level is level] for level in AreaLevel}
    for area_id in by_level[AreaLevel.SUBDISTRICT]:
        found.append(Staff(len(found) + 1, "", "", Role.TRIAGE, area_id, duties=ALWAYS))
    communities = by_level[AreaLevel.COMMUNITY]
    while len(found) < people:
        area_id = communities[len(found) * 7 % len(communities)]
        found.append(Staff(len(found) + 1, "", "", Role.WORKER, area_id, duties=DAYS))
    return {person.id: person for person in found}


def table_of(
    rules: int, topics: dict[str, Topic], places: dict[int, Place], staff: dict[int, Staff], dice: random.Random
) -> list[Rule]:
    """Return exceptions of all kinds, and below them what takes everything."""
    lines: list[Rule] = []
    codes, area_ids, person_ids = list(topics), list(places), list(staff)
    while len(lines) < rules - 2:
        condition = dice.randrange(12)
        target = dice.randrange(10)
        lines.append(
            Rule(
                len(lines) + 1,
                len(lines) + 1,
                dice.choice(codes),
                dice.choice(area_ids),
                target_level=AreaLevel.SUBDISTRICT if target < 8 else None,
                target_person_id=dice.choice(person_ids) if target >= 8 else None,
                target_role=Role.TRIAGE if target < 8 else Role.WORKER,
                hours=dice.choice(SOME_HOURS) if condition == 0 else read_hours(""),
                channels=frozenset({dice.choice(CHANNELS)}) if condition == 1 else frozenset(),
                focus_groups=frozenset({dice.choice(FOCUS_GROUPS)}) if condition == 2 else frozenset(),
                grades=frozenset({dice.choice(list(Grade))}) if condition == 3 else frozenset(),
            )
        )
    last = len(lines) + 1
    everything = Rule(last, last, target_level=AreaLevel.COMMUNITY)
    return [*lines, everything, Rule(last + 1, last + 1, target_level=AreaLevel.SUBDISTRICT, target_role=Role.TRIAGE)]


def requests(known: Directory, count: int, dice: random.Random) -> Sequence[Request]:
    """Return requests of any topic, from any area, at any hour of a week."""
    topics = list(known.catalogue.topics.values())
    area_ids = list(known.areas.places)
    found = []
    for _ in range(count):
        topic, at = dice.choice(topics), NOW + timedelta(minutes=dice.randrange(10_080))
        group = frozenset({dice.choice(FOCUS_GROUPS)}) if dice.random() < 0.2 else frozenset[str]()
        found.append(
            Request(
                topic.code, dice.choice(area_ids), topic.grade, at, channel=dice.choice(CHANNELS), focus_groups=group
            )
        )
    return found


if __name__ == "__main__":
    main()
