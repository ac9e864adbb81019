"""Who has a case open at this moment? Kept in Valkey for less than a minute: losing it loses nothing.

Where Valkey is away nobody is seen, and it is not asked again for a while, so that no page waits for it.
"""

import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from functools import cache, cached_property
from typing import Any, TypeVar

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from service.settings import get_settings

log = structlog.get_logger("presence")
Found = TypeVar("Found")

KEPT = timedelta(seconds=45)
"""A page says every 20 seconds that it is open: one that was closed is forgotten after at most this long."""
WITHIN_SECONDS = 0.2
"""How long a page waits for Valkey."""
SILENT_SECONDS = 30.0
"""How long Valkey is left alone after it did not answer."""


class Presence:
    """Who looks at what, in one Valkey; used by many threads at once."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._silent_until = -1.0

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401  # Its stubs and its code differ in what commands return.
        return redis.Redis.from_url(
            self._url,
            socket_timeout=WITHIN_SECONDS,
            socket_connect_timeout=WITHIN_SECONDS,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )

    def look(self, case_id: int, person_id: int, now: datetime) -> list[int]:
        """Note that a person has a case open; return everybody who has, by id. `now` is real time."""

        def ask() -> list[int]:
            key, until = _key(case_id), (now + KEPT).timestamp()
            pipe = self._client.pipeline(transaction=False)
            pipe.zremrangebyscore(key, "-inf", now.timestamp())
            pipe.zadd(key, {str(person_id): until})
            pipe.expire(key, KEPT)
            pipe.zrange(key, 0, -1)
            return sorted(map(int, pipe.execute()[-1]))

        return self._asked(ask, [])

    def looking(self, case_ids: Collection[int], now: datetime) -> Mapping[int, list[int]]:
        """Return who has each of these cases open, by id, for those that somebody has open; asked at once."""

        def ask() -> dict[int, list[int]]:
            pipe = self._client.pipeline(transaction=False)
            for case_id in case_ids:
                pipe.zrangebyscore(_key(case_id), f"({now.timestamp()}", "+inf")
            found = zip(case_ids, pipe.execute(), strict=True)
            return {case_id: sorted(map(int, people)) for case_id, people in found if people}

        return self._asked(ask, {}) if case_ids else {}

    def _asked(self, ask: Callable[[], Found], nobody: Found) -> Found:
        if time.monotonic() < self._silent_until:
            return nobody
        try:
            return ask()
        except (redis.RedisError, OSError, ValueError) as why:
            self._silent_until = time.monotonic() + SILENT_SECONDS
            log.warning("nobody is seen for a while", why=type(why).__name__)
            return nobody


def _key(case_id: int) -> str:
    return f"jiban:looking:{case_id}"


@cache
def presence() -> Presence:
    """Return the presence of this process's Valkey."""
    return Presence(get_settings().redis_url)
