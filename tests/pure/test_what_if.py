"""Which promises does another text change, and are the numbers of an effect added up right?"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sla_policies.documents import FOLDER, book_from_texts, packaged_book
from sla_policies.given_files import folder_of, unusable
from sla_policies.policy import Budget, CaseFacts, Grade, Metric, PolicyBook, TimeKind
from sla_policies.what_if import (
    MOST_LISTED,
    Effect,
    Rule,
    changed_steps,
    chooses_alike,
    counts_alike,
    rule_of,
    says_alike,
    successor,
)

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
G3 = "national-G3"
FACTS = CaseFacts(Grade.G3, "C05", "C", (), "web", frozenset(), NOON)


def edited(old: str, new: str, file: str = "policies/national.yaml", times: int = -1) -> PolicyBook:
    texts = dict(packaged_book().texts)
    assert old in texts[file], old
    return book_from_texts(texts | {file: texts[file].replace(old, new, times)})


def rule(book: PolicyBook, policy: str = G3, metric: Metric = Metric.RESOLVE) -> Rule:
    found = rule_of(book, book.by_name[policy], metric)
    assert found is not None
    return found


def test_another_longest_pause_counts_otherwise() -> None:
    old = rule(packaged_book())
    assert old.target.pause_at_most is not None
    longer = replace(old.target, pause_at_most=Budget(old.target.pause_at_most.amount + 60, TimeKind.ELAPSED))
    assert not counts_alike(old, replace(old, target=longer))
    assert not says_alike(old, replace(old, target=longer))


def test_another_budget_counts_otherwise_and_other_words_do_not() -> None:
    old = rule(packaged_book())
    assert not counts_alike(
        old, rule(edited("      resolve:\n        within: 7d", "      resolve:\n        within: 5d"))
    )
    words = rule(edited("title: {zh: 一般", "title: {zh: 普通"))
    assert counts_alike(old, words)
    assert says_alike(old, words)


def test_a_new_day_off_matters_to_workdays_and_not_to_day_and_night() -> None:
    hours = edited("08:30-12:00", "09:00-12:00", "calendars/desks.yaml")
    assert counts_alike(rule(packaged_book()), rule(hours))
    question = "national-C"
    assert not counts_alike(rule(packaged_book(), question), rule(hours, question))
    assert says_alike(rule(packaged_book(), question), rule(hours, question))


def test_who_hears_of_which_step_is_compared() -> None:
    changed = edited("to: [community_duty, community_head]", "to: [subdistrict_desk]", times=1)
    old, new = (rule(book, "national-G1", Metric.ACCEPT) for book in (packaged_book(), changed))
    assert changed_steps(old, new) == {"accept-due": (("community_duty", "community_head"), ("subdistrict_desk",))}
    assert counts_alike(old, new)
    assert not says_alike(old, new)


def test_the_name_is_kept_where_both_choose_alike_and_chosen_anew_where_not() -> None:
    old, renamed = packaged_book(), edited(G3, "national-rest")
    assert chooses_alike(old, edited("within: 4h", "within: 5h"))
    assert not chooses_alike(old, renamed)
    for name, new, expected in ((G3, old, G3), (G3, renamed, "national-rest"), (None, old, G3)):
        policy = successor(old, new, name, FACTS)
        assert policy is not None
        assert policy.name == expected
    kept = successor(old, old, "national-G1", FACTS)
    assert kept is not None
    assert kept.name == "national-G1", "an edit alone chooses nothing anew"


def test_a_category_may_lose_its_promise() -> None:
    none = edited(
        "  - name: national-G3\n",
        "  - name: nothing-for-roads\n    grade: G3\n    nothing: true\n    title: {zh: 无, en: None}\n"
        "    promise: {zh: 不作承诺, en: Nothing}\n    when: {categories: [C05]}\n  - name: national-G3\n",
    )
    assert successor(packaged_book(), none, G3, FACTS) is None


@pytest.mark.parametrize(
    ("by", "band"),
    [(-HOUR, "-1h"), (HOUR, "+1h"), (-2 * HOUR, "-1d"), (24 * HOUR, "+1d"), (25 * HOUR, "+3d"), (200 * HOUR, "+more")],
)
def test_how_far_a_due_time_moves_is_told_in_bands(by: timedelta, band: str) -> None:
    effect = Effect()
    effect.move("1", "resolve", NOON, NOON + by)
    assert effect.bands == {band: 1}
    assert (effect.earlier, effect.later) == ((1, 0) if band[0] == "-" else (0, 1))


def test_only_the_most_moved_are_named_and_the_effect_can_be_kept() -> None:
    effect = Effect()
    for n in range(5_000):
        effect.move(str(n), "resolve", NOON, NOON + n * HOUR)
    effect.move("paused", "resolve", None, NOON)
    again = Effect.from_json(effect.to_json())
    assert [line[0] for line in again.most_moved] == [str(4_999 - n) for n in range(MOST_LISTED)]
    assert (again.later, again.started) == (5_000, 1)


def test_breaches_are_added_up_by_grade_unit_and_week() -> None:
    effect = Effect()
    effect.judge("G3", "7", "2026-11-23", before=False, after=True, times=3)
    effect.judge("G3", "8", "2026-11-16", before=True, after=False)
    effect.judge("G2", "8", "2026-11-16", before=False, after=False, times=9)
    assert (effect.replayed, effect.more_breaches, effect.fewer_breaches) == (13, 3, 1)
    assert effect.grades == {"G3": [1, 3]}
    assert effect.units == {"7": [0, 3], "8": [1, 0]}
    assert effect.weeks == {"2026-11-23": [0, 3], "2026-11-16": [1, 0]}


def test_a_file_says_itself_where_it_belongs() -> None:
    for path in [*(FOLDER / "policies").glob("*.yaml"), *(FOLDER / "calendars").glob("*.yaml")]:
        assert folder_of(path.read_bytes()) == path.parent.name
        assert unusable(path.name, path.read_bytes()) == []


@pytest.mark.parametrize(
    "name", ["", "../a.yaml", "a/b.yaml", ".yaml", "a.yml", "a.yaml\n", "字.yaml", "x" * 99 + ".yaml"]
)
def test_a_name_that_is_no_file_name_is_refused(name: str) -> None:
    assert unusable(name, b"policies:")


def test_what_is_no_text_or_too_long_is_refused(tmp_path: Path) -> None:
    assert unusable("a.yaml", b"\xff\xfe")
    assert unusable("a.yaml", b"x" * 1_000_001)
