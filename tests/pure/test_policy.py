"""Does a case get the promise it should, and can anybody ask why?"""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from sla_policies.documents import packaged_book
from sla_policies.policy import (
    Budget,
    CaseFacts,
    Grade,
    Match,
    Metric,
    PolicyBook,
    RaiseRule,
    TimeKind,
    choose_policy,
    raise_grade,
)

BOOK = packaged_book()
MONDAY = datetime(2026, 11, 23, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
NOBODY: frozenset[str] = frozenset()
ORDINARY = CaseFacts(Grade.G3, "C03", "C", ("320100001", "320100"), "web", NOBODY, MONDAY)


def book(*matches: Match, default: str = "rest") -> PolicyBook:
    """The national book with a policy for each condition, and a default after them."""
    first = BOOK.policies[0]
    rules = [replace(first, name=f"rule-{n}", match=match) for n, match in enumerate(matches)]
    rest = replace(first, name=default, match=Match(), is_default=True)
    return replace(BOOK, policies=(*rules, rest))


@pytest.mark.parametrize("grade", list(Grade))
def test_each_grade_has_its_own_promise(grade: Grade) -> None:
    chosen = choose_policy(BOOK, replace(ORDINARY, grade=grade))
    assert chosen.policy is not None
    assert chosen.policy.name == f"national-{grade}"
    assert chosen.considered[-1].matched
    assert not any(c.matched for c in chosen.considered[:-1])
    assert all(c.why_zh and c.why_en for c in chosen.considered)


PROMISES = [
    ("national-G1", Metric.ACCEPT, 10, TimeKind.ELAPSED),
    ("national-G1", Metric.CONTACT, 30, TimeKind.ELAPSED),
    ("national-G1", Metric.RESOLVE, 24 * 60, TimeKind.ELAPSED),
    ("national-G2", Metric.ACCEPT, 60, TimeKind.ELAPSED),
    ("national-G2", Metric.CONTACT, 120, TimeKind.ELAPSED),
    ("national-G2", Metric.RESOLVE, 72 * 60, TimeKind.ELAPSED),
    ("national-G3", Metric.ACCEPT, 4 * 60, TimeKind.ELAPSED),
    ("national-G3", Metric.CONTACT, 24 * 60, TimeKind.ELAPSED),
    ("national-G3", Metric.RESOLVE, 7 * 24 * 60, TimeKind.ELAPSED),
    ("national-G4", Metric.ACCEPT, 8 * 60, TimeKind.ELAPSED),
    ("national-G4", Metric.CONTACT, 24 * 60, TimeKind.ELAPSED),
    ("national-G4", Metric.RESOLVE, 15 * 24 * 60, TimeKind.ELAPSED),
    ("national-C", Metric.ACCEPT, 4 * 60, TimeKind.ELAPSED),
    ("national-C", Metric.RESOLVE, 1, TimeKind.WORKDAYS),
]


@pytest.mark.parametrize(("name", "metric", "amount", "kind"), PROMISES)
def test_the_national_promises(name: str, metric: Metric, amount: int, kind: TimeKind) -> None:
    target = BOOK.by_name[name].targets[metric]
    assert target.budget == Budget(amount, kind)
    assert target.source
    assert target.mark in ("A", "B", "C", "D", "M", "own")


def test_a_promise_that_is_not_made_is_absent() -> None:
    assert Metric.CONTACT not in BOOK.by_name["national-C"].targets
    assert all(Metric.NEXT_REPLY not in policy.targets for policy in BOOK.policies)


def test_contact_never_pauses_and_a_reply_never_settles_a_case() -> None:
    for policy in BOOK.policies:
        if Metric.CONTACT in policy.targets:
            assert policy.targets[Metric.CONTACT].pauses_for == NOBODY
        assert policy.targets[Metric.RESOLVE].satisfied_by == {"resolved"}


EXTENSIONS = [("G1", 0, None), ("G2", 1, 72 * 60), ("G3", 1, 7 * 1440), ("G4", 2, 15 * 1440), ("C", 1, 2)]


@pytest.mark.parametrize(("grade", "times", "most"), EXTENSIONS)
def test_how_often_and_how_long_a_promise_may_be_extended(grade: str, times: int, most: int | None) -> None:
    policy = BOOK.by_name[f"national-{grade}"]
    assert policy.extensions == times
    assert (policy.extension_at_most and policy.extension_at_most.amount) == most


CHOICES = [
    # one condition each: what matches it, what does not
    (Match(categories=frozenset({"C03"})), {"category": "C03"}, {"category": "C04"}),
    (Match(groups=frozenset({"C"})), {"group": "C"}, {"group": "D"}),
    (Match(areas=frozenset({"320100"})), {"area_codes": ("320100001", "320100")}, {"area_codes": ("320200",)}),
    (Match(channels=frozenset({"web"})), {"channel": "web"}, {"channel": "phone"}),
    (Match(grades=frozenset({"G3"})), {"grade": Grade.G3}, {"grade": Grade.G4}),
    (
        Match(focus_groups=frozenset({"disabled"})),
        {"focus_groups": frozenset({"disabled", "minor"})},
        {"focus_groups": NOBODY},
    ),
]


@pytest.mark.parametrize(("match", "yes", "no"), CHOICES)
def test_a_condition_holds_or_not_and_says_so(match: Match, yes: dict[str, object], no: dict[str, object]) -> None:
    taken = choose_policy(book(match), replace(ORDINARY, **yes))
    assert taken.considered[0].matched
    passed = choose_policy(book(match), replace(ORDINARY, **no))
    assert [c.matched for c in passed.considered] == [False, True]
    assert "only" in passed.considered[0].why_en or "this one is for" in passed.considered[0].why_en


def test_every_condition_of_a_policy_must_hold() -> None:
    both = Match(categories=frozenset({"C03"}), channels=frozenset({"phone"}))
    assert not choose_policy(book(both), ORDINARY).considered[0].matched


def test_the_first_match_wins() -> None:
    anything = Match(grades=frozenset(Grade))
    chosen = choose_policy(book(anything, anything), ORDINARY)
    assert [c.name for c in chosen.considered] == ["rule-0"]


def test_a_policy_may_promise_nothing_on_purpose() -> None:
    nothing = replace(BOOK.policies[-1], targets={}, ladder=())
    chosen = choose_policy(replace(BOOK, policies=(nothing,)), ORDINARY)
    assert chosen.policy is None
    assert chosen.considered[0].matched


DANGER = [
    ("三号楼有人困在电梯里", ("困在电梯",)),
    ("楼道里有 燃气味，很浓", ("燃气味",)),
    ("家里漏 气了", ("漏气",)),
    ("There is a GAS LEAK in our building", ("gas leak",)),
    ("老人说要跳楼，邻居起火", ("起火", "跳楼")),
]


@pytest.mark.parametrize(("text", "words"), DANGER)
def test_words_of_danger_make_an_emergency(text: str, words: tuple[str, ...]) -> None:
    decision = raise_grade(BOOK, Grade.G3, text, "A03", NOBODY)
    assert (decision.grade, decision.raised_from, decision.danger) == (Grade.G1, Grade.G3, True)
    assert set(decision.words) == set(words)
    assert all(word in decision.why_zh and word in decision.why_en for word in words)


@pytest.mark.parametrize("text", ["", "路灯不亮", "The path is full of trappedleaves", "电梯停运三天"])
def test_harmless_words_raise_nothing(text: str) -> None:
    decision = raise_grade(BOOK, Grade.G3, text, "A03", NOBODY)
    assert (decision.grade, decision.raised_from, decision.danger, decision.words) == (Grade.G3, None, False, ())


FOCUS = [
    ("elderly_alone", "B01", Grade.G2),
    ("disabled", "A03", Grade.G2),
    ("child_alone", "B04", Grade.G2),
    ("elderly_alone", "C03", Grade.G3),  # another topic
    ("hardship", "B01", Grade.G3),  # another group
]


@pytest.mark.parametrize(("group", "category", "grade"), FOCUS)
def test_people_who_need_care_come_first_where_it_matters(group: str, category: str, grade: Grade) -> None:
    decision = raise_grade(BOOK, Grade.G3, "停水了", category, frozenset({group}))
    assert decision.grade is grade
    assert not decision.danger


def test_a_rule_that_asks_for_no_more_than_the_grade_gives_no_reason() -> None:
    rules = (RaiseRule(Grade.G2, "一", "one", words=("停水",)), RaiseRule(Grade.G2, "二", "two", words=("停水",)))
    book = replace(BOOK, raises=rules)
    asked = raise_grade(book, Grade.G2, "停水了", "B01", NOBODY)
    assert (asked.grade, asked.raised_from, asked.why_en) == (Grade.G2, None, "")
    assert raise_grade(book, Grade.G3, "停水了", "B01", NOBODY).why_en.startswith("one"), "the first that asks for it"


def test_a_machine_never_lowers_a_grade() -> None:
    for grade in Grade:
        for text in ("停水了", "有人被困"):
            decision = raise_grade(BOOK, grade, text, "B01", frozenset({"disabled"}))
            assert list(Grade).index(decision.grade) <= list(Grade).index(grade)


def test_an_emergency_by_its_topic_still_shows_the_notice_of_danger() -> None:
    decision = raise_grade(BOOK, Grade.G1, "楼上有人要跳楼", "F05", NOBODY)
    assert (decision.grade, decision.raised_from, decision.danger) == (Grade.G1, None, True)


def test_the_most_urgent_rule_wins_whatever_the_order() -> None:
    turned = replace(BOOK, raises=BOOK.raises[::-1])
    for each in (BOOK, turned):
        decision = raise_grade(each, Grade.G4, "漏气", "B03", frozenset({"disabled"}))
        assert (decision.grade, decision.danger) == (Grade.G1, True)
