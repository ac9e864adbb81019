from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from service.accounts.rules import Away, DutyHours, Role
from service.areas.rules import AreaLevel, AreaTree, Place
from service.categories.rules import Catalogue, Topic
from service.routing.choosing import Load
from service.routing.directory import Directory, Rule, Staff
from service.routing.hours import read_hours
from service.routing.matching import RuleVersion
from service.routing.rules import Request, candidates_of, route
from sla_policies.policy import Grade

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY_10 = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
NIGHT = MONDAY_10.replace(hour=18)
DAYS = tuple(DutyHours(day, time(8, 30), time(17, 30)) for day in range(5))
ALWAYS = tuple(DutyHours(day, time(0), time(0)) for day in range(7))
COUNTY, LAKE, SHORE, GRID, HILL = 1, 2, 3, 4, 5


def place(number: int, parent: int | None, level: AreaLevel) -> Place:
    return Place(number, parent, level, f"9{number}", f"area {number}", "", "", "")


AREAS = AreaTree(
    {
        COUNTY: place(COUNTY, None, AreaLevel.COUNTY),
        LAKE: place(LAKE, COUNTY, AreaLevel.SUBDISTRICT),
        SHORE: place(SHORE, LAKE, AreaLevel.COMMUNITY),
        GRID: place(GRID, SHORE, AreaLevel.GRID),
        HILL: place(HILL, LAKE, AreaLevel.COMMUNITY),
    }
)
TOPICS = Catalogue(
    {
        "A": Topic(1, "A", None, "", "", Grade.G3),
        "A03": Topic(2, "A03", "A", "", "", Grade.G2),
        "C05": Topic(3, "C05", None, "", "", Grade.G3),
    }
)
LI, SUN, ZHAO, DESK, BOSS, COUNTY_DESK = 10, 11, 12, 20, 21, 30
PEOPLE = {
    p.id: p
    for p in (
        Staff(LI, "李强", "", Role.WORKER, SHORE, duties=DAYS),
        Staff(SUN, "孙丽", "", Role.WORKER, SHORE, duties=DAYS),
        Staff(ZHAO, "赵敏", "", Role.WORKER, HILL, duties=DAYS),
        Staff(DESK, "吴丹", "", Role.TRIAGE, LAKE, duties=ALWAYS),
        Staff(BOSS, "陈静", "", Role.SUPERVISOR, LAKE, duties=DAYS),
        Staff(COUNTY_DESK, "钱波", "", Role.DISTRICT, COUNTY, duties=ALWAYS),
    )
}
EVERYTHING = Rule(1, 100, target_level=AreaLevel.COMMUNITY)


def town(*rules: Rule, people: dict[int, Staff] | None = None) -> Directory:
    return Directory(1, SHANGHAI, AREAS, TOPICS, rules, PEOPLE if people is None else people)


def request(area: int = SHORE, topic: str = "C05", grade: Grade = Grade.G3, at: datetime = MONDAY_10) -> Request:
    return Request(topic, area, grade, at)


def test_a_rule_matches_everything_below_its_category_and_area() -> None:
    rules = (Rule(7, 1, "A", LAKE, target_person_id=BOSS), EVERYTHING)
    assert route(request(GRID, "A03"), town(*rules), {}).rule == rules[0]
    assert route(request(GRID, "C05"), town(*rules), {}).rule == EVERYTHING
    assert route(request(COUNTY, "A03"), town(*rules), {}).rule is None


def test_the_first_rule_wins() -> None:
    first, second = Rule(1, 1, target_person_id=BOSS), Rule(2, 2, target_person_id=DESK)
    assert route(request(), town(first, second), {}).person == PEOPLE[BOSS]


def test_a_grid_is_served_by_its_community() -> None:
    decision = route(request(GRID), town(EVERYTHING), {})
    assert (decision.unit.id, decision.chosen_because) == (SHORE, "on-duty")


@pytest.mark.parametrize(
    ("loads", "chosen"),
    [
        ({}, LI),
        ({LI: Load(1)}, SUN),
        ({LI: Load(1), SUN: Load(1, MONDAY_10)}, LI),
        ({LI: Load(1, MONDAY_10), SUN: Load(1, MONDAY_10 - timedelta(hours=1))}, SUN),
        ({LI: Load(0, MONDAY_10), SUN: Load(0)}, SUN),
    ],
)
def test_the_least_loaded_gets_it_and_then_who_waited_longest(loads: dict[int, Load], chosen: int) -> None:
    person = route(request(), town(EVERYTHING), loads).person
    assert person is not None
    assert person.id == chosen


