"""What happens to a request that comes when too many are waiting already, and who counts as waiting?"""

from collections.abc import Iterator

import pytest
from bs4 import BeautifulSoup
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from sqlmodel import Session
from starlette.testclient import TestClient

from service.app import create_app
from service.web import guard
from service.web.crowd import Crowd


class Watched(Crowd):
    """A crowd that is as large as a test says, and keeps how many were under way when somebody was at work."""

    def __init__(self) -> None:
        super().__init__()
        self.is_large_for: set[bool] = set()
        self.seen: list[int] = []

    def is_too_large(self, *, for_a_poll: bool = False) -> bool:
        return for_a_poll in self.is_large_for


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> Watched:
    watched = Watched()
    monkeypatch.setattr(guard, "Crowd", lambda: watched)
    return watched


@pytest.fixture
def visitor(session: Session, crowd: Watched) -> Iterator[TestClient]:  # It lends its connection.
    app, probes = create_app(), APIRouter()

    @probes.get("/count")
    @probes.post("/api/count")
    async def count(request: Request) -> int:
        crowd.seen.append(crowd.under_way)
        await request.body()
        crowd.seen.append(crowd.under_way)
        return crowd.under_way

    @probes.get("/flow")
    async def flow() -> StreamingResponse:
        async def words() -> Iterator[bytes]:  # type: ignore[misc]
            yield b"one"
            crowd.seen.append(crowd.under_way)
            yield b"two"

        return StreamingResponse(words())

    @probes.get("/broken")
    async def broken() -> None:
        raise RuntimeError

    app.include_router(probes)
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize(
    ("language", "says"), [("zh", "现在来办事的人非常多"), ("en", "Very many people are asking at this moment")]
)
def test_a_person_reads_that_many_are_asking_and_when_to_come_back(
    visitor: TestClient, crowd: Watched, language: str, says: str
) -> None:
    crowd.is_large_for = {False}
    refused = visitor.post(
        "/submit", data={"text": "楼道灯坏了"}, headers={"accept": "text/html", "cookie": f"lang={language}"}
    )
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "5"
    assert refused.headers["cache-control"] == "no-store"
    html = BeautifulSoup(refused.text, "html.parser")
    assert says in html.get_text()
    assert (" 5 秒" if language == "zh" else " 5 s.") in html.get_text()
    assert not html.select("main a"), "the form is behind the reader: it would be lost on the way to another page"


def test_who_only_reads_is_led_to_the_same_page_again(visitor: TestClient, crowd: Watched) -> None:
    crowd.is_large_for = {False}
    refused = visitor.get("/areas?name=湖", headers={"accept": "text/html"})
    again = BeautifulSoup(refused.text, "html.parser").select_one("main a.button")
    assert again is not None
    assert str(again["href"]).startswith("/areas?name=")
    assert "什么都没有写入" not in refused.text


def test_a_program_is_told_so_in_a_problem_document(visitor: TestClient, crowd: Watched) -> None:
    crowd.is_large_for = {False}
    refused = visitor.post("/api/v1/cases", json={"text": "x"})
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (503, "busy", "5")


def test_what_a_page_asks_by_itself_is_sent_away_before_what_a_person_asks(visitor: TestClient, crowd: Watched) -> None:
    crowd.is_large_for = {True}
    assert visitor.get("/sign-in", headers={"x-poll": "true"}).status_code == 503
    assert visitor.get("/sign-in").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/static/jiban.css"])
def test_who_watches_over_the_service_is_always_let_in(visitor: TestClient, crowd: Watched, path: str) -> None:
    crowd.is_large_for = {True, False}
    assert "Retry-After" not in visitor.get(path).headers


def test_a_request_is_under_way_from_its_arrival_to_its_answer(visitor: TestClient, crowd: Watched) -> None:
    assert visitor.get("/count").json() == 1
    assert visitor.post("/api/count", content=b"x" * 1000).json() == 1
    assert crowd.seen == [1, 1, 0, 1], "who is still sending keeps nobody busy"
    assert crowd.under_way == 0


def test_an_answer_that_flows_out_keeps_nobody_busy(visitor: TestClient, crowd: Watched) -> None:
    assert visitor.get("/flow").text == "onetwo"
    assert crowd.seen == [0]


@pytest.mark.parametrize("path", ["/broken", "/nothing", "/static/jiban.css"])
def test_whatever_becomes_of_a_request_it_is_not_under_way_for_ever(
    visitor: TestClient, crowd: Watched, path: str
) -> None:
    visitor.get(path)
    visitor.post(path, content=b"x" * 2_000_000)
    visitor.post(path, content=(part for part in [b"x" * 900_000] * 3))
    assert crowd.under_way == 0
