"""Who would get a case, asked by a program: the same answer as on the page, and nothing is written."""

from typing import Any

import pytest
from sqlmodel import Session, select
from starlette.testclient import TestClient

from service.areas.rules import AreaLevel
from service.audit.tables import AuditEntry
from service.cases.tables import Case
from service.routing.tables import RoutingRule
from tests.people import Town
from tests.web.conftest import Browser
from tests.web.test_api import key_of

TRY = "/api/v1/routing/try"
LAMP = {"category": "C05", "area": "990101001001", "at": "2026-11-23T10:00:00+08:00"}


@pytest.fixture
def key(session: Session, town: Town) -> dict[str, str]:
    return key_of(session, town.qian_bo)


def tried(client: TestClient, key: dict[str, str], status: int = 200, **asked: Any) -> dict[str, Any]:
    answer = client.post(TRY, json=asked, headers=key)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def test_a_program_is_told_who_and_why_now_and_at_night(
    client: TestClient, session: Session, key: dict[str, str], town: Town
) -> None:
    before = len(session.exec(select(AuditEntry)).all())
    told = tried(client, key, **LAMP | {"category": "A03"})
    assert (told["category"]["code"], told["area"]["code"], told["guessed"]) == ("A03", "990101001001", False)
    day, night = told["answers"]
    assert (day["person"]["name"], day["because"], day["unit"]["name"]) == ("李强", "on-duty", "湖滨社区")
    assert (night["person"]["name"], night["because"]) == ("吴丹", "desk")
    assert night["at"].startswith("2026-11-24T03:00:00+08:00")
    considered = {one["person"]["name"]: one["why"] for one in day["considered"]}
    assert considered["李强"] == "chosen"
    assert considered["孙丽"] not in ("chosen", "")
    assert day["line"] is not None
    assert session.exec(select(Case)).all() == []
    assert len(session.exec(select(AuditEntry)).all()) == before


def test_words_are_understood_as_intake_does(client: TestClient, key: dict[str, str]) -> None:
    told = tried(client, key, text="湖滨社区3栋电梯困人了")
    assert (told["category"]["code"], told["area"]["name"], told["guessed"]) == ("A03", "湖滨社区", True)
    assert (told["grade"], told["danger"]) == ("G1", True)
    assert tried(client, key, text="湖滨社区3栋电梯困人了", grade="G4")["grade"] == "G4"


def test_channel_and_hours_of_the_lines_count(client: TestClient, session: Session, key: dict[str, str]) -> None:
    to_desk = RoutingRule(position=1, channels=["phone"], target_level=AreaLevel.SUBDISTRICT, target_role="triage")
    session.add(to_desk)
    session.flush()
    by_phone, by_web = (tried(client, key, **LAMP, channel=channel)["answers"][0] for channel in ("phone", "web"))
    assert (by_phone["person"]["name"], by_web["person"]["name"]) == ("吴丹", "李强")
    assert (by_phone["misfits"], [one["why"] for one in by_web["misfits"]]) == ([], ["channel"])


def test_the_page_and_the_program_say_the_same(
    client: TestClient, key: dict[str, str], browse: Browser, town: Town
) -> None:
    shown = browse.sign_in(town.admin).get(
        "/admin/rules/try", category="C05", area=str(town.areas["shore"].id), at="2026-11-23T10:00"
    )
    for part, answer in zip(shown.html.select(".halves > section"), tried(client, key, **LAMP)["answers"], strict=True):
        assert f"会派给{answer['person']['name']}" in part.get_text()


def test_only_who_looks_after_the_table_may_ask(client: TestClient, session: Session, town: Town) -> None:
    assert client.post(TRY, json=LAMP).status_code == 401
    for person in (town.li_qiang, town.he_jun, town.chen_jing):
        refused = client.post(TRY, json=LAMP, headers=key_of(session, person))
        assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
    assert client.post(TRY, json=LAMP, headers=key_of(session, town.admin)).status_code == 200


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"text": "", "category": "", "area": ""},
        {"text": " \u0000 ", "area": "湖滨社区"},
        {"category": "C05"},
        LAMP | {"category": "X99"},
        LAMP | {"category": "长" * 61},
        LAMP | {"area": "火星"},
        LAMP | {"area": 7},
        LAMP | {"at": "tomorrow"},
        LAMP | {"at": "2026-11-23T10:00:00"},
        LAMP | {"at": "9999-12-31T23:00:00+08:00"},
        LAMP | {"at": "0001-01-01T00:00:00+14:00"},
        LAMP | {"channel": "pigeon"},
        LAMP | {"grade": "G9"},
        LAMP | {"focus_groups": ["<b>"]},
        LAMP | {"focus_groups": ["elderly"] * 7},
        LAMP | {"text": "长" * 10_001},
        LAMP | {"person": 1},
        [LAMP],
        None,
    ],
)
def test_what_cannot_be_asked_is_told_as_a_problem(client: TestClient, key: dict[str, str], asked: Any) -> None:
    answer = client.post(TRY, json=asked, headers=key)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "invalid-fields"


def test_ten_thousand_characters_and_one_emoji_are_answered(client: TestClient, key: dict[str, str]) -> None:
    for text in ("路灯坏了" * 2_500, "😀"):
        assert len(tried(client, key, text=text)["answers"]) == 2


def test_a_draft_that_is_not_there_is_told(client: TestClient, key: dict[str, str]) -> None:
    assert tried(client, key, 409, **LAMP, draft=True)["code"] == "no-draft"


def test_it_is_described(client: TestClient) -> None:
    contract = client.get("/api/v1/openapi.json").json()
    described = contract["paths"][TRY]["post"]
    assert "Nothing is written" in described["description"]
    assert contract["components"]["schemas"]["TryBody"]["properties"]["at"]["description"]