def test_load_is_weighed_by_capacity() -> None:
    people = PEOPLE | {LI: replace(PEOPLE[LI], capacity=40), SUN: replace(PEOPLE[SUN], capacity=10)}
    person = route(request(), town(EVERYTHING, people=people), {LI: Load(6), SUN: Load(3)}).person
    assert person is not None
    assert person.id == LI


def test_who_is_away_is_passed_over() -> None:
    away = Away(MONDAY_10 - timedelta(days=1), MONDAY_10 + timedelta(days=1))
    people = PEOPLE | {LI: replace(PEOPLE[LI], absences=(away,))}
    person = route(request(), town(EVERYTHING, people=people), {SUN: Load(19)}).person
    assert person is not None
    assert person.id == SUN


@pytest.mark.parametrize(
    ("grade", "person", "because"),
    [(Grade.G1, DESK, "desk"), (Grade.G2, DESK, "desk"), (Grade.G3, LI, "off-duty"), (Grade.C, LI, "off-duty")],
)
def test_at_night_only_the_urgent_wakes_somebody(grade: Grade, person: int, because: str) -> None:
    decision = route(request(grade=grade, at=NIGHT), town(EVERYTHING), {})
    assert decision.person is not None
    assert (decision.person.id, decision.chosen_because, decision.unit.id) == (person, because, SHORE)


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (Rule(9, 1, target_person_id=999), "person-gone"),
        (Rule(9, 1, target_area_id=999), "unit-gone"),
        (Rule(9, 1, target_level=AreaLevel.COMMUNITY, target_role=Role.HEAD), "nobody-there"),
    ],
)
def test_a_broken_target_is_passed_over_and_told(broken: Rule, why: str) -> None:
    decision = route(request(), town(broken, EVERYTHING), {})
    assert decision.passed_over == ((9, why),)
    assert decision.person is not None


def test_a_place_known_only_by_its_subdistrict_goes_to_the_desk_there() -> None:
    decision = route(request(LAKE), town(EVERYTHING), {})
    assert (decision.unit.id, decision.person) == (LAKE, PEOPLE[DESK])
    assert decision.passed_over == ((1, "place-not-precise"),)


def test_what_nothing_matches_goes_to_the_duty_desk() -> None:
    decision = route(request(), town(), {})
    assert (decision.unit.id, decision.person, decision.rule) == (LAKE, PEOPLE[DESK], None)


@pytest.mark.parametrize(("left", "desk"), [({DESK}, BOSS), ({DESK, BOSS}, COUNTY_DESK)])
def test_when_a_desk_is_empty_the_next_one_up_has_it(left: set[int], desk: int) -> None:
    people = {i: p for i, p in PEOPLE.items() if i not in left}
    assert route(request(), town(people=people), {}).person == PEOPLE[desk]


def test_with_nobody_at_all_the_unit_is_still_named() -> None:
    decision = route(request(), town(EVERYTHING, people={}), {})
    assert (decision.unit.id, decision.person, decision.chosen_because) == (LAKE, None, "nobody")


@pytest.mark.parametrize("area", [COUNTY, LAKE, SHORE, GRID, HILL])
@pytest.mark.parametrize("grade", list(Grade))
@pytest.mark.parametrize("at", [MONDAY_10, NIGHT])
def test_every_case_has_an_owner_and_every_chosen_person_was_looked_up(area: int, grade: Grade, at: datetime) -> None:
    asked = request(area, grade=grade, at=at)
    decision = route(asked, town(EVERYTHING), {})
    assert decision.person is not None
    assert {c.person_id for c in decision.candidates} <= candidates_of(asked, town(EVERYTHING))


def test_a_decision_says_what_was_considered() -> None:
    reasons = route(request(), town(EVERYTHING), {LI: Load(2, MONDAY_10)}).reasons()
    assert {name: reasons["rule"][name] for name in ("id", "position", "category", "area")} == {
        "id": 1,
        "position": 100,
        "category": None,
        "area": None,
    }
    assert [c["person"] for c in reasons["candidates"]] == [LI, SUN]
    assert reasons["candidates"][0]["open_cases"] == 2
    assert reasons["because"] == "on-duty"


def test_at_night_who_is_away_does_not_find_the_case_in_the_morning() -> None:
    away = Away(NIGHT - timedelta(days=1), NIGHT + timedelta(days=7), None)
    people = PEOPLE | {LI: replace(PEOPLE[LI], absences=(away,))}
    decision = route(request(at=NIGHT), town(EVERYTHING, people=people), {SUN: Load(5, None)})
    assert (decision.person, decision.chosen_because) == (PEOPLE[SUN], "off-duty")


