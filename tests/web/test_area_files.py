"""Does an administrator take areas over from a file: looked at first, whole or not at all, with each bad row named?"""

import json
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from service.areas.datum import Datum
from service.areas.importing import kept_file, take_over
from service.areas.queries import all_areas
from service.areas.tables import Area, AreaFile
from service.audit.queries import history
from service.errors import NotFoundError
from service.routing.queries import directory
from tests.people import Town, square
from tests.web.conftest import Browser, Clock, Page

UPLOAD = "/admin/areas/import"
NEW = "code,name,level,parent,opening_hours,aliases\n990101001009,新桥社区,社区,990101001,8:30-18:00,新桥花园；桥西\n"


@pytest.fixture
def admin(browse: Browser, town: Town) -> Browser:
    return browse.sign_in(town.admin)


def send(admin: Browser, content: str | bytes, name: str = "areas.csv", status: int = 303, **answers: str) -> Page:
    page = admin.get(UPLOAD)
    answers = {"csrf": page.fields(UPLOAD)["csrf"], "datum": "wgs84", **answers}
    body = content.encode() if isinstance(content, str) else content
    response = admin.client.post(UPLOAD, data=answers, files={"file": (name, body)})
    assert response.status_code == status, response.text[:800]
    return admin.get(response.headers["location"]) if status == 303 else admin._seen(response)


def area(session: Session, code: str) -> Area:
    session.expire_all()
    return session.exec(select(Area).where(Area.code == code)).one()


def test_a_file_is_looked_at_before_anything_changes(admin: Browser, session: Session, town: Town) -> None:
    before = len(all_areas(session))
    page = send(admin, NEW)
    assert "新桥社区" in page.text
    assert len(all_areas(session)) == before

    done = admin.post(page, "/admin/areas/files/")
    assert done.to == "/admin/areas?done=imported"
    new = area(session, "990101001009")
    assert (new.path, new.aliases) == (f"{town.areas['lake'].path}{new.id}/", ["新桥花园", "桥西"])
    assert new.opening_hours == "08:30–18:00"
    assert [entry["action"] for entry in history(session, "area", new.id or 0)] == ["area.added"]
    assert directory(session).areas.names.find("桥西")


def test_what_is_wrong_is_told_by_row_and_nothing_can_be_taken_over(admin: Browser, session: Session) -> None:
    page = send(admin, NEW + "990101001010,坏社区,社区,NOWHERE,,\n")
    assert "没有编码为 NOWHERE 的上级区域" in page.text
    assert not page.html.select('main form[action^="/admin/areas/files/"]')
    file_id = session.exec(select(AreaFile)).one().id
    session.commit()
    answers = {"csrf": admin.get(UPLOAD).fields(UPLOAD)["csrf"]}
    assert admin.client.post(f"/admin/areas/files/{file_id}", data=answers).headers["location"].endswith(str(file_id))
    assert session.exec(select(Area).where(Area.code == "990101001009")).first() is None


def test_a_map_changes_boundaries_and_nothing_else(admin: Browser, session: Session, town: Town) -> None:
    shape = {"type": "Feature", "properties": {"code": "990101001001"}, "geometry": square(118.0, 32.0, 0.04)}
    was = town.areas["shore"].model_dump(exclude={"boundary"})
    page = send(admin, json.dumps({"type": "FeatureCollection", "features": [shape]}), "town.geojson")
    admin.post(page, "/admin/areas/files/")
    now = area(session, "990101001001")
    assert now.boundary == square(118.0, 32.0, 0.04)
    assert now.model_dump(exclude={"boundary"}) == was
    assert area(session, "990101001002").boundary is not None


def test_a_sheet_without_boundaries_leaves_them_as_they_are(admin: Browser, session: Session, town: Town) -> None:
    admin.post(send(admin, "编码,名称\n990101001001,湖滨新社区\n"), "/admin/areas/files/")
    now = area(session, "990101001001")
    assert (now.name, now.boundary) == ("湖滨新社区", square(118.0, 32.0, 0.05))


def test_an_area_that_moves_by_file_takes_everything_below_along(admin: Browser, session: Session, town: Town) -> None:
    admin.post(send(admin, "code,parent\n990101001001,990101101\n"), "/admin/areas/files/")
    grid = area(session, "990101001001001")
    assert grid.path == f"{town.areas['willow'].path}{town.areas['shore'].id}/{grid.id}/"


@pytest.mark.parametrize(("name", "content"), [("x.xlsx", b"PK\x03\x04x"), ("x.csv", b"a,b\n"), ("x.csv", b"")])
def test_a_file_that_cannot_be_read_is_refused_at_once(
    admin: Browser, session: Session, name: str, content: bytes
) -> None:
    page = send(admin, content, name, status=422)
    assert page.html.select_one("#f-file-error") is not None
    assert session.exec(select(AreaFile)).all() == []


def test_what_is_written_out_can_be_taken_over_again_and_runs_nothing(
    admin: Browser, session: Session, town: Town
) -> None:
    town.areas["mill"].name = "=cmd()"
    town.areas["hill"].aliases = ["@home"]
    session.commit()
    answer = admin.client.get("/admin/areas/export")
    text = answer.content.decode("utf-8-sig")
    assert "'=cmd()" in text
    assert ",=" not in text
    assert "'@home" in text
    session.refresh(town.areas["mill"])
    town.areas["mill"].name, town.areas["hill"].aliases = "磨坊村", []
    session.commit()
    page = send(admin, admin.client.get("/admin/areas/export").content)
    assert "新增区域 0" in page.text
    assert "变更区域 0" in page.text


def test_a_file_is_kept_for_a_day(admin: Browser, session: Session, clock: Clock) -> None:
    send(admin, NEW)
    first = session.exec(select(AreaFile)).one().id or 0
    clock.now += timedelta(hours=25)
    send(admin, NEW)
    with pytest.raises(NotFoundError):
        kept_file(session, first)


def test_others_may_not_come_in(browse: Browser, town: Town) -> None:
    browse.sign_in(town.chen_jing)
    browse.session.commit()
    browse.get(UPLOAD, 403)
    browse.get("/admin/areas/export", 403)


def test_thousands_of_rows_are_taken_over_in_seconds(session: Session, town: Town, clock: Clock) -> None:
    rows = [f"X{number:06d},社区{number},community,990101001" for number in range(5_000)]
    text = "code,name,level,parent\n" + "\n".join(rows)
    seen = take_over(session, "x.csv", text.encode(), Datum.WGS84, by=town.admin, now=clock.now)
    assert len(seen.added) == 5_000
    assert len(directory(session).areas.in_use) == 5_007
