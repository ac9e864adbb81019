"""How does a browser keep a secret for us that it cannot read, change or use for something else?

A sealed cookie is encrypted and says what it is for and until when it counts; nothing of it stands in an address
or in a log.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from service.secrecy import SecretUnreadableError, decrypt, encrypt
from service.settings import get_settings
from service.web.deps import real_now


@dataclass(frozen=True)
class Seal:
    """One kind of sealed cookie."""

    name: str
    lasts: timedelta
    """How long it counts, in real time. The browser drops it earlier, when it is closed."""

    def put(self, response: Response, path: str, facts: dict[str, Any]) -> None:
        """Give the browser the facts, to be sent back for this path only."""
        until = (real_now() + self.lasts).isoformat()
        plain = json.dumps({"for": self.name, "path": path, "until": until, "facts": facts}, ensure_ascii=False)
        response.set_cookie(
            self.name,
            base64.urlsafe_b64encode(encrypt(plain)).decode(),
            path=path,
            secure=get_settings().secure_cookies,
            httponly=True,
            samesite="lax",
        )

    def read(self, request: Request, path: str) -> dict[str, Any] | None:
        """Return the facts that were put for this path, or None: there are none, they are over, or they were forged."""
        try:
            sealed = json.loads(decrypt(base64.urlsafe_b64decode(request.cookies.get(self.name, ""))))
        except (SecretUnreadableError, binascii.Error, ValueError):
            return None
        is_ours = sealed.get("for") == self.name and sealed.get("path") == path
        return sealed["facts"] if is_ours and real_now() < datetime.fromisoformat(sealed["until"]) else None

    def drop(self, response: Response, path: str) -> None:
        """Let the browser forget it."""
        response.delete_cookie(self.name, path=path)
