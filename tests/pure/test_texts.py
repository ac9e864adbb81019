"""What may stand in a standard text, and what does it say of one case?"""

import pytest

from service.errors import InvalidFieldsError
from service.texts.loading import shipped
from service.texts.rules import (
    ACTS,
    TEXT_MOST,
    Placeholder,
    StandardTextDetails,
    address_of,
    appended,
    check_text,
    fill,
    strange_in,
)

P = Placeholder


def refused(**fields: object) -> dict[str, str]:
    details = StandardTextDetails(**({"title": "已受理", "text": "您好"} | fields))  # type: ignore[arg-type]
    try:
        check_text(details, areas=[7], topics=["C05"])
    except InvalidFieldsError as error:
        return error.fields
    return {}


def test_names_in_both_languages_are_filled_in_and_gaps_stay_visible() -> None:
    facts = {P.NUMBER: "20261123-000001-1", P.DESK: ""}

    assert fill("{编号}/{ Number }/｛编号｝", facts, "zh") == "20261123-000001-1/20261123-000001-1/20261123-000001-1"
    assert fill("由{服务台}在{时限}前", facts, "zh") == "由【服务台？】在【时限？】前"
    assert fill("by {due}", facts, "en") == "by [due?]"


def test_what_is_filled_in_is_not_looked_through_again() -> None:
    assert fill("{resident} {number}", {P.RESIDENT: "{number}", P.NUMBER: "7"}, "en") == "{number} 7"


@pytest.mark.parametrize(
    ("text", "strange"),
    [
        ("{编号}，{称呼}", []),
        ("", []),
        ("{phone_of_resident}", ["{phone_of_resident}"]),
        ("{__class__} {0} {}", ["{__class__}", "{0}", "{}"]),
        ("{编号 没有收尾", ["{"]),
        ("{{number}}", ["{", "}"]),
        ("收尾}太多} ｛", ["}", "｛"]),
        ("{手机} {手机}", ["{手机}"]),
    ],
)
def test_what_cannot_be_filled_in_is_named(text: str, strange: list[str]) -> None:
    assert strange_in(text) == strange
    assert ("text" in refused(text=text or "您好")) is bool(strange)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"title": " "}, {"title"}),
        ({"title": "字" * 61}, {"title"}),
        ({"title_en": "x" * 61}, {"title_en"}),
        ({"text": ""}, {"text"}),
        ({"text": "字" * (TEXT_MOST + 1)}, {"text"}),
        ({"text_en": "{wage}"}, {"text_en"}),
        ({"acts": ("accept",)}, {"acts"}),
        ({"acts": ("answer",)}, {"acts"}),
        ({"category_code": "X99"}, {"category_code"}),
        ({"area_id": 8}, {"area_id"}),
        ({"acts": ("reply",), "category_code": "C05", "area_id": 7, "text": "字" * TEXT_MOST}, set()),
    ],
)
def test_each_field_is_refused_by_itself(fields: dict[str, object], wrong: set[str]) -> None:
    assert set(refused(**fields)) == wrong


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("王芳", "王先生/女士"),
        ("欧阳娜", "欧阳先生/女士"),
        ("王阿姨", "王阿姨"),
        ("李医生", "李医生"),
        ("", "居民朋友"),
        ("Wang Fang", "居民朋友"),
        ("阿卜杜拉", "居民朋友"),
        ("王", "居民朋友"),
        ("湖滨小区三号楼全体先生", "居民朋友"),
    ],
)
def test_a_name_gives_away_its_family_name_at_most(name: str, said: str) -> None:
    assert address_of(name, "zh") == said
    assert address_of(name, "en") == "resident"


def test_what_was_written_stays_above_the_text() -> None:
    assert appended("已约好。\n", "您好") == "已约好。\n您好"
    assert appended(" \n", "您好") == "您好"


def test_what_comes_with_the_product_can_be_stored_and_speaks_both_languages() -> None:
    assert len(shipped()) >= 10
    for code, details in shipped().items():
        check_text(details, areas=[], topics=["A", "C05"])
        assert details.title_en, code
        assert details.text_en, code
        assert details.acts, code
        assert set(details.acts) <= set(ACTS)
