"""Does an answer say "no" although its status says "yes"?"""

import json
from collections.abc import Mapping
from typing import Any

CODES = ("errcode", "StatusCode", "code", "error_code")
"""Fields in which WeCom, DingTalk, Feishu and their like say what went wrong; 0 (or 200) is nothing."""
FLAGS = ("ok", "success")
TEXTS = ("errmsg", "StatusMessage", "msg", "message", "error", "description")
FINE = (0, 200, "0", "200", "ok", "OK", "success")
LONGEST = 200


def complaint(body: bytes) -> str:
    """Return what an answer with a good status complains about; "": nothing, or it is no JSON object."""
    try:
        said = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(said, dict):
        return ""
    wrong = [name for name in CODES if said.get(name) is not None and said[name] not in FINE]
    wrong += [name for name in FLAGS if said.get(name) is False]
    wrong += ["error"] if said.get("error") and "error" not in wrong else []
    return _told(said, wrong[0]) if wrong else ""


def _told(said: Mapping[str, Any], name: str) -> str:
    text = next((str(said[n]) for n in TEXTS if said.get(n)), "")
    return f"{name} {said.get(name)}: {text}"[:LONGEST]
