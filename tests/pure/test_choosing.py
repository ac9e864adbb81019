from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.accounts.rules import Away, Role
from service.routing.choosing import Candidate, Knows, Load, best, explained
from service.routing.directory import Rule, Staff
from service.routing.rules import RoutingDecision, candidates_of, route
from sla_policies.policy import Grade
from tests.pure.test_routing import (
    ALWAYS,
    BOSS,
    COUNTY_DESK,
    DAYS,
    DESK,
    EVERYTHING,
    LI,
    MONDAY_10,
    NIGHT,
    PEOPLE,
    SHORE,
    SUN,
    ZHAO,
    request,
    town,
)

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The machine may be busy with other things."""
HEAD = 13
WITH_HEAD = PEOPLE | {HEAD: Staff(HEAD, "何军", "", Role.HEAD, SHORE, duties=DAYS)}
TODAY = (MONDAY_10 - timedelta(days=1), MONDAY_10 + timedelta(days=1))
AWAY = Away(*TODAY)
FULL = {LI: Load(20), SUN: Load(20)}


def changed(**by_name: Mapping[str, Any]) -> dict[int, Staff]:
    ids = {"li": LI, "sun": SUN, "head": HEAD, "desk": DESK, "boss": BOSS, "county": COUNTY_DESK, "zhao": ZHAO}
    return WITH_HEAD | {ids[name]: replace(WITH_HEAD[ids[name]], **what) for name, what in by_name.items()}


def chosen(people: dict[int, Staff], loads: Mapping[int, Load] | None = None, **asked: Any) -> tuple[int, str]:
    decision = route(request(**asked), town(EVERYTHING, people=people), loads or {})
    assert decision.person is not None
    return decision.person.id, decision.chosen_because


def why(decision: RoutingDecision) -> dict[int, str]:
    return {c.person_id: c.why for c in decision.candidates}


def test_who_knows_the_topic_comes_first_whatever_they_hold() -> None:
    people = changed(sun={"topics": frozenset({"A"})})
    assert chosen(people, {SUN: Load(19)}, topic="A03") == (SUN, "on-duty")
    assert chosen(people, {SUN: Load(19)}, topic="C05") == (LI, "on-duty")
    assert chosen(people, {SUN: Load(20)}, topic="A03") == (LI, "on-duty")


def test_who_speaks_the_language_of_the_resident_comes_first() -> None:
    people = changed(sun={"languages": frozenset({"en"})})
    decision = route(replace(request(), language="en"), town(EVERYTHING, people=people), {SUN: Load(3)})
    assert decision.person == people[SUN]
    assert why(decision) == {LI: "skill", SUN: "chosen"}
    assert chosen(people, {SUN: Load(3)}) == (LI, "on-duty")


@pytest.mark.parametrize(
    ("loads", "expected", "reason"),
    [
        ({SUN: Load(9, knows=Knows.MATTER), LI: Load(0, knows=Knows.RESIDENT)}, SUN, "continuity"),
        ({SUN: Load(9, knows=Knows.RESIDENT)}, SUN, "continuity"),
        ({SUN: Load(5), LI: Load(3, runs_out_soon=3)}, SUN, "load"),
        ({SUN: Load(5), LI: Load(3, runs_out_soon=1)}, LI, "load"),
        ({SUN: Load(1, MONDAY_10), LI: Load(1, MONDAY_10 - timedelta(hours=1))}, LI, "idle"),
        ({}, LI, "order"),
    ],
)
def test_continuity_then_load_then_idle_time(loads: dict[int, Load], expected: int, reason: str) -> None:
    decision = route(request(), town(EVERYTHING), loads)
    assert decision.person is not None
    assert decision.person.id == expected
    assert why(decision)[LI + SUN - expected] == reason


def test_a_skill_counts_more_than_knowing_the_resident() -> None:
    people = changed(sun={"topics": frozenset({"C05"})})
    assert chosen(people, {LI: Load(0, knows=Knows.MATTER), SUN: Load(9)}) == (SUN, "on-duty")


@pytest.mark.parametrize(
    ("people", "loads", "expected"),
    [
        (changed(), FULL, (HEAD, "unit-desk")),
        (changed(li={"capacity": 0}, sun={"capacity": 0}), {}, (HEAD, "unit-desk")),
        (changed(li={"absences": (AWAY,)}, sun={"absences": (AWAY,)}), {}, (HEAD, "unit-desk")),
        (changed(head={"capacity": 0}), FULL, (DESK, "desk")),
        (changed(head={"absences": (AWAY,)}, desk={"capacity": 0}), FULL, (BOSS, "desk")),
        (changed(head={"capacity": 0}, desk={"capacity": 0}, boss={"capacity": 0}), FULL, (COUNTY_DESK, "desk")),
        (
            changed(head={"capacity": 0}, desk={"capacity": 0}, boss={"capacity": 0}, county={"capacity": 0}),
            FULL,
            (DESK, "desk-full"),
        ),
        ({i: replace(p, absences=(AWAY,)) for i, p in WITH_HEAD.items()}, {}, (DESK, "desk-full")),
    ],
)
def test_who_cannot_take_it_gives_way_to_the_next_desk_and_somebody_always_has_it(
    people: dict[int, Staff], loads: dict[int, Load], expected: tuple[int, str]
) -> None:
    assert chosen(people, loads) == expected


def test_a_decision_bounds_what_may_be_held_except_at_the_last_desk() -> None:
    assert route(request(), town(EVERYTHING, people=WITH_HEAD), {}).most == 20
    nobody_has_room = {i: replace(p, capacity=0) for i, p in WITH_HEAD.items()}
    assert route(request(), town(EVERYTHING, people=nobody_has_room), {}).most is None


def test_who_stands_in_takes_it_before_the_desks() -> None:
    away = Away(*TODAY, substitute_id=ZHAO)
    people = changed(li={"absences": (away,)}, sun={"absences": (AWAY,)})
    decision = route(request(), town(EVERYTHING, people=people), {})
    assert decision.person == people[ZHAO]
    assert decision.chosen_because == "substitute"
    assert why(decision) == {LI: "away", SUN: "away", ZHAO: "chosen"}
    assert chosen(people, {ZHAO: Load(20)}) == (HEAD, "unit-desk")
    assert chosen(changed(li={"absences": (away,)})) == (SUN, "on-duty")


def test_who_stands_in_for_the_person_a_rule_names_has_it() -> None:
    named = Rule(1, 1, target_person_id=LI)
    people = changed(li={"absences": (Away(*TODAY, substitute_id=ZHAO),)})
    decision = route(request(), town(named, people=people), {})
    assert (decision.person, decision.chosen_because) == (people[ZHAO], "substitute")
    assert route(request(), town(named, people=changed()), {}).chosen_because == "named"


def test_a_circle_of_those_who_stand_in_leads_to_the_desk() -> None:
    people = changed(
        li={"absences": (Away(*TODAY, substitute_id=SUN),)}, sun={"absences": (Away(*TODAY, substitute_id=LI),)}
    )
    assert chosen(people) == (HEAD, "unit-desk")


def test_the_head_is_not_woken_for_what_waits_and_not_passed_over_by_day() -> None:
    assert chosen(changed(), at=NIGHT) == (LI, "off-duty")
    assert chosen(changed(), at=NIGHT, grade=Grade.G1) == (DESK, "desk")
    assert chosen(changed(head={"duties": ALWAYS}), at=NIGHT, grade=Grade.G1) == (HEAD, "unit-desk")
    assert chosen(changed(), FULL, at=NIGHT) == (HEAD, "unit-desk")


def test_a_decision_says_of_everybody_why_not_them() -> None:
    people = changed(li={"absences": (AWAY,)}, sun={"capacity": 0}, head={"capacity": 0})
    decision = route(request(), town(EVERYTHING, people=people), {})
    assert why(decision) == {LI: "away", SUN: "full", HEAD: "full", DESK: "chosen"}
    told = decision.reasons()["candidates"]
    assert [c["why"] for c in told] == ["away", "full", "full", "chosen"]
    assert told[0].keys() >= {"runs_out_soon", "skills", "knows"}


def test_with_nobody_at_all_nothing_is_said_of_a_chosen_one() -> None:
    decision = route(request(), town(EVERYTHING, people={}), {})
    assert (decision.person, decision.candidates, decision.most) == (None, (), None)


MOMENTS = st.none() | st.integers(0, 5).map(lambda hours: MONDAY_10 - timedelta(hours=hours))
SOME = st.builds(
    Candidate,
    person_id=st.integers(1, 9),
    on_duty=st.booleans(),
    absent=st.booleans(),
    open_cases=st.integers(0, 4),
    capacity=st.integers(0, 4),
    last_assigned_at=MOMENTS,
    runs_out_soon=st.integers(0, 2),
    skills=st.integers(0, 2),
    knows=st.sampled_from(Knows),
)


@CALM
@given(several=st.lists(SOME, min_size=1, max_size=6, unique_by=lambda c: c.person_id), seed=st.randoms())
def test_the_choice_does_not_depend_on_the_order_and_says_why(several: list[Candidate], seed: Any) -> None:
    first = best(several)
    mixed = list(several)
    seed.shuffle(mixed)
    assert best(mixed) == first
    told = explained(several, first)
    assert [c.why == "chosen" for c in told] == [c == first for c in several]
    assert all(c.why for c in told)


@CALM
@given(held=st.dictionaries(st.sampled_from(sorted(WITH_HEAD)), st.integers(0, 30)), hour=st.integers(0, 23))
def test_whatever_they_hold_somebody_has_it_and_only_a_desk_more_than_it_can(held: dict[int, int], hour: int) -> None:
    known = town(EVERYTHING, people=WITH_HEAD)
    asked = request(at=MONDAY_10.replace(hour=hour))
    decision = route(asked, known, {i: Load(count) for i, count in held.items()})
    assert decision.person is not None
    assert {c.person_id for c in decision.candidates} <= candidates_of(asked, known)
    is_overfull = held.get(decision.person.id, 0) >= decision.person.capacity
    assert is_overfull is (decision.chosen_because == "desk-full")
    assert decision.most == (None if is_overfull else decision.person.capacity)
