"""How do requests share the connections of their process: each in its turn, and none waits for ever?"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from anyio import Semaphore, WouldBlock, fail_after

from service.errors import ServiceError
from service.settings import get_settings

BUSY_AFTER_SECONDS = 5
"""How long a request waits for its turn at the database before it is told to come back."""


class BusyError(ServiceError):
    """More ask than can be answered; `retry_after` is in seconds."""

    status, code = 503, "busy"
    sentence = "Very many people are asking at this moment. Please try again in {wait}."


@asynccontextmanager
async def turn() -> AsyncIterator[None]:
    """Hold one of the places at the database. Errors: BusyError.

    Who gets a session gets a connection: requests wait here, in the order they came, and not in threads, which those
    who hold a connection would need.
    """
    try:
        places().acquire_nowait()
    except WouldBlock:
        try:
            with fail_after(BUSY_AFTER_SECONDS):
                await places().acquire()
        except TimeoutError as why:
            raise BusyError(retry_after=BUSY_AFTER_SECONDS) from why
    try:
        yield
    finally:
        places().release()


@cache
def places() -> Semaphore:
    """Return what lets no more requests at the database than this process has connections, first come first served."""
    return Semaphore(get_settings().pool_size)
