"""Who is told at once that something changed, how often, and until when? The line itself: tests/faults/test_live.py."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from service.live.rules import Scope, Touched
from service.web import live, live_hub
from service.web.live_hub import CHANGED, HERE, Hub, Listener, Seen
from tests.people import Town
from tests.web.conftest import Browser

LAKE, WILLOW = Scope(7, "/1/2/"), Scope(8, "/1/3/")
LAKES, WILLOWS = b"token of 7", b"token of 8"
LASTS = 1.0
STREAM = {"accept": "text/event-stream"}


@dataclass
class Found:
    """What a look would find: the test writes it, each look takes it."""

    touched: Touched = field(default_factory=Touched)
    scopes: dict[bytes, Scope] = field(default_factory=lambda: {LAKES: LAKE, WILLOWS: WILLOW})
    looks: int = 0
    is_away: bool = False

    def look(self, _watch: object, _tokens: object, _at: float) -> Seen:
        self.looks += 1
        if self.is_away:
            raise OperationalError("SELECT", {}, Exception("away"))
        found, self.touched = self.touched, Touched()
        return Seen(found, self.scopes)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Found:
    told = Found()
    monkeypatch.setattr(live_hub, "look", told.look)
    monkeypatch.setattr(live_hub, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(live_hub, "ASKED_EVERY", 2)
    return told


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 10))


def joined(hub: Hub, token: bytes = LAKES, scope: Scope = LAKE) -> Listener:
    listener = hub.join(token, scope)
    assert listener is not None
    return listener


async def opened(hub: Hub, listener: Listener) -> AsyncIterator[bytes]:
    """Open a stream and take what every one begins with."""
    events = hub.events_of(listener)
    first = await anext(events)
    assert first.startswith(b"retry: ")
    assert first.endswith(HERE)
    assert await anext(events) == CHANGED, "who is new looks again: their page is older than the line"
    return events


def test_only_whom_it_concerns_is_told(found: Found) -> None:
    async def work() -> None:
        hub = Hub()
        lake, willow = await opened(hub, joined(hub)), await opened(hub, joined(hub, WILLOWS, WILLOW))
        found.touched = Touched(frozenset({"/1/2/4/"}))
        waits = asyncio.ensure_future(anext(willow))
        assert await anext(lake) == CHANGED
        await asyncio.sleep(0.1)
        assert not waits.done()
        waits.cancel()
        hub.close()

    run(work())


def test_much_at_once_is_told_once_and_then_again_after_a_pause(found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_hub, "pause_after", lambda _listeners: 0.3)

    async def work() -> None:
        hub = Hub()
        events = await opened(hub, joined(hub))
        begun = asyncio.get_running_loop().time()
        for _ in range(5):
            found.touched = Touched(is_everywhere=True)
            await asyncio.sleep(0.03)
        assert await anext(events) == CHANGED
        assert asyncio.get_running_loop().time() - begun >= 0.3
        waits = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.4)
        assert not waits.done()
        waits.cancel()
        hub.close()

    run(work())


def test_a_silent_line_says_now_and_then_that_it_is_there(found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_hub, "HEARTBEAT_SECONDS", 0.02)
    monkeypatch.setattr(live_hub, "pause_after", lambda _listeners: 0.0)

    async def work() -> None:
        hub = Hub()
        events = await opened(hub, joined(hub))
        assert [await anext(events), await anext(events)] == [HERE, HERE]
        hub.close()

    run(work())


@pytest.mark.parametrize("now", [{}, {LAKES: WILLOW}], ids=["the sign-in is over", "the person works elsewhere"])
def test_a_stream_ends_with_what_it_was_opened_for(found: Found, now: dict[bytes, Scope]) -> None:
    async def work() -> None:
        hub = Hub()
        events = await opened(hub, joined(hub))
        found.scopes = now
        assert [event async for event in events] == []

    run(work())


def test_when_the_database_is_away_all_streams_end_and_later_ones_are_looked_for_again(found: Found) -> None:
    async def work() -> None:
        hub = Hub()
        listener = joined(hub)
        events = await opened(hub, listener)
        found.is_away = True
        assert [event async for event in events] == []
        hub.leave(listener)
        found.is_away = False
        await opened(hub, joined(hub))
        hub.close()

    run(work())


def test_nobody_looks_while_nobody_listens(found: Found) -> None:
    async def work() -> None:
        hub = Hub()
        listener = joined(hub)
        await opened(hub, listener)
        hub.leave(listener)
        await asyncio.sleep(0.1)
        looks = found.looks
        await asyncio.sleep(0.1)
        assert found.looks == looks > 0

    run(work())


def test_one_person_holds_few_lines_and_a_process_many(found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_hub, "MOST_LISTENERS", live_hub.MOST_OF_A_PERSON + 1)

    async def work() -> None:
        hub = Hub()
        own = [joined(hub) for _ in range(live_hub.MOST_OF_A_PERSON)]
        assert hub.join(LAKES, LAKE) is None
        joined(hub, WILLOWS, WILLOW)
        hub.leave(own[0])
        joined(hub)
        assert hub.join(WILLOWS, WILLOW) is None, "the process is full"
        hub.close()
        hub.leave(own[1])
        assert hub.join(LAKES, LAKE) is None, "the process stops"

    run(work())


def test_a_stream_is_for_staff_who_signed_in_with_a_browser(browse: Browser, client: TestClient, town: Town) -> None:
    assert client.get("/live", headers=STREAM).status_code == 401
    browse.sign_in(town.people["admin"])
    assert client.get("/live", headers=STREAM).status_code == 403


def test_where_no_line_is_left_the_page_is_told_not_to_come_back(
    browse: Browser, client: TestClient, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Hub()
    full.close()
    monkeypatch.setattr(live, "hub", lambda: full)
    browse.sign_in(town.chen_jing)
    answer = client.get("/live", headers=STREAM)
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_stream_counts_for_as_long_as_it_took_to_begin(
    browse: Browser, client: TestClient, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Short(Hub):
        async def events_of(self, _listener: Listener) -> AsyncIterator[bytes]:
            yield HERE
            await asyncio.sleep(LASTS)

    short = Short()
    monkeypatch.setattr(live, "hub", lambda: short)
    monkeypatch.setattr(live_hub, "look", Found().look)
    browse.sign_in(town.chen_jing)

    def measured() -> float:
        return REGISTRY.get_sample_value("jiban_request_seconds_sum", {"route": "/live"}) or 0.0

    before = measured()
    answer = client.get("/live", headers=STREAM)
    assert (answer.status_code, answer.content) == (200, HERE)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "content-encoding" not in answer.headers
    assert "no-store" in answer.headers["cache-control"]
    assert 0 < measured() - before < LASTS


@pytest.mark.parametrize("path", ["/board", "/queue"])
@pytest.mark.parametrize(("language", "words"), [("zh", "实时"), ("en", "Live")])
def test_a_page_names_its_stream_and_goes_on_asking_without_it(
    browse: Browser, town: Town, path: str, language: str, words: str
) -> None:
    page = browse.sign_in(town.chen_jing).speak(language).get(path)
    part = page.html.select_one("[data-live]")
    state = page.html.select_one("#live-state")
    assert part is not None
    assert state is not None
    assert part["data-live"] == "/live"
    assert str(part["hx-trigger"]).startswith("every 1")
    assert str(part["hx-trigger"]).endswith(", changed")
    assert words in str(state["data-hears"])
    assert state.get_text() == "", "without scripts nothing is live"
