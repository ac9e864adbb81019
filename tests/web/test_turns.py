"""How do requests share the connections of their process: each in its turn, and none waits for ever?"""

from collections.abc import Iterator

import anyio
import pytest
from anyio import to_thread
from fastapi import APIRouter, Request, Response
from sqlmodel import Session
from starlette.testclient import TestClient

from service.app import create_app
from service.web import deps, turns
from service.web.deps import DbSession
from service.web.turns import BusyError

probes = APIRouter()


@probes.get("/turn")
@probes.get("/api/turn")
def take_a_turn(request: Request, session: DbSession) -> Response:
    return Response("had")


@pytest.fixture(autouse=True)
def one_place(monkeypatch: pytest.MonkeyPatch) -> anyio.Semaphore:
    place = anyio.Semaphore(1)
    monkeypatch.setattr(turns, "places", lambda: place)
    return place


@pytest.fixture
def visitor() -> Iterator[TestClient]:
    app = create_app()
    app.include_router(probes)
    with TestClient(app) as client:
        yield client


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "BUSY_AFTER_SECONDS", 0.05)


def test_requests_have_their_turn_in_the_order_they_came(session: Session) -> None:
    had: list[int] = []

    async def ask(number: int) -> None:
        async for _ in deps.get_session():
            had.append(number)
            await to_thread.run_sync(lambda: None)

    async def all_ask() -> None:
        async with anyio.create_task_group() as group:
            for number in range(20):
                group.start_soon(ask, number)

    anyio.run(all_ask)
    assert had == list(range(20))


def test_who_waits_too_long_is_told_to_come_back_and_takes_no_place(
    session: Session, one_place: anyio.Semaphore, impatient: None
) -> None:
    async def ask_while_it_is_held() -> None:
        await one_place.acquire()
        with pytest.raises(BusyError):
            async for _ in deps.get_session():
                pass
        one_place.release()
        async for _ in deps.get_session():
            assert one_place.value == 0
        assert one_place.value == 1

    anyio.run(ask_while_it_is_held)


def test_a_request_that_fails_gives_its_place_back(session: Session, one_place: anyio.Semaphore) -> None:
    async def fail() -> None:
        turn = deps.get_session()
        await anext(turn)
        with pytest.raises(ZeroDivisionError):
            await turn.athrow(ZeroDivisionError())

    anyio.run(fail)
    assert one_place.value == 1


def test_a_busy_product_says_when_to_come_back(
    visitor: TestClient, session: Session, one_place: anyio.Semaphore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "BUSY_AFTER_SECONDS", 1)
    assert visitor.get("/turn").status_code == 200
    one_place.acquire_nowait()
    told = visitor.get("/api/turn")
    assert (told.status_code, told.json()["code"], told.headers["Retry-After"]) == (503, "busy", "1")
    page = visitor.get("/turn", headers={"Accept": "text/html", "Accept-Language": "zh"})
    assert page.status_code == 503
    assert "非常多" in page.text
