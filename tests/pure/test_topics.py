"""What a topic asks, what raises its grade, and what an installation keeps when the shipped catalogue changes."""

import re
from typing import Any

import pytest

from service.categories.details import CategoryDetails, check_category
from service.categories.loading import renew, shipped
from service.categories.questions import Option, Question, QuestionKind, as_questions, as_rows, check_answers
from service.categories.rules import SOMETHING_ELSE, Catalogue, Elsewhere, Topic, answered
from service.errors import InvalidFieldsError
from service.intake.forms import FocusGroup
from sla_policies.policy import Grade, PolicyBook, raise_grade
from tests.pure.test_policy import BOOK

TRAPPED = Question("trapped", "有人被困吗？", "Is anybody trapped?", QuestionKind.YES_NO, danger=True)
HOURS = Question("hours", "何时", "When", QuestionKind.CHOICE, (Option("白天", "By day"), Option("深夜", "At night")))
COUNT = Question("count", "几人", "How many", QuestionKind.NUMBER, required=True)
SINCE = Question("since", "何日", "Since when", QuestionKind.DATE)
PLACE = Question("place", "哪里", "Where")
NOBODY: frozenset[str] = frozenset()


def topic(code: str, parent: str | None = None, **more: Any) -> Topic:
    return Topic(len(code), code, parent, f"甲{code}", f"T{code}", more.pop("grade", Grade.G3), **more)


NESTED = Catalogue(
    {
        t.code: t
        for t in (
            topic("A", questions=(PLACE,)),
            topic("A03", "A", danger_words=("钢丝断",), care_groups=("disabled",), questions=(TRAPPED,)),
            topic("A0301", "A03", elsewhere=Elsewhere("拨打110", "Call 110", "110")),
            topic("A030101", "A0301"),
            topic("A0302", "A03", is_active=False),
            topic("B"),
        )
    }
)


def graded(code: str, text: str, groups: frozenset[str] = NOBODY, grade: Grade = Grade.G3, **given: str) -> Any:
    answers = check_answers(NESTED.questions(code), given, ask=False)
    return raise_grade(BOOK, grade, text, code, groups | answered(answers), NESTED.raises(code, answers))


def test_what_a_topic_says_counts_for_every_level_below_it() -> None:
    assert NESTED.questions("A030101") == (PLACE, TRAPPED)
    assert NESTED.elsewhere("A030101") == Elsewhere("拨打110", "Call 110", "110")
    assert NESTED.elsewhere("A03") is None
    assert [(d, t.code) for d, t in NESTED.groups[0][1]] == [(1, "A03"), (2, "A0301"), (3, "A030101")]
    assert NESTED.groups[1][1] == ()


def test_words_of_a_topic_raise_its_cases_and_no_others() -> None:
    raised = graded("A030101", "电梯钢丝 断了")
    assert (raised.grade, raised.danger, raised.words) == (Grade.G1, True, ("钢丝断",))
    assert "甲A03" in raised.why_zh
    assert graded("B", "电梯钢丝断了").grade is Grade.G3


def test_a_focus_group_of_a_topic_comes_first_and_nobody_is_put_back() -> None:
    assert graded("A03", "停了", frozenset({"disabled"})).grade is Grade.G2
    assert graded("A03", "停了", frozenset({"elderly"})).grade is Grade.G3
    assert graded("A03", "停了", frozenset({"disabled"}), Grade.G1).grade is Grade.G1


def test_a_yes_to_danger_is_an_emergency_with_its_reason_and_a_no_is_none() -> None:
    raised = graded("A03", "电梯停了", trapped="yes")
    assert (raised.grade, raised.danger) == (Grade.G1, True)
    assert raised.why_zh == "对“有人被困吗？”回答了“是”，按紧急事项办理"
    assert graded("A03", "电梯停了", trapped="no").grade is Grade.G3