def test_a_unit_that_is_not_in_use_gets_no_case() -> None:
    places = {**AREAS.places, HILL: replace(AREAS.places[HILL], is_active=False)}
    closed = replace(town(Rule(1, 1, target_area_id=HILL), EVERYTHING), areas=AreaTree(places))
    decision = route(request(), closed, {})
    assert (decision.rule, decision.passed_over) == (EVERYTHING, ((1, "unit-gone"),))


PHONE = Rule(2, 1, target_person_id=BOSS, channels=frozenset({"phone"}))
ELDERLY = Rule(3, 2, target_person_id=BOSS, focus_groups=frozenset({"elderly", "disabled"}))
URGENT = Rule(4, 3, target_person_id=BOSS, grades=frozenset({Grade.G1}))
AT_NIGHT = Rule(5, 4, target_person_id=DESK, hours=read_hours("night"))


@pytest.mark.parametrize(
    ("asked", "fires"),
    [
        (request(), EVERYTHING),
        (replace(request(), channel="phone"), PHONE),
        (replace(request(), channel="web"), EVERYTHING),
        (replace(request(), focus_groups=frozenset({"minor"})), EVERYTHING),
        (replace(request(), focus_groups=frozenset({"minor", "elderly"})), ELDERLY),
        (request(grade=Grade.G1), URGENT),
        (request(at=NIGHT), AT_NIGHT),
        (replace(request(at=NIGHT), channel="phone"), PHONE),
    ],
)
def test_a_line_fits_only_its_channels_groups_grades_and_hours(asked: Request, fires: Rule) -> None:
    assert route(asked, town(PHONE, ELDERLY, URGENT, AT_NIGHT, EVERYTHING), {}).rule == fires


def test_a_decision_says_what_did_not_fit_and_why() -> None:
    reasons = route(request(), town(PHONE, ELDERLY, URGENT, AT_NIGHT, EVERYTHING), {}).reasons()
    assert [(one["rule"], one["why"]) for one in reasons["misfits"]] == [
        (2, "channel"),
        (3, "focus-group"),
        (4, "grade"),
        (5, "hours"),
    ]


def test_the_version_that_is_in_force_then_decides() -> None:
    new = Rule(2, 1, target_person_id=BOSS)
    known = replace(town(EVERYTHING), rules_version=6, later=(RuleVersion(7, MONDAY_10, (new,)),))
    before = route(request(at=MONDAY_10 - timedelta(microseconds=1)), known, {})
    after = route(request(at=MONDAY_10), known, {})
    assert (before.rule, before.version, after.rule, after.version) == (EVERYTHING, 6, new, 7)
    assert after.reasons()["version"] == 7


def test_a_pool_takes_what_can_wait_and_names_nobody() -> None:
    pool = Rule(2, 1, target_level=AreaLevel.COMMUNITY, is_pool=True)
    quiet = route(request(), town(pool), {})
    urgent = route(request(grade=Grade.G2), town(pool), {})
    assert (quiet.unit.id, quiet.person, quiet.chosen_because) == (SHORE, None, "pool")
    assert urgent.person is not None


def test_a_pool_without_people_is_passed_over() -> None:
    pool = Rule(2, 1, target_level=AreaLevel.COMMUNITY, target_role=Role.HEAD, is_pool=True)
    decision = route(request(), town(pool, EVERYTHING), {})
    assert (decision.rule, decision.passed_over) == (EVERYTHING, ((2, "nobody-there"),))


@pytest.mark.parametrize("topic", ["A", "A03", "C05", "nothing"])
@pytest.mark.parametrize("area", [COUNTY, LAKE, SHORE, GRID, HILL, 999])
def test_lines_are_found_as_by_looking_at_each(topic: str, area: int) -> None:
    topics, areas = (None, "A", "A03", "gone"), (None, COUNTY, LAKE, SHORE, HILL, 777)
    pairs = [(code, place_id) for code in topics for place_id in areas]
    lines = tuple(Rule(i, i * 7 % len(pairs), code, place_id) for i, (code, place_id) in enumerate(pairs))
    above = {None, *(p.id for p in AREAS.up_from(area))}
    path = {None, *TOPICS.path(topic)}
    expected = sorted((r for r in lines if r.category_code in path and r.area_id in above), key=lambda r: r.position)
    assert list(town(*lines).table(MONDAY_10).lines(topic, area)) == expected
