"""What do maps get to know: outlines for everybody, bounded and kept; where cases are, only for who may see them?"""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlmodel import Session
from starlette.testclient import TestClient

from service.areas import outlines
from service.areas.datum import Datum, to_gcj02
from service.areas.tables import Area
from service.handling.pins import pins
from service.handling.queues import Ask
from service.settings import SettingsInvalidError, get_settings
from service.web import maps
from service.web.maps import GEOJSON
from service.web.render import TEMPLATES
from tests.builders import counted, received
from tests.people import Town, square
from tests.web.conftest import Browser, Clock
from tests.web.workers import path, to_li

OUTLINES, PLACES = "/api/v1/areas/outlines", "/api/v1/queue/places"
TILES, WHOSE = "https://tiles.example.org/{z}/{x}/{y}.png?key=a1", "Map data: Example & Co."
SHORE, HILL, MILL, LAKE = "990101001001", "990101001002", "990101101001", "990101001"
HERE = {"lat": 32.01, "lon": 118.01}


@pytest.fixture
def with_tiles(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Set the product up with tiles of a Chinese provider."""
    monkeypatch.setenv("JIBAN_MAP_TILES", TILES)
    monkeypatch.setenv("JIBAN_MAP_ATTRIBUTION", WHOSE)
    monkeypatch.setenv("JIBAN_MAP_DATUM", "gcj02")
    get_settings.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    get_settings.cache_clear()


def codes(client: TestClient, **asked: str) -> list[str]:
    answer = client.get(OUTLINES, params=asked)
    assert answer.status_code == 200, answer.text
    return [feature["properties"]["code"] for feature in answer.json()["features"]]


def test_everybody_gets_the_outlines_of_areas_in_use_and_nothing_else_of_them(client: TestClient, town: Town) -> None:
    answer = client.get(OUTLINES)
    assert answer.headers["content-type"] == GEOJSON
    assert [feature["properties"]["code"] for feature in answer.json()["features"]] == [SHORE, HILL, MILL]
    first = answer.json()["features"][0]
    assert set(first["properties"]) == {"code", "level", "name", "name_en", "label", "within", "asked"}
    assert first["properties"]["within"] == [LAKE, "990100"]
    assert first["geometry"]["type"] == "Polygon"
    assert answer.json()["datum"] == "wgs84"


def test_a_part_or_a_neighbourhood_can_be_asked_for(client: TestClient, town: Town) -> None:
    assert codes(client, **{"in": LAKE}) == [SHORE, HILL]
    assert codes(client, around=HILL) == [HILL, SHORE, MILL]


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"in": "nowhere"}, 404, "not-found"),
        ({"around": "nowhere"}, 404, "not-found"),
        ({"in": "x" * 41}, 422, "invalid-fields"),
        ({"in": LAKE, "around": LAKE}, 422, "invalid-fields"),
        ({"in": "\x00"}, 404, "not-found"),
    ],
)
def test_what_cannot_be_drawn_is_a_problem(
    client: TestClient, town: Town, asked: dict[str, str], status: int, code: str
) -> None:
    answer = client.get(OUTLINES, params=asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_closed_area_is_unknown_to_maps(client: TestClient, session: Session, town: Town) -> None:
    town.areas["hill"].is_active = False
    session.commit()
    assert codes(client) == [SHORE, MILL]
    assert client.get(OUTLINES, params={"around": HILL}).status_code == 404


def test_without_areas_or_boundaries_a_map_is_empty(client: TestClient, session: Session, town: Town) -> None:
    session.execute(sa.update(Area).values(boundary=None))
    session.commit()
    assert codes(client) == codes(client, around=SHORE) == codes(client, **{"in": SHORE}) == []


def test_who_has_an_outline_hears_that_it_is_the_same_until_an_area_changes(
    client: TestClient, session: Session, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = client.get(OUTLINES)
    monkeypatch.setattr(outlines, "simplified", lambda *_: pytest.fail("drawn once more"))
    etag = first.headers["etag"]
    again = client.get(OUTLINES, headers={"If-None-Match": f'"other", {etag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert first.headers["cache-control"] == again.headers["cache-control"] == "no-cache"
    assert client.get(OUTLINES, headers={"If-None-Match": '"other"'}).content == first.content

    monkeypatch.undo()
    town.areas["hill"].boundary = square(118.05, 32.0, 0.04)
    session.commit()
    changed = client.get(OUTLINES, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag


def test_an_outline_is_as_large_as_a_page_needs_and_no_larger(client: TestClient, session: Session, town: Town) -> None:
    rough = [[118 + n / 100_000, 32 + (n * 7919 % 97) / 10_000] for n in range(20_000)]
    ring = [*rough, [118.2, 32.2], [118.0, 32.2], rough[0]]
    town.areas["mill"].boundary = {"type": "Polygon", "coordinates": [ring]}
    session.commit()
    answer = client.get(OUTLINES)
    corners = sum(len(ring) for f in answer.json()["features"] for ring in f["geometry"]["coordinates"])
    assert corners <= outlines.MOST_POINTS
    assert len(answer.content) < 150_000


def test_only_so_many_answers_are_kept(client: TestClient, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "MOST_KEPT", 2)
    for code in (SHORE, HILL, MILL, LAKE, SHORE):
        codes(client, around=code)
    assert maps._kept is not None
    assert len(maps._kept.answers) == 2


def test_an_answer_costs_a_look_at_the_version_of_the_directory_and_no_more(
    client: TestClient, session: Session, town: Town
) -> None:
    client.get(OUTLINES)
    with counted(session) as sent:
        client.get(OUTLINES)
    assert len([statement for statement in sent if statement.startswith("SELECT")]) <= 1


def test_where_cases_are_is_told_to_who_may_see_them(
    client: TestClient, browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    mine = to_li(session, town, clock, location=HERE)
    received(session, clock.now, area="东山社区", location={"lat": 32.01, "lon": 118.06})
    session.commit()
    assert client.get(PLACES).status_code == 401

    browse.sign_in(town.li_qiang)
    told = client.get(PLACES).json()
    assert (told["left_out"], [pin["number"] for pin in told["items"]]) == (0, [mine.number])
    pin = told["items"][0]
    assert (pin["lat"], pin["lon"], pin["state"]) == (32.01, 118.01, "soon")
    assert pin["areas"][0] == SHORE + "001"
    assert "还剩" in pin["said"]
    assert len(client.get(PLACES, params={"of": "unit"}).json()["items"]) == 1, "东山 is not theirs to see"

    browse.sign_in(town.chen_jing)
    assert len(client.get(PLACES, params={"of": "unit"}).json()["items"]) == 2
    browse.sign_in(town.zhou_tao)
    assert client.get(PLACES, params={"of": "unit"}).json() == {"items": [], "left_out": 0}


def test_pins_follow_the_tab_and_the_search_of_the_list(
    client: TestClient, browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case = to_li(session, town, clock)
    session.commit()
    browse.sign_in(town.li_qiang)
    assert client.get(PLACES, params={"tab": "overdue"}).json()["items"] == []
    assert client.get(PLACES, params={"search": "无此事"}).json()["items"] == []
    found = client.get(PLACES, params={"search": case.number}).json()["items"]
    assert [(pin["number"], pin["lat"], pin["lon"]) for pin in found] == [(case.number, None, None)]
    clock.turn(days=30)
    assert [pin["state"] for pin in client.get(PLACES, params={"tab": "overdue"}).json()["items"]] == ["overdue"]


@pytest.mark.parametrize("asked", [{"tab": "nothing"}, {"of": "everybody"}])
def test_a_queue_that_there_is_not_has_no_pins(
    client: TestClient, browse: Browser, town: Town, asked: dict[str, str]
) -> None:
    browse.sign_in(town.li_qiang)
    assert client.get(PLACES, params=asked).status_code == 422


def test_of_very_many_cases_the_first_to_run_out_are_told_in_one_question(
    client: TestClient, browse: Browser, session: Session, town: Town, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        to_li(session, town, clock, location=HERE)
    session.commit()
    found, left_out = pins(session, town.li_qiang, Ask(), clock.now, most=2)
    assert (len(found), left_out) == (2, 1)
    browse.sign_in(town.li_qiang)
    client.get(PLACES)
    with counted(session) as sent:
        client.get(PLACES)
    assert len([one for one in sent if "FROM cases" in one]) == 1


def test_a_point_is_told_back_as_it_is_kept_and_as_the_map_draws_it(
    client: TestClient, town: Town, with_tiles: pytest.MonkeyPatch
) -> None:
    lat, lon = to_gcj02(32.01, 118.01)
    found = client.get("/api/v1/areas/locate", params={"lat": lat, "lon": lon, "datum": "gcj02"}).json()
    assert found["at"] == pytest.approx({"lat": 32.01, "lon": 118.01}, abs=1e-6)
    assert found["drawn_at"] == pytest.approx({"lat": lat, "lon": lon}, abs=1e-6)
    by_words = client.get("/api/v1/areas/locate", params={"text": "湖滨社区"}).json()
    assert (by_words["at"], by_words["drawn_at"]) == (None, None)


def test_the_page_takes_a_point_of_a_chinese_map(browse: Browser, town: Town) -> None:
    """Drawn by such a map, the middle of the border strip lies some hundred metres to the east."""
    at = {"lat": 32.03, "lon": 118.0505}
    assert "东山社区" in browse.get("/areas", **at).text
    assert "湖滨社区" in browse.get("/areas", **at, datum="gcj02").text


def test_without_tiles_no_page_may_ask_another_host(browse: Browser, town: Town) -> None:
    page = browse.get("/submit")
    assert "img-src 'self' data: blob:;" in page.headers["content-security-policy"]


def test_with_tiles_exactly_their_host_may_be_asked_and_outlines_lie_on_them(
    browse: Browser, client: TestClient, town: Town, with_tiles: pytest.MonkeyPatch
) -> None:
    page = browse.get("/submit")
    assert "img-src 'self' data: blob: https://tiles.example.org;" in page.headers["content-security-policy"]
    assert page.headers["content-security-policy"].count("https://") == 1
    told = client.get(OUTLINES).json()
    assert told["datum"] == "gcj02"
    lat, lon = to_gcj02(32.0, 118.0)
    assert told["features"][0]["geometry"]["coordinates"][0][0] != [118.0, 32.0]
    assert [round(lon, 5), round(lat, 5)] in told["features"][0]["geometry"]["coordinates"][0]
    assert Datum(get_settings().map_datum) is Datum.GCJ02


def test_whose_tiles_they_are_is_told_under_the_map(
    browse: Browser, town: Town, with_tiles: pytest.MonkeyPatch
) -> None:
    with_tiles.setenv("JIBAN_MAP_ATTRIBUTION", "<b>Example</b>")
    get_settings.cache_clear()
    part = browse.get("/submit").html.select_one("[data-map]")
    assert part is not None
    assert (part["data-tiles"], part["data-datum"]) == (TILES, "gcj02")
    assert "<b>Example</b>" in part.get_text()


def test_the_page_of_a_case_marks_its_point_where_there_is_one(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    with_point, without = to_li(session, town, clock, location=HERE), to_li(session, town, clock)
    session.commit()
    browse.sign_in(town.li_qiang)
    part = browse.get(path(with_point)).html.select_one("#case-map")
    assert part is not None
    assert part["data-pin"] == "32.010000,118.010000"
    assert part["data-outlines"] == f"{OUTLINES}?around={SHORE}001"
    page = browse.get(path(without))
    assert not page.html.select("[data-pin]")
    assert "只知道所在区域" in page.text


def test_the_point_of_a_case_is_on_no_page_but_that_of_who_may_see_it(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case, receipt = received(session, clock.now, location=HERE)
    session.commit()
    browse.sign_in(town.zhou_tao).get(path(case), 404)
    named = [file.name for file in TEMPLATES.rglob("*.html") if "pin_at" in file.read_text("utf-8")]
    assert named == ["case_what.html"]
    browse.client.cookies.clear()
    told = browse.client.get(f"/api/v1/cases/{receipt.number}", params={"code": receipt.tracking_code})
    assert told.status_code == 200
    assert "118.01" not in told.text


def test_the_board_gives_its_map_the_numbers_of_its_list(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    received(session, clock.now)
    received(session, clock.now, area="望湖街道")
    session.commit()
    clock.turn(days=30)
    browse.sign_in(town.chen_jing)
    html = browse.get("/board").html
    rows = {str(row["data-area"]): row for row in html.select("tr[data-area]")}
    assert set(rows) == {f"{SHORE} {LAKE} 990100", f"{LAKE} 990100"}
    first = rows[f"{SHORE} {LAKE} 990100"]
    assert (first["data-overdue"], first["data-soon"], first["data-open"]) == ("1", "0", "1")
    part = html.select_one("#board-map")
    assert part is not None
    assert part["data-outlines"] == f"{OUTLINES}?in={LAKE}"
    assert browse.get(f"{part['data-to']}{SHORE}").html.select("h1")


def test_the_queue_gives_its_map_the_same_tab_and_search(browse: Browser, town: Town) -> None:
    browse.sign_in(town.li_qiang)
    part = browse.get("/queue", tab="overdue", of="unit", search="路灯").html.select_one("#queue-map")
    assert part is not None
    assert part["data-pins"] == f"{PLACES}?tab=overdue&of=unit&search=%E8%B7%AF%E7%81%AF"


def test_the_page_of_an_area_names_its_neighbours(browse: Browser, session: Session, town: Town) -> None:
    browse.sign_in(town.admin)
    hill = town.areas["hill"]
    page = browse.get(f"/admin/areas/{hill.id}")
    shown = {str(one["data-area"]): one.select_one("a")["href"] for one in page.html.select("li[data-area]")}
    assert shown == {SHORE: f"/admin/areas/{town.areas['shore'].id}", MILL: f"/admin/areas/{town.areas['mill'].id}"}
    assert "没有同级的相邻区域" in browse.get(f"/admin/areas/{town.areas['county'].id}").text

    hill.boundary = None
    session.commit()
    for at in (f"/admin/areas/{hill.id}", f"/admin/areas/{hill.id}/change"):
        assert not browse.get(at).html.select("[data-map]")


def test_a_map_changes_nothing_for_who_has_no_script(browse: Browser, town: Town) -> None:
    page = browse.get("/submit")
    part = page.html.select_one("[data-map]")
    assert part is not None
    assert part.has_attr("hidden")
    assert page.html.select_one("select[name=area]")
    loaded = [str(one.get("src") or one.get("href")) for one in page.html.select("script[src], link[rel=stylesheet]")]
    assert not [
        address for address in loaded if "leaflet" in address or "map_drawing" in address or "maps.css" in address
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JIBAN_MAP_TILES", "tiles.example.org/{z}/{x}/{y}.png"),
        ("JIBAN_MAP_TILES", "https://{s}.example.org/{z}/{x}/{y}.png"),
        ("JIBAN_MAP_TILES", "https://me:secret@example.org/{z}/{x}/{y}.png"),
        ("JIBAN_MAP_TILES", "https://*.example.org/{z}/{x}/{y}.png"),
        ("JIBAN_MAP_TILES", "https://example.org/{z}/{x}.png"),
        ("JIBAN_MAP_TILES", "https://example.org/{z}/{x}/{y}.png; script-src *"),
        ("JIBAN_MAP_TILES", "javascript://example.org/{z}/{x}/{y}"),
        ("JIBAN_MAP_ATTRIBUTION", " "),
        ("JIBAN_MAP_ATTRIBUTION", "x" * 201),
        ("JIBAN_MAP_DATUM", "bd09"),
    ],
)
def test_wrong_settings_of_maps_stop_the_start(with_tiles: pytest.MonkeyPatch, name: str, value: str) -> None:
    assert get_settings().map_host == "https://tiles.example.org"
    with_tiles.setenv(name, value)
    get_settings.cache_clear()
    with pytest.raises(SettingsInvalidError, match=name):
        get_settings()