@pytest.mark.parametrize(
    ("question", "said", "kept"),
    [
        (TRAPPED, "yes", ("是", "Yes")),
        (TRAPPED, "maybe", None),
        (HOURS, "深夜", ("深夜", "At night")),
        (HOURS, "At night", None),
        (COUNT, "2.5", ("2.5", "2.5")),
        (COUNT, "-1", None),
        (COUNT, "１２", None),
        (COUNT, "9" * 5000, None),
        (SINCE, "2026-11-24", ("2026-11-24", "2026-11-24")),
        (SINCE, "20261124", None),
        (SINCE, "2026-02-30", None),
        (PLACE, "😀", ("😀", "😀")),
        (PLACE, "甲" * 201, None),
    ],
)
def test_an_answer_is_taken_only_as_it_was_asked(question: Question, said: str, kept: tuple[str, str] | None) -> None:
    if kept is None:
        with pytest.raises(InvalidFieldsError) as wrong:
            check_answers([question], {question.key: said}, ask=True)
        assert list(wrong.value.fields) == [f"answers.{question.key}"]
    else:
        (answer,) = check_answers([question], {question.key: said}, ask=True)
        assert (answer.said, answer.said_en) == kept


def test_what_must_be_answered_is_asked_for_only_where_the_topic_was_chosen() -> None:
    with pytest.raises(InvalidFieldsError):
        check_answers([COUNT], {"count": "  "}, ask=True)
    assert check_answers([COUNT], {}, ask=False) == ()
    with pytest.raises(InvalidFieldsError):
        check_answers([COUNT], {"count": "1", "other": "x"}, ask=True)


# The shipped catalogue


def test_the_shipped_catalogue_holds_what_an_administrator_could_type() -> None:
    known: dict[str, Topic] = {}
    for code, columns in shipped().items():
        details = CategoryDetails(
            **columns
            | {
                "keywords": tuple(columns["keywords"]),
                "questions": as_questions(columns["questions"]),
                "danger_words": tuple(columns["danger_words"]),
                "care_groups": tuple(columns["care_groups"]),
                "elsewhere": Elsewhere(**columns["elsewhere"]) if columns["elsewhere"] else None,
            }
        )
        check_category(code, details, known)
        assert set(details.care_groups) <= {str(group) for group in FocusGroup}
        assert re.fullmatch(r"[A-Z]([0-9]{2})*", code)
        known[code] = topic(code, columns["parent_code"])
    assert [code for code, one in shipped().items() if one["elsewhere"] and not one["elsewhere"]["taken"]] == [
        "M0301", "M0302", "M0303", "M0304", "M0305",
    ]  # fmt: skip
    assert {one["elsewhere"]["phone"] for one in shipped().values() if one["elsewhere"]} >= {"110", "119", "120", "122"}
    assert as_rows(as_questions(shipped()["A03"]["questions"])) == shipped()["A03"]["questions"]
    assert SOMETHING_ELSE in shipped()


BEFORE = {"name": "电梯", "grade": "G2", "keywords": ["电梯"]}
WANTED = {
    "name": "电梯与扶梯",
    "grade": "G2",
    "keywords": ["电梯", "扶梯"],
    "questions": [{"key": "x"}],
    "is_active": True,
}


def test_what_was_not_changed_is_renewed_and_own_edits_stay() -> None:
    own = {"name": "电梯", "grade": "G1", "keywords": ["电梯", "升降机"], "questions": [], "is_active": False}
    assert renew(own, BEFORE, WANTED) == {"name": "电梯与扶梯", "questions": [{"key": "x"}]}


def test_a_row_from_before_gets_what_is_empty_and_a_category_of_ones_own_stays_whole() -> None:
    old = {"name": "电梯与扶梯", "grade": "G3", "keywords": ["电梯"], "questions": [], "is_active": True}
    assert renew(old, {}, WANTED) == {"questions": [{"key": "x"}]}
    assert renew(old | {"name": "自己的事项"}, {}, WANTED) == {}


def test_the_book_alone_decides_as_before() -> None:
    assert isinstance(BOOK, PolicyBook)
    assert raise_grade(BOOK, Grade.G3, "漏气", "B", NOBODY) == raise_grade(BOOK, Grade.G3, "漏气", "B", NOBODY, ())
