"""A colleague is looking at this: named to whoever may see the case, and never in the way."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import redis
from sqlmodel import Session

from service import presence as room
from service.cases.rules import Action
from service.embedded import EmbeddedServers
from service.presence import KEPT, Presence, presence
from service.settings import get_settings
from tests.builders import does
from tests.people import Town
from tests.web.conftest import Browser, Clock
from tests.web.workers import path, signed

NOW = datetime(2026, 11, 30, 7, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def valkey(servers: EmbeddedServers) -> Iterator[redis.Redis]:
    """An empty Valkey, and a process that has not asked it yet."""
    client = redis.Redis.from_url(servers.redis_url)
    client.flushdb()
    presence.cache_clear()
    yield client
    client.flushdb()
    client.close()
    presence.cache_clear()


def test_who_looks_is_seen_by_others_until_they_have_gone(servers: EmbeddedServers) -> None:
    here, there = Presence(servers.redis_url), Presence(servers.redis_url)

    assert here.look(7, 1, NOW) == [1]
    assert there.look(7, 2, NOW + 20 * SECOND) == [1, 2]
    assert there.looking([7, 8], NOW + 20 * SECOND) == {7: [1, 2]}
    assert there.looking([7], NOW + KEPT) == {7: [2]}
    assert there.look(7, 3, NOW + KEPT + SECOND) == [2, 3]
    assert here.looking([], NOW) == {}


def test_what_was_noted_ends_by_itself(servers: EmbeddedServers, valkey: redis.Redis) -> None:
    Presence(servers.redis_url).look(7, 1, NOW)

    assert 0 < int(valkey.ttl("jiban:looking:7")) <= KEPT.seconds


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1", "nonsense", "redis://10.255.255.1:6379", ""])
def test_without_valkey_nobody_is_seen_and_nobody_waits_twice(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    away, moment, asked = Presence(url), [100.0], []
    monkeypatch.setattr(room, "time", SimpleNamespace(monotonic=lambda: moment[0]))

    assert away.look(7, 1, NOW) == []

    def ask_again(_self: Presence) -> object:
        asked.append(moment[0])
        raise redis.ConnectionError

    monkeypatch.setattr(Presence, "_client", property(ask_again))
    for later in (0, 29, 31, 32):
        moment[0] = 100.0 + later
        assert away.looking([7], NOW) == {}
    assert asked == [131.0]


def seen_by(browse: Browser, at: str) -> str:
    mark = browse.get(at).html.select_one(".looking")
    return mark.get_text(" ", strip=True) if mark else ""


@pytest.mark.parametrize(("language", "said"), [("zh", "李强 正在查看"), ("en", "Li Qiang is looking at this now")])
def test_a_colleague_is_named_on_the_case_and_in_the_queue_and_oneself_is_not(
    browse: Browser, session: Session, town: Town, clock: Clock, language: str, said: str
) -> None:
    case = signed(session, town, clock)
    browse.sign_in(town.li_qiang).speak(language)
    assert seen_by(browse, path(case)) == ""
    assert seen_by(browse, "/queue") == ""

    browse.sign_in(town.sun_li)
    assert seen_by(browse, "/queue?of=unit") == said
    assert seen_by(browse, path(case)) == said
    assert seen_by(browse, f"{path(case)}/here") == said
    browse.sign_in(town.li_qiang)
    assert seen_by(browse, "/queue").startswith("孙丽" if language == "zh" else "Sun Li")


def test_who_may_not_see_the_case_neither_looks_nor_is_told(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case = signed(session, town, clock)
    browse.sign_in(town.zhao_min)
    session.commit()
    browse.get(f"{path(case)}/here", 404)
    browse.client.cookies.delete("jiban_session")
    assert browse.client.get(f"{path(case)}/here").status_code == 303

    browse.sign_in(town.li_qiang)
    assert seen_by(browse, path(case)) == ""


def test_who_is_shown_already_is_not_shown_again(browse: Browser, session: Session, town: Town, clock: Clock) -> None:
    case = signed(session, town, clock)
    browse.sign_in(town.sun_li).get(path(case))
    asks = browse.sign_in(town.li_qiang).get(path(case)).html.select_one("#looking")["hx-get"]  # type: ignore[index]
    poll = {"HX-Request": "true", "X-Poll": "true"}

    assert browse.client.get(str(asks), headers=poll).status_code == 204
    browse.sign_in(town.he_jun).get(path(case))
    browse.sign_in(town.li_qiang)
    assert "何军" in browse.client.get(str(asks), headers=poll).text


def test_who_writes_while_the_sign_in_ends_is_not_led_away(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case = signed(session, town, clock)

    answer = browse.client.get(f"{path(case)}/here", headers={"HX-Request": "true", "X-Poll": "true"})

    assert answer.status_code == 401
    assert "hx-redirect" not in answer.headers


def test_where_valkey_is_away_the_pages_are_as_they_are(
    browse: Browser, session: Session, town: Town, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = signed(session, town, clock)
    browse.sign_in(town.li_qiang)
    monkeypatch.setattr(get_settings(), "redis_url", "redis://127.0.0.1:1")

    assert seen_by(browse, path(case)) == ""
    assert seen_by(browse, "/queue") == ""
    assert browse.get(f"{path(case)}/here").status == 200


def test_a_conflict_lays_both_sides_beside_each_other(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case = signed(session, town, clock)
    head = browse.sign_in(town.he_jun)
    page = head.get(path(case))
    does(session, case, town.li_qiang, Action.REPLY, clock.now, text="我已联系电工")

    told = head.post(page, "/reassign", 409, person_id=str(town.sun_li.id), text="请孙丽接手")

    yours, theirs = (part.get_text(" ", strip=True) for part in told.html.select(".sides > section"))
    assert "改派" in yours
    assert "孙丽" in yours
    assert "请孙丽接手" in yours
    assert "我已联系电工" in theirs
    assert "已签收 → 办理中" in theirs
    assert "李强" in theirs
    assert "我已联系电工" not in yours
    head.post(told, "/reassign")
