"""How long is a test willing to wait for something that happens in another process or thread?"""

import time
from collections.abc import Callable
from typing import Any


def wait_for(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Return the first true answer; a bound in real time, generous, since machines differ."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"still not after {seconds} s: {what}")
