"""Does an administrator give an area another boundary: looked at first, with what is wrong in plain words?"""

import json
from typing import Any

import pytest
from sqlmodel import Session, select

from service.areas.datum import to_gcj02
from service.areas.tables import Area
from service.audit.queries import history
from service.routing.queries import directory
from tests.builders import received
from tests.people import Town, square
from tests.web.conftest import Browser, Clock, Page

HALF = {
    "type": "Polygon",
    "coordinates": [[[118.0, 32.0], [118.025, 32.0], [118.025, 32.05], [118.0, 32.05], [118.0, 32.0]]],
}
WIDE = square(118.0, 32.0, 0.06)
BOW = {
    "type": "Polygon",
    "coordinates": [[[118.0, 32.0], [118.05, 32.05], [118.05, 32.0], [118.0, 32.05], [118.0, 32.0]]],
}


@pytest.fixture
def admin(browse: Browser, town: Town) -> Browser:
    return browse.sign_in(town.admin)


def address(town: Town, key: str = "shore") -> str:
    return f"/admin/areas/boundaries/{town.areas[key].id}"


def pasted(admin: Browser, at: str, text: str, status: int = 303, **answers: str) -> Page:
    """Send a text; where it is kept, return the page that says what it would change."""
    page = admin.get(at)
    sent = page.fields(at) | {"boundary": text} | answers
    answer = admin._seen(admin.client.post(at, data=sent))
    assert answer.status == status, answer.text[:800]
    return admin.get(answer.to) if status == 303 else answer


def from_file(admin: Browser, at: str, content: bytes, status: int = 303) -> Page:
    to = at.replace("/boundaries/", "/boundaries/files/")
    answers = admin.get(at).fields(to)
    answers.pop("file", None)
    response = admin.client.post(to, data=answers, files={"file": ("a.geojson", content)})
    assert response.status_code == status, response.text[:800]
    return admin.get(response.headers["location"]) if status == 303 else admin._seen(response)


def boundary(session: Session, town: Town, key: str = "shore") -> Any:
    session.expire_all()
    return town.areas[key].boundary


def facts(page: Page) -> str:
    section = page.html.select_one("section[aria-labelledby=changes]")
    assert section is not None
    return " ".join(section.get_text(" ", strip=True).split())


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_a_boundary_changes_is_seen_before_it_counts(
    admin: Browser, session: Session, town: Town, clock: Clock, language: str
) -> None:
    for lon in (118.01, 118.04, 118.07):  # The last one lies outside of the boundary there is.
        received(session, clock.now, location={"lat": 32.01, "lon": lon})
    session.commit()
    before = boundary(session, town)
    page = pasted(admin.speak(language), address(town), json.dumps(HALF))
    told = facts(page)
    if language == "zh":
        assert "现在的面积 2,62" in told
        assert "变更后的面积 1,31" in told
        assert "顶点 4 → 4" in told
        assert "变更后落在边界外的未办结工单 1" in told
        assert "与周围区域的边界一致" in told
    else:
        assert "Open cases here that would lie outside of it 1" in told
        assert "It agrees with the areas around it." in told
    assert boundary(session, town) == before

    known = directory(session)
    done = admin.post(page, address(town))
    assert done.to == f"/admin/areas/{town.areas['shore'].id}?done=changed"
    assert boundary(session, town) == HALF
    assert history(session, "area", town.areas["shore"].id or 0)[-1]["data"] == {"boundary": []}
    now = directory(session)
    assert known.areas is not now.areas
    assert town.areas["shore"].id not in now.areas.ground.covering(lat=32.01, lon=118.04)
    outline = admin.client.get("/api/v1/areas/outlines", params={"around": town.areas["shore"].code}).json()
    own = next(one for one in outline["features"] if one["properties"]["asked"])
    assert sorted(map(tuple, own["geometry"]["coordinates"][0])) == sorted(map(tuple, HALF["coordinates"][0]))  # type: ignore[index]


