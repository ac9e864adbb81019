"""How alike are two texts, how far apart two points, and when is somebody told?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.duplicates.grouping import groups
from service.duplicates.rules import ALIKE, LIKELY, Compared, How, Point, cell, cells_around, how_alike, metres_between
from service.duplicates.words import (
    KEPT,
    NOTHING_LEARNT,
    PHRASES,
    TRACE_BYTES,
    among,
    as_traces,
    likenesses,
    pairs,
    shares_from,
    shares_of,
    trace,
)

WEIGHTS = NOTHING_LEARNT.weights


def likeness(one: str, other: str) -> float:
    return float(likenesses(trace("", one, WEIGHTS), trace("", other, WEIGHTS), WEIGHTS)[0])


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        ("楼道的路灯坏了三天", "楼道路灯坏了", 0.4, 0.95),
        ("楼道的路灯坏了三天", "楼道的路灯坏了三天", 0.999, 1.001),
        ("楼道的路灯坏了三天", "垃圾桶满了没人清运", 0.0, 0.02),
        ("The street light is broken", "Street light broken since Monday", 0.3, 0.95),
        ("The street light is broken", "There is a smell of gas in the kitchen", 0.0, 0.05),
        ("58车贷立案半年", "请问58车贷的案子", 0.2, 0.95),
        ("ＡＢＣ路口", "abc路口", 0.999, 1.001),
        ("", "楼道", 0.0, 0.0),
        ("😀😀", "😀😀", 0.0, 0.0),
        ("灯", "灯", 0.999, 1.001),
    ],
)
def test_likeness(one: str, other: str, least: float, most: float) -> None:
    assert least <= likeness(one, other) <= most


def test_politeness_makes_nothing_alike() -> None:
    polite = "尊敬的领导您好，我们小区业主希望有关部门尽快解决这个问题，谢谢"
    assert likeness(f"{polite}，电梯停了", f"{polite}，井盖没了") < ALIKE
    assert likeness("3号楼2单元电梯停了", "5号楼1单元漏水") < LIKELY


@given(st.text(max_size=60), st.text(max_size=60))
def test_likeness_is_a_share_and_the_same_both_ways(one: str, other: str) -> None:
    found = likeness(one, other)
    assert 0 <= found <= 1.0001
    assert found == pytest.approx(likeness(other, one), abs=1e-5)


def test_a_long_text_has_a_trace_of_the_same_size_and_none_of_its_words() -> None:
    found = trace("", "每天晚上十点以后还在施工，" * 900 + "路灯", WEIGHTS)
    assert len(found) == KEPT
    assert len(found.astype("<u4").tobytes()) == TRACE_BYTES
    assert as_traces(found.astype("<u4").tobytes() * 3).shape == (3, KEPT)


def test_what_everybody_writes_weighs_little_and_more_so_when_it_was_learnt() -> None:
    learnt = shares_of(["小区停车位不够"] * 30 + ["电梯停了"])
    lift, parking = pairs("电梯")[0], pairs("停车")[0]
    assert learnt.weights[parking] < WEIGHTS[parking]
    assert learnt.weights[lift] > learnt.weights[parking]
    assert WEIGHTS[pairs("您好")[0]] < WEIGHTS[lift]
    assert (learnt.weights >= 0).all()
    again = shares_from(learnt.to_bytes(), learnt.cases)
    assert np.array_equal(again.weights, learnt.weights)


@pytest.mark.parametrize("kept", [b"1234567", b"\xff" * 8])
def test_bytes_of_something_else_are_no_shares(kept: bytes) -> None:
    with pytest.raises(ValueError, match="no shares"):
        shares_from(kept, 1)


def test_phrases_hold_no_matter() -> None:
    for matter in ("路灯", "电梯", "垃圾", "停水", "噪音", "停车"):
        assert matter not in PHRASES


def test_distance_and_squares() -> None:
    here = Point(32.0, 118.0)
    assert metres_between(here, Point(32.0, 118.001)) == pytest.approx(94.3, abs=0.5)
    assert metres_between(here, Point(32.001, 118.0)) == pytest.approx(111.2, abs=0.5)
    assert metres_between(here, here) == 0
    assert cell(Point(32.007, 118.0071)) in cells_around(here)
    assert len(set(cells_around(Point(-0.001, -0.001)))) == 9
    assert cell(Point(32.03, 118.0)) not in cells_around(here)


SAME = Compared(LIKELY, same_topic=False, same_group=True)


@pytest.mark.parametrize(
    ("pair", "how"),
    [
        (SAME, How.LIKELY),
        (Compared(LIKELY - 0.01, same_topic=False, same_group=True), How.POSSIBLE),
        (Compared(ALIKE - 0.01, same_topic=False, same_group=True), None),
        (Compared(LIKELY * 0.81, same_topic=True, same_group=True), How.LIKELY),
        (Compared(LIKELY * 0.79, same_topic=True, same_group=True), How.POSSIBLE),
        (Compared(LIKELY * 1.4, same_topic=False, same_group=False), How.POSSIBLE),
        (Compared(LIKELY * 1.51, same_topic=False, same_group=False), How.LIKELY),
        (Compared(LIKELY * 0.5, same_topic=True, same_group=True, metres=100), How.LIKELY),
        (Compared(1.0, same_topic=True, same_group=True, metres=900), None),
        (Compared(LIKELY, same_topic=False, same_group=True, metres=500), How.LIKELY),
        (Compared(0.0, same_topic=True, same_group=True, same_resident=True), How.SAME_RESIDENT),
        (Compared(0.0, same_topic=False, same_group=True, same_resident=True), None),
    ],
)
def test_how_alike(pair: Compared, how: How | None) -> None:
    assert how_alike(pair) is how


def test_all_at_once_is_the_same_as_one_by_one() -> None:
    texts = ["三号楼路灯坏了", "路灯坏了三号楼", "菜场垃圾没人清运", "", "您好", "😀", "street light", "Street Light"]
    traces = np.array([trace("", text, WEIGHTS) for text in texts])
    single = np.array([likenesses(one, traces, WEIGHTS) for one in traces])
    for at in range(len(texts)):
        others = [n for n in range(len(texts)) if n != at]
        assert among(traces, WEIGHTS)[at][others] == pytest.approx(single[at][others], abs=1e-5)


def test_groups_hold_what_is_alike_or_joined_and_nobody_twice() -> None:
    texts = ["三号楼路灯坏了", "菜场垃圾没人清运", "三号楼路灯一直坏着", "电梯停了", "五号楼漏水", "路灯坏了三号楼"]
    traces = np.array([trace("", text, WEIGHTS) for text in texts])
    assert groups(traces, [1, 2, 1, 3, 4, 1], [], WEIGHTS) == [[0, 2, 5]]
    assert groups(traces, [1, 2, 1, 3, 4, 1], [(3, 4), (5, 4)], WEIGHTS) == [[0, 2, 3, 4, 5]]
    assert groups(traces[:0], [], [], WEIGHTS) == []
