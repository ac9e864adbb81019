"""Does every path of the ladder lead on to somebody, whoever is away and whoever answers?

Each state that can be reached is looked at: of every ladder of every pack, for a case of a community, a sub-district
and a county, with a holder and without, with each set of rungs away; and where everybody, one or nobody is there, with
every question answered or not. The sweep's own decision (`taking.decide`) is asked, without a database.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from itertools import product
from types import SimpleNamespace
from typing import Any

import pytest

from service.accounts.rules import Away, DutyHours, Role
from service.areas.rules import AreaLevel, AreaTree, Place
from service.cases.rules import CaseStatus
from service.categories.rules import Catalogue
from service.clocks.tables import ClockRow
from service.escalations.climbing import is_spent, next_climb
from service.escalations.looking import Batch, Due
from service.escalations.rules import FALLS_TO, RUNGS, Held, reached
from service.escalations.tables import Escalation
from service.escalations.taking import as_asked, decide
from service.routing.directory import Directory, Staff
from service.timekeeping import ZONE
from sla_policies.climbing import Asked, Climbing, unanswered
from sla_policies.clock import Clock, ClockEvent, ClockState, EventKind
from sla_policies.documents import FOLDER
from sla_policies.escalation import TOP
from sla_policies.policy import OF_ORDERS, OF_PARTS, Budget, Grade, Metric, PolicyBook, SlaPolicy, TimeKind
from sla_policies.versions import pack_names, read_versions

MONDAY = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
ALWAYS = tuple(DutyHours(day, time(0), time(0)) for day in range(7))
AWAY = (Away(MONDAY - timedelta(days=90), MONDAY + timedelta(days=400)),)
COUNTY, LAKE, SHORE = 1, 2, 3
AREAS = AreaTree(
    {
        COUNTY: Place(COUNTY, None, AreaLevel.COUNTY, "91", "", "", "", ""),
        LAKE: Place(LAKE, COUNTY, AreaLevel.SUBDISTRICT, "92", "", "", "", ""),
        SHORE: Place(SHORE, LAKE, AreaLevel.COMMUNITY, "93", "", "", "", ""),
    }
)
WORKER, HEAD, DESK, SUPERVISOR, DISTRICT, ADMIN = 10, 11, 20, 21, 30, 40
PEOPLE = (
    Staff(WORKER, "", "", Role.WORKER, SHORE, duties=ALWAYS),
    Staff(HEAD, "", "", Role.HEAD, SHORE, duties=ALWAYS),
    Staff(DESK, "", "", Role.TRIAGE, LAKE, duties=ALWAYS),
    Staff(SUPERVISOR, "", "", Role.SUPERVISOR, LAKE, duties=ALWAYS),
    Staff(DISTRICT, "", "", Role.DISTRICT, COUNTY, duties=ALWAYS),
    Staff(ADMIN, "", "", Role.ADMIN, COUNTY, duties=ALWAYS),
)
RUNG_PEOPLE = (WORKER, HEAD, DESK, SUPERVISOR, DISTRICT)
EVERYBODY_IN = (True,) * len(RUNG_PEOPLE)
WHO_IS_THERE = list(product((True, False), repeat=len(RUNG_PEOPLE)))
MOST_LOOKS = 60


def town(there: tuple[bool, ...], *, gone: bool = False) -> Directory:
    """The town with some of its people away without a substitute, or not in it at all."""
    missing = {person for person, is_in in zip(RUNG_PEOPLE, there, strict=True) if not is_in}
    people = {p.id: replace(p, absences=AWAY if p.id in missing else ()) for p in PEOPLE}
    kept = {i: p for i, p in people.items() if not (gone and i in missing)}
    return Directory(1, ZONE, AREAS, Catalogue({}), (), kept)


def books() -> dict[str, PolicyBook]:
    return {pack: read_versions(FOLDER, pack)[-1] for pack in pack_names(FOLDER / "policies")}


BOOKS = books()
TOWNS = {there: town(there) for there in WHO_IS_THERE}


def ladders(pack: str) -> Iterator[tuple[SlaPolicy, Metric]]:
    """One policy for each ladder of a pack, with each promise that it makes; orders are among them."""
    seen = set()
    for policy in BOOKS[pack].by_name.values():
        for metric in policy.targets:
            steps = tuple(step for step in policy.ladder if step.metric is metric)
            if (steps, repr(policy.climbing)) not in seen:
                seen.add((steps, repr(policy.climbing)))
                yield policy, metric


@dataclass(frozen=True)
class Start:
    pack: str
    policy: SlaPolicy
    metric: Metric
    unit: int
    assignee: int | None
    there: tuple[bool, ...] = EVERYBODY_IN

    @cached_property
    def clock(self) -> Clock:
        target = self.policy.targets[self.metric]
        calendar = BOOKS[self.pack].calendars[target.calendar]
        return Clock(target, calendar, (ClockEvent(MONDAY, EventKind.STARTED),))


def look(start: Start, ledger: list[Escalation], now: datetime, known: Directory) -> tuple[ClockRow, list[Escalation]]:
    """Look at the clock as the sweep does; return its row and everything in the ledger after it."""
    clock = start.clock
    row: Any = SimpleNamespace(id=1, metric=start.metric, instance=1, breached_at=None, next_action_at=now)
    place: Any = {"area_id": start.unit, "unit_id": start.unit, "assignee_id": start.assignee}
    case: Any = SimpleNamespace(id=7, number="n", status=CaseStatus.ASSIGNED, **place)
    batch = Batch(known, now)
    order: Any = None
    if start.metric in OF_ORDERS:
        order = SimpleNamespace(unit_id=start.unit, person_id=start.assignee, issued_by_id=SUPERVISOR)
    part: Any = None
    if start.metric in OF_PARTS:
        part = SimpleNamespace(id=3, unit_id=start.unit, person_id=start.assignee, asked_by_id=SUPERVISOR)
    decide(Due(row, case, clock, start.policy, ledger, False, order, part), batch)
    added: list[Any] = [SimpleNamespace(acknowledged_at=None, **values) for values in batch.escalations]
    return row, [*ledger, *added]


def faults(start: Start, row: ClockRow, ledger: list[Escalation], now: datetime) -> Iterator[str]:
    """What is wrong with a state: somebody unheard, a step twice, or a missing answer that nothing follows."""
    keys = [one.step for one in ledger]
    yield from (f"{key} twice" for key in set(keys) if keys.count(key) > 1)
    yield from (f"{one.step} told nobody" for one in ledger if not one.skipped and not one.person_ids)
    climbing = start.policy.climbing
    assert climbing is not None
    asked = [as_asked(one) for one in ledger if one.acknowledge_by and not one.skipped]
    for one in unanswered(asked):
        if is_spent(one, asked, climbing):
            if TOP not in one.roles:
                yield f"{one.key} is given up below the top"
        elif row.next_action_at is None or row.next_action_at > max(one.answer_by, now):
            yield f"{one.key} waits for an answer until {one.answer_by}, and nobody looks then"
    if row.next_action_at is not None and row.next_action_at <= now:
        yield "the same moment is looked at for ever"
    if row.next_action_at is None and not ledger:
        yield "nothing ever happens"


def answered(ledger: list[Escalation], now: datetime) -> list[Escalation]:
    """The ledger after the newest question was answered."""
    copied: list[Any] = [SimpleNamespace(**vars(one)) for one in ledger]
    newest = next(one for one in reversed(copied) if one.acknowledge_by and not one.skipped)
    newest.acknowledged_at = now
    return copied


def explored(start: Start, *, answers: bool) -> Iterator[str]:
    """Go through every state that can be reached: time passes, or (with `answers`) the newest question is answered."""
    todo: list[tuple[datetime, list[Escalation], int]] = [(MONDAY + timedelta.resolution, [], 0)]
    ends = 0
    while todo:
        now, ledger, looks = todo.pop()
        row, ledger = look(start, ledger, now, TOWNS[start.there])
        yield from faults(start, row, ledger, now)
        if looks > MOST_LOOKS:
            yield "it goes on for ever"
            return
        if row.next_action_at is None:
            ends += 1
            yield from not_ended_well(start, ledger)
            continue
        todo.append((row.next_action_at, ledger, looks + 1))
        asked = [one for one in ledger if one.acknowledge_by and not one.skipped]
        if answers and asked and asked[-1].acknowledged_at is None and asked[-1].raised_at == now:
            todo.append((row.next_action_at, answered(ledger, now + timedelta(minutes=1)), looks + 1))
    if not ends:
        yield "no path comes to its end"


def not_ended_well(start: Start, ledger: list[Escalation]) -> Iterator[str]:
    """Where nothing follows any more, whoever was asked has answered, or the top was asked as often as is said."""
    asked = [as_asked(one) for one in ledger if one.acknowledge_by and not one.skipped]
    if any(step.asks for step in start.policy.ladder if step.metric is start.metric) and not asked:
        yield "nobody was ever asked"
    if asked and all(one.answered_at is None for one in asked) and not any(TOP in one.roles for one in asked):
        yield "nobody answered, and the top was never asked"


@pytest.mark.parametrize("unit", [SHORE, LAKE, COUNTY])
def test_no_path_ends_in_nothing(unit: int) -> None:
    for policy, metric in ladders("national"):
        for there, assignee in product(WHO_IS_THERE, (WORKER, None)):
            start = Start("national", policy, metric, unit, assignee, there)
            found = next(explored(start, answers=sum(there) in (0, 1, 5)), None)
            assert found is None, (policy.name, metric, unit, assignee, there, found)


@pytest.mark.parametrize("pack", sorted(BOOKS))
def test_no_path_of_any_pack_ends_in_nothing(pack: str) -> None:
    for policy, metric in ladders(pack):
        for there in (EVERYBODY_IN, (False,) * 5):
            found = next(explored(Start(pack, policy, metric, SHORE, WORKER, there), answers=all(there)), None)
            assert found is None, (policy.name, metric, there, found)


@pytest.mark.parametrize("unit", [SHORE, LAKE, COUNTY])
def test_people_may_come_and_go_while_it_climbs(unit: int) -> None:
    dice = random.Random(unit)
    choices = list(ladders("national"))
    for _ in range(150):
        policy, metric = dice.choice(choices)
        start = Start("national", policy, metric, unit, dice.choice((WORKER, None)))
        now: datetime | None = MONDAY + timedelta.resolution
        ledger: list[Escalation] = []
        for _ in range(MOST_LOOKS):
            assert now is not None
            row, ledger = look(start, ledger, now, TOWNS[dice.choice(WHO_IS_THERE)])
            assert list(faults(start, row, ledger, now)) == []
            now = row.next_action_at
            if now is None:
                break
        assert now is None
        assert list(not_ended_well(start, ledger)) == []


@pytest.mark.parametrize("unit", [SHORE, LAKE, COUNTY])
@pytest.mark.parametrize("role", ["handler", "addressee", "issuer", *(name for name, *_ in RUNGS)])
def test_every_role_has_somebody_wherever_anybody_is_left(role: str, unit: int) -> None:
    for there, gone, own in product(WHO_IS_THERE, (True, False), (WORKER, None)):
        heard = reached(
            role,
            Held(unit, unit, own, () if own is None else (own,), () if own is None else (own,)),
            town(there, gone=gone),
            MONDAY,
        )
        assert heard, (role, unit, there, gone)


def test_the_line_of_every_rung_ends_with_the_district_or_begins_there() -> None:
    for rung, line in FALLS_TO.items():
        assert TOP in (rung, *line)


def test_a_missing_superior_is_the_duty_desks_to_stand_in_for_and_who_holds_nothing_too() -> None:
    def heard(role: str, *away: int, assignee: int | None = WORKER) -> list[int]:
        known = town(tuple(person not in away for person in RUNG_PEOPLE))
        return [p.id for p in reached(role, Held(SHORE, SHORE, assignee), known, MONDAY)]

    assert heard("subdistrict_supervisor") == [SUPERVISOR]
    assert heard("subdistrict_supervisor", SUPERVISOR) == [DESK]
    assert heard("subdistrict_supervisor", SUPERVISOR, DESK) == [DISTRICT]
    assert heard("community_head", HEAD) == [DESK]
    assert heard("district_desk", DISTRICT) == [DESK]
    assert heard("handler", assignee=None) == [DESK]
    assert heard("handler", WORKER) == [HEAD]
    assert heard("district_desk", *RUNG_PEOPLE) == [DISTRICT], "told though away: somebody must be"


def test_a_rung_whose_people_were_asked_already_is_passed_over() -> None:
    hour = Budget(60, TimeKind.ELAPSED)
    climbing = Climbing(dict.fromkeys(("community_head", "subdistrict_supervisor", TOP), hour), hour, 2)
    known = town((True, True, True, False, True))
    asked = [Asked("s", ("community_head",), MONDAY, MONDAY, None, frozenset({HEAD, DESK}))]

    def climb() -> object:
        found = next_climb(
            asked[-1], asked, climbing, lambda role: reached(role, Held(SHORE, SHORE, WORKER), known, MONDAY)
        )
        if found is not None:
            people = frozenset(p.id for p in found.told)
            asked.append(Asked(found.key, (found.rung,), MONDAY, MONDAY, None, people))
        return found and found.key

    # The supervisor is away and the desk that stands in has been asked: straight to the district, twice in all.
    assert [climb(), climb(), climb()] == ["s.district_desk", "s.district_desk.2", None]


def test_a_pause_of_every_promise_comes_to_its_end_by_itself() -> None:
    for book in BOOKS.values():
        for policy in book.by_name.values():
            for target in policy.targets.values():
                for reason in target.pauses_for:
                    begun = Clock(target, book.calendars[target.calendar], (ClockEvent(MONDAY, EventKind.STARTED),))
                    still = begun.with_event(ClockEvent(MONDAY + timedelta(minutes=1), EventKind.PAUSED, reason))
                    assert still.state is ClockState.PAUSED
                    assert still.paused_until is not None, (policy.name, target.metric)


def test_every_ladder_that_asks_says_how_it_climbs() -> None:
    for book in BOOKS.values():
        assert book.orders is not None
        assert book.parts is not None
        assert {policy.grade for policy in book.policies} == set(Grade)
        for policy in book.by_name.values():
            assert policy.climbing is not None, policy.name
