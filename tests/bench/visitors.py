"""Who asks at moments of their own, however long the answers take: as a city does, and no loop of a bench."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.bench.rig import Answer, Ask, Line

MOST_LINES = 600
IDLE = 3.0
"""Seconds after which a line is not used again: a server hangs up on who says nothing for five."""
HANGS = 10.0
"""Seconds after which an answer has stayed away."""


@dataclass
class Phase:
    """A stretch of the storm: what was asked in it, and what came of it; times in seconds."""

    name: str
    rate: float
    seconds: float
    accepted: list[tuple[float, float]] = field(default_factory=list)
    """When each was to be sent, counted from the beginning of the phase, and how long its answer took."""
    refused: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    most_lines: int = 0

    def line(self) -> str:
        """Return a line of the table."""
        times = [took for _, took in self.accepted]
        cells = [
            self.name, f"{self.rate:.0f}",
            f"{len(times) / self.seconds:.0f}", f"{len(self.refused) / self.seconds:.0f}",
            in_ms(times, 0.5), in_ms(times, 0.99), in_ms(times, 1), in_ms(self.refused, 0.99), str(len(self.wrong)),
        ]  # fmt: skip
        return f"| {' | '.join(cells)} |"

    def between(self, first: float, last: float) -> list[float]:
        """Return the times of those that were to be sent within these seconds of the phase."""
        return [took for at, took in self.accepted if first <= at < last]


HEAD = (
    "| phase | asked/s | accepted/s | refused/s | p50 ms | p99 ms | longest ms | refused p99 ms | wrong |",
    "|---|---|---|---|---|---|---|---|---|",
)


def in_ms(times: list[float], share: float) -> str:
    """Return the time that this share of them was below, in milliseconds."""
    if not times:
        return "—"
    return f"{sorted(times)[min(int(share * len(times)), len(times) - 1)] * 1000:.0f}"


class Visitors:
    """Lines to the product, opened when none is free, as many as come at once."""

    def __init__(self, url: str, asks: Callable[[int], Ask]) -> None:
        self._url, self._asks = url, asks
        self._free: deque[tuple[Line, float]] = deque()
        """Each with when it was used last, the newest last."""
        self._open = self._turn = 0

    async def live(self, phase: Phase) -> None:
        """Ask at the pace of a phase and wait for every answer."""
        begun, number, tasks = time.perf_counter(), 0, set[asyncio.Task[None]]()
        while (at := number / phase.rate) < phase.seconds:
            await asyncio.sleep(max(0.0, begun + at - time.perf_counter()))
            task = asyncio.create_task(self._ask(phase, begun, at))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            number += 1
        await asyncio.gather(*tasks)

    async def _ask(self, phase: Phase, begun: float, at: float) -> None:
        self._turn += 1
        ask = self._asks(self._turn)
        try:
            answer = await asyncio.wait_for(self._on_a_line(ask, phase), HANGS)
        except (TimeoutError, OSError, asyncio.IncompleteReadError) as why:
            phase.wrong.append(f"no answer: {type(why).__name__}")
            return
        took = time.perf_counter() - begun - at
        if answer.status == ask.status:
            phase.accepted.append((at, took))
        elif answer.status == 503 and b"retry-after:" in answer.head:
            phase.refused.append(took)
        else:
            phase.wrong.append(f"{answer.status}: {answer.body[:200]!r}")

    async def _on_a_line(self, ask: Ask, phase: Phase) -> Answer:
        self._hang_up(before=time.monotonic() - IDLE)
        if self._free:
            line, _ = self._free.pop()
        elif self._open < MOST_LINES:
            self._open += 1
            phase.most_lines = max(phase.most_lines, self._open)
            line = await Line.to(self._url)
        else:
            raise TimeoutError
        try:
            answer = await line.ask(ask)
        except BaseException:
            self._open -= 1
            line.close()
            raise
        self._free.append((line, time.monotonic()))
        return answer

    def leave(self) -> None:
        """Hang up everywhere."""
        self._hang_up(before=math.inf)

    def _hang_up(self, *, before: float) -> None:
        while self._free and self._free[0][1] < before:
            self._free.popleft()[0].close()
            self._open -= 1