def test_neighbours_and_areas_above_and_below_that_do_not_fit_are_named(admin: Browser, town: Town) -> None:
    told = facts(pasted(admin, address(town), json.dumps(WIDE)))
    assert "东山社区，占较小一方的 20.0 %" in told
    assert "超出" not in told
    assert "望湖街道" not in told
    assert "湖滨一网格" not in told
    apart = facts(pasted(admin, address(town), json.dumps(box(118.08, 32, 118.15, 32.05))))
    assert "磨坊村，占较小一方的 100.0 % 东山社区，占较小一方的 40.0 %" in apart
    small = facts(pasted(admin, address(town), json.dumps(square(118.03, 32.03, 0.02))))
    assert "湖滨一网格 有 100.0 % 超出 湖滨社区" in small
    out = facts(pasted(admin, address(town, "hill"), json.dumps(square(118.06, 32.0, 0.05))))
    assert "东山社区 有 20.0 % 超出 望湖街道" in out
    assert "磨坊村，占较小一方的 20.0 %" in out
    assert "湖滨社区，占" not in out


def box(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    return reaching([[west, south], [east, south], [east, north], [west, north]])


def reaching(corners: list[list[float]]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}


SOUTH = reaching([[118, 32], [118.06, 32], [118.06, 32.02], [118.05, 32.02], [118.05, 32.05], [118, 32.05]])
NORTH = reaching([[118, 32], [118.05, 32], [118.05, 32.03], [118.06, 32.03], [118.06, 32.05], [118, 32.05]])
"""Both reach as far into the neighbour, and touch it elsewhere."""
NOTHING_NEW = {
    "zh": "没有带来新的重叠，也没有新的不符。",
    "en": "It brings no new overlap, and nothing new that does not fit.",
}
BELOW = {"zh": "原已存在，未扩大", "en": "There before already, and no larger now"}


@pytest.mark.parametrize(
    ("was", "drawn", "language", "new", "there"),
    [
        (WIDE, box(118, 32, 118.07, 32.06), "zh", "与以下区域重叠 东山社区，占较小一方的 40.0 % （变更前 20.0 %）", ""),
        (WIDE, box(118, 32, 118.055, 32.06), "zh", NOTHING_NEW["zh"], "与 东山社区 重叠，占较小一方的 10.0 %"),
        (WIDE, square(118, 32, 0.0600001), "en", NOTHING_NEW["en"], "It overlaps Dongshan, by 20.0 %"),
        (SOUTH, NORTH, "en", "Dongshan, by 8.0 % of the smaller of the two (before: 8.0 %)", ""),
        (
            WIDE,
            box(118.03, 32, 118.06, 32.05),
            "zh",
            "湖滨一网格 有 100.0 % 超出",
            "与 东山社区 重叠，占较小一方的 33.3 %",
        ),
        (
            box(118.01, 32, 118.06, 32.05),
            box(118.01, 32, 118.05, 32.05),
            "en",
            NOTHING_NEW["en"],
            "Hubin grid 1 lies partly outside of Hubin: 50.0 % of it",
        ),
        (
            box(118.01, 32, 118.05, 32.05),
            box(118.015, 32, 118.06, 32.05),
            "en",
            "Hubin grid 1 lies partly outside of Hubin: 75.0 % of it (before: 50.0 %)",
            "",
        ),
    ],
    ids=["grown", "shrunken", "a hair", "moved", "smaller itself", "one of two gone", "grown from below"],
)
def test_what_a_change_brings_stands_above_what_was_there_before(
    admin: Browser, session: Session, town: Town, was: Any, drawn: Any, language: str, new: str, there: str
) -> None:
    town.areas["shore"].boundary = was
    session.commit()
    told = facts(pasted(admin.speak(language), address(town), json.dumps(drawn)))
    above, _, below = told.partition(BELOW[language])
    assert new in above
    assert there in below
    assert bool(below) is bool(there)
    assert (NOTHING_NEW[language] in above) is (new == NOTHING_NEW[language])


def test_a_boundary_that_crosses_itself_is_mended_and_that_is_told(
    admin: Browser, session: Session, town: Town
) -> None:
    page = pasted(admin, address(town), json.dumps(BOW))
    assert "边界自相交" in page.text
    admin.post(page, address(town))
    assert boundary(session, town)["type"] == "MultiPolygon"


def test_a_boundary_of_a_chinese_map_is_turned(admin: Browser, session: Session, town: Town) -> None:
    shifted = [list(reversed(to_gcj02(lat, lon))) for lon, lat in HALF["coordinates"][0]]  # type: ignore[index, has-type]
    text = json.dumps({"type": "Polygon", "coordinates": [shifted]})
    admin.post(pasted(admin, address(town), text, datum="gcj02"), address(town))
    for (lon, lat), (true_lon, true_lat) in zip(
        boundary(session, town)["coordinates"][0], HALF["coordinates"][0], strict=True
    ):  # type: ignore[arg-type]
        assert abs(lon - true_lon) < 1e-6
        assert abs(lat - true_lat) < 1e-6
    assert pasted(admin, address(town), text, 422, datum="mars").html.select_one("#f-datum-error") is not None


def test_who_was_slower_sees_it_and_what_there_is_already_is_not_written_again(
    admin: Browser, session: Session, town: Town
) -> None:
    first, second = (pasted(admin, address(town), json.dumps(shape)) for shape in (HALF, WIDE))
    admin.post(first, address(town))
    late = admin.post(second, address(town), 409)
    assert "刚才的改动" in late.text
    assert boundary(session, town) == HALF
    admin.post(late, address(town))
    assert boundary(session, town) == WIDE
    again = pasted(admin, address(town), json.dumps(WIDE))
    assert "与该区域现有的边界相同" in again.text
    assert not [form for form in again.html.select("main form") if "boundaries" in str(form.get("action"))]


def test_the_form_brings_the_boundary_along_and_an_area_without_one_gets_its_first(
    admin: Browser, session: Session, town: Town
) -> None:
    at = address(town)
    assert json.loads(admin.get(at).fields(at)["boundary"]) == boundary(session, town)
    hill = town.areas["hill"]
    hill.boundary = None
    session.commit()
    page = admin.get(address(town, "hill"))
    assert page.fields(address(town, "hill"))["boundary"] == ""
    part = page.html.select_one("[data-map]")
    assert part is not None
    assert part["data-outlines"] == "/api/v1/areas/outlines?in=990101001"
    told = pasted(admin, address(town, "hill"), json.dumps(square(118.05, 32.0, 0.05)))
    assert "现在的面积 未绘制" in facts(told)
    admin.post(told, address(town, "hill"))
    assert boundary(session, town, "hill") == square(118.05, 32.0, 0.05)


def test_what_the_map_needs_to_change_corners_stands_in_the_page(admin: Browser, town: Town) -> None:
    page = admin.get(address(town))
    part = page.html.select_one("[data-map][data-corners][data-cornering]")
    assert part is not None
    text = page.html.select_one(str(part["data-corners"]))
    assert text is not None
    form = text.find_parent("form")
    assert form is not None
    assert part.find_parent("form") is form
    assert form.select("[name=datum]")
    said = {str(part[f"data-{name}"]) for name in ("count", "one", "remove", "back", "few", "crowd", "start", "unread")}
    assert len(said) == 8
    seen = pasted(admin, address(town), json.dumps(HALF)).html.select_one("[data-map][data-corners][data-still]")
    assert seen is not None


def test_only_administrators_and_only_what_is_there(
    browse: Browser, admin: Browser, session: Session, town: Town
) -> None:
    kept = pasted(admin, address(town), json.dumps(HALF))
    number = str(kept.form(address(town)).get("action")).rsplit("/", 1)[1]
    assert admin.get(f"{address(town, 'hill')}/{number}", 404)
    assert admin.get(f"{address(town)}/999999", 404)
    assert admin.get("/admin/areas/boundaries/999999", 404)
    town.areas["mill"].is_active = False
    session.commit()
    closed = pasted(admin, address(town, "mill"), json.dumps(square(118.1, 32.0, 0.04)))
    assert "已撤销" in admin.post(closed, address(town, "mill"), 422).text
    for person in (town.chen_jing, town.qian_bo):
        browse.sign_in(person)
        assert browse.client.get(address(town)).status_code == 403
        assert browse.client.post(f"{address(town)}/{number}", data={}).status_code == 403


def test_the_page_of_an_area_leads_to_its_boundary(admin: Browser, session: Session, town: Town) -> None:
    page = admin.get(f"/admin/areas/{town.areas['shore'].id}")
    assert page.html.select_one(f'a[href="{address(town)}"]') is not None
    assert session.exec(select(Area).where(Area.code == "990100")).one().boundary is not None
