"""Which pages stand on the public screen, and what do they need so that none leads away and each is forgotten?"""

from collections.abc import Mapping
from typing import Any

KIOSK = "/kiosk"
IDLE_SECONDS = 60
"""Without a touch or a key for so long, everything typed is forgotten."""
WARNED_SECONDS = 45
FORGETS: Mapping[str, Any] = {"idle": IDLE_SECONDS, "warned": WARNED_SECONDS, "without_script": IDLE_SECONDS}
"""What templates/kiosk/layout.html asks for."""


def frame_of(path: str) -> Mapping[str, Any]:
    """Return the `layout` of a page that any address may have, what that layout needs, and where one begins anew."""
    if path == KIOSK or path.startswith(f"{KIOSK}/"):
        return {"layout": "kiosk/layout.html", "start": KIOSK, **FORGETS}
    return {"layout": "base.html", "start": "/"}
