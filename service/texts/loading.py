"""How do the texts that come with the product reach an installation? Each once; from then on it is its own."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sqlmodel import Session, col, select

from service.audit.changes import one_at_a_time
from service.texts.actions import columns
from service.texts.rules import StandardTextDetails
from service.texts.tables import StandardText

FILE = Path(__file__).parent / "shipped.yaml"


@cache
def shipped() -> Mapping[str, StandardTextDetails]:
    """Return the texts that come with the product, by their code."""
    found = yaml.safe_load(FILE.read_text(encoding="utf-8"))["texts"]
    return {one["code"]: _details(one) for one in found}


def _details(one: Mapping[str, Any]) -> StandardTextDetails:
    words = {name: one[name].strip() for name in ("title", "title_en", "text", "text_en")}
    return StandardTextDetails(**words, acts=tuple(one["acts"]), category_code=one.get("topic"))


def load_texts(session: Session, now: datetime) -> int:
    """Add the texts that the installation has never had; return how many. What it changed or switched off stays so."""
    one_at_a_time(session, StandardText)
    there = set(session.exec(select(StandardText.code).where(col(StandardText.code).is_not(None))))
    missing = {code: details for code, details in shipped().items() if code not in there}
    session.add_all(StandardText(code=code, created_at=now, **columns(details)) for code, details in missing.items())
    session.flush()
    return len(missing)
