"""Is what was learnt kept as numbers, calibrated, bounded, and measured honestly?"""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.categories.grams import counts
from service.categories.loading import shipped_catalogue
from service.categories.model import Model, from_bytes
from service.learning import measuring
from service.learning.files import FileUnusableError, hints_of, labels_beside, read_labelled, read_labels
from service.learning.fitting import Example, fit, folds_of, unseen_chances
from service.learning.rules import Trial, too_little

WORDS = {"lift": "电梯停运困人按钮楼层", "light": "路灯灯杆黑暗照明修", "noise": "噪声吵闹深夜音响扰民"}


def texts(each: int = 20) -> list[Example]:
    dice = random.Random(1)
    return [
        Example("", "".join(dice.choices(words, k=12)) + "小区里面", label)
        for label, words in WORDS.items()
        for _ in range(each)
    ]


@pytest.fixture(scope="module")
def model() -> Model:
    return fit(texts())


def test_a_model_tells_what_it_learnt_and_survives_the_database(model: Model) -> None:
    again = from_bytes(model.to_bytes())
    for one in texts(3):
        chances = again.chances(one.title, one.text)
        assert max(chances, key=lambda label: chances[label]) == one.label
        assert chances == model.chances(one.title, one.text)
        assert sum(chances.values()) == pytest.approx(1, abs=1e-4)


def test_no_words_can_be_read_from_a_model(model: Model) -> None:
    assert "电梯".encode() not in model.to_bytes()
    assert not [name for name, value in vars(model).items() if isinstance(value, (dict, list))]


@pytest.mark.parametrize("kept", [b"", b"junk", b"PK\x03\x04"])
def test_bytes_that_are_no_model_are_refused(kept: bytes) -> None:
    with pytest.raises((ValueError, KeyError, OSError, EOFError, Exception)):
        from_bytes(kept)


@pytest.mark.parametrize("text", ["", "😀", "\x00\x07\u202e", "甲" * 10_000, " \n", "\ud800", "ﷺ" * 10_000])
def test_any_text_gets_chances(model: Model, text: str) -> None:
    assert sum(model.chances("", text).values()) == pytest.approx(1, abs=1e-4)
    assert len(counts(text, text)[0]) < 20_000


@given(st.text(max_size=300))
def test_numbers_are_ascending_and_each_once(text: str) -> None:
    ids, values = counts("", text)
    assert (ids[1:] > ids[:-1]).all()
    assert (values >= 1).all()


def test_folds_hold_back_every_text_once_and_spread_every_label() -> None:
    labels = ["a"] * 50 + ["b"] * 5
    folds = folds_of(labels, 5)
    assert sum(fold.astype(int) for fold in folds).tolist() == [1] * 55
    assert all(sum(labels[place] == "b" for place in fold.nonzero()[0]) == 1 for fold in folds)


def test_what_was_not_seen_is_told_apart_and_the_sure_ones_are_right() -> None:
    examples = texts()
    chances, labels = unseen_chances(examples)
    hits = [labels[place] == one.label for place, one in zip(chances.argmax(axis=1).tolist(), examples, strict=True)]
    sure = [hit for hit, best in zip(hits, chances.max(axis=1).tolist(), strict=True) if best >= 0.9]
    assert sum(hits) / len(hits) > 0.9
    assert sum(sure) / len(sure) >= 0.9
    assert chances.sum(axis=1) == pytest.approx(1, abs=1e-3)


def test_the_words_of_the_catalogue_make_every_topic_known_before_anybody_wrote_of_it() -> None:
    hints = hints_of(shipped_catalogue())
    assert {one.label for one in hints} >= {"A01", "F0101", "M03"}
    assert {"B04", "A03"} <= set(fit(texts(), [*hints, *hints]).labels)


def test_measures_are_those_of_the_books() -> None:
    right, guessed = ["a"] * 8 + ["b"] * 2, ["a"] * 9 + ["b"]
    assert measuring.accuracy(right, guessed).value == pytest.approx(0.9)
    assert measuring.macro_f1(right, guessed).value == pytest.approx((16 / 17 + 2 / 3) / 2)
    share = measuring.accuracy(right * 20, guessed * 20)
    assert 0.84 < share.low < 0.9 < share.high < 0.95
    (low, high) = measuring.reliability([0.55, 0.95, 1.0], [False, True, True])
    assert (low.count, low.right, high.count, high.right) == (1, 0.0, 2, 1.0)


def test_only_a_better_version_takes_over() -> None:
    assert Trial(100, 80, None, 60).takes_over
    assert not Trial(100, 60, None, 60).takes_over
    assert Trial(100, 80, 80, 60).takes_over
    assert not Trial(100, 79, 80, 60).takes_over


def test_little_teaches_nothing() -> None:
    assert "at least 60" in too_little(["a"] * 59, 59, is_used=False)
    assert too_little(["a"] * 99, 99, is_used=False)
    labels = ["a", "b", "c"] * 30
    assert not too_little(labels, 90, is_used=False)
    assert "3 cases were settled" in too_little(labels, 3, is_used=True)


def test_the_web_loads_nothing_that_learns() -> None:
    loaded = "import sys, service.app; print([m for m in sys.modules if m.split('.')[0] in ('sklearn', 'scipy')])"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Files

ROWS = "title,text,label\n" + "".join(f"灯{n},路灯坏了,light\n电梯{n},电梯停了,lift\n" for n in range(15)) + "x,,\n"


def test_a_file_tells_what_was_left_out(tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    path.write_text(ROWS, encoding="utf-8")
    read = read_labelled(path)
    assert (len(read.examples), read.without_label) == (30, 1)
    assert labels_beside(tmp_path / "some.csv.gz").name == labels_beside(path).name == "some.labels.yaml"


@pytest.mark.parametrize(
    "content",
    [b"", b"a,b\n1,2\n", b"title,text,label\nx,y,z\n", "title,text,label\n灯".encode("gb18030"), b"\x1f\x8b\x00"],
)
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_a_broken_file_is_refused_in_words(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileUnusableError, match=r"^a\.csv"):
        read_labelled(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "CODE: label"),
        ("- A", "CODE: label"),
        ("A: [1, 2]", "CODE: label"),
        ("A: {", "cannot be read"),
        ("Q77: light", "not in the catalogue: Q77"),
        ("A: 城乡建设", "no row has the label 城乡建设"),
    ],
)
def test_a_broken_or_foreign_table_of_labels_is_refused(tmp_path: Path, content: str, why: str) -> None:
    path = tmp_path / "a.labels.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(FileUnusableError, match=why):
        read_labels(path, shipped_catalogue(), {"light", "lift"})
    with pytest.raises(FileUnusableError, match="cannot be read"):
        read_labels(tmp_path / "none.yaml", shipped_catalogue(), {"light"})
