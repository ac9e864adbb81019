"""How do several web processes share new connections evenly, when all take them from one queue?

libuv, as most event loops, empties the queue as soon as it wakes: of 32 connections that come together one process got
31 and the other sat idle. Here a process takes one and leaves the next to the others for a moment,
the longer the more it holds already.
"""

import asyncio
import socket
import weakref
from collections.abc import Callable
from typing import Any

import uvloop

PAUSE_FOR_EACH, LONGEST_PAUSE = 0.002, 0.01
"""Seconds, for each connection a process holds: who holds more leaves the next one to who holds fewer."""


class Door:
    """Takes connections from one listening socket, one at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, factory: Callable[[], Any], listener: socket.socket) -> None:
        self.sockets = (listener,)
        self._loop, self._factory, self._listener = loop, factory, listener
        self._opening: set[asyncio.Task[Any]] = set()
        self._held: weakref.WeakSet[asyncio.BaseTransport] = weakref.WeakSet()
        self._later: asyncio.TimerHandle | None = None
        listener.settimeout(0)
        self._open()

    def close(self) -> None:
        """Take no more; what was taken goes on."""
        if self._later is not None:
            self._later.cancel()
        self._loop.remove_reader(self._listener)
        self._listener.close()

    async def wait_closed(self) -> None:
        """Wait for nothing: a door is closed at once."""

    def _open(self) -> None:
        self._later = None
        self._loop.add_reader(self._listener, self._take)

    def _take(self) -> None:
        self._loop.remove_reader(self._listener)
        self._later = self._loop.call_later(self._pause(), self._open)
        try:
            line, _ = self._listener.accept()
        except OSError:
            return  # Another process took it, or the visitor left, or descriptors ran out: it is tried again.
        task = self._loop.create_task(self._serve(line))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    def _pause(self) -> float:
        held = sum(not transport.is_closing() for transport in self._held)
        return min(LONGEST_PAUSE, PAUSE_FOR_EACH * (held + 1))

    async def _serve(self, line: socket.socket) -> None:
        line.settimeout(0)
        transport, _ = await self._loop.connect_accepted_socket(self._factory, line)
        self._held.add(transport)


class EvenLoop(uvloop.Loop):
    """uvloop, with a Door for each listening socket that was handed over."""

    async def create_server(self, protocol_factory: Callable[[], Any], *args: Any, **named: Any) -> Any:  # noqa: ANN401  # uvloop's own.
        """Return what takes the connections of the socket `sock`; without one, what uvloop does."""
        listener = named.get("sock")
        if listener is None or named.get("ssl"):
            return await super().create_server(protocol_factory, *args, **named)
        return Door(self, protocol_factory, listener)
