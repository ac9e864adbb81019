from datetime import UTC, datetime, timedelta
from itertools import combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.routing.versions import (
    Dated,
    Line,
    Standing,
    VersionState,
    carried_over,
    compare,
    in_force,
    standing,
)

NOW = datetime(2026, 11, 23, tzinfo=UTC)
DAY = timedelta(days=1)
TABLES = st.lists(st.integers(1, 12), unique=True).flatmap(
    lambda numbers: st.tuples(*(st.builds(lambda v, n=n: Line(n, {"note": v}), st.sampled_from("ab")) for n in numbers))
)


def table(*numbers: int, **says: str) -> list[Line]:
    return [Line(number, {"note": says.get(f"n{number}", "")}) for number in numbers]


def numbers(lines: object) -> list[int]:
    return [line.number for line in lines]  # type: ignore[attr-defined]


def test_what_is_alike_does_not_differ() -> None:
    assert compare(table(1, 2), table(1, 2)).is_none


def test_each_kind_of_change_is_told_apart() -> None:
    found = compare(table(1, 2, 3, 4), table(4, 1, 5, 2, n2="new"))
    assert (numbers(found.added), numbers(found.removed), numbers(found.moved)) == ([5], [3], [4])
    assert [(old.says["note"], new.says["note"]) for old, new in found.changed] == [("", "new")]
    assert found.counts == {"added": 1, "changed": 1, "moved": 1, "removed": 1}


@pytest.mark.parametrize("order", list(permutations(range(1, 6))))
def test_as_few_lines_as_possible_have_moved(order: tuple[int, ...]) -> None:
    moved = numbers(compare(table(1, 2, 3, 4, 5), table(*order)).moved)
    stayed = [number for number in order if number not in moved]
    assert stayed == sorted(stayed)
    rising = (some for size in range(6) for some in combinations(order, size) if list(some) == sorted(some))
    assert len(stayed) == max(map(len, rising))


@given(TABLES, TABLES)
def test_a_draft_on_an_unchanged_table_is_carried_over_as_it_is(base: list[Line], draft: list[Line]) -> None:
    assert carried_over(base, draft, base) == list(draft)


@given(TABLES, TABLES)
def test_an_unchanged_draft_takes_the_newest_table_over(base: list[Line], newest: list[Line]) -> None:
    assert carried_over(base, base, newest) == list(newest)


@given(TABLES, TABLES, TABLES)
def test_no_line_stands_twice_and_what_both_kept_is_kept(base: list[Line], mine: list[Line], new: list[Line]) -> None:
    found = numbers(carried_over(base, mine, new))
    assert len(found) == len(set(found))
    gone = set(numbers(base)) - set(numbers(mine))
    assert set(found) == (set(numbers(new)) - gone) | (set(numbers(mine)) - set(numbers(base)))


def test_both_changes_are_there_after_a_draft_was_carried_over() -> None:
    base = table(1, 2, 3)
    draft = table(1, 9, 2, 3, n2="mine")
    newest = table(8, 1, 2, 3, n3="theirs")
    found = carried_over(base, draft, newest)
    assert numbers(found) == [8, 1, 9, 2, 3]
    assert [line.says["note"] for line in found] == ["", "", "", "mine", "theirs"]


OLD = Dated(1, VersionState.SUPERSEDED, NOW - 9 * DAY)
NOW_ON = Dated(3, VersionState.PUBLISHED, NOW)
SAME_MOMENT = Dated(4, VersionState.PUBLISHED, NOW)
LATER = Dated(5, VersionState.PUBLISHED, NOW + DAY)
DROPPED = Dated(6, VersionState.DROPPED, NOW)
DRAFT = Dated(7, VersionState.DRAFT, None)
ALL = (LATER, DRAFT, NOW_ON, DROPPED, OLD, SAME_MOMENT)


@pytest.mark.parametrize(
    ("at", "version"),
    [(NOW - 10 * DAY, None), (NOW - DAY, OLD), (NOW, SAME_MOMENT), (NOW + DAY, LATER), (NOW + 99 * DAY, LATER)],
)
def test_the_last_version_that_began_decides(at: datetime, version: Dated | None) -> None:
    assert in_force(ALL, at) == version


@pytest.mark.parametrize(
    ("version", "stands"),
    [
        (OLD, Standing.SUPERSEDED),
        (NOW_ON, Standing.SUPERSEDED),
        (SAME_MOMENT, Standing.IN_FORCE),
        (LATER, Standing.PLANNED),
        (DROPPED, Standing.DROPPED),
        (DRAFT, Standing.DRAFT),
    ],
)
def test_a_version_says_where_it_stands(version: Dated, stands: Standing) -> None:
    assert standing(version, in_force(ALL, NOW), NOW) is stands
