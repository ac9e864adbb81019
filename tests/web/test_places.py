"""Do residents find their desk, by a point and by words, on the page and by the API?"""

from datetime import timedelta

import pytest
from bs4 import Tag
from sqlmodel import Session, select
from starlette.testclient import TestClient

from service.cases.tables import Case
from service.web import places
from tests.people import Town
from tests.web.conftest import Browser, Clock

LOCATE = "/api/v1/areas/locate"


def test_a_point_is_answered_with_its_area_path_and_desk(client: TestClient, town: Town) -> None:
    town.areas["shore_grid"].opening_hours = "08:30–18:00"
    found = client.get(LOCATE, params={"lat": 32.01, "lon": 118.01}).json()
    assert found["area"]["name"] == "湖滨一网格"
    assert [area["level"] for area in found["path"]] == ["county", "subdistrict", "community", "grid"]
    assert (found["confidence"], found["alternatives"]) == (1.0, [])
    assert found["desk"]["phone"] == "0990-5550101"


def test_a_point_of_a_chinese_map_is_set_right_first(client: TestClient, town: Town) -> None:
    """Drawn by such a map, the middle of the border strip lies some hundred metres to the east."""
    asked = {"lat": 32.03, "lon": 118.0505}
    assert client.get(LOCATE, params=asked).json()["area"]["name"] == "东山社区"
    assert client.get(LOCATE, params=asked | {"datum": "gcj02"}).json()["area"]["name"] == "湖滨社区"


def test_words_are_answered_with_how_sure_that_is(client: TestClient, session: Session, town: Town) -> None:
    town.areas["mill"].aliases = ["水车小区"]
    session.commit()
    found = client.get(LOCATE, params={"text": "水车小区3栋"}).json()
    assert (found["area"]["name"], found["confidence"]) == ("磨坊村", 0.7)


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"lat": 39.9, "lon": 116.4}, 422, "outside-area"),
        ({"text": "千里之外"}, 404, "place-not-named"),
        ({}, 422, "invalid-fields"),
        ({"lat": 32}, 422, "invalid-fields"),
        ({"lat": 91, "lon": 0}, 422, "invalid-fields"),
        ({"lat": "nan", "lon": 0}, 422, "invalid-fields"),
        ({"text": "x" * 301}, 422, "invalid-fields"),
        ({"lat": 1, "lon": 1, "datum": "bd09"}, 422, "invalid-fields"),
    ],
)
def test_what_cannot_be_answered_is_a_problem_with_a_sentence(
    client: TestClient, town: Town, asked: dict[str, object], status: int, code: str
) -> None:
    answer = client.get(LOCATE, params=asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["detail"]


def test_looking_is_limited_for_the_page_and_the_api_together(
    client: TestClient, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "MOST_LOOKS", 2)
    assert client.get("/areas", params={"text": "湖滨社区"}).status_code == 200
    assert client.get(LOCATE, params={"text": "湖滨社区"}).status_code == 200
    assert client.get(LOCATE, params={"text": "湖滨社区"}).status_code == 429
    assert client.get("/areas", params={"text": "湖滨社区"}).status_code == 429


def test_the_api_describes_it(client: TestClient) -> None:
    assert LOCATE in client.get("/api/v1/openapi.json").json()["paths"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_of_an_area_tells_its_hours_and_who_answers_else(
    browse: Browser, session: Session, town: Town, clock: Clock, language: str
) -> None:
    shore, lake = town.areas["shore"], town.areas["lake"]
    shore.opening_hours, shore.special_days, lake.opening_hours = "08:30–18:00", "2026-12-24 –", "00:00–24:00"
    session.commit()
    browse.speak(language)
    page = browse.get(f"/areas/{shore.code}")
    assert "08:30–18:00" in page.text
    assert ("现在开着" if language == "zh" else "open now") in page.text
    assert ("12月24日" if language == "zh" else "24 Dec") in page.text

    clock.turn(hours=12)
    closed = browse.get(f"/areas/{shore.code}")
    assert ("望湖街道服务站" if language == "zh" else "Wanghu Service Desk") in closed.text
    browse.get("/areas/nowhere", 404)


def test_the_page_finds_a_desk_by_words_and_leads_to_the_form(browse: Browser, town: Town) -> None:
    page = browse.get("/areas", text="柳溪镇磨坊村")
    assert "磨坊村" in page.text
    form = browse.get(f"/submit?area={town.areas['mill'].code}")
    assert form.fields("/submit")["area"] == town.areas["mill"].code
    assert "没有从这些文字里认出区域" in browse.get("/areas", 404, text="千里之外").text


@pytest.mark.parametrize(
    ("answers", "where"),
    [
        ({"address": "湖滨社区5栋"}, "shore"),
        ({"lat": "32.01", "lon": "118.01"}, "shore_grid"),
        ({"lat": "32.01", "lon": "118.01", "area": "990101001001"}, "shore_grid"),
        ({"lat": "32.01", "lon": "118.01", "area": "990101101001"}, "mill"),
    ],
)
def test_a_request_goes_where_its_place_is(
    browse: Browser, session: Session, town: Town, answers: dict[str, str], where: str
) -> None:
    browse.post(browse.get("/submit"), "/submit", text="路灯坏了", category="C05", **answers)
    case = session.exec(select(Case)).one()
    assert case.area_id == town.areas[where].id


@pytest.mark.parametrize("lat", ["x", "95", "nan", "39.9"])
def test_a_place_that_cannot_be_used_is_told_at_the_address(browse: Browser, town: Town, lat: str) -> None:
    page = browse.post(browse.get("/submit"), "/submit", 422, text="路灯坏了", category="C05", lat=lat, lon="116.4")
    assert page.html.select_one(".notice.bad") is not None
    assert isinstance(page.html.select_one("#f-address"), Tag)


def test_the_receipt_tells_when_the_desk_is_open(browse: Browser, session: Session, town: Town, clock: Clock) -> None:
    town.areas["shore"].opening_hours = "08:30–18:00"
    session.commit()
    browse.post(browse.get("/submit"), "/submit", text="路灯坏了", category="C05", area=town.areas["shore"].code)
    assert "08:30–18:00" in browse.get("/receipt").text
    clock.now += timedelta(hours=12)
    assert "现在关着" in browse.get("/receipt").text
