"""Programs send and fetch photos: with the resident's code, or as staff."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from service.accounts.actions import make_api_key
from service.cases.rules import Action
from service.web import photo_forms
from tests import pictures
from tests.builders import received, resident_does
from tests.people import Town
from tests.web.conftest import Clock

GOOD = pictures.photo()


@pytest.fixture(autouse=True)
def few_at_once() -> Iterator[None]:
    """See test_photos."""
    photo_forms.turns.cache_clear()
    photo_forms.threads.cache_clear()
    yield
    photo_forms.turns.cache_clear()
    photo_forms.threads.cache_clear()


def files(*contents: bytes) -> list[tuple[str, tuple[str, bytes, str]]]:
    return [("photo", (f"{n}.jpg", content, "image/jpeg")) for n, content in enumerate(contents)]


def test_a_program_sends_photos_with_the_code_in_a_header_or_in_the_form(
    client: TestClient, session: Session, town: Town, clock: Clock
) -> None:
    case, receipt = received(session, clock.now)
    session.commit()  # What is refused rolls back no more than itself.
    at, code = f"/api/v1/cases/{case.number}/photos", receipt.tracking_code
    first = client.post(at, files=files(GOOD), headers={"X-Tracking-Code": code})
    assert first.status_code == 201, first.text
    second = client.post(at, files=files(GOOD, pictures.photo(200)), data={"code": code})
    assert second.status_code == 201, second.text
    items = second.json()["items"]
    assert [(p["by"], p["stage"], p["is_public"], p["width"]) for p in items] == [("resident", "other", True, 640)] * 2
    assert client.get(at, headers={"X-Tracking-Code": code}).json()["items"] == items

    for small in ("", "?small=true"):
        photo = client.get(f"{at}/{items[0]['name']}{small}", headers={"X-Tracking-Code": code})
        assert photo.headers["content-type"] == "image/jpeg"
        assert pictures.opened(photo.content).size == ((480, 360) if small else (640, 480))
    assert client.get(f"{at}/{'0' * 32}", headers={"X-Tracking-Code": code}).status_code == 404


def test_without_the_code_there_is_nothing(client: TestClient, session: Session, town: Town, clock: Clock) -> None:
    case, receipt = received(session, clock.now)
    session.commit()  # What is refused rolls back no more than itself.
    at = f"/api/v1/cases/{case.number}/photos"
    sent = client.post(at, files=files(GOOD), headers={"X-Tracking-Code": receipt.tracking_code})
    name = sent.json()["items"][0]["name"]
    for wrong in ({}, {"X-Tracking-Code": "AAAAAAAAAA"}):
        assert client.post(at, files=files(GOOD), headers=wrong).status_code == 404
        assert client.get(at, headers=wrong).status_code == 404
        assert client.get(f"{at}/{name}", headers=wrong).status_code == 404
    by_address = client.get(f"{at}/{name}", params={"code": receipt.tracking_code})
    assert by_address.status_code == 404, "a code in an address would stand in logs"
    assert client.get("/api/v1/staff" + at.removeprefix("/api/v1")).status_code == 401


@pytest.mark.parametrize(("language", "said"), [("zh", "PDF 文档"), ("en", "PDF document")])
def test_all_or_none_are_taken_and_the_reason_is_told(
    client: TestClient, session: Session, town: Town, clock: Clock, language: str, said: str
) -> None:
    case, receipt = received(session, clock.now)
    session.commit()  # What is refused rolls back no more than itself.
    at, headers = f"/api/v1/cases/{case.number}/photos", {"X-Tracking-Code": receipt.tracking_code}
    bad = client.post(at, files=files(GOOD, pictures.PDF), headers=headers | {"Accept-Language": language})
    assert (bad.status_code, bad.json()["code"]) == (422, "invalid-fields")
    assert said in bad.json()["errors"]["photo"]
    assert client.get(at, headers=headers).json() == {"items": []}
    none: Any = client.post(at, data={"code": receipt.tracking_code})
    assert (none.status_code, none.json()) == (201, {"items": []})
    resident_does(session, case, Action.WITHDRAW, clock.now)
    ended = client.post(at, files=files(GOOD), headers=headers)
    assert (ended.status_code, ended.json()["code"]) == (409, "move-forbidden")


def test_staff_send_photos_of_the_work(client: TestClient, session: Session, town: Town, clock: Clock) -> None:
    case, receipt = received(session, clock.now)
    session.commit()  # What is refused rolls back no more than itself.
    at = f"/api/v1/staff/cases/{case.number}/photos"
    key = {"Authorization": f"Bearer {_key(session, town, clock)}"}
    for shade, fields in ((50, {"stage": "before"}), (150, {"stage": "after", "is_public": "true"})):
        sent = client.post(at, files=files(pictures.photo(shade)), data=fields, headers=key)
        assert sent.status_code == 201, sent.text
    items = client.get(at, headers=key).json()["items"]
    assert [(p["by"], p["stage"], p["is_public"]) for p in items] == [
        ("staff", "before", False),
        ("staff", "after", True),
    ]
    assert client.get(f"{at}/{items[0]['name']}", headers=key).status_code == 200
    wrong = client.post(at, files=files(GOOD), data={"stage": "sideways"}, headers=key)
    assert wrong.status_code == 422
    seen = client.get(f"/api/v1/cases/{case.number}/photos", headers={"X-Tracking-Code": receipt.tracking_code})
    assert [p["name"] for p in seen.json()["items"]] == [items[1]["name"]]


def _key(session: Session, town: Town, clock: Clock) -> str:
    _, secret = make_api_key(session, town.chen_jing, "photos", by=None, now=clock.now)
    return secret


def test_the_description_names_the_photos(client: TestClient, town: Town) -> None:
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    for at in ("/api/v1/cases/{number}/photos", "/api/v1/staff/cases/{number}/photos"):
        content = paths[at]["post"]["requestBody"]["content"]
        assert content["multipart/form-data"]["schema"]["properties"]["photo"]["items"]["format"] == "binary"
