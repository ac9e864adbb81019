"""How does a form remember a photo that has come in before it belongs to a case?

By a token that the browser sends back: encrypted, so that nobody can make one up or see another's photo, and good for
some hours. No row is written for it; a file that nobody comes back for is deleted by its age.
"""

import base64
import binascii
import json
from dataclasses import asdict
from datetime import datetime

from service.attachments.preparing import Photo
from service.attachments.rules import CHOSEN_LASTS
from service.secrecy import SecretUnreadableError, decrypt, encrypt

PURPOSE = "chosen photo"
MOST_TOKEN = 1000


def token_of(photo: Photo, now: datetime) -> str:
    """Return what stands for a photo in a form; `now` is real time."""
    facts = {"for": PURPOSE, "until": (now + CHOSEN_LASTS).isoformat(), "photo": asdict(photo)}
    return base64.urlsafe_b64encode(encrypt(json.dumps(facts))).decode()


def photo_of(token: str, now: datetime) -> Photo | None:
    """Return the photo that a token stands for; None: it is none of ours, or too old."""
    if len(token) > MOST_TOKEN:
        return None
    try:
        facts = json.loads(decrypt(base64.urlsafe_b64decode(token.encode())))
    except (SecretUnreadableError, binascii.Error, ValueError):
        return None
    if facts.get("for") != PURPOSE or now >= datetime.fromisoformat(facts["until"]):
        return None
    return Photo(**facts["photo"])
